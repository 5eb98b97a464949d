"""What a test process stands on and takes away with it: a VAR_DIR of its own, and a Redis where none is given.

A pytest plugin (`-p tests.surroundings` in pyproject.toml), since settings are read before any conftest.py. With
xdist the workers are started by a process that has been here, so they find REDIS_URL given: one Redis for them all,
and a prefix for each.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

from orderstatus_project.bundled_redis import redis_url, start_redis
from orderstatus_project.catalogue import compile_stale

VAR_DIR = Path(tempfile.mkdtemp(prefix="orderstatus_test_"))
# That of the process that started the run: of several workers each has a VAR_DIR, and all know this one.
RUN_DIR = Path(os.environ.setdefault("TEST_RUN_DIR", str(VAR_DIR)))
# No two test processes on a machine share it: it names their database and their keys in Redis.
NAME = VAR_DIR.name


def _clear_away() -> None:
    shutil.rmtree(VAR_DIR, ignore_errors=True)


def _provide_redis() -> None:
    server = start_redis(VAR_DIR)
    os.environ["REDIS_URL"] = redis_url(VAR_DIR)
    atexit.register(server.wait)
    atexit.register(server.terminate)


signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is stopped takes its databases away too
atexit.register(_clear_away)
compile_stale()  # `make setup` has done so, unless pytest was called without it
(VAR_DIR / "static").mkdir()  # where collectstatic would have put its files
os.environ["VAR_DIR"] = str(VAR_DIR)
os.environ["REDIS_PREFIX"] = NAME
if not os.environ.get("REDIS_URL"):
    _provide_redis()
