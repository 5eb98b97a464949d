import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from campaigns.models import Encoding
from campaigns.sms.parts import count_parts

ENCODINGS = {"gsm0338": Encoding.GSM_7, "utf_16_be": Encoding.UCS_2}
SIGNS = st.sampled_from([*GSM_BASIC_CHARSET, *GSM_EXT_CHARSET, "ş", "’", "日", "\ud800", "😀", "\U0010ffff"])


@pytest.mark.parametrize(
    ("text", "parts", "encoding"),
    [
        ("a" * 160, 1, "gsm7"),
        ("a" * 161, 2, "gsm7"),
        ("a" * 306, 2, "gsm7"),
        ("a" * 307, 3, "gsm7"),
        ("€" * 80, 1, "gsm7"),
        ("€" * 81, 2, "gsm7"),
        ("a" * 152 + "€" + "a" * 152, 3, "gsm7"),
        ("ş" * 70, 1, "ucs2"),
        ("ş" * 71, 2, "ucs2"),
        ("ş" * 66 + "😀" + "ş" * 66, 3, "ucs2"),
    ],
)
def test_a_text_is_so_many_parts(text, parts, encoding):
    assert count_parts(text) == (parts, encoding)


def texts_of(signs):
    """Runs of one sign, of about the length of a part, and whatever stands between them."""
    runs = st.builds(str.__mul__, signs, st.integers(0, 160))
    return st.lists(st.one_of(signs, runs), max_size=6).map("".join)


GSM = texts_of(st.sampled_from([*GSM_BASIC_CHARSET, *GSM_EXT_CHARSET]))


@given(st.one_of(GSM, texts_of(SIGNS), st.text()))
def test_the_short_way_comes_to_the_same_as_walking_through_the_text(text):
    walked = smsutil.split(text)

    assert count_parts(text) == (len(walked.parts), ENCODINGS[walked.encoding])
