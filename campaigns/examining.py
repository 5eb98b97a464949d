"""A definition as it stands in the editor, looked at without writing: what is wrong with it, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import ngettext

from analytics.wording import Names, all_names
from campaigns.editing import find_problems, read_definition
from campaigns.models import Campaign
from campaigns.steps import STEPS, TRIGGERS
from workspace.reading import Problem


def examine(raw: str, campaign: Campaign | None) -> dict[str, Any]:
    """`problems` with their places and a `summary`, the trigger's sentence and each step's by its key; `target` is the
    name of the one status that the trigger leads to."""
    try:
        definition = read_definition(raw)
    except ValueError as error:
        problems = [Problem("unparsable", str(error))]
        return {"problems": problems, "summary": _counted(problems), "trigger": "", "target": "", "steps": {}}
    names, problems = all_names(), find_problems(definition, campaign)
    return {
        "problems": problems,
        "summary": _counted(problems),
        "trigger": _trigger(definition, names),
        "target": _target(definition, names),
        "steps": dict(_steps(definition.get("steps"), names)) if isinstance(definition, Mapping) else {},
    }


def _counted(problems: Sequence[Problem]) -> str:
    n = len(problems)
    return ngettext("%d thing to mend", "%d things to mend", n) % n if problems else ""


def _trigger(definition: Any, names: Names) -> str:
    return _said(definition.get("trigger"), TRIGGERS, names) if isinstance(definition, Mapping) else ""


def _target(definition: Any, names: Names) -> str:
    told = _told(definition.get("trigger"), TRIGGERS) if isinstance(definition, Mapping) else None
    return told[0].target(told[1], names) if told else ""


def _steps(raw: Any, names: Names) -> Iterator[tuple[str, str]]:
    for step in raw if isinstance(raw, list) else []:
        if not isinstance(step, Mapping):
            continue
        if isinstance(step.get("key"), str):
            yield step["key"], _said(step, STEPS, names)
        branches = step.get("branches")
        for branch in branches.values() if isinstance(branches, Mapping) else ():
            yield from _steps(branch, names)


def _said(raw: Any, kinds: Mapping[str, Any], names: Names) -> str:
    told = _told(raw, kinds)
    return str(told[0].says(told[1], names)) if told else ""


def _told(raw: Any, kinds: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]] | None:
    """The kind and the params of what may be a step or a trigger."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("kind"), str) or raw["kind"] not in kinds:
        return None
    params = raw.get("params", {})
    return (kinds[raw["kind"]], params) if isinstance(params, Mapping) else None
