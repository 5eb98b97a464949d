"""An order's lines and the objects of the shop's own making, drawn to be read: escaped, and cut to a page's size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders.contents import LINE_FIELDS
from workspace.screens import nothing

MOST_LINES = 50
MOST_COLUMNS = 8
MOST_VALUES = 40
DEEPEST = 4
LONGEST_TEXT = 300
LONGEST_CELL = 100
LONGEST_NAME = 60

COLUMN_NAMES: dict[str, Promise] = {
    "sku": gettext_lazy("SKU"),
    "name": gettext_lazy("Name"),
    "quantity": gettext_lazy("Quantity"),
    "price": gettext_lazy("Price"),
}
NUMBERS = frozenset({"quantity", "price"})


@dataclass(frozen=True, slots=True)
class Cell:
    value: SafeString
    is_number: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Lines as a table, and a sentence on what of them is not shown."""

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]
    left_out: str


@dataclass(frozen=True, slots=True)
class Block:
    """One object as a list of names and values, and a sentence on what of it is not shown."""

    drawn: SafeString
    left_out: str


def draw_lines(lines: Any) -> Table | Block | None:
    """None where there are none. What is no list of objects, as code may store it, is drawn as what it is."""
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        return draw_block(lines)
    names = _columns(lines)
    if not names:
        return None
    shown, columns = lines[:MOST_LINES], names[:MOST_COLUMNS]
    pen = _Pen(MOST_LINES * MOST_COLUMNS, LONGEST_CELL)
    rows = [[Cell(pen.draw(line.get(name), 1), name in NUMBERS) for name in columns] for line in shown]
    more = [
        _count(len(lines) - len(shown), ngettext("%d more line", "%d more lines", len(lines) - len(shown))),
        _count(len(names) - len(columns), ngettext("%d more column", "%d more columns", len(names) - len(columns))),
        pen.left_out(),
    ]
    titles = [str(COLUMN_NAMES.get(name) or _name(name)) for name in columns]
    return Table(
        [(title, name in NUMBERS) for title, name in zip(titles, columns, strict=True)], rows, _not_shown(more)
    )


def draw_block(value: Any) -> Block | None:
    """None where there is nothing in it."""
    if value is None or value == {} or value == [] or value == "":
        return None
    pen = _Pen(MOST_VALUES, LONGEST_TEXT)
    drawn = pen.draw(value, 0)
    return Block(drawn, _not_shown([pen.left_out()]))


@dataclass(slots=True)
class _Pen:
    """Draws values as long as its ink lasts, and counts those it leaves out."""

    ink: int
    longest: int
    skipped: int = 0

    def draw(self, value: Any, depth: int) -> SafeString:
        if isinstance(value, Mapping) and value:
            return self._object(value, depth)
        if isinstance(value, list) and value:
            return self._list(value, depth)
        self.ink -= 1
        return _plain(value, self.longest)

    def left_out(self) -> str:
        return _count(self.skipped, ngettext("%d more value", "%d more values", self.skipped))

    def _object(self, value: Mapping[Any, Any], depth: int) -> SafeString:
        drawn = [(_name(name), self.draw(inside, depth + 1)) for name, inside in self._within(value.items(), depth)]
        if not drawn:
            return nothing("…")
        rows = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", drawn)
        return format_html('<dl class="{}">{}</dl>', "os-nested" if depth else "os-pairs", rows)

    def _list(self, value: Sequence[Any], depth: int) -> SafeString:
        drawn = [(self.draw(inside, depth + 1),) for _place, inside in self._within(enumerate(value), depth)]
        if not drawn:
            return nothing("…")
        return format_html('<ul class="os-nested">{}</ul>', format_html_join("", "<li>{}</li>", drawn))

    def _within(self, items: Iterable[tuple[Any, Any]], depth: int) -> Iterable[tuple[Any, Any]]:
        for name, inside in items:
            if self.ink > 0 and depth < DEEPEST:
                yield name, inside
            else:
                self.skipped += _values_in(inside)


def _plain(value: Any, longest: int) -> SafeString:
    if value is None or value == "" or value == {} or value == []:
        return nothing()
    if isinstance(value, bool):
        return format_html("{}", _("Yes") if value else _("No"))
    return format_html('<span class="os-told">{}</span>', _cut(str(value), longest))


def _columns(lines: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Those we know in their order, then whatever else is there; none that is empty in all lines."""
    there = dict.fromkeys(str(name) for line in lines for name, value in line.items() if value not in (None, ""))
    return [name for name in LINE_FIELDS if name in there] + [name for name in there if name not in LINE_FIELDS]


def _name(name: Any) -> str:
    """As the shop wrote it, but for the underscores."""
    return _cut(str(name).replace("_", " "), LONGEST_NAME) or "–"


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    more = len(text) - longest
    return text[:longest] + "… " + ngettext("(%d more character)", "(%d more characters)", more) % more


def _values_in(value: Any) -> int:
    """Those a person would count, at whatever depth."""
    count, inside = 0, [value]
    while inside:
        value = inside.pop()
        if isinstance(value, Mapping) and value:
            inside += value.values()
        elif isinstance(value, list) and value:
            inside += value
        else:
            count += 1
    return count


def _count(number: int, words: str) -> str:
    return words % number if number else ""


def _not_shown(parts: Iterable[str]) -> str:
    named = ", ".join(part for part in parts if part)
    return _("Not shown: %s.") % named if named else ""
