from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.consent import Telling, settle_consent

MONDAY = datetime(2024, 5, 6, tzinfo=UTC)
TUESDAY = datetime(2024, 5, 7, tzinfo=UTC)
NOW = datetime(2024, 5, 31, tzinfo=UTC)


@pytest.mark.parametrize("standing", [Telling("refused", MONDAY), Telling("refused"), Telling("given", MONDAY)])
@pytest.mark.parametrize("told", [Telling("given"), Telling("unknown")])
def test_a_telling_of_unknown_age_takes_no_answer_back(standing, told):
    assert settle_consent(standing, told, NOW) is standing


def test_a_consent_of_unknown_age_answers_what_nobody_had_answered():
    assert settle_consent(Telling("unknown"), Telling("given"), NOW) == Telling("given", None)


@pytest.mark.parametrize("standing", [Telling("unknown"), Telling("given"), Telling("given", TUESDAY)])
def test_a_refusal_of_unknown_age_counts_from_now(standing):
    assert settle_consent(standing, Telling("refused"), NOW) == Telling("refused", NOW)


def test_a_consent_of_unknown_age_gives_way_to_any_dated_telling():
    assert settle_consent(Telling("given"), Telling("refused", MONDAY), NOW) == Telling("refused", MONDAY)


@pytest.mark.parametrize("consent", ["given", "unknown", "refused"])
@pytest.mark.parametrize("before", ["given", "unknown", "refused"])
def test_of_two_dated_tellings_the_newer_holds(before, consent):
    assert settle_consent(Telling(before, MONDAY), Telling(consent, TUESDAY), NOW) == Telling(consent, TUESDAY)
    assert settle_consent(Telling(before, TUESDAY), Telling(consent, MONDAY), NOW) == Telling(before, TUESDAY)


def test_of_two_tellings_of_one_moment_the_refusal_holds():
    assert settle_consent(Telling("given", MONDAY), Telling("refused", MONDAY), NOW).consent == "refused"
    assert settle_consent(Telling("refused", MONDAY), Telling("given", MONDAY), NOW).consent == "refused"


def test_a_telling_dated_ahead_counts_as_of_now():
    ahead = Telling("given", NOW.replace(minute=4))

    assert settle_consent(ahead, Telling("refused", NOW), NOW) == Telling("refused", NOW)
    assert settle_consent(ahead, Telling("refused", MONDAY), NOW) is ahead


@pytest.mark.parametrize("at", [None, MONDAY])
@pytest.mark.parametrize("consent", ["given", "unknown", "refused"])
def test_the_same_told_again_changes_nothing(consent, at):
    standing = settle_consent(Telling("unknown"), Telling(consent, at), NOW)

    assert settle_consent(standing, Telling(consent, at), NOW) is standing


past = st.datetimes(max_value=NOW.replace(tzinfo=None), timezones=st.just(UTC))
dated = st.builds(Telling, st.sampled_from(["given", "unknown", "refused"]), past)


@given(st.lists(dated, min_size=1).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_dated_tellings_end_the_same_in_any_order_of_arrival(tellings):
    ends = []
    for arrivals in tellings:
        standing = Telling("unknown")
        for told in arrivals:
            standing = settle_consent(standing, told, NOW)
        ends.append(standing)

    assert ends[0] == ends[1]
