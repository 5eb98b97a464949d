import json
from datetime import timedelta

import pytest

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign, CampaignState, Unfinished
from tests.campaigns.shop import definition, sms
from tests.screens import done, page_of, signed_in

pytestmark = pytest.mark.django_db

PAGE = "0" * 32
KEEP_NEW = page_of("campaigns_campaign", "keep_new")
MAY_EDIT = ("campaigns.view_campaign", "campaigns.add_campaign", "campaigns.change_campaign")


@pytest.fixture
def marketer(shop):
    return signed_in(*MAY_EDIT)


@pytest.fixture
def draft(shop):
    return save_draft(definition(sms()))[0]


def keep(client, campaign, raw, **fields):
    address = page_of("campaigns_campaign", "keep", campaign.pk) if campaign else KEEP_NEW
    told = {
        "definition": raw if isinstance(raw, str) else json.dumps(raw),
        "revision": campaign.revision if campaign else 0,
        "page": PAGE,
    }
    return client.post(address, told | fields)


def opened(client, campaign, **address):
    return client.get(page_of("campaigns_campaign", "change", campaign.pk), address)


def told_by(page):
    """What a page that was opened tells of itself."""
    told = page.context["page"]
    return {"page": told.word, "begun": told.begun, "as_of": told.as_of.isoformat() if told.as_of else ""}


def typed():
    return {json.loads(row.definition)["steps"][0]["params"]["text"] for row in Unfinished.objects.all()}


def test_what_is_typed_is_there_when_its_writer_comes_back_and_nobody_else_sees_it(marketer, draft):
    keep(marketer, draft, definition(sms(text="")))

    assert json.loads(opened(marketer, draft).context["definition"]) == definition(sms(text=""))
    assert json.loads(opened(signed_in(*MAY_EDIT), draft).context["definition"]) == draft.draft
    assert Campaign.objects.get().draft == draft.draft
    assert done() == []


def test_not_even_what_is_no_json_is_lost(marketer, draft):
    keep(marketer, draft, "{ half")

    assert opened(marketer, draft).context["definition"] == "{ half"


def test_each_keeping_takes_the_place_of_the_one_before(marketer, draft):
    keep(marketer, draft, definition(sms(text="One")))
    keep(marketer, draft, definition(sms(text="Two")))

    assert json.loads(Unfinished.objects.get().definition) == definition(sms(text="Two"))


def test_a_new_campaign_is_kept_before_it_has_a_name(marketer):
    raw = definition(sms(), name="", code="")

    begun = keep(marketer, None, raw).json()["begun"]
    keep(marketer, None, raw | {"name": "Pick"}, begun=begun)

    page = marketer.get(page_of("campaigns_campaign", "add"), {"begun": begun})
    assert json.loads(page.context["definition"])["name"] == "Pick"
    assert "You began “Pick”" in marketer.get(page_of("campaigns_campaign", "add")).content.decode()
    assert not Campaign.objects.exists()


def test_what_one_began_is_nobody_elses(marketer):
    begun = keep(marketer, None, definition(sms())).json()["begun"]
    other = signed_in(*MAY_EDIT)

    keep(other, None, definition(sms(text="Other")), begun=begun)
    other.post(page_of("campaigns_campaign", "give_up_new"), {"begun": begun})

    assert json.loads(Unfinished.objects.get(pk=begun).definition) == definition(sms())
    assert Unfinished.objects.count() == 2


def test_leaving_makes_it_the_draft_if_it_is_right(marketer, draft):
    keep(marketer, draft, definition(sms(text="")))

    answer = keep(marketer, draft, definition(sms(text="Right")), leaving="1")

    assert answer.json()["saved"] == 2
    assert Campaign.objects.get().draft == definition(sms(text="Right"))
    assert not Unfinished.objects.exists()
    assert [verb for verb, _changes in done()] == ["changed"]


def test_leaving_a_new_campaign_that_is_right_makes_it_one(marketer):
    begun = keep(marketer, None, definition(sms(text=""))).json()["begun"]

    answer = keep(marketer, None, definition(sms()), begun=begun, leaving="1").json()

    assert answer["address"] == page_of("campaigns_campaign", "change", Campaign.objects.get().pk)
    assert not Unfinished.objects.exists()


@pytest.mark.parametrize("wrong", [definition(sms(text="")), "{"])
def test_leaving_what_is_wrong_keeps_it(marketer, draft, wrong):
    keep(marketer, draft, wrong, leaving="1")

    assert Campaign.objects.get().draft == draft.draft
    assert Unfinished.objects.count() == 1


def test_leaving_takes_nobodys_place(marketer, draft):
    save_draft(definition(sms(text="Theirs")))

    answer = keep(marketer, draft, definition(sms(text="Mine")), leaving="1").json()

    assert answer["is_stale"]
    assert Campaign.objects.get().draft == definition(sms(text="Theirs"))
    page = opened(marketer, draft)
    assert page.context["is_stale"]
    assert [(each.old, each.new) for each in page.context["differences"]] == [("Theirs", "Mine")]


