"""The whole of a real log, posted over HTTP to what `make run` starts, and its figures held against the known ones.

    python -m tests.real_log FOLDER        customers.csv.gz, orders.csv.gz, status_changes.csv.gz, paid_thank_you.json

A PostgreSQL database of its own; web, workers and beat as the Procfile says them. All that a shop tells goes through
the API: statuses, customers, orders, the campaign, and then the changes, by several clients at once in lists of 500. An
order's changes are told by one client in their order, as its shop would, so what must come of them is a fact. Texts go
to the test phone. Ends with status 1 unless every figure is the known one.
"""

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from itertools import cycle, pairwise
from pathlib import Path

from benchmarks.surroundings import surroundings
from tests.chaos.books import Books
from tests.chaos.installation import PYTHON, ROOT, request
from tests.chaos.processes import free_port, wait_until

CLIENTS, LIST = 4, 500
SCOPES = ("statuses:write", "customers:write", "orders:write", "campaigns:write")
START_S, SETTLE_S = 180.0, 1800.0
# Of the log in the design (section 7) and its campaign.
KNOWN = {
    "changes told": 321_705,
    "transitions": 126_628,
    "transitions, general": 15_779,
    "transitions, delivery": 56_477,
    "transitions, payment": 54_372,
    "unchanged": 21_340,
    "duplicates": 173_737,
    "late": 0,
    "parked": 0,
    "rejected": 0,
    "orders that entered": 6_945,
    "texts accepted": 5_843,
    "no_consent": 905,
    "skipped for another reason": 0,
    "unaccounted": 0,
}


class Shop:
    """A client of the API, or several at once."""

    def __init__(self, address, key):
        self.address, self.headers = address, {"Authorization": f"Bearer {key}"}

    def post(self, path, body):
        status, answer = request(f"{self.address}/api/v1/{path}/", "POST", body, self.headers, timeout_s=120)
        if status >= HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{path} was answered {status}: {str(answer)[:500]}")
        return answer

    def tell(self, path, rows):
        """In lists, one after the other. Answers the counts of all answers."""
        counts = Counter()
        for place in range(0, len(rows), LIST):
            answer = self.post(path, rows[place : place + LIST])
            counts.update({name: number for name, number in answer.items() if isinstance(number, int)})
        return counts

    def tell_changes(self, changes):
        """By several clients at once, each of its own orders."""
        client_of = dict(zip(dict.fromkeys(one["order"] for one in changes), cycle(range(CLIENTS)), strict=False))
        shares = [[one for one in changes if client_of[one["order"]] == client] for client in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as clients:
            return sum(clients.map(partial(self.tell, "status-changes"), shares), Counter())


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.real_log")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with surroundings("orderstatus_log") as var, _installation(var) as address:
        _manage("orders", "on")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        key = _manage("create_api_key", "Log", "--source", "log", "--create-source", *scopes).strip()
        _manage("shell", "-c", "from workspace.models import Source as S; S.objects.update(mode=S.Mode.LIVE)")
        shop = Shop(address, key)
        began = time.monotonic()
        changes = _prepare(shop, folder)
        prepared = time.monotonic()
        answered = shop.tell_changes(changes)
        told = time.monotonic()
        books = Books(os.environ["DATABASE_URL"])
        wait_until(lambda: books.pulse().is_quiet, "Not all texts had left", SETTLE_S)
        settled = time.monotonic()
        figures = _figures(len(changes), answered, json.loads(_manage("audit", "--json")))
    seconds = [round(after - before) for before, after in pairwise([began, prepared, told, settled])]
    print("Prepared in {} s, told in {} s, settled {} s later.".format(*seconds))
    return _compare(figures)


@contextmanager
def _installation(var):
    """What `make run` is."""
    port = free_port()
    environment = os.environ | {"PORT": str(port), "CELERY_SKIP_CHECKS": "1"}
    process = subprocess.Popen([PYTHON, "-m", "orderstatus_project.run"], env=environment, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is None and _is_ready(address), f"{var} holds why: it did not start", START_S)
        yield address
    finally:
        process.terminate()
        process.wait(120)


def _is_ready(address):
    try:
        return request(f"{address}/readyz", "GET")[0] == 200
    except OSError:
        return False


def _manage(*words):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "orderstatus_project.settings"}
    done = subprocess.run(
        [PYTHON, "manage.py", *words], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode and words[0] != "audit":
        raise SystemExit(f"{words[0]} ended with {done.returncode}")
    return done.stdout


def _prepare(shop, folder):
    """All but the changes, which it answers."""
    changes = list(_rows(folder / "status_changes.csv.gz"))
    for type, code in sorted({(change["type"], change["code"]) for change in changes}):
        shop.post("statuses", {"type": type, "code": code, "name": code})
    consents = {"1": "given", "0": "unknown"}
    customers = [row | {"sms_consent": consents[row["sms_consent"]]} for row in _rows(folder / "customers.csv.gz")]
    shop.tell("customers/bulk", customers)
    shop.tell("orders/bulk", list(_rows(folder / "orders.csv.gz")))
    definition = json.loads((folder / "paid_thank_you.json").read_text())
    shop.post("campaigns", definition)
    shop.post(f"campaigns/{definition['code']}/activate", {"effective_from": "beginning"})
    return changes


def _rows(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _figures(told, answered, audit):
    skipped = dict(audit["messages"]["skipped"])
    return {
        "changes told": told,
        "transitions": answered["transitions"],
        **{f"transitions, {type}": audit["transitions"][type] for type in ("general", "delivery", "payment")},
        **{name: answered[name] for name in ("unchanged", "duplicates", "late", "parked", "rejected")},
        "orders that entered": audit["runs"]["total"],
        "texts accepted": audit["messages"]["accepted"],
        "no_consent": skipped.pop("no_consent", 0),
        "skipped for another reason": sum(skipped.values()),
        "unaccounted": audit["unaccounted"],
    }


def _compare(figures):
    for name, known in KNOWN.items():
        print(f"{figures[name]:9,}  {name}" + ("" if figures[name] == known else f"  !! {known:,}"))
    return int(figures != KNOWN)


if __name__ == "__main__":
    sys.exit(main())
