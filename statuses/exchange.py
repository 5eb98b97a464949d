"""The vocabulary taken in from a file or a set: first what would become of each line, then all of it or nothing.

Statuses are added and, if asked, changed in what people may change of them; none is deleted, retired or given another
type, and what a code means already it goes on meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from statuses.models import OrderStatus, StatusAlias, code_key, name_from_code
from statuses.presets import Preset
from statuses.writing import CHANGEABLE, add_together, change_together
from workspace import history
from workspace.database import lock_rows, retry_lost_races
from workspace.models import Verb
from workspace.reading import Problem


class Verdict(models.TextChoices):
    ADD = "add", gettext_lazy("Will be added")
    CHANGE = "change", gettext_lazy("Will be changed")
    SAME = "same", gettext_lazy("Stays as it is")
    WRONG = "wrong", gettext_lazy("Wrong")


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says of one status. `named` are those of its changeable fields that they name.

    `where` tells people which line it is. With problems it could not be read.
    """

    where: str = ""
    type: str = ""
    code: str = ""
    named: dict[str, Any] = field(default_factory=dict)
    is_retired: bool = False
    is_taken: bool = True
    aliases: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        return self.type, code_key(self.code)


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        words = {"field": OrderStatus._meta.get_field(self.field).verbose_name}  # type: ignore[union-attr]
        shown = {"before": _shown(self.field, self.before), "after": _shown(self.field, self.after)}
        return _("%(field)s: %(before)s → %(after)s") % {**words, **shown}


@dataclass(slots=True)
class Planned:
    """What would become of one line. `status` is the row it would add or change, as it stands in the database."""

    line: Line
    verdict: Verdict
    status: OrderStatus
    changes: list[Change] = field(default_factory=list)
    aliases: list[StatusAlias] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    note: str = ""

    def told(self) -> list[str]:
        """All there is to say of it, for people."""
        other_codes = ", ".join(alias.code for alias in self.aliases)
        said = [problem.detail for problem in self.problems] + [str(change) for change in self.changes]
        if other_codes and not self.problems:
            said.append(_("other codes: %s") % other_codes)
        return [*said, self.note] if self.note else said


@dataclass(frozen=True, slots=True)
class Plan:
    planned: Sequence[Planned]

    def of(self, verdict: Verdict) -> list[Planned]:
        return [planned for planned in self.planned if planned.verdict == verdict]

    @property
    def counts(self) -> dict[Verdict, int]:
        counts = Counter(planned.verdict for planned in self.planned)
        return {verdict: counts[verdict] for verdict in Verdict}

    @property
    def is_right(self) -> bool:
        return not self.of(Verdict.WRONG)

    @property
    def does_something(self) -> bool:
        return any(planned.verdict in {Verdict.ADD, Verdict.CHANGE} for planned in self.planned)

    @property
    def mark(self) -> str:
        """The same for the same plan: whoever looked at one does not get another."""
        told = [[planned.line.place, planned.verdict, planned.told()] for planned in self.planned]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


