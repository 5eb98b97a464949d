from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Quota, Run, RunEvent
from campaigns.steps.filters.limit_participants import KIND, period_of
from campaigns.story import tell
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import Shop, asks, condition, definition, ending, path, sms, step, wait
from tests.factories import CustomerFactory
from tests.processes import meet
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def limit(key="limit", no=(), **params):
    return step("limit_participants", key, {"no": list(no)} if no else None, **params)


def pay_all(shop, names, minutes_ago=()):
    for name in names:
        shop.order(name)
    ages = minutes_ago or [0] * len(names)
    now = [
        Said(name, "payment", "paid", datetime.now(UTC) - timedelta(minutes=age))
        for name, age in zip(names, ages, strict=True)
    ]
    hear(now, shop.source)


def outcomes(step="limit"):
    rows = RunEvent.objects.filter(step=step).order_by("run__order__external_id")
    return list(rows.values_list("run__order__external_id", "outcome"))


def test_so_many_pass_in_all(shop, clock):
    shop.start(limit(total=2), sms())

    runs = [shop.pay(f"O-{n}") for n in range(3)]

    assert [ending(run) for run in runs] == [("finished", ""), ("finished", ""), ("stopped", "limit_reached")]
    assert runs[1].events.get(step="limit").seen == {"of_total": 2}
    assert runs[2].events.get(step="limit").seen == {"full": "total"}
    assert audit()["unaccounted"] == 0


def test_those_that_come_together_pass_in_the_order_in_which_they_occurred(shop, clock):
    shop.start(limit(total=2))
    clock.shift(timedelta(minutes=5))
    pay_all(shop, ["O-0", "O-1", "O-2", "O-3"], minutes_ago=[0, 3, 1, 2])

    drain()

    assert outcomes() == [("O-0", "no"), ("O-1", "yes"), ("O-2", "no"), ("O-3", "yes")]


def test_a_branch_takes_those_who_found_no_place(shop, clock):
    shop.start(limit(total=1, no=[sms("sorry")]), sms())

    passed, late = shop.pay("O-0"), shop.pay("O-1")

    assert path(passed)[1] == ("limit", "yes")
    assert path(late)[1:] == [("limit", "no"), ("sorry", "owed"), ("sorry", "sent"), ("text", "owed"), ("text", "sent")]


def test_so_many_pass_in_a_day_of_the_installation_s_zone(shop, clock):
    Workspace.objects.update(timezone="Asia/Tokyo")
    shop.start(limit(per_period=1, period="day"))

    clock.move_to(datetime(2024, 5, 3, 14, 59, tzinfo=UTC))
    first, second = shop.pay("O-0"), shop.pay("O-1")
    clock.move_to(datetime(2024, 5, 3, 15, 0, tzinfo=UTC))
    third = shop.pay("O-2")

    assert [ending(run)[0] for run in (first, second, third)] == ["finished", "stopped", "finished"]
    assert third.events.get(step="limit").seen == {"period": "day 2024-05-04", "of_period": 1}
    assert audit()["unaccounted"] == 0


def test_both_limits_must_leave_a_place(shop, clock):
    shop.start(limit(total=2, per_period=1, period="hour"))

    runs = [shop.pay("O-0"), shop.pay("O-1")]
    clock.shift(timedelta(hours=1))
    runs += [shop.pay("O-2"), shop.pay("O-3")]

    assert [run.events.get(step="limit").seen for run in runs] == [
        {"of_total": 1, "period": "hour 2024-05-03T12+0000", "of_period": 1},
        {"full": "hour 2024-05-03T12+0000"},
        {"of_total": 2, "period": "hour 2024-05-03T13+0000", "of_period": 1},
        {"full": "total"},
    ]
    assert dict(Quota.objects.values_list("period", "taken")) == {
        "total": 2,
        "hour 2024-05-03T12+0000": 1,
        "hour 2024-05-03T13+0000": 1,
    }


@pytest.mark.parametrize(
    ("period", "moment", "zone", "name"),
    [
        ("hour", datetime(2024, 11, 3, 5, 30, tzinfo=UTC), "America/New_York", "hour 2024-11-03T01-0400"),
        ("hour", datetime(2024, 11, 3, 6, 30, tzinfo=UTC), "America/New_York", "hour 2024-11-03T01-0500"),
        ("day", datetime(2024, 5, 3, 15, tzinfo=UTC), "Asia/Tokyo", "day 2024-05-04"),
        ("week", datetime(2024, 12, 30, 12, tzinfo=UTC), "UTC", "week 2025-W01"),
        ("week", datetime(2024, 5, 5, 12, tzinfo=UTC), "UTC", "week 2024-W18"),
    ],
)
def test_periods_are_those_of_a_zone(period, moment, zone, name):
    assert period_of(period, moment, zone) == name


