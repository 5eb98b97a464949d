"""What frames every screen of the admin: the sidebar, the tabs, and the banners that say what stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analytics.reports.registry import reports_for
from analytics.reports.screen import REPORTS
from campaigns.models import Breaker, Campaign, Message, Run
from campaigns.sms.breaker import held_back
from campaigns.sms.desk import DESK
from orders.unknown_codes_admin import TO_MAP, number_of_unknown
from orderstatus_project.switch import TO_SWITCH
from orderstatus_project.system import may_look, may_pause
from workspace.heartbeats import is_silent
from workspace.local_formats import short_moment, zone_of_reader
from workspace.local_time import workspace_of

# What waits for a person is counted up to here.
MOST_COUNTED = 999

Text = str | Promise
Item = dict[str, Any]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, as this person may see it. Without Orders its screens are gone, but not the words they need."""
    orders_on = workspace_of(request).orders_enabled
    groups: list[tuple[Text, list[Item | None]]] = [
        (
            "",
            [
                {"title": _("Start"), "icon": "rocket_launch", "link": reverse("admin:index")},
                _screen(request, _("Orders"), "package_2", "orders.order") if orders_on else None,
                _told(request) if orders_on else None,
                _screen(request, _("Customers"), "group", "customers.customer"),
            ],
        ),
        (
            _("Campaigns"),
            [
                _campaigns(request),
                _screen(request, _("Orders that entered"), "conversion_path", "campaigns.run") if orders_on else None,
                _messages(request),
                _desk(request),
                _screen(request, _("Incoming texts"), "chat", "campaigns.incomingtext"),
            ],
        ),
        (
            _("Analytics"),
            [_reports(request), _screen(request, _("Segments"), "group_work", "analytics.segment", "analytics.member")],
        ),
        (
            _("Settings"),
            [
                _statuses(request),
                _screen(request, pgettext("settings", "General"), "tune", "workspace.workspace"),
                _screen(request, _("SMS"), "cell_tower", "campaigns.smsgateway"),
                _screen(request, _("Integrations"), "cable", "workspace.source", "workspace.apikey"),
                _screen(request, _("Webhooks"), "webhook", "campaigns.webhookendpoint", "campaigns.webhookcall"),
                _screen(request, _("People"), "badge", "workspace.user", "auth.group"),
                _screen(request, _("History of actions"), "history", "workspace.action"),
                _system(request),
            ],
        ),
    ]
    return [
        {"title": title, "items": shown, "separator": bool(title)}
        for title, items in groups
        if (shown := [item for item in items if item])
    ]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Lists that belong together, side by side."""
    return [
        _tabs(
            request,
            ("orders.order", _("Orders")),
            ("orders.statuschange", _("Status changes received")),
            ("orders.statustransition", _("Status history")),
        ),
        _tabs(request, ("workspace.source", _("Sources")), ("workspace.apikey", _("API keys"))),
        _tabs(request, ("workspace.user", _("People")), ("auth.group", _("Roles"))),
        _tabs(request, ("campaigns.webhookendpoint", _("Endpoints")), ("campaigns.webhookcall", _("Calls"))),
        _status_types(request),
    ]


def on_every_page(request: HttpRequest) -> dict[str, Any]:
    """What unfold puts into the context of each admin page."""
    if not request.user.is_authenticated:
        return {}
    return {
        "banners": [*_paused(request), *_stillness(request), *_held(request), *_orders_off(request)],
        "zone": zone_of_reader(),
    }


def style(_request: HttpRequest) -> str:
    return static("workspace/admin.css")


def script(_request: HttpRequest) -> str:
    return static("workspace/admin.js")


def favicon(_request: HttpRequest) -> str:
    return static("workspace/favicon.svg")


@dataclass(frozen=True, slots=True)
class Banner:
    """`action` is an address to post to, with a button that says what it does."""

    tone: str
    icon: str
    title: Text
    text: Text
    # Where its button posts to, or leads.
    action: str = ""
    button: Text = ""
    link: str = ""


def _paused(request: HttpRequest) -> list[Banner]:
    workspace = workspace_of(request)
    if not workspace.sending_paused_at or request.path == reverse("system"):  # that page says it itself
        return []
    words = {"time": short_moment(workspace.sending_paused_at)}
    text = _("Since %(time)s. Messages wait until it is resumed.") % words
    if workspace.sending_paused_by:
        words["who"] = str(workspace.sending_paused_by)
        text = _("Since %(time)s, by %(who)s. Messages wait until it is resumed.") % words
    way_out = (reverse("system-resume"), _("Resume sending")) if may_pause(request) else ("", "")
    return [Banner("warning", "pause_circle", _("All sending is paused."), text, *way_out)]


def _stillness(request: HttpRequest) -> list[Banner]:
    """Nobody answers, or what is due is not done: nothing is lost, but nobody gets a text."""
    now = timezone.now()
    safe = _("Nothing is lost: what is due is done when they are back.")
    if is_silent(now):
        return [Banner("bad", "cloud_off", _("No worker has answered for two minutes."), safe)]
    if not workspace_of(request).orders_enabled:  # what waits is meant to
        return []
    is_paused = workspace_of(request).sending_paused_at is not None
    if Run.objects.overdue(now).exists() or (
        not is_paused and Message.objects.overdue(now).exclude(held_back()).exists()
    ):
        behind = _("Orders or messages wait longer than they should: workers are missing, or too few.")
        return [Banner("warning", "hourglass_top", _("Work is late."), behind)]
    return []


def _held(request: HttpRequest) -> list[Banner]:
    """For whoever can decide what becomes of the texts."""
    if not request.user.has_perms(("campaigns.view_campaign", "campaigns.activate_campaign")):
        return []
    held = list(Breaker.objects.tripped().order_by("held_at").values_list("campaign", "campaign__name")[:2])
    if not held:
        return []
    campaign_id, name = held[0]
    about = reverse("admin:campaigns_campaign_change", args=[campaign_id])
    if request.path == about:  # that page says it itself
        return []
    title = (
        _("“%s” has reached its limit of texts an hour.") % name
        if len(held) == 1
        else _("Campaigns have reached their limit of texts an hour.")
    )
    button = _("Look at them") if len(held) == 1 else _("Look at the first")
    return [Banner("bad", "front_hand", title, _("Its other texts wait for somebody to look."), "", button, about)]


def _orders_off(request: HttpRequest) -> list[Banner]:
    """On the screens that make no sense without Orders."""
    about_orders = tuple(f"{reverse('admin:index')}{app}/" for app in ("statuses", "campaigns"))
    if workspace_of(request).orders_enabled or not request.path.startswith(about_orders):
        return []
    title, text = _("Orders is off."), _("No change of an order's status starts a campaign.")
    if not request.user.has_perm(TO_SWITCH):
        return [Banner("warning", "toggle_off", title, f"{text} {_('An administrator can turn it on.')}")]
    return [Banner("warning", "toggle_off", title, text, reverse("orders-on"), _("Turn Orders on"))]


def _screen(request: HttpRequest, title: Text, icon: str, *models: str) -> Item | None:
    """The way to the first of these models' lists that this person may see."""
    for model in models:
        if _may_see(request, model):
            return {"title": title, "icon": icon, "link": _list_of(model), "active": _is_at(request, *models)}
    return None


