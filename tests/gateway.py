"""An SMS provider to try ours against: a real server, which records what it took and fails as it is told to.

    python -m tests.gateway --port 8099 --record FILE [--seed 7] [--idempotent | --forgetful]

| call | body | answer |
|---|---|---|
| POST /send | {"reference", "to", "from", "text"} | {"id"}, or 400 {"error"} |
| POST /batch | {"messages": [...]} | {"messages": [{"reference", "id"} or {"reference", "error"}, ...]} |
| GET /messages?reference=...&reference=... | | {"messages": [{"reference", "id"}, ...]}, those that it holds |
| POST /faults | {kind: probability, ...} | what it is set to now |
| POST /receipts | {"url", "secret", "after_s", "first"}; {} for none | what it is set to now |
| GET /record | | counts of all that happened |

What it takes is a line of FILE before anything else happens, {"id", "reference", "to", "text", "at"}: so these are what
customers got, whatever the caller was told. What it will never take is a line too, {"refused": reference, "at"}. An
idempotent one (the default) takes a reference once, and knows it after a restart too. It prints its port once it
listens, on loopback, and dies at once when it is told to.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, deque
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen
from weakref import WeakSet

import aiohttp
from aiohttp import web

# Drawn for each message: it will never be taken.
REFUSE = "refuse"
# Drawn for each call. Of these nothing was taken:
BEFORE = ("busy", "unavailable", "error_before", "timeout_before")
# of these everything was; `stall` answers late, and truly.
AFTER = ("error_after", "timeout_after", "cut_after", "nonsense", "stall")

ROOT = Path(__file__).parents[1]
NEVER_S = 120
STALL_S = (0.3, 1.5)
RECEIPTS_A_CALL = 500
RECEIPTS_EVERY_S = 0.05
RECEIPTS_AGAIN_S = 0.5


class Provider:
    """What it holds, what it was told to do, and what happened."""

    def __init__(self, record, seed, *, is_idempotent):
        self.record, self.is_idempotent, self.random = record, is_idempotent, random.Random(seed)
        self.held, self.counts, self.connections = {}, Counter(), WeakSet()
        self.faults, self.receipts, self.untold = {}, {}, deque()
        self.under_way = 0
        self.calls = {
            ("POST", "/send"): self.send,
            ("POST", "/batch"): self.batch,
            ("GET", "/messages"): self.look_up,
            ("POST", "/faults"): self.set_faults,
            ("POST", "/receipts"): self.set_receipts,
            ("GET", "/record"): self.count,
        }

    async def serve(self, port):
        self._remember()
        runner = web.ServerRunner(web.Server(self.answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        print(runner.addresses[0][1], flush=True)  # noqa: T201 - whoever started it waits for this line
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as self.session:
            await self._keep_telling()

    async def answer(self, request):
        call = self.calls.get((request.method, request.rel_url.raw_path))
        if call is None:
            return web.Response(status=404)
        body = await request.read()
        try:
            return await call(request, json.loads(body) if body else {})
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return _json({"error": repr(error)}, status=400)

    # What a client asks

    async def send(self, request, message):
        def write(outcomes):
            return _json(outcomes[0], status=400 if "error" in outcomes[0] else 200)

        return await self._under_fire(request, [message], write)

    async def batch(self, request, body):
        def write(outcomes):
            return _json({"messages": outcomes})

        return await self._under_fire(request, body["messages"], write)

    async def look_up(self, request, _body):
        self.counts["look_ups"] += 1
        asked = request.rel_url.query.getall("reference", [])
        return _json({"messages": [{"reference": r, "id": self.held[r]} for r in asked if r in self.held]})

    # What a test asks

    async def set_faults(self, _request, faults):
        unknown = faults.keys() - {REFUSE, *BEFORE, *AFTER}
        if unknown:
            raise ValueError(f"no such faults: {sorted(unknown)}")
        self.faults = {kind: float(probability) for kind, probability in faults.items()}
        return _json(self.faults)

    async def set_receipts(self, _request, receipts):
        self.receipts = receipts and {"secret": "", "after_s": 0, "first": False} | receipts
        return _json(self.receipts)

    async def count(self, _request, _body):
        return _json({**self.counts, "held": len(self.held), "untold": len(self.untold)})

    # Taking messages, under fire

    async def _under_fire(self, request, messages, write):
        self._count_call(request)
        try:
            fault = self._draw_fault()
            if fault in BEFORE:
                return await self._fail(fault, request)
            outcomes = self._take(messages)
            await self._note_deliveries(outcomes)
            return await self._fail(fault, request) or write(outcomes)
        finally:
            self.under_way -= 1

    def _count_call(self, request):
        self.counts["calls"] += 1
        self.under_way += 1
        self.counts["most_at_once"] = max(self.counts["most_at_once"], self.under_way)
        if request.transport not in self.connections:
            self.connections.add(request.transport)
            self.counts["connections"] += 1

    def _draw_fault(self):
        drawn = self.random.random() if self.faults else 1
        for kind in (*BEFORE, *AFTER):
            drawn -= self.faults.get(kind, 0)
            if drawn < 0:
                self.counts[kind] += 1
                return kind
        return None

    def _take(self, messages):
        """An outcome for each; the new ones, and refusals, are on record when this returns, in one write."""
        outcomes, lines, now = [], [], time.time()
        for message in messages:
            reference = message["reference"]
            outcome = self._outcome(reference)
            if outcome.pop("is_new", False):
                line = {**outcome, "reference": reference, "to": message["to"], "text": message["text"], "at": now}
                lines.append(line)
                self.held.setdefault(reference, outcome["id"])
                self.counts["taken"] += 1
            elif "error" in outcome:
                lines.append({"refused": reference, "at": now})
            outcomes.append({"reference": reference, **outcome})
        os.write(self.file, "".join(json.dumps(line) + "\n" for line in lines).encode())
        return outcomes

    def _outcome(self, reference):
        if self.is_idempotent and reference in self.held:
            self.counts["repeats"] += 1
            return {"id": self.held[reference]}
        if self.random.random() < self.faults.get(REFUSE, 0):
            self.counts[REFUSE] += 1
            return {"error": "This number cannot be reached."}
        return {"id": f"{self.random.getrandbits(64):016x}", "is_new": True}

    async def _fail(self, fault, request):
        """The answer of a call that goes wrong; None: it goes well."""
        match fault:
            case "busy":
                return _json({"error": "Too many requests."}, status=429, headers={"Retry-After": "1"})
            case "unavailable":
                return _json({"error": "Down for maintenance."}, status=503)
            case "error_before" | "error_after":
                return _json({"error": "Something went wrong."}, status=500)
            case "timeout_before" | "timeout_after":
                await asyncio.sleep(NEVER_S)
                return web.Response(status=504)
            case "cut_after":
                request.transport.abort()
                return web.Response()
            case "nonsense":
                return web.Response(body=b"<html>OK!", content_type="text/html")
            case "stall":
                await asyncio.sleep(self.random.uniform(*STALL_S))
        return None

    def _remember(self):
        """What it took before it was started anew. A line that was cut short was never answered, nor is it taken."""
        path = Path(self.record)
        lines = path.read_text().splitlines() if path.exists() else []
        for line in map(json.loads, lines):
            if "id" in line:
                self.held.setdefault(line["reference"], line["id"])
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    # Telling what became of them

    async def _note_deliveries(self, outcomes):
        if not self.receipts:
            return
        told_at = time.time() + self.receipts["after_s"]
        new = [(told_at, _receipt(outcome)) for outcome in outcomes if "id" in outcome]
        if not self.receipts["first"] or not await self._tell([receipt for _at, receipt in new]):
            self.untold.extend(new)

    async def _keep_telling(self):
        while True:
            due = []
            while self.untold and self.untold[0][0] <= time.time() and len(due) < RECEIPTS_A_CALL:
                due.append(self.untold.popleft())
            if due and self.receipts and not await self._tell([receipt for _at, receipt in due]):
                self.untold.extendleft(reversed(due))
                await asyncio.sleep(RECEIPTS_AGAIN_S)
            await asyncio.sleep(0 if len(due) == RECEIPTS_A_CALL else RECEIPTS_EVERY_S)

    async def _tell(self, receipts):
        """Whether it was heard."""
        body = json.dumps(receipts).encode()
        headers = {"Content-Type": "application/json", "X-Signature": sign(self.receipts["secret"], body)}
        self.counts["receipt_calls"] += 1
        try:
            async with self.session.post(self.receipts["url"], data=body, headers=headers) as response:
                heard = response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            heard = False
        self.counts["receipts_heard" if heard else "receipts_unheard"] += len(receipts)
        return heard


def sign(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _receipt(outcome):
    at = datetime.now(UTC).isoformat()
    return {"id": outcome["id"], "reference": outcome["reference"], "status": "delivered", "reason": "", "at": at}


def _json(data, **how):
    return web.Response(body=json.dumps(data).encode(), content_type="application/json", **how)


class Started:
    """One that runs as a process of its own: where it is, what it is told, what it has on record."""

    def __init__(self, record, *args):
        command = [sys.executable, "-m", "tests.gateway", "--record", str(record), *args]
        self.record = Path(record)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, {"Content-Type": "application/json"}), timeout=10) as response:
            return json.load(response)

    def counts(self):
        return Counter(self.call("/record"))

    def lines(self):
        """What customers got, in order."""
        return [line for line in self._recorded() if "id" in line]

    def refused(self):
        """References of what it will never take, in order."""
        return [line["refused"] for line in self._recorded() if "refused" in line]

    def _recorded(self):
        return [json.loads(line) for line in self.record.read_text().splitlines()]


def main():
    parser = argparse.ArgumentParser(prog="tests.gateway")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--record", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--idempotent", action="store_true", default=True, dest="is_idempotent")
    parser.add_argument("--forgetful", action="store_false", dest="is_idempotent")
    told = parser.parse_args()
    asyncio.run(Provider(told.record, told.seed, is_idempotent=told.is_idempotent).serve(told.port))


if __name__ == "__main__":
    main()
