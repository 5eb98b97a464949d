"""The operator's page, Settings > System: who works, how old what waits is, which gateways answer; and the switch that
stops all sending. Whatever there is to show, it costs the same few queries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from campaigns import doorbell
from campaigns.ages import MOST_COUNTED, Ages, ages
from campaigns.models import OVERDUE_AFTER, Audit, SmsGateway, WebhookEndpoint
from campaigns.sms.desk import DESK
from campaigns.sms.wording import in_our_words, state_of
from campaigns.webhooks import wording as webhooks
from workspace import history
from workspace.heartbeats import SILENT_AFTER, SWEEPS
from workspace.local_formats import number as local_number
from workspace.local_time import workspace_of
from workspace.models import Heartbeat, User, Verb, Workspace
from workspace.queues import ANALYTICS, CALLS, QUEUES, RUNS, SENDING
from workspace.screens import age, close_window, moment, nothing, pill
from workspace.sessions import polled

TO_LOOK = "workspace.view_workspace"
TO_PAUSE = "workspace.pause_sending"
Text = str | Promise

QUEUE_NAMES: dict[str, Text] = {
    RUNS: gettext_lazy("Orders going through campaigns"),
    SENDING: gettext_lazy("Messages being sent"),
    CALLS: gettext_lazy("Webhooks being called"),
    ANALYTICS: gettext_lazy("Segments being counted"),
}


@dataclass(frozen=True, slots=True)
class Line:
    label: Text
    value: SafeString | str
    note: SafeString | str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One card of the page."""

    title: Text
    lines: Sequence[Line]
    # What stands there when there are no lines.
    empty: Text = ""


def may_look(request: HttpRequest) -> bool:
    return request.user.has_perm(TO_LOOK) or may_pause(request)


def may_pause(request: HttpRequest) -> bool:
    return request.user.has_perm(TO_PAUSE)


@require_GET
def system(request: HttpRequest) -> HttpResponse:
    """The page; `now/` is its part that is drawn anew every few seconds."""
    if not may_look(request):
        raise PermissionDenied
    return render(request, "system/page.html", {**_frame(request, _("System")), **_now(request)})


@require_GET
@polled
def now(request: HttpRequest) -> HttpResponse:
    if not may_look(request):
        raise PermissionDenied
    return render(request, "system/now.html", _now(request))


def pause(request: HttpRequest) -> HttpResponse:
    """Asked to first, it asks back."""
    _refuse_others(request)
    back = reverse("system")
    if request.method != "POST":
        shown = {"title": _("Pause all sending?"), "back": back}
        if request.headers.get("HX-Request"):
            return render(request, "system/pause.html", shown)
        framed = {**_frame(request, shown["title"]), **shown, "window_template": "system/pause.html"}
        return render(request, "workspace/window_page.html", framed)
    assert isinstance(request.user, User)
    with transaction.atomic():
        if Workspace.pause_sending(request.user):
            history.record(request, Verb.PAUSED, workspace_of(request))
    return close_window(request, back)


@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    _refuse_others(request)
    with transaction.atomic():
        resumed = Workspace.resume_sending()
        if resumed:
            history.record(request, Verb.RESUMED, workspace_of(request))
    if resumed:
        for queue in (SENDING, CALLS):
            doorbell.ring(queue)
    messages.success(request, _("Sending goes on."))
    return HttpResponseRedirect(reverse("system"))


def _view(address: str, view: Callable[[HttpRequest], HttpResponse], name: str) -> URLPattern:
    pattern: URLPattern = path(f"system/{address}", admin.site.admin_view(view), name=name)
    return pattern


# Beside the admin's own, under /admin/.
urlpatterns = [
    _view("", system, "system"),
    _view("now/", now, "system-now"),
    _view("pause/", pause, "system-pause"),
    _view("resume/", resume, "system-resume"),
]


def _frame(request: HttpRequest, title: Text) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, "subtitle": None}


def _refuse_others(request: HttpRequest) -> None:
    if not may_pause(request):
        raise PermissionDenied


def _now(request: HttpRequest) -> dict[str, Any]:
    at = timezone.now()
    known = ages(at)
    return {
        "workspace": workspace_of(request),
        "may_pause": may_pause(request),
        "parts": [
            _workers(at),
            _waiting(known, at),
            _unknown(request, known, at),
            _gateways(request, at),
            *_endpoints(request, at),
            _books(at),
        ],
        "at": at,
    }


def _workers(at: datetime) -> Part:
    heard = dict(Heartbeat.objects.values_list("name", "at"))
    lines = [_sign_of_life(QUEUE_NAMES[queue], heard.get(queue), at) for queue in QUEUES]
    return Part(_("Workers"), [*lines, _sign_of_life(_("Sweeps, asked for by beat"), heard.get(SWEEPS), at)])


