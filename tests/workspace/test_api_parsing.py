import json

import pytest

from tests.callers import Caller
from tests.factories import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "unparsable"),
        (b"{'type': 'general'}", "unparsable"),
        (b'{"type": "general",}', "unparsable"),
        (b'{"position": NaN}', "unparsable"),
        (b'{"position": -Infinity}', "unparsable"),
        (b'{"position": 1e999}', "unparsable"),
        (b'{"position": ' + b"9" * 5000 + b"}", "unparsable"),
        (b'{"name": "\xff"}', "unparsable"),
        (b'{"name": "\x00"}', "unparsable"),
        ('{"name": "A"}'.encode("utf-16"), "unparsable"),
        (b'{"name": "A", "name": "B"}', "repeated_name"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "repeated_name"),
        (b"[" * 101 + b"]" * 101, "too_deep"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a":' * 200_000, "too_deep"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_400(api, raw, code):
    answer = api.send("post", "statuses/", raw)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_body_beyond_the_limit_is_413(api, settings):
    settings.API_MOST_BYTES = 100

    answer = api.send("post", "statuses/", json.dumps({"name": "A" * 100}))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/xml", "text/plain", "multipart/form-data; boundary=x", "nonsense", "/"])
def test_another_kind_of_body_is_415(api, content_type):
    answer = api.send("post", "statuses/", b"<status/>", content_type=content_type)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_in_chunks_is_refused_rather_than_overlooked(api):
    answer = api.post("statuses/", {}, headers={"Transfer-Encoding": "chunked", "Content-Length": ""})

    assert answer.status_code in {411, 422}


def test_a_byte_order_mark_does_no_harm(api):
    answer = api.send("post", "statuses/", b'\xef\xbb\xbf{"type": "general", "code": "a", "name": "A"}')

    assert answer.status_code == 201


@pytest.mark.parametrize("query", ["?search=%00", "?search=%ED%A0%80", "?%00=1", "?limit=%00", "?cursor=%00"])
def test_an_address_that_no_database_could_read_is_422_or_finds_nothing(api, query):
    assert api.get(f"statuses/{query}").status_code in {200, 422}


@pytest.mark.parametrize("method", ["put", "delete", "options", "trace"])
def test_another_method_is_405(api, method):
    answer = api.send(method, "statuses/", b"")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD"


def test_an_address_without_its_slash_is_told_so(api):
    answer = api.get("statuses")

    assert answer.status_code == 404
    assert "“/api/v1/statuses/”" in answer.json()["detail"]
