"""Creating and changing by external id over the API: what customers and orders have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from workspace import history
from workspace.api.batches import RejectedItemSerializer, find_bad_member, rejection
from workspace.api.problems import Conflict, Invalid, Mistake
from workspace.database import in_sets
from workspace.models import Verb
from workspace.reading import Problem
from workspace.upserts import Outcome, Upserted

# At odds with what is there, not wrong in itself.
CONFLICTS = frozenset({"event_id_conflict", "gone"})

OUTCOMES = [outcome.value for outcome in Outcome]

Row = TypeVar("Row")
Answer = TypeVar("Answer", bound=Upserted)


class BulkOutcomeSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    code = serializers.CharField(required=False, help_text="Why it was rejected.")
    detail = serializers.CharField(required=False)
    pointer = serializers.CharField(required=False)


class BulkSerializer(serializers.Serializer[Any]):
    """`received` is the sum of the four counts below it."""

    received = serializers.IntegerField()
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text="It said what was there already.")
    rejected = serializers.IntegerField(help_text="Nothing of it was kept.")
    rejected_items = RejectedItemSerializer(many=True)
    results = BulkOutcomeSerializer(many=True, required=False, help_text="With `?results=all`.")


def address(body: Any, external_id: str) -> Any:
    """The body of a PUT or PATCH, with the id of its address. It need not repeat it, and may not name another."""
    if not isinstance(body, dict) or body.get("external_id", external_id) == external_id:
        return {**body, "external_id": external_id} if isinstance(body, dict) else body
    detail = _("The body names another external_id than the address.")
    raise Invalid([Mistake("#/external_id", "external_id_mismatch", detail)])


def take_in_one(
    body: Any, read: Callable[[Any], Row | list[Problem]], write: Callable[[Sequence[Row]], Sequence[Answer]]
) -> tuple[Row, Answer]:
    """Read and write a single row, or refuse it."""
    row = _read(body, read)
    if isinstance(row, list):
        raise Invalid(Mistake.in_body(problem) for problem in row)
    (upserted,) = write([row])
    if upserted.problem is None:
        return row, upserted
    if upserted.problem.code in CONFLICTS:
        raise Conflict(upserted.problem.code, upserted.problem.detail)
    raise Invalid([Mistake.in_body(upserted.problem)])


def take_in_batch(
    items: Sequence[Any],
    read: Callable[[Any], Row | list[Problem]],
    write: Callable[[Sequence[Row]], Sequence[Answer]],
) -> list[Upserted]:
    """Read what can be read and write it in sets; one answer for each item, in their order."""
    rows = [_read(item, read) for item in items]
    good = (row for row in rows if not isinstance(row, list))
    answers = iter([answer for some in in_sets(good) for answer in write(some)])
    return [Upserted(Outcome.REJECTED, row[0]) if isinstance(row, list) else next(answers) for row in rows]


def sum_up(upserted: Sequence[Upserted], *, wants_all: bool) -> dict[str, Any]:
    """The answer to a batch, as BulkSerializer describes it."""
    counts = Counter(one.outcome for one in upserted)
    answer: dict[str, Any] = {
        "received": len(upserted),
        **{outcome.value: counts[outcome] for outcome in Outcome},
        "rejected_items": [rejection(index, one.problem) for index, one in enumerate(upserted) if one.problem],
    }
    if wants_all:
        answer["results"] = [_result(index, one) for index, one in enumerate(upserted)]
    return answer


def status_of(upserted: Upserted) -> HTTPStatus:
    return HTTPStatus.CREATED if upserted.outcome is Outcome.CREATED else HTTPStatus.OK


def note_one(request: Request, row: models.Model, upserted: Upserted, changes: history.Changes) -> None:
    """In the history of actions. An order that only moved is in the ledger."""
    if upserted.outcome is Outcome.CREATED:
        history.record_created(request, row)
    elif changes:
        history.record(request, Verb.CHANGED, row, changes=changes)


def note_batch(request: Request, model: type[models.Model], upserted: Sequence[Upserted]) -> None:
    """One action for all of it, with counts: which rows they were the source knows."""
    counts = Counter(one.outcome.value for one in upserted if _is_written(one))
    if counts:
        history.record(request, Verb.WRITTEN, model, counts=counts)


def _is_written(one: Upserted) -> bool:
    return one.outcome is Outcome.CREATED or (one.outcome is Outcome.CHANGED and one.before != one.after)


def _read(item: Any, read: Callable[[Any], Row | list[Problem]]) -> Row | list[Problem]:
    problem = find_bad_member(item)
    return read(item) if problem is None else [problem]


def _result(index: int, one: Upserted) -> dict[str, Any]:
    result = {"index": index, "outcome": one.outcome.value}
    return result if one.problem is None else {**result, **rejection(index, one.problem)}
