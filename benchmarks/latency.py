"""How soon a change is a text at the provider: while nothing else happens, and while a long bulk drains; and memory."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench, wait_until
from benchmarks.measuring import Row, p95
from benchmarks.pipeline import PATIENCE_S, PROCESSES, our_workers
from benchmarks.provider import Provider, provider
from benchmarks.shop import Shop, is_under_way
from benchmarks.web import Teller, web
from campaigns.models import Campaign
from orderstatus_project.supervisor import Child
from workspace.database import in_sets

IDLE_S, BUSY_S = 0.1, 0.5


def measure(bench: Bench) -> Iterator[Row]:
    asked, crowd = Shop(bench.sizes.changes), Shop(bench.sizes.backlog, codes=("charged", "refunded"))
    hurried = Shop(bench.sizes.changes)
    with ExitStack() as stack:
        gateway = stack.enter_context(provider(bench))
        stack.enter_context(gateway.connected("http", "send"))
        prompt = stack.enter_context(asked.campaign(to=[asked.codes[1]]))
        bulk = stack.enter_context(crowd.campaign(to=[crowd.codes[1]], purpose="marketing"))
        worker = stack.enter_context(our_workers(bench, PROCESSES))
        with web(bench, asked) as teller:
            yield _p95("a change told to its text leaving, idle", _tell(asked, prompt, gateway, teller, IDLE_S), 1, 0.2)
        with web(bench, hurried) as teller:
            crowd.release(bulk)
            waited = _tell(hurried, prompt, gateway, teller, BUSY_S)
            if not is_under_way(bulk):
                bench.say("    the bulk was over before the last change was told: give it more")
        yield _p95(f"the same while {len(crowd.orders):,} bulk runs drain", waited, 2, 0.5)
        wait_until(lambda: not is_under_way(bulk), "The bulk", PATIENCE_S)
        yield Row("memory of a worker that drained them", _most_memory_mb(worker), 250, 150, unit="MB")


def _p95(what: str, waited_s: Sequence[float], must: float, aim: float) -> Row:
    middle = f"median {median(waited_s):.3f} s"
    return Row(f"{what}, 95th percentile", p95(waited_s), must, aim, unit="s", ours=middle)


def _tell(shop: Shop, campaign: Campaign, gateway: Provider, teller: Teller, every_s: float) -> list[float]:
    """Seconds from a change's being sent to us to its text's being taken, for each order in turn."""
    told = {}
    for [said] in in_sets(shop.next_changes(), 1):
        time.sleep(every_s)
        told[said.order] = time.time()
        teller.tell([said])
    wait_until(lambda: not is_under_way(campaign), "The texts", PATIENCE_S)
    taken = {text.rpartition(" ")[2].rstrip("."): at for text, at in gateway.taken().items()}
    return [taken[order] - at for order, at in told.items()]


def _most_memory_mb(worker: Child) -> float:
    """The most that any process of it has held."""
    pids = Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children").read_text().split()
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return max(int(peak[1]) for peak in peaks if peak) / 1024
