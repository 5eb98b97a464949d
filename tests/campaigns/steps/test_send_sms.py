"""What the step owes, and which way a run takes when the sending ended. Whether it may be sent: sms/test_law.py."""

from datetime import timedelta

import pytest

from campaigns.draining import drain
from campaigns.models import Message
from campaigns.steps.actions.send_sms import KIND
from tests.campaigns.shop import NOON, customer_in, ending, later, message_of, path, sms, wait
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def test_one_message_is_owed_and_sent(shop, memory):
    shop.start(sms(text="Thanks for {{ order.external_id }}"))

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("text", "owed"), ("text", "sent")]
    [sent] = memory.taken.values()
    assert (sent.to, sent.text) == (run.customer.phone, "Thanks for O-1")


def test_a_message_keeps_what_its_step_asked_for(shop):
    lifetime = {"value": 24, "unit": "hours"}
    shop.start(sms(purpose="marketing", category="news", only_if_still=True, lifetime=lifetime))

    message = message_of(shop.pay())

    assert (message.purpose, message.deliver, message.category) == ("marketing", "outside_quiet_hours", "news")
    assert message.only_if_still == shop.statuses["paid"]
    assert message.expires_at == NOON + timedelta(hours=24)
    assert not message.is_test


@pytest.mark.parametrize(
    ("params", "deliver"),
    [
        ({"purpose": "transactional"}, "immediately"),
        ({"purpose": "marketing"}, "outside_quiet_hours"),
        ({"purpose": "transactional", "deliver": "outside_quiet_hours"}, "outside_quiet_hours"),
        ({"purpose": "marketing", "deliver": "immediately"}, "immediately"),
    ],
)
def test_marketing_keeps_quiet_at_night_unless_told_otherwise(params, deliver):
    form = KIND.form({"text": "Hello", **params})

    assert form.problems() == []
    assert form.cleaned_data["deliver"] == deliver


def test_a_message_that_was_not_sent_ends_the_run_with_its_reason(shop):
    shop.start(sms(), wait())

    run = shop.pay(customer=CustomerFactory(sms_consent="refused"))

    assert path(run) == [("", "admitted"), ("text", "owed"), ("text", "not_sent")]
    assert ending(run) == ("stopped", "refused")


def test_a_branch_for_what_was_not_sent_is_walked(shop):
    shop.start(sms(not_sent=[wait("patience"), sms("again")]))

    run = shop.pay(customer=CustomerFactory(sms_consent="refused"))

    assert path(run)[2:] == [("text", "not_sent"), ("patience", "waiting")]


def test_both_branches_come_out_at_the_step_after(shop):
    shop.start(sms(sent=[sms("thanks")], not_sent=[wait("pause", 1, "minutes")]), sms("last"))

    run = shop.pay()

    assert [step for step, outcome in path(run) if outcome == "sent"] == ["text", "thanks", "last"]


def test_what_a_gateway_refuses_was_not_sent(shop, memory):
    ada = CustomerFactory()
    memory.refuses.add(ada.phone)
    shop.start(sms())

    run = shop.pay(customer=ada)

    assert message_of(run).state == "rejected"
    assert ending(run) == ("stopped", "rejected")


def test_a_held_message_holds_its_run_and_a_wait_counts_from_its_sending(shop, clock):
    clock.move_to(NOON.replace(hour=22))
    shop.start(sms(deliver="outside_quiet_hours"), wait(value=2, unit="hours"))
    run = shop.pay(customer=customer_in("UTC"))
    assert (run.step, run.due_at, message_of(run).is_held) == ("text", None, True)

    later(clock, hours=11)
    run.refresh_from_db()
    assert run.due_at == NOON.replace(day=4, hour=11)

    later(clock, hours=2)
    assert ending(run) == ("finished", "")


def test_a_test_key_marks_its_messages(shop):
    shop.start(sms())
    shop.order()

    shop.tell("O-1", "paid", is_test=True)
    drain()

    assert Message.objects.get().is_test


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"text": None}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": "  "}, "/text"),
        ({"text": 7}, "/text"),
        ({"text": ["Hello"]}, "/text"),
        ({"text": "x" * 2001}, "/text"),
        ({"text": "{{ order.secret }}"}, "/text"),
        ({"text": "{% if %}"}, "/text"),
        ({"purpose": None}, "/purpose"),
        ({"purpose": "spam"}, "/purpose"),
        ({"purpose": ["marketing"]}, "/purpose"),
        ({"deliver": "never"}, "/deliver"),
        ({"deliver": 0}, "/deliver"),
        ({"deliver": []}, "/deliver"),
        ({"category": 5}, "/category"),
        ({"category": True}, "/category"),
        ({"category": "Big News"}, "/category"),
        ({"category": "news\n"}, "/category"),
        ({"category": "x" * 65}, "/category"),
        ({"only_if_still": "yes"}, "/only_if_still"),
        ({"only_if_still": 1}, "/only_if_still"),
        ({"only_if_still": 1.0}, "/only_if_still"),
        ({"only_if_still": []}, "/only_if_still"),
        ({"lifetime": 24}, "/lifetime"),
        ({"lifetime": {"value": 0, "unit": "hours"}}, "/lifetime"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_bad_params_are_refused_at_their_place(params, pointer):
    form = KIND.form({"text": "Hello", "purpose": "transactional", **params})

    assert [problem.field for problem in form.problems()] == [pointer]
