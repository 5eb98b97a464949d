"""Start here, where the login leads. In the demo: a phone, a live strip and an order to move; else a checklist."""

from __future__ import annotations

import json
import shlex
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from campaigns.models import Campaign, CampaignState, Run
from campaigns.story import tell
from orders.models import Order, StatusChange
from orders.said import Said
from orders.standing import STATUS_FIELDS
from orders.transitions import DUPLICATE, hear
from orderstatus_project.demo import controls
from orderstatus_project.demo.shop import READY_FOR_PICKUP, SOURCE, VISITORS_ORDER
from orderstatus_project.kept import read_kept
from orderstatus_project.live import happening_of, happenings, phone_bubbles
from statuses.models import OrderStatus, StatusType
from workspace.administrators import administrators
from workspace.local_time import workspace_of
from workspace.models import ApiKey, Source
from workspace.roles import PERSONAL_DATA
from workspace.sessions import polled

# What a person must be allowed to see for the demo's page to be theirs.
TO_LOOK = ("campaigns.view_message", "orders.view_order", PERSONAL_DATA)
TO_MOVE = "orders.change_order"

Text = str | Promise


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK: what templates/admin/index.html draws."""
    context |= {"title": _("Start here"), "subtitle": None}
    if not request.user.get_all_permissions():
        return {**context, "start": "start/no_role.html", "administrators": _administrators()}
    if _shows_demo(request):
        controls.page_is_open()
        return {**context, "start": "start/demo.html", **_demo(request)}
    checks = [check if request.user.has_perm(check.needs) else replace(check, link="") for check in _checks(request)]
    undone = [check for check in checks if not check.is_done]
    return {
        **context,
        "start": "start/checklist.html",
        "checks": checks,
        "next_check": undone[0] if undone else None,
        "example": "" if undone else _example(request),
        "may_try": _may_try(request),
        "done": len(checks) - len(undone),
    }


@require_GET
@polled
def live(request: HttpRequest) -> HttpResponse:
    """The parts of the page that change. `?mine=` is the visitor's own move, by the id of its status change."""
    if not _shows_demo(request):
        raise PermissionDenied
    controls.page_is_open()
    mine = request.GET.get("mine", "")
    return JsonResponse(
        {
            "phone": render_to_string("start/phone.html", {"bubbles": phone_bubbles()}),
            "strip": render_to_string("start/strip.html", {"happenings": happenings()}),
            "mine": _mine(int(mine)) if mine.isdecimal() and len(mine) < 19 else "",
            "controls": _controls(),
        }
    )


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Tell of the visitor's order what a shop would tell of it, through the same door as the API."""
    _may_move(request)
    status = get_object_or_404(OrderStatus, pk=_number(request.POST.get("status")))
    said = Said(VISITORS_ORDER, status.type, status.code, timezone.now(), f"by-hand-{uuid.uuid4()}")
    heard = hear([said], Source.objects.get(code=SOURCE), actor_id=request.user.pk, is_test=True).heard[0]
    if heard.change is None:
        detail = heard.problem.detail if heard.problem else ""
        return JsonResponse({"said": detail}, status=422)
    return JsonResponse({"mine": heard.change.pk})


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """The visitor's own event once more, the same id and all."""
    _may_move(request)
    told = _own_change(_number(request.POST.get("mine")))
    said = Said(told.order_external_id, told.type, told.code, told.occurred_at, told.event_id, told.sequence)
    heard = hear([said], told.source, actor_id=request.user.pk, is_test=True).heard[0]
    is_repeat = heard.verdict == DUPLICATE
    return JsonResponse({"said": _("Duplicate, no second text.") if is_repeat else str(heard.verdict)})


@require_GET
def why(request: HttpRequest, run_id: int) -> HttpResponse:
    """Why somebody got a text, or did not: in a window."""
    if not _shows_demo(request):
        raise PermissionDenied
    run = get_object_or_404(Run.objects.select_related("customer", "order", "campaign"), pk=run_id)
    is_ada = run.order is not None and run.order.external_id == VISITORS_ORDER
    title = _("Why did she get this?") if is_ada else _("What happened, and why")
    return render(request, "start/why.html", {"title": title, "run": run, "lines": tell(run)})


@require_POST
def control(request: HttpRequest) -> HttpResponse:
    """Pause and Faster."""
    _may_move(request)
    told = controls.Controls.read()
    is_paused, is_fast = request.POST.get("paused"), request.POST.get("fast")
    controls.Controls(
        is_paused=told.is_paused if is_paused is None else is_paused == "1",
        is_fast=told.is_fast if is_fast is None else is_fast == "1",
    ).save()
    return JsonResponse({"controls": _controls()})


def _view(address: str, view: Any, name: str) -> URLPattern:
    pattern: URLPattern = path(f"start/{address}", admin.site.admin_view(view), name=name)
    return pattern


# Beside the admin's own, under /admin/.
urlpatterns = [
    _view("live/", live, "start-live"),
    _view("move/", move, "start-move"),
    _view("again/", again, "start-again"),
    _view("why/<int:run_id>/", why, "start-why"),
    _view("control/", control, "start-control"),
]


def _shows_demo(request: HttpRequest) -> bool:
    return bool(settings.DEMO) and request.user.has_perms(TO_LOOK) and Source.objects.filter(code=SOURCE).exists()


def _may_move(request: HttpRequest) -> None:
    if not (_shows_demo(request) and request.user.has_perm(TO_MOVE)):
        raise PermissionDenied


def _number(written: str | None) -> int:
    if written is None or not written.isdecimal() or len(written) > 18:
        raise Http404
    return int(written)


