from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics import counting, segments
from analytics.models import Crossing, Member, Segment
from analytics.signals import segment_changed
from customers.erasing import Reason, erase
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus
from tests.factories import CustomerFactory, OrderFactory, StatusFactory
from workspace.history import COMMAND

pytestmark = pytest.mark.django_db

GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}
FRENCH = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "fr"}]}


@pytest.fixture
def germans():
    return segments.create(code="germans", name="Germans", rule=GERMANS)


def in_it(segment):
    return set(Member.objects.filter(segment=segment).values_list("customer__external_id", flat=True))


def speak(language, *ids):
    Customer.objects.filter(external_id__in=ids).update(language=language)


@pytest.fixture
def counted(germans):
    """Anna and Boris are in it, Clara is not."""
    for id, language in (("anna", "de"), ("boris", "de"), ("clara", "fr")):
        CustomerFactory(external_id=id, language=language)
    counting.refresh(germans)
    return germans


def test_a_first_count_brings_all_in_and_is_nobodys_doing(counted):
    counted.refresh_from_db()

    assert in_it(counted) == {"anna", "boris"}
    assert counted.members_count == 2
    assert counted.counted_at is not None
    assert counted.counting_until is None
    assert not Crossing.objects.exists()


def test_the_next_count_tells_who_came_and_who_went(counted):
    since = Member.objects.get(customer__external_id="anna").since
    speak("de", "clara")
    speak("fr", "boris")

    told = counting.refresh(counted)

    assert (told.members, told.entered, told.left) == (2, 1, 1)
    assert in_it(counted) == {"anna", "clara"}
    assert Member.objects.get(customer__external_id="anna").since == since
    assert set(Crossing.objects.values_list("customer__external_id", "has_entered")) == {
        ("clara", True),
        ("boris", False),
    }


REACHED_PAID = {
    "combinator": "and",
    "rules": [
        {
            "combinator": "and",
            "of": "any_order",
            "rules": [{"field": "order.payment_reached", "operator": "anyOf", "value": ["paid"]}],
        }
    ],
}


@pytest.fixture
def payers():
    """Anna has paid; Boris is to."""
    for id, code in (("anna", "paid"), ("boris", "awaiting")):
        status = StatusFactory(type="payment", code=code)
        OrderFactory(customer=CustomerFactory(external_id=id), payment_status=status)
    segment = segments.create(code="payers", name="Payers", rule=REACHED_PAID)
    counting.refresh(segment)
    return segment


def test_what_asks_about_history_is_not_counted_before_all_of_it_is_read(payers, monkeypatch):
    before = Segment.objects.get().counted_at
    order = Order.objects.get(customer__external_id="boris")
    order.payment_status = OrderStatus.objects.get(code="paid")
    order.save()

    with monkeypatch.context() as hurried:
        hurried.setattr(counting, "LONGEST_S", 0)
        assert counting.refresh(payers) is None
    payers.refresh_from_db()

    assert (payers.counted_at, payers.counting_until, in_it(payers)) == (before, None, {"anna"})
    assert counting.due_segments() == [payers]
    assert counting.refresh(payers).entered == 1


def test_a_status_marked_or_merged_moves_people_without_telling_of_them(payers):
    paid, awaiting = OrderStatus.objects.get(code="paid"), OrderStatus.objects.get(code="awaiting")
    OrderStatus.objects.filter(pk=awaiting.pk).update(merged_into=paid, retired_at=timezone.now())

    assert counting.refresh(payers).entered == 1
    assert in_it(payers) == {"anna", "boris"}
    assert not Crossing.objects.exists()


def test_a_changed_rule_moves_people_without_telling_of_them(counted):
    segments.change(counted, name="French", rule=FRENCH)

    told = counting.refresh(counted)

    assert (told.entered, told.left) == (1, 2)
    assert in_it(counted) == {"clara"}
    assert not Crossing.objects.exists()


def test_a_new_name_alone_is_no_new_rule(counted):
    segments.change(counted, name="Deutsche", rule=GERMANS)
    speak("de", "clara")

    counting.refresh(counted)

    assert Crossing.objects.get().customer.external_id == "clara"


