"""HTTP to webhook endpoints: many calls under way at once, each answered in its own time, to public addresses only.

Of an answer its status and Retry-After are read and nothing else: no body is kept or shown, so no call can be used to
read what it reaches. Redirects are not followed, proxies of the environment are not used, nothing is unpacked.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings

from campaigns.sms.wire import KEPT_IDLE_S, NEVER_SENT, NOT_ANSWERED, Reply, Unanswered, Unreached, in_words
from campaigns.webhooks.guard import ForbiddenAddress, Guard, read_networks

# The specification, "Request timeouts": 15 to 30 s are recommended.
TIMEOUT_S = 15.0
CONNECT_S = 5.0
NAMES_KEPT_S = 10
MOST_LOOK_UPS = 32
# So much of a body is read, so that its connection can be used again; of a longer one that is closed.
MOST_READ = 64 * 1024
READ_S = 1.0


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Not called: the address leads where webhooks do not go."""

    error: str


Heard = Reply | Unreached | Unanswered | Forbidden


class Line:
    """The loop and the sessions of one process. It goes on only while it is asked for answers."""

    def __init__(self) -> None:
        self._runner, self._has_threads = asyncio.Runner(), False
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._under_way: dict[int, asyncio.Task[Heard]] = {}

    def begin(self, key: int, post: Post) -> None:
        """The key must not be under way already."""
        self._under_way[key] = self._loop().create_task(self._post(post))

    def answered(self, wait_s: float) -> dict[int, Heard]:
        """Those answered by now, or else the first that are within so many seconds, by their keys."""
        self._runner.run(self._wait(wait_s))
        done = {key: task for key, task in self._under_way.items() if task.done()}
        for key in done:
            del self._under_way[key]
        return {key: task.result() for key, task in done.items()}

    def hang_up(self) -> None:
        """Leave what is under way: it may have been heard or not."""
        if self._under_way:
            self._runner.run(self._cancel())
            self._under_way.clear()

    def close(self) -> None:
        self.hang_up()
        if self._sessions:
            self._runner.run(self._close())
        self._runner.close()

    def _loop(self) -> asyncio.AbstractEventLoop:
        """With enough threads for names whose servers do not answer: they hold up no other name."""
        loop = self._runner.get_loop()
        if not self._has_threads:
            loop.set_default_executor(ThreadPoolExecutor(MOST_LOOK_UPS, "webhook-names"))
            self._has_threads = True
        return loop

    async def _wait(self, wait_s: float) -> None:
        await asyncio.wait(self._under_way.values(), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)

    async def _cancel(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.wait(self._under_way.values())

    async def _close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def _post(self, post: Post) -> Heard:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S)
        try:
            session = self._session(urlsplit(post.url).scheme)
            async with session.post(
                post.url, data=post.body, headers=post.headers, timeout=timeout, allow_redirects=False
            ) as response:
                await _read_a_little(response)
                return Reply(response.status, b"", _of_interest(response))
        except NEVER_SENT as error:
            return _forbidden(error) or Unreached(in_words(error))
        except (*NOT_ANSWERED, ValueError) as error:  # the parser of aiohttp raises a ValueError at some nonsense
            return Unanswered(in_words(error))

    def _session(self, scheme: str) -> aiohttp.ClientSession:
        """Calls that are not encrypted stay within the operator's own networks."""
        if scheme not in self._sessions:
            guard = Guard(read_networks(settings.WEBHOOK_ALLOWED_NETWORKS), only_allowed=scheme != "https")
            self._sessions[scheme] = _new_session(guard)
        return self._sessions[scheme]


_lines: dict[int, Line] = {}


@contextmanager
def line() -> Iterator[Line]:
    """This process's. Nothing stays under way after it."""
    mine = _lines.get(os.getpid()) or _lines.setdefault(os.getpid(), Line())
    try:
        yield mine
    finally:
        mine.hang_up()


@atexit.register
def close_line() -> None:
    if mine := _lines.pop(os.getpid(), None):
        mine.close()


def _new_session(guard: Guard) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=KEPT_IDLE_S,
            resolver=guard,
            # Calls that begin at once share one look-up. What is kept was checked, and is again when it is used.
            ttl_dns_cache=NAMES_KEPT_S,
            socket_factory=guard.socket,
            ssl=ssl.create_default_context(),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "orderstatus-webhooks", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def _read_a_little(response: aiohttp.ClientResponse) -> None:
    """Whatever comes of it, the status has been heard."""
    try:
        async with asyncio.timeout(READ_S):
            await response.content.readexactly(MOST_READ)
    except asyncio.IncompleteReadError:
        return
    except NOT_ANSWERED:
        pass
    response.close()


def _of_interest(response: aiohttp.ClientResponse) -> dict[str, str]:
    """A redirect's address is not told: it may be secret, and is the receiver's to say."""
    asked = response.headers.get("Retry-After")
    return {} if asked is None else {"retry-after": asked}


def _forbidden(error: Exception) -> Forbidden | None:
    cause = getattr(error, "os_error", None)
    return Forbidden(str(cause)) if isinstance(cause, ForbiddenAddress) else None
