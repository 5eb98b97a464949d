"""The provider of the benchmarks, as a process: it takes each reference once, puts what it took on record, and does no
more than that. It shares the processors with what is measured, so it is as lean as it can be, for both designs.

    python -m benchmarks.receiving FILE

| call | body | answer |
|---|---|---|
| POST /send | {"reference", "to", "from", "text"} | {"reference", "id"} |
| POST /batch | {"messages": [...]} | {"messages": [{"reference", "id"}, ...]} |

The provider of the tests (tests/gateway.py), which fails as it is told to, takes three times as long for the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import time
from typing import Any

HEAD_ENDS = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
IS_LAST = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Books:
    """What was taken: in a file, a line each, written once for all that was heard at once."""

    def __init__(self, record: str) -> None:
        self.file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.ids: dict[str, str] = {}
        self.lines: list[str] = []

    def take(self, messages: list[dict[str, str]]) -> list[dict[str, str]]:
        now = time.time()
        if not self.lines:
            asyncio.get_running_loop().call_soon(self._write)
        for message in messages:
            if message["reference"] not in self.ids:
                self.ids[message["reference"]] = f"{random.getrandbits(64):016x}"
                self.lines.append(json.dumps({**message, "at": now}) + "\n")
        return [{"reference": message["reference"], "id": self.ids[message["reference"]]} for message in messages]

    def _write(self) -> None:
        os.write(self.file, "".join(self.lines).encode())
        self.lines.clear()


class Caller(asyncio.Protocol):
    """A connection, on which one call comes after the other."""

    def __init__(self, books: Books) -> None:
        self.books, self.heard = books, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while (head_ends := self.heard.find(HEAD_ENDS)) >= 0:
            head, begins = self.heard[:head_ends], head_ends + len(HEAD_ENDS)
            ends = begins + (int(told[1]) if (told := LENGTH.search(head)) else 0)
            if len(self.heard) < ends:
                return
            body, self.heard = self.heard[begins:ends], self.heard[ends:]
            self.transport.write(self._answer(head, json.loads(body)))
            if IS_LAST.search(head):
                self.transport.close()

    def _answer(self, head: bytes, told: Any) -> bytes:
        answer: Any
        if head.startswith(b"POST /batch "):
            answer = {"messages": self.books.take(told["messages"])}
        else:
            [answer] = self.books.take([told])
        body = json.dumps(answer).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def receive(record: str) -> None:
    """Says the port it listens on."""
    books = Books(record)
    server = await asyncio.get_running_loop().create_server(lambda: Caller(books), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(receive(sys.argv[1]))
