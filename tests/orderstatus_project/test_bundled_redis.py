"""The Redis server that an installation brings along."""

import os
import stat
import tempfile
from pathlib import Path

import pytest
from redis import Redis

from orderstatus_project import bundled_redis
from orderstatus_project.bundled_redis import NoRedis, redis_command, redis_socket, redis_url, start_redis
from tests.surroundings import VAR_DIR


@pytest.fixture
def var_dir(monkeypatch):
    """A folder with a path short enough for a socket, and to it the system's folder for what is passing."""
    folder = Path(tempfile.mkdtemp(dir=VAR_DIR))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def run():
    """Start servers, as many as a test asks for; all are stopped after it."""
    servers = []

    def start(var_dir):
        servers.append(start_redis(var_dir))
        return servers[-1]

    yield start
    for server in servers:
        stop(server)


def stop(server):
    server.terminate()
    server.wait()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_it_keeps_what_it_was_told_over_a_restart(var_dir, run):
    server = run(var_dir)
    with Redis.from_url(redis_url(var_dir)) as redis:
        redis.set("a", "1")

    stop(server)
    run(var_dir)

    with Redis.from_url(redis_url(var_dir)) as redis:
        assert redis.get("a") == b"1"


def test_it_listens_on_no_port_and_to_its_owner_alone(var_dir, run):
    run(var_dir)

    with Redis.from_url(redis_url(var_dir)) as redis:
        assert redis.config_get("port") == {"port": "0"}
    assert mode(redis_socket(var_dir)) == 0o700
    assert mode(redis_socket(var_dir).parent) == 0o700


def test_its_socket_stands_with_the_rest_of_the_state():
    assert redis_socket(Path("/srv/shop/var")) == Path("/srv/shop/var/redis/redis.sock")


def test_a_path_too_long_for_a_socket_gets_a_short_one_and_the_data_stay(var_dir, run):
    var_dir /= "deep" * 30

    run(var_dir)

    with Redis.from_url(redis_url(var_dir)) as redis:
        assert redis.ping()
        assert redis.config_get("dir") == {"dir": str(var_dir / "redis")}


def test_two_long_paths_do_not_meet_in_one_socket(var_dir):
    one, other = (redis_socket(var_dir / ("deep" * 30) / name) for name in ("one", "other"))

    assert one != other
    assert len(os.fsencode(one)) <= 100


def test_a_path_with_signs_of_its_own_is_the_same_to_all(var_dir, run):
    var_dir /= "a shop?#50%"

    run(var_dir)

    with Redis.from_url(redis_url(var_dir)) as redis:
        assert redis.ping()


def test_a_folder_of_another_user_is_refused(var_dir, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: var_dir.stat().st_uid + 1)

    with pytest.raises(NoRedis, match="belongs to another user"):
        redis_command(var_dir)


def test_a_server_that_cannot_start_is_told_of(var_dir):
    (var_dir / "redis" / "appendonly.aof").mkdir(parents=True)

    with pytest.raises(NoRedis, match="ended with status"):
        start_redis(var_dir)


def test_without_the_bundle_the_one_on_the_path_is_used(var_dir, monkeypatch):
    program = var_dir / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setattr(bundled_redis, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(var_dir))

    assert redis_command(var_dir)[0] == str(program)


def test_without_any_redis_a_person_is_told_what_to_do(var_dir, monkeypatch):
    monkeypatch.setattr(bundled_redis, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(var_dir))

    with pytest.raises(NoRedis, match="Install Redis, or give REDIS_URL"):
        redis_command(var_dir)
