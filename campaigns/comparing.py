"""What became of a definition: two of them compared, told in sentences with the place of each, and side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names, all_names
from campaigns.definitions import in_order, trigger_sentence
from campaigns.entry_settings import SettingsForm
from campaigns.steps import STEPS, TRIGGERS
from campaigns.steps.base import StepField
from campaigns.wording import written_in_words
from workspace.upserts import is_same

LONGEST_IN_A_SENTENCE = 160
# What a definition is beside its trigger, its settings and its steps. Any other key is told by its own name.
LABELS = {"name": gettext_lazy("Name"), "code": gettext_lazy("Code"), "format": gettext_lazy("Format")}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise. `pointer` is its place in the new definition; of what is gone, in the old one.

    `detail` tells it in a sentence, long values shortened; `what`, `old` and `new` side by side and whole, "" where one
    says nothing of it.
    """

    detail: str
    pointer: str
    what: str
    old: str
    new: str
    is_gone: bool = False

    def __str__(self) -> str:
        return self.detail


def compare(old: Mapping[str, Any], new: Mapping[str, Any], names: Names | None = None) -> list[Difference]:
    """What `new` has that `old` had not, in the order in which it is read. Empty: they mean the same.

    Both are definitions that were read once. Steps are known by their keys, wherever they stand.
    """
    names = all_names() if names is None else names
    before, after = in_order(old), in_order(new)
    return [
        *_trigger(before.get("trigger") or {}, after.get("trigger") or {}, names),
        *_settings(before, after, names),
        *_steps(before.get("steps", []), after.get("steps", []), names),
    ]


def _trigger(old: Mapping[str, Any], new: Mapping[str, Any], names: Names) -> Iterator[Difference]:
    if old == new:
        return
    was, now = _trigger_says(old, names), _trigger_says(new, names)
    if was == now:
        kind = TRIGGERS.get(str(new.get("kind")))
        yield from _params(old.get("params", {}), new.get("params", {}), kind, _("the trigger"), "/trigger", names)
        return
    detail = _("The trigger was “%(old)s”, and is “%(new)s”.") % {"old": was, "new": now}
    yield Difference(detail, "/trigger", _("What starts it"), was, now)


def _trigger_says(trigger: Mapping[str, Any], names: Names) -> str:
    kind = TRIGGERS.get(str(trigger.get("kind")))
    said = kind.says(trigger.get("params") or {}, names) if kind else ""
    return said or trigger_sentence({"trigger": trigger}, names)


