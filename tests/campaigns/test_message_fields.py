"""What rules may ask about texts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.fields import Batch, Subject
from analytics.rules import RuleError, read_rule
from campaigns.draining import drain
from campaigns.models import Campaign, Message, MessageState, Run
from orders.models import Order
from tests.campaigns.shop import CREATED, NOON, asks, bring, condition, ending, later, sms, trigger, wait
from tests.factories import CustomerFactory, OrderFactory

pytestmark = pytest.mark.django_db

WEEK = {"value": 7, "unit": "days"}


def sent(operator, value, within=WEEK, **params):
    return condition("messages.sent", operator, value, within=within, **params)


def since_last(operator, value=None, **params):
    return condition("messages.since_last", operator, value, **params)


def passes(run):
    return ending(run)[1] != "filtered_out"


def texted(shop, name="O-1", *, ago, code="before", category="", **fields):
    """A text of the campaign `code` that was sent some time ago for that order, which is made if need be."""
    order = Order.objects.filter(external_id=name).first() or shop.order(name, **fields)
    run = Run.objects.create(
        campaign=Campaign.objects.get(code=code),
        version=Campaign.objects.get(code=code).versions.first(),
        occasion=f"x:{Run.objects.count()}",
        order=order,
        customer=order.customer,
        occurred_at=timezone.now(),
        state="finished",
        step_at=NOON,
        entered_at=NOON,
        ended_at=NOON,
    )
    return Message.objects.create(
        run=run,
        step="text",
        campaign=run.campaign,
        order=order,
        customer=order.customer,
        category=category,
        purpose="transactional",
        deliver="immediately",
        state=MessageState.ACCEPTED,
        created_at=NOON - ago,
        sent_at=NOON - ago,
    )


@pytest.fixture
def before(shop):
    """A campaign that sends nothing by itself here."""
    shop.start(sms(), code="before", trigger=trigger("general", to=["never"]))


def test_texts_sent_in_the_last_days_are_counted(shop, before):
    texted(shop, ago=timedelta(days=7))
    texted(shop, ago=timedelta(days=6, hours=23))
    texted(shop, ago=timedelta(0))
    shop.start(asks(sent("=", 2)), sms())

    run = shop.pay()

    assert passes(run)
    assert run.events.get(step="asked").seen == {"messages.sent(within=7 days)": "2"}


def test_what_the_customer_was_sent_for_other_orders_counts_and_other_peoples_does_not(shop, before):
    ada, bob = CustomerFactory(), CustomerFactory()
    texted(shop, "A-1", customer=ada, ago=timedelta(days=1))
    shop.start(asks(sent(">=", 1)), sms())

    assert passes(shop.pay("A-2", customer=ada))
    assert not passes(shop.pay("B-1", customer=bob))


@pytest.mark.parametrize("state", sorted(set(MessageState.values) - {"accepted", "delivered", "undelivered"}))
def test_what_no_gateway_took_was_not_sent(shop, before, state):
    message = texted(shop, ago=timedelta(days=1))
    reason = "capped" if state == "skipped" else ""
    Message.objects.filter(pk=message.pk).update(state=state, skip_reason=reason, sent_at=None)
    shop.start(asks(sent("=", 0), since_last("null")), sms())

    assert passes(shop.pay())


def test_only_this_campaigns_texts(shop, before):
    texted(shop, ago=timedelta(days=1))
    shop.start(asks(sent("=", 0, campaign="this"), sent("=", 1, campaign="any"), sent("=", 1)), sms())

    assert passes(shop.pay())
    # By now it sent one itself.
    assert not passes(shop.pay())


def test_only_texts_of_a_category(shop, before):
    texted(shop, ago=timedelta(days=1), category="offers")
    texted(shop, ago=timedelta(days=2))
    shop.start(asks(sent("=", 1, category="offers"), sent("=", 0, category="news"), sent("=", 2)), sms())

    assert passes(shop.pay())


def test_time_since_the_last_text(shop, before):
    texted(shop, ago=timedelta(days=9))
    texted(shop, ago=timedelta(hours=30), category="offers")
    shop.start(
        asks(
            since_last(">", {"value": 1, "unit": "days"}),
            since_last("<=", {"value": 30, "unit": "hours"}),
            since_last("between", [{"value": 1, "unit": "hours"}, {"value": 2, "unit": "days"}], category="offers"),
            since_last("null", campaign="this"),
        ),
        sms(),
    )

    run = shop.pay()

    assert passes(run)
    assert run.events.get(step="asked").seen == {
        "messages.since_last": 108000,
        "messages.since_last(category=offers)": 108000,
        "messages.since_last(campaign=this)": None,
    }


def test_who_never_got_a_text_is_neither_long_nor_short_without_one(shop):
    for code, operator in (("long", ">"), ("short", "<=")):
        shop.start(asks(since_last(operator, {"value": 1, "unit": "days"})), sms(), code=code)

    shop.pay()

    assert set(Run.objects.values_list("reason", flat=True)) == {"filtered_out"}


def test_whether_this_order_got_this_campaigns_text(shop, before, clock):
    """Two open orders of one customer: the text for the one is none for the other."""
    ada = CustomerFactory()
    shop.start(asks(condition("messages.sent_for_order", "=", False)), sms())
    texted(shop, "A-1", customer=ada, ago=timedelta(days=1))

    first = shop.pay("A-1")
    again = shop.pay("A-1")
    other = shop.pay("A-2", customer=ada)

    assert [passes(first), passes(again), passes(other)] == [True, False, True]


def test_asked_again_after_a_wait_it_is_as_it_is_then(shop, clock):
    then = asks(sent("=", 1), condition("messages.sent_for_order", "=", True), key="second")
    shop.start(asks(sent("=", 0), key="first"), sms(), wait(), then)

    run = shop.pay()
    later(clock, hours=2)

    assert list(run.events.filter(outcome="yes").values_list("step", flat=True)) == ["first", "second"]


def test_the_test_phone_counts_for_itself(shop, before):
    message = texted(shop, ago=timedelta(days=1))
    Message.objects.filter(pk=message.pk).update(is_test=True)
    shop.start(asks(sent("=", 0), since_last("null")), sms(), code="live")
    shop.start(asks(sent("=", 1), since_last("notNull")), sms(), code="tested")

    shop.tell("O-1", "paid")
    drain()
    assert passes(Run.objects.get(campaign__code="live"))
    assert not passes(Run.objects.get(campaign__code="tested"))

    shop.tell("O-1", "invoiced", is_test=True)
    shop.tell("O-1", "paid", is_test=True)
    drain()
    assert not passes(Run.objects.filter(campaign__code="live").first())
    assert passes(Run.objects.filter(campaign__code="tested").first())


def test_an_order_that_a_test_key_told_counts_for_the_test_phone(shop, before):
    message = texted(shop, ago=timedelta(days=1))
    Message.objects.filter(pk=message.pk).update(is_test=True)
    shop.start(asks(sent("=", 1)), trigger=CREATED)

    bring(shop, {"external_id": "A-2", "customer": message.customer.external_id}, is_test=True)
    drain()

    assert passes(Run.objects.get(order__external_id="A-2"))


def test_nobody_was_sent_anything(shop, before):
    texted(shop, "A-1", customer=None, ago=timedelta(days=1))
    shop.start(asks(sent("=", 0), since_last("null")), sms(not_sent=[wait("so")]))

    assert passes(shop.pay("A-2", customer=None))


def test_what_is_rehearsed_as_of_a_moment_knows_nothing_later(shop, before):
    message = texted(shop, ago=timedelta(days=1))
    rule = read_rule({"combinator": "and", "rules": [sent(">=", 1), condition("messages.sent_for_order", "=", True)]})

    def holds(now):
        order = Order.objects.get()
        return rule.ask(Subject(order, None, {}, Batch([order], now), {}, message.campaign_id)).holds

    assert holds(NOON)
    assert holds(message.sent_at)
    assert not holds(message.sent_at - timedelta(seconds=1))


def test_each_question_is_one_query_for_a_batch(shop, before):
    customers = CustomerFactory.create_batch(12)
    orders = [OrderFactory(customer=customer) for customer in customers for _ in range(2)]
    for order in orders:
        texted(shop, order.external_id, ago=timedelta(days=1))
    rule = read_rule(
        {
            "combinator": "or",
            "rules": [
                sent("=", 99),
                sent(">", 99),
                sent("=", 99, campaign="this"),
                sent("=", 99, within={"value": 168, "unit": "hours"}),
                since_last("null"),
                since_last("null", category="news"),
                condition("messages.sent_for_order", "=", False),
                condition("messages.sent_for_order", "null"),
            ],
        }
    )

    def cost(some):
        batch = Batch(some, NOON)
        with CaptureQueriesContext(connection) as queries:
            for order in some:
                rule.ask(Subject(order, None, {}, batch, {}, 1))
        return len(queries)

    # Seven days are 168 hours.
    assert cost(orders[:1]) == cost(orders) == 5


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (condition("messages.sent", "=", 1), ("/rules/0/within", "required")),
        (condition("messages.sent", "=", 1, within=None), ("/rules/0/within", "required")),
        (sent("=", 1, within=7), ("/rules/0/within", "bad_param")),
        (sent("=", 1, within={"value": 0, "unit": "days"}), ("/rules/0/within", "bad_param")),
        (sent("=", 1, within={"value": 400, "unit": "days"}), ("/rules/0/within", "bad_param")),
        (sent("=", 1, within={"value": 7, "unit": "weeks"}), ("/rules/0/within", "bad_param")),
        (sent("=", 1, within={"value": 7, "unit": "days", "x": 1}), ("/rules/0/within", "bad_param")),
        (sent("=", 1, campaign="other"), ("/rules/0/campaign", "bad_param")),
        (sent("=", 1, campaign=["this"]), ("/rules/0/campaign", "bad_param")),
        (sent("=", 1, category="Offers"), ("/rules/0/category", "bad_param")),
        (sent("=", 1, category={"a": 1}), ("/rules/0/category", "bad_param")),
        (sent("=", 1, of="any_order"), ("/rules/0/of", "unknown_field")),
        (sent("=", 1, at="trigger"), ("/rules/0/at", "past_unknown")),
        (since_last("=", WEEK), ("/rules/0/operator", "unknown_operator")),
        (since_last(">", 7), ("/rules/0/value", "bad_value")),
        (since_last(">", "7 days"), ("/rules/0/value", "bad_value")),
        (since_last("between", [WEEK]), ("/rules/0/value", "bad_value")),
        (since_last(">", WEEK, within=WEEK), ("/rules/0/within", "unknown_field")),
        (condition("messages.sent_for_order", "=", "yes"), ("/rules/0/value", "bad_value")),
    ],
)
def test_what_is_wrong_with_its_place(raw, expected):
    with pytest.raises(RuleError) as refusal:
        read_rule({"combinator": "and", "rules": [raw]})

    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [expected]


@pytest.mark.parametrize("field", ["messages.sent", "messages.since_last", "messages.sent_for_order"])
def test_of_other_orders_it_cannot_be_asked(field):
    with pytest.raises(RuleError) as refusal:
        read_rule({"combinator": "and", "of": "any_order", "rules": [condition(field, "notNull", within=WEEK)]})

    assert ("/rules/0/field", "not_of_other_orders") in [(p.field, p.code) for p in refusal.value.problems]
