"""What a kind of step is, what it may decide, and what it may look at.

A kind decides for a batch: all runs that stand at one step of one version, at a given time, over a read-only world. It
writes nothing, asks no clock, and makes no query of its own, so the same code rehearses the past.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.wording import Names
from campaigns.wording import written_in_words
from workspace import durations
from workspace.reading import Problem, read_time

if TYPE_CHECKING:
    from campaigns.models import From, Message, Run, WebhookCall
    from campaigns.rehearsal import RehearsedWorld
    from campaigns.world import World
    from customers.attributes import Change
    from orders.models import StatusTransition

Params = Mapping[str, Any]
# What a step may owe to the outside (campaigns/owed.py).
Owed: TypeAlias = "Message | WebhookCall"


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on: by a branch, or to the next step. `reason` is told if that way ends here."""

    branch: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back to this step at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Emit:
    """Owe this row (a message, a call) to the outside, and come back to this step when its sending ended."""

    row: Owed


@dataclass(frozen=True, slots=True)
class ChangeCustomer:
    """Change attributes and tags of a customer, and go on to the next step."""

    change: Change


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take one of `total` places at this step, and one of `per_period` of this period, if both are to be had: then go
    on as `then`, else as `otherwise`. None: as many as come. The engine settles it, so that two cannot take the last.
    """

    total: int | None
    period: str
    per_period: int | None
    then: Continue
    otherwise: Continue


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run here."""

    reason: str


Outcome = Continue | Wait | Emit | ChangeCustomer | Reserve | Stop


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """A way out of a step. `ends_when_empty`: who takes it while it holds no steps has reached the end.

    `is_seldom`: few give it steps of its own, so that the editor shows it once it is asked for.
    """

    key: str
    label: str | Promise
    ends_when_empty: bool = False
    is_seldom: bool = False


# What triggers listen to.
STATUSES, ORDERS = "statuses", "orders"


@dataclass(frozen=True, slots=True)
class Effect:
    """What may come of a step, by itself or by whom it tells: orders that change status, or new ones. Of statuses
    `type` and `codes` (keys) say which; empty: any."""

    on: str
    type: str = ""
    codes: frozenset[str] = frozenset()


Rehearse = Callable[[Any, Params, "RehearsedWorld"], datetime | None]