def _settings(old: Mapping[str, Any], new: Mapping[str, Any], names: Names) -> Iterator[Difference]:
    for key in dict.fromkeys((*new, *old)):
        if key in ("trigger", "steps") or is_same([old.get(key)], [new.get(key)]):
            continue
        field = SettingsForm.base_fields.get(key)
        label = str(field.label if field else LABELS.get(key, key))
        yield _changed(label, _says(field, old.get(key), names), _says(field, new.get(key), names), f"/{key}")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A step in its tree: `after` is the key of the one before it, `under` the branch it stands in."""

    step: Mapping[str, Any]
    pointer: str
    under: tuple[str, str]
    after: str

    @property
    def name(self) -> str:
        kind = STEPS.get(self.step["kind"])
        return f"“{kind.label if kind else self.step['kind']}” ({self.step['key']})"

    def says(self, names: Names) -> str:
        kind = STEPS.get(self.step["kind"])
        return (kind.says(self.step.get("params", {}), names) or str(kind.label)) if kind else str(self.step["kind"])


def _steps(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], names: Names) -> Iterator[Difference]:
    before = {placed.step["key"]: placed for placed in _placed(old)}
    after = {placed.step["key"]: placed for placed in _placed(new)}
    for key, placed in after.items():
        if key not in before:
            words = {"step": placed.name, "where": _where(placed, after)}
            detail = _("%(step)s was added %(where)s.") % words
            yield Difference(detail, placed.pointer, placed.name, "", placed.says(names))
            continue
        was = before[key]
        if _neighbour(was, before, after) != _neighbour(placed, after, before):
            words = {"step": placed.name, "where": _where(placed, after)}
            detail = _("%(step)s was moved; it stands %(where)s.") % words
            yield Difference(detail, placed.pointer, placed.name, _where(was, before), _where(placed, after))
        yield from _step(was, placed, names)
    for key, placed in before.items():
        if key not in after:
            detail = _("%s was taken out.") % placed.name
            yield Difference(detail, placed.pointer, placed.name, placed.says(names), "", is_gone=True)


def _step(was: _Placed, now: _Placed, names: Names) -> Iterator[Difference]:
    if was.step["kind"] != now.step["kind"]:
        detail = _("%(old)s became %(new)s.") % {"old": was.name, "new": now.name}
        yield Difference(detail, f"{now.pointer}/kind", now.name, was.says(names), now.says(names))
        return
    kind = STEPS.get(now.step["kind"])
    yield from _params(was.step.get("params", {}), now.step.get("params", {}), kind, now.name, now.pointer, names)


def _neighbour(
    placed: _Placed, own: Mapping[str, _Placed], other: Mapping[str, _Placed]
) -> tuple[tuple[str, str], str]:
    """Under which branch, and after which step that both definitions hold: one that came or went moves no other."""
    after = placed.after
    while after and after not in other:
        after = own[after].after
    return placed.under, after


def _where(placed: _Placed, steps: Mapping[str, _Placed]) -> str:
    if placed.after:
        return _("after %s") % steps[placed.after].name
    parent, branch = placed.under
    if not parent:
        return _("at the beginning")
    return _("under “%(branch)s” of %(step)s") % {
        "branch": _branch(steps[parent].step, branch),
        "step": steps[parent].name,
    }


def _branch(step: Mapping[str, Any], key: str) -> str:
    kind = STEPS.get(step["kind"])
    branches = kind.branches_for(step.get("params")) if kind else ()
    return next((str(branch.label) for branch in branches if branch.key == key), key)


def _placed(
    steps: Sequence[Mapping[str, Any]], at: str = "/steps", under: tuple[str, str] = ("", "")
) -> Iterator[_Placed]:
    before = ""
    for place, step in enumerate(steps):
        yield _Placed(step, f"{at}/{place}", under, before)
        before = step["key"]
        for branch, inner in step.get("branches", {}).items():
            yield from _placed(inner, f"{at}/{place}/branches/{branch}", (step["key"], branch))


def _params(
    old: Mapping[str, Any], new: Mapping[str, Any], kind: Any, of: str, at: str, names: Names
) -> Iterator[Difference]:
    fields = kind.form.base_fields if kind else {}
    for key in dict.fromkeys((*new, *old)):
        if not is_same([old.get(key)], [new.get(key)]):
            field = fields.get(key)
            label = _("%(field)s of %(step)s") % {"field": (field and field.label) or key, "step": of}
            was, now = _says(field, old.get(key), names), _says(field, new.get(key), names)
            yield _changed(label, was, now, f"{at}/params/{key}")


def _says(field: forms.Field | None, written: Any, names: Names) -> str:
    """ "" of what is not written."""
    if written is None:
        return ""
    return field.says(written, names) if isinstance(field, StepField) else written_in_words(written)


def _changed(what: str, old: str, new: str, pointer: str) -> Difference:
    words = {"what": what, "old": _quoted(old), "new": _quoted(new)}
    if not old:
        detail = _("%(what)s is new: %(new)s.") % words
    elif not new:
        detail = _("%(what)s is no longer set; it was %(old)s.") % words
    else:
        detail = _("%(what)s was %(old)s, and is %(new)s.") % words
    return Difference(detail, pointer, what, old, new, is_gone=not new)


def _quoted(said: str) -> str:
    return f"“{Truncator(said).chars(LONGEST_IN_A_SENTENCE)}”"
