from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.books import Kept
from tests.chaos.clients import Stretch
from tests.chaos.owed import Owed
from tests.chaos.verdict import Refusals, Refused, Taken, Told, Turn, Verdict, judge, judge_calls, judge_consents

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def owed(order="O-1", step="first", after=None):
    return Owed("completed", step, order, "2024-05-01T12:00:00", "+12025550101", after)


def kept(pk=1, order="O-1", state="accepted", step="first", befell=(), reason=""):
    made = NOON + timedelta(seconds=pk)
    return Kept(pk, f"ref-{pk}", state, reason, "completed", step, order, 1, made, NOON, befell)


def taken(pk=1, order="O-1", step="first", at=0.0, to="+12025550101"):
    return Taken("idempotent", f"ref-{pk}", f"completed {step} {order} 2024-05-01T12:00:00", to, at)


def refusals(*by, turns=((0.0, "idempotent"),), pk=1):
    refused = [Refused(provider, f"ref-{pk}", 100.0) for provider in by]
    return Refusals(refused, [Turn(at, providers) for at, *providers in turns])


def found(*, owed, taken, kept, refused=None):
    return [finding.split(":")[0] for finding in judge(owed, taken, kept, refused or refusals()).findings]


def test_what_was_owed_and_taken_once_is_well():
    assert found(owed=[owed()], taken=[taken()], kept=[kept()]) == []


def test_what_was_owed_and_is_nowhere_is_lost():
    assert found(owed=[owed()], taken=[], kept=[]) == ["lost"]
    assert found(owed=[owed()], taken=[], kept=[kept(state="pending")]) == ["lost"]
    assert found(owed=[owed()], taken=[], kept=[kept(state="skipped")]) == ["lost"]


def test_what_the_books_explain_is_not_lost():
    both = [kept(state="unknown"), kept(2, "O-2", state="rejected")]

    verdict = judge([owed(), owed("O-2")], [], both, refusals("idempotent", pk=2))

    assert verdict.findings == []
    assert (verdict.counts["unknown"], verdict.counts["refused"]) == (1, 1)


@pytest.mark.parametrize(
    ("refused", "befell", "is_lost"),
    [
        (refusals(), (), True),
        (refusals("telling"), (), True),
        (refusals("idempotent"), ("refused idempotent HTTP 400: No",), False),
        (refusals("idempotent"), ("refused idempotent HTTP 400: No", "refused telling HTTP 400: No"), True),
        (refusals("idempotent", turns=[(0.0, "idempotent", "telling")]), (), True),
        (refusals("idempotent", "telling", turns=[(0.0, "idempotent", "telling")]), (), False),
        (refusals("idempotent", turns=[(0.0, "idempotent"), (50.0, "idempotent", "telling")]), (), True),
        (refusals("idempotent", turns=[(0.0, "idempotent"), (95.0, "idempotent", "telling")]), (), False),
        (refusals("idempotent", turns=[(0.0, "telling"), (105.0, "idempotent")]), (), False),
        (refusals("idempotent", turns=[(0.0, "telling"), (150.0, "idempotent")]), (), False),
        (refusals("idempotent", turns=[(0.0, "telling"), (150.0, "idempotent", "telling")]), (), True),
    ],
)
def test_what_the_books_call_rejected_is_lost_unless_all_that_were_in_use_refused_it(refused, befell, is_lost):
    rejected = kept(state="rejected", befell=befell)

    assert found(owed=[owed()], taken=[], kept=[rejected], refused=refused) == ["lost"] * is_lost


def test_what_was_taken_twice_is_doubled_even_under_another_reference():
    assert found(owed=[owed()], taken=[taken(), taken()], kept=[kept()]) == ["doubled"]
    assert found(owed=[owed()], taken=[taken(), taken(pk=9)], kept=[kept()]) == ["doubled"]


def test_what_nobody_owed_is_found_and_what_went_to_another():
    assert found(owed=[], taken=[taken()], kept=[kept()]) == ["not owed"]
    assert found(owed=[owed()], taken=[taken(to="+12025550199")], kept=[kept()]) == ["to another"]


def test_the_second_is_owed_only_once_the_first_was_sent():
    both = [owed(), owed(step="second", after=owed().key)]

    assert found(owed=both, taken=[], kept=[kept(state="unknown")]) == []
    assert found(owed=both, taken=[taken()], kept=[kept()]) == ["lost"]


def test_books_that_say_otherwise_than_the_provider_are_found():
    assert found(owed=[owed()], taken=[], kept=[kept()]) == ["lost", "misreported"]
    assert found(owed=[owed()], taken=[taken()], kept=[kept(state="rejected")]) == ["misreported"]


def test_texts_of_one_order_leave_in_the_order_in_which_they_were_made():
    both = [owed(), owed(step="second", after=owed().key)]
    overtaken = [taken(at=5.0), taken(2, step="second", at=1.0)]

    assert found(owed=both, taken=overtaken, kept=[kept(), kept(2, step="second")]) == ["out of order"]
    assert found(owed=both, taken=overtaken, kept=[kept(befell=("unsure",)), kept(2, step="second")]) == []


