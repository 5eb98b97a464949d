"""What was there before a campaign starts it, a set at a time, whoever works on it and whatever comes between."""

import os
import signal
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import back_filling, looking_back
from campaigns.back_filling import fill, fill_at_once, left, open_one, stop
from campaigns.books import audit
from campaigns.definitions import read_plan
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.expecting import would_enter
from campaigns.lifecycle import activate, end, pause, resume, save_draft
from campaigns.models import BackFill, Campaign, Run
from campaigns.sweeping import sweep
from customers.models import Customer
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from statuses.lifecycle import begin_merge
from tests.campaigns.shop import NOON, PAID, Shop, definition, later, sms, wait
from tests.campaigns.workers import rung, wait_until, worker
from tests.factories import CustomerFactory, OrderFactory, StatusFactory
from tests.processes import meet
from workspace.models import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_sets(monkeypatch):
    for module in (back_filling, looking_back):
        monkeypatch.setattr(module, "set_size", lambda: 10)


def paid_orders(shop, number):
    orders = Order.objects.bulk_create([Order(external_id=f"O-{n}") for n in range(number)])
    hear([Said(order.external_id, "payment", "paid", NOON) for order in orders], shop.source)


CREATED = {"kind": "order_created", "params": {}}


def days_since(days=1):
    return {"kind": "days_since_last_order", "params": {"days": days}}


def idle_customers(number, *, at_once=False):
    """Each of whom placed an order some days ago, one after the other or all at one moment."""
    Order.objects.bulk_create(
        Order(
            external_id=f"O-{n}",
            customer=CustomerFactory(),
            placed_at=NOON - timedelta(days=20) + timedelta(hours=0 if at_once else n),
        )
        for n in range(number)
    )


def reaching_back(*steps, **keys):
    return activate(save_draft(definition(*(steps or [sms()]), **keys))[0], from_the_beginning=True)


def started():
    rows = Run.objects.order_by("order__external_id", "pk")
    return list(rows.values_list("order__external_id", "transition__from_status__code", "transition__to_status__code"))


def test_back_fill_starts_what_the_ledger_holds_and_counts_it(shop):
    for name in ("O-1", "O-2", "O-3"):
        shop.order(name)
    shop.tell("O-1", "invoiced", minutes_ago=120)
    shop.tell("O-1", "paid", minutes_ago=90)
    shop.tell("O-2", "paid", minutes_ago=30)
    shop.tell("O-3", "paid", fires=False)
    campaign, _ = save_draft(definition(sms()))

    activated = activate(campaign, from_the_beginning=True)

    assert fill_at_once(activated.back_fill) == 2
    assert started() == [("O-1", "invoiced", "paid"), ("O-2", None, "paid")]


def test_back_fill_goes_back_to_a_moment(shop):
    for name, minutes_ago in (("O-1", 90), ("O-2", 60), ("O-3", 30)):
        shop.order(name)
        shop.tell(name, "paid", minutes_ago=minutes_ago)
    campaign, _ = save_draft(definition(sms()))

    activated = activate(campaign, effective_from=NOON - timedelta(minutes=60))

    assert fill_at_once(activated.back_fill) == 2
    assert [run[0] for run in started()] == ["O-2", "O-3"]


def test_back_fill_counts_only_runs_that_began(shop):
    campaign = shop.start(sms())
    shop.order()
    shop.tell("O-1", "paid")

    assert fill_at_once(activate(campaign, from_the_beginning=True).back_fill) == 0
    assert Run.objects.count() == 1


def test_back_fill_works_through_a_ledger_of_many_pages(shop):
    orders = Order.objects.bulk_create([Order(external_id=f"O-{n}") for n in range(1100)])
    hear([Said(order.external_id, "payment", "paid", NOON) for order in orders], shop.source)
    campaign, _ = save_draft(definition(sms()))

    assert fill_at_once(activate(campaign, from_the_beginning=True).back_fill) == 1100


def test_an_empty_ledger_needs_none(shop):
    assert reaching_back().back_fill is None