def _sign_of_life(label: Text, heard_at: datetime | None, at: datetime) -> Line:
    if heard_at is None:
        return Line(label, pill(_("Never heard of"), "bad"))
    is_silent = heard_at <= at - SILENT_AFTER
    told = _("%s ago") % age(at - heard_at)
    return Line(label, pill(_("Silent") if is_silent else _("At work"), "bad" if is_silent else "good"), told)


def _waiting(known: Ages, at: datetime) -> Part:
    """How long the oldest has waited: a long queue that moves is well, a short one that stands is not."""
    lines = [
        _oldest(_("Oldest order that waits for a worker"), max(known.due_run.values()), at),
        _oldest(_("Oldest message to be sent"), max(known.due_message.values()), at),
        _oldest(_("Oldest message that gateways put off"), known.put_off, at),
        _oldest(_("Oldest webhook to be called"), known.due_call, at),
        _oldest(_("Longest in a worker's hands"), known.message_in_hand, at),
        _overdue(_("Orders that wait too long"), known.overdue_runs),
        _overdue(_("Messages that wait too long"), known.overdue_messages),
    ]
    return Part(_("What is due"), lines)


def _oldest(label: Text, waited_s: float, at: datetime) -> Line:
    if not waited_s:
        return Line(label, nothing(_("none")))
    waited = timedelta(seconds=waited_s)
    tone = "warning" if waited > OVERDUE_AFTER else "good"
    return Line(label, pill(age(waited), tone), moment(at - waited, seconds=True))


def _overdue(label: Text, number: int) -> Line:
    shown = _("%s or more") % local_number(number) if number == MOST_COUNTED else local_number(number)
    return Line(label, pill(shown, "warning") if number else nothing(_("none")))


def _unknown(request: HttpRequest, known: Ages, at: datetime) -> Part:
    may_settle = request.user.has_perms(("campaigns.settle_message", "campaigns.view_message"))
    number = pill(local_number(known.unknowns), "warning") if known.unknowns else nothing(_("none"))
    lines = [Line(_("Messages to settle"), number, link=reverse(DESK) if may_settle else "")]
    if known.unknowns:
        lines.append(_oldest(_("The oldest, since its call"), known.unknown, at))
    return Part(_("Fate unknown"), lines)


def _books(at: datetime) -> Part:
    """What the last audit found. It is beat that asks for one every few minutes."""
    last = Audit.last()
    if last is None:
        return Part(_("The books"), [], _("Not audited yet. Beat asks for it, or run manage.py audit."))
    told = pill(_("all accounted for"), "good") if not last.unaccounted else pill(local_number(last.unaccounted), "bad")
    breaches = ", ".join(f"{name}: {number}" for name, number in last.breaches.items() if number)
    when = _("%s ago") % age(at - last.at)
    return Part(_("The books"), [Line(_("Unaccounted for"), told, breaches), Line(_("Last audit"), when)])


def _gateways(request: HttpRequest, at: datetime) -> Part:
    may_see = request.user.has_perm("campaigns.view_smsgateway")
    lines = [
        Line(row.name, pill(*state_of(row, at)), _lately(row, at), _to_gateway(row) if may_see else "")
        for row in SmsGateway.objects.all()
    ]
    empty = _("None is connected: messages go to the test phone only, and no customer gets a text.")
    return Part(capfirst(_("SMS gateways")), lines, empty)


def _endpoints(request: HttpRequest, at: datetime) -> list[Part]:
    """Of an installation that calls no webhooks nothing is said."""
    may_see = request.user.has_perm("campaigns.view_webhookendpoint")
    lines = [
        Line(row.name, pill(*webhooks.state_of(row, at)), _lately_called(row, at), _to_endpoint(row) if may_see else "")
        for row in WebhookEndpoint.objects.all()
    ]
    return [Part(capfirst(_("webhook endpoints")), lines)] if lines else []


def _to_endpoint(row: WebhookEndpoint) -> str:
    return reverse("admin:campaigns_webhookendpoint_change", args=[row.pk])


def _lately_called(row: WebhookEndpoint, at: datetime) -> str:
    """Its last error while that is news."""
    if row.last_error_at and webhooks.has_failed_lately(row):
        return _("%(age)s ago: %(error)s") % {"age": age(at - row.last_error_at), "error": in_our_words(row.last_error)}
    return _("Last taken %s ago") % age(at - row.last_taken_at) if row.last_taken_at else ""


def _to_gateway(row: SmsGateway) -> str:
    return reverse("admin:campaigns_smsgateway_change", args=[row.pk])


def _lately(row: SmsGateway, at: datetime) -> str:
    """Its last error while that is news, else when it last sent."""
    if row.last_error and row.last_error_at and (row.last_sent_at is None or row.last_error_at >= row.last_sent_at):
        return _("%(age)s ago: %(error)s") % {"age": age(at - row.last_error_at), "error": in_our_words(row.last_error)}
    return _("Last sent %s ago") % age(at - row.last_sent_at) if row.last_sent_at else ""
