"""Every kind of trigger, step and gateway there is, as a page to read: docs/kinds.md, or of one's own installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django import forms
from django.utils import translation

from campaigns.sms.gateways import KINDS
from campaigns.steps import STEPS, TRIGGERS
from campaigns.steps.base import StepKind

INTRODUCTION = """\
# Kinds

What campaigns can be made of, and what can send their texts: `manage.py campaign kinds` writes this page of the kinds
there are. [campaigns.md](campaigns.md) says what each does. A param in brackets may be left out.
"""


def kinds_page() -> str:
    """In English, as the other pages."""
    with translation.override("en"):
        return "\n".join((INTRODUCTION, *_sections()))


def _sections() -> Iterator[str]:
    triggers = [(_code(kind.key), str(kind.label), _params(kind.form)) for kind in TRIGGERS.values()]
    steps = [(_code(kind.key), str(kind.label), _params(kind.form), _branches(kind)) for kind in STEPS.values()]
    gateways = [(_code(kind.key), str(kind.label), str(kind.summary)) for kind in KINDS.values()]
    yield _table("Triggers", ("kind", "on screens", "params"), triggers)
    yield _table("Steps", ("kind", "on screens", "params", "branches"), steps)
    yield _table("Gateways", ("kind", "on screens", "what it is"), gateways)


def _params(form: type[forms.Form]) -> str:
    return ", ".join(_code(key) if field.required else f"[{_code(key)}]" for key, field in form.base_fields.items())


def _branches(kind: StepKind) -> str:
    return f"those of `{kind.branches_from}`" if kind.branches_from else ", ".join(_code(b.key) for b in kind.branches)


def _code(word: str) -> str:
    return f"`{word}`"


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
