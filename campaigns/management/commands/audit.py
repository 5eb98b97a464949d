"""`manage.py audit [--json]`: prints and proves the books. Exit 1 unless nothing is unaccounted for."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from campaigns import books


class Command(BaseCommand):
    help = "Print the books, and prove that every change, order that entered and message is accounted for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = books.audit_and_keep()
        self.stdout.write(json.dumps(found) if options["json"] else "\n".join(_lines(found)))
        if found["unaccounted"]:
            raise SystemExit(1)


def _lines(found: dict[str, Any]) -> list[str]:
    return [f"{name}: {_line(value)}" for name, value in found.items()]


def _line(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return (
        ", ".join(f"{name} {f'({_line(part)})' if isinstance(part, dict) else part}" for name, part in value.items())
        or "none"
    )
