import re
from datetime import timedelta

import pytest

from campaigns.archiving import archive
from campaigns.lifecycle import activate, ask, end, save_draft
from campaigns.models import Campaign
from tests.campaigns.shop import asks, condition, definition, sms, trigger
from tests.factories import StatusFactory
from tests.screens import HTMX, cost, done, page_of, signed_in
from workspace import history

pytestmark = pytest.mark.django_db

LIST, NUMBERS = page_of("campaigns_campaign"), page_of("campaigns_campaign", "numbers")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def draft(shop):
    return save_draft(definition(sms()))[0]


def listed(client, **asked):
    return sorted(campaign.code for campaign in client.get(LIST, asked).context["cl"].result_list)


def shown(client, address=LIST, **asked):
    """The page's words, with one space between them."""
    return re.sub(r"<[^>]*>|\s+", " ", client.get(address, asked).content.decode())


def act(client, verb, campaign, **asked):
    return client.post(page_of("campaigns_campaign", verb, campaign.pk), headers=HTMX, **asked)


def test_the_numbers_come_after_the_list(admin, shop, clock):
    campaign = shop.start(sms())
    shop.pay("O-1")
    clock.shift(timedelta(days=3))

    page, numbers = admin.get(LIST).content.decode(), admin.get(NUMBERS).content.decode()

    assert f'id="entered-{campaign.pk}" class="os-quiet os-number">…<' in page
    assert f'id="entered-{campaign.pk}" class="os-number" hx-swap-oob="true">1<' in numbers
    assert "1 message, 1 part" in numbers
    assert "0 of the last 1 order that got a text reached another status while the text counts." in numbers
    assert "Last 30 days: 1 order entered, at most 1 on a day, 0 today." in numbers


def test_the_totals_are_of_all_that_is_listed(admin, shop):
    shop.start(sms(), code="first")
    shop.start(sms(), code="second")
    shop.pay("O-1")

    of_all = admin.get(NUMBERS).context["total"]
    of_one = admin.get(NUMBERS, {"q": "second"}).context["total"]

    assert (of_all["entered"], of_all["sent"], of_all["parts"], of_all["share"]) == ("2", "2", "2 parts", "0 %")
    assert (of_one["entered"], of_one["sent"]) == ("1", "1")


def test_numbers_asked_for_in_words_that_make_no_sense_lead_to_the_list(admin, shop):
    assert admin.get(NUMBERS, {"nonsense": "1"}).url == LIST


def test_numbers_are_for_those_who_may_see_campaigns(shop):
    assert signed_in("orders.view_order").get(NUMBERS).status_code == 403


@pytest.mark.parametrize("address", [LIST, NUMBERS])
def test_a_list_of_fifty_costs_what_one_of_five_does(admin, shop, address):
    def more(number):
        for _each in range(number):
            campaign = save_draft(definition(sms(), code=f"c-{Campaign.objects.count()}"), by=admin.user)[0]
            history.record_created(history.COMMAND, campaign)
            activate(campaign)

    more(5)
    few = cost(admin, address)
    more(45)

    assert cost(admin, address) == few


def test_whose_hand_made_it_and_whose_changed_it(admin, shop):
    admin.user.first_name, admin.user.last_name = "Ann", "Lee"
    admin.user.save()
    draft = save_draft(definition(sms()), by=admin.user)[0]
    history.record_created(history.Who("ann", user_id=admin.user.pk), draft)
    history.record_changed(history.Who("Night job", key_id=7), draft, history.Verb.ACTIVATED)

    [row] = admin.get(LIST).context["cl"].result_list

    assert (row.hands.made, row.hands.changed) == ("Ann Lee", "Night job")


def test_a_campaign_of_a_key_says_so(admin, draft):
    history.record_created(history.Who("Shop key", key_id=7), draft)

    [row] = admin.get(LIST).context["cl"].result_list

    assert (row.hands.made, row.hands.changed) == ("Shop key", "Shop key")


def test_what_is_archived_is_on_a_shelf_of_its_own(admin, shop):
    archive(save_draft(definition(sms(), code="old"))[0])
    save_draft(definition(sms(), code="new"))

    assert listed(admin) == ["new"]
    assert listed(admin, shelf="archived") == ["old"]
    assert listed(admin, shelf="both") == ["new", "old"]


def test_only_active_ones_are_a_tab(admin, shop):
    shop.start(sms(), code="live")
    save_draft(definition(sms(), code="draft"))

    page = admin.get(LIST, {"state__exact": "active"})

    assert [tab["is_here"] for tab in page.context["tabs"]] == [False, True, False]
    assert b'<option value="active" selected>Active</option>' in page.content
    assert b'<option value="">Not archived</option>' in page.content
    assert listed(admin, state__exact="active") == ["live"]


