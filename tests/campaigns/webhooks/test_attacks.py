"""Attacks by an address, by names, and by what answers: each is refused with a clear error, over real sockets.

A trap listens on loopback, where a machine's own services do. No attack may as much as connect to it.
"""

import resource
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ValidationError

from campaigns.sms.wire import Reply, Unanswered, Unreached
from campaigns.webhooks import guard, wire
from campaigns.webhooks.endpoints import checked_address
from campaigns.webhooks.guard import ForbiddenAddress, Guard, is_own, read_networks
from campaigns.webhooks.verdicts import Again, Failed, Taken, judge
from campaigns.webhooks.wire import Forbidden, Post, line
from tests.servers import Server


class Trap:
    """It accepts connections, counts them, and says `script` (bytes, or a generator of them) to each."""

    def __init__(self, script=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", host="127.0.0.1", context=None):
        self.script, self.context, self.connections, self.heard = script, context, 0, b""
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with closing(connection):
                self.heard += connection.recv(65536)
                for part in [self.script] if isinstance(self.script, bytes) else self.script():
                    connection.sendall(part)
        except OSError:
            pass


@pytest.fixture
def trap():
    with Trap() as trap:
        yield trap


@pytest.fixture
def names(monkeypatch):
    """What names lead to: a list of answers each, of which each look-up takes the next and stays at the last."""
    known, asked = {}, []
    real = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        if host not in known:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    known["asked"] = asked
    return known


def allow(settings, *networks):
    settings.WEBHOOK_ALLOWED_NETWORKS = list(networks)


def post(url, body=b"{}", **headers):
    with line() as calls:
        calls.begin(1, Post(url, body, headers))
        return calls.answered(30)[1]


# Addresses as they are written into the form

REFUSED_ADDRESSES = [
    ("http://shop.example/hook", "begins with https"),
    ("ftp://shop.example/hook", "no web address"),
    ("file:///etc/passwd", "no web address"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "no web address"),
    ("javascript:alert(1)", "no web address"),
    ("//shop.example/hook", "no web address"),
    ("shop.example", "no web address"),
    ("https://", "no web address"),
    ("https:///hook", "no web address"),
    ("https://shop.example:0/", "no web address"),
    ("https://shop.example:99999/", "no web address"),
    ("https://shop.example:port/", "no web address"),
    ("https://[::1", "no web address"),
    ("https://shop.example /hook", "no web address"),
    ("https://shop.example/\r\nHost: other", "no web address"),
    ("https://shop.example/\x00", "no web address"),
    ("https://shop.example\\@10.0.0.1/", "no web address"),
    (f"https://{'a' * 64}.example/", "no web address"),
    ("https://user:secret@shop.example/", "signed instead"),
    ("https://shop.example@10.0.0.1/", "signed instead"),
    ("https://@10.0.0.1/", "signed instead"),
    ("https://shop.example/#@10.0.0.1", "begins with #"),
    ("https://shop.example:22/", "Port 22"),
    ("https://shop.example:25/", "Port 25"),
    ("https://10.0.0.1/", "inside a network"),
    ("https://127.0.0.1/", "inside a network"),
    ("https://169.254.169.254/latest/meta-data/", "inside a network"),
    ("https://[::1]/", "inside a network"),
    ("https://[::ffff:10.0.0.1]/", "inside a network"),
    ("https://[fd00:ec2::254]/", "inside a network"),
]


@pytest.mark.parametrize(("address", "says"), REFUSED_ADDRESSES)
def test_an_address_is_refused_when_it_is_written(settings, address, says):
    allow(settings)

    with pytest.raises(ValidationError) as refused:
        checked_address(address)

    assert says in refused.value.messages[0]


@pytest.mark.parametrize(
    "address",
    ["https://shop.example/hook?token=x", "https://shop.example:8443/", "https://93.184.215.14/", "https://пример.рф/"],
)
def test_an_address_of_the_public_internet_is_fine(settings, address):
    allow(settings)

    assert checked_address(address) == address


# Addresses as names lead to them

INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1",
    "93.184.215.14",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:93.184.215.14",
    "64:ff9b::93.184.215.14",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address):
    with pytest.raises(ForbiddenAddress, match=r"shop\.example leads to .* which is inside a network"):
        Guard(()).check(address, "shop.example")


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_not(address):
    Guard(()).check(address, "shop.example")


