"""What an order holds besides its columns: its lines, and objects of the shop's own making."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from workspace.money import is_decimal
from workspace.reading import Problem, check_json, check_text

LINES = "lines"
OBJECTS = ("delivery", "payment", "custom")

LINE_FIELDS = ("sku", "name", "quantity", "price")
LONGEST_TEXT = 500
MOST_OF_A_LINE = 10**12
# Each of them, as JSON.
MOST_BYTES = 64 * 1024


def check_lines(lines: Any) -> Problem | None:
    if lines is None:
        return None
    if not isinstance(lines, list):
        return Problem("not_a_list", _("“lines” is a list of objects with sku, name, quantity and price."), LINES)
    problems = (problem for line in lines if (problem := _check_line(line)))
    return next(problems, None) or check_json(LINES, lines, MOST_BYTES)


def check_object(name: str, value: Any) -> Problem | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        return Problem("not_an_object", _("“%s” is an object.") % name, name)
    return check_json(name, value, MOST_BYTES)


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: the members named take their new value, null removes one, all others stay."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _check_line(line: Any) -> Problem | None:
    if not isinstance(line, Mapping) or any(name not in LINE_FIELDS for name in line):
        return Problem(
            "invalid_line", _("A line is an object with sku, name, quantity and price, and nothing else."), LINES
        )
    for name in ("sku", "name"):
        if line.get(name) is not None and (problem := check_text(name, line[name], LONGEST_TEXT)):
            return Problem(problem.code, problem.detail, LINES)
    if not _is_quantity(line.get("quantity")):
        return Problem("invalid_quantity", _("The quantity of a line is a number, without quotes."), LINES)
    price = line.get("price")
    if price is not None and not (isinstance(price, str) and is_decimal(price)):
        return Problem("invalid_price", _('The price of a line is a decimal in quotes, such as "12.30".'), LINES)
    return None


def _is_quantity(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= MOST_OF_A_LINE if isinstance(value, int) else math.isfinite(value)
