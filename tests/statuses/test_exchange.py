import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.lifecycle import activate, save_draft
from campaigns.models import Run, Watch
from orders.models import Order, UnknownCode
from orders.said import Said
from orders.transitions import hear
from statuses import exchange
from statuses.exchange import Line, NotTakenIn, Verdict
from statuses.models import OrderStatus, StatusAlias
from statuses.writing import add_together
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import ready_for_pickup, turn_orders_on
from workspace.database import is_postgresql

pytestmark = pytest.mark.django_db


def line(code="paid", type="payment", where="line 2", **said):
    aliases = said.pop("aliases", ())
    return Line(where, type, code, named=said, aliases=aliases)


def verdicts(plan):
    return [(planned.line.code, planned.verdict, planned.told()) for planned in plan.planned]


def wrong(*lines):
    with pytest.raises(NotTakenIn) as refused:
        exchange.take_in(lines)
    return [problem.detail for planned in refused.value.plan.planned for problem in planned.problems]


def test_a_plan_says_what_would_be_added_changed_and_left_and_changes_nothing():
    StatusFactory(type="payment", code="paid", name="Paid", colour="grey")
    StatusFactory(type="payment", code="refunded", name="Refunded")

    plan = exchange.plan(
        [
            line("new", name="New", aliases=("n1", "n2")),
            line("PAID", name="Settled", colour="green", include_in_analytics=False),
            line("refunded", name="Refunded"),
        ]
    )

    assert verdicts(plan) == [
        ("new", "add", ["other codes: n1, n2"]),
        ("PAID", "change", ["name: Paid → Settled", "include in analytics: yes → no", "colour: Grey → Green"]),
        ("refunded", "same", []),
    ]
    assert OrderStatus.objects.count() == 2


def test_what_was_planned_is_done():
    paid = StatusFactory(type="payment", code="paid", name="Paid", position=1)

    exchange.take_in([line("paid", name="Settled", position=4, aliases=("ok",)), line("new")])

    paid.refresh_from_db()
    assert (paid.code, paid.name, paid.position, paid.revision) == ("paid", "Settled", 4, 2)
    assert StatusAlias.objects.get().status == paid
    assert OrderStatus.objects.values_list("name", "position").get(code="new") == ("New", 2)


def test_what_a_line_does_not_name_stays():
    StatusFactory(type="payment", code="paid", name="Paid", colour="green")

    exchange.take_in([line("paid", include_in_analytics=False)])

    assert OrderStatus.objects.values_list("name", "colour").get() == ("Paid", "green")


def test_the_same_code_of_another_type_is_another_status():
    StatusFactory(type="general", code="paid")

    exchange.take_in([line("paid", type="payment")])

    assert set(OrderStatus.objects.values_list("type", "code")) == {("general", "paid"), ("payment", "paid")}


def test_a_file_neither_retires_nor_restores_what_is_there():
    old, new = StatusFactory(code="old", retired_at=timezone.now()), StatusFactory(code="new")

    plan = exchange.take_in([line("old", "general"), Line("line 3", "general", "new", is_retired=True)])

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.is_retired, new.is_retired) == (True, False)
    assert [planned.note for planned in plan.planned] == [
        "A file neither retires nor restores a status. Do so in its own window."
    ] * 2


def test_a_new_status_may_come_retired():
    exchange.take_in([Line("line 2", "general", "old", is_retired=True, is_taken=False)])

    status = OrderStatus.objects.get()
    assert (status.is_retired, status.is_taken_from_sources) == (True, False)


def test_what_was_merged_stays_merged():
    into = StatusFactory(code="delivered", name="Delivered")
    StatusFactory(code="arrived", retired_at=timezone.now(), merged_into=into)

    plan = exchange.take_in([line("arrived", "general", name="Here")])

    assert verdicts(plan) == [("arrived", "same", ["It was merged into “Delivered” and stays so."])]


def test_one_wrong_line_and_nothing_is_written():
    StatusFactory(type="payment", code="paid", name="Paid")

    wrong(line("new"), line("paid", name="Settled"), line("NEW", where="line 4"))

    assert OrderStatus.objects.values_list("code", "name").get() == ("paid", "Paid")


def test_the_same_code_in_two_cases_is_one_status_told_twice():
    assert wrong(line("Größe"), line("GRÖSSE", where="line 3")) == ["The same status stands in line 2 already."]


