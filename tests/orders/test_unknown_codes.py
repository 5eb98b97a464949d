"""Codes nobody has said the meaning of: counted, kept or refused, and given a meaning."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from orders.models import Order, StatusChange, StatusTransition, UnknownCode
from orders.said import Said
from orders.tasks import apply_all_parked
from orders.transitions import hear
from orders.unknown_codes import MOST_NOTED, create_status, give_meaning, note_unknown, waiting_for
from statuses.models import OrderStatus, StatusAlias
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.orders.ledgers import broken_orders, ledger_of
from workspace.models import Source, Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop(db):
    Workspace.objects.update(orders_enabled=True)
    StatusFactory(code="new")
    return SourceFactory(on_unknown=Source.Unknown.USUAL)


def order(external_id="O-1"):
    return OrderFactory(external_id=external_id, customer=None)


def say(code, minute=0, order="O-1", **more):
    return Said(order, "general", code, NOON + timedelta(minutes=minute), **more)


def verdicts(hearing):
    return [heard.problem.code if heard.problem else str(heard.verdict) for heard in hearing.heard]


def listed():
    return list(UnknownCode.objects.order_by("pk").values_list("code", "times", "order_external_id"))


def test_what_live_keys_send_is_kept_and_counted(shop):
    order()

    hearing = hear([say("neww", 1), say("NEWW", 2), say("new", 3)], shop)
    hear([say("neww", 4)], shop)

    assert verdicts(hearing) == ["parked", "parked", "moved"]
    assert listed() == [("neww", 3, "O-1")]


def test_what_test_keys_send_is_refused_and_counted(shop):
    order()

    hearing = hear([say("neww", 1)], shop, is_test=True)

    assert verdicts(hearing) == ["unknown_status"]
    assert listed() == [("neww", 1, "O-1")]


@pytest.mark.parametrize(
    ("setting", "live", "test"),
    [
        ("usual", "parked", "unknown_status"),
        ("park", "parked", "parked"),
        ("reject", "unknown_status", "unknown_status"),
    ],
)
def test_a_source_says_what_is_done_with_them(setting, live, test):
    source = SourceFactory(on_unknown=setting)
    order()

    assert verdicts(hear([say("x", 1)], source)) == [live]
    assert verdicts(hear([say("x", 2)], source, is_test=True)) == [test]


def test_a_repeat_is_not_counted_again(shop):
    order()
    hear([say("neww", 1, event_id="e")], shop)

    assert verdicts(hear([say("neww", 1, event_id="e")], shop)) == ["duplicate"]
    assert listed() == [("neww", 1, "O-1")]


def test_an_unknown_order_with_a_known_code_is_no_unknown_code(shop):
    assert verdicts(hear([say("new", order="nobody")], shop)) == ["parked"]
    assert listed() == []


def test_of_one_call_so_many_spellings_are_noted(shop):
    order()

    hear([say(f"c{n}", n) for n in range(MOST_NOTED + 20)], shop)

    assert UnknownCode.objects.count() == MOST_NOTED


def test_what_is_understood_costs_no_query_more(shop, django_assert_num_queries, django_assert_max_num_queries):
    order()
    with django_assert_max_num_queries(15) as few:
        hear([say("x1", 1)], shop)

    with django_assert_num_queries(len(few)):
        hear([say(f"x{n}", n) for n in range(2, 30)], shop)


def test_mapping_applies_what_waited_in_order_of_time(shop):
    found = order()
    hear([say("b", 3), say("a", 1), say("b", 5)], shop)
    a, b = StatusFactory(code="first"), StatusFactory(code="second")

    give_meaning(UnknownCode.objects.get(code="a"), a, silently=False)
    give_meaning(UnknownCode.objects.get(code="b"), b, silently=False)

    assert ledger_of(found) == [("general", None, "first"), ("general", "first", "second")]
    assert list(StatusChange.objects.order_by("occurred_at").values_list("verdict", flat=True)) == [
        "moved",
        "moved",
        "unchanged",
    ]
    assert listed() == []
    assert broken_orders() == []


@pytest.mark.parametrize(("silently", "because"), [(True, "history"), (False, "")])
def test_what_waited_fires_or_not_as_was_chosen(shop, silently, because):
    order()
    hear([say("neww", 1)], shop)
    unknown = UnknownCode.objects.get()

    assert (waiting_for(unknown).changes, waiting_for(unknown).firing) == (1, 1)
    give_meaning(unknown, OrderStatus.objects.get(code="new"), silently=silently)

    assert StatusTransition.objects.get().silent_because == because


def test_it_is_told_how_many_of_those_that_wait_would_fire(shop):
    order()
    hear([say("neww", 1)], shop)
    hear([say("NEWW", 2)], shop, fires=False)

    waiting = waiting_for(UnknownCode.objects.get())

    assert (waiting.changes, waiting.firing) == (2, 1)


def test_a_meaning_is_one_source_s_own(shop):
    other = SourceFactory()
    order()
    hear([say("neww", 1)], shop)
    hear([say("neww", 2)], other)

    give_meaning(UnknownCode.objects.get(source=shop), OrderStatus.objects.get(code="new"), silently=False)

    assert UnknownCode.objects.get().source == other
    assert StatusChange.objects.get(source=other).verdict == "parked"
    assert verdicts(hear([say("neww", 9)], shop)) == ["unchanged"]


def test_a_status_made_from_it_is_every_source_s(shop):
    other = SourceFactory()
    order()
    hear([say("packed", 1)], shop)
    hear([say("packed", 2)], other)
    unknown = UnknownCode.objects.get(source=shop)

    create_status(unknown, OrderStatus(type="general", code=unknown.code, name="Packed"), silently=True)

    assert listed() == []
    assert StatusChange.objects.filter(verdict="parked").count() == 0
    assert Order.objects.get().general_status.code == "packed"


def test_what_is_ignored_is_kept_counts_as_unchanged_and_moves_nothing(shop):
    found = order()
    hear([say("new", 1), say("draft", 2)], shop)

    give_meaning(UnknownCode.objects.get(), None, silently=False)
    hearing = hear([say("draft", 3), say("new", 1, event_id="again")], shop)

    assert verdicts(hearing) == ["ignored", "unchanged"]
    assert list(StatusChange.objects.filter(code="draft").values_list("verdict", flat=True)) == ["ignored", "ignored"]
    assert ledger_of(found) == [("general", None, "new")]
    assert listed() == []


def test_a_retired_status_that_is_not_taken_is_refused_with_a_reason(shop):
    order()
    StatusFactory(code="old", retired_at=timezone.now(), is_taken_from_sources=False)

    hearing = hear([say("old", 1), say("new", 2)], shop)

    assert verdicts(hearing) == ["status_retired", "moved"]


def test_what_waited_for_its_order_is_applied_though_its_status_was_retired_since(shop):
    status = StatusFactory(code="old")
    hear([say("old", 1)], shop)
    status.retired_at, status.is_taken_from_sources = timezone.now(), False
    status.save()

    found = order()

    assert ledger_of(found) == [("general", None, "old")]


def test_an_alias_of_all_sources_takes_its_code_off_the_list(shop):
    order()
    hear([say("neww", 1)], shop)

    StatusAlias.objects.create(type="general", code="NEWW", status=OrderStatus.objects.get(code="new"))

    assert listed() == []
    assert Order.objects.get().general_status.code == "new"


def test_a_code_that_is_noted_once_more_after_it_was_given_a_meaning_is_forgotten(shop):
    hear([say("neww"), say("lost")], shop)
    give_meaning(UnknownCode.objects.get(code="neww"), OrderStatus.objects.get(), silently=True)

    note_unknown([say("neww")], shop, timezone.now())  # by a feed that had asked what it means before
    apply_all_parked()

    assert listed() == [("lost", 1, "O-1")]
