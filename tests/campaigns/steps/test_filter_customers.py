import pytest

from campaigns.draining import drain
from campaigns.models import Message, RunEvent
from campaigns.steps.filters.filter_customers import KIND
from orders.models import Order
from tests.campaigns.shop import asks, condition, ending, message_of, path, sms
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

SHIPPED_THEN = condition("order.delivery_status", "=", "shipped", at="trigger")
SHIPPED_NOW = condition("order.delivery_status", "=", "shipped", at="now")


def test_who_passes_goes_on(shop):
    shop.start(asks(condition("order.payment_status", "=", "paid")), sms())

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("asked", "yes"), ("text", "owed"), ("text", "sent")]
    assert ending(run) == ("finished", "")


def test_who_does_not_pass_ends_where_no_is_empty(shop):
    shop.start(asks(condition("order.payment_status", "!=", "paid")), sms())

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("asked", "no")]
    assert ending(run) == ("stopped", "filtered_out")
    assert not Message.objects.exists()


def test_each_branch_is_walked_and_comes_out_at_the_step_after(shop):
    is_ada = condition("customer.first_name", "=", "Ada")
    shop.start(asks(is_ada, yes=[sms("yes", "Hello Ada")], no=[sms("no", "Hello")]), sms("last", "Bye"))

    ada, bob = shop.pay("O-1"), shop.pay("O-2", customer=CustomerFactory(first_name="Bob"))

    assert [step for step, outcome in path(ada) if outcome == "sent"] == ["yes", "last"]
    assert [step for step, outcome in path(bob) if outcome == "sent"] == ["no", "last"]


def test_a_filter_in_a_branch_ends_its_own_run_alone(shop):
    never, always = condition("order.total", "<", 0), condition("order.total", ">", 0)
    shop.start(asks(always, yes=[asks(never, key="inner")]), sms())

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("asked", "yes"), ("inner", "no")]
    assert ending(run) == ("stopped", "filtered_out")


def test_at_the_trigger_and_now_are_two_questions(shop):
    shop.start(asks(SHIPPED_THEN, key="then", yes=[sms("then-yes")], no=[]), code="then")
    shop.start(asks(SHIPPED_NOW, key="now", yes=[sms("now-yes")], no=[]), code="now")
    shop.order()
    shop.tell("O-1", "paid")
    shop.tell("O-1", "shipped")

    drain()

    assert set(RunEvent.objects.exclude(step="").values_list("step", "outcome")) >= {("then", "no"), ("now", "yes")}


def test_a_run_speaks_of_its_own_order(shop):
    """A customer with two open orders has two runs, and each is asked about its own."""
    ada = CustomerFactory()
    shop.start(asks(condition("order.total", ">=", 100)), sms())

    small, large = shop.pay("O-1", customer=ada, total_minor=500), shop.pay("O-2", customer=ada, total_minor=50_000)

    assert (ending(small)[0], ending(large)[0]) == ("stopped", "finished")
    assert message_of(large).customer == ada


def test_the_values_seen_are_kept(shop):
    is_large = condition("order.total", ">", 10, at="trigger")
    shop.start(asks(is_large, SHIPPED_NOW, combinator="or"), sms())

    run = shop.pay(currency="EUR")

    [event] = run.events.filter(step="asked")
    assert event.seen == {"order.total@trigger": "12.30", "order.delivery_status": None}


def test_no_personal_value_is_kept(shop):
    shop.start(asks(condition("customer.first_name", "=", "Ada")), sms())

    run = shop.pay()

    [event] = run.events.filter(step="asked")
    assert event.seen == {"customer.first_name": "…"}


def test_an_order_without_total_or_customer_is_asked_too(shop):
    shop.start(
        asks(condition("order.total", ">", 0), condition("customer.first_name", "=", "Ada"), combinator="or"), sms()
    )

    run = shop.pay(customer=None, total_minor=None)

    assert ending(run) == ("stopped", "filtered_out")


def test_what_is_asked_now_is_asked_when_the_step_runs(shop):
    shop.start(asks(condition("order.total", ">", 100)), sms())
    order = shop.order()
    shop.tell("O-1", "paid")

    Order.objects.filter(pk=order.pk).update(total_minor=50_000)
    drain()

    assert ending(order.runs.get()) == ("finished", "")


@pytest.mark.parametrize("rule", [None, {}, [], "paid", 7])
def test_a_rule_is_a_group(rule):
    assert [problem.field for problem in KIND.form({"rule": rule}).problems()] == ["/rule"]


def test_each_problem_of_a_rule_has_its_place():
    rule = {"combinator": "and", "rules": [condition("x", "="), condition("order.total", "=", "much")]}

    assert [(problem.field, problem.code) for problem in KIND.form({"rule": rule}).problems()] == [
        ("/rule/rules/0/field", "unknown_field"),
        ("/rule/rules/1/value", "bad_value"),
    ]