def _statuses(request: HttpRequest) -> Item | None:
    """With the number of codes that wait for somebody to say what they mean, which is then where it leads."""
    item = _screen(request, _("Order Statuses"), "label", "statuses.orderstatus")
    number = number_of_unknown(request.user)
    if item and number:
        item |= {"badge": number, "badge_variant": "warning"}
    return item


def _told(request: HttpRequest) -> Item | None:
    """A tab of Orders, and a way of its own for those who connect systems and see no orders."""
    if _may_see(request, "orders.order"):
        return None
    return _screen(request, _("Status changes received"), "inbox", "orders.statuschange")


def _campaigns(request: HttpRequest) -> Item | None:
    """With the number of those whose activation is asked for, for whoever can answer."""
    item = _screen(request, _("Campaigns"), "campaign", "campaigns.campaign")
    if item and request.user.has_perm("campaigns.activate_campaign"):
        number = Campaign.objects.asked_for().order_by()[: MOST_COUNTED + 1].count()
        item |= {"badge": number, "badge_variant": "warning"} if number else {}
    return item


def _messages(request: HttpRequest) -> Item | None:
    item = _screen(request, _("Messages"), "sms", "campaigns.message")
    if item and request.path.startswith(reverse(DESK)):
        item["active"] = False
    return item


def _desk(request: HttpRequest) -> Item | None:
    """Always in its place, with a number once somebody is needed."""
    if not request.user.has_perms(("campaigns.settle_message", "campaigns.view_message")):
        return None
    number = Message.objects.unknown().order_by()[: MOST_COUNTED + 1].count()
    address = reverse(DESK)
    return {
        "title": _("Messages to settle"),
        "icon": "contact_support",
        "link": address,
        "active": request.path.startswith(address),
        "badge": f"{MOST_COUNTED}+" if number > MOST_COUNTED else number,
        "badge_variant": "warning",
    }


def _reports(request: HttpRequest) -> Item | None:
    if not reports_for(request.user):
        return None
    address = reverse(REPORTS)
    return {"title": _("Reports"), "icon": "query_stats", "link": address, "active": request.path.startswith(address)}


def _system(request: HttpRequest) -> Item | None:
    if not may_look(request):
        return None
    address = reverse("system")
    return {"title": _("System"), "icon": "monitor_heart", "link": address, "active": request.path.startswith(address)}


def _tabs(request: HttpRequest, *lists: tuple[str, Text]) -> dict[str, Any]:
    items = [
        {"title": title, "link": _list_of(model), "active": _is_at(request, model)}
        for model, title in lists
        if _may_see(request, model)
    ]
    return {"models": [model for model, _title in lists], "items": items if len(items) > 1 else []}


def _status_types(request: HttpRequest) -> dict[str, Any]:
    model, chosen = "statuses.orderstatus", request.GET.get("type__exact", "")
    choices = [
        ("", gettext_lazy("All")),
        ("general", gettext_lazy("General")),
        ("delivery", gettext_lazy("Delivery")),
        ("payment", gettext_lazy("Payment")),
    ]
    address = _list_of(model)
    is_there = request.path == address
    items = [
        {
            "title": title,
            "link": f"{address}?type__exact={key}" if key else address,
            "active": is_there and key == chosen,
        }
        for key, title in choices
    ]
    unknown = "orders.unknowncode"
    if request.user.has_perm(TO_MAP) or _may_see(request, unknown):
        number = number_of_unknown(request.user) if _is_at(request, model, unknown) else 0
        title = _("Unknown codes (%d)") % number if number else _("Unknown codes")
        items.append({"title": title, "link": _list_of(unknown), "active": _is_at(request, unknown)})
    return {"models": [model, unknown], "items": items}


def _may_see(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return any(request.user.has_perm(f"{app}.{verb}_{name}") for verb in ("view", "change"))


def _list_of(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def _is_at(request: HttpRequest, *models: str) -> bool:
    return any(request.path.startswith(_list_of(model)) for model in models)
