"""Keywords: what people text to be left alone, or to hear from us again, however they write it.

A text is a keyword only as a whole, as carriers match it. “Stop please” is none, nor is “Don't stop”: what somebody
means by a sentence is for a person to read. A phrase may be a keyword: whoever wants “stop please” adds it.
"""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Those of US carriers and of 47 CFR 64.1200(a)(10), and what is usual in Russian.
STOP_WORDS = (
    "STOP, STOPALL, STOP ALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT, OPT OUT, "
    "СТОП, ОТПИСКА, ОТПИСАТЬСЯ, ОТПИСАТЬ, ОТПИШИТЕ"
)
# Not YES or ДА, which answer any question a text may have asked.
START_WORDS = "START, UNSTOP, SUBSCRIBE, СТАРТ, ПОДПИСКА, ПОДПИСАТЬСЯ"


def plain(text: str) -> str:
    """One form for all ways to write it: width, case, spaces, and the signs around it make no difference."""
    text = unicodedata.normalize("NFKC", text).casefold()
    letters = [place for place, sign in enumerate(text) if sign.isalnum()]
    return " ".join(text[letters[0] : letters[-1] + 1].split()) if letters else ""


def read_keywords(written: str) -> frozenset[str]:
    """Separated by commas or lines."""
    return frozenset(word for part in re.split(r"[,;\n]", written) if (word := plain(part)))


def validate_keywords(written: str) -> None:
    if not read_keywords(written):
        raise ValidationError(_("Name at least one word."), code="no_keywords")
