"""One run: prepare an installation, hurt it while shops speak, let it settle, judge it."""

import json
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.chaos.books import Books
from tests.chaos.clients import Client, People
from tests.chaos.faults import Bag, Servers, resume_campaign
from tests.chaos.installation import PROVIDERS
from tests.chaos.owed import owed_by
from tests.chaos.verdict import Turn, judge, judge_calls, judge_consents, read_calls, read_refusals, read_texts

REST_S = (0.0, 0.6)
MISBEHAVE_EVERY_S = 2.0
# After so many faults, other providers are used.
FAULTS_A_TURN = 15
# Of many faults much is left to be done, the more where others work on the machine.
SETTLE_PATIENCE_S, PATIENCE_A_FAULT_S = 300, 0.2
# No call to a provider takes longer, nor to a receiver that behaves, so what is in hand for so long is in nobody's.
LONGEST_CALL_S = 6.0
# What is due is begun by the next sweep.
STILL_S = 2.5


class Run:
    """`faults`: how many there are to be. `spared`: what names of kinds begin with that are left out."""

    def __init__(self, installation, feed, faults, spared=()):
        self.installation, self.feed, self.wanted, self.spared = installation, feed, faults, spared
        self.chance, self.began, self.phases = random.Random(installation.seed), time.monotonic(), {}
        self.faults, self.restarted, self.unsettled = Counter(), Counter(), []
        self.servers = Servers(installation, self.chance)
        self.books = Books(installation.database_url)
        # What tests/chaos/prepare.py connects.
        self.turns = [Turn(0.0, PROVIDERS[:1])]

    def carry_out(self):
        self.installation.prepare(self.feed)
        self.installation.start_product()
        self.clients = [
            Client(number, requests, self.installation, self.progress)
            for number, requests in enumerate(self.feed["clients"])
        ]
        self.people = People(self.feed, self.installation, self.books, self.progress)
        self._note("started")
        for speaker in self._speakers():
            speaker.start()
        try:
            self._hurt()
            self._note("hurt")
            self._settle()
            self._note("settled")
        finally:
            for speaker in self._speakers():
                speaker.is_stopped = True
        return self._sum_up(self.judge())

    def progress(self):
        return self._number_of_faults() / self.wanted

    # What another kind of installation does in its own way

    def choose_providers(self, turn):
        """Each in its turn, and half of the time with another behind it, for what it refuses and while it is away."""
        first, *others = PROVIDERS[turn % len(PROVIDERS) :] + PROVIDERS[: turn % len(PROVIDERS)]
        chosen = [first, *self.chance.sample(others, self.chance.choice([0, 1]))]
        self.books.use_providers(chosen)
        self.turns.append(Turn(time.time(), tuple(chosen)))

    def is_over(self):
        """Whether nothing is left to be done. What waits for a later time gets it: the clock is stepped there."""
        pulse = self._still_pulse()
        if pulse is None:
            return False
        now = datetime.now(UTC) + timedelta(seconds=self.installation.clock_off_by_s)
        due = self.books.last_due()
        if due and due > now:
            self.installation.set_clock(self.installation.clock_off_by_s + (due - now).total_seconds() + 0.1)
            return False
        return due is None and pulse.is_quiet

    def judge(self):
        audit = json.loads(self.installation.run("manage.py", "audit", "--json"))
        refusals = read_refusals(self.installation, self.turns)
        texts, calls = owed_by(self.feed)
        verdict = judge(texts, read_texts(self.installation), self.books.messages(), refusals)
        judge_calls(verdict, calls, *read_calls(self.installation), self.books.calls())
        self.people.end_stretches()
        judge_consents(verdict, self.feed, self.people.stretches, self.books.consents(), self.books.texts())
        verdict.must_be_none("unaccounted", [f"{k}={v}" for k, v in audit["breaches"].items() for _ in range(v)])
        verdict.must_be_none("unsettled", self.unsettled)
        unsaid = (speaker.name for speaker in self._speakers() for _ in speaker.requests[speaker.answered :])
        verdict.must_be_none("unsaid", unsaid)
        verdict.must_be_none("complaints", [line for speaker in self._speakers() for line in speaker.complaints])
        return verdict

    def _speakers(self):
        return [*self.clients, self.people]

    # Hurting

    def _hurt(self):
        bag, turns, misbehaved_at = Bag(self.installation, self.chance, self.spared), 0, 0.0
        while self.progress() < 1:
            if time.monotonic() > misbehaved_at + MISBEHAVE_EVERY_S:
                self.servers.misbehave()
                misbehaved_at = time.monotonic()
            if self._number_of_faults() >= turns * FAULTS_A_TURN:
                self.choose_providers(turns)
                turns += 1
            kind = bag.draw()
            if kind.cause(self.installation, self.chance):
                self.faults[kind.name] += 1
            self._keep_running()
            time.sleep(self.chance.uniform(*REST_S))
            self.servers.count()

    def _number_of_faults(self):
        return sum(self.faults.values()) + sum(self.servers.counted.values())

    def _keep_running(self):
        self.restarted.update(self.installation.keep_running())

    # Settling

    def _settle(self):
        self.servers.count()
        self.servers.behave()
        patience_s = SETTLE_PATIENCE_S + PATIENCE_A_FAULT_S * self.wanted
        deadline = time.monotonic() + patience_s
        while any(speaker.is_alive() for speaker in self._speakers()) or not self.is_over():
            self._keep_running()
            resume_campaign(self.installation)
            if time.monotonic() > deadline:
                self.unsettled.append(f"still under way after {patience_s:.0f} s")
                return
            time.sleep(0.2)

    def _still_pulse(self):
        """How things stand, if nothing moves any more; None: it does."""
        before = self.books.pulse()
        time.sleep(LONGEST_CALL_S if self.books.in_hand() else STILL_S)
        after = self.books.pulse()
        return after if before == after else None

    # Telling

    def _note(self, phase):
        self.phases[phase] = round(time.monotonic() - self.began)

    def _sum_up(self, verdict):
        return {
            "name": self.installation.name,
            "seed": self.installation.seed,
            "faults": dict(self.faults) | self.servers.by_way(),
            "counts": {"faults": self._number_of_faults(), **verdict.counts},
            "findings": verdict.findings,
            "said again": sum(speaker.retried for speaker in self._speakers()),
            "restarted": dict(self.restarted),
            "phases": self.phases,
            "seconds": round(time.monotonic() - self.began),
        }
