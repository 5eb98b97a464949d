"""Shops that speak: each says one thing after the other, and each thing until it is answered."""

import random
import threading
import time
from http import HTTPStatus
from http.client import HTTPException

from tests.chaos.installation import request

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
        return request(self.installation.address + path, "POST", body, self.installation.key)

    def _write(self, said):
        if "order" in said:
            return ORDERS_PATH, {name: said["order"][name] for name in ("external_id", "customer")}
        changes = said["changes"]
        return self.installation.changes_path, changes[0] if len(changes) == 1 else changes

    def _check(self, said, answer):
        """Nothing of what is said here may be refused."""
        if "changes" in said and (answer["received"] != len(said["changes"]) or answer.get("rejected")):
            self.complaints.append(f"of {len(said['changes'])}: {answer}"[:300])
