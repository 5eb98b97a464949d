"""The desk for messages whose fate is unknown: each with what was sent and heard, settled singly or in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_POST

from campaigns.models import Message
from campaigns.sms import settling
from campaigns.sms.connections import Switchboard
from campaigns.sms.wording import error_of, gateway_names, named
from workspace import history
from workspace.database import in_sets
from workspace.models import Verb
from workspace.personal import shown_to
from workspace.screens import ReadOnlyScreen, close_window, moment

DESK = "admin:campaigns_message_desk"
SHOWN = 50
LOOK_UP, SENT, NOT_SENT = "look_up", "sent", "not_sent"

TITLES = {
    SENT: ngettext_lazy("Mark the message as sent?", "Mark %(n)d messages as sent?", "n"),
    NOT_SENT: ngettext_lazy(
        "Mark the message as not sent, and send it?", "Mark %(n)d messages as not sent, and send them?", "n"
    ),
}
DONE = {
    LOOK_UP: ngettext_lazy(
        "%(n)d message is settled by what its gateway said.",
        "%(n)d messages are settled by what their gateways said.",
        "n",
    ),
    SENT: ngettext_lazy("%(n)d message is marked as sent.", "%(n)d messages are marked as sent.", "n"),
    NOT_SENT: ngettext_lazy("%(n)d message is on its way again.", "%(n)d messages are on their way again.", "n"),
}
NOT_ANSWERED = ngettext_lazy(
    "The gateway could not say what became of the message, or could not be asked.",
    "Of %(n)d messages the gateways could not say what became of them, or could not be asked.",
    "n",
)
NOT_ASKED = ngettext_lazy(
    "%(n)d was not asked about: its gateway cannot look messages up. Look in the provider’s own log.",
    "%(n)d were not asked about: their gateways cannot look messages up. Look in the providers’ own logs.",
    "n",
)
MEANWHILE = ngettext_lazy(
    "%(n)d had been settled meanwhile, by somebody else or a receipt, and stays as it is.",
    "%(n)d had been settled meanwhile, by somebody else or by receipts, and stay as they are.",
    "n",
)


class ReasonForm(forms.Form):
    """Why a person says so: kept with each message."""

    reason = forms.CharField(
        label=gettext_lazy("How do you know?"),
        max_length=400,
        help_text=gettext_lazy(
            "Kept with each message, such as “Looked in the provider’s log of 3 May, asked Ann there.”"
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody ticked: these messages, or all of the list as it was when it was drawn."""

    ids: Sequence[int]
    # Where to go when it is done.
    back: str
    asked: dict[str, Any]

    @classmethod
    def of(cls, request: HttpRequest) -> Chosen:
        ticked = [_id(raw) for raw in request.POST.getlist("message")]
        gateway, newest = request.POST.get("gateway", ""), _id(request.POST.get("newest", "0"))
        asked = {"message": ticked, "gateway": gateway, "newest": newest, "all": request.POST.get("all", "")}
        ids = ticked
        if asked["all"]:
            ids = list(_listed(gateway).filter(pk__lte=newest).values_list("pk", flat=True))
        is_single = request.POST.get("from") == "message" and len(ids) == 1
        asked["from"] = "message" if is_single else ""
        back = reverse("admin:campaigns_message_change", args=ids) if is_single else reverse(DESK)
        return cls(ids, back, asked)


