"""What goes wrong, each a small function of an installation and of chance. Answers whether it came about.

Chance draws from a bag in which each kind lies as often as its weight says, so that even a short run meets them all.
"""

import re
import signal
import time
from collections import Counter
from dataclasses import dataclass

from redis.exceptions import RedisError

from tests.chaos.campaigns import CAMPAIGNS, PAUSED, RENEWED
from tests.chaos.installation import PROVIDERS, RECEIVER, ROOT, SERVERS, WORKERS, pause_process
from tests.chaos.processes import NotReady, signal_process, wait_until
from tests.gateway import REFUSE

PRODUCT = ("campaigns", "orders", "workspace")
CLOCK_STEPS_S = (-3600, -600, -90, -20, 20, 90, 180, 600, 3600)
# How far the clock may be wrong, so that it stays within what a run can wait out.
CLOCK_LIMIT_S = 3 * 3600
FAILPOINT_PATIENCE_S = 2.0
# Of the calls that a provider or the receiver gets, so many go wrong in each way.
SERVER_FAULTS = (
    "busy", "unavailable", "error_before", "timeout_before",
    "error_after", "timeout_after", "cut_after", "nonsense", "stall",
)  # fmt: skip
WRONG_CALLS, REFUSED = 0.2, 0.02


def failpoints():
    """The names of all places of the product at which a process may be told to die."""
    files = (file for app in PRODUCT for file in (ROOT / app).rglob("*.py"))
    return sorted({name for file in files for name in re.findall(r'\breach\("([\w.]+)"\)', file.read_text())})


def kill_web_worker(installation, chance):
    return _kill_child(installation, chance, "web")


def kill_web(installation, _chance):
    return _kill(installation, "web")


def kill_worker_child(installation, chance):
    return _kill_child(installation, chance, chance.choice(tuple(WORKERS)))


def kill_worker(installation, chance):
    return _kill(installation, chance.choice(tuple(WORKERS)))


def kill_beat(installation, _chance):
    return _kill(installation, "beat")


def kill_at(name):
    def kill_at_failpoint(installation, _chance):
        installation.arm(name)
        deadline = time.monotonic() + FAILPOINT_PATIENCE_S
        while installation.failpoint_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return installation.disarm()

    return kill_at_failpoint


def flush_redis(installation, _chance):
    try:
        installation.redis.flushall()
    except RedisError:
        return False
    return True


def stop_redis(installation, chance):
    """Away for a while. What it held it finds again."""
    program = installation.programs["redis"]
    program.stop()
    time.sleep(chance.uniform(0.2, 1.5))
    program.start()
    installation.wait_for_redis()
    return True


def slow_redis(installation, chance):
    pause_process(installation.programs["redis"].pid, chance.uniform(0.3, 1.5))
    return True


def restart_postgres(installation, _chance):
    return _end_postgres(installation, signal.SIGINT)


def crash_postgres(installation, _chance):
    return _end_postgres(installation, signal.SIGQUIT)


def kill_postgres(installation, _chance):
    """Postmaster and all, as a machine that loses its power."""
    backends = installation.programs["postgres"].children()
    return _end_postgres(installation, signal.SIGKILL, backends)


def cut_connections(installation, _chance):
    return installation.cut_connections() > 0


def fill_disk(installation, chance):
    if not installation.fill_disk():
        return False
    time.sleep(chance.uniform(0.3, 1.5))
    installation.empty_disk()
    return True


def step_clock(installation, chance):
    to = installation.clock_off_by_s + chance.choice(CLOCK_STEPS_S)
    installation.set_clock(max(-CLOCK_LIMIT_S, min(CLOCK_LIMIT_S, to)))
    return True


def kill_provider(installation, chance):
    return _kill(installation, chance.choice(PROVIDERS))


def kill_receiver(installation, _chance):
    return _kill(installation, RECEIVER)


def pause_campaign(installation, chance):
    """It goes on after a while; if it cannot be told so, as the next one is, or in the end (`resume_campaign`)."""
    was_paused = installation.tell_campaign(f"{PAUSED}/pause/", {})
    time.sleep(chance.uniform(0.3, 1.5))
    resume_campaign(installation)
    return was_paused


def resume_campaign(installation):
    return installation.tell_campaign(f"{PAUSED}/resume/", {})


def renew_campaign(installation, chance):
    """The same under another name is another version, to which orders under way are moved."""
    code = chance.choice(RENEWED)
    definition = next(one for one in CAMPAIGNS if one["code"] == code)
    is_drafted = installation.tell_campaign("", definition | {"name": f"{code} {chance.random()}"})
    return is_drafted and installation.tell_campaign(f"{code}/activate/", {"orders_under_way": "move"})


