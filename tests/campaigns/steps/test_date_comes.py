import pytest

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import pause, resume
from campaigns.models import Run
from campaigns.steps.triggers.date_comes import KIND
from campaigns.story import tell
from orders.models import Order
from orders.upserts import read_order, upsert_orders
from tests.campaigns.shop import customer_in, ending, later, sms
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def comes(when="on", days=None, at="10:00", field="custom.visit"):
    params = {"field": field, "when": when, "at": at, "days": days}
    return {"kind": "date_comes", "params": {name: value for name, value in params.items() if value is not None}}


def refused(**params):
    given = {"field": "custom.visit", "when": "on", "at": "10:00", **params}
    return [problem.field for problem in KIND.form(given).problems()]


def runs():
    return [
        (run.occasion.partition(":")[2], run.occurred_at.strftime("%m-%d %H:%M")) for run in Run.objects.all()[::-1]
    ]


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({}, []),
        ({"when": "before", "days": 3}, []),
        ({"when": "before"}, ["/days"]),
        ({"when": "on", "days": 3}, ["/days"]),
        ({"when": "after", "days": 0}, ["/days"]),
        ({"when": "never"}, ["/when"]),
        ({"at": "24:00"}, ["/at"]),
        ({"at": "9:00"}, ["/at"]),
        ({"at": 10}, ["/at"]),
        ({"field": "visit"}, ["/field"]),
        ({"field": "payment.card"}, ["/field"]),
        ({"field": "custom.a\x00"}, ["/field"]),
        ({"field": "custom."}, ["/field"]),
        ({"field": "ordered_at"}, []),
        ({"field": None}, ["/field"]),
    ],
)
def test_what_it_takes(params, fields):
    assert refused(**params) == fields


@pytest.mark.parametrize(
    ("trigger", "sentence"),
    [
        (comes(), "On the day of “custom.visit” of an order, at 10:00"),
        (comes("before", 3), "3 days before “custom.visit” of an order, at 10:00"),
        (comes("after", 1), "1 day after “custom.visit” of an order, at 10:00"),
        ({"params": {}}, "On the day of “…” of an order, at …"),
    ],
)
def test_it_says_when_it_starts_also_half_done(trigger, sentence):
    assert KIND.says(trigger["params"], {}) == sentence


def test_it_comes_at_the_time_of_day_where_the_customer_lives(shop, clock):
    order = shop.order(custom={"visit": "2024-05-10"}, customer=customer_in("Asia/Tokyo"))
    shop.start(sms(), trigger=comes("before", 3))

    clock.move_to("2024-05-07T00:59:00+00:00")
    drain()
    assert runs() == []
    clock.move_to("2024-05-07T01:00:00+00:00")
    drain()

    assert runs() == [(f"{order.pk}:2024-05-10", "05-07 01:00")]
    assert ending(Run.objects.get()) == ("finished", "")
    assert audit()["unaccounted"] == 0


def test_whose_zone_nobody_knows_lives_at_home(shop, clock):
    Workspace.objects.update(timezone="America/New_York")
    shop.order("O-1", custom={"visit": "2024-05-10"})
    shop.order("O-2", custom={"visit": "2024-05-10"}, customer=None)
    shop.start(sms(), trigger=comes())

    clock.move_to("2024-05-10T14:00:00+00:00")
    drain()

    assert [at for _key, at in runs()] == ["05-10 14:00", "05-10 14:00"]


def test_a_moment_is_the_day_it_falls_on_where_the_customer_lives(shop, clock):
    when = {"visit": "2024-05-10T20:00:00Z"}
    tokyo = shop.order("O-1", custom=when, customer=customer_in("Asia/Tokyo"))
    london = shop.order("O-2", custom=when, customer=customer_in("Europe/London"))
    shop.start(sms(), trigger=comes())

    later(clock, days=10)

    assert runs() == [(f"{london.pk}:2024-05-10", "05-10 09:00"), (f"{tokyo.pk}:2024-05-11", "05-11 01:00")]


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        # Clocks went from 02:00 to 03:00: 02:30 came as 03:30 of summer time.
        ("America/New_York", "2024-03-10", "02:30", "03-10 07:30"),
        # 01:30 came twice: the first time in summer time.
        ("America/New_York", "2024-11-03", "01:30", "11-03 05:30"),
        # Half an hour forward and back.
        ("Australia/Lord_Howe", "2024-10-06", "02:15", "10-05 15:45"),
        ("Australia/Lord_Howe", "2024-04-07", "01:45", "04-06 14:45"),
    ],
)
def test_days_on_which_clocks_change(shop, clock, zone, day, at, moment):
    clock.move_to("2024-01-10T12:00:00+00:00")
    shop.order(custom={"visit": day}, customer=customer_in(zone))
    shop.start(sms(), trigger=comes(at=at))

    clock.move_to(f"{day}T23:00:00+00:00")
    drain()

    assert [at for _key, at in runs()] == [moment]


