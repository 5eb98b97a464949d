"""The numbers that the editor of a live campaign shows, and the orders they lead to."""

import pytest

from campaigns.draining import drain
from campaigns.interventions import Why, hold, stop
from campaigns.lifecycle import activate, end, save_draft
from campaigns.models import Run
from tests.campaigns.shop import asks, condition, definition, later, sms, wait
from tests.campaigns.test_interventions import entered
from tests.screens import page_of, signed_in

pytestmark = pytest.mark.django_db

FORKED = asks(condition("order.external_id", "=", "O-1"), yes=[wait("a"), sms()])


@pytest.fixture
def admin(shop):
    return signed_in(is_superuser=True)


def counted(client, campaign):
    return client.get(page_of("campaigns_campaign", "steps_json", campaign.pk)).json()


def words(told):
    return {key: [count["words"] for count in step["counts"]] for key, step in told["steps"].items()}


def orders(client, count):
    """Of the page that a number leads to."""
    rows = client.get(count["url"]).context["cl"].result_list
    return sorted(run.order.external_id for run in rows)


def test_it_tells_how_many_wait_and_came_through(admin, shop, clock):
    campaign = shop.start(FORKED)
    for name in ("O-1", "O-2", "O-3"):
        entered(shop, name)
    drain()

    told = counted(admin, campaign)

    assert words(told) == {
        "": ["0 wait", "3 entered"],
        "asked": ["0 wait", "3 came through"],
        "a": ["1 waits", "0 came through"],
        "text": ["0 wait", "0 came through"],
    }
    ways = told["steps"]["asked"]["ways"]
    assert {way: (count["number"], count["words"]) for way, count in ways.items()} == {
        "yes": ("1", "1 order went this way"),
        "no": ("2", "2 orders went this way"),
    }
    assert (told["note"], told["is_over"]) == ("The numbers are of version 1, which runs.", False)
    later(clock, hours=1)
    assert words(counted(admin, campaign))["text"] == ["0 wait", "1 came through"]  # its last step


def test_each_number_leads_to_its_orders(admin, shop):
    campaign = shop.start(FORKED)
    for name in ("O-1", "O-2", "O-3"):
        entered(shop, name)
    drain()

    steps = counted(admin, campaign)["steps"]

    found = {f"{key} {count['what']}": orders(admin, count) for key, step in steps.items() for count in step["counts"]}
    assert found == {
        " waiting": [],
        " through": ["O-1", "O-2", "O-3"],
        "asked waiting": [],
        "asked through": ["O-1", "O-2", "O-3"],
        "a waiting": ["O-1"],
        "a through": [],
        "text waiting": [],
        "text through": [],
    }
    assert {way: orders(admin, count) for way, count in steps["asked"]["ways"].items()} == {
        "yes": ["O-1"], "no": ["O-2", "O-3"]
    }  # fmt: skip


def test_what_was_held_stopped_and_not_let_in_is_told_apart(admin, shop):
    campaign = shop.start(wait("a"), max_age={"value": 1, "unit": "hours"}, reentry={"mode": "once_per_order"})
    runs = [entered(shop, name) for name in ("O-1", "O-2", "O-3")]
    drain()
    shop.tell("O-1", "invoiced")
    shop.tell("O-1", "paid")
    drain()
    hold(Run.objects.filter(pk=runs[0].pk), Why("look at it"))
    stop(Run.objects.filter(pk=runs[1].pk), Why("wrong"))

    steps = counted(admin, campaign)["steps"]

    assert words({"steps": steps}) == {
        "": ["0 wait", "3 entered", "1 was not let in"],
        "a": ["2 wait", "0 came through", "1 is held", "1 was stopped here"],
    }
    led = {count["what"]: orders(admin, count) for step in steps.values() for count in step["counts"]}
    assert (led["declined"], led["held"], led["stopped"]) == (["O-1"], ["O-1"], ["O-2"])


def test_who_is_under_way_on_a_version_before_is_told_apart(admin, shop):
    campaign = shop.start(wait("a"))
    entered(shop)
    drain()
    campaign, _is_new = save_draft(definition(wait("b")))
    activate(campaign)

    told = counted(admin, campaign)

    assert list(told["steps"]) == ["", "b"]
    assert told["former"]["words"] == "1 order is under way on a version before."
    assert told["note"] == "The numbers are of version 2, which runs."


def test_what_has_ended_is_asked_for_no_more(admin, shop):
    campaign = shop.start(wait("a"))
    end(campaign)

    assert counted(admin, campaign)["is_over"]


def test_asking_is_no_sign_that_anybody_is_there(admin, shop):
    campaign = shop.start(wait("a"))
    session = admin.session
    session["seen_at"] = 1_000_000_000_000
    session.save()

    counted(admin, campaign)

    assert admin.session["seen_at"] == 1_000_000_000_000


@pytest.mark.parametrize("through", ["", ":", "a:", "-:", "nobody", "\x00", "a:\x00"])
def test_a_filter_that_says_nothing_sensible_does_no_harm(admin, shop, through):
    campaign = shop.start(wait("a"))
    address = page_of("campaigns_run")

    assert admin.get(address, {"campaign__id__exact": campaign.pk, "through": through}).status_code == 200
