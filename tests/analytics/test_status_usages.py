import pytest

from analytics import segments
from statuses.models import OrderStatus
from statuses.usages import usages
from tests.factories import StatusFactory
from tests.screens import HTMX, page_of, signed_in

pytestmark = pytest.mark.django_db

WAYS = {"field": "transitions.count", "operator": ">=", "value": 2, "type": "general", "to": ["CANCELLED"]}
STAYED = {
    "field": "orders.count",
    "operator": ">=",
    "value": 1,
    "where": {
        "combinator": "and",
        "rules": [
            {
                "field": "order.payment_stayed",
                "operator": ">",
                "value": {"value": 1, "unit": "days"},
                "status": "awaiting",
            }
        ],
    },
}


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def cancelled():
    status = StatusFactory(type="general", code="cancelled", name="Cancelled")
    segments.create(code="twice", name="Cancelled twice", rule={"combinator": "and", "rules": [WAYS]})
    return status


def test_a_segment_uses_the_statuses_that_its_ways_and_its_orders_name(cancelled):
    awaiting = StatusFactory(type="payment", code="awaiting")
    other = StatusFactory(type="delivery", code="cancelled")
    segments.create(code="waits", name="Waits", rule={"combinator": "and", "rules": [STAYED]})

    told = usages([cancelled, awaiting, other])

    assert {pk: [use.text for use in uses] for pk, uses in told.items() if uses} == {
        cancelled.pk: ["Segment “Cancelled twice”"],
        awaiting.pk: ["Segment “Waits”"],
    }


def test_a_status_that_a_segment_names_is_not_deleted(admin, cancelled):
    admin.post(page_of("statuses_orderstatus", "delete", cancelled.pk))

    assert OrderStatus.objects.filter(pk=cancelled.pk).exists()


def test_whoever_takes_the_mark_away_is_told_what_changes_and_then_does_it(admin, cancelled):
    switch = page_of("statuses_orderstatus", "analytics", cancelled.pk)

    asked = admin.post(switch, {"on": "false"}, headers=HTMX)

    assert "Segment “Cancelled twice”" in asked.content.decode()
    assert asked.headers["HX-Retarget"] == "#os-window-body"
    assert OrderStatus.objects.get().include_in_analytics

    done = admin.post(switch, {"on": "false", "told": "1"}, headers=HTMX)

    assert done.headers["HX-Redirect"] == "/admin/statuses/orderstatus/"
    assert not OrderStatus.objects.get().include_in_analytics


def test_a_mark_that_nothing_reads_is_taken_away_at_once(admin):
    status = StatusFactory()

    answer = admin.post(page_of("statuses_orderstatus", "analytics", status.pk), {"on": "false"}, headers=HTMX)

    assert 'aria-checked="false"' in answer.content.decode()


def test_the_window_of_a_status_tells_it_too_before_it_saves(admin, cancelled):
    window = page_of("statuses_orderstatus", "change", cancelled.pk)
    said = {"name": "Cancelled", "type": "general", "code": "cancelled", "colour": "grey", "revision": "1"}

    asked = admin.post(window, said, headers=HTMX).content.decode()

    assert "Segment “Cancelled twice”" in asked
    assert OrderStatus.objects.get().include_in_analytics
    admin.post(window, {**said, "unmarking": "1"}, headers=HTMX)
    assert not OrderStatus.objects.get().include_in_analytics
