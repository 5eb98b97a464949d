from tests.chaos.feed import make_feed
from tests.chaos.owed import consent_after, owed_by

ORDER = {"external_id": "O-1", "customer": "C-1", "told_by": "load"}


def feed(*requests, consent="given", phone="+12025550101", order=ORDER, texts=()):
    return {
        "statuses": {
            "general": ["new", "completed", "cancelled"],
            "delivery": ["shipped", "at_pickup_point"],
            "payment": ["paid", "refunded"],
        },
        "customers": [{"external_id": "C-1", "phone": phone, "consent": consent}],
        "orders": [order],
        "clients": [list(requests)],
        "texts": list(texts),
    }


def say(*codes, type="payment", hour=12):
    """Changes of one type, an hour apart."""
    at = [f"2024-05-01T{hour + place:02}:00:00+00:00" for place in range(len(codes))]
    changes = [
        {"order": "O-1", "type": type, "code": code, "occurred_at": at[place]} for place, code in enumerate(codes)
    ]
    return {"changes": changes}


def keys(feed):
    return [one.key for one in owed_by(feed)[0]]


def test_marketing_is_owed_to_those_who_agreed():
    owed, _calls = owed_by(feed(say("paid")))

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
    (first, second), _calls = owed_by(feed(say("new", "completed", type="general")))

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


PHONE = "+12025550101"


def wrote(*words, ago_s=None):
    """Texts, each newer than the one before unless it is said how old they are."""
    ages = ago_s or range(90_000, 0, -1000)
    return [{"id": f"T-{n}", "from": PHONE, "text": word, "ago_s": ages[n]} for n, word in enumerate(words)]


def customer(consent="given"):
    return {"external_id": "C-1", "phone": PHONE, "consent": consent}


def test_the_newest_keyword_says_the_consent_in_whatever_order_they_come():
    assert consent_after(customer(), wrote("STOP")) == "refused"
    assert consent_after(customer(), wrote("STOP", "START")) == "given"
    assert consent_after(customer(), wrote("START", "STOP", ago_s=[20_000, 30_000])) == "given"
    assert consent_after(customer(), wrote("START", "Стоп", ago_s=[20_000, None])) == "refused"
    assert consent_after(customer("unknown"), wrote("don't stop", "Thank you!")) == "unknown"


def test_an_old_text_does_not_lift_what_the_shop_was_told():
    assert consent_after(customer("refused"), wrote("START")) == "refused"


def test_what_was_owed_to_who_wrote_stop_may_go_either_way():
    def reasons(**how):
        return {one.reasons for one in owed_by(feed(say("paid"), **how))[0]}

    assert reasons(texts=wrote("STOP")) == {frozenset({"refused", "no_consent"})}
    assert reasons(texts=wrote("START"), consent="unknown") == {frozenset({"refused", "no_consent"})}
    assert reasons(texts=wrote("don't stop")) == {frozenset()}


def test_webhooks_are_owed_whoever_bought():
    told = feed(say("shipped", type="delivery"), say("refunded"), phone="", consent="refused")

    texts, calls = owed_by(told)

    assert texts == []
    assert [call.key for call in calls] == [
        "shipped tell O-1 2024-05-01T12:00:00",
        "refund tell O-1 2024-05-01T12:00:00",
    ]


REFUNDED = "refund {} O-1 2024-05-01T12:00:00".format


def refund(*general, then=()):
    """What is owed of a refund, if these statuses come after it; and how sure that is."""
    told = feed(say("refunded"), *([say(*general, type="general", hour=13)] if general else []), *then)
    return [(one.key, one.instead, one.is_open) for one in owed_by(told)[0] if one.campaign == "refund"]


def test_who_waits_for_a_status_is_told_that_it_came_or_that_it_did_not():
    assert refund() == [(REFUNDED("sorry"), None, False)]
    assert refund("new") == [(REFUNDED("sorry"), None, False)]
    assert refund("new", "cancelled") == [(REFUNDED("gone"), None, False)]


def test_a_status_that_was_passed_through_may_have_been_seen_or_not():
    gone, sorry = REFUNDED("gone"), REFUNDED("sorry")

    assert refund("cancelled", "new") == [(gone, sorry, False), (sorry, gone, False)]


def test_a_payment_stops_it():
    assert refund(then=[say("paid", hour=15)]) == []
    assert refund("cancelled", then=[say("paid", hour=15)]) == [(REFUNDED("gone"), None, True)]
    [call] = owed_by(feed(say("refunded"), say("paid", hour=15)))[1]
    assert (call.is_open, call.reasons) == (True, {"entered_stop_status"})
