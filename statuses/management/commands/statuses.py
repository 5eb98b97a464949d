"""`manage.py statuses export|import FILE`: the vocabulary as a file, CSV or JSON."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from statuses import exchange
from statuses.exchange import NotTakenIn, Plan, Verdict
from statuses.exchange_files import FORMATS, MOST_BYTES, export, read
from workspace import history
from workspace.files import BadFile

STANDARD = "-"


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _("Export the order statuses to a file, or import them from one: all of it or nothing.")
        verbs = parser.add_subparsers(dest="verb", required=True)
        exporting = verbs.add_parser("export", help=_("Write all statuses to a file."))
        exporting.add_argument("file", nargs="?", default=STANDARD, help=_("The file; - for standard output."))
        exporting.add_argument("--format", choices=FORMATS, help=_("Left out: as the file is named, or CSV."))
        importing = verbs.add_parser("import", help=_("Add the statuses of a file, and change those that are there."))
        importing.add_argument("file", help=_("A CSV or JSON file; - for standard input."))
        importing.add_argument("--dry-run", action="store_true", help=_("Say what would happen, and change nothing."))

    def handle(self, *, verb: str, file: str, **options: Any) -> None:
        if verb == "export":
            self._export(file, options["format"] or ("json" if file.lower().endswith(".json") else "csv"))
        else:
            self._import(file, dry_run=options["dry_run"])

    def _export(self, file: str, format: str) -> None:
        text = export(format)
        if file == STANDARD:
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            words = {"file": file, "error": error.strerror}
            raise CommandError(_("%(file)s cannot be written: %(error)s.") % words) from None

    def _import(self, file: str, *, dry_run: bool) -> None:
        try:
            lines = read(_read_bytes(file))
        except BadFile as error:
            raise CommandError(error) from None
        try:
            plan = exchange.plan(lines) if dry_run else exchange.take_in(lines, by=history.COMMAND)
        except NotTakenIn as error:
            plan = error.plan
        self._tell(plan)
        if not plan.is_right:
            wrong = len(plan.of(Verdict.WRONG))
            said = ngettext(
                "Nothing was imported: %d line is wrong.", "Nothing was imported: %d lines are wrong.", wrong
            )
            raise CommandError(said % wrong)
        if dry_run:
            self.stdout.write(_("Nothing was written: this was a dry run."))

    def _tell(self, plan: Plan) -> None:
        for planned in plan.planned:
            if said := planned.told():
                about = ", ".join(filter(None, (planned.line.where, planned.line.code)))
                out = self.stderr if planned.verdict == Verdict.WRONG else self.stdout
                out.write(f"{about}: {'; '.join(said)}")
        for verdict, count in plan.counts.items():
            self.stdout.write(f"{verdict.label}: {count}")


def _read_bytes(file: str) -> bytes:
    """No more than tells that it is too much."""
    try:
        if file == STANDARD:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        words = {"file": file, "error": error.strerror}
        raise CommandError(_("%(file)s cannot be read: %(error)s.") % words) from None
