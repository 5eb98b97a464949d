"""A campaign as it is written: read, checked whole, and made ready to run.

    {"format": 1, "code": …, "name": …, "trigger": {"kind", "params"}, "reentry": {"mode", …}, "max_age": duration,
     "frequency_cap": {"messages", "per"}, "hourly_limit": {"messages"}, "stop_on": [{"type", "to"}],
     "starts_at": time, "ends_at": time, "attribution_window": duration,
     "steps": [{"key", "kind", "params", "branches": {name: [steps]}}]}

A key that is left out means no such limit. `read_plan` checks everything and answers a Plan: for each step what it is
and where each way out of it leads, so that the engine follows a table and knows no kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from analytics.wording import Names
from campaigns.arrivals import StopOn
from campaigns.entry_settings import SettingsForm
from campaigns.reentry import EVERY_TIME, Reentry
from campaigns.sms.breaker import HourlyLimit
from campaigns.sms.caps import FrequencyCap
from campaigns.steps import STEPS, TRIGGERS
from campaigns.steps.base import Branch, Effect, Params, StepForm, Trigger, TriggerKind
from workspace.reading import BadDocument, DocumentReader, Problem, check_json

FORMAT = 1
MOST_BYTES = 500_000
MOST_STEPS = 200
DEEPEST = 20
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# In the order in which they are written.
_KEYS = ("format", "code", "name", "trigger", *SettingsForm.base_fields, "steps")
_TRIGGER_KEYS = ("kind", "params")
_STEP_KEYS = ("key", "kind", "params", "branches")

# Where a way out leads when it leads to no step.
FINISH, END = "<finish>", "<end>"


class DefinitionError(BadDocument):
    """What is wrong with a definition."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step made ready. `exits` by branch ("" is the way on): a step's key, FINISH, or END where it ends here."""

    key: str
    kind: str
    params: Params
    exits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A definition that is right, ready to run."""

    code: str
    name: str
    trigger: Trigger
    reentry: Reentry
    max_age: timedelta | None
    frequency_cap: FrequencyCap | None
    first: str
    nodes: Mapping[str, Node]
    hourly_limit: HourlyLimit | None = None
    stop_on: StopOn = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    attribution_window: timedelta | None = None

    def why_untimely(self, occurred_at: datetime, now: datetime) -> str:
        """Why what occurred then lets nobody in now; "": it may."""
        if self.starts_at and occurred_at < self.starts_at:
            return "before_start"
        if self.ends_at and occurred_at >= self.ends_at:
            return "after_end"
        return "too_old" if self.max_age and now - occurred_at > self.max_age else ""

    @property
    def effects(self) -> list[tuple[str, Effect]]:
        """(step, what may come of it that could start a campaign)."""
        return [(key, effect) for key, node in self.nodes.items() for effect in STEPS[node.kind].causes(node.params)]

    @property
    def may_await(self) -> bool:
        """Whether any of its runs may be woken by a change of status."""
        return any(self.awaited_at(key) for key in ("", *self.nodes))

    def awaited_at(self, step: str) -> frozenset[str]:
        """The types of status whose changes matter to a run that stands at this step."""
        node = self.nodes.get(step)
        return frozenset((*self.stop_on, *(STEPS[node.kind].awaits(node.params) if node else ())))

    @property
    def is_urgent(self) -> bool:
        return any(STEPS[node.kind].is_urgent(node.params) for node in self.nodes.values())


def read_plan(raw: Any) -> Plan:
    """Check a definition and make it ready. Raises DefinitionError naming every problem with its place."""
    reader = _Reader()
    plan = reader.plan(raw)
    if reader.problems or plan is None:
        raise DefinitionError(reader.problems)
    return plan


def trigger_sentence(definition: Mapping[str, Any], names: Names) -> str:
    """“When payment goes from Invoice issued to Paid”. Takes definitions that were read, and copes with others."""
    kind, params = written_trigger(definition)
    return kind.says(params, names) if kind else _("When it is not said what starts it")


def trigger_of(definition: Mapping[str, Any]) -> Trigger | None:
    """Of a definition that was read; None: it names a kind that is not known here."""
    kind, params = written_trigger(definition)
    filled = kind.form(dict(params)) if kind else None
    return Trigger(kind, filled.cleaned_data) if kind and filled and filled.is_valid() else None


def written_trigger(definition: Mapping[str, Any]) -> tuple[TriggerKind | None, Mapping[str, Any]]:
    """The kind that a definition names, if there is one, and its params as they are written."""
    trigger = definition.get("trigger")
    if not isinstance(trigger, Mapping):
        return None, {}
    name, params = trigger.get("kind"), trigger.get("params")
    return (TRIGGERS.get(name) if isinstance(name, str) else None), params if isinstance(params, Mapping) else {}


def all_steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every step of a definition that was read, in the order of its tree."""
    for step in steps:
        yield step
        for branch in step.get("branches", {}).values():
            yield from all_steps(branch)


