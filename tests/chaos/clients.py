"""Who speaks to it: shops, and people who write back. Each says one thing after the other, until it is answered."""

import json
import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException

from tests.chaos.books import UNREADABLE
from tests.chaos.installation import PROVIDERS, RECEIPTS_SECRET, receipts_path, request
from tests.chaos.owed import consent_after
from tests.gateway import sign

ORDERS_PATH = "/api/v1/orders/"
# How far ahead of the faults a shop may be.
AHEAD = 0.1


class Client(threading.Thread):
    """`progress()` says how far the run has come, from 0 to 1: a shop does not run ahead of the faults."""

    def __init__(self, number, requests, installation, progress):
        super().__init__(name=f"client{number}", daemon=True)
        self.requests, self.installation, self.progress = requests, installation, progress
        self.random = random.Random(number)
        self.answered = self.retried = 0
        self.complaints = []
        self.is_stopped = False

    def run(self):
        for place, said in enumerate(self.requests):
            while not self.is_stopped and place / len(self.requests) > self.progress() + AHEAD:
                time.sleep(0.05)
            if self.is_stopped:
                return
            self._say(said)
            self.answered += 1

    def _say(self, said):
        while not self.is_stopped:
            try:
                status, answer = self._ask(said)
            except (OSError, HTTPException, ValueError):  # nobody there, cut, or half an answer
                status, answer = HTTPStatus.SERVICE_UNAVAILABLE, ""
            if status < HTTPStatus.BAD_REQUEST:
                self._check(said, answer)
                return
            if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
                self.complaints.append(f"{status} {str(answer)[:300]}")
                return
            self.retried += 1
            time.sleep(self.random.uniform(0.05, 0.4))

    def _ask(self, said):
        path, body = self._write(said)
        key = {"Authorization": f"Bearer {self.installation.key}"}
        return request(self.installation.address + path, "POST", body, key)

    def _write(self, said):
        if "order" in said:
            return ORDERS_PATH, {name: said["order"][name] for name in ("external_id", "customer")}
        changes = said["changes"]
        return self.installation.changes_path, changes[0] if len(changes) == 1 else changes

    def _check(self, said, answer):
        """Nothing of what is said here may be refused."""
        if "changes" in said and (answer["received"] != len(said["changes"]) or answer.get("rejected")):
            self.complaints.append(f"of {len(said['changes'])}: {answer}"[:300])


@dataclass(frozen=True)
class Stretch:
    """Between two looks at their messages a customer's consent was this, by what they had written until then. Each look
    is a dict by message: whether it was still to be ruled on, its state and the reason for which it was not sent."""

    customer: str
    consent: str
    at_first: dict
    at_last: dict


class People(Client):
    """What people write, as their provider tells it: signed, and until it is heard. Before and after each text somebody
    looks into the books, so that it is known which messages were ruled on while which consent held."""

    def __init__(self, feed, installation, books, progress):
        super().__init__("people", feed["texts"], installation, progress)
        self.books, self.began, self.heard = books, datetime.now(UTC), []
        self.having, self.stretches, self.looks = {}, [], {}
        for customer in feed["customers"]:
            self.having.setdefault(customer["phone"], []).append(customer)

    def _say(self, said):
        for customer in self.having[said["from"]]:
            self._end_stretch(customer)
        super()._say(said)
        if self.is_stopped:
            return
        self.heard.append(said)
        for customer in self.having[said["from"]]:
            self.looks[customer["external_id"]] = self._look(customer)

    def end_stretches(self):
        """In the end, those that go on until then."""
        for customers in self.having.values():
            for customer in customers:
                self._end_stretch(customer)

    def _end_stretch(self, customer):
        began = self.looks.pop(customer["external_id"], None)
        if began is not None:
            consent, at_last = consent_after(customer, self.heard), self._look(customer)
            self.stretches.append(Stretch(customer["external_id"], consent, began, at_last))

    def _look(self, customer):
        while True:
            try:
                return self.books.messages_of(customer["external_id"])
            except UNREADABLE:
                if self.is_stopped:
                    raise
            time.sleep(0.1)

    def _ask(self, said):
        text = {"id": said["id"], "from": said["from"], "text": said["text"]}
        if said["ago_s"] is not None:
            text["at"] = (self.began - timedelta(seconds=said["ago_s"])).isoformat()
        signature = {"X-Signature": sign(RECEIPTS_SECRET, json.dumps(text).encode())}
        return request(self.installation.address + receipts_path(PROVIDERS[0]), "POST", text, signature)

    def _check(self, said, answer):
        """All is taken."""