@dataclass(frozen=True)
class Kind:
    name: str
    weight: int
    cause: object


ANYWHERE = [
    Kind("web worker killed", 4, kill_web_worker),
    Kind("web killed", 1, kill_web),
    Kind("worker's child killed", 5, kill_worker_child),
    Kind("worker killed", 2, kill_worker),
    Kind("beat killed", 1, kill_beat),
    Kind("Redis flushed", 2, flush_redis),
    Kind("Redis stopped", 1, stop_redis),
    Kind("Redis slow", 1, slow_redis),
    Kind("clock stepped", 3, step_clock),
    Kind("campaign paused", 2, pause_campaign),
    Kind("campaign renewed", 2, renew_campaign),
    Kind("provider killed", 1, kill_provider),
    Kind("receiver killed", 1, kill_receiver),
]
ON_POSTGRES = [
    Kind("PostgreSQL restarted", 1, restart_postgres),
    Kind("PostgreSQL crashed", 1, crash_postgres),
    Kind("PostgreSQL killed", 1, kill_postgres),
    Kind("connections cut", 3, cut_connections),
]
DISK_FULL = Kind("disk full", 4, fill_disk)
KILLED_AT = "killed at"


class Bag:
    """Faults to be drawn for one installation."""

    def __init__(self, installation, chance, spared):
        self.chance, self.bag = chance, []
        kinds = [*ANYWHERE, *(Kind(f"{KILLED_AT} {name}", 1, kill_at(name)) for name in failpoints())]
        if installation.database == "postgres":
            kinds += ON_POSTGRES
        elif installation.is_mounted:
            kinds.append(DISK_FULL)
        self.kinds = [kind for kind in kinds if not kind.name.startswith((*spared, *installation.spared))]

    def draw(self):
        if not self.bag:
            self.bag = [kind for kind in self.kinds for _ in range(kind.weight)]
            self.chance.shuffle(self.bag)
        return self.bag.pop()


class Servers:
    """What the providers and the receiver are told to do wrong, and how often they did: `counted[name, way]`."""

    def __init__(self, installation, chance):
        self.installation, self.chance = installation, chance
        self.last, self.counted = {name: Counter() for name in SERVERS}, Counter()

    def misbehave(self):
        """Some of the ways, others from time to time; and now and then receipts come before answers."""
        ways = self.chance.sample(SERVER_FAULTS, 4)
        faults = {way: WRONG_CALLS / len(ways) for way in ways} | {REFUSE: REFUSED}
        for name in SERVERS:
            self._ask(name, faults, receipts_first=self.chance.random() < 0.3)

    def behave(self):
        """Webhooks wait for much longer than texts: the receiver is started anew, which ends calls it never answers."""
        self.installation.programs[RECEIVER].kill()
        for name in SERVERS:
            self._ask(name, {}, receipts_first=False)

    def count(self):
        """How many calls went wrong so far, by kind. One that was killed counts from nothing again."""
        for name in SERVERS:
            now = Counter(self.installation.counts_of(name) or {})
            last, self.last[name] = self.last[name], now
            before = last if now["calls"] >= last["calls"] else Counter()
            self.counted.update({(name, way): now[way] - before[way] for way in (*SERVER_FAULTS, REFUSE)})
        return self.counted

    def refusals(self):
        """By providers."""
        return sum(number for (name, way), number in self.counted.items() if way == REFUSE and name != RECEIVER)

    def by_way(self):
        """For the table: all providers together, the receiver apart."""
        ways = Counter()
        for (name, way), number in self.counted.items():
            ways[f"{'receiver' if name == RECEIVER else 'provider'}: {way}"] += number
        return +ways

    def _ask(self, name, faults, *, receipts_first):
        try:
            self.installation.ask_server(name, "POST", "/faults", faults)
            if name in PROVIDERS:
                self.installation.tell_receipts(name, first=receipts_first)
        except (OSError, NotReady):  # it is just being started anew, and is told the next time
            pass


def _kill(installation, name):
    program = installation.programs[name]
    if not program.is_running:
        return False
    program.kill()
    return True


def _kill_child(installation, chance, name):
    children = installation.programs[name].children()
    if not children:
        return False
    signal_process(chance.choice(children), signal.SIGKILL)
    return True


def _end_postgres(installation, number, also=()):
    program = installation.programs["postgres"]
    for pid in (program.pid, *also):
        signal_process(pid, number)
    wait_until(lambda: not program.is_running, "PostgreSQL did not end")
    program.end_groups()
    program.start()
    installation.wait_for_database()
    return True
