"""Many calls are under way at once, each is answered in its own time, and connections stay open between them."""

import asyncio
import socket
import time

import pytest

from campaigns.sms.wire import Reply
from campaigns.webhooks.wire import Post, line
from tests.servers import Server


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]


def post(url):
    return Post(url, b"{}", {})


async def slow(_heard):
    await asyncio.sleep(1)
    return 200, b""


def quick(_heard):
    return 204, b"taken"


def test_each_is_answered_in_its_own_time():
    with Server(slow) as slow_one, Server(quick) as quick_one, line() as calls:
        calls.begin(1, post(slow_one.url))
        calls.begin(2, post(quick_one.url))

        first = calls.answered(5)
        calls.begin(3, post(quick_one.url))
        second = calls.answered(5)
        third = calls.answered(5)

    assert (first, second, third) == ({2: Reply(204)}, {3: Reply(204)}, {1: Reply(200)})


def test_who_waits_too_little_hears_nothing_yet():
    with Server(slow) as server, line() as calls:
        calls.begin(1, post(server.url))

        assert calls.answered(0.05) == {}
        assert calls.answered(5) == {1: Reply(200)}


def test_a_connection_is_used_again():
    with Server(quick) as server, line() as calls:
        for number in range(5):
            calls.begin(number, post(server.url))
            assert calls.answered(5) == {number: Reply(204)}

        assert len(server.connections) == 1


def test_what_is_under_way_is_left_with_the_line():
    with Server(slow) as server:
        with line() as calls:
            calls.begin(1, post(server.url))
            calls.answered(0.05)

        with line() as calls:
            calls.begin(1, post(server.url))
            assert calls.answered(5) == {1: Reply(200)}
        assert len(server.heard) == 2


def test_names_that_nobody_answers_for_hold_up_no_other(monkeypatch):
    real = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        if host.endswith(".stalled.example"):
            time.sleep(3)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Server(quick) as server, line() as calls:
        port = server.url.rpartition(":")[2]
        for number in range(40):  # ten hosts, so many look-ups
            calls.begin(number, post(f"http://{number % 10}.stalled.example:{port}/"))
        calls.begin(100, post(f"http://well.example:{port}/"))
        begun = time.monotonic()

        assert calls.answered(10) == {100: Reply(204)}

        assert time.monotonic() - begun < 2
