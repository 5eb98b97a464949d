"""Tables that are the proof of what happened: rows are added, never changed or removed."""

from __future__ import annotations

from typing import Any, Never, TypeVar

from django.db import models

from workspace.quick_rows import QuickRow

M = TypeVar("M", bound=models.Model)


class AppendOnly(TypeError):
    """Somebody tried to change or remove what is only ever added to."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(f"{model.__name__} is append-only.")


class AppendOnlyQuerySet(models.QuerySet[M]):
    def update(self, **kwargs: Any) -> Never:
        raise AppendOnly(self.model)

    def delete(self) -> Never:
        raise AppendOnly(self.model)


class AppendOnlyModel(QuickRow):
    """A row that is written once. Its manager is made of an AppendOnlyQuerySet."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(type(self))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly(type(self))