@pytest.mark.usefixtures("small_sets")
def test_it_goes_on_a_set_at_a_time_and_the_books_know_how_far(shop):
    paid_orders(shop, 25)
    back_fill = reaching_back().back_fill

    for looked_at, entered, rest in ((10, 10, 15), (10, 20, 5), (5, 25, 0), (0, 25, 0)):
        assert fill() == looked_at
        back_fill.refresh_from_db()
        assert (back_fill.entered, left(back_fill), Run.objects.count()) == (entered, rest, entered)
        assert audit()["unaccounted"] == 0

    assert (back_fill.ended_at, back_fill.is_stopped) == (NOON, False)


@pytest.mark.usefixtures("small_sets")
def test_what_it_never_looked_at_is_missed_once_it_says_it_is_through(shop):
    paid_orders(shop, 25)
    back_fill = reaching_back().back_fill
    fill()

    BackFill.objects.update(done_up_to=back_fill.upto)

    assert audit()["breaches"]["missing_runs"] == 15


@pytest.mark.usefixtures("small_sets")
def test_stopped_it_leaves_what_it_had_not_reached(shop):
    paid_orders(shop, 25)
    campaign = reaching_back().activation.campaign
    fill()

    [stopped] = stop(campaign)
    drain()

    assert (stopped.is_stopped, stopped.entered, open_one(campaign)) == (True, 10, None)
    assert Run.objects.count() == 10
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
@pytest.mark.parametrize("verb", [end, activate])
def test_it_stops_with_its_activation(shop, verb):
    paid_orders(shop, 25)
    campaign = reaching_back().activation.campaign
    fill()
    save_draft(definition(sms(text="other")))

    verb(campaign)
    drain()

    assert BackFill.objects.get().is_stopped
    assert Run.objects.count() == 10
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
def test_reached_back_again_nothing_enters_twice(shop):
    paid_orders(shop, 25)
    reaching_back()
    fill()

    again = reaching_back(sms(text="other"))

    assert fill_at_once(again.back_fill) == 15
    assert Run.objects.count() == 25
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
def test_while_the_campaign_is_paused_it_waits(shop):
    paid_orders(shop, 25)
    campaign = reaching_back().activation.campaign
    pause(campaign)

    assert fill() == 0

    resume(campaign)
    drain()

    assert Run.objects.count() == 25


@pytest.mark.usefixtures("small_sets")
def test_it_does_not_run_far_ahead_of_those_who_let_orders_in(shop):
    paid_orders(shop, 100)
    reaching_back(wait())

    assert [fill() for _ in range(7)] == [10, 10, 10, 10, 10, 0, 0]

    advance()

    assert fill() == 10


@pytest.mark.usefixtures("small_sets")
def test_one_that_is_far_ahead_holds_up_no_other(shop):
    paid_orders(shop, 100)
    reaching_back(wait(), code="first")
    reaching_back(wait(), code="second")

    assert sum(fill() for _ in range(20)) == 100
    assert sorted(BackFill.objects.values_list("entered", flat=True)) == [50, 50]


@pytest.mark.usefixtures("small_sets")
def test_what_is_told_meanwhile_enters_at_once(shop):
    paid_orders(shop, 25)
    reaching_back()
    fill()
    shop.order("new")
    shop.tell("new", "paid")

    assert Run.objects.filter(order__external_id="new").count() == 1
    drain()
    assert Run.objects.count() == 26
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
def test_a_status_merged_meanwhile_does_not_stop_it(shop):
    paid_orders(shop, 25)
    reaching_back()
    fill()

    begin_merge(shop.statuses["paid"], StatusFactory(type="payment", code="settled"))
    drain()

    assert Run.objects.count() == 25
    assert audit()["unaccounted"] == 0


# Orders, and moments of the clock

WAYS = {"orders": (CREATED, {}), "moments": (days_since(), {}), "one moment": (days_since(), {"at_once": True})}


