"""HTTP to gateways: many calls at once over connections that stay open, each with what was heard, in order.

It tells apart what was certainly never sent (`Unreached`) from what was sent, or may have been, and not answered
(`Unanswered`). One event loop and its connections live in each process that calls; they know nothing of the database.

aiohttp opens connections, keeps and reads them. Its sessions, requests and responses do much that no gateway needs, and
were half of what a call cost: what is written here is the call alone.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
from aiohttp.http import HttpProcessingError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from multidict import CIMultiDict
from yarl import URL

TIMEOUT_S = 10.0
# Resolving, connecting and the TLS handshake; it ends well before the whole does, so it is known what ran out.
CONNECT_S = 5.0
# Calls not begun by then are not made: with the last one's time-out all ends within 30 s.
BEGUN_WITHIN_S = 20.0
# Servers close idle connections after 5 s or more. We are first, lest a call be lost on one that is closing just then.
KEPT_IDLE_S = 4.0
# No gateway's answer is longer; what is, is no answer.
LONGEST_REPLY = 1_000_000
# What every call says of itself, unless it says so otherwise.
HEADERS = {"User-Agent": "orderstatus", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
LINE_ENDS = re.compile(r"\r\n|[\r\n\0]")


class Unreadable(aiohttp.ClientError):
    """What was answered is no HTTP."""


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
    aiohttp.ClientResponseError: gettext_lazy("The answer cannot be read"),
    Unreadable: gettext_lazy("The answer cannot be read"),
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
    """What a server answered. Its headers are asked for in small letters."""

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
    """The loop of one process and its connections, made at its first call. Its threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._runner: asyncio.Runner | None = None
        self._connections: _Connections | None = None

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
        connections = self._connections = self._connections or _Connections()
        await _notice_what_was_closed()
        heard: list[Heard] = [NotBegun()] * len(calls)
        waiting = iter(enumerate(calls))
        async with asyncio.TaskGroup() as callers:
            for _caller in range(min(at_once, len(calls))):
                callers.create_task(_call_in_turn(connections, waiting, heard, begun_by, timeout_s))
        return heard

    def _close(self) -> None:
        if self._runner:
            if self._connections:
                self._runner.run(_hang_up(self._connections))
            self._runner.close()
        self._runner = self._connections = None


# By process: a child has its own. Its parent's stays here untouched, since they share what the loop waits on.
_wires: dict[int, _Wire] = {}


@atexit.register
def close_wire() -> None:
    if wire := _wires.pop(os.getpid(), None):
        wire.close()


class _Connections:
    """Those of one loop, by where they lead."""

    def __init__(self) -> None:
        self._connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S)
        # Never sent: aiohttp finds a connection by a request for it.
        self._requests: dict[URL, aiohttp.ClientRequest] = {}

    async def ask(self, call: Call, timeout_s: float) -> Reply:
        """Raises NEVER_SENT and NOT_ANSWERED."""
        url = _address(call)
        request = self._requests.get(url.origin()) or self._request(url.origin())
        written = _written(call, url, request.headers["Host"])
        async with asyncio.timeout(timeout_s):
            connection = await self._connect(request, timeout_s)
            try:
                reply = await _exchange(connection, written)
            except BaseException:
                connection.close()
                raise
            connection.release()
        return reply

    async def close(self) -> None:
        await self._connector.close()

    def _request(self, origin: URL) -> aiohttp.ClientRequest:
        request = aiohttp.ClientRequest("GET", origin, loop=asyncio.get_running_loop())
        return self._requests.setdefault(origin, request)

    async def _connect(self, request: aiohttp.ClientRequest, timeout_s: float) -> aiohttp.connector.Connection:
        """One that is quiet: what came over one that was kept is no answer to what is asked next."""
        while True:
            try:
                connection = await self._connector.connect(request, [], _connects_within(timeout_s))
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError from error
            if connection.protocol is None or not connection.protocol.should_close:
                return connection
            connection.close()


@lru_cache(maxsize=20)
def _connects_within(timeout_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=min(CONNECT_S, timeout_s / 2))


def _address(call: Call) -> URL:
    try:
        url = URL(call.url)
    except ValueError as error:
        raise aiohttp.InvalidURL(call.url) from error
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise aiohttp.InvalidURL(call.url)
    return url


def _written(call: Call, url: URL, host: str) -> bytes:
    body = call.body or b""
    headers = CIMultiDict(HEADERS)
    headers.update(call.headers)
    headers.update({"Host": host} | ({} if call.body is None else {"Content-Length": str(len(body))}))
    lines = [f"{call.method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join(lines)
    if len(LINE_ENDS.findall(head)) >= len(lines):
        raise ValueError("A header holds a line break.")
    return f"{head}\r\n\r\n".encode() + body


async def _exchange(connection: aiohttp.connector.Connection, written: bytes) -> Reply:
    protocol = connection.protocol
    if protocol is None or protocol.transport is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True)
    protocol.transport.write(written)
    try:
        message, content = await protocol.read()
        while 100 <= message.code < 200:  # it says that it will answer
            message, content = await protocol.read()
        return Reply(message.code, await _read(content), message.headers)
    except (HttpProcessingError, ValueError) as error:
        raise Unreadable from error


async def _hang_up(connections: _Connections) -> None:
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await connections.close()


async def _notice_what_was_closed() -> None:
    """Let the loop read what came while it stood still: connections that servers closed are not used again."""
    for _round in range(3):
        await asyncio.sleep(0)


async def _call_in_turn(
    connections: _Connections,
    waiting: Iterator[tuple[int, Call]],
    heard: list[Heard],
    begun_by: float,
    timeout_s: float,
) -> None:
    for index, call in waiting:
        if time.monotonic() > begun_by:
            return
        heard[index] = outcome = await _call(connections, call, timeout_s)
        if isinstance(outcome, Unreached):
            for left, _call_not_made in waiting:
                heard[left] = outcome


async def _call(connections: _Connections, call: Call, timeout_s: float) -> Heard:
    try:
        return await connections.ask(call, timeout_s)
    except NEVER_SENT as error:
        return Unreached(in_words(error))
    except NOT_ANSWERED as error:
        return Unanswered(in_words(error))


async def _read(content: aiohttp.StreamReader) -> bytes:
    try:
        await content.readexactly(LONGEST_REPLY)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    raise aiohttp.ClientPayloadError("The answer does not end.")


def in_words(error: Exception) -> str:
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