def test_two_open_orders_of_one_customer_each_take_a_place(shop, clock):
    shop.start(limit(total=1))
    ada = CustomerFactory()

    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)

    assert (ending(first), ending(second)) == (("finished", ""), ("stopped", "limit_reached"))


def test_a_new_version_goes_on_counting(shop, clock):
    shop.start(limit(total=2))
    shop.pay("O-0")
    shop.start(limit(total=2), wait())

    shop.pay("O-1")
    third = shop.pay("O-2")

    assert ending(third) == ("stopped", "limit_reached")


def test_who_comes_here_within_a_batch_takes_a_place_in_the_next(shop, clock):
    """Places are locked in one order in every worker."""
    rule = condition("order.payment_status", "=", "paid")
    shop.start(asks(rule), limit(total=5), limit("second", total=5))
    pay_all(shop, ["O-0"])

    advance()
    assert path(Run.objects.get()) == [("", "admitted"), ("asked", "yes")]
    advance()
    assert path(Run.objects.get())[2:] == [("limit", "yes")]
    advance()
    assert path(Run.objects.get())[3:] == [("second", "yes")]


def test_its_cost_does_not_grow_with_their_number(shop, clock):
    shop.start(limit(total=6, per_period=6, period="day"))

    def cost(first, last):
        pay_all(shop, [f"O-{n}" for n in range(first, last)])
        advance()
        with CaptureQueriesContext(connection) as queries:
            advance()
        return len(queries)

    assert cost(0, 2) == cost(2, 12)
    assert Run.objects.filter(state="finished").count() == 6


@pytest.mark.parametrize(
    "statement", ["UPDATE campaigns_quota SET taken = 7 WHERE period = 'total'", "DELETE FROM campaigns_quota"]
)
def test_a_count_that_is_changed_or_gone_is_noticed(shop, clock, statement):
    shop.start(limit(total=5, per_period=5, period="day"))
    shop.pay("O-0")

    with connection.cursor() as cursor:
        cursor.execute(statement)

    assert audit()["breaches"]["places_miscounted"] > 0


def test_its_story_is_told(shop, clock):
    shop.start(limit(total=1))

    passed, late = shop.pay("O-0"), shop.pay("O-1")

    assert "It took place 1." in tell(passed)
    assert "All places were taken." in tell(late)


def test_what_it_does_is_said():
    assert KIND.says({"total": 100}, {}) == "Lets 100 orders pass in all."
    both = {"total": 1, "per_period": 20, "period": "day"}
    assert KIND.says(both, {}) == "Lets 1 order pass in all. At most 20 in a day."
    assert KIND.says({"total": "x"}, {}) == ""


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({}, ["/total"]),
        ({"total": 0}, ["/total"]),
        ({"total": True}, ["/total"]),
        ({"total": 1.5}, ["/total"]),
        ({"per_period": 5}, ["/period"]),
        ({"total": 5, "period": "day"}, ["/period"]),
        ({"per_period": 5, "period": "year"}, ["/period"]),
        ({"total": 5}, []),
        ({"per_period": 5, "period": "week"}, []),
    ],
)
def test_its_params_are_checked(params, wrong):
    assert [problem.field for problem in KIND.form(params).problems()] == wrong


def _advance_at_once():
    meet()
    while advance():
        pass


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_let_in_one_too_many(pair):
    """Of 400 orders at two limits that lead to each other's steps."""
    shop = Shop()
    for code in ("one", "two"):
        steps = [limit("first", total=150), wait("pause", 1, "minutes"), limit("second", total=120)]
        activate(save_draft(definition(*steps, code=code))[0])
    names = [f"O-{n}" for n in range(400)]
    for name in names:
        shop.order(name, customer=None)
    for start in range(0, 400, 40):
        hear([Said(name, "payment", "paid") for name in names[start : start + 40]], shop.source)

    pair.run((_advance_at_once,), (_advance_at_once,))
    Run.objects.filter(state="waiting").update(due_at=datetime.now(UTC), step_at=datetime(2024, 1, 1, tzinfo=UTC))
    pair.run((_advance_at_once,), (_advance_at_once,))

    counts = Quota.objects.order_by("campaign__code", "step").values_list("campaign__code", "step", "taken")
    assert list(counts) == [
        ("one", "first", 150),
        ("one", "second", 120),
        ("two", "first", 150),
        ("two", "second", 120),
    ]
    assert Run.objects.filter(state="finished").count() == 240
    assert audit()["unaccounted"] == 0
