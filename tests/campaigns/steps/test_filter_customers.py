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


# The customer's other orders


def about(of, *rules, **more):
    return {"combinator": "and", "of": of, "rules": list(rules), **more}


PAID = condition("order.payment_status", "=", "paid")
OVER_100 = condition("order.total", ">", 100)


def test_two_open_orders_of_a_customer_are_kept_apart_in_every_scope(shop):
    """Both wait at their filters at the same moment, and each is asked about itself and the other."""
    ada = CustomerFactory()
    scopes = {
        "this_order": about("this_order", OVER_100),
        "any_order": about("any_order", OVER_100),
        "another_order": about("another_order", OVER_100),
        "no_other_order": about("another_order", OVER_100, **{"not": True}),
        "last_order": about("last_order", OVER_100),
    }
    for code, rule in scopes.items():
        shop.start(asks(rule), sms(), code=code)
    small, large = shop.order("O-1", customer=ada, total_minor=500), shop.order("O-2", customer=ada, total_minor=50_000)
    shop.tell("O-1", "paid")
    shop.tell("O-2", "paid")
    drain()

    def passed(order):
        runs = order.runs.filter(state="finished").order_by("campaign__code")
        return list(runs.values_list("campaign__code", flat=True))

    assert passed(small) == ["another_order", "any_order", "last_order"]
    assert passed(large) == ["any_order", "last_order", "no_other_order", "this_order"]


def test_the_order_that_made_it_hold_is_kept_by_its_key(shop):
    ada = CustomerFactory()
    shop.start(asks(about("another_order", PAID, OVER_100), PAID), sms())
    other = shop.order("O-1", customer=ada, total_minor=50_000)
    shop.pay("O-1")

    run = shop.pay("O-2", customer=ada)

    assert run.events.get(step="asked").seen == {
        "order.payment_status": "paid",
        "orders": [{"of": "another_order", "order": other.pk, "order.payment_status": "paid", "order.total": "500.00"}],
    }


def test_another_order_is_as_it_is_when_the_step_runs(shop):
    ada = CustomerFactory()
    shop.start(asks(about("another_order", PAID)), sms())
    shop.order("O-1", customer=ada)
    shop.order("O-2", customer=ada)
    shop.tell("O-2", "paid")

    shop.tell("O-1", "paid")
    drain()

    assert set(Order.objects.values_list("runs__state", flat=True)) == {"finished"}


def test_what_a_customer_is_known_for_is_asked_and_not_kept(shop):
    ada = CustomerFactory(attributes={"level": "gold", "visits": 3}, tags=["vip", "new"])
    shop.start(
        asks(
            condition("customer.attribute", "in", ["gold", "silver"], name="level"),
            condition("customer.attribute", ">=", 3, name="visits"),
            condition("customer.attribute", "null", name="never"),
            condition("customer.tags", "allOf", ["vip", "new"]),
        ),
        sms(),
    )

    run = shop.pay(customer=ada)

    assert ending(run)[0] == "finished"
    assert run.events.get(step="asked").seen == {
        "customer.attribute(name=level)": "…",
        "customer.attribute(name=visits)": "…",
        "customer.attribute(name=never)": None,
        "customer.tags": "…",
    }