def test_an_address_of_this_machine_is_inside_whatever_it_is(monkeypatch):
    monkeypatch.setattr(guard, "is_public", lambda _address: True)

    with pytest.raises(ForbiddenAddress, match="inside a network"):
        Guard(()).check("127.0.0.1")
    assert not is_own(read_networks(["93.184.215.14"])[0].network_address)


def test_calls_that_are_not_encrypted_stay_in_the_operators_networks():
    own = Guard(read_networks(["10.1.0.0/16"]), only_allowed=True)

    own.check("10.1.2.3")
    with pytest.raises(ForbiddenAddress, match="not in WEBHOOK_ALLOWED_NETWORKS"):
        own.check("93.184.215.14")
    with pytest.raises(ForbiddenAddress, match="inside a network"):
        own.check("10.2.0.1")


# Over real sockets

HOSTS = [
    "127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "LOCALHOST.", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]",
    "ip6-localhost", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "017700000001", "①②⑦.⓪.⓪.①",
    "127。0。0。1", "inside.example",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", HOSTS)
def test_nothing_on_this_machine_is_reached(settings, trap, names, scheme, host):
    allow(settings)
    names["inside.example"] = [["127.0.0.1"]]

    verdict = judge(post(f"{scheme}://{host}:{trap.port}/"))

    assert not isinstance(verdict, Taken)
    assert verdict.error
    assert trap.connections == 0


def test_the_error_says_where_a_name_leads(settings, trap, names):
    allow(settings)
    names["inside.example"] = [["10.0.0.7"]]

    heard = post(f"https://inside.example:{trap.port}/")

    assert heard == Forbidden("inside.example leads to 10.0.0.7, which is inside a network: webhooks only go out.")
    assert judge(heard) == Failed(heard.error)


def test_a_name_that_leads_elsewhere_a_moment_later_leads_nowhere(settings, trap, names):
    """DNS rebinding: the first look-up shows an address that is allowed, the next one another."""
    allow(settings, "127.0.0.2/32")
    names["rebound.example"] = [["127.0.0.2"], ["127.0.0.1"]]
    with Trap(host="127.0.0.2") as meant:
        heard = post(f"http://rebound.example:{meant.port}/")

        assert heard == Reply(200)
        assert (meant.connections, names["asked"]) == (1, ["rebound.example"])

    # The connection is closed, so the name is looked up again, and what it leads to now is refused.
    again = post(f"http://rebound.example:{trap.port}/")
    assert again == Forbidden("rebound.example leads to 127.0.0.1, which is inside a network: webhooks only go out.")
    assert trap.connections == 0


def test_one_address_inside_among_others_is_enough(settings, trap, names):
    allow(settings, "127.0.0.2/32")
    names["mixed.example"] = [["127.0.0.2", "127.0.0.1"]]

    heard = post(f"http://mixed.example:{trap.port}/")

    assert isinstance(heard, Forbidden)
    assert trap.connections == 0


def test_the_socket_is_checked_even_if_the_look_up_was_not(settings, trap, monkeypatch):
    allow(settings)

    async def unchecked(_self, host, port=0, family=socket.AF_INET):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(Guard, "resolve", unchecked)

    heard = post(f"https://shop.example:{trap.port}/")

    assert heard == Forbidden("127.0.0.1 is inside a network: webhooks only go out.")
    assert trap.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(settings, trap, status):
    allow(settings, "127.0.0.0/8")

    def redirect(_heard):
        return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{trap.port}/secret"})

    with Server(redirect) as server:
        verdict = judge(post(server.url))

    assert verdict == Failed(f"It redirects elsewhere (HTTP {status}), which is not followed.", status)
    assert trap.connections == 0


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_proxies_of_the_environment_are_not_used(settings, trap, monkeypatch, name):
    allow(settings, "127.0.0.0/8")
    monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")

    with Server(lambda _heard: (204, b"")) as server:
        heard = post(server.url)

    assert heard == Reply(204)
    assert trap.connections == 0


# Those who answer with more than an answer

HEAD = b"HTTP/1.1 200 OK\r\n"


def drip():
    yield HEAD
    while True:
        yield b"X-Slow: 1\r\n"
        time.sleep(0.05)


def endless_body():
    yield HEAD + b"\r\n"
    while True:
        yield b"x" * 65536


def unpacks_to_gigabytes():
    yield HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + b"\0" * 65536 + b"\r\n"


def never_begins():
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        (drip, Again("No answer in time")),
        (never_begins, Again("No answer in time")),
        (HEAD + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n", Again("The answer cannot be read")),
        (b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n", Again("The answer cannot be read")),
        (HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(5000)) + b"\r\n", Again("The answer cannot be read")),
        (HEAD + b"Content-Length: -1\r\n\r\n", Again("The answer cannot be read")),
        (HEAD + b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n", Again("The answer cannot be read")),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Again("The answer cannot be read")),
        (b"\x00" * 4096, Again("The answer cannot be read")),
        (b"", Again("The connection was closed before an answer")),
        (b"HTTP/1.1 999 Wonderful\r\nContent-Length: 0\r\n\r\n", Again("It could not take it (HTTP 999).", 999)),
        (
            b"HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: -5\r\n\r\n",
            Again("It could not take it (HTTP 429).", 429),
        ),
        (
            b"HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: 99999999999\r\n\r\n",
            Again("It could not take it (HTTP 429).", 429, 86400.0),
        ),
        (endless_body, Taken(200)),
        (unpacks_to_gigabytes, Taken(200)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_whatever_answers_is_bounded(settings, monkeypatch, script, verdict):
    allow(settings, "127.0.0.0/8")
    monkeypatch.setattr(wire, "TIMEOUT_S", 1.0)
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    with Trap(script) as trap:
        heard = post(f"http://127.0.0.1:{trap.port}/")

    assert judge(heard) == verdict
    assert time.monotonic() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_nothing_of_an_answer_is_kept_but_its_status(settings):
    allow(settings, "127.0.0.0/8")

    with Server(lambda _heard: web.Response(status=500, text="root:x:0:0", headers={"X-Secret": "s3"})) as server:
        heard = post(server.url)

    assert heard == Reply(500)
    assert judge(heard) == Again("It could not take it (HTTP 500).", 500)


# Certificates


@contextmanager
def trusting(tmp_path, monkeypatch, name):
    """A server's TLS context with a certificate for this name, by an authority that is trusted meanwhile."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "authority.pem").write_bytes(pem)
    (tmp_path / "server.pem").write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    yield context


def test_a_certificate_is_checked_against_the_name_that_was_called(settings, names, monkeypatch, tmp_path):
    allow(settings, "127.0.0.0/8")
    names["shop.example"] = names["other.example"] = [["127.0.0.1"]]

    with trusting(tmp_path, monkeypatch, "shop.example") as context, Trap(context=context) as server:
        right = post(f"https://shop.example:{server.port}/")
        wrong = post(f"https://other.example:{server.port}/")
        by_number = post(f"https://127.0.0.1:{server.port}/")

    assert right == Reply(200)
    assert isinstance(wrong, Unreached)
    assert "certificate" in wrong.error.lower()
    assert isinstance(by_number, Unreached)


def test_a_certificate_of_nobody_is_not_trusted(settings, names, monkeypatch, tmp_path):
    allow(settings, "127.0.0.0/8")
    names["shop.example"] = [["127.0.0.1"]]

    with trusting(tmp_path, monkeypatch, "shop.example") as context, Trap(context=context) as server:
        monkeypatch.delenv("SSL_CERT_FILE")
        heard = post(f"https://shop.example:{server.port}/", body=b"confidential")

    assert isinstance(heard, Unreached)
    assert b"confidential" not in server.heard


def test_what_speaks_no_tls_hears_nothing(settings, trap):
    allow(settings, "127.0.0.0/8")

    heard = post(f"https://127.0.0.1:{trap.port}/", body=b"confidential")

    assert isinstance(heard, Unreached | Unanswered)
    assert b"confidential" not in trap.heard