def _own_change(pk: int) -> StatusChange:
    """A change of the visitor's order. Others are none of this page's business."""
    changes = StatusChange.objects.select_related("source", "status")
    return get_object_or_404(changes, pk=pk, order_external_id=VISITORS_ORDER, source__code=SOURCE)


def _controls() -> dict[str, bool]:
    told = controls.Controls.read()
    return {"paused": told.is_paused, "fast": told.is_fast}


def _demo(request: HttpRequest) -> dict[str, Any]:
    order = Order.objects.with_statuses().select_related("customer").filter(external_id=VISITORS_ORDER).first()
    campaign = Campaign.objects.filter(code=READY_FOR_PICKUP["code"]).first()
    return {
        "bubbles": phone_bubbles(),
        "happenings": happenings(),
        "controls": controls.Controls.read(),
        "shop": workspace_of(request).organisation,
        "order": order,
        "stands_at": _stands_at(order) if order else (),
        "choices": _choices(order) if order else (),
        "may_move": request.user.has_perm(TO_MOVE),
        "campaign": campaign,
        "demo_key": read_kept().get("DEMO_KEY", "") if request.user.has_perm("workspace.add_apikey") else "",
    }


def _stands_at(order: Order) -> list[OrderStatus]:
    statuses = (getattr(order, name) for name in STATUS_FIELDS.values())
    return [status for status in statuses if status is not None]


@dataclass(frozen=True, slots=True)
class Choice:
    status: OrderStatus
    is_current: bool
    is_suggested: bool


def _choices(order: Order) -> list[tuple[Text, list[Choice]]]:
    """Every status by type, where the order stands now marked, and the one that leads to a text suggested."""
    current = {status.pk for status in _stands_at(order)}
    at_pickup = order.delivery_status is not None and order.delivery_status.code == "at_pickup_point"
    suggested = ("delivery", "shipped" if at_pickup else "at_pickup_point")
    groups: list[tuple[Text, list[Choice]]] = []
    statuses = list(OrderStatus.objects.offered())
    for type, label in StatusType.choices:
        of_type = [status for status in statuses if status.type == type]
        choices = [Choice(s, s.pk in current, (s.type, s.code) == suggested) for s in of_type]
        if choices:
            groups.append((label, choices))
    return groups


def _mine(change_id: int) -> str:
    """The visitor's own move as it stands now, and the order with it."""
    change = _own_change(change_id)
    transition = getattr(change, "transition", None)
    order = Order.objects.with_statuses().get(external_id=VISITORS_ORDER)
    context = {
        "happening": happening_of(transition) if transition else None,
        "order": order,
        "stands_at": _stands_at(order),
    }
    return render_to_string("start/mine.html", context)


def _administrators() -> list[str]:
    """Whom to ask for a role. Names enough to find them by, and no more than fit a line."""
    return [user.get_full_name() or user.get_username() for user in administrators().order_by("pk")[:5]]


def _may_try(request: HttpRequest) -> bool:
    """Whether an order of one's own can be made and moved, and might start something."""
    may = request.user.has_perms(("orders.add_order", TO_MOVE)) and workspace_of(request).orders_enabled
    return may and Campaign.objects.filter(state=CampaignState.ACTIVE).exists()


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the way to a first campaign. Without the permission to take it there is no link."""

    title: Text
    text: Text
    is_done: bool
    link: str
    button: Text
    needs: str


def _checks(request: HttpRequest) -> list[Check]:
    return [
        Check(
            gettext_lazy("Turn Orders on"),
            gettext_lazy("Until then the order API answers 403 and no change starts a campaign."),
            workspace_of(request).orders_enabled,
            reverse("admin:workspace_workspace_changelist"),
            gettext_lazy("Open the settings"),
            "workspace.change_workspace",
        ),
        Check(
            gettext_lazy("Choose your statuses"),
            gettext_lazy("The words your shop uses for where an order stands, each with the code its systems send."),
            OrderStatus.objects.exists(),
            reverse("admin:statuses_orderstatus_changelist"),
            gettext_lazy("Open the statuses"),
            "statuses.view_orderstatus",
        ),
        Check(
            gettext_lazy("Create a key"),
            gettext_lazy("A source stands for a system that tells us things; its key lets it speak to the API."),
            ApiKey.objects.usable().exists(),
            reverse("admin:workspace_source_changelist"),
            gettext_lazy("Open Integrations"),
            "workspace.view_source",
        ),
        Check(
            gettext_lazy("Let your shop’s changes start campaigns"),
            gettext_lazy("New sources begin as history, which starts nothing: set yours to live."),
            Source.objects.exclude(pk__in=(Source.ADMIN_ID, Source.LOAD_ID)).filter(mode=Source.Mode.LIVE).exists(),
            reverse("admin:workspace_source_changelist"),
            gettext_lazy("Open the sources"),
            "workspace.view_source",
        ),
        Check(
            gettext_lazy("Start your first campaign"),
            gettext_lazy("Say which change should reach the customer, and with which words."),
            Campaign.objects.exclude(state=CampaignState.DRAFT).exists(),
            reverse("admin:campaigns_campaign_changelist"),
            gettext_lazy("Open the campaigns"),
            "campaigns.view_campaign",
        ),
    ]


def _example(request: HttpRequest) -> str:
    """A first change to send, of a status there is; the key and the order are the reader's to fill in."""
    status = OrderStatus.objects.all()[0]
    change = json.dumps({"order": "YOUR-ORDER", "type": status.type, "code": status.code}, ensure_ascii=False)
    address = request.build_absolute_uri(reverse("api-status-changes"))
    headers = "-H 'Authorization: Bearer YOUR-KEY' -H 'Content-Type: application/json'"
    return f"curl -X POST {shlex.quote(address)} {headers} -d {shlex.quote(change)}"