class NotTakenIn(Exception):
    """Nothing was written: lines of the plan are wrong, or it is another than the one that was looked at."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("wrong" if not plan.is_right else "another plan")
        self.plan = plan


def plan(lines: Iterable[Line], *, only_adds: bool = False) -> Plan:
    """What would become of these lines now. Two queries. `only_adds`: what is there already stays as it is."""
    return _Planner(list(lines), OrderStatus.objects.all(), only_adds=only_adds).plan()


def take_in(lines: Iterable[Line], *, by: Any = None, only_adds: bool = False, mark: str | None = None) -> Plan:
    """Do it, in one transaction, and answer what was done. A fixed number of queries.

    `by`: whose action it is, as the history takes it. `mark`: of the plan that was looked at. Raises NotTakenIn.
    """
    return retry_lost_races(partial(_take_in, list(lines), by=by, only_adds=only_adds, mark=mark))


def lines_of(preset: Preset) -> list[Line]:
    return [
        Line(
            type=word.type,
            code=word.code,
            named={
                "name": str(word.name),
                "colour": word.colour.value,
                "include_in_analytics": word.include_in_analytics,
            },
            aliases=word.aliases,
        )
        for word in preset.words
    ]


def _take_in(lines: list[Line], *, by: Any, only_adds: bool, mark: str | None) -> Plan:
    with transaction.atomic():
        statuses = lock_rows(OrderStatus.objects.order_by("pk"))
        made = _Planner(lines, statuses, only_adds=only_adds).plan()
        if not made.is_right or mark not in (None, made.mark):
            raise NotTakenIn(made)
        add_together(
            [planned.status for planned in made.of(Verdict.ADD)],
            [alias for planned in made.planned for alias in planned.aliases],
        )
        changed = made.of(Verdict.CHANGE)
        for planned in changed:
            for change in planned.changes:
                setattr(planned.status, change.field, change.after)
        change_together(planned.status for planned in changed if planned.changes)
        if by is not None and made.does_something:
            counts = {"created": made.counts[Verdict.ADD], "changed": made.counts[Verdict.CHANGE]}
            history.record(by, Verb.WRITTEN, OrderStatus, counts=counts)
        return made


class _Planner:
    """Holds lines against what codes mean already, and against each other."""

    def __init__(self, lines: Sequence[Line], statuses: Iterable[OrderStatus], *, only_adds: bool) -> None:
        self._lines, self._only_adds = lines, only_adds
        self._statuses = {(status.type, status.code_key): status for status in statuses}
        self._by_pk = {status.pk: status for status in self._statuses.values()}
        aliases = StatusAlias.objects.filter(source=None).select_related("status")
        self._aliases = {(alias.type, alias.code_key): alias for alias in aliases}
        # Which line was the first to name a code as its own, and as another code.
        self._codes: dict[tuple[str, str], Line] = {}
        self._claimed: dict[tuple[str, str], Line] = {}
        for line in lines:
            if not line.problems:
                self._codes.setdefault(line.place, line)

    def plan(self) -> Plan:
        return Plan([self._plan(line) for line in self._lines])

    def _plan(self, line: Line) -> Planned:
        if line.problems:
            named = OrderStatus(type=line.type, code=line.code, name=line.named.get("name", ""))
            return Planned(line, Verdict.WRONG, named, problems=list(line.problems))
        first = self._codes[line.place]
        if first is not line:
            return self._wrong(line, "repeated", _("The same status stands in %s already.") % first.where)
        known = self._statuses.get(line.place)
        return self._plan_new(line) if known is None else self._plan_known(line, known)

    def _plan_new(self, line: Line) -> Planned:
        alias = self._aliases.get(line.place)
        if alias is not None and not self._only_adds:
            return self._wrong(line, "alias_exists", alias.why_taken())
        if alias is not None:
            return Planned(line, Verdict.SAME, _new(line), note=alias.why_taken())
        return self._with_aliases(Planned(line, Verdict.ADD, _new(line)))

    def _plan_known(self, line: Line, status: OrderStatus) -> Planned:
        planned = Planned(line, Verdict.SAME, status)
        if self._only_adds:
            return planned
        if status.merged_into_id:
            planned.note = _("It was merged into “%s” and stays so.") % self._by_pk[status.merged_into_id].name
            return planned
        if line.is_retired != status.is_retired:
            planned.note = _("A file neither retires nor restores a status. Do so in its own window.")
        planned.changes = [
            Change(name, getattr(status, name), line.named[name])
            for name in CHANGEABLE
            if name in line.named and line.named[name] != getattr(status, name)
        ]
        self._with_aliases(planned)
        if planned.verdict == Verdict.SAME and (planned.changes or planned.aliases):
            planned.verdict = Verdict.CHANGE
        return planned

    def _with_aliases(self, planned: Planned) -> Planned:
        for code in planned.line.aliases:
            place = (planned.line.type, code_key(code))
            if self._means(place, planned):
                continue
            problem = self._why_taken(place, code, planned.line)
            if problem is None:
                self._claimed[place] = planned.line
                planned.aliases.append(StatusAlias(status=planned.status, type=place[0], code=code))
            elif not self._only_adds:
                planned.verdict = Verdict.WRONG
                planned.problems.append(problem)
        return planned

    def _means(self, place: tuple[str, str], planned: Planned) -> bool:
        """Whether this code stands for that status already: by what is there, or by an earlier word of this line."""
        status, alias = self._statuses.get(place), self._aliases.get(place)
        if self._claimed.get(place) is planned.line:
            return True
        meant = status or (alias.status if alias else None)
        return meant is not None and meant is not planned.status and meant.stands_for_id == planned.status.pk

    def _why_taken(self, place: tuple[str, str], code: str, line: Line) -> Problem | None:
        words: dict[str, Any] = {"code": code}
        if status := self._statuses.get(place):
            detail = _("“%(code)s” is the code of the status “%(name)s”.") % {**words, "name": status.name}
        elif alias := self._aliases.get(place):
            detail = alias.why_taken()
        elif other := self._codes.get(place) or self._claimed.get(place):
            where = other.where if other is not line else _("this line, as its own code")
            detail = _("“%(code)s” stands in %(where)s too. A code means one thing.") % {**words, "where": where}
        else:
            return None
        return Problem("alias_taken", detail, "aliases")

    def _wrong(self, line: Line, code: str, detail: str) -> Planned:
        return Planned(line, Verdict.WRONG, _new(line), problems=[Problem(code, detail, "code")])


def _new(line: Line) -> OrderStatus:
    named = {"name": name_from_code(line.code), **line.named}
    status = OrderStatus(type=line.type, code=line.code, **named)
    if line.is_retired:
        status.retired_at, status.is_taken_from_sources = timezone.now(), line.is_taken
    return status


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = OrderStatus._meta.get_field(name).choices  # type: ignore[union-attr]
    return str(dict(choices).get(value, value)) if choices else str(value)
