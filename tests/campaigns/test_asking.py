"""Whoever drafts a campaign and may not let it run asks for that; whoever may is shown it."""

import pytest

from campaigns.lifecycle import WrongState, activate, ask, end, save_draft, withdraw
from campaigns.models import Campaign, Run
from tests.campaigns.shop import definition, sms
from tests.screens import HTMX, cost, holding, page_of, signed_in

pytestmark = pytest.mark.django_db

LIST = page_of("campaigns_campaign")


@pytest.fixture
def draft(shop):
    return save_draft(definition(sms()))[0]


@pytest.fixture
def marketer():
    return holding("Marketer")


@pytest.fixture
def senior():
    return holding("Senior marketer")


def post(client, name, campaign):
    return client.post(page_of("campaigns_campaign", name, campaign.pk), headers=HTMX)


def page(client, campaign):
    return client.get(page_of("campaigns_campaign", "change", campaign.pk)).content.decode()


def asked(campaign):
    campaign.refresh_from_db()
    return campaign.asked_by


def badge(client):
    groups = client.get(LIST).context["sidebar_navigation"]
    items = {item["title"]: item for group in groups for item in group["items"]}
    return items["Campaigns"].get("badge")


def test_a_marketer_asks_and_a_senior_one_activates(marketer, senior, draft, shop):
    assert "Ask for activation" in page(marketer, draft)
    assert "Activate" not in page(marketer, draft)
    post(marketer, "ask", draft)
    shop.pay("O-early")
    assert not Run.objects.exists()

    for where in (page(senior, draft), senior.get(LIST).content.decode()):
        assert f"Activation asked for by {marketer.user}" in where
    assert badge(senior) == 1
    post(senior, "activate", draft)

    assert asked(draft) is None
    assert (draft.state, draft.asked_at) == ("active", None)
    assert "Activation asked for" not in page(senior, draft)
    assert badge(senior) is None


def test_those_who_cannot_answer_are_given_no_number(marketer, draft):
    post(marketer, "ask", draft)

    assert badge(marketer) is None
    assert "Activation asked for by" in page(holding("Analyst"), draft)


def test_the_list_is_narrowed_to_what_is_asked_for(senior, draft):
    save_draft(definition(sms(), code="other"))
    ask(draft, by=senior.user)

    shown = senior.get(LIST, {"activation": "asked"}).context["cl"].result_list

    assert [campaign.code for campaign in shown] == ["thanks"]


def test_who_asked_takes_it_back_and_nobody_like_them(marketer, draft):
    post(marketer, "ask", draft)
    other = holding("Marketer")

    assert post(other, "withdraw", draft).status_code == 403
    assert "Withdraw" not in page(other, draft)
    assert "Withdraw" in page(marketer, draft)
    post(marketer, "withdraw", draft)

    assert asked(draft) is None


def test_who_may_activate_may_decline(marketer, senior, draft):
    post(marketer, "ask", draft)

    assert "Decline" in page(senior, draft)
    post(senior, "withdraw", draft)

    assert (asked(draft), draft.state) == (None, "draft")


@pytest.mark.parametrize("role", ["Analyst", "Operator", "Integrator"])
def test_others_do_not_ask(role, draft):
    assert post(holding(role), "ask", draft).status_code == 403
    assert asked(draft) is None


def test_asked_twice_it_is_the_first_who_asked(marketer, senior, draft):
    ask(draft, by=marketer.user)
    ask(draft, by=senior.user)

    assert asked(draft) == marketer.user


def test_changes_to_what_runs_are_asked_for_too(marketer, draft):
    activate(draft)
    with pytest.raises(WrongState, match="There is nothing to activate"):
        ask(draft, by=marketer.user)
    assert "Ask for activation" not in page(marketer, draft)

    save_draft(definition(sms(text="New")))
    post(marketer, "ask", draft)

    assert asked(draft) == marketer.user


def test_with_the_campaign_the_asking_ends(marketer, draft):
    activate(draft)
    save_draft(definition(sms(text="New")))
    ask(draft, by=marketer.user)

    end(draft)

    assert asked(draft) is None
    with pytest.raises(WrongState, match="Nobody asks"):
        withdraw(draft)


def test_a_list_of_many_asked_for_costs_the_same(senior, draft):
    ask(draft, by=senior.user)
    few = cost(senior, LIST)

    for number in range(5):
        ask(save_draft(definition(sms(), code=f"more-{number}"))[0], by=signed_in().user)

    assert cost(senior, LIST) == few
    assert Campaign.objects.asked_for().count() == 6
