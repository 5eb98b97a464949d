"""Who entered or left a segment starts runs a set at a time, by workers and not by whoever counted."""

import os
import signal
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import lists, segments
from campaigns import crossed, crossings, doorbell
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, end, pause, resume, save_draft
from campaigns.models import Message, Run, RunState, UntoldCount
from campaigns.sweeping import sweep
from campaigns.tasks import advance_due_runs
from customers.models import Customer
from orders.models import Order
from tests.callers import Caller
from tests.campaigns.shop import Shop, definition, later, sms, wait
from tests.campaigns.workers import rung, wait_until, worker
from tests.factories import CustomerFactory
from tests.processes import meet
from workspace.database import set_size
from workspace.models import Workspace
from workspace.queues import RUNS

pytestmark = pytest.mark.django_db

ENTERED = {"kind": "entered_segment", "params": {"segment": "friends"}}
LEFT = {"kind": "left_segment", "params": {"segment": "friends"}}


@pytest.fixture
def small_sets(monkeypatch):
    for module in (crossed, crossings):
        monkeypatch.setattr(module, "set_size", lambda: 10)


@pytest.fixture
def friends(db):
    return segments.create(code="friends", name="Friends")


def shoppers(number, name="K"):
    """Their ids. Each has placed one order."""
    customers = Customer.objects.bulk_create(Customer(external_id=f"{name}-{n}") for n in range(number))
    Order.objects.bulk_create(Order(external_id=f"O-{each.external_id}", customer=each) for each in customers)
    return [each.external_id for each in customers]


def started():
    return Run.objects.count()


