"""`python -m tests.chaos`: see the package."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.chaos.feed import make_feed, make_plain_feed, read_log
from tests.chaos.installation import Installation, Missing
from tests.chaos.naive import NaiveInstallation, NaiveRun
from tests.chaos.run import Run

CHANGES_PER_FAULT = 12
MOST_SHOWN = 40


def main():
    told = _read_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    results = [result for candidate in _candidates(told) if (result := _carry_out(*candidate, told))]
    if told.json:
        told.json.write_text(json.dumps(results, indent=2))
    return int(not results or any(result["findings"] for result in results))


def _candidates(told):
    """Who is hurt, how often, with what to say. Ours: three in five on PostgreSQL, unless one database is named."""
    if told.naive:
        for provider in ("idempotent", "forgetful"):
            naive = partial(NaiveInstallation, told.database or "postgres", provider=provider)
            yield NaiveRun, naive, told.faults, make_plain_feed(told.seed, _changes(told, told.faults))
        return
    on_postgres = round(told.faults * 0.6)
    shares = {"postgres": on_postgres, "sqlite": told.faults - on_postgres}
    for database, faults in {told.database: told.faults}.items() if told.database else shares.items():
        changes = _changes(told, faults)
        feed = read_log(told.seed, told.log, changes) if told.log else make_feed(told.seed, changes)
        yield Run, partial(Installation, database), faults, feed


def _changes(told, faults):
    return told.changes or faults * CHANGES_PER_FAULT


def _carry_out(run, install, faults, feed, told):
    """Its result; None: this machine lacks what it needs."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        with install(folder=folder, seed=told.seed) as installation:
            result = run(installation, feed, faults, told.spare).carry_out()
    except Missing as missing:
        print(f"\nLeft out. {missing}")
        shutil.rmtree(folder)
        return None
    except BaseException:
        print(f"\nSeed {told.seed}: its folder is kept: {folder}", file=sys.stderr)
        raise
    _print(result)
    if result["findings"] or told.keep:
        print(f"Its folder is kept: {folder}")
    else:
        shutil.rmtree(folder)
    return result


def _print(result):
    phases = ", ".join(f"{phase} after {seconds} s" for phase, seconds in result["phases"].items())
    print(f"\n{result['name']}, seed {result['seed']}: {result['seconds']} s ({phases})")
    for name, number in sorted(result["faults"].items()):
        print(f"  {number:6}  {name}")
    print("  ------")
    for name, number in result["counts"].items():
        print(f"  {number:6}  {name}")
    for finding in result["findings"][:MOST_SHOWN]:
        print(f"  !! {finding}")


def _read_arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--database", choices=["postgres", "sqlite"], help="left out: both in turn")
    parser.add_argument("--naive", action="store_true", help="the naive design instead, with two kinds of provider")
    parser.add_argument("--spare", action="append", default=[], metavar="KIND", help="leave it out; several times")
    parser.add_argument("--changes", type=int, help="how many changes shops say; left out: in step with the faults")
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="say a real log instead of a made one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to it")
    parser.add_argument("--keep", action="store_true", help="keep the folder even if all is well")
    return parser.parse_args()


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
