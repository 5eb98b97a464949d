"""What an HTTP answer says of a message: the one table of statuses that every gateway over HTTP shares."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard
from urllib.parse import quote as quote_url
from urllib.parse import quote_plus, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from campaigns.sms.gateways.base import Answer, Later, NotCalled, Refused, Unsure
from campaigns.sms.wire import Heard, NotBegun, Reply, Unanswered, Unreached
from workspace.text import storable

# Not taken, and may be later (RFC 6585, 9110, 8470).
NOT_NOW = frozenset({425, 429})
# Nor is anybody's.
DOWN = 503
# It speaks of our account, of the address or of the form of the call, not of the message: none gets through until a
# person mends that.
NOT_LIKE_THIS = frozenset({401, 402, 404, 405, 407, 415})
# None is followed, and a server that says so of a POST has not acted on it. After 303 it has, and says where to look.
REDIRECTS = frozenset({301, 302, 307, 308})
# Proxies say so as well of a request that they passed on.
UNCLEAR = frozenset({408})
CONFLICT = 409

LONGEST_WAIT_S = 24 * 3600.0
LONGEST_WORDS = 300
A_NUMBER = re.compile(r"\+?\d(?:[ ().-]?\d){6,}")


def is_success(heard: Heard) -> TypeGuard[Reply]:
    return isinstance(heard, Reply) and 200 <= heard.status < 300


def judge_failure(heard: Heard, words: str, *, knows_repeats: bool = False) -> Answer:
    """`words`: what the gateway said of it."""
    match heard:
        case NotBegun():
            return NotCalled()
        case Unreached(error):
            return Later(error, is_outage=True)
        case Unanswered(error):
            return Unsure(error)
    error = f"HTTP {heard.status}: {words}".removesuffix(": ")
    if heard.status in NOT_NOW:
        return Later(error, after_s=retry_after_s(heard))
    if heard.status == DOWN:
        return Later(error, after_s=retry_after_s(heard), is_outage=True)
    if heard.status in REDIRECTS:
        return Later(_redirected(heard) or error, is_outage=True)
    if heard.status in NOT_LIKE_THIS:
        return Later(error, is_outage=True)
    # Where repeats are known, a conflict may well be with our own call before.
    if heard.status in UNCLEAR or (heard.status == CONFLICT and knows_repeats):
        return Unsure(error)
    return Refused(error) if 400 <= heard.status < 500 else Unsure(error)


def _redirected(reply: Reply) -> str:
    """Where to, without what may be secret in it: a user, a password, a query. Empty: it does not say."""
    try:
        to = urlsplit(reply.headers.get("location", ""))
    except ValueError:
        return ""
    address = quote(urlunsplit((to.scheme, to.netloc.rpartition("@")[2], to.path, "", "")))
    words = _("it redirects to %s: put that address into the form") % address
    return f"HTTP {reply.status}: {words}" if address else ""


def retry_after_s(reply: Reply) -> float | None:
    """RFC 9110, 10.2.3: seconds, or a date. At most a day, whatever is asked."""
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST_WAIT_S)
    try:
        seconds = parsedate_to_datetime(asked).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def read_json(body: bytes) -> Any:
    """None: it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def find(data: Any, path: str) -> Any:
    """`messages.0.id` in what JSON says; an empty path is all of it. None: there is nothing."""
    for step in path.split(".") if path else ():
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def find_text(data: Any, path: str) -> str:
    """Words or a number; empty where there is neither."""
    found = find(data, path)
    is_said = isinstance(found, str | int | float) and not isinstance(found, bool)
    return storable(str(found).strip()) if is_said else ""


def quote(words: str, texts: Iterable[str] = ()) -> str:
    """A gateway's words, to be kept: short, without what looks like a phone number, without the texts sent."""
    if not words:  # as of every message that was simply taken
        return ""
    spellings = {spelling for text in texts for spelling in _spellings(text)}
    # The longest first: of a text that begins with another one nothing is left over.
    for spelling in sorted(spellings, key=len, reverse=True):
        words = words.replace(spelling, "…")
    return storable(A_NUMBER.sub("…", " ".join(words.split()))[:LONGEST_WORDS])


def _spellings(text: str) -> Iterator[str]:
    """As it was posted, or as it is quoted in JSON or in an address: it may be spelt in any of these ways."""
    if text:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield quote_plus(text, errors="replace")
        yield quote_url(text, errors="replace", safe="")
