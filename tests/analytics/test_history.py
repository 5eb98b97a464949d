"""Each way in which history comes to be another, and that visits follow; what reading costs."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.db.models import Max

from analytics import history, watching
from analytics.models import Bookmark, StaleOrder, Visit
from analytics.tasks import follow_history
from customers.models import Customer
from orders.merging import carry_on_merges
from orders.models import Order, StatusTransition, UnknownCode
from orders.said import Said
from orders.transitions import apply_parked, hear
from orders.unknown_codes import create_status, give_meaning
from orders.upserts import OrderRow, upsert_orders
from statuses import lifecycle, writing
from statuses.models import OrderStatus, StatusAlias
from tests.analytics.folds import folded_visits, kept_visits
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory, vocabulary
from workspace.models import Source

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
WITHIN_S = 60


@pytest.fixture
def shop(db):
    vocabulary(*(("general", code) for code in "abcu"))
    OrderFactory(external_id="O-1")
    return SourceFactory(code="shop")


def status(code):
    return OrderStatus.objects.get(type="general", code=code)


def said(code, minute, order="O-1", sequence=None):
    return Said(order, "general", code, NOON + timedelta(minutes=minute), None, sequence)


def tell(shop, *told, order="O-1"):
    """`a10`: a, ten minutes after noon."""
    return [one.verdict for one in hear([said(one[0], int(one[1:]), order) for one in told], shop).heard]


def visits(order="O-1"):
    """As `a10-20 b20-`: in a from ten minutes after noon to twenty, in b since."""
    rows = Visit.objects.filter(order__external_id=order).select_related("status").order_by("ordinal")
    return " ".join(f"{row.status.code}{minutes(row.entered_at)}-{minutes(row.left_at)}" for row in rows)


def path(order="O-1"):
    """As `>a10-20 a>b20-`: the same of steps, each with where it came from."""
    rows = Visit.objects.filter(order__external_id=order, is_step=True).order_by("ordinal")
    steps = rows.values_list("path_from__code", "status__code", "entered_at", "path_left_at")
    return " ".join(f"{before or ''}>{code}{minutes(at)}-{minutes(left)}" for before, code, at, left in steps)


def minutes(at):
    return "" if at is None else int((at - NOON).total_seconds() / 60)


# What is told


def test_an_order_has_a_visit_for_each_stay(shop):
    tell(shop, "a10", "b20", "a30")

    history.catch_up()

    assert visits() == "a10-20 b20-30 a30-"
    assert path() == ">a10-20 a>b20-30 b>a30-"
    assert set(Visit.objects.values_list("order", "customer", "source", "type")) == {
        (Order.objects.get().pk, Customer.objects.get().pk, shop.pk, "general")
    }
    assert list(Visit.objects.order_by("ordinal").values_list("from_status__code", flat=True)) == [None, "a", "b"]


def test_types_are_apart(shop):
    StatusFactory(type="payment", code="paid")
    tell(shop, "a10", "b30")
    hear([Said("O-1", "payment", "paid", NOON + timedelta(minutes=20))], shop)

    history.catch_up()

    rows = Visit.objects.order_by("type", "ordinal").values_list("type", "ordinal", "status__code", "left_at")
    assert list(rows) == [
        ("general", 1, "a", NOON + timedelta(minutes=30)),
        ("general", 2, "b", None),
        ("payment", 1, "paid", None),
    ]


def test_what_comes_late_is_read_in_its_place(shop):
    tell(shop, "a10", "c30")
    history.catch_up()

    assert tell(shop, "b20") == ["late"]
    history.catch_up()

    assert visits() == "a10-20 b20-30 c30-"


def test_what_changed_nothing_matters_once_something_comes_between(shop):
    assert tell(shop, "a10", "a30") == ["moved", "unchanged"]
    history.catch_up()
    assert visits() == "a10-"

    tell(shop, "b20")
    history.catch_up()

    assert visits() == "a10-20 b20-30 a30-"


def test_what_is_saved_is_history_too(shop):
    tell(shop, "a10")
    order = Order.objects.get()
    order.general_status = status("b")
    with time_machine.travel(NOON + timedelta(minutes=20), tick=False):
        order.save()

    history.catch_up()

    assert visits() == "a10-20 b20-"
    assert Visit.objects.get(status__code="b").source_id == Source.ADMIN_ID


def test_of_one_time_the_sequence_decides_then_when_it_was_received_then_the_key(shop):
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        hear([said("b", 10, sequence=2), said("a", 10, sequence=1), said("c", 20), said("a", 20)], shop)

    history.catch_up()

    assert visits() == "a10-10 b10-20 c20-20 a20-"


def test_what_waits_is_no_history_and_what_says_nothing_is_none(shop):
    StatusAlias.objects.create(source=shop, type="general", code="z", status=None)
    assert tell(shop, "y10", "z20") == ["parked", "ignored"]

    history.catch_up()

    assert visits() == ""


# What was parked, and is understood later: rows whose ids were read long ago


@pytest.fixture
def parked(shop):
    """With a at 20 known, and x at 10 and y at 30 not."""
    tell(shop, "a20", "x10", "y30")
    history.catch_up()
    assert visits() == "a20-"
    return shop


def test_a_parked_change_that_turns_out_late_is_read_in_its_place(parked):
    StatusFactory(code="x")

    history.catch_up()

    assert visits() == "x10-20 a20-"


def test_a_parked_change_that_changes_nothing_is_known_of(parked):
    StatusAlias.objects.create(source=parked, type="general", code="y", status=status("a"))
    history.catch_up()

    tell(parked, "b25")
    history.catch_up()

    assert visits() == "a20-25 b25-30 a30-"


@pytest.mark.parametrize("way", ["meaning", "status", "together"])
def test_whoever_says_what_codes_mean_history_follows(parked, way):
    unknown = UnknownCode.objects.get(code="x")
    if way == "meaning":
        give_meaning(unknown, status("b"), silently=True)
    elif way == "status":
        create_status(unknown, OrderStatus(type="general", code="x", name="X"), silently=True)
    else:
        writing.add_together([OrderStatus(type="general", code="x", name="X")])

    history.catch_up()

    assert visits() == ("b10-20 a20-" if way == "meaning" else "x10-20 a20-")


def test_what_waited_for_its_order_is_read_when_that_comes(shop):
    tell(shop, "a10", "a20", order="O-2")
    history.catch_up()

    Order.objects.create(external_id="O-2", general_status=status("b"))
    tell(shop, "c15", order="O-2")
    history.catch_up()

    assert visits("O-2").startswith("a10-15 c15-20 a20-")


def test_what_waited_is_read_when_it_is_applied_by_the_sweep(shop):
    tell(shop, "a10", order="O-2")
    Order.objects.bulk_create([Order(external_id="O-2")])
    history.catch_up()

    assert apply_parked() == 1
    history.catch_up()

    assert visits("O-2") == "a10-"


# The mark


def test_a_way_through_an_unmarked_status_reads_as_if_it_were_not_there(shop):
    OrderStatus.objects.filter(code="u").update(include_in_analytics=False)
    tell(shop, "a10", "u20", "b30", "u40", "b50")

    history.follow(WITHIN_S)

    assert visits() == "a10-20 u20-30 b30-40 u40-50 b50-"
    assert path() == ">a10-30 a>b30-"


@pytest.mark.parametrize("way", ["one", "many", "statement"])
def test_a_mark_taken_away_and_given_again(shop, way):
    tell(shop, "a10", "u20", "b30")
    history.follow(WITHIN_S)
    assert path() == ">a10-20 a>u20-30 u>b30-"

    set_mark("u", False, way)
    history.follow(WITHIN_S)
    assert path() == ">a10-30 a>b30-"

    set_mark("u", True, way)
    history.follow(WITHIN_S)
    assert path() == ">a10-20 a>u20-30 u>b30-"


def set_mark(code, is_marked, way):
    if way == "one":
        lifecycle.change(status(code), {"include_in_analytics": is_marked})
    elif way == "many":
        word = status(code)
        word.include_in_analytics = is_marked
        writing.change_together([word])
    else:
        OrderStatus.objects.filter(code=code).update(include_in_analytics=is_marked)


def test_a_mark_remakes_only_the_orders_that_were_in_that_status(shop):
    OrderFactory(external_id="O-2")
    tell(shop, "a10", "u20")
    tell(shop, "a10", "b20", order="O-2")
    history.follow(WITHIN_S)
    before = set(Visit.objects.filter(order__external_id="O-2").values_list("pk", flat=True))

    set_mark("u", False, "one")
    history.follow(WITHIN_S)

    assert set(Visit.objects.filter(order__external_id="O-2").values_list("pk", flat=True)) == before
    assert path() == ">a10-"


def test_a_status_that_is_not_used_may_still_be_deleted(shop):
    set_mark("c", False, "one")
    history.follow(WITHIN_S)

    lifecycle.delete(status("c"))

    assert not OrderStatus.objects.filter(code="c").exists()


def test_a_reader_leaves_a_mark_to_the_background_and_says_as_of_when_history_is(shop, django_assert_num_queries):
    tell(shop, "a10", "u20", "b30")
    with time_machine.travel(NOON, tick=False):
        history.catch_up()
    set_mark("u", False, "one")

    with django_assert_num_queries(1):
        assert history.catch_up() == NOON
    tell(shop, "c40")
    assert history.catch_up() == NOON
    assert path() == ">a10-20 a>u20-30 u>b30-40 b>c40-"
    assert (history.backlog(), history.was_reread_since(NOON)) == (0, False)

    assert history.follow(WITHIN_S) > NOON
    assert path() == ">a10-30 a>b30-40 b>c40-"
    assert history.was_reread_since(NOON)


# Merging


def merge(code, into):
    lifecycle.begin_merge(status(code), status(into))
    carry_on_merges()


def test_a_merged_status_is_the_other_in_its_past_too(shop):
    tell(shop, "a10", "b20", "c30", "b40")
    history.follow(WITHIN_S)

    merge("b", "c")
    history.follow(WITHIN_S)

    assert StatusTransition.objects.filter(silent_because="merge").count() == 1
    assert visits() == "a10-20 c20-"


def test_a_merge_into_what_is_merged_later(shop):
    tell(shop, "a10", "b20", "c30")
    merge("a", "b")
    history.follow(WITHIN_S)
    assert visits() == "b10-30 c30-"

    merge("b", "u")
    history.follow(WITHIN_S)
    assert visits() == "u10-30 c30-"


def test_the_mark_of_what_a_merged_status_became_counts(shop):
    tell(shop, "a10", "b20", "c30")
    merge("b", "u")
    set_mark("u", False, "one")

    history.follow(WITHIN_S)

    assert path() == ">a10-30 a>c30-"


# Whose order it is


@pytest.mark.parametrize("way", ["save", "upsert", "statement", "stale copy"])
def test_an_order_that_comes_to_be_another_customers_takes_its_history_along(shop, way):
    order, other = Order.objects.get(), CustomerFactory(external_id="C-other")
    tell(shop, "a10")
    history.catch_up()

    if way == "save":
        order.customer = other
        order.save()
    elif way == "upsert":
        upsert_orders([OrderRow("O-1", {"customer": "C-other"}, {})], shop)
    elif way == "statement":
        Order.objects.filter(pk=order.pk).update(customer=other)
    else:  # which puts back what it read before
        Order.objects.filter(pk=order.pk).update(customer=other)
        history.catch_up()
        Order(**{field.attname: getattr(order, field.attname) for field in Order._meta.fields}).save(
            force_update=True, update_fields=["customer"]
        )
        other = order.customer
    history.catch_up()

    assert Visit.objects.get().customer == other


# What reading costs, and says


def test_when_nothing_is_new_reading_costs_one_query(shop, django_assert_num_queries):
    tell(shop, "a10")
    history.catch_up()
    now = datetime(2026, 1, 1, tzinfo=UTC)

    with time_machine.travel(now, tick=False), django_assert_num_queries(1):
        assert history.catch_up() == now


def test_many_new_changes_cost_as_much_as_one(shop, django_assert_max_num_queries):
    history.catch_up()
    for number in range(2, 60):
        OrderFactory(external_id=f"O-{number}")
        tell(shop, "a10", "b20", order=f"O-{number}")

    with django_assert_max_num_queries(22):
        history.catch_up()

    assert Visit.objects.count() == 116


def test_as_of_when_history_is_complete(shop):
    assert history.as_of() is None

    with time_machine.travel(NOON, tick=False):
        assert history.catch_up() == NOON
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        assert history.as_of() == NOON + timedelta(minutes=5)
        tell(shop, "a1")
    with time_machine.travel(NOON + timedelta(minutes=9), tick=False):
        assert history.as_of() == NOON


def test_whoever_waits_for_long_work_waits_no_longer_than_asked(shop, monkeypatch):
    monkeypatch.setattr(history, "SET", 2)
    for number in range(2, 8):
        OrderFactory(external_id=f"O-{number}")
        tell(shop, "a10", "u20", "b30", order=f"O-{number}")
    with time_machine.travel(NOON, tick=False):
        history.catch_up(within_s=60)

    set_mark("u", False, "one")
    assert history.follow(within_s=0.0) == NOON
    history._read_on()

    assert history.backlog() == 4
    assert history.as_of() == NOON
    assert history.catch_up(within_s=60) > NOON
    assert history.backlog() == 0
    assert kept_visits(Order.objects.all()) == folded_visits(Order.objects.all())


def test_a_rebuild_that_was_interrupted_is_gone_on_with(shop, monkeypatch):
    monkeypatch.setattr(history, "SET", 2)
    for number in range(2, 8):
        OrderFactory(external_id=f"O-{number}")
        tell(shop, "a10", "b20", order=f"O-{number}")
    history._begin_again()
    history._read_on()
    tell(shop, "a5", order="O-2")

    told = []
    history.catch_up(within_s=60)
    Visit.objects.all().delete()
    history.rebuild(tell=lambda done, orders: told.append((done, orders)))

    assert kept_visits(Order.objects.all()) == folded_visits(Order.objects.all())
    assert [done for done, _orders in told] == sorted(done for done, _orders in told)
    last = Order.objects.aggregate(last=Max("pk"))["last"]
    assert told[-1] == (last, last)


def test_some_orders_can_be_made_anew(shop):
    OrderFactory(external_id="O-2")
    tell(shop, "a10")
    tell(shop, "a10", order="O-2")
    history.catch_up()
    Visit.objects.all().delete()

    history.rebuild([Order.objects.get(external_id="O-1").pk])

    assert (visits("O-1"), visits("O-2")) == ("a10-", "")


def test_beat_has_history_read_and_a_mark_worked_off(shop, monkeypatch):
    monkeypatch.setattr(history, "SET", 1)
    OrderFactory(external_id="O-2")
    for order in ("O-1", "O-2"):
        tell(shop, "a10", "u20", order=order)
    follow_history()
    set_mark("u", False, "one")

    follow_history()

    assert (path("O-1"), path("O-2")) == (">a10-", ">a10-")
    assert history.backlog() == 0


def test_of_very_many_orders_the_books_look_at_others_each_time(monkeypatch):
    monkeypatch.setattr(history, "AUDITED", 10)
    monkeypatch.setattr(history, "MOST_AUDITED", 2)

    seen = [[which.parameters for which in audited_at(second, last=45)] for second in (0, 60, 120)]

    assert seen == [[(1, 10), (11, 20)], [(21, 30), (31, 40)], [(41, 45), (1, 10)]]


def audited_at(second, last):
    with time_machine.travel(datetime.fromtimestamp(second, UTC), tick=False):
        return list(history._audited(last))


# For runs of campaigns


def test_for_some_customers_what_is_new_is_read_at_once(shop, django_assert_num_queries):
    other, _third = OrderFactory(external_id="O-2"), OrderFactory(external_id="O-3", customer=None)
    history.catch_up()
    tell(shop, "a10", "b20")
    tell(shop, "a10", order="O-2")

    history.catch_up_for([Order.objects.get(external_id="O-1").customer_id])
    assert (visits("O-1"), visits("O-2")) == ("a10-20 b20-", "")

    history.catch_up_for([], [other.pk])
    assert visits("O-2") == "a10-"

    history.catch_up()
    customers = list(Customer.objects.values_list("pk", flat=True))
    with django_assert_num_queries(1):
        history.catch_up_for(customers)
    tell(shop, "c30", order="O-3")
    with django_assert_num_queries(2):
        history.catch_up_for(customers)


def test_for_some_customers_history_is_made_that_never_was(shop):
    tell(shop, "a10")

    history.catch_up_for([Customer.objects.get().pk])

    assert visits() == "a10-"
    assert not Bookmark.objects.exists()


def test_for_some_customers_stale_orders_are_read_and_stay_to_be_read_again(shop):
    tell(shop, "a10")
    history.catch_up()
    other = CustomerFactory()
    Order.objects.update(customer=other)

    history.catch_up_for([other.pk])

    assert Visit.objects.get().customer == other
    assert StaleOrder.objects.count() == 1


@pytest.fixture
def sold_unseen(shop):
    """SQLite's triggers are away, as after a migrate that was killed, and meanwhile the order got another customer."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL changes its tables as they are, and its triggers stay")
    tell(shop, "a10")
    history.catch_up()
    watching.look_away(using="default")
    Order.objects.update(customer=CustomerFactory(external_id="buyer"))
    assert not StaleOrder.objects.exists()


def is_watched():
    history.catch_up()
    Order.objects.update(customer=None)
    return StaleOrder.objects.count() == 1


def test_what_changed_while_triggers_were_away_is_read_by_the_next_who_follows(sold_unseen):
    follow_history()

    assert Visit.objects.get().customer.external_id == "buyer"
    assert is_watched()


def test_what_changed_while_triggers_were_away_is_read_after_the_next_migrate(sold_unseen):
    call_command("migrate", "analytics", verbosity=0)
    history.catch_up()

    assert Visit.objects.get().customer.external_id == "buyer"
    assert is_watched()


def test_nothing_is_read_anew_where_triggers_are_there(shop):
    tell(shop, "a10")
    history.catch_up()
    read_at = history.as_of()

    watching.look_after_all()
    call_command("migrate", "analytics", verbosity=0)

    assert Bookmark.objects.get().read_at <= read_at


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL changes its tables as they are")
def test_triggers_outlive_a_table_that_sqlite_makes_anew(shop):
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER analytics_order_changed")
    call_command("migrate", "analytics", verbosity=0)
    tell(shop, "a10")
    history.catch_up()

    Order.objects.update(customer=None)

    assert StaleOrder.objects.count() == 1
