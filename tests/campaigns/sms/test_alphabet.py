import pytest

from campaigns.models import Encoding
from campaigns.sms.alphabet import PLAIN, dear_signs, is_plain, made_plain, signs_of_values
from campaigns.sms.parts import count_parts


def signs(text):
    return [(dear.sign, dear.places, dear.plain) for dear in dear_signs(text)]


def test_dear_signs_are_told_with_their_places_and_what_is_plain():
    assert signs("“Hi” – you…“") == [
        ("“", (0, 11), '"'),
        ("”", (3,), '"'),
        ("–", (5,), "-"),
        ("…", (10,), "..."),
    ]


def test_a_letter_of_another_script_has_no_plain_one():
    assert signs("Zoë 5€") == [("ë", (2,), None)]


def test_within_markup_nothing_is_told():
    assert signs("{{ x | default: '“' }}a{% if '–' %}…{% endif %}") == [("…", (35,), "...")]


def test_what_is_open_is_no_markup_yet():
    assert signs("{{ “") == [("“", (3,), '"')]


def test_signs_that_nobody_sees_have_a_name():
    [sign] = dear_signs("12\u00a0EUR")

    assert (sign.name, sign.plain) == ("no-break space", " ")


@pytest.mark.parametrize("sign", PLAIN)
def test_what_is_offered_is_plain_and_was_not(sign):
    assert count_parts(sign)[1] == Encoding.UCS_2
    assert is_plain(PLAIN[sign])


def test_a_text_made_plain_keeps_what_has_no_plain_one():
    assert made_plain("“Zoë”…") == '"Zoë"...'


def test_signs_that_came_with_an_order_are_told_apart():
    assert signs_of_values("Hi – {{ customer.first_name }}", "Hi – Zoë Zoë") == "ë"
