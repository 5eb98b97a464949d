"""Segments to start from, on the screen: each with the statuses that it asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from analytics import segments
from analytics.ready_made import BY_KEY, READY_MADE, Asked, ReadyMade, offered, recognised
from analytics.rules import RuleError, read_segment_rule
from workspace.models import User
from workspace.screens import Screen


def urls(screen: Screen) -> list[URLPattern]:
    """For SegmentScreen.get_urls."""
    pages, wrap = _Pages(screen), screen.admin_site.admin_view
    return [
        path("ready/", wrap(require_GET(pages.offer)), name="analytics_segment_ready"),
        path("ready/<slug:key>/", wrap(require_POST(pages.make)), name="analytics_segment_make"),
    ]


class StatusesForm(forms.Form):
    """Which statuses are meant."""

    def __init__(self, ready: ReadyMade, data: Any = None) -> None:
        super().__init__(data, prefix=ready.key)
        for asked in ready.asks:
            self.fields[asked.key] = _field(asked)


def _field(asked: Asked) -> forms.ChoiceField:
    statuses = offered(asked)
    choices = [("", _("Choose a status")), *((status.code, status.name) for status in statuses)]
    return forms.ChoiceField(
        label=_("“%(meaning)s” is") % {"meaning": asked.label},
        choices=choices,
        initial=recognised(asked, statuses),
        widget=UnfoldAdminSelectWidget,
        error_messages={"required": gettext_lazy("Say which status that is.")},
    )


class _Pages:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def offer(self, request: HttpRequest) -> HttpResponse:
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        return self._page(request, {})

    def make(self, request: HttpRequest, key: str) -> HttpResponse:
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        ready = BY_KEY.get(key)
        if ready is None:
            raise Http404
        form = StatusesForm(ready, request.POST)
        if not form.is_valid():
            return self._page(request, {key: form})
        try:
            return self._make(request, ready, form.cleaned_data)
        except RuleError as error:  # a status was unmarked or retired just now
            form.add_error(None, error.problems[0].detail)
            return self._page(request, {key: form})

    def _make(self, request: HttpRequest, ready: ReadyMade, codes: dict[str, str]) -> HttpResponse:
        assert isinstance(request.user, User)
        rule = ready.rule(codes)
        read_segment_rule(rule)
        with transaction.atomic():
            code = segments.fresh_code(ready.key)
            made = segments.create(code=code, name=str(ready.title), rule=rule, by=request.user)
            self.screen.log_addition(request, made)
        messages.success(request, _("“%s” was made, and is being counted.") % made.name)
        return HttpResponseRedirect(reverse("admin:analytics_segment_change", args=[made.pk]))

    def _page(self, request: HttpRequest, forms_: dict[str, StatusesForm]) -> HttpResponse:
        cards = [(ready, forms_.get(ready.key) or StatusesForm(ready)) for ready in READY_MADE]
        return self.screen.page(
            request,
            "analytics/segments/ready.html",
            _("Ready-made segments"),
            cards=cards,
            back=reverse("admin:analytics_segment_changelist"),
        )
