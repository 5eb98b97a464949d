"""What a run stands on and takes away with it: a database, a Redis where none is given, and a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from redis import Redis

from benchmarks.bench import QUIET
from orderstatus_project.bundled_redis import redis_url, start_redis

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"


@contextmanager
def surroundings(database: str, commit_ms: float = 0) -> Iterator[Path]:
    """Make them, and name them in the environment: before the settings are read."""
    folder = Path(tempfile.mkdtemp(prefix="orderstatus_bench_"))
    server = os.environ.get("DATABASE_URL") or SERVER
    try:
        with _database(server, database, commit_ms), _redis(folder, database):
            os.environ |= {
                "DATABASE_URL": urlsplit(server)._replace(path=f"/{database}").geturl(),
                "REDIS_PREFIX": database,
                "VAR_DIR": str(folder),
                "DEMO": "0",
                "LOG_LEVEL": QUIET,
                "API_REQUESTS_PER_MINUTE": "1000000",
            }
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(server: str, name: str, commit_ms: float) -> Iterator[None]:
    """One that is there already is somebody's, and stays. `commit_ms`: how long each commit waits beside its disk."""
    with psycopg.connect(server, autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.DuplicateDatabase:
            raise SystemExit(f"The database {name} exists. Drop it, or give --database another name.") from None
        if commit_ms:
            _slow_commits(connection, name, commit_ms)
        try:
            yield
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _slow_commits(connection: psycopg.Connection[Any], database: str, commit_ms: float) -> None:
    """PostgreSQL's own way to gather commits, told to wait even where nobody else is about to (a superuser may)."""
    for setting, value in (("commit_delay", round(commit_ms * 1000)), ("commit_siblings", 0)):
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        connection.execute(change.format(sql.Identifier(database), sql.Identifier(setting), sql.Literal(value)))


@contextmanager
def _redis(folder: Path, prefix: str) -> Iterator[None]:
    """Of one that is given only keys of ours are used, and taken away."""
    if given := os.environ.get("REDIS_URL"):
        try:
            yield
        finally:
            with Redis.from_url(given) as client:
                for key in client.scan_iter(f"{prefix}:*"):
                    client.delete(key)
        return
    server = start_redis(folder)
    os.environ["REDIS_URL"] = redis_url(folder)
    try:
        yield
    finally:
        server.terminate()
        server.wait()
