"""`python -m benchmarks.naive VERB …`: see the package."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from benchmarks.naive import celery


def main(verb: str, *words: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.naive.settings"
    celery.app.set_default()
    django.setup()
    VERBS[verb](import_module("benchmarks.naive.loading"), *words)


def tables(_loading: Any) -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)


def load(loading: Any, file: str) -> None:
    loading.load(json.loads(Path(file).read_text()))


def feed(loading: Any, file: str) -> None:
    changes = [json.loads(line) for line in Path(file).read_text().splitlines()]
    _say_seconds(lambda: [loading.save_change(change) for change in changes])


def begin(loading: Any, count: str) -> None:
    _say_seconds(lambda: loading.begin(int(count)))


def _say_seconds(do: Callable[[], object]) -> None:
    began = time.perf_counter()
    do()
    print(time.perf_counter() - began)


VERBS: dict[str, Callable[..., None]] = {"tables": tables, "load": load, "feed": feed, "begin": begin}

if __name__ == "__main__":
    main(*sys.argv[1:])
