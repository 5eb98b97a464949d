"""`manage.py load customers|orders|status_changes FILE`: a file of any length, through the one writer, set by set.

Each set is a transaction, and every row is recognised when it comes again: a load that was stopped, in whatever way,
is started again and goes on.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.loading import KINDS, Kind, Manner, Taken
from workspace.database import in_sets
from workspace.files import BadFile, CsvFile, Line
from workspace.models import Source, Workspace
from workspace.progress import Progress
from workspace.reading import Problem

MOST_SHOWN = 10


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "Load a CSV file, plain or gzip. Loading it again changes nothing; if it was stopped, start it again."
        )
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument(
            "file", type=Path, metavar="FILE", help=_("CSV in UTF-8; its first line names the columns.")
        )
        parser.add_argument("--source", default="load", metavar="CODE", help=_("The source that tells this."))
        parser.add_argument(
            "--create-statuses", action="store_true", help=_("Add status codes that are not known yet.")
        )
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help=_("Write each rejected row and why to this CSV.")
        )
        parser.add_argument("--fire", action="store_true", help=_("Let it start campaigns. Without: it is history."))

    def handle(
        self,
        *,
        kind: str,
        file: Path,
        source: str,
        create_statuses: bool,
        errors: Path | None,
        fire: bool,
        **_options: Any,
    ) -> None:
        chosen = KINDS[kind]
        if chosen.has_statuses and not Workspace.orders_are_on():
            raise CommandError(_("Orders is off. Turn it on first: manage.py orders on"))
        if not chosen.has_statuses and (create_statuses or fire):
            raise CommandError(_("%s have no statuses: leave out --create-statuses and --fire.") % kind.capitalize())
        manner = Manner(_find_source(source), fires=fire, creates_statuses=create_statuses)
        try:
            self._load(chosen, manner, file, errors)
        except BadFile as error:
            raise CommandError(error) from None
        except KeyboardInterrupt:
            raise CommandError(_("Stopped. Start it again, and it goes on."), returncode=130) from None

    def _load(self, kind: Kind, manner: Manner, path: Path, errors: Path | None) -> None:
        with ExitStack() as opened:
            file = opened.enter_context(CsvFile(path))
            file.require(kind.required, kind.optional)
            kept = opened.enter_context(_create(errors, besides=path)) if errors else None
            progress = Progress(self._write_progress, is_terminal=self.stderr.isatty())
            rejected = Rejected(partial(self._say, progress), file.columns, kept)
            counts = _load_lines(kind, manner, file, progress, rejected)
        for name in ("received", *kind.counts):
            self.stdout.write(f"{name}: {counts[name]}")
        rejected.sum_up()
        if file.damage:
            raise BadFile(file.damage)

    def _say(self, progress: Progress, text: str) -> None:
        progress.clear()
        self.stderr.write(text)

    def _write_progress(self, text: str) -> None:
        self.stderr.write(text, style_func=str, ending="")
        self.stderr.flush()


class Rejected:
    """The rows that were not taken: all of them to a file, or the first to the screen."""

    def __init__(self, say: Callable[[str], object], columns: Iterable[str], kept: TextIO | None) -> None:
        self._say = say
        self._count = 0
        self._writer = csv.writer(kept) if kept else None
        if self._writer:
            self._writer.writerow(["line", "code", "detail", *columns])

    def add(self, line: Line, problem: Problem) -> None:
        self._count += 1
        if self._writer:
            self._writer.writerow([line.number, problem.code, problem.detail, *line.values])
        elif self._count <= MOST_SHOWN:
            named = {"line": line.number, "code": problem.code, "detail": problem.detail}
            self._say(_("line %(line)d: %(detail)s (%(code)s)") % named)

    def sum_up(self) -> None:
        if self._count and not self._writer:
            self._say(
                ngettext(
                    "%d row was not loaded. Load it again with --errors FILE to have it with its reason in a file.",
                    "%d rows were not loaded. Load them again with --errors FILE to have them all with their reasons.",
                    self._count,
                )
                % self._count
            )


def _load_lines(kind: Kind, manner: Manner, file: CsvFile, progress: Progress, rejected: Rejected) -> Counter[str]:
    counts: Counter[str] = Counter()
    for lines in in_sets(file.lines()):
        for line, taken in zip(lines, _take_in(lines, kind, manner), strict=True):
            counts.update(["received", *taken.counts])
            if taken.problem:
                rejected.add(line, taken.problem)
        progress.tell(file.share_read(), counts["received"])
    progress.clear()
    return counts


def _take_in(lines: list[Line], kind: Kind, manner: Manner) -> Iterator[Taken]:
    """What became of each line; those that are no rows never reach the writer."""
    answers = iter(kind.take_in([line.cells for line in lines if line.problem is None], manner))
    return (Taken(["rejected"], line.problem) if line.problem else next(answers) for line in lines)


def _find_source(code: str) -> Source:
    source = Source.objects.filter(code=code).first()
    if source is None:
        codes = ", ".join(Source.objects.values_list("code", flat=True))
        detail = _("There is no source “%(code)s”. There are: %(codes)s.")
        raise CommandError(detail % {"code": code, "codes": codes})
    return source


def _create(errors: Path, *, besides: Path) -> TextIO:
    if errors.exists() and errors.samefile(besides):
        raise CommandError(_("--errors names the file to be loaded. Name another."))
    try:
        return errors.open("w", encoding="utf-8", newline="")
    except OSError as error:
        named = {"path": errors, "error": error.strerror}
        raise CommandError(_("%(path)s cannot be written: %(error)s.") % named) from None
