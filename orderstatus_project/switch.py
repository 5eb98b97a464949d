"""The switch Orders: before it goes off it says what depends on it, and before it is on what has waited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminRadioSelectWidget

from campaigns import doorbell
from campaigns.models import Campaign, CampaignState, Message, MessageState, Run, RunState
from workspace import history
from workspace.models import Workspace
from workspace.screens import close_window

TO_SWITCH = "workspace.switch_orders"
# So many campaigns are named; beyond so many orders nobody counts on.
MOST_NAMED, MOST_COUNTED = 10, 10_000


class OnForm(forms.Form):
    """What becomes of what was due while Orders was off."""

    what = forms.ChoiceField(
        label=gettext_lazy("What waited meanwhile"),
        choices=[
            ("all", gettext_lazy("Do all of it now")),
            ("recent", gettext_lazy("Do what is not older than")),
            ("none", gettext_lazy("Drop all of it")),
        ],
        widget=UnfoldAdminRadioSelectWidget,
    )
    hours = forms.IntegerField(
        label=gettext_lazy("Hours"),
        help_text=gettext_lazy("For the second choice. What is older is dropped, and its orders say why."),
        min_value=1,
        max_value=24 * 366,
        required=False,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("what") == "recent" and not said.get("hours") and "hours" not in self.errors:
            self.add_error("hours", _("Say how many hours."))
        return said

    def drop_due_before(self, now: datetime) -> datetime | None:
        what = self.cleaned_data["what"]
        if what == "all":
            return None
        return now if what == "none" else now - timedelta(hours=self.cleaned_data["hours"])


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders in campaigns, and texts, counted up to 10,000."""

    orders: int
    texts: int

    def __bool__(self) -> bool:
        return bool(self.orders or self.texts)


def turn_off(request: HttpRequest) -> HttpResponse:
    """Asked to first, it shows what depends on it and asks back."""
    _refuse_others(request)
    back = _back()
    if request.method == "POST":
        _switch(request, Workspace.turn_orders_off)
        messages.success(request, _("Orders is off. What goes through campaigns stands still until it is on again."))
        return close_window(request, back)
    live = Campaign.objects.filter(state__in=(CampaignState.ACTIVE, CampaignState.PAUSED)).order_by("name")
    shown = {
        "campaigns": list(live.values_list("name", flat=True)[: MOST_NAMED + 1]),
        "most": MOST_NAMED,
        "under_way": _count(
            Run.objects.filter(state=RunState.WAITING), Message.objects.filter(state=MessageState.PENDING)
        ),
    }
    return _window(request, "switch/off.html", _("Turn Orders off?"), back=back, **shown)


def turn_on(request: HttpRequest) -> HttpResponse:
    """Where nothing waited there is nothing to ask."""
    _refuse_others(request)
    now, back = timezone.now(), _back()
    waiting = _count(Run.objects.due(now), Message.objects.due(now))
    form = OnForm(request.POST if "what" in request.POST else None, initial={"what": "all"})
    may_go = request.method == "POST" and (not waiting or form.is_valid())
    if not may_go:
        return _window(request, "switch/on.html", _("Turn Orders on?"), back=back, waiting=waiting, form=form)
    drop_due_before = form.drop_due_before(now) if form.is_bound else None
    _switch(request, partial(Workspace.turn_orders_on, drop_due_before=drop_due_before))
    for queue in doorbell.TASKS:
        doorbell.ring(queue)
    messages.success(request, _("Orders is on. What sources tell from now on can start campaigns."))
    return close_window(request, back)


def _view(address: str, view: Any, name: str) -> URLPattern:
    pattern: URLPattern = path(f"orders-switch/{address}", admin.site.admin_view(view), name=name)
    return pattern


# Beside the admin's own, under /admin/.
urlpatterns = [_view("off/", turn_off, "orders-off"), _view("on/", turn_on, "orders-on")]


def _back() -> str:
    return reverse("admin:workspace_workspace_changelist")


def _refuse_others(request: HttpRequest) -> None:
    if not request.user.has_perm(TO_SWITCH):
        raise PermissionDenied


def _switch(request: HttpRequest, turn: Callable[[], bool]) -> None:
    workspace = Workspace.current()
    history.remember(workspace)
    with transaction.atomic():
        if turn():
            history.record_changed(request, workspace)


def _count(runs: Any, texts: Any) -> Waiting:
    return Waiting(*(rows.order_by()[:MOST_COUNTED].count() for rows in (runs, texts)))


def _window(request: HttpRequest, template: str, title: str, **shown: Any) -> HttpResponse:
    shown |= {"title": title, "subtitle": None}
    if request.headers.get("HX-Request"):
        return render(request, template, shown)
    frame = {**admin.site.each_context(request), **shown, "window_template": template}
    return render(request, "workspace/window_page.html", frame)