@pytest.mark.usefixtures("small_sets", "shop")
@pytest.mark.parametrize(("started_by", "how"), WAYS.values(), ids=WAYS)
class TestWhateverStartsIt:
    def test_each_that_was_there_enters_a_set_at_a_time(self, started_by, how):
        idle_customers(25, **how)
        back_fill = reaching_back(trigger=started_by).back_fill
        assert (Run.objects.count(), left(back_fill)) == (0, 25)

        while fill():
            back_fill.refresh_from_db()
            assert Run.objects.count() == back_fill.entered <= 25
            assert audit()["unaccounted"] == 0

        back_fill.refresh_from_db()
        assert (back_fill.entered, left(back_fill), back_fill.ended_at, back_fill.is_stopped) == (25, 0, NOON, False)

    def test_no_set_is_larger_than_a_set(self, started_by, how):
        idle_customers(25, **how)
        back_fill = reaching_back(trigger=started_by).back_fill
        counts = [0]

        while fill():
            back_fill.refresh_from_db()
            counts.append(back_fill.entered)

        assert max(after - before for before, after in pairwise(counts)) <= 10

    def test_stopped_it_leaves_what_it_had_not_reached(self, clock, started_by, how):
        idle_customers(25, **how)
        campaign = reaching_back(wait(), trigger=started_by).activation.campaign
        fill()

        [stopped] = stop(campaign)
        drain()
        later(clock, hours=2)

        assert Run.objects.count() == stopped.entered <= 10
        assert audit()["unaccounted"] == 0

    def test_it_goes_on_where_it_was_paused(self, started_by, how):
        idle_customers(25, **how)
        campaign = reaching_back(trigger=started_by).activation.campaign
        fill()
        pause(campaign)
        assert fill() == 0

        resume(campaign)
        drain()

        assert Run.objects.count() == 25

    def test_a_new_version_stops_it(self, started_by, how):
        idle_customers(25, **how)
        campaign = reaching_back(trigger=started_by).activation.campaign
        fill()
        save_draft(definition(sms(text="other"), trigger=started_by))

        activate(campaign)
        drain()

        assert BackFill.objects.get().is_stopped
        assert Run.objects.count() <= 10
        assert audit()["unaccounted"] == 0

    def test_reached_back_again_nothing_enters_twice(self, started_by, how):
        idle_customers(25, **how)
        reaching_back(trigger=started_by)
        fill()
        entered = Run.objects.count()

        again = reaching_back(sms(text="other"), trigger=started_by)

        assert fill_at_once(again.back_fill) == 25 - entered
        assert Run.objects.count() == 25
        assert audit()["unaccounted"] == 0

    def test_before_it_is_asked_for_it_is_counted(self, started_by, how):
        idle_customers(25, **how)
        campaign = save_draft(definition(sms(), trigger=started_by))[0]
        since = [NOON - timedelta(days=30), NOON - timedelta(hours=1), None]

        plan = read_plan(campaign.draft)

        assert [would_enter(campaign, plan, moment, NOON) for moment in since] == [25, 0, 25]


@pytest.mark.usefixtures("small_sets")
def test_a_sweep_leaves_to_a_back_fill_what_is_its_own(shop, clock):
    idle_customers(24)
    back_fill = reaching_back(wait(), trigger=days_since(19)).back_fill

    assert (sweep(), Run.objects.count()) == (0, 0)

    fill_at_once(back_fill)
    assert (sweep(), Run.objects.count()) == (0, 24)


@pytest.mark.usefixtures("small_sets")
def test_once_it_is_through_late_news_of_its_time_is_found_as_ever(shop, clock):
    reaching_back(wait(), trigger=days_since(1))
    drain()
    idle_customers(1)
    Order.objects.update(placed_at=NOON - timedelta(days=2))

    later(clock, hours=2)

    assert Run.objects.count() == 1
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
def test_what_it_passed_before_the_news_of_it_is_not_missed_until_a_sweep_could_find_it(shop, clock):
    idle_customers(25)
    campaign = reaching_back(wait(value=30, unit="days"), trigger=days_since(15)).activation.campaign
    fill()
    pause(campaign)
    late = OrderFactory(external_id="late", customer=CustomerFactory())
    Order.objects.filter(pk=late.pk).update(placed_at=NOON - timedelta(days=20, hours=1))
    clock.shift(timedelta(hours=3, minutes=1))
    resume(campaign)
    drain()
    assert (Run.objects.count(), audit()["unaccounted"]) == (25, 0)

    later(clock, hours=1)

    assert (Run.objects.count(), audit()["unaccounted"]) == (26, 0)


