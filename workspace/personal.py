"""Rows for a reader who may not see personal data: names, numbers, addresses and words are hidden as they are read.

A model that holds such data says which and how it hides them. Screens read through `shown_to`, so what is hidden is in
no list, page, title or suggestion; and `Screen` sees that no filter or search leads to it (workspace/screens.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models.query import ModelIterable

from workspace.quick_rows import QuickRow
from workspace.roles import Reader, may_see_personal_data

HIDDEN = "••••"
M = TypeVar("M", bound=models.Model)


class MaskedIsNotSaved(TypeError):
    """What is hidden in this copy would be lost in its row."""


class HoldsPersonalData(QuickRow):
    # The columns that hold it: nobody filters by what they may not see.
    PERSONAL: ClassVar[tuple[str, ...]] = ()
    is_masked = False

    class Meta:
        abstract = True

    def mask(self) -> None:
        """Hide in this copy what PERSONAL names, and of whomever else it shows."""
        self.is_masked = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.is_masked:
            raise MaskedIsNotSaved(f"{type(self).__name__} {self.pk} was read for somebody who may not see all of it.")
        super().save(*args, **kwargs)


def hidden(text: str) -> str:
    return HIDDEN if text else ""


def hidden_number(number: str) -> str:
    """Enough to tell two numbers apart, too little to call."""
    return f"{HIDDEN} {number[-2:]}" if number else ""


def shown_to(reader: Reader, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows, masked if need be. They are for showing: masked ones cannot be saved."""
    if not issubclass(rows.model, HoldsPersonalData) or may_see_personal_data(reader):
        return rows
    masked = rows.all()
    masked._iterable_class = _Masking
    return masked


class _Masking(ModelIterable):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        for row in super().__iter__():
            row.mask()
            yield row