def test_days_after_count_by_the_calendar(shop, clock):
    clock.move_to("2024-03-08T12:00:00+00:00")
    shop.order(custom={"visit": "2024-03-09"}, customer=customer_in("America/New_York"))
    shop.start(sms(), trigger=comes("after", 1))

    later(clock, days=5)

    assert [at for _key, at in runs()] == ["03-10 14:00"]


def test_a_date_that_is_put_off_moves(shop, clock):
    order = shop.order(custom={"visit": "2024-05-05"})
    shop.start(sms(), trigger=comes())
    later(clock, days=1)
    order.custom = {"visit": "2024-05-08"}
    order.save()

    later(clock, days=10)

    assert runs() == [(f"{order.pk}:2024-05-08", "05-08 10:00")]


def test_a_date_that_came_and_is_changed_then_comes_again(shop, clock):
    order = shop.order(custom={"visit": "2024-05-05"})
    shop.start(sms(), trigger=comes())
    later(clock, days=3)
    order.custom = {"visit": "2024-05-08"}
    order.save()

    later(clock, days=10)

    assert [key for key, _at in runs()] == [f"{order.pk}:2024-05-05", f"{order.pk}:2024-05-08"]
    assert audit()["unaccounted"] == 0


def test_one_that_is_changed_before_it_is_judged_is_not_let_in(shop, clock):
    order = shop.order(custom={"visit": "2024-05-05"})
    campaign = shop.start(sms(), trigger=comes())
    pause(campaign)
    later(clock, days=3)
    order.custom = {}
    order.save()

    resume(campaign)
    drain()

    run = Run.objects.get()
    assert ending(run) == ("declined", "date_changed")
    assert tell(run) == [
        "The day of its “custom.visit” came on 5 May 2024, 10:00.",
        "It was not let in: the date had been changed by then.",
    ]


def test_a_date_told_after_it_came_enters_within_a_week(shop, clock):
    shop.start(sms(), trigger=comes())
    later(clock, days=20)

    rows = [
        {"external_id": "A-1", "customer": CustomerFactory().external_id, "custom": {"visit": "2024-05-20"}},
        {"external_id": "A-2", "customer": CustomerFactory().external_id, "custom": {"visit": "2024-05-10"}},
    ]
    upsert_orders([read_order(row) for row in rows], shop.source)
    later(clock, hours=1)

    assert [run.order.external_id for run in Run.objects.all()] == ["A-1"]


def test_a_date_that_came_before_the_activation_does_not_enter(shop, clock):
    shop.order(custom={"visit": "2024-05-03"})  # at 10:00; it is noon
    shop.start(sms(), trigger=comes())

    later(clock, days=2)

    assert runs() == []
    assert audit()["unaccounted"] == 0


def test_only_the_date_it_names(shop, clock):
    shop.order(custom={"other": "2024-05-05"}, delivery={"visit": "2024-05-05"})
    shop.start(sms(), trigger=comes())

    later(clock, days=5)

    assert runs() == []
    assert Order.objects.get().dates.count() == 2


def test_days_after_it_was_ordered(shop, clock):
    shop.start(sms(), trigger=comes("after", 10, field="ordered_at"))
    row = {"external_id": "A-1", "customer": CustomerFactory().external_id, "ordered_at": "2024-05-03T23:00:00+02:00"}
    upsert_orders([read_order(row)], shop.source, fires=False)
    [order] = Order.objects.all()

    later(clock, days=11)

    assert runs() == [(f"{order.pk}:2024-05-03", "05-13 10:00")]
    assert ending(Run.objects.get()) == ("finished", "")
    assert tell(Run.objects.get())[0] == "It was 10 days after its “ordered at” on 13 May 2024, 10:00."
