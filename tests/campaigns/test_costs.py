"""What a batch asks of the database: the same for a few as for many."""

import re
from collections.abc import Mapping

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.fields import all_fields
from campaigns.engine import advance
from campaigns.models import Message, Run, RunState
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from campaigns.sms.sending import send_due
from campaigns.sms.templates import VARIABLES
from orders.models import StatusTransition
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import asks, condition, sms, wait

pytestmark = pytest.mark.django_db

FEW = 6
# SQLite takes fewer values in one statement: more rows than these would be two.
MANY = 200 if connection.vendor == "postgresql" else 24


@pytest.fixture
def told(shop):
    """Orders that are paid now: `told(3)`."""
    numbers = iter(range(1000))

    def tell(size):
        names = [shop.order(f"O-{next(numbers)}").external_id for _ in range(size)]
        return names, lambda: hear([Said(name, "payment", "paid") for name in names], shop.source)

    return tell


def queries_of(do):
    with CaptureQueriesContext(connection) as queries:
        do()
    return len(queries)


def test_hearing_changes_that_start_campaigns(shop, told):
    shop.start(sms())
    shop.start(wait(), code="other")

    few, many = (queries_of(told(size)[1]) for size in (FEW, MANY))

    assert few == many
    assert Run.objects.count() == 2 * (FEW + MANY)


def test_hearing_what_changes_nothing(shop, told):
    names, hear_first = told(MANY)
    hear_first()

    def cost(some):
        return queries_of(lambda: hear([Said(name, "payment", "paid") for name in some], shop.source))

    assert cost(names[:FEW]) == cost(names)
    assert StatusTransition.objects.count() == MANY


def test_carrying_runs_from_the_gate_to_the_text(shop, told):
    rule = [condition("order.payment_status", "=", "paid"), condition("customer.first_name", "=", "Ada")]
    limits = {"reentry": {"mode": "once_per_customer"}, "max_age": {"value": 1, "unit": "days"}}
    shop.start(asks(*rule, no=[wait("other")]), sms(), **limits)

    def cost(size):
        told(size)[1]()
        return queries_of(advance)

    assert cost(FEW) == cost(MANY)
    assert Message.objects.count() == FEW + MANY


def leaves(variables, path=""):
    for name, below in variables.items():
        here = f"{path}{name}"
        yield from leaves(below, f"{here}.") if isinstance(below, Mapping) else [here]


def test_whatever_rules_and_texts_may_name(shop, told):
    """They are read without some columns: one that is read after all would be read row by row."""
    rule = [condition(key, "null", at=at, **PARAMS.get(key, {})) for key, at in every_field()]
    elsewhere = [condition(key, "null", **PARAMS.get(key, {})) for key, one in all_fields().items() if one.is_elsewhere]
    scopes = [{"combinator": "or", "of": of, "rules": elsewhere} for of in ("any_order", "another_order", "last_order")]
    text = "Hello" + "".join(f"{{% if {name} %}}.{{% endif %}}" for name in leaves(VARIABLES))
    shop.start(asks(*rule, *scopes, combinator="or"), sms(text=text))

    def cost(size):
        told(size)[1]()
        asked = queries_of(advance) + queries_of(send_due)
        advance()  # those that were told end, so that the next batch is new
        return asked

    assert cost(FEW) == cost(MANY)
    assert Message.objects.filter(state="accepted").count() == FEW + MANY


PARAMS = {
    "customer.attribute": {"name": "level"},
    "messages.sent": {"within": {"value": 7, "unit": "days"}, "campaign": "this"},
    "messages.delivered": {"within": {"value": 7, "unit": "days"}},
    "messages.skipped": {"within": {"value": 7, "unit": "days"}, "reason": "capped"},
    "transitions.count": {"type": "payment", "from": ["invoiced"], "to": ["paid"]},
    "orders.count": {"where": {"combinator": "and", "rules": [condition("order.payment_status", "=", "paid")]}},
    **{f"order.{type}_stayed": {"status": "paid"} for type in ("general", "delivery", "payment")},
}


def every_field():
    for key, field in all_fields().items():
        yield key, "now"
        if field.read_past:
            yield key, "trigger"


@pytest.mark.parametrize("keys", [{}, {"frequency_cap": {"messages": 1, "per": "day"}}], ids=["plain", "capped"])
def test_sending_texts_and_writing_the_answers(shop, told, keys):
    shop.start(sms(), **keys)

    def cost(size):
        told(size)[1]()
        advance()
        return queries_of(send_due)

    assert cost(FEW) == cost(MANY)
    assert Message.objects.filter(state="accepted").count() == FEW + MANY


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Thanks, {{ customer.first_name }}", []),
        ("{% if customer.attributes.level %}Thanks{% endif %}!", [{"attributes"}]),
        (
            "{% for line in order.lines %}-{% endfor %}{% if customer.attributes.level %}!{% endif %}.",
            [{"lines"}, {"attributes"}],
        ),
    ],
)
def test_what_is_large_is_read_for_texts_that_name_it(shop, told, text, read):
    shop.start(sms(text=text))
    told(FEW)[1]()
    advance()

    with CaptureQueriesContext(connection) as queries:
        send_due()

    asked = [set(re.findall(r'"(lines|delivery|payment|custom|attributes)"', query["sql"])) for query in queries]
    assert [names for names in asked if names] == read
    assert Message.objects.filter(state="accepted").count() == FEW


def test_ending_runs_whose_text_was_sent(shop, told):
    shop.start(sms())

    def cost(size):
        told(size)[1]()
        advance()
        send_due()
        return queries_of(advance)

    assert cost(FEW) == cost(MANY)
    assert Run.objects.filter(state=RunState.FINISHED).count() == FEW + MANY


def test_receipts(shop, told):
    shop.start(sms())

    def cost(size):
        told(size)[1]()
        advance()
        send_due()
        sent = Message.objects.filter(state="accepted")
        receipts = [Delivery("delivered", reference=str(message.reference)) for message in sent]
        return queries_of(lambda: take_receipts("memory", receipts))

    assert cost(FEW) == cost(MANY)
    assert Message.objects.filter(state="delivered").count() == FEW + MANY
