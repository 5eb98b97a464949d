"""How many messages a text is to carriers (3GPP TS 23.038 and 23.040), which is what they charge for.

It is asked of every text. smsutil walks through a text sign by sign; that is left to those where a sign of two places
might not fit at the end of a part. For all others it is arithmetic.
"""

from __future__ import annotations

import re

import smsutil
from smsutil.codecs import GSM_CHARSET, GSM_EXT_CHARSET

from campaigns.models import Encoding

# Places in a text that is one message, and in each of several, which lose some to say that they belong together.
PLACES = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}

_GSM = re.compile(f"[{re.escape(GSM_CHARSET)}]+")
# What takes two places: behind an escape, or as a surrogate pair.
_DOUBLE = {
    Encoding.GSM_7: re.compile(f"[{re.escape(GSM_EXT_CHARSET)}]"),
    Encoding.UCS_2: re.compile("[\U00010000-\U0010ffff]"),
}


def count_parts(text: str) -> tuple[int, Encoding]:
    """How many parts, and in which encoding all of them go."""
    encoding = Encoding.GSM_7 if _GSM.fullmatch(text) else Encoding.UCS_2
    alone, each = PLACES[encoding]
    doubles = len(_DOUBLE[encoding].findall(text))
    if len(text) + doubles <= alone:
        return 1, encoding
    if doubles:
        return len(smsutil.split(text).parts), encoding
    return -(-len(text) // each), encoding
