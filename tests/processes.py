"""Two real processes that work on the test database at the same moment."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import django
from django.db import connections

PATIENCE_S = 60
_barrier = None


class Pair:
    """`run((do, 1), (do, 2))` does `do(1)` and `do(2)` at once, each in its own process, and returns both results."""

    def __init__(self, database):
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(2, context, initializer=_begin, initargs=(context.Barrier(2), database))

    def run(self, *jobs):
        futures = [self._pool.submit(_at_once, *job) for job in jobs]
        return [future.result(PATIENCE_S) for future in futures]

    def close(self):
        self._pool.shutdown()


def meet():
    """Inside a job: wait for the other one to come to the same place."""
    _barrier.wait(PATIENCE_S)


def _begin(barrier, database):
    global _barrier  # noqa: PLW0603 - what a process of the pool is told once
    _barrier = barrier
    django.setup()
    connections["default"].settings_dict.update(database)


def _at_once(job, *args):
    meet()
    return job(*args)
