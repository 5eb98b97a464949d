"""What the editor is told about conditions."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from campaigns.editing import vocabulary

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    return json.loads(json.dumps(vocabulary(), cls=DjangoJSONEncoder))


def field(told, key):
    [found] = [each for each in told["fields"] if each["key"] == key]
    return found


def test_a_field_says_what_else_its_condition_holds(told):
    assert field(told, "messages.sent")["params"] == [
        {"key": "within", "label": "in the last", "form": "duration", "required": True, "choices": [], "suggests": ""},
        {
            "key": "campaign",
            "label": "by",
            "form": "choice",
            "required": False,
            "choices": [{"key": "any", "label": "any campaign"}, {"key": "this", "label": "this campaign"}],
            "suggests": "",
        },
        {
            "key": "category",
            "label": "of the category",
            "form": "word",
            "required": False,
            "choices": [],
            "suggests": "",
        },
    ]
    [name] = field(told, "customer.attribute")["params"]
    assert (name["form"], name["suggests"]) == ("name", "customer_attributes")
    assert field(told, "customer.tags")["suggests"] == "customer_tags"
    assert field(told, "order.total")["params"] == []


def test_a_field_says_whether_other_orders_can_be_asked(told):
    elsewhere = {each["key"] for each in told["fields"] if each["elsewhere"]}

    assert elsewhere == {
        "order.general_status",
        "order.delivery_status",
        "order.payment_status",
        "order.total",
        "order.currency",
        "order.external_id",
        "order.ordered_at",
        "order.placed_at",
        "order.sources",
        *(f"order.{type}_{what}" for type in ("general", "delivery", "payment") for what in ("reached", "stayed")),
    }


def test_scopes_are_offered_in_words(told):
    assert [scope["key"] for scope in told["scopes"]] == ["this_order", "any_order", "another_order", "last_order"]


def test_every_operator_has_its_words(told):
    operators = {operator for each in told["fields"] for operator in each["operators"]}

    assert {operator for operator in operators if f"op_{operator}" not in told["words"]} == set()
    assert set(told["lists"]) <= operators
