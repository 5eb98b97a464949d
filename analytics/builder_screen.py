"""The page on which a segment is made and edited: what it shows, and what it asks while somebody types.

It is saved, and counted as it stands, by analytics/segments_asked.py.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from analytics.builder_words import builder_words, page_words
from analytics.models import Segment
from analytics.names_in_use import names_in_use
from analytics.rules import RuleError, read_segment_rule
from analytics.vocabulary import vocabulary_for_builder
from analytics.wording import rule_in_words
from workspace.api.parsing import read_json
from workspace.api.problems import Refusal
from workspace.local_formats import zone_of_reader
from workspace.reading import Problem
from workspace.screens import Screen

EMPTY_RULE = {"combinator": "and", "rules": []}


class BuilderScreen(Screen):
    """Draws the builder. What else there is to a segment is told by who inherits."""

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Any, name: str) -> URLPattern:
            pattern: URLPattern = path(route, self.admin_site.admin_view(view), name=f"analytics_segment_{name}")
            return pattern

        return [
            at("check/", require_POST(self.check_view), "check"),
            at("<int:pk>/edit/", require_GET(self.edit_view), "edit"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._builder(request, Segment(rule=EMPTY_RULE))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment: Segment | None = self.found(request, str(pk), to_change=True)
        if segment is None:
            raise Http404
        return self._builder(request, segment)

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """What a segment says as it is typed, and what is wrong with it. Nothing is written, nobody is counted."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        return JsonResponse(self._told(request, request.POST.get("rule", ""), request.POST.get("code")))

    def _builder(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        is_new, rule = segment.pk is None, json.dumps(segment.rule, ensure_ascii=False)
        data = {
            "vocabulary": vocabulary_for_builder("segment", request.user),
            "words": {**builder_words(), **page_words()},
            "names": names_in_use(request.user),
            "zone": timezone.get_current_timezone_name(),
            "zoneName": zone_of_reader(),
            "told": {} if segment.is_list else self._told(request, rule, None),
            "urls": {"check": _to("check"), "preview": _to("preview")},
        }
        context = {
            "segment": segment,
            "rule": rule,
            "data": data,
            "save_at": _to("save_new") if is_new else _to("save", segment.pk),
            "back_to": _to("changelist") if is_new else _to("change", segment.pk),
        }
        title = _("New segment") if is_new else segment.name
        return self.page(request, "analytics/segments/builder.html", title, None if is_new else segment, **context)

    def _told(self, request: HttpRequest, text: str, code: str | None) -> dict[str, Any]:
        try:
            rule = read_json(text)
        except Refusal as refusal:
            return _answer([Problem("unparsable", str(refusal.detail), "/rule")], "")
        problems = [*_code_problems(code), *self._rule_problems(request, rule)]
        return _answer(problems, rule_in_words(rule, request.user))

    def _rule_problems(self, request: HttpRequest, rule: Any) -> list[Problem]:
        try:
            read_segment_rule(rule, may_see_personal=self.sees_personal_data(request))
        except RuleError as error:
            return [Problem(each.code, each.detail, f"/rule{each.field}") for each in error.problems]
        return []


def _code_problems(code: str | None) -> list[Problem]:
    """Of a new one, while it is typed."""
    if code and Segment.objects.filter(code=code).exists():
        return [Problem("code_taken", _("Another segment has the code “%s”.") % code, "/code")]
    return []


def _answer(problems: list[Problem], sentence: str) -> dict[str, Any]:
    told = [{"pointer": each.field, "detail": each.detail} for each in problems]
    return {"problems": told, "sentence": sentence[:1].upper() + sentence[1:]}


def _to(name: str, *args: Any) -> str:
    return reverse(f"admin:analytics_segment_{name}", args=args)
