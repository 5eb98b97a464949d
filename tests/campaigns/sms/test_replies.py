"""What is kept of a gateway's words."""

import pytest

from campaigns.sms.gateways.base import Later, Refused, Taken, Unsure
from campaigns.sms.replies import find_text, quote

UNSTORABLE = "a\x00 \ud800"
STORABLE = "a\ufffd ?"


def test_what_is_found_in_an_answer_can_be_stored():
    assert find_text({"id": UNSTORABLE}, "id") == STORABLE


def test_words_that_are_kept_can_be_stored():
    assert quote(UNSTORABLE) == STORABLE


@pytest.mark.parametrize("kind", [Refused, Later, Unsure])
def test_whatever_a_kind_answers_can_be_stored(kind):
    assert Taken(UNSTORABLE).gateway_id == STORABLE
    assert kind(UNSTORABLE).error == STORABLE
