"""What is kept of a gateway's words."""

import json
from urllib.parse import quote as quote_url
from urllib.parse import urlencode

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


TEXT = 'Liebe Zoë,\n"heute" 😀 & mehr'


@pytest.mark.parametrize(
    "said",
    [
        f"no: {TEXT}",
        "no: " + json.dumps({"text": TEXT}),
        "no: " + json.dumps({"text": TEXT}, ensure_ascii=False),
        "no: " + urlencode({"text": TEXT}),
        "no: text=" + quote_url(TEXT),
    ],
)
def test_a_text_is_in_no_spelling_among_the_words_that_are_kept(said):
    kept = quote(said, ["", TEXT])

    assert kept.startswith("no: ")
    assert kept.rstrip('"}').endswith("…")
    assert not any(word in kept for word in ("Zo", "Liebe", "heute", "mehr"))


def test_of_a_text_that_begins_with_another_nothing_is_left_over():
    assert quote("no: Hi Ada", ["Hi", "Hi Ada"]) == "no: …"
