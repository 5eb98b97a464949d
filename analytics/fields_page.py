"""Every field that a rule may ask about, as a page to read: docs/fields.md, or of one's own installation."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from analytics.fields import Field, Group, Of, Param
from analytics.values import OPERATORS, PRESENCE, Kind
from analytics.vocabulary import GROUPS, in_groups

INTRODUCTION = """\
# Fields of rules

What rules of Filter customers and of segments can ask about: `manage.py rule_fields` writes this page of the fields
there are. [analytics.md](analytics.md) and [campaigns.md](campaigns.md) say how rules are written. A param in brackets
may be left out. **past**: at the trigger it is known as it then was; by history it is known as of any moment; else it
is known as it is now. **in a segment**: of the customer, or of an order, in a group about orders or in a `where`.
Personal data is asked for by those alone who may see it.
"""

# What is compared with each kind of value.
VALUES = {
    Kind.STATUS: "the code of a status",
    Kind.STATUSES: "codes of statuses",
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.TIME: "a time with its offset; for `inLast` and `notInLast` a duration",
    Kind.DURATION: "a duration",
    Kind.CHOICE: "one of those named below",
    Kind.FLAG: "`true` or `false`",
    Kind.WORDS: "words",
    Kind.CODES: "codes",
    Kind.ANY: "a text, a number, `true` or `false`",
}


def fields_page() -> str:
    """In English, as the other pages."""
    with translation.override("en"):
        return "\n".join((INTRODUCTION, _kinds(), *(_section(group) for group in GROUPS)))


def _kinds() -> str:
    rows = ((kind.value, VALUES[kind], " ".join(map(_code, (*OPERATORS[kind], *PRESENCE)))) for kind in Kind)
    return "## Kinds\n\n" + _table(("kind", "compared with", "operators"), rows)


def _section(group: Group) -> str:
    fields = (field for field in in_groups() if field.group == group)
    heads = ("field", "on screens", "kind", "params", "past", "in a segment")
    return f"## {group.label}\n\n" + _table(heads, map(_row, fields))


def _row(field: Field) -> tuple[str, ...]:
    choices = f": {', '.join(map(_code, field.choices))}" if field.choices else ""
    label = f"{field.label} (personal)" if field.is_personal else str(field.label)
    params = ", ".join([*map(_param, field.params), *(["[`where`]"] if field.has_where else [])])
    return (_code(field.key), label, f"{field.kind.value}{choices}", params, _past(field), _in_segments(field))


def _param(param: Param) -> str:
    return _code(param.key) if param.is_required else f"[{_code(param.key)}]"


def _past(field: Field) -> str:
    if field.read_past is not None:
        return "at the trigger"
    return "by history" if field.reads_history else ""


def _in_segments(field: Field) -> str:
    if field.asks_database is None:
        return ""
    return "of an order" if field.of is Of.ORDER else "of the customer"


def _code(word: str) -> str:
    return f"`{word}`"


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
