import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.wording import status_names
from campaigns.definitions import trigger_sentence
from campaigns.draining import drain
from campaigns.lifecycle import end, pause
from campaigns.models import Message, MessageState, Run
from campaigns.story import tell, tell_all, tell_message, tell_messages
from tests.campaigns.shop import NOON, asks, at, condition, customer_in, later, sms, trigger, wait
from tests.factories import CustomerFactory

IS_PAID = condition("order.payment_status", "in", ["paid"])


def test_the_way_of_an_order_that_was_texted(shop):
    shop.start(asks(IS_PAID, yes=[sms()]))

    assert tell(shop.pay()) == [
        "Payment went from Invoiced to Paid at 12:00.",
        "It entered “Thanks”.",
        "Payment status was Paid: it passed “Filter customers”.",
        "SMS sent in 0.0 s.",
        "It reached the end of the campaign.",
    ]


def test_a_filter_tells_each_value_it_saw_and_when(shop):
    shop.start(
        asks(
            condition("order.delivery_status", "=", "shipped", at="trigger"),
            condition("order.total", ">", 100),
            condition("customer.has_phone", "=", True),
            yes=[sms()],
        )
    )

    asked, ended = tell(shop.pay())[2:]
    assert asked == (
        "Has a phone number was true, delivery status was not set at the change, order total was 12.30: "
        "it did not pass “Filter customers”."
    )
    assert ended == "Its way ended there."


def test_a_filter_tells_which_other_order_it_saw(shop):
    ada = CustomerFactory()
    both = {"combinator": "and", "rules": [IS_PAID, condition("order.total", ">", 100)]}
    shop.start(asks({**both, "of": "another_order"}, {**both, "of": "any_order"}, yes=[sms()]))
    shop.start(asks({**both, "of": "any_order"}, IS_PAID, {**both, "of": "last_order"}), code="last")

    shop.pay("O-1", customer=ada, total_minor=50_000)
    shop.pay("O-2", customer=ada, total_minor=500)

    told = tell_all(Run.objects.all())
    first, last_of_first, second, last_of_second = (told[run.pk][2] for run in Run.objects.order_by("pk"))
    one = "payment status was Paid, order total was 500.00"
    assert first == f"No other order was as asked; of the order O-1, {one}: it did not pass “Filter customers”."
    assert last_of_first == (
        f"Payment status was Paid; of the order O-1, {one}; "
        f"of the last order, O-1, {one}: it passed “Filter customers”."
    )
    assert second == f"Of another order, O-1, {one}; of the order O-1, {one}: it passed “Filter customers”."
    assert last_of_second == (
        f"Payment status was Paid; of the order O-1, {one}; "
        "of the last order, O-2, payment status was Paid, order total was 5.00: it did not pass “Filter customers”."
    )


def test_a_filter_tells_what_it_asked_of_texts_and_attributes(shop):
    within = {"value": 48, "unit": "hours"}
    shop.start(
        asks(
            condition("messages.sent", "=", 0, within=within, campaign="this", category="offers"),
            condition("messages.since_last", "null"),
            condition("customer.attribute", "null", name="level"),
        ),
        sms(),
    )
    shop.start(asks(condition("messages.since_last", ">", within), yes=[sms()]), code="again")
    shop.pay()

    asked = [tell(run)[2] for run in Run.objects.order_by("pk")]

    assert asked[0] == (
        "Attribute (name level) was not set, texts sent to the customer (in the last 2 days, by this campaign, "
        "of the category offers) was 0, time since the last text to the customer was not set: "
        "it passed “Filter customers”."
    )
    assert asked[1] == "Time since the last text to the customer was not set: it did not pass “Filter customers”."


def test_how_long_ago_a_text_was_is_told_in_words(shop, clock):
    shop.start(sms(), code="first")
    shop.pay()
    shop.start(asks(condition("messages.since_last", "notNull")), code="again")
    later(clock, hours=49)

    asked = tell(shop.pay())[2]

    assert asked == "Time since the last text to the customer was 2 days: it passed “Filter customers”."


def test_who_gave_no_consent_gets_no_sms(shop):
    shop.start(sms(purpose="marketing"))

    run = shop.pay()

    assert tell(run)[2:] == ["No SMS: no consent.", "Its way ended there."]
    assert tell_message(Message.objects.get()) == "Not sent: no consent"


