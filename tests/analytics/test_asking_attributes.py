"""What segments ask of an attribute, whose value says what it is."""

import pytest
from django.utils import timezone

from analytics.rules import read_segment_rule
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def who_is(operator, value=None):
    condition = {"field": "customer.attribute", "name": "level", "operator": operator, "value": value}
    found = read_segment_rule({"combinator": "and", "rules": [condition]}).customers(timezone.now())
    return set(found.values_list("external_id", flat=True))


@pytest.fixture(autouse=True)
def customers(db):
    for name, attributes in (("gold", {"level": "gold"}), ("3", {"level": "3"}), ("three", {"level": 3}), ("none", {})):
        CustomerFactory(external_id=name, attributes=attributes)
    CustomerFactory(external_id="yes", attributes={"level": True})


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("=", "gold", {"gold"}),
        ("=", "3", {"3"}),
        ("=", 3, {"three"}),
        ("=", True, {"yes"}),
        ("contains", "ol", {"gold"}),
        ("notNull", None, {"gold", "3", "three", "yes"}),
        ("null", None, {"none"}),
    ],
)
def test_a_text_a_number_and_a_flag_are_three_things(operator, value, found):
    assert who_is(operator, value) == found