def test_whoever_is_above_hears_of_each_count_within_its_transaction(counted):
    heard = []

    def receiver(*, segment, at, **_kwargs):
        heard.append((segment.code, Crossing.objects.get(at=at).customer.external_id))
        raise RuntimeError("it cannot be done")

    speak("de", "clara")
    segment_changed.connect(receiver)
    try:
        with pytest.raises(RuntimeError):
            counting.refresh(counted)
    finally:
        segment_changed.disconnect(receiver)

    assert heard == [("germans", "clara")]
    assert in_it(counted) == {"anna", "boris"}
    assert not Crossing.objects.exists()


def test_what_a_worker_counts_no_other_begins_until_its_time_is_over(counted):
    until = timezone.now() + timedelta(seconds=60)
    Segment.objects.update(counting_until=until, count_asked_at=timezone.now())

    assert counting.refresh(counted) is None
    assert counting.due_segments() == []

    Segment.objects.update(counting_until=timezone.now())
    assert counting.due_segments() == [counted]
    assert counting.refresh(counted) is not None


def test_a_count_by_a_rule_that_was_changed_meanwhile_writes_nothing(counted, monkeypatch):
    speak("de", "clara")

    def change(name):
        if name == "counting.found":
            segments.change(counted, name="French", rule=FRENCH)

    monkeypatch.setattr(counting, "reach", change)

    assert counting.refresh(counted) is None
    counted.refresh_from_db()
    assert in_it(counted) == {"anna", "boris"}
    assert counted.counting_until is None
    assert counting.due_segments() == [counted]


def test_a_rule_whose_status_was_unmarked_is_told_and_keeps_its_customers():
    paid = StatusFactory(type="payment", code="paid")
    OrderFactory(customer__external_id="anna", payment_status=paid)
    rule = {
        "combinator": "and",
        "rules": [
            {
                "combinator": "and",
                "of": "any_order",
                "rules": [{"field": "order.payment_status", "operator": "in", "value": ["paid"]}],
            }
        ],
    }
    segment = segments.create(code="payers", name="Payers", rule=rule)
    counting.refresh(segment)
    OrderStatus.objects.filter(pk=paid.pk).update(include_in_analytics=False)

    assert counting.refresh(segment) is None

    segment.refresh_from_db()
    assert segment.problem == "rule"
    assert segment.counting_until is None
    assert in_it(segment) == {"anna"}

    OrderStatus.objects.filter(pk=paid.pk).update(include_in_analytics=True)
    counting.refresh(segment)
    segment.refresh_from_db()
    assert segment.problem == ""


def test_a_rule_that_takes_too_long_is_told(counted, monkeypatch):
    def takes_long(*args, **kwargs):
        raise counting.TookTooLong

    monkeypatch.setattr(counting, "kept_aside", takes_long)

    assert counting.refresh(counted) is None
    counted.refresh_from_db()
    assert counted.problem == "slow"


def test_segments_are_due_when_asked_for_new_or_old(counted, settings):
    assert counting.due_segments() == []

    segments.ask_for_count([counted])
    assert counting.due_segments() == [counted]

    counting.refresh(counted)
    long_ago = timezone.now() - timedelta(seconds=settings.SEGMENTS_EVERY_S + 1)
    Segment.objects.update(count_began_at=long_ago)
    assert counting.due_segments() == [counted]


def test_a_segment_that_another_asks_about_is_counted_before_it(counted):
    rule = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    other = segments.create(code="a-other", name="A", rule=rule)
    segments.ask_for_count([counted, other])

    assert counting.due_segments() == [counted, other]
    for segment in counting.due_segments():
        counting.refresh(segment)
    assert in_it(other) == {"anna", "boris"}


def test_who_was_erased_is_in_no_segment(counted):
    erase(Customer.objects.get(external_id="anna"), Reason.ASKED, COMMAND)
    assert in_it(counted) == {"boris"}

    counting.refresh(counted)
    assert in_it(counted) == {"boris"}


def test_a_count_costs_the_same_however_many_cross(counted):
    def cost(number):
        for _each in range(number):
            CustomerFactory(language="de")
        with CaptureQueriesContext(connection) as queries:
            assert counting.refresh(counted).entered == number
        return len(queries)

    assert cost(1) == cost(50)
