"""A receiver of webhooks to try ours against: a real server, which records each call and fails as it is told to.

    python -m tests.chaos.receiver --port 8098 --record FILE --secret whsec_... [--seed 7]

`POST /hook` is taken with 200, or refused with 400; what else goes wrong, and how it is told to, is as with the SMS
provider (tests/gateway.py). What it takes is a line of FILE before it is answered, {"id", "key", "is_signed", "at"},
repeats too, for whoever reads it to know them. What it will never take is {"refused": id, "at"}.
"""

import argparse
import asyncio
import base64
import hmac
import json
import os
import time

from aiohttp import web

from tests.gateway import REFUSE, Provider


class Receiver(Provider):
    def __init__(self, record, seed, secret):
        super().__init__(record, seed, is_idempotent=True)
        self.secret = base64.b64decode(secret.removeprefix("whsec_"))
        self.calls[("POST", "/hook")] = self.hook

    async def hook(self, request, told):
        heard = {
            "id": request.headers["webhook-id"],
            "key": _key(told["data"]),
            "is_signed": self._is_signed(request.headers, await request.read()),
        }
        answer = await self._under_fire(request, [heard], lambda outcomes: web.Response(status=outcomes[0]))
        if "refused" in heard and answer.status == 200:
            # By its status alone a webhook is taken. So what it refused it refuses in nonsense too.
            answer.set_status(400)
        return answer

    def _take(self, heard):
        (call,), now = heard, time.time()
        is_refused = self.random.random() < self.faults.get(REFUSE, 0)
        self.counts[REFUSE if is_refused else "taken"] += 1
        if is_refused:
            call["refused"] = True
        line = {"refused": call["id"], "at": now} if is_refused else call | {"at": now}
        os.write(self.file, (json.dumps(line) + "\n").encode())
        return [400 if is_refused else 200]

    def _is_signed(self, headers, body):
        """As Standard Webhooks 1.0.0 says ("Signature scheme"). Clocks are stepped here, so any time will do."""
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(self.secret, content, "sha256")).decode()
        return right in headers["webhook-signature"].split()

    def _remember(self):
        self.file = os.open(self.record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def _key(data):
    """As the texts of the chaos shop say it: campaign, step, order, and when the order changed."""
    at = data["change"]["occurred_at"].removesuffix("Z").partition(".")[0]
    return f"{data['campaign']['code']} {data['step']} {data['order']['external_id']} {at}"


def main():
    parser = argparse.ArgumentParser(prog="tests.chaos.receiver")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--record", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--secret", required=True)
    told = parser.parse_args()
    asyncio.run(Receiver(told.record, told.seed, told.secret).serve(told.port))


if __name__ == "__main__":
    main()