def places(steps: Sequence[Mapping[str, Any]], at: str = "/steps") -> dict[str, str]:
    """Where each step of a definition that was read stands, by its key, as a JSON pointer."""
    found = {}
    for place, step in enumerate(steps):
        found[step["key"]] = f"{at}/{place}"
        for branch, inner in step.get("branches", {}).items():
            found |= places(inner, f"{at}/{place}/branches/{branch}")
    return found


def in_order(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The same, for people to read: each object begins with its known keys, in the order in which they are written.

    PostgreSQL keeps the members of an object by their length.
    """
    ordered = _begin_with(_KEYS, definition)
    if "trigger" in ordered:
        ordered["trigger"] = _begin_with(_TRIGGER_KEYS, ordered["trigger"])
    return ordered | {"steps": [_step_in_order(step) for step in ordered.get("steps", [])]}


def _step_in_order(step: Mapping[str, Any]) -> dict[str, Any]:
    ordered = _begin_with(_STEP_KEYS, step)
    if "branches" in ordered:
        kind = STEPS.get(ordered["kind"])
        known = [branch.key for branch in kind.branches_for(ordered.get("params"))] if kind else []
        branches = _begin_with(known, ordered["branches"])
        ordered["branches"] = {name: [_step_in_order(each) for each in steps] for name, steps in branches.items()}
    return ordered


def _begin_with(keys: Iterable[str], raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: raw[key] for key in (*keys, *raw) if key in raw}


@dataclass(slots=True)
class _Reader(DocumentReader):
    nodes: dict[str, Node] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def plan(self, raw: Any) -> Plan | None:
        if not isinstance(raw, Mapping):
            self.refuse("", "not_an_object", _("A campaign is a JSON object."))
            return None
        if problem := check_json(_("The campaign"), raw, MOST_BYTES):
            self.refuse("", problem.code, problem.detail)
            return None
        self.refuse_unknown(raw, _KEYS, "")
        if raw.get("format") is True or raw.get("format") != FORMAT:
            self.refuse("/format", "unknown_format", _("This version reads format %d.") % FORMAT)
            return None
        code = self._text(raw, "code", 64)
        name = self._text(raw, "name", 200)
        if code and not _KEY.fullmatch(code):
            self.refuse("/code", "invalid", _("Use letters, digits, - and _."))
        trigger = self._trigger(raw.get("trigger"))
        settings = self._filled(SettingsForm, {key: raw[key] for key in SettingsForm.base_fields if key in raw}, "")
        steps = raw.get("steps")
        if not isinstance(steps, list) or not steps:
            self.refuse("/steps", "required", _("Add at least one step."))
            return None
        first = self._steps(steps, "/steps", FINISH, 1)
        if trigger is None or settings is None:
            return None
        reentry = settings.pop("reentry") or EVERY_TIME
        stop_on = settings.pop("stop_on") or {}
        return Plan(code, name, trigger, reentry, first=first, nodes=self.nodes, stop_on=stop_on, **settings)

    def _trigger(self, raw: Any) -> Trigger | None:
        if not isinstance(raw, Mapping):
            self.refuse("/trigger", "required", _("Say what starts the campaign: {“kind”, “params”}."))
            return None
        self.refuse_unknown(raw, _TRIGGER_KEYS, "/trigger")
        name = raw.get("kind")
        kind = TRIGGERS.get(name) if isinstance(name, str) else None
        if kind is None:
            self.refuse("/trigger/kind", "unknown_kind", _("Choose one of: %s.") % ", ".join(TRIGGERS))
            return None
        params = self._params(kind.form, raw.get("params", {}), "/trigger/params")
        return None if params is None else Trigger(kind, params)

    def _steps(self, raw: Any, at: str, after: str, depth: int) -> str:
        """Read a list of steps, last first; answers where the list begins. `after` is where its last step leads."""
        if not isinstance(raw, list):
            self.refuse(at, "not_a_list", _("Steps are a list."))
            return after
        if depth > DEEPEST:
            self.refuse(at, "too_deep", _("Branches are nested more than %d deep.") % DEEPEST)
            return after
        if len(raw) > MOST_STEPS:
            self.refuse(at, "too_many", _("A campaign has at most %d steps.") % MOST_STEPS)
            return after
        following = after
        for place in reversed(range(len(raw))):
            following = self._step(raw[place], f"{at}/{place}", following, depth) or following
        return following

    def _step(self, raw: Any, at: str, following: str, depth: int) -> str | None:
        if not isinstance(raw, Mapping):
            self.refuse(at, "not_an_object", _("A step is an object: {“key”, “kind”, “params”}."))
            return None
        self.refuse_unknown(raw, _STEP_KEYS, at)
        key, kind = raw.get("key"), raw.get("kind")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            self.refuse(f"{at}/key", "invalid", _("Give the step a key of letters, digits, - and _."))
            return None
        if key in self.keys:
            self.refuse(f"{at}/key", "repeated", _("Another step has the key “%s”.") % key)
            return None
        self.keys.add(key)
        if len(self.keys) > MOST_STEPS:
            self.refuse(at, "too_many", _("A campaign has at most %d steps.") % MOST_STEPS)
            return None
        if not isinstance(kind, str) or kind not in STEPS:
            self.refuse(f"{at}/kind", "unknown_kind", _("Choose one of: %s.") % ", ".join(STEPS))
            return None
        params = self._params(STEPS[kind].form, raw.get("params", {}), f"{at}/params")
        branches = STEPS[kind].branches_for(raw.get("params"))
        exits = self._exits(branches, raw.get("branches", {}), f"{at}/branches", following, depth)
        if params is None or exits is None:
            return None
        self.nodes[key] = Node(key, kind, params, exits)
        return key

    def _exits(
        self, branches: Sequence[Branch], raw: Any, at: str, following: str, depth: int
    ) -> dict[str, str] | None:
        """A branch that holds steps comes out at the step after; an empty one too, or it ends, as its kind says."""
        if not isinstance(raw, Mapping):
            self.refuse(at, "not_an_object", _("Branches are an object of lists of steps."))
            return None
        self.refuse_unknown(raw, [branch.key for branch in branches], at)
        exits = {"": following}
        for branch in branches:
            steps = raw.get(branch.key, [])
            if steps == []:
                exits[branch.key] = END if branch.ends_when_empty else following
            else:
                exits[branch.key] = self._steps(steps, f"{at}/{branch.key}", following, depth + 1)
        return exits

    def _params(self, form: type[StepForm], raw: Any, at: str) -> Params | None:
        if not isinstance(raw, Mapping):
            self.refuse(at, "not_an_object", _("Params are an object."))
            return None
        return self._filled(form, raw, at)

    def _filled(self, form: type[StepForm], raw: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        filled = form(dict(raw))
        problems = filled.problems()
        self.problems += [Problem(p.code, p.detail, at + p.field) for p in problems]
        return None if problems else filled.cleaned_data

    def _text(self, raw: Mapping[str, Any], name: str, longest: int) -> str:
        value = raw.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            self.refuse(f"/{name}", "invalid", _("Give a text of 1 to %d characters.") % longest)
            return ""
        return value
