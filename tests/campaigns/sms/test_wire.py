"""Calls are bounded, in order and over open connections; what was never sent is told from what was not answered."""

import asyncio
import gzip
import os
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from aiohttp import web

from campaigns.sms import wire
from campaigns.sms.wire import Call, NotBegun, Reply, Unanswered, Unreached, call_all, close_wire
from tests.servers import Server


@pytest.fixture(autouse=True)
def _own_wire():
    """No connection of one test is used by the next."""
    yield
    close_wire()


def echo(heard):
    return 200, heard.body


async def echo_slowly(heard):
    await asyncio.sleep(0.02)
    return 200, heard.body


async def never(heard):
    await asyncio.sleep(30)


def cut(heard):
    heard.request.transport.abort()
    return 200, b""


async def cut_midway(heard):
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(heard.request)
    await response.write(b"half")
    heard.request.transport.abort()
    return response


def moved(heard):
    return web.Response(status=307, headers={"Location": "/elsewhere"})


def calls(server, number):
    return [Call(server.url, str(n).encode()) for n in range(number)]


def kinds(heard):
    return [type(one) for one in heard]


@contextmanager
def listening(serve):
    """A plain TCP server that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_answers_come_in_the_order_of_the_calls():
    with Server(echo_slowly) as server:
        heard = call_all(calls(server, 50), at_once=7)

    assert [reply.body for reply in heard] == [str(n).encode() for n in range(50)]


def test_no_more_calls_are_under_way_than_allowed():
    with Server(echo_slowly) as server:
        call_all(calls(server, 40), at_once=5)

        assert server.most_at_once == 5


def test_connections_stay_open_from_one_call_to_the_next():
    with Server(echo) as server:
        for _round in range(3):
            call_all(calls(server, 20), at_once=4)

        assert len(server.heard) == 60
        assert len(server.connections) <= 4


def test_a_connection_that_the_server_closed_meanwhile_is_not_used():
    with Server(echo) as server:
        call_all(calls(server, 8), at_once=8)
        server.close_connections()
        time.sleep(0.1)

        heard = call_all(calls(server, 8), at_once=8)

        assert kinds(heard) == [Reply] * 8
        assert len(server.heard) == 16


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next():
    """As of a gateway that gives up after it answered: else the next text hears what was said of another."""
    heard = []

    def answer_late(connection):
        while said := connection.recv(10_000):
            heard.append(said)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken")
            time.sleep(0.1)
            connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    with listening(answer_late) as port:
        one = Call(f"http://127.0.0.1:{port}", b"x")
        replies = call_all([one], at_once=1)
        time.sleep(0.3)
        replies += call_all([one], at_once=1)
        close_wire()

    assert replies[0].status == replies[1].status == 200
    assert len(heard) == 2


def test_a_child_process_has_a_session_of_its_own():
    with Server(echo) as server:
        call_all(calls(server, 1), at_once=1)
        child = os.fork()
        if child == 0:
            heard = call_all(calls(server, 2), at_once=1)
            os._exit(0 if kinds(heard) == [Reply, Reply] else 1)

        assert os.waitpid(child, 0)[1] == 0
        assert kinds(call_all(calls(server, 1), at_once=1)) == [Reply]
        assert len(server.connections) == 2


def test_threads_take_turns():
    with Server(echo_slowly) as server:
        heard = []
        threads = [threading.Thread(target=lambda: heard.extend(call_all(calls(server, 5), at_once=5))) for _ in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert kinds(heard) == [Reply] * 10
        assert server.most_at_once == 5


@contextmanager
def answering(answer):
    """A plain TCP server that answers each first call with these bytes, and hangs up: its port, and what it heard."""
    heard = []

    def answer_one(connection):
        heard.append(connection.recv(10_000))
        connection.sendall(answer)

    with listening(answer_one) as port:
        yield port, heard


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken",
        b"HTTP/1.1 200 OK\r\n\r\ntaken",
        b"HTTP/1.0 200 OK\r\n\r\ntaken",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nta\r\n3;x=y\r\nken\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"taken"),
    ],
    ids=["length", "until it ends", "old", "chunks", "says that it will", "packed"],
)
def test_an_answer_is_read_however_it_is_written(answer):
    with answering(answer) as (port, _heard):
        [reply] = call_all([Call(f"http://127.0.0.1:{port}", b"x")], at_once=1)

    assert (reply.status, reply.body) == (200, b"taken")


def test_a_call_says_what_it_was_told_to_and_of_itself_once():
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, heard):
        call_all(
            [Call(f"http://127.0.0.1:{port}/send?key=a%20b", b"x", {"user-agent": "a shop", "Key": "ё"})], at_once=1
        )

    head, _blank, body = heard[0].decode().partition("\r\n\r\n")
    assert body == "x"
    assert head.splitlines() == [
        "POST /send?key=a%20b HTTP/1.1",
        "user-agent: a shop",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        "Key: ё",
        f"Host: 127.0.0.1:{port}",
        "Content-Length: 1",
    ]


def test_no_header_writes_another_one():
    with answering(b"") as (port, heard), pytest.raises(BaseExceptionGroup):
        call_all([Call(f"http://127.0.0.1:{port}", b"x", {"Key": "1\r\nOther: 2"})], at_once=1)

    assert heard == []


# What went wrong


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"])
def test_nonsense_is_no_answer(answer):
    with answering(answer) as (port, _heard):
        [heard] = call_all([Call(f"http://127.0.0.1:{port}", b"x")], at_once=1)

    assert heard == Unanswered("The answer cannot be read")


@pytest.mark.parametrize("answer", [never, cut, cut_midway])
def test_what_was_sent_and_not_answered_may_have_been_heard(answer):
    with Server(answer) as server:
        heard = call_all(calls(server, 2), at_once=2, timeout_s=0.5)

        assert kinds(heard) == [Unanswered, Unanswered]
        assert len(server.heard) == 2


def test_a_time_out_is_told_in_words():
    with Server(never) as server:
        [heard] = call_all(calls(server, 1), at_once=1, timeout_s=0.5)

    assert heard == Unanswered("No answer in time")


def test_a_server_that_hangs_up_on_us_may_have_heard():
    with listening(lambda connection: None) as port:
        heard = call_all([Call(f"http://127.0.0.1:{port}", b"x")], at_once=1)

    assert kinds(heard) == [Unanswered]


def test_an_answer_without_end_is_none(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_REPLY", 10)
    with Server(lambda heard: (200, b"x" * 11)) as server:
        assert kinds(call_all(calls(server, 1), at_once=1)) == [Unanswered]


def test_a_refused_connection_was_never_sent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    heard = call_all([Call(f"http://127.0.0.1:{port}", b"x")] * 3, at_once=2)

    assert heard == [Unreached("Cannot connect: Connection refused")] * 3


def test_an_unknown_name_was_never_sent():
    [heard] = call_all([Call("http://gateway.invalid", b"x")], at_once=1)

    assert isinstance(heard, Unreached)


@pytest.mark.parametrize("address", ["http:///send", "gateway", "http://[bad"])
def test_no_address_was_never_sent(address):
    assert kinds(call_all([Call(address, b"x")], at_once=1)) == [Unreached]


def test_a_failed_tls_handshake_was_never_sent():
    heard_by_server = []

    def no_tls(connection):
        heard_by_server.append(connection.recv(1000))
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(no_tls) as port:
        heard = call_all([Call(f"https://127.0.0.1:{port}", b"secret")], at_once=1)

    assert kinds(heard) == [Unreached]
    assert b"secret" not in heard_by_server[0]


def test_a_handshake_that_does_not_end_was_never_sent():
    with listening(lambda connection: time.sleep(1)) as port:
        heard = call_all([Call(f"https://127.0.0.1:{port}", b"x")], at_once=1, timeout_s=0.4)

    assert heard == [Unreached("No connection in time")]


def test_once_nobody_can_be_reached_the_rest_is_not_tried():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    tried = []

    with Server(lambda heard: tried.append(heard) or (200, b"")) as server:
        heard = call_all([Call(f"http://127.0.0.1:{port}", b"x"), *calls(server, 3)], at_once=1)

    assert kinds(heard) == [Unreached] * 4
    assert tried == []


def test_calls_that_there_is_no_time_for_are_not_made():
    with Server(echo_slowly) as server:
        heard = call_all(calls(server, 20), at_once=1, begun_by=time.monotonic() + 0.05)

        made = len(server.heard)
    assert 1 <= made < 20
    assert kinds(heard) == [Reply] * made + [NotBegun] * (20 - made)


def test_no_redirection_is_followed():
    with Server(moved) as server:
        [heard] = call_all(calls(server, 1), at_once=1)

        assert (heard.status, heard.headers["location"], len(server.heard)) == (307, "/elsewhere", 1)


def test_what_was_interrupted_does_not_go_on_later(monkeypatch):
    class Interrupted(BaseException):
        pass

    call_one = wire._call

    async def die_at_the_third(session, call, timeout_s):
        if call.body == b"3":
            raise Interrupted
        await asyncio.sleep(0.01)
        return await call_one(session, call, timeout_s)

    with Server(echo) as server:
        with monkeypatch.context() as dies, pytest.raises(BaseExceptionGroup):
            dies.setattr(wire, "_call", die_at_the_third)
            call_all(calls(server, 10), at_once=5)
        before = len(server.heard)

        call_all([Call(server.url, b"again")], at_once=1)
        time.sleep(0.1)

        assert [heard.body for heard in server.heard[before:]] == [b"again"]
