"""Campaigns that may start one another: told before activation, by what kinds declare; and stopped where it is so."""

from collections import Counter
from datetime import timedelta

import pytest

from campaigns import reentry
from campaigns.books import audit
from campaigns.checks import find_cautions
from campaigns.definitions import read_plan
from campaigns.draining import drain
from campaigns.lifecycle import end, pause
from campaigns.models import Message, Run
from campaigns.steps import STEPS
from campaigns.steps.base import STATUSES, Continue, Decision, Effect, StepForm, StepKind
from campaigns.story import tell
from tests.campaigns.shop import asks, condition, definition, ending, sms, step, trigger, webhook
from tests.campaigns.steps.test_stuck_in_status import stuck

pytestmark = pytest.mark.django_db

ONCE = {"reentry": {"mode": "once_per_order"}}
CREATED = {"kind": "order_created", "params": {}}


@pytest.fixture
def mover(monkeypatch):
    """A kind to come: it moves the order itself, to a status that it names."""
    kind = StepKind(
        "move_order",
        "Move order",
        StepForm,
        lambda runs, _step, _params, _world: [Decision(Continue()) for _run in runs],
        causes=lambda _params: [Effect(STATUSES, "payment", frozenset({"paid"}))],
    )
    monkeypatch.setitem(STEPS, kind.key, kind)
    return step("move_order", "move")


def told(*steps, **keys):
    """[(place, sentence), …] of the circles that are told of."""
    raw = definition(*steps, **keys)
    return [(c.pointer, c.detail) for c in find_cautions(raw, read_plan(raw)) if c.code == "circle"]


def test_a_webhook_may_bring_the_order_back(shop):
    inside = asks(condition("order.external_id", "notNull"), yes=[sms(), webhook()])

    [(place, sentence)] = told(inside)

    assert place == "/steps/0/branches/yes/1"
    assert "starts again, and so on" in sentence


@pytest.mark.parametrize(
    "keys",
    [
        ONCE,
        {"reentry": {"mode": "once_per_customer"}},
        {"reentry": {"mode": "first_visit"}},
        {"reentry": {"mode": "not_within", "days": 1, "per": "order"}},
        {"trigger": trigger(came_from="none", to=["paid"])},
        {"trigger": {"kind": "days_since_last_order", "params": {"days": 1}}},
        {"trigger": {"kind": "order_created", "params": {}}, "reentry": {"mode": "once_per_customer"}},
    ],
)
def test_where_nobody_enters_twice_there_is_no_circle(shop, keys):
    assert told(webhook(), **keys) == []


@pytest.mark.parametrize("keys", [{"trigger": stuck()}, {"trigger": CREATED}, {"trigger": CREATED, **ONCE}])
def test_other_triggers_are_started_by_what_comes_of_a_webhook_too(shop, keys):
    assert len(told(webhook(), **keys)) == 1


def test_a_campaign_that_tells_nobody_is_in_no_circle(shop):
    shop.start(webhook(), code="other")

    assert told(sms(), step("change_customer", "keep", add_tags=["vip"])) == []


def test_what_a_kind_declares_is_told_from_what_it_is_not(shop, mover):
    assert told(mover)[0][0] == "/steps/0"
    assert told(mover, trigger=trigger("payment", to=["invoiced"])) == []
    assert told(mover, trigger=trigger("delivery")) == []
    assert told(mover, trigger=stuck(statuses=["paid"]))[0][0] == "/steps/0"
    assert told(mover, trigger=stuck(statuses=["invoiced"])) == []


def test_a_campaign_between_closes_the_circle(shop, mover):
    shop.start(webhook(), code="between", name="Between", trigger=trigger("payment", to=["paid"]))

    [(place, sentence)] = told(sms(), mover, trigger=trigger("delivery", to=["shipped"]))

    assert place == "/steps/1"
    assert "“Thanks”, “Between”." in sentence


@pytest.mark.parametrize("how", [{"reentry": {"mode": "once_per_order"}}, {"trigger": trigger("general")}])
def test_a_campaign_between_that_is_not_started_again_opens_it(shop, mover, how):
    shop.start(webhook(), **{"code": "between", "trigger": trigger("payment", to=["paid"]), **how})

    assert told(sms(), mover, trigger=trigger("delivery", to=["shipped"])) == []


def test_campaigns_that_are_paused_count_and_those_that_ended_do_not(shop, mover):
    between = shop.start(webhook(), code="between", trigger=trigger("payment", to=["paid"]))
    pause(between)
    asked = {"trigger": trigger("delivery", to=["shipped"])}
    assert len(told(mover, **asked)) == 1

    end(between)

    assert told(mover, **asked) == []


# Where it is so


def test_an_order_that_comes_back_too_often_is_let_in_no_more(shop, clock, monkeypatch):
    monkeypatch.setattr(reentry, "MOST_AN_HOUR", 3)
    shop.start(sms(), webhook(endpoint="nobody"))
    for _time in range(5):
        run = shop.pay("O-1")
        clock.shift(timedelta(minutes=10))

    assert Counter(Run.objects.values_list("reason", flat=True))["goes_round"] == 2
    assert Message.objects.count() == 3
    assert ending(run) == ("declined", "goes_round")
    assert "campaigns may start one another" in " ".join(map(str, tell(run)))
    assert audit()["unaccounted"] == 0


def test_all_told_at_once_the_first_are_let_in(shop, clock, monkeypatch):
    monkeypatch.setattr(reentry, "MOST_AN_HOUR", 3)
    shop.start(webhook(endpoint="nobody"))
    clock.shift(timedelta(hours=1))
    shop.order()
    for minutes_ago in range(50, 0, -10):
        shop.tell("O-1", "invoiced", minutes_ago=minutes_ago)
        shop.tell("O-1", "paid", minutes_ago=minutes_ago - 1)
    drain()

    runs = Run.objects.order_by("occurred_at")
    assert [run.state for run in runs] == ["finished", "finished", "finished", "declined", "declined"]


def test_an_hour_later_it_is_let_in_again(shop, clock, monkeypatch):
    monkeypatch.setattr(reentry, "MOST_AN_HOUR", 1)
    shop.start(webhook(endpoint="nobody"))
    first, second = shop.pay("O-1"), shop.pay("O-1")
    clock.shift(timedelta(hours=1))

    assert [ending(run)[0] for run in (first, second, shop.pay("O-1"))] == ["finished", "declined", "finished"]


@pytest.mark.parametrize("steps", [[sms()], [sms(), webhook(endpoint="nobody")]])
def test_another_order_and_a_campaign_that_tells_nobody_are_not_stopped(shop, monkeypatch, steps):
    monkeypatch.setattr(reentry, "MOST_AN_HOUR", 1)
    shop.start(*steps)
    shop.pay("O-1")
    other = shop.pay("O-2")
    again = shop.pay("O-1")

    assert ending(other)[0] == "finished"
    assert ending(again)[0] == ("finished" if len(steps) == 1 else "declined")