def test_a_new_code_that_is_another_code_already_is_wrong():
    StatusAlias.objects.create(
        status=StatusFactory(type="payment", code="paid", name="Paid"), type="payment", code="ok"
    )

    assert wrong(line("OK")) == ["“ok” is another code of “Paid”. Choose another, or take it from there first."]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([line("new", aliases=("paid",))], "“paid” is the code of the status “Paid”."),
        ([line("paid", aliases=("PAID",))], "“PAID” is the code of the status “Paid”."),
        (
            [line("new", aliases=("ok",))],
            "“ok” is another code of “Paid”. Choose another, or take it from there first.",
        ),
        (
            [line("a", aliases=("b",)), line("b", where="line 3")],
            "“b” stands in line 3 too. A code means one thing.",
        ),
        (
            [line("a", aliases=("x",)), line("b", where="line 3", aliases=("X",))],
            "“X” stands in line 2 too. A code means one thing.",
        ),
        ([line("a", aliases=("A",))], "“A” stands in this line, as its own code too. A code means one thing."),
    ],
)
def test_another_code_means_one_thing(lines, problem):
    paid = StatusFactory(type="payment", code="paid", name="Paid")
    StatusAlias.objects.create(status=paid, type="payment", code="ok")

    assert wrong(*lines) == [problem]


def test_another_code_that_means_the_status_already_is_no_change():
    paid = StatusFactory(type="payment", code="paid")
    StatusAlias.objects.create(status=paid, type="payment", code="ok")
    StatusFactory(type="payment", code="settled", retired_at=timezone.now(), merged_into=paid)

    plan = exchange.take_in([line("paid", aliases=("OK", "settled", "ok"))])

    assert plan.counts == {"add": 0, "change": 0, "same": 1, "wrong": 0}


def test_who_looked_at_one_plan_does_not_get_another():
    status = StatusFactory(type="payment", code="paid", name="Paid")
    lines = [line("paid", name="Settled")]
    seen = exchange.plan(lines).mark
    OrderStatus.objects.filter(pk=status.pk).update(name="Paid up")

    with pytest.raises(NotTakenIn):
        exchange.take_in(lines, mark=seen)

    assert OrderStatus.objects.get().name == "Paid up"
    exchange.take_in(lines, mark=exchange.plan(lines).mark)
    assert OrderStatus.objects.get().name == "Settled"


def test_five_hundred_lines_cost_what_five_do():
    def cost(number, first):
        lines = [line(f"new-{n}", aliases=(f"alias-{n}",)) for n in range(first, first + number)]
        changes = [line(f"old-{n}", name="Changed", where="") for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            exchange.take_in([*lines, *changes])
        return len(queries)

    add_together([OrderStatus(type="payment", code=f"old-{n}", name="Old") for n in range(500)])

    few, many = cost(5, first=0), cost(500, first=1000)

    # SQLite is handed 999 values in one statement: 500 statuses of 13 columns in 7, as many aliases of 6 in 4.
    assert many - few == (0 if is_postgresql() else 9)
    assert OrderStatus.objects.filter(name="Changed").count() == 500


def test_a_plan_costs_two_queries(django_assert_num_queries):
    into = StatusFactory()
    for number in range(5):
        StatusFactory(code=f"merged-{number}", retired_at=timezone.now(), merged_into=into)
        StatusAlias.objects.create(status=into, type="general", code=f"alias-{number}")
    lines = [line(f"{kind}-{number}", "general") for kind in ("merged", "alias", "new") for number in range(5)]

    with django_assert_num_queries(2):
        exchange.plan(lines)


def test_what_waited_for_a_code_of_a_file_is_applied_and_forgotten():
    turn_orders_on()
    OrderFactory(external_id="O-1")
    hear([Said("O-1", "payment", "ok"), Said("O-1", "delivery", "gone")], SourceFactory())

    exchange.take_in([line("paid", aliases=("ok",)), line("gone", "delivery")])

    order = Order.objects.get()
    assert (order.payment_status.code, order.delivery_status.code) == ("paid", "gone")
    assert not UnknownCode.objects.exists()


def test_a_campaign_that_names_codes_of_a_file_answers_to_what_waited_for_them():
    turn_orders_on()
    activate(save_draft(ready_for_pickup())[0])
    OrderFactory(external_id="O-1")
    shop = SourceFactory()
    hear([Said("O-1", "delivery", "shipped")], shop)
    hear([Said("O-1", "delivery", "at_pickup_point")], shop)
    assert not Watch.objects.exists()

    exchange.take_in([line("shipped", "delivery"), line("at_pickup_point", "delivery")])

    assert Run.objects.get().order.external_id == "O-1"


def test_positions_that_are_not_said_follow_those_that_are():
    StatusFactory(code="first")

    exchange.take_in([line("second", "general"), line("ninth", "general", position=9), line("tenth", "general")])

    assert list(OrderStatus.objects.values_list("code", "position")) == [
        ("first", 1),
        ("second", 2),
        ("ninth", 9),
        ("tenth", 10),
    ]


def test_verdicts_are_counted():
    plan = exchange.plan([line("a"), line("A", where="line 3")])

    assert (plan.counts[Verdict.ADD], plan.counts[Verdict.WRONG], plan.is_right) == (1, 1, False)