@dataclass(frozen=True, slots=True)
class StepKind:
    """`decide(runs, step key, params, world)` answers one Decision for each run, in their order.

    `is_urgent(params)`: whether somebody waits for what this step does, so that its campaign goes before the crowd.
    `cautions(params, trigger)`: what of these params comes to nothing after such a trigger, as a sentence; "": nothing.
    `says(params, names)`: what it does with these params as they are written, which may be half done, as one plain
    sentence for a marketer; "": its label says it.
    `rank` is its place among those the editor offers: the lower the earlier, then by label.
    `icon` names one of the Material Symbols. `ends`: nobody goes on from it, so what follows is never reached.
    `statuses(params)`: (type, code key) of each status it names itself, its params read or as they were written.
    `awaits(params)`: the types of status whose changes make the engine ask again who waits at this step.
    `tells(outcome, seen, names)`: what came of it at this step, as a plain sentence; "": the story has words for it.
    `is_limited`: whether it may answer Reserve.
    `causes(params)`: what may come of it that could start a campaign.
    `branches_from`: the param whose rows, `{"key", "name"}`, are its branches, beside none that are always there.
    `rehearse(row, params, world)`: of a row that it would owe, let what becomes of it happen in memory, so that the
    step can be asked again. Answers when to try again, or None: it has ended. A kind without it is taken to go on by
    its first branch.
    `try_on(run, params, world)`: what is wrong with these params for this order, or "".
    """

    key: str
    label: str | Promise
    form: type[StepForm]
    decide: Callable[[Sequence[Run], str, Params, World], list[Decision]]
    branches: tuple[Branch, ...] = ()
    is_urgent: Callable[[Params], bool] = lambda _params: False
    cautions: Callable[[Params, Trigger], str] = lambda _params, _trigger: ""
    says: Callable[[Params, Names], str] = lambda _params, _names: ""
    rank: int = 100
    icon: str = "bolt"
    ends: bool = False
    statuses: Callable[[Params], Iterable[tuple[str, str]]] = lambda _params: ()
    awaits: Callable[[Params], Collection[str]] = lambda _params: ()
    tells: Callable[[str, Mapping[str, Any], Names], str] = lambda _outcome, _seen, _names: ""
    branches_from: str = ""
    is_limited: bool = False
    causes: Callable[[Params], Collection[Effect]] = lambda _params: ()
    rehearse: Rehearse | None = None
    try_on: Callable[[Run, Params, RehearsedWorld], str] = lambda _run, _params, _world: ""

    def branches_for(self, params: Any) -> tuple[Branch, ...]:
        """The ways out of a step with these params as they are written, which may be half done."""
        if not self.branches_from:
            return self.branches
        rows = params.get(self.branches_from) if isinstance(params, Mapping) else None
        named = (row for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else ()
        return tuple(Branch(row["key"], row.get("name") or row["key"]) for row in named if _is_named(row))


def _is_named(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("key"), str) and isinstance(row.get("name", ""), str)


@dataclass(frozen=True, slots=True)
class Watched:
    """A trigger as matching reads it. Codes are keys (`code_key`); `to` empty: any status."""

    type: str
    to: frozenset[str]
    from_mode: From
    from_codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a run is to be about: `key` is what a campaign knows it by again, `at` the moment it came."""

    key: str
    at: datetime
    order_id: int | None
    customer_id: int | None
    transition_id: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Moments from `since` (None: ever) up to `until`, both included. `told_before`: but those alone that follow from
    what was told before that."""

    since: datetime | None
    until: datetime
    told_before: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and moment <= self.until

    def earlier(self, by: timedelta, *, wider: timedelta = timedelta()) -> Window:
        """When that must have been which is due `by` later, give or take `wider`."""
        since = None if self.since is None else self.since - by - wider
        return Window(since, self.until - by + wider, self.told_before)

    def of(self, column: str) -> models.Q:
        return models.Q(**{f"{column}__lte": self.until}) & (
            models.Q() if self.since is None else models.Q(**{f"{column}__gte": self.since})
        )

    def told(self, *columns: str) -> models.Q:
        """Whether all that these columns tell of, where they do, was told in time."""
        if self.told_before is None:
            return models.Q()
        return reduce(and_, (~models.Q(**{f"{column}__gte": self.told_before}) for column in columns))


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """What starts a campaign. A kind starts with changes of statuses (`watched`), with orders that were just created
    (`hears_created`), or by the clock: `find(params, window)` tells the occasions that came within a window, as far as
    they still stand; it alone of all that a kind does makes queries.

    `gate(runs, params, world)` is asked before all else when a run is about to enter: whether what it was started for
    still stands, one Decision for each (Continue, Wait or Stop). None: it always does.
    `listens_to`: STATUSES or ORDERS, if what a step causes may start it at once or soon; "" of what takes days.
    `has_change`: its runs are about a change of status, or follow from one. `target(params, names)`: the name of the
    one status that it led to; "": several, any, or none. Params as they are written.
    `statuses(params)`: (type, code key) of each status it names; `segment(params)`: the code of the segment.
    `crossed(params, at, after)`: of the occasions at that moment the next set after a Crossing's id, by their ids.
    `says(params, names)`: when it starts a campaign, as StepKind has it. `tells(params, transition, at)`: what
    happened to one order, as the first sentence of its path, where its change of status does not say it; params as they
    are written, `at` the moment in words.
    """

    key: str
    label: str | Promise
    form: type[StepForm]
    watched: Callable[[Params], Watched] | None = None
    hears_created: bool = False
    listens_to: str = ""
    has_change: bool = False
    target: Callable[[Params, Names], str] = lambda _params, _names: ""
    find: Callable[[Params, Window], Iterator[Occasion]] | None = None
    gate: Callable[[Sequence[Run], Params, World], list[Decision]] | None = None
    statuses: Callable[[Params], frozenset[tuple[str, str]]] = lambda _params: frozenset()
    segment: Callable[[Params], str] = lambda _params: ""
    crossed: Callable[[Params, datetime, int], dict[int, Occasion]] | None = None
    says: Callable[[Params, Names], str] = lambda _params, _names: ""
    tells: Callable[[Params, StatusTransition | None, str], str] | None = None
    icon: str = "bolt"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A kind with its params, read."""

    kind: TriggerKind
    params: Params

    @property
    def watched(self) -> Watched | None:
        return self.kind.watched(self.params) if self.kind.watched else None

    @property
    def statuses(self) -> frozenset[tuple[str, str]]:
        return self.kind.statuses(self.params)

    @property
    def goes_by_the_clock(self) -> bool:
        return self.kind.find is not None

    def hears(self, effect: Effect) -> bool:
        """Whether that may start it."""
        if effect.on != self.kind.listens_to:
            return False
        targets = {(self.watched.type, code) for code in self.watched.to} if self.watched else self.statuses
        if self.watched and not targets:
            return effect.type in ("", self.watched.type)
        return not (effect.type and targets) or any(
            type == effect.type and (not effect.codes or code in effect.codes) for type, code in targets
        )

    def find(self, window: Window) -> Iterator[Occasion]:
        return self.kind.find(self.params, window) if self.kind.find else iter(())

    def crossed(self, at: datetime, *, after: int) -> dict[int, Occasion]:
        return self.kind.crossed(self.params, at, after) if self.kind.crossed else {}

    def ask(self, runs: Sequence[Run], world: World) -> list[Decision]:
        """Whether what each was started for still stands."""
        return self.kind.gate(runs, self.params, world) if self.kind.gate else [Decision(Continue()) for _run in runs]


class StepForm(forms.Form):
    """The params of a kind, checked alike for files, API and editor. Its `initial` is what the editor fills in."""

    @classmethod
    def described(cls) -> list[dict[str, Any]]:
        """Its fields as an editor draws them, in their order."""
        return [each.described(key) for key, each in cls.base_fields.items() if isinstance(each, StepField)]

    def problems(self) -> list[Problem]:
        """What is wrong, with JSON pointers within the params."""
        unknown = [
            Problem("unknown_field", str(_("There is no “%s” here.") % name), f"/{name}") for name in self._extra()
        ]
        return unknown + [
            Problem((error.code or "invalid"), " ".join(error.messages), f"/{name}{getattr(error, 'pointer', '')}")
            for name, errors in self.errors.as_data().items()
            for error in errors
        ]

    def _extra(self) -> list[str]:
        return [name for name in self.data if name not in self.fields]


class ValueWidget(forms.Widget):
    """Takes a JSON value as it is. The editor's own inputs are drawn elsewhere."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name)


class StepField(forms.Field):
    """A param, and the control that takes it in the editor, with what that needs to know; "json" takes anything."""

    widget = ValueWidget
    control = "json"

    def options(self) -> dict[str, Any]:
        return {}

    def says(self, written: Any, names: Names) -> str:
        """In a marketer's words, what stands in a definition that was read."""
        return written_in_words(written)

    def described(self, key: str) -> dict[str, Any]:
        return {
            "key": key,
            "label": str(self.label or key),
            "help": str(self.help_text),
            "required": self.required,
            "initial": self.initial,
            "control": self.control,
            **self.options(),
        }


class ValueField(StepField):
    """A field whose value is JSON, checked by `read`, which raises ValidationError.

    `control` names the editor's control, `options` what it needs to know beside, such as the ends of a number.
    `says(written, names)`: in a marketer's words, where the value as it is written is none.
    """

    def __init__(
        self,
        read: Callable[[Any], Any],
        *,
        control: str = "json",
        options: Mapping[str, Any] | None = None,
        says: Callable[[Any, Names], str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.read, self.control, self.known, self._says = read, control, options or {}, says

    def options(self) -> dict[str, Any]:
        return dict(self.known)

    def says(self, written: Any, names: Names) -> str:
        return self._says(written, names) if self._says else super().says(written, names)

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        return None if value in self.empty_values else self.read(value)


class PlainChoiceField(StepField):
    """One of a few words; anything else, of whatever JSON type, is refused with the words there are. Left out: "".

    `empty` is what leaving it out means, in words.
    """

    control = "choice"

    def __init__(self, *, choices: Sequence[tuple[str, Any]], empty: str | Promise = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices, self.empty = list(choices), empty

    def options(self) -> dict[str, Any]:
        choices = [{"key": key, "label": str(label)} for key, label in self.choices]
        return {"choices": choices, "empty": str(self.empty)}

    def says(self, written: Any, names: Names) -> str:
        label = dict(self.choices).get(written) if isinstance(written, str) else None
        return str(label) if label else super().says(written, names)

    def to_python(self, value: Any) -> str:
        return "" if value is None else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value != "" and value not in [key for key, _label in self.choices]:
            raise forms.ValidationError(_("Choose one of: %s.") % ", ".join(key for key, _label in self.choices))


class FlagField(StepField):
    """True or false; left out: false.

    `label_with_target` is its label where the trigger leads to one status, whose name takes the place of %s.
    """

    control = "flag"

    def __init__(self, *, label_with_target: str | Promise = "", **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.label_with_target = label_with_target

    def options(self) -> dict[str, Any]:
        return {"label_with_target": str(self.label_with_target)}

    def to_python(self, value: Any) -> bool:
        if not (value is None or isinstance(value, bool)):
            raise forms.ValidationError(_("Write true or false."))
        return bool(value)


def read_moment(raw: Any) -> datetime:
    """A time with its zone, as RFC 3339 has it. Raises ValidationError."""
    moment = read_time(raw)
    if isinstance(moment, datetime):
        return moment
    raise forms.ValidationError(moment.detail if moment else _("Give a time."))


def read_whole(least: int, most: int) -> Callable[[Any], int]:
    """A reader of whole numbers within these ends. What it reads raises ValidationError."""

    def read(raw: Any) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
            raise forms.ValidationError(_("Give a whole number from %(least)d to %(most)d.") % ends)
        return raw

    ends = {"least": least, "most": most}
    return read


_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def read_time_of_day(raw: Any) -> time:
    """`"09:30"`. Raises ValidationError."""
    if not isinstance(raw, str) or not _TIME.fullmatch(raw):
        raise forms.ValidationError(_("Write a time of day such as “09:30”."))
    return time.fromisoformat(raw)


def read_duration(raw: Any) -> timedelta:
    """As `workspace.durations` reads it. Raises ValidationError."""
    try:
        return durations.read_duration(raw)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
