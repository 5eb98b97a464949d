"""`python -m benchmarks`: measure, print the table, leave nothing behind. It reports; it judges nobody's build."""

from __future__ import annotations

import argparse
import gc
import os
from importlib import import_module
from pathlib import Path

import django
from django.core.management import call_command

from benchmarks.bench import FULL, QUICK, Bench, GaveUp
from benchmarks.measuring import Row, table, write_json
from benchmarks.surroundings import surroundings
from orderstatus_project.supervisor import Supervisor

# Each a module with measure(bench), in the order of the table.
SUBJECTS = ("saves", "writer", "pipeline", "requests", "latency", "growth", "statuses", "segments")


def main() -> None:
    told = _options()
    with surroundings(told.database, told.commit_ms) as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "orderstatus_project.settings"
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        gc.freeze()  # as our processes do
        with Supervisor(folder / "log") as supervisor:
            rows = _measure(Bench(QUICK if told.quick else FULL, supervisor, folder), told.only)
    print(f"\n{table(rows)}")
    if told.json:
        write_json(rows, told.json)


def _measure(bench: Bench, subjects: list[str]) -> list[Row]:
    """Subjects are imported when there are settings."""
    rows: list[Row] = []
    for name in subjects:
        bench.say(f"{name} …")
        try:
            for row in import_module(f"benchmarks.{name}").measure(bench):
                rows.append(row)
                bench.say(f"    {row.what}: {row.figure:.3g} {row.unit} ({row.ours}; {row.theirs}) -> {row.met}")
        except GaveUp as why:
            bench.say(f"    {why}\n    The rest of {name} is left out.")
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it works: the figures are rough")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--database", default=f"orderstatus_bench_{os.getpid()}", help="made and dropped by this run")
    parser.add_argument(
        "--commit-ms", type=float, default=0, help="let each commit of PostgreSQL wait so long, as on a slower disk"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
