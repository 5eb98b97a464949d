"""A batch is a JSON array of up to 5,000 items. Each stands for itself: the good ones are kept when others are bad."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from workspace.api.problems import Invalid, Mistake, Refusal
from workspace.reading import Problem
from workspace.text import is_storable, is_storable_throughout, printable

MOST_ITEMS = 5000
EMPTY_IN_FILES = frozenset({"event_id", "sequence"})

RESULTS = OpenApiParameter(
    "results",
    str,
    enum=["all"],
    description="`all`: say of each item what became of it, not only of the rejected ones.",
)


class RejectedItemSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Its place in the batch, from 0.")
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(help_text="Where in the body: `#/3/code`.")


def read_batch(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise Invalid([Mistake("#", "not_a_batch", _("The body is a JSON array of items."))])
    if len(body) > MOST_ITEMS:
        detail = _("A batch has at most %d items. Send it in smaller ones.") % MOST_ITEMS
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "batch_too_large", detail)
    return body


def find_bad_member(item: Any) -> Problem | None:
    """The first member that cannot be taken as it is, before anybody reads what it means.

    No database can store a NUL or half a surrogate pair, at whatever depth it hides. And a time or event id that is an
    empty text means "none" in a file; in JSON it is a variable that somebody forgot to fill, and must not become "now".
    """
    for name, value in item.items() if isinstance(item, dict) else ():
        if not (is_storable(name) and is_storable_throughout(value)):
            return Problem("bad_text", _("“%s” holds a NUL or half a surrogate pair.") % name, name)
        if value == "" and (name in EMPTY_IN_FILES or name.endswith("_at")):
            return Problem("empty", _("“%s” is empty. Leave it out, or send null.") % name, name)
    return None


def rejection(index: int, problem: Problem) -> dict[str, Any]:
    """A row of `rejected_items`."""
    mistake = Mistake.in_body(problem, index)
    return {"index": index, "code": mistake.code, "detail": printable(mistake.detail), "pointer": mistake.pointer}
