"""The engine knows no kind of step: it claims, lets steps decide, and writes what was decided, whatever goes wrong."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from campaigns import engine, steps
from campaigns.draining import drain
from campaigns.engine import NOT_MINE, advance
from campaigns.lifecycle import activate, end, pause, resume, save_draft
from campaigns.models import Message, Run, RunEvent
from campaigns.steps.base import Branch, Continue, Decision, StepForm, StepKind, Stop, Wait
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, asks, condition, definition, ending, later, path, sms, wait
from tests.processes import meet

pytestmark = pytest.mark.django_db


def pay_all(shop, count):
    """Orders paid, whose runs are due."""
    names = [shop.order(f"O-{n}").external_id for n in range(count)]
    hear([Said(name, "payment", "paid") for name in names], shop.source)
    return names


def states():
    return dict(Run.objects.order_by("pk").values_list("order__external_id", "state"))


@pytest.fixture
def kind(monkeypatch):
    """A step kind made in the test: `kind(decide, *branches)`."""

    def add(decide, *branches, key="made_here"):
        made = StepKind(key, "Made here", StepForm, decide, tuple(Branch(name, name) for name in branches))
        monkeypatch.setitem(steps.STEPS, key, made)
        return {"key": "made", "kind": key}

    engine._read.cache_clear()
    yield add
    engine._read.cache_clear()


# A kind of step


def test_a_new_kind_of_step_is_carried_without_edits_elsewhere(shop, clock, kind):
    def decide(runs, step, params, world):
        """Waits an hour, then sends odd orders one way and even ones the other."""
        if world.now < runs[0].step_at + timedelta(hours=1):
            return [Decision(Wait(world.now + timedelta(hours=1)), {"asked": step}) for _ in runs]
        return [Decision(Continue("odd" if run.order_id % 2 else "even")) for run in runs]

    step = kind(decide, "odd", "even") | {"branches": {"odd": [sms("odd")], "even": [sms("even")]}}
    shop.start(step, wait("after", 1, "minutes"))
    pay_all(shop, 2)
    drain()
    later(clock, hours=1)

    [odd, even] = sorted(Run.objects.all(), key=lambda run: run.order_id % 2 == 0)
    assert path(odd)[:4] == [("", "admitted"), ("made", "waiting"), ("made", "odd"), ("odd", "owed")]
    assert path(even)[:4] == [("", "admitted"), ("made", "waiting"), ("made", "even"), ("even", "owed")]
    assert odd.events.get(outcome="waiting", step="made").seen == {"asked": "made"}


def test_a_step_decides_for_all_its_runs_at_once(shop, kind):
    batches = []

    def decide(runs, step, params, world):
        batches.append(len(runs))
        return [Decision(Stop("enough")) for _ in runs]

    shop.start(kind(decide))
    pay_all(shop, 7)

    assert advance() == 7
    assert batches == [7]
    assert set(Run.objects.values_list("state", "reason")) == {("stopped", "enough")}


def test_a_step_that_answers_for_too_few_fails(shop, kind):
    shop.start(kind(lambda runs, step, params, world: []))

    assert ending(shop.pay()) == ("failed", "ValueError")


# A poison row


def poisoned(name, error):
    def decide(runs, step, params, world):
        if any(world.order(run).external_id == name for run in runs):
            raise error
        return [Decision(Continue()) for _ in runs]

    return decide


@pytest.mark.parametrize("name", ["O-0", "O-5", "O-9"])
def test_one_that_cannot_be_decided_fails_alone(shop, kind, name):
    shop.start(kind(poisoned(name, ZeroDivisionError("no"))), sms())
    pay_all(shop, 10)

    drain()

    assert states() == {f"O-{n}": "failed" if f"O-{n}" == name else "finished" for n in range(10)}
    failed = Run.objects.get(state="failed")
    assert path(failed) == [("", "failed")]
    assert (failed.reason, failed.due_at, failed.ended_at) == ("ZeroDivisionError", None, NOON)
    assert failed.events.get().seen == {"error": "ZeroDivisionError"}


def test_two_that_cannot_be_decided_fail_alone(shop, kind):
    shop.start(kind(poisoned("O-2", KeyError("x"))), code="one")
    shop.start(kind(poisoned("O-7", RecursionError()), key="other"), code="two")
    pay_all(shop, 10)

    drain()

    failed = Run.objects.filter(state="failed").values_list("order__external_id", "reason")
    assert set(failed) == {("O-2", "KeyError"), ("O-7", "RecursionError")}
    assert Run.objects.filter(state="finished").count() == 18


def test_one_that_the_database_refuses_fails_alone(shop, kind):
    def decide(runs, step, params, world):
        """A reason that is longer than its column, on PostgreSQL; on SQLite, which would take it, the error itself."""
        for run in runs:
            if world.order(run).external_id == "O-3":
                raise IntegrityError("refused")
        return [Decision(Stop("done")) for _ in runs]

    shop.start(kind(decide))
    pay_all(shop, 10)

    drain()

    assert [name for name, state in states().items() if state == "failed"] == ["O-3"]


def test_what_had_been_decided_for_a_poison_row_before_remains(shop, clock, kind):
    shop.start(wait(), kind(poisoned("O-1", ValueError())))
    run = shop.pay("O-1")

    later(clock, hours=1)

    assert path(run) == [("", "admitted"), ("pause", "waiting"), ("pause", "failed")]


# A worker of another age


def test_a_worker_that_does_not_know_a_step_leaves_its_runs_to_others(shop, clock, kind, monkeypatch):
    shop.start(kind(lambda runs, step, params, world: [Decision(Continue()) for _ in runs]), code="new")
    shop.start(sms(), code="old")
    pay_all(shop, 3)
    with monkeypatch.context() as older:
        older.delitem(steps.STEPS, "made_here")
        engine._read.cache_clear()

        drain()

    left = Run.objects.filter(campaign__code="new")
    assert set(left.values_list("state", "step", "event_count", "due_at")) == {("waiting", "", 0, NOON + NOT_MINE)}
    assert set(Run.objects.filter(campaign__code="old").values_list("state", flat=True)) == {"finished"}

    later(clock, minutes=1)
    assert set(left.values_list("state", flat=True)) == {"finished"}


def test_a_worker_that_does_not_know_a_step_leaves_its_messages_to_others(shop, clock, kind, memory, monkeypatch):
    shop.start(sms(), kind(lambda runs, step, params, world: [Decision(Continue()) for _ in runs]))
    pay_all(shop, 2)
    advance()
    with monkeypatch.context() as older:
        older.delitem(steps.STEPS, "made_here")
        engine._read.cache_clear()

        drain()

    assert set(Message.objects.values_list("state", "due_at")) == {("pending", NOON + NOT_MINE)}
    assert not memory.taken

    later(clock, minutes=1)
    assert set(states().values()) == {"finished"}


# Pause, resume, end


def test_paused_runs_and_messages_stay_where_they_are(shop, clock, memory):
    campaign = shop.start(wait(value=1), sms(deliver="outside_quiet_hours"), wait("last"))
    clock.move_to(NOON.replace(hour=22))
    at_wait = shop.pay("O-1")
    later(clock, hours=1)
    pause(campaign)

    at_gate = shop.pay("O-2")
    later(clock, hours=13)

    assert path(at_wait)[-1] == ("text", "owed")
    assert path(at_gate) == []
    assert not memory.taken

    resume(campaign)
    drain()
    assert path(at_wait)[-2:] == [("text", "sent"), ("last", "waiting")]
    assert path(at_gate) == [("", "admitted"), ("pause", "waiting")]


def test_ended_runs_stop_wherever_they_are(shop, clock, memory):
    clock.move_to(NOON.replace(hour=22))
    campaign = shop.start(sms(deliver="outside_quiet_hours"), wait(value=9, unit="days"), sms("second"))
    at_wait = shop.pay("O-1")
    later(clock, hours=14)
    clock.shift(timedelta(hours=10))
    held = shop.pay("O-2")
    shop.order("O-3")
    shop.tell("O-3", "paid")
    at_gate = Run.objects.get(order__external_id="O-3")

    end(campaign)
    drain()

    for run in (at_wait, held, at_gate):
        assert ending(run) == ("stopped", "campaign_ended")
    assert path(at_wait)[-1] == ("pause", "stopped")
    assert path(held)[-2:] == [("text", "owed"), ("text", "stopped")]
    assert path(at_gate) == [("", "stopped")]
    assert Message.objects.filter(state="skipped", skip_reason="campaign_ended").count() == 1


def test_what_has_ended_is_left_alone(shop):
    campaign = shop.start(sms())
    run = shop.pay()
    before = path(run)

    end(campaign)
    drain()

    assert (ending(run), path(run)) == (("finished", ""), before)


def test_a_run_keeps_to_the_version_it_began_in(shop, clock):
    shop.start(wait(), sms(text="first"))
    old = shop.pay("O-1")
    shop.start(wait(), sms(text="second"))
    new = shop.pay("O-2")

    later(clock, hours=1)

    assert [run.messages.get().text for run in (old, new)] == ["first", "second"]


# What it writes and what it costs


def test_decisions_are_numbered_and_counted(shop):
    shop.start(asks(condition("order.total", ">", 0)), sms())

    run = shop.pay()

    assert list(run.events.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert (run.event_count, run.ended_at) == (4, NOON)


def test_nothing_due_is_nothing_done(shop):
    shop.start(wait())
    shop.pay()

    assert advance() == 0


def test_a_batch_costs_the_same_however_large_it_is(shop):
    rule = [condition("order.payment_status", "=", "paid"), condition("customer.first_name", "=", "Ada")]
    limits = {"reentry": {"mode": "once_per_customer"}, "max_age": {"value": 1, "unit": "days"}}
    shop.start(asks(*rule, no=[wait("other")]), sms(), **limits)

    def queries_of_a_batch(names):
        for name in names:
            shop.order(name)
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        with CaptureQueriesContext(connection) as queries:
            assert advance() == len(names)
        return len(queries)

    few = queries_of_a_batch(["A-1", "A-2"])
    many = queries_of_a_batch([f"B-{n}" for n in range(60)])

    # Nothing is asked or written row by row; SQLite takes fewer rows in one statement.
    assert many - few <= 4


def test_a_batch_has_its_limit(shop):
    shop.start(wait())
    pay_all(shop, 5)

    assert [advance(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_oldest_due_come_first(shop, clock):
    shop.start(sms())
    pay_all(shop, 3)
    Run.objects.filter(order__external_id="O-2").update(due_at=NOON - timedelta(hours=1))

    advance(limit=1)

    assert states() == {"O-0": "waiting", "O-1": "waiting", "O-2": "waiting"}
    assert list(Run.objects.filter(step="text").values_list("order__external_id", flat=True)) == ["O-2"]


# Two at once


def drain_at_once():
    meet()
    return drain().runs


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_processes_carry_each_run_once(pair, open_shop):
    campaign, _ = save_draft(definition(asks(condition("order.total", ">", 0)), sms(), sms("second")))
    activate(campaign)
    pay_all(open_shop, 60)

    pair.run((drain_at_once,), (drain_at_once,))

    assert Run.objects.filter(state="finished").count() == 60
    assert set(Run.objects.values_list("event_count", flat=True)) == {6}
    assert Message.objects.filter(state="accepted").count() == 120
    assert RunEvent.objects.count() == 360


@pytest.fixture
def open_shop(transactional_db):
    """In real time."""
    return Shop()


def test_a_version_that_was_read_is_kept_in_memory(shop, monkeypatch):
    shop.start(sms())
    shop.pay("O-1")
    monkeypatch.setattr(engine, "read_plan", None)

    assert ending(shop.pay("O-2")) == ("finished", "")
