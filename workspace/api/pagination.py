"""Pages by position, not by number: a row that comes or goes meanwhile neither repeats nor hides another."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from workspace.api.problems import Invalid, Mistake
from workspace.reading import read_time
from workspace.text import is_storable

USUAL_LIMIT = 50
MOST = 500
LONGEST_CURSOR = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """`?ordering=-updated_at`: what the caller calls it, the column, and the direction. Ties go by primary key."""

    name: str
    column: str

    @property
    def descends(self) -> bool:
        return self.name.startswith("-")

    def columns(self, *, reverse: bool) -> list[str]:
        sign = "-" if self.descends != reverse else ""
        return [f"{sign}{column}" for column in dict.fromkeys((self.column, "pk"))]

    def beyond(self, cursor: Cursor) -> Q:
        """The rows on the far side of the cursor. The first condition lets an index find the place."""
        side = "lt" if self.descends != cursor.backwards else "gt"
        if self.column == "pk":
            return Q(**{f"pk__{side}": cursor.pk})
        place = Q(**{f"{self.column}__{side}": cursor.value}) | Q(
            **{self.column: cursor.value, f"pk__{side}": cursor.pk}
        )
        return Q(**{f"{self.column}__{side}e": cursor.value}) & place


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order of rows, and the direction to go from there. Opaque to callers, who may send anything."""

    order: str
    value: str | datetime | int
    pk: int
    backwards: bool = False

    def write(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        said = json.dumps([self.order, value, self.pk, int(self.backwards)], separators=(",", ":"))
        return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, written: str, order: Order) -> Cursor | None:
        """None: no cursor of ours, or one of another order."""
        if len(written) > LONGEST_CURSOR:
            return None
        try:
            name, value, pk, backwards = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        except (ValueError, TypeError, RecursionError):
            return None
        if name != order.name or type(pk) is not int or not -(2**63) <= pk < 2**63 or backwards not in (0, 1):
            return None
        value = _read_value(value, order.column)
        return None if value is None else cls(name, value, pk, bool(backwards))


class CursorPages(BasePagination):
    """`{results, next, previous}`, in one of the view's `orderings`, the `usual_ordering` unless asked."""

    request: Request
    next_url: str | None = None
    previous_url: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        order = self.read_order(view)
        limit = self._read_limit()
        cursor = self._read_cursor(order)
        if cursor is not None:
            queryset = queryset.filter(order.beyond(cursor))
        backwards = cursor is not None and cursor.backwards
        rows = list(queryset.order_by(*order.columns(reverse=backwards))[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        if backwards:
            rows.reverse()
        if rows and (more or backwards):
            self.next_url = self.url_at(self.cursor_at(rows[-1], order))
        if rows and (more if backwards else cursor is not None):
            self.previous_url = self.url_at(self.cursor_at(rows[0], order, backwards=True))
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next_url, "previous": self.previous_url})

    def read_order(self, view: Any) -> Order:
        orderings: Mapping[str, str] = view.orderings
        name = self.request.query_params.get("ordering", view.usual_ordering)
        column = orderings.get(name.removeprefix("-"))
        if column is None:
            choices = ", ".join(_choices(orderings))
            raise Invalid([Mistake.in_query("ordering", "unknown_ordering", _("Choose one of: %s.") % choices)])
        return Order(name, column)

    def cursor_at(self, row: Model, order: Order, *, backwards: bool = False) -> Cursor:
        return Cursor(order.name, getattr(row, order.column), row.pk, backwards)

    def url_at(self, cursor: Cursor) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.write())

    def _read_limit(self) -> int:
        written = self.request.query_params.get("limit", str(USUAL_LIMIT))
        limit = int(written) if written.isascii() and written.isdecimal() and len(written) < 5 else 0
        if 1 <= limit <= MOST:
            return limit
        raise Invalid([Mistake.in_query("limit", "invalid_limit", _("“limit” is a whole number from 1 to %d.") % MOST)])

    def _read_cursor(self, order: Order) -> Cursor | None:
        written = self.request.query_params.get("cursor")
        if written is None:
            return None
        cursor = Cursor.read(written, order)
        if cursor is None:
            detail = _("This is no cursor of this list in this order. Take it from “next” or “previous”.")
            raise Invalid([Mistake.in_query("cursor", "invalid_cursor", detail)])
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = {"type": "string", "format": "uri", "nullable": True, "example": None}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": {**page, "description": "The next page; null: this is the last."},
                "previous": {**page, "description": "The page before; null: this is the first."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names, usual = _choices(view.orderings), view.usual_ordering
        return [
            *POSITION_PARAMETERS,
            _parameter("ordering", "With a minus sign: descending.", type="string", enum=names, default=usual),
        ]


class FeedPages(CursorPages):
    """A list that only grows, oldest first. `next` is always there: keep it, and ask there again for what is new."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        rows = super().paginate_queryset(queryset, request, view)
        if self.next_url is None:
            self.next_url = self._later(rows)
        self.previous_url = None
        return rows

    def read_order(self, view: Any) -> Order:
        return Order("id", "pk")

    def _later(self, rows: list[Any]) -> str:
        if rows:
            return self.url_at(Cursor("id", rows[-1].pk, rows[-1].pk))
        if "cursor" in self.request.query_params:
            return self.request.build_absolute_uri()
        return self.url_at(Cursor("id", 0, 0))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        page["properties"]["next"] = {
            "type": "string",
            "format": "uri",
            "example": "https://orders.example.com/api/v1/transitions/?cursor=WyJpZCIsMzgxMywzODEzLDBd",
            "description": "Where it goes on. Always given: with no results you are up to date; ask there again later.",
        }
        page["properties"]["previous"]["description"] = "Always null: a feed goes one way."
        return page

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return list(POSITION_PARAMETERS)


def _choices(orderings: Mapping[str, str]) -> list[str]:
    return [sign + name for name in orderings for sign in ("", "-")]


def _read_value(value: Any, column: str) -> str | datetime | int | None:
    """What a column of this name holds; whatever else a cursor may say is none of ours."""
    if column in {"pk", "position"}:
        return value if type(value) is int and -(2**63) <= value < 2**63 else None
    if not isinstance(value, str) or not is_storable(value):
        return None
    if not column.endswith("_at"):
        return value
    moment = read_time(value)
    return moment if isinstance(moment, datetime) else None


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


POSITION_PARAMETERS = (
    _parameter("limit", "How many at most.", type="integer", minimum=1, maximum=MOST, default=USUAL_LIMIT),
    _parameter("cursor", "Where to go on: taken from “next” or “previous”.", type="string"),
)
