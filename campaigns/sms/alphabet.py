"""The signs that make a text dear: one outside the GSM alphabet halves what a part holds (campaigns/sms/parts.py).

Those that only look finer have a plain one that means the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smsutil.codecs import GSM_CHARSET, GSM_EXT_CHARSET

_GSM = frozenset(GSM_CHARSET) | frozenset(GSM_EXT_CHARSET)

PLAIN: Mapping[str, str] = {
    **dict.fromkeys("“”„‟«»″〝〞", '"'),
    **dict.fromkeys("‘’‚‛‹›′`´ʼ", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    "…": "...",
    "•": "*",
    "·": ".",
    "×": "x",
    "№": "No.",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "ﬁ": "fi",
    "ﬂ": "fl",
}  # fmt: skip
_MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dear:
    """A sign outside the GSM alphabet, where it stands in the words of a template, and what says the same plainly."""

    sign: str
    places: tuple[int, ...]
    plain: str | None

    @property
    def name(self) -> str:
        """As Unicode calls it, for signs that nobody sees."""
        return unicodedata.name(self.sign, f"U+{ord(self.sign):04X}").lower()


def is_plain(text: str) -> bool:
    return _GSM.issuperset(text)


def dear_signs(template: str) -> list[Dear]:
    """In the order in which they first stand. Within markup nothing is replaced, as it might mean something there."""
    found: dict[str, list[int]] = {}
    for place, sign in _words(template):
        if sign not in _GSM:
            found.setdefault(sign, []).append(place)
    return [Dear(sign, tuple(places), PLAIN.get(sign)) for sign, places in found.items()]


def made_plain(text: str) -> str:
    """With the plain sign in place of each that has one."""
    return "".join(PLAIN.get(sign, sign) if sign not in _GSM else sign for sign in text)


def signs_of_values(template: str, made: str) -> str:
    """The dear signs in what was made that the template does not hold: they came with an order's own values."""
    return "".join(dict.fromkeys(sign for sign in made if sign not in _GSM and sign not in template))


def _words(template: str) -> Iterator[tuple[int, str]]:
    """(index, sign) of all that is not markup."""
    end = 0
    for markup in [*_MARKUP.finditer(template), None]:
        begins, ends = markup.span() if markup else (len(template), len(template))
        yield from enumerate(template[end:begins], end)
        end = ends
