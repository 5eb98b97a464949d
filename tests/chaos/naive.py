"""The naive design (benchmarks/naive) under the same chaos, for its counts to stand beside ours.

It is spared what it does not have: places to die at, receipts, a beat, a clock of ours, and changes that are told
twice, late, or before their order. Each order leads one life, and shops say a thing until it is answered. What was sent
to a worker that died Celery gives to another after an hour; in the end somebody looks after it, and that hour passes.
"""

import json
import time
from collections import Counter

import psycopg

from tests.chaos.installation import PYTHON, WORKERS, Installation, request
from tests.chaos.owed import owed_by
from tests.chaos.processes import wait_until
from tests.chaos.run import Run
from tests.chaos.verdict import Verdict, read_texts

# Celery tries again after 1, 2, 4, 8 and 16 seconds at most.
STILL_S = 20.0
STATES = "SELECT 'run', state, count(*) FROM naive_run GROUP BY 2 UNION ALL "
STATES += "SELECT 'message', state, count(*) FROM naive_message GROUP BY 2 ORDER BY 1, 2"


def _sms(campaign, step):
    return {"kind": "send_sms", "text": f"{campaign} {step} {{order.external_id}}"}


PAID = {"kind": "filter", "field": "payment_status", "values": ["paid"]}
CAMPAIGNS = [
    ("pickup", "delivery", ["shipped"], ["at_pickup_point"], [PAID, _sms("pickup", "ready")]),
    ("thanks", "payment", None, ["paid"], [_sms("thanks", "thanks")]),
    ("completed", "general", None, ["completed"], [_sms("completed", "first"), _sms("completed", "second")]),
]


class NaiveInstallation(Installation):
    """It posts to one provider, named when it is started."""

    changes_path = "/status-changes/"
    spared = frozenset({"killed at", "clock", "beat", "campaign", "receiver"})

    def __init__(self, database, folder, seed, provider):
        super().__init__(database, folder, seed)
        self.provider, self.name = provider, f"naive on {database}, {provider} provider"

    @property
    def environment(self):
        gateway = f"http://127.0.0.1:{self.ports[self.provider]}"
        mine = {"GATEWAY_URL": gateway}
        return {name: value for name, value in super().environment.items() if "SETTINGS" not in name} | mine

    def prepare(self, feed):
        people = [
            {"external_id": one["external_id"], "phone": one["phone"], "first_name": "Ada"} for one in feed["customers"]
        ]
        orders = [{"external_id": one["external_id"], "customer": one["customer"]} for one in feed["orders"]]
        names = ("name", "type", "came_from", "went_to", "steps")
        campaigns = [dict(zip(names, campaign, strict=True)) for campaign in CAMPAIGNS]
        shop = self.folder / "shop.json"
        shop.write_text(json.dumps({"customers": people, "orders": orders, "campaigns": campaigns}))
        self.run("-m", "benchmarks.naive", "tables")
        self.run("-m", "benchmarks.naive", "load", str(shop))

    def start_product(self):
        for name in WORKERS:
            worker = ["worker", "--concurrency", "2", "--hostname", f"{name}@%h", "--loglevel", "warning"]
            celery = [PYTHON, "-m", "celery", "--app", "benchmarks.naive.celery"]
            self._start(name, [*celery, *worker], self.environment)
        self._start_web("benchmarks.naive.wsgi")
        wait_until(self.answers, "the web process did not answer")

    def answers(self):
        try:
            return request(self.address + self.changes_path, "POST", [])[0] == 200
        except OSError:
            return False

    def tell_receipts(self, provider, *, first):
        """It has nowhere to send them."""

    def let_an_hour_pass(self):
        """Workers that got stuck are started anew, and what was sent to one that died is given to another."""
        for name in WORKERS:
            self.programs[name].stop()
            self.programs[name].start()
        for key in self.redis.scan_iter("*unacked_index"):
            for member in self.redis.zrange(key, 0, -1):
                self.redis.zadd(key, {member: 0})


class NaiveRun(Run):
    """Nobody knows what of a task is left, so it is over when nothing has moved for long enough, twice."""

    is_last_time = False

    def choose_providers(self, turn):
        pass

    def is_over(self):
        before = self._state()
        time.sleep(STILL_S)
        if before != self._state():
            return False
        if self.is_last_time:
            return True
        self.installation.let_an_hour_pass()
        self.is_last_time = True
        return False

    def judge(self):
        """It keeps no books to be held against, and says of no text that it does not know."""
        owed = {f"{one.campaign} {one.step} {one.order}" for one in owed_by(self.feed)[0]}
        taken = Counter(one.key for one in read_texts(self.installation))
        verdict = Verdict()
        verdict.counts |= {
            "owed": len(owed),
            "taken": len(taken),
            "refused": self.servers.refusals(),
            "unknown": 0,
            "lost": len(owed - taken.keys()) - self.servers.refusals(),
            "doubled": sum(taken.values()) - len(taken),
            "not owed": len(taken.keys() - owed),
        }
        return verdict

    def _state(self):
        with psycopg.connect(self.installation.database_url) as connection:
            return connection.execute(STATES).fetchall(), self.installation.counts_of(self.installation.provider)
