"""The receiver of webhooks keeps its word: what it says with its status is what its record says."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
CALL = {
    "campaign": {"code": "shipped"},
    "step": "tell",
    "order": {"external_id": "O-1"},
    "change": {"occurred_at": "2024-05-01T22:40:42Z"},
}


@pytest.fixture
def receiver(tmp_path):
    record = tmp_path / "record"
    command = [sys.executable, "-m", "tests.chaos.receiver", "--record", str(record), "--secret", "whsec_c2VjcmV0"]
    process = subprocess.Popen([*command, "--seed", "1"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    yield url, record
    process.kill()
    process.wait()
    process.stdout.close()


def post(url, body):
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,no"}
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=10) as answer:
        return answer.status


@pytest.mark.parametrize(("faults", "status"), [({}, 200), ({"nonsense": 1}, 200)])
def test_what_it_takes_is_on_record(receiver, faults, status):
    url, record = receiver
    post(f"{url}/faults", faults)

    assert post(f"{url}/hook", {"data": CALL}) == status

    [line] = map(json.loads, record.read_text().splitlines())
    assert (line["id"], line["key"]) == ("msg_1", "shipped tell O-1 2024-05-01T22:40:42")


@pytest.mark.parametrize("faults", [{"refuse": 1}, {"refuse": 1, "nonsense": 1}])
def test_what_it_refuses_it_says_so(receiver, faults):
    """By its status alone a webhook is taken, whatever nonsense comes with it."""
    url, record = receiver
    post(f"{url}/faults", faults)

    with pytest.raises(HTTPError) as refusal:
        post(f"{url}/hook", {"data": CALL})

    with refusal.value as answer:
        assert answer.code == 400
    assert [json.loads(line)["refused"] for line in record.read_text().splitlines()] == ["msg_1"]