def test_two_pages_of_one_person_never_write_over_each_other(marketer, draft):
    one, other = opened(marketer, draft), opened(marketer, draft)
    keep(marketer, draft, definition(sms(text="One")), **told_by(one))
    keep(marketer, draft, definition(sms(text="Other")), **told_by(other))
    keep(marketer, draft, definition(sms(text="One and all")), **told_by(one))

    page = opened(marketer, draft)

    assert typed() == {"One and all", "Other"}
    assert "One and all" in page.context["definition"]
    assert "You also changed this" in page.content.decode()
    [another] = page.context["others"]
    assert "Other" in opened(marketer, draft, begun=another["row"].pk).context["definition"]


def test_a_page_goes_on_in_what_it_shows(marketer, draft):
    keep(marketer, draft, definition(sms(text="Yesterday")))

    keep(marketer, draft, definition(sms(text="Today")), **told_by(opened(marketer, draft)))

    assert typed() == {"Today"}


def test_what_another_page_typed_since_it_was_shown_stays(marketer, draft, clock):
    first = opened(marketer, draft)
    keep(marketer, draft, definition(sms(text="First")), **told_by(first))
    second = opened(marketer, draft)
    clock.shift(timedelta(milliseconds=1))
    keep(marketer, draft, definition(sms(text="First, and more")), **told_by(first))

    keep(marketer, draft, definition(sms(text="Second")), **told_by(second))

    assert typed() == {"First, and more", "Second"}
    marketer.post(page_of("campaigns_campaign", "give_up", draft.pk), told_by(second))
    assert typed() == {"First, and more"}


def test_the_first_page_goes_on_by_itself_once_the_second_took_over(marketer, draft):
    first = opened(marketer, draft)
    keep(marketer, draft, definition(sms(text="First")), **told_by(first))
    second = opened(marketer, draft)
    keep(marketer, draft, definition(sms(text="Second")), **told_by(second))

    keep(marketer, draft, definition(sms(text="First again")), **told_by(first))

    assert typed() == {"Second", "First again"}


def test_saving_one_page_leaves_what_was_typed_in_the_other(marketer, draft):
    one, other = opened(marketer, draft), opened(marketer, draft)
    keep(marketer, draft, definition(sms(text="Other")), **told_by(other))
    saved = {"definition": json.dumps(definition(sms(text="One"))), "revision": 1, **told_by(one)}

    answer = marketer.post(page_of("campaigns_campaign", "change", draft.pk), saved)

    page = marketer.get(answer.url)
    assert json.loads(page.context["definition"]) == definition(sms(text="One"))
    assert typed() == {"Other"}
    assert keep(marketer, draft, definition(sms(text="Other!")), **told_by(other)).json()["is_stale"]


@pytest.mark.parametrize("told", [{"page": ""}, {"page": "\x00"}, {"page": PAGE, "begun": "1", "as_of": "\x00"}])
def test_a_page_that_says_nothing_sensible_of_itself_is_a_new_one(marketer, draft, told):
    keep(marketer, draft, definition(sms(text="Kept")), page="1" * 32)

    keep(marketer, draft, definition(sms(text="Odd")), **told)

    assert typed() == {"Kept", "Odd"}


def test_saving_ends_what_was_kept(marketer, draft):
    keep(marketer, draft, definition(sms(text="")))

    marketer.post(
        page_of("campaigns_campaign", "change", draft.pk),
        {"definition": json.dumps(definition(sms(text="Hi"))), "revision": 1, "page": PAGE},
    )

    assert not Unfinished.objects.exists()


def test_who_gives_up_is_back_at_the_draft(marketer, draft):
    keep(marketer, draft, definition(sms(text="")))

    page = opened(marketer, draft)
    answer = marketer.post(page_of("campaigns_campaign", "give_up", draft.pk), told_by(page))

    assert answer.url == page_of("campaigns_campaign", "change", draft.pk)
    assert json.loads(opened(marketer, draft).context["definition"]) == draft.draft


@pytest.mark.parametrize("raw", ["x" * 500_001, "\x00"])
def test_what_cannot_be_kept_says_why(marketer, draft, raw):
    answer = keep(marketer, draft, raw)

    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_it_is_for_those_who_may_edit(draft):
    viewer = signed_in("campaigns.view_campaign")

    assert keep(viewer, draft, definition(sms())).status_code == 403
    assert keep(viewer, None, definition(sms())).status_code == 403
    assert viewer.post(page_of("campaigns_campaign", "check"), {"definition": "{}"}).status_code == 200
    assert signed_in().post(page_of("campaigns_campaign", "check"), {"definition": "{}"}).status_code == 403


def test_an_ended_campaign_keeps_nothing(marketer, draft):
    Campaign.objects.update(state=CampaignState.ENDED)

    assert keep(marketer, draft, definition(sms())).status_code == 403