def test_a_wait_tells_until_when(shop, clock):
    shop.start(wait(), sms())
    run = shop.pay()

    assert tell(run)[2:] == ["It waits until 13:00."]
    later(clock, hours=2)
    run.refresh_from_db()
    assert tell(run)[2:] == [
        "It waited until 13:00.",
        "SMS sent after 2 hours.",
        "It reached the end of the campaign.",
    ]


def test_a_text_held_at_night_tells_until_when_and_where(shop):
    shop.start(sms(purpose="marketing"))

    run = shop.pay(customer=customer_in("Asia/Tokyo", sms_consent="given"))

    assert tell_message(Message.objects.get()) == "Held until 09:00 Tokyo"
    assert tell(run)[2:] == ["SMS held until 09:00 Tokyo."]


def test_who_entered_before_is_not_let_in(shop):
    shop.start(sms(), reentry={"mode": "once_per_customer"})
    customer = CustomerFactory()
    shop.pay("O-first", customer=customer)

    assert tell(shop.pay("O-second", customer=customer))[1:] == ["It was not let in: this customer entered before."]


def test_a_change_of_another_day_has_its_date(shop):
    shop.start(sms())
    shop.order()
    shop.tell("O-1", "paid")
    run = Run.objects.get()

    with at(NOON.replace(year=2025)):
        assert tell(run)[0] == "Payment became Paid on 3 May 2024, 12:00."


def test_a_campaign_that_ended_stopped_it(shop):
    campaign = shop.start(wait(), sms())
    run = shop.pay()
    end(campaign)
    drain()
    run.refresh_from_db()

    assert tell(run)[-1] == "It stopped: the campaign ended."


def test_a_paused_campaign_says_so(shop):
    campaign = shop.start(wait(), sms())
    run = shop.pay()
    pause(campaign)

    assert tell(run)[-1] == "The campaign is paused: it goes on when the campaign does."


def test_before_a_worker_came_it_is_about_to_be_let_in(shop):
    shop.start(sms())
    shop.order()
    shop.tell("O-1", "paid")

    assert tell(Run.objects.get()) == ["Payment became Paid at 12:00.", "It is about to be let in."]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (MessageState.CALLING, "Being sent"),
        (MessageState.DELIVERED, "Delivered"),
        (MessageState.UNDELIVERED, "Not delivered"),
        (MessageState.UNKNOWN, "Perhaps sent: the gateway never answered"),
    ],
)
def test_other_ends_of_a_message(shop, state, told):
    shop.start(sms())
    shop.pay()
    Message.objects.update(state=state)

    assert tell_message(Message.objects.get()) == told


def test_a_refusal_of_the_gateway_is_told_in_its_words(shop, memory):
    memory.refuses.add("+16025550124")
    shop.start(sms())
    shop.pay(customer=CustomerFactory(phone_written="+1 602 555 0124"))

    assert tell_message(Message.objects.get()) == "Refused by the gateway: refused by the test"


def test_telling_many_costs_what_telling_one_costs(shop):
    shop.start(asks(IS_PAID, yes=[sms()]))
    runs = [shop.pay(f"O-many-{number}") for number in range(6)]

    def queries(tell_some, some):
        with CaptureQueriesContext(connection) as queries:
            assert len(tell_some(some)) == len(some)
        return len(queries)

    assert queries(tell_all, runs) == queries(tell_all, runs[:1])
    messages = list(Message.objects.all())
    assert queries(tell_messages, messages) == queries(tell_messages, messages[:1])


@pytest.mark.parametrize(
    ("came_from", "to", "sentence"),
    [
        (["invoiced"], ["paid"], "When payment goes from Invoiced to Paid"),
        ("any", ["paid", "invoiced"], "When payment goes to Paid or Invoiced"),
        ("any_existing", "any", "When payment goes from any status to any status"),
        ("none", ["gone"], "When payment goes from no status to “gone”"),
        ({"not": ["PAID"]}, "any", "When payment goes from any but Paid to any status"),
    ],
)
def test_a_trigger_is_a_sentence(shop, came_from, to, sentence):
    assert trigger_sentence({"trigger": trigger("payment", came_from, to)}, status_names()) == sentence
