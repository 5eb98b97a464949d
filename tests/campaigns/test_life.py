"""A campaign's life on the screen: tried, activated with choices, steered while it runs, its versions looked at."""

import json
from datetime import timedelta

import pytest

from campaigns import back_filling, looking_back
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, pause, save_draft
from campaigns.models import Activation, BackFill, Campaign, Run
from tests.campaigns.shop import NOON, definition, ending, later, sms, step, trigger, wait, wait_for, webhook
from tests.campaigns.test_interventions import entered
from tests.factories import CustomerFactory, StatusFactory
from tests.screens import HTMX, cost, done, holding, page_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def address(verb, campaign, *args):
    return page_of("campaigns_campaign", verb, campaign.pk, *args)


def seen(client, verb, campaign, *args):
    answer = client.get(address(verb, campaign, *args), headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


# Before it runs


def test_the_window_tries_the_draft_and_shows_five_texts(admin, shop):
    for number in range(7):
        shop.order(f"O-{number}")
        shop.tell(f"O-{number}", "paid")
    campaign = save_draft(definition(sms(text="Thanks for {{ order.external_id }}")))[0]

    assert 'hx-trigger="load"' in seen(admin, "activate", campaign)
    page = seen(admin, "rehearsal", campaign)

    assert "7 orders would have entered. 7 texts would have been sent." in page
    assert page.count("os-bubble") == 5


def test_who_may_not_see_personal_data_sees_no_texts(shop):
    shop.order()
    shop.tell("O-1", "paid")
    campaign = save_draft(definition(sms(text="Thanks for {{ order.external_id }}")))[0]

    page = seen(holding("Analyst"), "rehearsal", campaign)

    assert "Thanks for" not in page
    assert "••••" in page


def test_cautions_lead_to_their_place(admin, shop):
    campaign = save_draft(definition(sms(), trigger=trigger(to=["nowhere"])))[0]

    page = seen(admin, "activate", campaign)

    assert f"{address('change', campaign)}#at=/trigger/params/to" in page


def test_what_is_counted_no_further_is_said_to_be_more(admin, shop, monkeypatch):
    shop.order()
    shop.tell("O-1", "paid")
    campaign = save_draft(definition(sms()))[0]
    monkeypatch.setattr(looking_back, "MOST_COUNTED", 1)

    assert "Also all that were heard before: 1+" in seen(admin, "activate", campaign)


def test_reaching_back_is_a_choice_with_a_count(admin, shop):
    shop.order()
    shop.tell("O-1", "paid")
    campaign = save_draft(definition(sms()))[0]
    assert "Also all that were heard before: 1" in seen(admin, "activate", campaign)

    admin.post(address("activate", campaign), {"reach": "30"}, headers=HTMX)

    assert BackFill.objects.get().entered == 1
    assert Run.objects.count() == 1


def test_nothing_is_reached_back_for_unless_it_is_chosen(admin, shop):
    shop.order()
    shop.tell("O-1", "paid")

    admin.post(address("activate", save_draft(definition(sms()))[0]), headers=HTMX)

    assert not Run.objects.exists()


def test_what_becomes_of_orders_under_way_is_a_choice_with_counts(admin, shop):
    campaign = shop.start(wait("a"), wait("b"))
    entered(shop)
    drain()
    save_draft(definition(wait("b")))
    page = seen(admin, "activate", campaign)
    assert "Let them finish as they entered: 1" in page
    assert "new version: 0. 1 stand where it has no such step" in page

    admin.post(address("activate", campaign), {"former": "stop"}, headers=HTMX)
    drain()

    assert Activation.objects.order_by("pk").first().former == "stop"
    assert ending(Run.objects.get()) == ("stopped", "new_version")


def test_a_trigger_says_how_often_it_happened(admin, shop):
    for number in range(12):
        shop.order(f"O-{number}")
        shop.tell(f"O-{number}", "invoiced")
        shop.tell(f"O-{number}", "paid")
    StatusFactory(type="payment", code="refunded", name="Refunded")
    StatusFactory(type="payment", code="settled", name="Settled")

    def ask(**params):
        raw = json.dumps({"kind": "order_status_changed", "params": {"type": "payment", **params}})
        address = page_of("campaigns_campaign", "frequency")
        return admin.post(address, raw, content_type="application/json")

    froms = (["invoiced"], "none", ["refunded", "settled"])
    often, rare, named = (ask(**{"from": came_from, "to": ["paid"]}).json() for came_from in froms)

    assert (often["last_30_days"], often["last_90_days"], often["is_rare"]) == (12, 12, False)
    assert often["sentence"] == "This happened 12 times in the last 30 days, 12 in the last 90."
    assert rare["sentence"] == (
        "This happened 0 times in the last 30 days, 0 in the last 90. "
        "Of the arrivals in Paid, 100 % came from Invoiced: use Any, or add it."
    )
    assert named["sentence"].endswith(
        "Of the arrivals in Paid, 100 % came from Invoiced, not from Refunded or Settled: use Any, or add it."
    )
    assert rare["origins"] == [{"code": "invoiced", "name": "Invoiced", "arrivals": 12, "answers": False}]
    assert ask(**{"from": 5, "to": ["paid"]}).status_code == 422
    assert (
        ask(**{"from": "any", "to": ["shipped"]}).json()["sentence"] == "Nothing came to “shipped” in the last 90 days."
    )


# While it runs


def test_resuming_tells_what_waits_and_drops_what_is_chosen(admin, shop, clock):
    campaign = shop.start(wait(), sms())
    run = entered(shop)
    drain()
    pause(campaign)
    later(clock, hours=4)
    page = seen(admin, "resume", campaign)
    assert "Drop what was due more than an hour ago: 1 order, 0 texts" in page
    assert "Drop what was due more than a day ago: 0 orders, 0 texts" in page

    admin.post(address("resume", campaign), {"drop": "1"}, headers=HTMX)
    drain()

    assert ending(run) == ("stopped", "was_paused")
    assert [verb for verb, _changes in done()] == ["resumed"]


def test_resuming_without_a_choice_lets_everything_go_on(admin, shop):
    campaign = shop.start(sms())
    pause(campaign)
    run = entered(shop)

    admin.post(address("resume", campaign))
    drain()

    assert ending(run) == ("finished", "")


def test_it_shows_where_orders_are(admin, shop, clock):
    campaign = shop.start(wait("a"), sms(), wait("b"))
    entered(shop)
    drain()
    later(clock, hours=1)
    entered(shop, "O-2")
    drain()

    assert "Where the orders of “Thanks” are" in seen(admin, "steps", campaign)
    assert "Version 1" in seen(admin, "steps_now", campaign)


def test_what_orders_are_where_costs_the_same_for_few_and_for_many(admin, shop):
    campaign = shop.start(wait())
    entered(shop)
    drain()
    views = [address(view, campaign) for view in ("steps_now", "steps_json")]
    few = [cost(admin, view) for view in views]
    for number in range(2, 20):
        entered(shop, f"O-{number}")
    drain()

    assert [cost(admin, view) for view in views] == few


def test_all_at_a_step_are_held_and_released_with_a_reason(admin, shop):
    campaign = shop.start(wait("a"))
    runs = [entered(shop, name) for name in ("O-1", "O-2")]
    drain()
    where = {"step": "a", "version": "1"}
    window = admin.get(address("intervene", campaign), {**where, "do": "hold"}, headers=HTMX).content.decode()
    assert "Hold 2 orders?" in window

    admin.post(address("intervene", campaign), {**where, "do": "hold", "reason": ""}, headers=HTMX)
    assert not Run.objects.filter(held_at__isnull=False).exists()
    admin.post(address("intervene", campaign), {**where, "do": "hold", "reason": "Strike"}, headers=HTMX)

    assert Run.objects.filter(held_at__isnull=False).count() == 2
    assert runs[0].events.get(outcome="held").seen == {"why": "Strike", "by": admin.user.pk}
    assert [verb for verb, _changes in done()] == ["held"]
    listed = admin.get(page_of("campaigns_run", "changelist")).content.decode()
    assert "2 orders are held." in listed
    assert "Held" in listed


def test_one_is_stopped_from_its_own_page(admin, shop):
    shop.start(wait("a"))
    run = entered(shop)
    drain()
    page = admin.get(page_of("campaigns_run", "change", run.pk)).content.decode()
    assert f"{page_of('campaigns_run', 'intervene', run.pk)}?do=stop" in page

    admin.post(page_of("campaigns_run", "intervene", run.pk), {"do": "stop", "reason": "Cancelled"}, headers=HTMX)

    assert ending(run) == ("stopped", "by_person")
    assert "stopped it: Cancelled." in admin.get(page_of("campaigns_run", "change", run.pk)).content.decode()


@pytest.mark.parametrize("do", ["", "erase"])
def test_what_is_no_verb_is_refused(admin, shop, do):
    campaign = shop.start(wait("a"))

    assert admin.post(address("intervene", campaign), {"do": do, "reason": "x"}).status_code == 400


def test_orders_are_listed_by_where_they_stand(admin, shop):
    campaign = shop.start(wait("a"))
    entered(shop)
    drain()
    entered(shop, "O-2")

    def listed(**query):
        query = {"campaign__id__exact": campaign.pk, **query}
        page = admin.get(page_of("campaigns_run", "changelist"), query)
        return [run.order.external_id for run in page.context["cl"].result_list]

    assert listed(at="a") == ["O-1"]
    assert listed(at="-") == ["O-2"]
    assert listed(version=1) == ["O-2", "O-1"]
    assert listed(held="yes") == []


def test_a_back_fill_is_stopped(admin, shop, monkeypatch):
    for module in (back_filling, looking_back):
        monkeypatch.setattr(module, "set_size", lambda: 1)
    for name in ("O-1", "O-2"):
        shop.order(name)
        shop.tell(name, "paid")
    campaign = activate(save_draft(definition(sms()))[0], from_the_beginning=True).activation.campaign
    back_filling.fill()
    assert "1 so far, 1 left to look at" in seen(admin, "steps_now", campaign)
    monkeypatch.setattr(looking_back, "MOST_COUNTED", 1)
    assert "1 so far, 1+ left to look at" in seen(admin, "steps_now", campaign)
    assert "Earlier changes are entering: 1 so far." in seen(admin, "change", campaign)

    admin.post(address("stop_back_fill", campaign))
    drain()

    assert Run.objects.count() == 1
    assert BackFill.objects.get().stopped_by == admin.user
    assert [verb for verb, _changes in done()] == ["stopped"]


# Its versions


@pytest.fixture
def two_versions(shop):
    shop.start(sms(text="one"))
    return shop.start(sms(text="two"))


def test_versions_say_who_activated_them_and_what_changed(admin, two_versions):
    save_draft(definition(sms(text="three")))

    page = seen(admin, "versions", two_versions)

    assert "Text of “Send SMS” (text) was “one”, and is “two”." in page
    assert "Text of “Send SMS” (text) was “two”, and is “three”." in page


def test_a_version_is_looked_at_and_compared(admin, two_versions):
    page = seen(admin, "version", two_versions, 1)
    assert "Text of “Send SMS” (text) was “one”, and is “two”." in page

    same = admin.get(address("version", two_versions, 2), {"with": "2"}).content.decode()
    assert "Nothing: they are the same." in same
    assert admin.get(address("version", two_versions, 9)).status_code == 404


def test_a_version_is_restored_as_the_draft_and_what_runs_stays(admin, two_versions):
    admin.post(address("restore", two_versions, 1), {"revision": Campaign.objects.get().revision})

    campaign = Campaign.objects.get()
    assert campaign.draft == definition(sms(text="one"))
    assert campaign.activations.live().get().version.number == 2
    assert [verb for verb, _changes in done()] == ["changed"]


def test_what_the_draft_loses_by_a_restore_is_told_before(admin, two_versions):
    save_draft(definition(sms(text="three")))

    asked = admin.get(address("restore", two_versions, 1)).content.decode()

    assert "Text of “Send SMS” (text) was “three”, and is “one”." in asked
    assert Campaign.objects.get().draft == definition(sms(text="three"))


def test_nothing_is_restored_over_a_draft_that_nobody_looked_at(admin, two_versions):
    looked_at = Campaign.objects.get().revision
    save_draft(definition(sms(text="three")))

    told = admin.post(address("restore", two_versions, 1), {"revision": looked_at}, follow=True).content.decode()

    assert "Somebody saved the draft meanwhile, so nothing was restored." in told
    assert Campaign.objects.get().draft == definition(sms(text="three"))


def test_who_only_reads_restores_nothing(two_versions):
    assert holding("Analyst").post(address("restore", two_versions, 1)).status_code == 403
    assert Campaign.objects.get().draft == definition(sms(text="two"))


@pytest.mark.parametrize("count", [2, 6])
def test_the_list_of_versions_costs_the_same_for_few_and_for_many(admin, shop, count):
    for number in range(count):
        campaign = shop.start(sms(text=str(number)))

    assert cost(admin, address("versions", campaign)) <= 20


def test_a_person_who_activated_stands_there(admin, shop):
    campaign = save_draft(definition(sms()))[0]
    admin.post(address("activate", campaign), headers=HTMX)

    assert f"by {admin.user.username}" in seen(admin, "versions", campaign)
    assert Activation.objects.get().activated_at == NOON


def test_reaching_back_counts_orders_that_were_created(admin, shop):
    for number in range(3):
        shop.order(f"O-{number}")
    campaign = save_draft(definition(sms(), trigger={"kind": "order_created", "params": {}}))[0]
    assert "Also all that were heard before: 3" in seen(admin, "activate", campaign)

    admin.post(address("activate", campaign), {"reach": "30"}, headers=HTMX)

    assert Run.objects.count() == 3
    assert "Also all that were heard before: 0" in seen(admin, "activate", campaign)


def test_reaching_back_counts_moments_of_the_clock(admin, shop, clock):
    shop.order("O-1", customer=CustomerFactory())
    clock.shift(timedelta(days=40))
    since = {"kind": "days_since_last_order", "params": {"days": 3}}
    campaign = save_draft(definition(sms(), trigger=since))[0]
    page = seen(admin, "activate", campaign)
    assert "Also those of the last 30 days: 0" in page
    assert "Also those of the last 90 days: 1" in page

    admin.post(address("activate", campaign), {"reach": "90"}, headers=HTMX)

    assert Run.objects.count() == 1
    assert "Also those of the last 90 days: 0" in seen(admin, "activate", campaign)


def test_changes_are_counted_beside_orders_that_entered_by_no_change(admin, shop):
    shop.start(sms(), trigger={"kind": "order_created", "params": {}})
    shop.order()
    save_draft(definition(sms()))
    shop.tell("O-1", "paid")

    assert "Also all that were heard before: 1" in seen(admin, "activate", Campaign.objects.get())


def test_publishing_while_it_is_paused_says_what_goes_on(admin, shop, clock):
    campaign = shop.start(sms())
    assert "It is paused" not in seen(admin, "activate", campaign)
    pause(campaign)
    entered(shop)
    clock.shift(timedelta(minutes=1))
    save_draft(definition(sms(text="Two")))

    assert "with it all that waited: 1 order, 0 texts." in seen(admin, "activate", campaign)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"9" * 5_000, b"\xff", b"[]", b'{"kind": [], "params": {}}'])
def test_what_is_no_trigger_is_refused(admin, shop, body):
    answer = admin.post(page_of("campaigns_campaign", "frequency"), body, content_type="application/json")

    assert answer.status_code == 400


def test_a_version_calls_statuses_and_variants_by_their_names(admin, shop):
    StatusFactory(type="delivery", code="at-locker", name="At the locker")
    variants = [{"key": "a", "name": "Short way", "weight": 1}, {"key": "b", "weight": 1}]
    campaign = shop.start(step("split", "ab", {"a": [wait_for("at-locker")]}, variants=variants))

    page = seen(admin, "version", campaign, 1)

    assert "Waits until delivery is At the locker" in page
    assert '<span class="os-pill">Short way</span>' in page


def test_webhook_calls_that_wait_are_counted_too(admin, shop, clock):
    campaign = shop.start(webhook())
    entered(shop)
    advance()
    pause(campaign)
    clock.shift(timedelta(hours=2))

    assert "Drop what was due more than an hour ago: 0 orders, 0 texts, 1 webhook call" in seen(
        admin, "resume", campaign
    )
