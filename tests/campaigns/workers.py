"""Workers of campaigns as processes of their own, on the database and the Redis of the tests."""

import subprocess
import sys
import time

from django.conf import settings

from campaigns.tasks import advance_due_runs


def worker(environment, **more):
    """A worker's process, of what campaigns have to do."""
    environment = {**environment, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY, **more}
    command = [sys.executable, "-m", "celery", "-A", "orderstatus_project", "worker"]
    options = ["--pool", "solo", "--queues", "runs", "--without-gossip", "--without-mingle", "--loglevel", "ERROR"]
    return subprocess.Popen([*command, *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(is_so, seconds=90):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.002)


def rung():
    """As beat does, and as the commit that asked for it did."""
    advance_due_runs.delay()