class SettlingDesk(ReadOnlyScreen):
    """The part of the messages' screen that settles."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("to-settle/", wrap(self.desk_view), name="campaigns_message_desk"),
            path("settle/", wrap(require_POST(self.settle_view)), name="campaigns_message_settle"),
            *super().get_urls(),
        ]

    def may_settle(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("campaigns.settle_message") and self.has_view_permission(request))

    def desk_view(self, request: HttpRequest) -> HttpResponse:
        self._refuse_others(request)
        gateway = request.GET.get("gateway", "")
        listed = _listed(gateway)
        rows = list(shown_to(request.user, listed.select_related("customer", "order", "campaign"))[:SHOWN])
        newest = listed.order_by("-pk").values_list("pk", flat=True).first()
        gateways = list(_listed("").order_by("gateway").values_list("gateway", flat=True).distinct())
        askable, names = can_look_up(gateways), gateway_names()
        shown: dict[str, Any] = {
            "rows": [_shown(row, names, askable) for row in rows],
            "can_look_up": bool(askable & ({gateway} if gateway else set(gateways))),
            "number": listed.count(),
            "newest": newest or 0,
            "gateway": gateway,
            "gateways": [(one, named(one, names)) for one in gateways] if len(gateways) > 1 or gateway else [],
        }
        return self.page(request, "campaigns/desk/desk.html", _("Messages to settle"), is_single=True, **shown)

    def settle_view(self, request: HttpRequest) -> HttpResponse:
        """Look up at once; for the other two first a window that asks how somebody knows."""
        self._refuse_others(request)
        todo, chosen = request.POST.get("do"), Chosen.of(request)
        if todo not in {LOOK_UP, SENT, NOT_SENT}:
            return HttpResponseBadRequest()
        if not chosen.ids:
            messages.error(request, _("Choose at least one message. Those chosen before may be settled by now."))
            return close_window(request, chosen.back)
        if todo == LOOK_UP:
            self._look_up(request, chosen)
            return close_window(request, chosen.back)
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        form.use_required_attribute = False
        if not form.is_valid():
            return self._ask(request, todo, chosen, form)
        self._settle(request, todo, chosen, form.cleaned_data["reason"])
        return close_window(request, chosen.back)

    def _ask(self, request: HttpRequest, todo: str, chosen: Chosen, form: ReasonForm) -> HttpResponse:
        number = len(chosen.ids)
        shown: dict[str, Any] = {"form": form, "do": todo, "asked": chosen.asked, "number": number, "back": chosen.back}
        return self.window(request, "campaigns/desk/settle.html", TITLES[todo] % {"n": number}, **shown)

    def _settle(self, request: HttpRequest, todo: str, chosen: Chosen, reason: str) -> None:
        verb = settling.mark_sent if todo == SENT else settling.mark_not_sent_and_send
        assert request.user.pk is not None
        settled = sum(verb(some, reason=reason, actor_id=request.user.pk) for some in in_sets(chosen.ids))
        _record(request, todo, chosen.ids, settled)
        _tell(request, todo, settled, len(chosen.ids) - settled)

    def _look_up(self, request: HttpRequest, chosen: Chosen) -> None:
        most = settling.LOOK_UPS_AT_ONCE
        unknown = _gateways_of(chosen.ids)
        askable = can_look_up(unknown.values())
        ids = [pk for pk, gateway in unknown.items() if gateway in askable]
        asked = list(Message.objects.unknown().filter(pk__in=ids[:most]).order_by("pk"))
        settled = settling.look_up(asked, request.user.pk)
        _record(request, LOOK_UP, [message.pk for message in asked], settled)
        _tell(request, LOOK_UP, settled, len(chosen.ids) - len(unknown))
        if open_still := len(asked) - settled:
            messages.warning(request, NOT_ANSWERED % {"n": open_still})
        if not_asked := len(unknown) - len(ids):
            messages.warning(request, NOT_ASKED % {"n": not_asked})
        if len(ids) > most:
            messages.info(request, _("%d are looked up at a time: look up the rest in a moment.") % most)

    def _refuse_others(self, request: HttpRequest) -> None:
        if not self.may_settle(request):
            raise PermissionDenied


def can_look_up(codes: Iterable[str]) -> set[str]:
    """Those of these gateways that can be asked what became of a message."""
    switchboard = Switchboard.now()
    found = {code: switchboard.find(code) for code in set(codes)}
    return {code for code, one in found.items() if one and one.gateway.promises.can_look_up}


def _gateways_of(ids: Sequence[int]) -> dict[int, str]:
    """The code of each that is still unknown, the oldest first."""
    sets = (Message.objects.unknown().filter(pk__in=some) for some in in_sets(sorted(ids)))
    return {pk: gateway for some in sets for pk, gateway in some.order_by("pk").values_list("pk", "gateway")}


def _shown(row: Message, names: Mapping[str, str], askable: Collection[str]) -> tuple[Any, ...]:
    return row, moment(row.called_at), error_of(row), named(row.gateway, names), row.gateway in askable


def _listed(gateway: str) -> QuerySet[Message]:
    unknown = Message.objects.unknown().order_by("pk")
    return unknown.filter(gateway=gateway) if gateway else unknown


def _tell(request: HttpRequest, todo: str, settled: int, meanwhile: int) -> None:
    if settled:
        messages.success(request, DONE[todo] % {"n": settled})
    if meanwhile:
        messages.warning(request, MEANWHILE % {"n": meanwhile})


def _record(request: HttpRequest, todo: str, ids: Sequence[int], settled: int) -> None:
    """The reason stays with each message: a person wrote it, and may have written of a customer."""
    if settled:
        about = Message(pk=ids[0]) if len(ids) == 1 else Message
        history.record(request, Verb.SETTLED, about, counts={todo: settled})


def _id(raw: str) -> int:
    return int(raw) if raw.isdecimal() and len(raw) < 19 else 0