def test_campaigns_are_found_by_the_status_that_they_name(admin, shop):
    in_filter = asks(condition("order.delivery_status", "in", ["shipped"]))
    save_draft(definition(sms(), code="by-trigger", trigger=trigger(to=["paid"])))
    save_draft(definition(in_filter, code="by-filter", trigger=trigger(to=["invoiced"])))
    running = shop.start(sms(), code="running", trigger=trigger(to=["paid"]))
    save_draft(definition(sms(), code="running", trigger=trigger(to=["invoiced"])))

    assert listed(admin, status=shop.statuses["paid"].pk) == ["by-trigger", running.code]
    assert listed(admin, status=shop.statuses["shipped"].pk) == ["by-filter"]
    assert listed(admin, status="nonsense") == []


def test_campaigns_are_found_by_their_author_and_trigger(admin, shop):
    save_draft(definition(sms(), code="mine"), by=admin.user)
    save_draft(definition(sms(), code="nobodys"))

    assert listed(admin, author=admin.user.pk) == ["mine"]
    assert listed(admin, author="x") == []
    assert listed(admin, trigger="order_status_changed") == ["mine", "nobodys"]
    assert listed(admin, trigger="order_created") == []


def test_a_name_is_found_in_any_case_of_any_script(admin, shop):
    save_draft(definition(sms(), code="one", name="Спасибо за оплату"))
    save_draft(definition(sms(), code="two", name="Thanks"))

    assert listed(admin, q="СПАСИБО") == ["one"]
    assert listed(admin, q="TWO") == ["two"]
    assert listed(admin, q=" ") == ["one", "two"]


def test_those_asked_for_are_found(admin, draft):
    ask(draft, by=admin.user)

    assert listed(admin, activation="asked") == ["thanks"]


def test_a_copy_leads_to_its_editor(admin, draft):
    answer = act(admin, "copy", draft)

    made = Campaign.objects.get(code="thanks-2")
    assert answer.headers["HX-Redirect"] == page_of("campaigns_campaign", "change", made.pk)
    assert made.created_by == admin.user
    assert [verb for verb, _changes in done()] == ["created"]


def test_an_archived_one_leaves_the_list_as_it_was_filtered(admin, draft):
    answer = admin.post(
        page_of("campaigns_campaign", "archive", draft.pk),
        headers={**HTMX, "HX-Current-URL": f"http://testserver{LIST}?q=thanks"},
    )

    assert answer.headers["HX-Redirect"] == f"{LIST}?q=thanks"
    assert [verb for verb, _changes in done()] == ["archived"]


def test_it_is_brought_back(admin, draft):
    archive(draft)

    act(admin, "bring_back", draft)

    draft.refresh_from_db()
    assert draft.archived_at is None
    assert [verb for verb, _changes in done()] == ["brought_back"]


def test_what_runs_is_not_archived_and_the_reason_is_told(admin, draft):
    activate(draft)

    act(admin, "archive", draft)

    assert "End it first" in shown(admin)
    assert done() == []


def test_an_archived_campaign_is_shown_not_changed(admin, draft):
    archive(draft)
    address = page_of("campaigns_campaign", "change", draft.pk)

    assert admin.get(address).context["may_edit"] is False
    assert admin.post(address, {"definition": "{}", "revision": 1}).status_code == 403


def test_what_may_become_of_it_depends_on_its_state_and_the_reader(admin, shop):
    shop.start(sms(), code="live")
    end(shop.start(sms(), code="over"))
    marketer = signed_in(*(f"campaigns.{verb}_campaign" for verb in ("view", "add", "change")))

    assert admin.get(LIST).content.count(b">stop_circle<") == 1
    assert admin.get(LIST).content.count(b">archive<") == 1
    assert marketer.get(LIST).content.count(b">stop_circle<") == 0
    assert marketer.get(LIST).content.count(b">content_copy<") == 2
    assert signed_in("campaigns.view_campaign").get(LIST).content.count(b">content_copy<") == 0


def test_a_new_campaign_begins_from_scratch_or_from_a_starter(admin, shop):
    page = shown(admin, page_of("campaigns_campaign", "new"))

    assert page.index("From scratch") < page.index("SMS when a status changes")
    assert page.index("Pickup reminder") < page.index("Payment reminder") < page.index("Thanks for paying")


def test_an_empty_list_leads_to_where_campaigns_begin(admin, shop):
    assert page_of("campaigns_campaign", "new").encode() in admin.get(LIST).content


def test_a_starter_opens_in_the_editor_unsaved(admin, shop):
    StatusFactory(type="delivery", code="at_pickup_point")

    page = admin.get(page_of("campaigns_campaign", "add"), {"starter": "pickup_reminder"})

    assert '"to": [\n        "at_pickup_point"\n      ]' in page.context["definition"]
    assert not Campaign.objects.exists()
