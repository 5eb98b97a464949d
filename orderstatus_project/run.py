"""`make run`: everything on this machine under one supervisor. Begins with nothing, ends leaving nothing behind.

A first start makes the database, the login and (DEMO=1) a demo shop; later ones find them. All state is under var/.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http import HTTPStatus
from io import StringIO
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from orderstatus_project import environment as env
from orderstatus_project.bundled_redis import NoRedis, redis_command
from orderstatus_project.kept import kept_file, read_kept
from orderstatus_project.procfile import commands
from orderstatus_project.supervisor import Died, Interrupted, NotReady, Supervisor
from workspace.queues import QUEUES

HOST = "127.0.0.1"
# Of the Procfile, in the order in which they are started.
PROCESSES = ("worker-runs", "worker-sending", "worker-calls", "worker-analytics", "beat", "listen", "web")
START_TIMEOUT_S = 90.0
PYTHON = sys.executable


class CannotStart(Exception):
    """Why not, and what to do."""


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")
    try:
        django.setup()
        # Between the stages stands what somebody has to read, not what the seed of the demo does.
        logging.getLogger().setLevel(logging.WARNING)
        port = _port()
        with _alone(Path(settings.VAR_DIR)), Supervisor(Path(settings.VAR_DIR) / "log") as supervisor:
            return _run(supervisor, port)
    except (CannotStart, NoRedis, NotReady, ImproperlyConfigured, CommandError) as error:
        return _say_why(str(error))
    except DatabaseError as error:
        return _say_why(_("The database does not do what is asked: %s") % str(error).splitlines()[0])


def _run(supervisor: Supervisor, port: int) -> int:
    try:
        _prepare(supervisor)
        _start(supervisor, port)
        _say_how(port)
        supervisor.watch()
    except Interrupted:
        _say("\n" + _("Stopping."))
        return 0
    except Died as death:
        end = _("The end of %s:") % death.child.log
        return _say_why(f"{death}\n  {end}\n{death.child.tail()}\n  {_('Everything is stopped.')}")


def _prepare(supervisor: Supervisor) -> None:
    with _stage(_("Redis (bundled)") if settings.REDIS_IS_BUNDLED else _("Redis")):
        if settings.REDIS_IS_BUNDLED:
            supervisor.start("redis", redis_command(Path(settings.VAR_DIR)))
        _wait_for_redis(supervisor)
    with _stage(_("Checks and database migrations")):
        call_command("check", stdout=StringIO())
        call_command("migrate", interactive=False, verbosity=0)
    with _stage(_("Static files")):
        _collect_static()
    with _stage(_("Login and demo shop") if settings.DEMO else _("Login")):
        call_command("make_login", verbosity=0)
        if settings.DEMO:
            call_command("seed_demo", verbosity=0)
        # Our own connection would hold a server's slot for as long as this runs.
        connection.close()


def _start(supervisor: Supervisor, port: int) -> None:
    began = timezone.now()
    with _stage(_("Web, workers, beat and demo shop") if settings.DEMO else _("Web, workers and beat")):
        # Celery would make the same checks again, in each of its processes.
        os.environ["CELERY_SKIP_CHECKS"] = "1"
        # This one keeps to itself, whatever else is set: it has a login that is shown, and a demo's key.
        os.environ |= {"BIND": HOST, "PORT": str(port)}
        processes = commands()
        for name in PROCESSES:
            supervisor.start(name, processes[name])
        supervisor.wait_until(lambda: _answers(port), _("The web process did not answer"), START_TIMEOUT_S)
        if settings.DEMO:
            supervisor.start("shop", [PYTHON, "-m", "orderstatus_project.demo.simulator", f"http://{HOST}:{port}"])
        supervisor.wait_until(lambda: _works_since(began), _("The workers did not answer"), START_TIMEOUT_S)


def _port() -> int:
    """PORT, if nobody listens there: asked before anything is begun."""
    port = env.number("PORT", 8000)
    if not 0 < port < 65536:
        raise CannotStart(_("PORT=%d is no port. Choose one from 1024 to 65535, as in: make run PORT=8080") % port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            named = {"port": port, "why": error.strerror or _("it cannot be had"), "other": port + 80}
            raise CannotStart(
                _("Port %(port)d: %(why)s. Choose another, as in: make run PORT=%(other)d") % named
            ) from None
    return port


@contextmanager
def _alone(var_dir: Path) -> Iterator[None]:
    """One at a time for each VAR_DIR. The lock goes with the process, however it ends."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                _("Another one runs on %s already. Stop it first, or give another VAR_DIR.") % var_dir
            ) from None
        yield


def _collect_static() -> None:
    """Copied and compressed, which takes seconds, only when a file changed."""
    files = [
        (name, stored.size(name), stored.get_modified_time(name).timestamp())
        for finder in get_finders()
        for name, stored in finder.list([])
    ]
    seen = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if not stamp.exists() or stamp.read_text() != seen:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(seen)


def _wait_for_redis(supervisor: Supervisor) -> None:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        supervisor.wait_until(lambda: _pings(client), _("Redis (REDIS_URL) did not answer"), 5)


def _pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection(HOST, port, timeout=2)) as visit:
            visit.request("GET", "/healthz")
            return visit.getresponse().status == HTTPStatus.OK
    except OSError:
        return False


def _works_since(began: datetime) -> bool:
    """Whether each queue has had its sign of life."""
    heard = apps.get_model("workspace", "Heartbeat").objects.filter(name__in=QUEUES, at__gte=began).count()
    connection.close()
    return heard == len(QUEUES)


@contextmanager
def _stage(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    _say(f"{name:<40}" + _("%6.1f s") % (time.monotonic() - began))


def _say_how(port: int) -> None:
    address, kept = f"http://{HOST}:{port}", read_kept()
    password = kept.get("ADMIN_PASSWORD") or _("the password you gave it")
    _say(f"\n  {_('Open'):<8}{address}/admin/\n  {_('Login'):<8}{kept.get('ADMIN_USER', 'admin')}  {password}")
    if settings.DEMO:
        there, back = (_curl(address, kept["DEMO_KEY"], code) for code in _next_codes("DEMO-1001"))
        move = _("Move an order yourself, and watch the phone on the start page:")
        _say(f"\n  {move}\n\n{there}")
        again = _("And back again; the two in turn move it as often as you like:")
        _say(f"\n  {again}\n\n{back}")
    places = {"login": kept_file(), "logs": f"{settings.VAR_DIR}/log"}
    end = _("The login is kept in %(login)s, logs in %(logs)s. Ctrl-C stops everything.") % places
    _say(f"\n  {end}\n")


def _curl(address: str, key: str, code: str) -> str:
    """One line to be pasted."""
    change = {"order": "DEMO-1001", "type": "delivery", "code": code}
    headers = f"-H {shlex.quote(f'Authorization: Bearer {key}')} -H 'Content-Type: application/json'"
    return f"curl -X POST {address}/api/v1/status-changes/ {headers} -d {shlex.quote(json.dumps(change))}"


def _next_codes(external_id: str) -> tuple[str, str]:
    """Where to move the order from wherever it stands now, and then where to move it from there."""
    code = (
        apps.get_model("orders", "Order")
        .objects.filter(external_id=external_id)
        .values_list("delivery_status__code", flat=True)
        .first()
    )
    connection.close()
    there, back = "at_pickup_point", "shipped"
    return (back, there) if code == there else (there, back)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - for whoever typed the command


def _say_why(why: str) -> int:
    print(f"\n{why}", file=sys.stderr, flush=True)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
