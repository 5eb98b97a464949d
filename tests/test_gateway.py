"""The provider that ours are tried against keeps its word: what is on its record is what it took."""

from urllib.error import HTTPError

import pytest

from tests.gateway import Started


@pytest.fixture
def gateway(tmp_path):
    with Started(tmp_path / "record", "--seed", "1") as gateway:
        yield gateway


def message(reference="r1"):
    return {"reference": reference, "to": "+16025550100", "from": "Shop", "text": "Hello"}


def on_record(gateway):
    return [line["reference"] for line in gateway.lines()]


def test_what_it_takes_is_on_record(gateway):
    told = gateway.call("/send", message())

    [line] = gateway.lines()
    assert (line["id"], line["reference"], line["to"], line["text"]) == (told["id"], "r1", "+16025550100", "Hello")


def test_a_repeat_is_taken_once_even_after_a_restart(gateway):
    first = gateway.call("/send", message())
    gateway.stop()

    with Started(gateway.record) as again:
        second = again.call("/batch", {"messages": [message(), message("r2")]})

        assert second["messages"][0] == {"reference": "r1", "id": first["id"]}
        assert on_record(again) == ["r1", "r2"]


def test_a_forgetful_one_takes_a_repeat_again(tmp_path):
    with Started(tmp_path / "record", "--forgetful") as gateway:
        gateway.call("/send", message())
        gateway.call("/send", message())

        assert on_record(gateway) == ["r1", "r1"]


def test_what_it_refuses_is_on_record_as_refused(gateway):
    gateway.call("/faults", {"refuse": 1})
    with pytest.raises(HTTPError):
        gateway.call("/send", message())
    gateway.call("/faults", {})
    gateway.call("/send", message("r2"))

    assert (gateway.refused(), on_record(gateway)) == (["r1"], ["r2"])


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [
        ("refuse", 400, []),
        ("busy", 429, []),
        ("unavailable", 503, []),
        ("error_before", 500, []),
        ("error_after", 500, ["r1"]),
    ],
)
def test_a_fault_is_counted_and_takes_what_it_says(gateway, fault, status, taken):
    gateway.call("/faults", {fault: 1})

    with pytest.raises(HTTPError) as failed:
        gateway.call("/send", message())

    assert failed.value.code == status
    failed.value.close()
    assert on_record(gateway) == taken
    assert gateway.counts()[fault] == 1


def test_it_tells_what_it_holds(gateway):
    told = gateway.call("/send", message())

    found = gateway.call("/messages?reference=r1&reference=r2")

    assert found == {"messages": [{"reference": "r1", "id": told["id"]}]}
