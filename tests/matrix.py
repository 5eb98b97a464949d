"""docs/permissions.md as the tests read it, the addresses there are, and what each answers to whom.

The first table of a page section has a row for each address and method of the screens, and a column for each role; the
last has a row for each endpoint and method of the API, with the scope that a key needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import get_resolver

FILE = settings.BASE_DIR / "docs" / "permissions.md"
ROLES = (
    "Not logged in",
    "No role",
    "Administrator",
    "Senior marketer",
    "Marketer",
    "Analyst",
    "Operator",
    "Integrator",
)
API = "/api/v1/"
ANSWERS = {401: "key", 403: "no", 404: "404", 405: "405"}


@dataclass(frozen=True)
class Row:
    methods: tuple[str, ...]
    route: str
    about: str
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return " | ".join(["", ", ".join(self.methods), f"`{self.route}`", self.about, *self.cells, ""]).strip()


def rows() -> list[Row]:
    """Every row of the file that names an address."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    cut = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [
        Row(tuple(methods.split(", ")), route.strip("`"), about, tuple(cells))
        for methods, route, about, *cells in (cells for cells in cut if len(cells) > 3)
        if route.startswith("`/")
    ]


def screens() -> list[Row]:
    return [row for row in rows() if len(row.cells) == len(ROLES)]


def endpoints() -> list[Row]:
    return [row for row in rows() if len(row.cells) == 1]


def routes(patterns: Any = None, prefix: str = "/") -> list[tuple[str, Any]]:
    """Every address that is routed, as it is written in the code, with the view."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            found += routes(pattern.url_patterns, route)
        else:
            found.append((readable(route), pattern.callback))
    return found


def readable(route: str) -> str:
    """The two that Django writes as regular expressions, without the list of apps in one of them."""
    return re.sub(r"\^?\(\?P<(\w+)>.*\)(/?)\$", r"<\1>\2", route)


def is_endpoint(route: str, view: Any) -> bool:
    return route.startswith(API) and hasattr(getattr(view, "cls", None), "scope_to_read")


def fill(route: str, values: dict[str, Any]) -> str:
    """The address of an object that is there: `values` by the route's beginning, or by the name of the argument."""
    about = next((value for start, value in values.items() if start.startswith("/") and route.startswith(start)), None)

    def value(match: re.Match[str]) -> str:
        return str(values.get(match[1], about))

    return re.sub(r"<(?:\w+:)?(\w+)>", value, route)


def told(response: Any) -> str:
    """yes, no (403), login, 404, 405, key (401). Led away because the object is not there is the test's own mistake."""
    if response.status_code in ANSWERS:
        return ANSWERS[response.status_code]
    assert response.status_code < 500, response
    to = response.headers.get("Location", "")
    if to.startswith("/admin/login/"):
        return "login"
    return "yes"
