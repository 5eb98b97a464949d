"""Lists that can be narrowed by what their address says (narrowing.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from workspace.narrowing import Way, ways
from workspace.screens import Choice, Screen


class Narrowing(Choice):
    """Offered only while the address asks for it."""

    way: Way

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = self.value()
        return [(chosen, self.way.tell(chosen) or _("There is no such figure any more"))] if chosen else []

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return self.way.narrow(rows, chosen)


class NarrowedScreen(Screen):
    """A list that says above itself what it is narrowed by."""

    list_before_template = "workspace/narrowed.html"

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        narrowings = (_filter_of(way) for way in ways(self.model, request.user))
        return [*super().get_list_filter(request), *narrowings]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        asked = (way for way in ways(self.model, request.user) if request.GET.get(way.parameter))
        words = [way.tell(request.GET[way.parameter]) for way in asked]
        return super().changelist_view(request, {**(extra_context or {}), "narrowed": words})


def _filter_of(way: Way) -> type[Narrowing]:
    told = {"title": way.title, "parameter_name": way.parameter, "way": way}
    return type(way.parameter, (Narrowing,), told)