def test_a_set_costs_the_same_for_few_and_for_many(shop):
    costs = []
    for number in (3, 200 if connection.vendor == "postgresql" else 20):
        names = [OrderFactory(external_id=f"C-{number}-{n}").external_id for n in range(number)]
        hear([Said(name, "payment", "paid", NOON) for name in names], shop.source)
        reaching_back(code=f"c-{number}")
        with CaptureQueriesContext(connection) as queries:
            fill()
        costs.append(len(queries))

    assert costs[0] == costs[1]


# Races


def fill_until_it_is_through():
    meet()
    while fill() or BackFill.objects.open().exists():
        pass


def stop_amid(names):
    """And other orders are paid meanwhile."""
    source = Source.objects.get(code__startswith="shop")
    meet()
    for name in names[:20]:
        hear([Said(name, "payment", "paid")], source)
    stop(Campaign.objects.get())
    for name in names[20:]:
        hear([Said(name, "payment", "paid")], source)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestRaces:
    @pytest.fixture
    def ledger(self, transactional_db):
        shop = Shop()
        paid_orders(shop, 4000)
        return shop

    def test_two_workers_start_each_once(self, pair, ledger):
        reaching_back()

        pair.run((fill_until_it_is_through,), (fill_until_it_is_through,))

        assert BackFill.objects.get().entered == Run.objects.count() == 4000
        assert audit()["unaccounted"] == 0

    def test_stopped_beside_a_worker_and_a_writer_the_books_are_exact(self, pair, ledger):
        names = [OrderFactory(external_id=f"N-{n}").external_id for n in range(40)]
        reaching_back()

        pair.run((fill_until_it_is_through,), (stop_amid, names))

        back_fill = BackFill.objects.get()
        assert Run.objects.count() == back_fill.entered + 40
        assert audit()["unaccounted"] == 0


# Killed


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestKilled:
    @pytest.fixture(params=["changes", "orders", "moments"])
    def asked_for(self, request, transactional_db):
        """3,500 orders are to enter."""
        shop, before = Shop(), timezone.now() - timedelta(days=15)
        customers = Customer.objects.bulk_create(Customer(external_id=f"K-{n}") for n in range(3500))
        Order.objects.bulk_create(
            Order(external_id=f"O-{n}", customer=customer, placed_at=before + timedelta(seconds=n))
            for n, customer in enumerate(customers)
        )
        if request.param == "changes":
            hear([Said(f"O-{n}", "payment", "paid", before) for n in range(3500)], shop.source)
        started_by = {"changes": PAID, "orders": CREATED, "moments": days_since(10)}[request.param]
        return save_draft(definition(wait(value=9, unit="days"), trigger=started_by))[0]

    def test_workers_killed_amid_it_leave_each_entered_once(self, process_environment, asked_for, tmp_path):
        back_fill = activate(asked_for, from_the_beginning=True).back_fill

        # Right after the first set was committed; then wherever it is soon after the second one is to be seen.
        failpoint = tmp_path / "failpoint"
        failpoint.write_text("back_filling.filled")
        killed = worker(process_environment, FAILPOINT_FILE=str(failpoint))
        rung()
        assert killed.wait(90) == -signal.SIGKILL
        back_fill.refresh_from_db()
        assert (back_fill.entered, back_fill.ended_at, Run.objects.count()) == (1000, None, 1000)
        assert audit()["unaccounted"] == 0

        killed = worker(process_environment)
        rung()
        wait_until(lambda: BackFill.objects.get().entered > 1000)
        time.sleep(0.03)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(60)
        assert audit()["unaccounted"] == 0

        lives = worker(process_environment)
        rung()
        wait_until(lambda: not BackFill.objects.open().exists())
        lives.terminate()
        lives.wait(60)

        assert BackFill.objects.get().entered == Run.objects.count() == 3500
        assert Run.objects.values("order").distinct().count() == 3500
        assert audit()["unaccounted"] == 0
