"""HTTP to gateways: many calls at once over connections that stay open, each with what was heard, in order.

It tells apart what was certainly never sent (`Unreached`) from what was sent, or may have been, and not answered
(`Unanswered`). One event loop and one session live in each process that calls; they know nothing of the database.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TIMEOUT_S = 10.0
# Resolving, connecting and the TLS handshake; it ends well before the whole does, so it is known what ran out.
CONNECT_S = 5.0
# Calls not begun by then are not made: with the last one's time-out all ends within 30 s.
BEGUN_WITHIN_S = 20.0
# Servers close idle connections after 5 s or more. We are first, lest a call be lost on one that is closing just then.
KEPT_IDLE_S = 4.0
# No gateway's answer is longer; what is, is no answer.
LONGEST_REPLY = 1_000_000

# Raised by aiohttp's connector alone, or before it: the address is wrong, its name is unknown, the connection was
# refused, reset or too slow, the TLS handshake failed. Not a byte of the request was written.
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
# Everything else that goes wrong may have come after the request was read, also a connection that was found closed.
# aiohttp repeats no POST by itself.
NOT_ANSWERED = (aiohttp.ClientError, TimeoutError, OSError)
# The first that fits: one time-out is a kind of the other.
IN_WORDS = {
    aiohttp.ConnectionTimeoutError: gettext_lazy("No connection in time"),
    TimeoutError: gettext_lazy("No answer in time"),
    aiohttp.InvalidURL: gettext_lazy("The address is not one that can be called"),
    aiohttp.ServerDisconnectedError: gettext_lazy("The connection was closed before an answer"),
    aiohttp.ClientPayloadError: gettext_lazy("The answer does not end, or is cut off"),
}


@dataclass(frozen=True, slots=True)
class Call:
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. Names of headers are in small letters."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nobody heard the call, since nobody can be reached there."""

    error: str


@dataclass(frozen=True, slots=True)
class NotBegun:
    """There was no time left to call."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The call may have been heard."""

    error: str


Heard = Reply | Unreached | Unanswered | NotBegun


def call_all(
    calls: Sequence[Call], *, at_once: int, timeout_s: float = TIMEOUT_S, begun_by: float | None = None
) -> list[Heard]:
    """Call one server, `at_once` calls at a time. Once it cannot be reached the rest is not tried.

    Calls not begun by `begun_by` (of time.monotonic(); None: BEGUN_WITHIN_S from now) are not made either.
    """
    wire = _wires.setdefault(os.getpid(), _Wire())
    return wire.call_all(calls, at_once, timeout_s, begun_by or time.monotonic() + BEGUN_WITHIN_S)


class _Wire:
    """The loop and the session of one process, made at its first call. Its threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._runner: asyncio.Runner | None = None
        self._session: aiohttp.ClientSession | None = None

    def call_all(self, calls: Sequence[Call], at_once: int, timeout_s: float, begun_by: float) -> list[Heard]:
        with self._turn:
            self._runner = self._runner or asyncio.Runner()
            try:
                return self._runner.run(self._call_all(calls, at_once, timeout_s, begun_by))
            except BaseException:
                # What was interrupted must not go on when the loop next runs.
                self._close()
                raise

    def close(self) -> None:
        with self._turn:
            self._close()

    async def _call_all(self, calls: Sequence[Call], at_once: int, timeout_s: float, begun_by: float) -> list[Heard]:
        session = self._session = self._session or _new_session()
        await _notice_what_was_closed()
        heard: list[Heard] = [NotBegun()] * len(calls)
        waiting = iter(enumerate(calls))
        async with asyncio.TaskGroup() as callers:
            for _caller in range(min(at_once, len(calls))):
                callers.create_task(_call_in_turn(session, waiting, heard, begun_by, timeout_s))
        return heard

    def _close(self) -> None:
        if self._runner:
            if self._session:
                self._runner.run(_hang_up(self._session))
            self._runner.close()
        self._runner = self._session = None


# By process: a child has its own. Its parent's stays here untouched, since they share what the loop waits on.
_wires: dict[int, _Wire] = {}


@atexit.register
def close_wire() -> None:
    if wire := _wires.pop(os.getpid(), None):
        wire.close()


def _new_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "orderstatus"},
    )


async def _hang_up(session: aiohttp.ClientSession) -> None:
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await session.close()


async def _notice_what_was_closed() -> None:
    """Let the loop read what came while it stood still: connections that servers closed are not used again."""
    for _round in range(3):
        await asyncio.sleep(0)


async def _call_in_turn(
    session: aiohttp.ClientSession,
    waiting: Iterator[tuple[int, Call]],
    heard: list[Heard],
    begun_by: float,
    timeout_s: float,
) -> None:
    for index, call in waiting:
        if time.monotonic() > begun_by:
            return
        heard[index] = outcome = await _call(session, call, timeout_s)
        if isinstance(outcome, Unreached):
            for left, _call_not_made in waiting:
                heard[left] = outcome


async def _call(session: aiohttp.ClientSession, call: Call, timeout_s: float) -> Heard:
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_S, timeout_s / 2))
    try:
        async with session.request(
            call.method, call.url, data=call.body, headers=call.headers, timeout=timeout, allow_redirects=False
        ) as response:
            body = await _read(response)
            return Reply(response.status, body, {name.lower(): value for name, value in response.headers.items()})
    except NEVER_SENT as error:
        return Unreached(_words(error))
    except NOT_ANSWERED as error:
        return Unanswered(_words(error))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    try:
        await response.content.readexactly(LONGEST_REPLY)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    raise aiohttp.ClientPayloadError("The answer does not end.")


def _words(error: Exception) -> str:
    """For people, and without the request, which holds a number and a text."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return _("Cannot connect: %s") % _cause(error.os_error)
    known = (words for kind, words in IN_WORDS.items() if isinstance(error, kind))
    return str(next(known, type(error).__name__))


def _cause(error: OSError) -> str:
    """asyncio writes the address that was called in place of what the system said."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return error.strerror or str(error)
