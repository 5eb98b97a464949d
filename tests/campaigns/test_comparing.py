"""What changed between two definitions, in sentences with their places and side by side."""

import pytest

from campaigns.comparing import compare
from campaigns.definitions import read_plan
from tests.campaigns.shop import asks, condition, definition, sms, trigger, wait

NAMES = {("payment", "paid"): "Paid", ("payment", "invoiced"): "Invoiced"}
PAID = condition("order.payment_status", "in", ["paid"])


def told(old, new):
    read_plan(old)
    read_plan(new)
    return [(difference.detail, difference.pointer) for difference in compare(old, new, NAMES)]


def test_the_same_is_no_difference():
    assert told(definition(sms(), wait()), definition(sms(), wait())) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"name": "Thank you"}, ("Name was “Thanks”, and is “Thank you”.", "/name")),
        ({"max_age": {"value": 1, "unit": "days"}}, ("Ignore changes older than is new: “1 day”.", "/max_age")),
        ({"reentry": {"mode": "once_per_order"}}, ("An order enters is new: “once”.", "/reentry")),
        (
            {"reentry": {"mode": "not_within", "days": 30, "per": "customer"}},
            ("An order enters is new: “not again for the same customer within 30 days”.", "/reentry"),
        ),
        (
            {"reentry": {"mode": "not_within", "days": 1, "per": "order"}},
            ("An order enters is new: “not again within 1 day”.", "/reentry"),
        ),
        ({"hourly_limit": {"messages": 500}}, ("Messages in an hour, at most is new: “500”.", "/hourly_limit")),
        (
            {"frequency_cap": {"messages": 2, "per": "week", "category": "offers", "then": "defer"}},
            (
                "Send a customer no more than is new: “2 messages of “offers” a week; put off what is too many”.",
                "/frequency_cap",
            ),
        ),
        (
            {"frequency_cap": {"messages": 1, "per": "day"}},
            ("Send a customer no more than is new: “1 message a day; leave out what is too many”.", "/frequency_cap"),
        ),
        (
            {"stop_on": [{"type": "payment", "to": ["paid", "invoiced"]}]},
            ("Stop when the order enters any of is new: “payment: Paid or Invoiced”.", "/stop_on"),
        ),
        ({"starts_at": "2026-05-04T09:00:00Z"}, ("Starts is new: “4 May 2026, 09:00”.", "/starts_at")),
        (
            {"trigger": trigger(came_from=["invoiced"], to=["paid"])},
            (
                "The trigger was “When payment goes to Paid”, and is “When payment goes from Invoiced to Paid”.",
                "/trigger",
            ),
        ),
    ],
)  # fmt: skip
def test_what_the_campaign_itself_is(keys, expected):
    assert told(definition(sms()), definition(sms()) | keys) == [expected]


def test_what_is_set_no_more():
    assert told(definition(sms(), max_age={"value": 2, "unit": "hours"}), definition(sms())) == [
        ("Ignore changes older than is no longer set; it was “2 hours”.", "/max_age")
    ]


def test_a_step_that_is_told_otherwise():
    old = definition(sms(text="Hello", only_if_still=True), wait())
    new = definition(sms(text="Bye", purpose="marketing", only_if_still=False), wait(value=3))

    assert told(old, new) == [
        ("Text of “Send SMS” (text) was “Hello”, and is “Bye”.", "/steps/0/params/text"),
        ("Purpose of “Send SMS” (text) was “Transactional”, and is “Marketing”.", "/steps/0/params/purpose"),
        (
            "Only if the order is still in the target status of “Send SMS” (text) was “yes”, and is “no”.",
            "/steps/0/params/only_if_still",
        ),
        ("For of “Wait” (pause) was “1 hour”, and is “3 hours”.", "/steps/1/params/duration"),
    ]


def test_steps_that_came_and_went_move_no_other():
    old = definition(wait("a"), wait("b"), sms())
    new = definition(wait("a"), asks(PAID, yes=[wait("c")]), sms())

    assert told(old, new) == [
        ("“Filter customers” (asked) was added after “Wait” (a).", "/steps/1"),
        ("“Wait” (c) was added under “Yes” of “Filter customers” (asked).", "/steps/1/branches/yes/0"),
        ("“Wait” (b) was taken out.", "/steps/1"),
    ]


def test_a_step_that_was_moved():
    old = definition(asks(PAID, yes=[sms()]), wait())
    new = definition(asks(PAID, no=[sms()]), wait())

    assert told(old, new) == [
        ("“Send SMS” (text) was moved; it stands under “No” of “Filter customers” (asked).", "/steps/0/branches/no/0")
    ]


def test_two_that_changed_places():
    assert told(definition(wait("a"), sms()), definition(sms(), wait("a"))) == [
        ("“Send SMS” (text) was moved; it stands at the beginning.", "/steps/0"),
        ("“Wait” (a) was moved; it stands after “Send SMS” (text).", "/steps/1"),
    ]


def test_a_key_that_means_another_kind():
    assert told(definition(sms("a")), definition(wait("a"))) == [("“Send SMS” (a) became “Wait” (a).", "/steps/0/kind")]


def test_two_side_by_side():
    theirs = definition(sms(), wait(), max_age={"value": 1, "unit": "hours"})
    mine = definition(asks(PAID), sms(text="Hi"), trigger=trigger(to=["invoiced"]))

    assert [(each.what, each.old, each.new) for each in compare(theirs, mine, NAMES)] == [
        ("What starts it", "When payment goes to Paid", "When payment goes to Invoiced"),
        ("Ignore changes older than", "1 hour", ""),
        ("“Filter customers” (asked)", "", "Yes, if payment status is Paid."),
        ("Text of “Send SMS” (text)", "Hello", "Hi"),
        ("“Wait” (pause)", "Waits for 1 hour.", ""),
    ]


def test_what_is_long_is_shortened_in_the_sentence_and_whole_side_by_side():
    (told,) = compare(definition(sms(text="a" * 200)), definition(sms(text="b")), NAMES)

    assert told.old == "a" * 200
    assert "a" * 159 + "…" in told.detail
    assert "a" * 160 not in told.detail


def test_a_one_that_becomes_true_is_told():
    one, true = (definition(asks(condition("customer.attribute", "=", value, name="vip"))) for value in (1, True))

    [(detail, _pointer)] = told(one, true)

    assert detail.endswith("was “attribute “vip” is 1”, and is “attribute “vip” is true”.")