def test_a_text_that_was_owed_only_after_a_later_one_left_may_follow_it():
    both = [owed(), owed(step="second", after=owed().key)]
    overtaken = [taken(at=5.0), taken(2, step="second", at=1.0)]
    first, second = kept(), kept(2, step="second")

    written_later = replace(first, pk=3)
    made_later = replace(first, created_at=second.created_at + timedelta(seconds=1))

    assert found(owed=both, taken=overtaken, kept=[written_later, second]) == []
    assert found(owed=both, taken=overtaken, kept=[made_later, second]) == []


def test_a_text_may_be_withheld_for_the_reasons_that_were_given_and_no_other():
    asked_not_to = replace(owed(), reasons=frozenset({"refused"}))

    assert found(owed=[asked_not_to], taken=[], kept=[kept(state="skipped", reason="refused")]) == []
    assert found(owed=[asked_not_to], taken=[], kept=[kept(state="skipped", reason="too_late")]) == ["lost"]
    assert found(owed=[owed()], taken=[], kept=[kept(state="skipped", reason="refused")]) == ["lost"]


def test_of_two_that_exclude_each_other_one_is_owed():
    first, second = replace(owed(), instead=owed(step="second").key), replace(owed(step="second"), instead=owed().key)

    assert found(owed=[first, second], taken=[taken()], kept=[kept()]) == []
    assert found(owed=[first, second], taken=[], kept=[]) == ["lost", "lost"]


def call(order="O-1", **how):
    return replace(owed(order), to="", **how)


def told(pk=1, order="O-1", is_signed=True):
    return Told(f"msg_ref-{pk}", call(order).key, is_signed)


def found_of_calls(*, owed, taken=(), refused=(), kept=()):
    verdict = Verdict()
    judge_calls(verdict, owed, list(taken), set(refused), list(kept))
    return [finding.split(":")[0] for finding in verdict.findings]


def test_a_call_is_made_at_least_once():
    assert found_of_calls(owed=[call()], taken=[told(), told()], kept=[kept(state="taken")]) == []
    assert found_of_calls(owed=[call()]) == ["calls lost"]
    assert found_of_calls(owed=[call(is_open=True)]) == []


def test_a_call_is_known_by_one_id():
    assert found_of_calls(owed=[call()], taken=[told(), told(2)], kept=[kept(state="taken")]) == ["calls doubled"]


def test_a_call_need_not_be_made_once_its_order_was_stopped():
    skipped = kept(state="skipped", reason="entered_stop_status")

    assert found_of_calls(owed=[call(reasons=frozenset({"entered_stop_status"}))], kept=[skipped]) == []
    assert found_of_calls(owed=[call()], kept=[skipped]) == ["calls lost"]


def test_a_call_may_fail_that_was_refused():
    failed = kept(state="failed")

    assert found_of_calls(owed=[call()], refused=["msg_ref-1"], kept=[failed]) == []
    assert found_of_calls(owed=[call()], kept=[failed]) == ["calls lost"]
    assert found_of_calls(owed=[call()], kept=[kept(state="skipped", reason="too_late")]) == ["calls lost"]


def test_calls_that_nobody_owed_signed_or_made_are_found():
    taken = kept(state="taken")

    assert found_of_calls(owed=[], taken=[told()], kept=[taken]) == ["calls not owed"]
    assert found_of_calls(owed=[call()], taken=[told(is_signed=False)], kept=[taken]) == ["calls unsigned"]
    assert found_of_calls(owed=[call()], kept=[taken]) == ["calls lost", "calls misreported"]


def found_of_consents(*, stretches=(), consents=None, texts=("T-1",)):
    stop = {"id": "T-1", "from": "+12025550101", "text": "STOP", "ago_s": 20_000}
    somebody = {"external_id": "C-1", "phone": "+12025550101", "consent": "given"}
    verdict = Verdict()
    feed = {"texts": [stop, stop], "customers": [somebody]}
    judge_consents(verdict, feed, stretches, consents or {"C-1": "refused"}, texts)
    return [finding.split(":")[0] for finding in verdict.findings]


def test_each_text_is_kept_once_and_consents_are_what_they_say():
    assert found_of_consents() == []
    assert found_of_consents(texts=[]) == ["texts lost"]
    assert found_of_consents(texts=["T-1", "T-1"]) == ["texts doubled"]
    assert found_of_consents(consents={"C-1": "given"}) == ["consents wrong"]


SENT_THEN, OPEN, IN_HAND = (False, "accepted", ""), (True, "pending", ""), (False, "claimed", "")
WITHHELD = (False, "skipped", "refused")


@pytest.mark.parametrize(
    ("consent", "at_first", "at_last", "is_against"),
    [
        ("refused", {1: OPEN}, {1: SENT_THEN}, True),
        ("refused", {}, {1: SENT_THEN}, True),
        ("refused", {1: IN_HAND}, {1: SENT_THEN}, False),
        ("refused", {1: SENT_THEN}, {1: SENT_THEN}, False),
        ("refused", {1: OPEN}, {1: OPEN}, False),
        ("refused", {1: OPEN}, {1: WITHHELD}, False),
        ("given", {1: OPEN}, {1: WITHHELD}, True),
        ("given", {1: WITHHELD}, {1: WITHHELD}, False),
        ("given", {}, {1: SENT_THEN}, False),
    ],
)
def test_what_was_ruled_on_while_a_consent_held_went_by_it(consent, at_first, at_last, is_against):
    stretch = Stretch("C-1", consent, at_first, at_last)

    assert found_of_consents(stretches=[stretch]) == ["against consent"] * is_against
