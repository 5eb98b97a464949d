from tests.chaos.feed import make_feed
from tests.chaos.owed import owed_by

ORDER = {"external_id": "O-1", "customer": "C-1", "told_by": "load"}


def feed(*requests, consent="given", phone="+12025550101", order=ORDER):
    return {
        "statuses": {"general": ["new", "completed"], "delivery": ["shipped", "at_pickup_point"], "payment": ["paid"]},
        "customers": [{"external_id": "C-1", "phone": phone, "consent": consent}],
        "orders": [order],
        "clients": [list(requests)],
    }


def say(*codes, type="payment", hour=12):
    """Changes of one type, an hour apart."""
    at = [f"2024-05-01T{hour + place:02}:00:00+00:00" for place in range(len(codes))]
    changes = [
        {"order": "O-1", "type": type, "code": code, "occurred_at": at[place]} for place, code in enumerate(codes)
    ]
    return {"changes": changes}


def keys(feed):
    return [one.key for one in owed_by(feed)]


def test_marketing_is_owed_to_those_who_agreed():
    owed = owed_by(feed(say("paid")))

    assert [(one.key, one.to) for one in owed] == [("thanks thanks O-1 2024-05-01T12:00:00", "+12025550101")]
    assert keys(feed(say("paid"), consent="unknown")) == []


def test_nothing_is_owed_to_who_refused_or_has_no_number():
    completed = say("new", "completed", type="general")

    assert keys(feed(completed, consent="refused")) == []
    assert keys(feed(completed, phone="")) == []


def test_what_is_told_again_or_too_late_owes_nothing_more():
    assert keys(feed(say("paid"), say("paid"), say("paid", hour=9))) == ["thanks thanks O-1 2024-05-01T12:00:00"]


def test_a_pickup_is_told_if_the_order_was_paid_by_then():
    arrives = say("shipped", "at_pickup_point", type="delivery", hour=14)

    assert "pickup ready O-1 2024-05-01T15:00:00" in keys(feed(say("paid"), arrives))
    assert not any(key.startswith("pickup") for key in keys(feed(arrives, say("paid", hour=16))))


def test_the_second_text_comes_after_the_first():
    first, second = owed_by(feed(say("new", "completed", type="general")))

    assert (first.after, second.after) == (None, "completed first O-1 2024-05-01T13:00:00")


def test_what_waited_for_its_order_is_heard_in_order_of_time():
    order = ORDER | {"told_by": "client"}

    late_first = feed(
        say("completed", type="general", hour=15), say("new", type="general"), {"order": order}, order=order
    )

    assert keys(late_first)[0] == "completed first O-1 2024-05-01T15:00:00"


def test_a_code_that_nobody_knows_moves_nothing():
    assert keys(feed(say("no_such_code", "paid"))) == ["thanks thanks O-1 2024-05-01T13:00:00"]


def test_a_made_feed_is_the_same_for_the_same_seed_and_its_texts_can_be_told_apart():
    made = make_feed(7, 600)
    owed = keys(made)

    assert made == make_feed(7, 600)
    assert len(set(owed)) == len(owed) > 100
