"""`python -m tests.chaos`: see the package."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.books import Books
from tests.chaos.clients import Client
from tests.chaos.faults import Bag, Providers
from tests.chaos.feed import make_feed, read_log
from tests.chaos.installation import PROVIDERS, Installation, Missing
from tests.chaos.owed import owed_by
from tests.chaos.verdict import judge, read_records

CHANGES_PER_FAULT = 12
REST_S = (0.0, 0.6)
MISBEHAVE_EVERY_S = 2.0
# After so many faults, other providers are used.
FAULTS_A_TURN = 15
SETTLE_PATIENCE_S = 300
# No call to a provider takes longer, so what is in hand for so long is in nobody's.
LONGEST_CALL_S = 6.0
LOOKED_UP_AFTER = timedelta(seconds=61)
LOOKED_UP_FOR = timedelta(minutes=59)


def main():
    told = _read_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    results, failed = [], False
    for database, faults in _shares(told).items():
        try:
            result = run(database, faults, told)
        except Missing as missing:
            print(f"{database}: left out. {missing}")
            continue
        results.append(result)
        failed |= bool(result["findings"])
    if told.json:
        told.json.write_text(json.dumps(results, indent=2))
    return int(failed or not results)


def _shares(told):
    """Of all faults three in five on PostgreSQL, unless one database is named."""
    if told.database:
        return {told.database: told.faults}
    on_postgres = round(told.faults * 0.6)
    return {"postgres": on_postgres, "sqlite": told.faults - on_postgres}


def run(database, faults, told):
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{database}-"))
    began = time.monotonic()
    feed = _feed(told, faults)
    (folder / "feed.json").write_text(json.dumps(feed))
    try:
        with Installation(database, folder, told.seed) as installation:
            result = Run(installation, feed, faults).carry_out()
    except BaseException:
        print(f"{database}, seed {told.seed}: its folder is kept: {folder}", file=sys.stderr)
        raise
    result |= {"database": database, "seed": told.seed, "seconds": round(time.monotonic() - began)}
    _print(result)
    if result["findings"] or told.keep:
        print(f"Its folder is kept: {folder}")
    else:
        shutil.rmtree(folder)
    return result


class Run:
    """One run: prepare, hurt, let it settle, judge."""

    def __init__(self, installation, feed, faults):
        self.installation, self.feed, self.wanted = installation, feed, faults
        self.chance, self.began, self.phases = random.Random(installation.seed), time.monotonic(), {}
        self.faults, self.restarted, self.unsettled = Counter(), Counter(), []
        self.providers = Providers(installation, self.chance)
        self.books = Books(installation.database_url)

    def carry_out(self):
        self.installation.prepare(self.installation.folder / "feed.json")
        self.installation.start_product()
        clients = [
            Client(number, requests, self.installation.address, self.installation.key, self.progress)
            for number, requests in enumerate(self.feed["clients"])
        ]
        for client in clients:
            client.start()
        self._note("started")
        try:
            self._hurt()
            self._note("hurt")
            self._settle(clients)
            self._note("settled")
        finally:
            for client in clients:
                client.is_stopped = True
        return self._judge(clients)

    def _note(self, phase):
        self.phases[phase] = round(time.monotonic() - self.began)

    @property
    def number_of_faults(self):
        return sum(self.faults.values()) + sum(self.providers.counted.values())

    def progress(self):
        return self.number_of_faults / self.wanted

    def _hurt(self):
        bag, turns, misbehaved_at = Bag(self.installation, self.chance), 0, 0.0
        while self.progress() < 1:
            if time.monotonic() > misbehaved_at + MISBEHAVE_EVERY_S:
                self.providers.misbehave()
                misbehaved_at = time.monotonic()
            if self.number_of_faults >= turns * FAULTS_A_TURN:
                self._choose_providers(turns)
                turns += 1
            kind = bag.draw()
            if kind.cause(self.installation, self.chance):
                self.faults[kind.name] += 1
            self._keep_running()
            time.sleep(self.chance.uniform(*REST_S))
            self.providers.count()

    def _choose_providers(self, turn):
        """Each in its turn, and half of the time with another behind it, for what it refuses and while it is away."""
        first, *others = PROVIDERS[turn % len(PROVIDERS) :] + PROVIDERS[: turn % len(PROVIDERS)]
        self.books.use_providers([first, *self.chance.sample(others, self.chance.choice([0, 1]))])

    def _keep_running(self):
        self.restarted.update(self.installation.keep_running())

    def _settle(self, clients):
        """No more faults. Everything that is due is done; whatever waits for a later time gets it."""
        self.providers.count()
        self.providers.behave()
        deadline = time.monotonic() + SETTLE_PATIENCE_S
        while any(client.is_alive() for client in clients) or not self._is_over():
            self._keep_running()
            if time.monotonic() > deadline:
                self.unsettled.append(f"{self.books.pulse()} after {SETTLE_PATIENCE_S} s")
                return
            time.sleep(0.2)

    def _is_over(self):
        pulse = self._still_pulse()
        if pulse is None:
            return False
        now = datetime.now(UTC) + timedelta(seconds=self.installation.clock_off_by_s)
        due, asked = self.books.last_due(), self.books.last_asked()
        if asked and now - LOOKED_UP_FOR < asked:
            due = max(filter(None, [due, asked + LOOKED_UP_AFTER]))
        if due and due > now:
            self.installation.set_clock(self.installation.clock_off_by_s + (due - now).total_seconds() + 0.1)
            return False
        return pulse.is_quiet

    def _still_pulse(self):
        """How things stand, if nothing moves any more; None: it does."""
        before = self.books.pulse()
        time.sleep(LONGEST_CALL_S if self.books.in_hand() else 2.5)
        after = self.books.pulse()
        return after if before == after else None

    def _judge(self, clients):
        audit = json.loads(self.installation.run("manage.py", "audit", "--json"))
        verdict = judge(owed_by(self.feed), read_records(self.installation), self.books.messages())
        verdict.must_be_none("unaccounted", [f"{k}={v}" for k, v in audit["breaches"].items() for _ in range(v)])
        verdict.must_be_none("unsettled", self.unsettled)
        unsaid = (client.name for client in clients for _ in client.requests[client.answered :])
        verdict.must_be_none("unsaid", unsaid)
        verdict.must_be_none("complaints", [line for client in clients for line in client.complaints])
        return {
            "faults": dict(self.faults) | {f"provider: {way}": n for way, n in self.providers.counted.items() if n},
            "restarted": dict(self.restarted),
            "phases": self.phases,
            "said again": sum(client.retried for client in clients),
            "counts": {"faults": self.number_of_faults, **verdict.counts},
            "findings": verdict.findings,
        }


def _feed(told, faults):
    changes = told.changes or faults * CHANGES_PER_FAULT
    return read_log(told.seed, told.log, changes) if told.log else make_feed(told.seed, changes)


def _print(result):
    print(f"\n{result['database']}, seed {result['seed']}: {result['seconds']} s {result['phases']}")
    for name, number in sorted(result["faults"].items()):
        print(f"  {number:6}  {name}")
    print("  ------")
    for name, number in result["counts"].items():
        print(f"  {number:6}  {name}")
    for finding in result["findings"][:40]:
        print(f"  !! {finding}")


def _read_arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--database", choices=["postgres", "sqlite"], help="left out: both in turn")
    parser.add_argument("--changes", type=int, help="how many changes shops say; left out: in step with the faults")
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="say a real log instead of a made one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to it")
    parser.add_argument("--keep", action="store_true", help="keep the folder even if all is well")
    return parser.parse_args()


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
