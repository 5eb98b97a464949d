"""A newcomer's first minute: log in as `make run` says, open the start page, and wait for a new text on the phone."""

import json
import re
import sys
import time
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

PATIENCE_S = 30
BUBBLE = re.compile(r"\bm\d+-accepted\b")


def main(address: str, password: str) -> int:
    visitor = build_opener(HTTPCookieProcessor(CookieJar()))
    log_in(visitor, address, password)
    before = texts(visitor, address)
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        if new := texts(visitor, address) - before:
            print(f"a text arrived {time.monotonic() - began:.1f} s after the page was opened: {min(new)}")
            return 0
        time.sleep(0.5)
    print(f"no text arrived within {PATIENCE_S} s", file=sys.stderr)
    return 1


def log_in(visitor: OpenerDirector, address: str, password: str) -> None:
    page = visitor.open(f"{address}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"csrfmiddlewaretoken": token, "username": "admin", "password": password, "next": "/admin/"}
    landed = visitor.open(f"{address}/admin/login/", urlencode(form).encode())
    if "Start here" not in landed.read().decode():
        sys.exit("the login does not lead to the start page")


def texts(visitor: OpenerDirector, address: str) -> set[str]:
    """What stands on the phone as sent, by the keys of its bubbles."""
    return set(BUBBLE.findall(json.load(visitor.open(f"{address}/admin/start/live/"))["phone"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