@pytest.mark.usefixtures("small_sets")
def test_it_starts_a_set_at_a_time_and_then_forgets_the_count(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    lists.add(friends, shoppers(25))
    assert started() == 0

    looked_at = [(crossed.start_next(), started()) for _ in range(4)]

    assert looked_at == [(10, 10), (10, 20), (5, 25), (0, 25)]
    assert not UntoldCount.objects.exists()
    assert Run.objects.values("customer").distinct().count() == 25


@pytest.mark.usefixtures("small_sets")
def test_a_count_of_whole_sets_holds_up_no_other(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    lists.add(friends, shoppers(10))
    clock.shift(1)
    lists.add(friends, shoppers(3, name="L"))

    assert [crossed.start_next() for _ in range(3)] == [10, 3, 0]
    assert started() == 13


def test_whoever_brings_a_list_starts_no_run_in_their_request(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    api, ids = Caller.of(shop.source), shoppers(30)

    with CaptureQueriesContext(connection) as queries:
        answer = api.post("segments/friends/customers/", {"customers": ids})

    assert answer.json()["entered"] == 30
    assert not [each["sql"] for each in queries if Run._meta.db_table in each["sql"]]
    drain()
    assert started() == 30
    assert audit()["unaccounted"] == 0


def test_a_set_costs_the_same_for_few_and_many(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    costs = []
    for number, name in ((2, "K"), (50, "L")):  # SQLite takes no more in one INSERT
        clock.shift(1)
        lists.add(friends, shoppers(number, name))
        with CaptureQueriesContext(connection) as queries:
            assert crossed.start_next() == number
        costs.append(len(queries))

    assert costs[0] == costs[1]


def test_those_who_leave_and_those_who_enter_at_once_start_each_its_own(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED, code="hello")
    shop.start(wait(), trigger=LEFT, code="bye")
    lists.add(friends, shoppers(3))
    later(clock, minutes=1)

    lists.add(friends, shoppers(2, name="L"), replaces=True)
    drain()

    told = Run.objects.order_by("pk").values_list("campaign__code", "customer__external_id")
    assert sorted(told) == [
        ("bye", "K-0"), ("bye", "K-1"), ("bye", "K-2"),
        ("hello", "K-0"), ("hello", "K-1"), ("hello", "K-2"), ("hello", "L-0"), ("hello", "L-1"),
    ]  # fmt: skip
    assert audit()["unaccounted"] == 0


def test_a_worker_is_rung_once_it_is_committed(shop, clock, friends, django_capture_on_commit_callbacks):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    ids = shoppers(1)

    with django_capture_on_commit_callbacks() as callbacks:
        lists.add(friends, ids)

    assert doorbell._BELLS[RUNS] in callbacks


def test_a_lost_ring_costs_no_more_than_the_wait_for_beat(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    lists.add(friends, shoppers(2))

    advance_due_runs()

    assert started() == 2
    assert not UntoldCount.objects.exists()


def test_a_count_that_told_of_nobody_is_not_noted(shop, clock, friends):
    shop.start(wait(), trigger=ENTERED)
    later(clock, minutes=1)
    ids = shoppers(1)
    lists.add(friends, ids)
    drain()

    lists.add(friends, ids)

    assert not UntoldCount.objects.exists()


def test_who_crossed_before_the_campaign_began_does_not_start_it(shop, clock, friends):
    lists.add(friends, shoppers(2))
    later(clock, minutes=1)
    shop.start(wait(), trigger=ENTERED)

    later(clock, minutes=1)

    assert started() == 0
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("small_sets")
class TestMeanwhile:
    @pytest.fixture
    def campaign(self, shop, clock, friends):
        """Ten of twenty-five have been told to it."""
        campaign = shop.start(sms(), trigger=ENTERED)
        later(clock, minutes=1)
        lists.add(friends, shoppers(25))
        crossed.start_next()
        return campaign

    def test_paused_it_is_started_all_the_same_and_they_wait(self, campaign):
        pause(campaign)
        drain()
        assert (started(), Run.objects.filter(state=RunState.WAITING).count()) == (25, 25)
        assert not Message.objects.exists()

        resume(campaign)
        drain()

        assert Message.objects.count() == 25
        assert audit()["unaccounted"] == 0

    def test_ended_it_starts_nothing_more(self, campaign, clock):
        end(campaign)

        later(clock, hours=2)

        assert started() == 10
        assert not UntoldCount.objects.exists()
        assert audit()["unaccounted"] == 0

    def test_a_new_version_takes_none_of_them_from_the_former(self, campaign, clock):
        save_draft(definition(sms(text="News"), trigger=ENTERED))

        activate(campaign)
        later(clock, hours=2)

        assert list(Run.objects.order_by().values_list("version__number").distinct()) == [(1,)]
        assert started() == 25
        assert not UntoldCount.objects.exists()
        assert audit()["unaccounted"] == 0

    def test_while_orders_is_off_they_are_kept(self, campaign):
        Workspace.objects.update(orders_enabled=False)
        assert crossed.start_next() == 0

        Workspace.objects.update(orders_enabled=True)
        drain()

        assert started() == 25

    def test_a_sweep_that_was_faster_leaves_nothing_to_start_twice(self, campaign, clock):
        sweep()
        assert started() == 25

        later(clock, hours=2)

        assert started() == 25
        assert not UntoldCount.objects.exists()
        assert audit()["unaccounted"] == 0


def test_an_activation_that_ends_takes_the_noted_of_nobody_else(shop, clock, friends):
    ended, lives = (shop.start(wait(), trigger=ENTERED, code=code) for code in ("ended", "lives"))
    later(clock, minutes=1)
    CustomerFactory(external_id="anna")
    lists.add(friends, ["anna"])

    end(ended)
    drain()

    assert Run.objects.get().campaign == lives
    assert not UntoldCount.objects.exists()


# Races, and killed


def start_until_all_is_told():
    meet()
    while crossed.start_next() or UntoldCount.objects.exists():
        pass


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestProcesses:
    @pytest.fixture
    def brought(self, transactional_db):
        """A list of 3,500 customers, by whom two campaigns begin."""
        shop, friends = Shop(), segments.create(code="friends", name="Friends")
        for code in ("one", "two"):
            shop.start(wait(value=9, unit="days"), trigger=ENTERED, code=code)
        lists.add(friends, shoppers(3500))
        assert started() == 0

    def test_two_workers_start_each_once(self, pair, brought):
        pair.run((start_until_all_is_told,), (start_until_all_is_told,))

        assert started() == 7000
        assert audit()["unaccounted"] == 0

    def test_workers_killed_amid_it_leave_each_started_once(self, process_environment, brought, tmp_path):
        # Right after the first set was committed; then wherever it is soon after the next one is to be seen.
        failpoint = tmp_path / "failpoint"
        failpoint.write_text("crossed.started")
        killed = worker(process_environment, FAILPOINT_FILE=str(failpoint))
        rung()
        assert killed.wait(90) == -signal.SIGKILL
        assert started() == set_size()
        assert UntoldCount.objects.filter(done_up_to__gt=0).count() == 1

        killed = worker(process_environment)
        rung()
        wait_until(lambda: started() > set_size())
        time.sleep(0.03)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(60)
        assert audit()["unaccounted"] == 0

        lives = worker(process_environment)
        rung()
        wait_until(lambda: not UntoldCount.objects.exists())
        lives.terminate()
        lives.wait(60)

        assert started() == Run.objects.values("campaign", "customer").distinct().count() == 7000
        assert audit()["unaccounted"] == 0
