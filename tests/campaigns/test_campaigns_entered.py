"""Which campaigns a customer has entered, as segments ask it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.rules import read_segment_rule
from campaigns.draining import drain
from tests.campaigns.shop import condition, sms

pytestmark = pytest.mark.django_db

HOUR = {"value": 1, "unit": "hours"}


def who_entered(code):
    rule = {"combinator": "and", "rules": [condition("campaigns.entered", "anyOf", [code])]}
    return set(read_segment_rule(rule).customers(timezone.now()).values_list("external_id", flat=True))


def test_whoever_was_not_let_in_has_not_entered(shop, clock):
    shop.start(sms(), max_age=HOUR)
    let_in, too_old = shop.order("O-1").customer, shop.order("O-2").customer

    clock.shift(timedelta(hours=2))
    shop.tell("O-1", "paid")
    shop.tell("O-2", "paid", minutes_ago=61)
    drain()

    assert {run.state for run in too_old.runs.all()} == {"declined"}
    assert who_entered("thanks") == {let_in.external_id}
