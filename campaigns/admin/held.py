"""Texts that the hourly limit of a campaign holds: a person looks at some, and lets all go, some, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminRadioSelectWidget

from campaigns.engine import readable_plans
from campaigns.models import Campaign, CampaignVersion, Message
from campaigns.sms import breaker
from campaigns.sms.breaker import NothingHeld, first_held, held_of
from campaigns.sms.templates import TemplateProblem, render, variables_for
from statuses.models import OrderStatus
from workspace import history
from workspace.models import Verb, Workspace
from workspace.screens import Screen, close_window

TO_RELEASE = "campaigns.activate_campaign"
# So many are shown of those that wait.
SAMPLE = 5


class HeldForm(forms.Form):
    what = forms.ChoiceField(
        label=gettext_lazy("What becomes of them?"),
        choices=[
            ("all", gettext_lazy("Send all of them")),
            ("some", gettext_lazy("Send the oldest, and keep the others waiting")),
            ("none", gettext_lazy("Send none of them")),
        ],
        widget=UnfoldAdminRadioSelectWidget,
    )
    number = forms.IntegerField(
        label=gettext_lazy("How many of the oldest"),
        min_value=1,
        required=False,
        initial=10,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("what") == "some" and not said.get("number") and "number" not in self.errors:
            self.add_error("number", _("Say how many."))
        return said


@dataclass(frozen=True, slots=True)
class Shown:
    """One text that waits, as it would leave now. Empty where it may not be seen."""

    order: str
    text: str
    problem: str = ""


def held_view(screen: Screen, request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm(TO_RELEASE):
        raise PermissionDenied
    campaign: Campaign | None = screen.found(request, str(pk))
    if campaign is None:
        raise Http404
    back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    form = HeldForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _decide(request, campaign, form.cleaned_data["what"], form.cleaned_data["number"])
        return close_window(request, back)
    held = held_of(campaign)
    sample = _sample(campaign) if screen.sees_personal_data(request) else []
    title = _("Texts of “%s” that wait") % campaign
    return screen.window(
        request, "campaigns/held.html", title, campaign, back=back, form=form, held=held, sample=sample
    )


def _decide(request: HttpRequest, campaign: Campaign, what: str, number: int | None) -> None:
    try:
        with transaction.atomic():
            done = breaker.drop(campaign) if what == "none" else breaker.release(campaign, _first(what, number))
            changes = {("not_sent" if what == "none" else "sent"): [None, done]}
            history.record_changed(request, campaign, Verb.SETTLED, **changes)
    except NothingHeld as error:
        messages.error(request, str(error))
        return
    if what == "none":
        told = ngettext("%d text is not sent.", "%d texts are not sent.", done) % done
    else:
        told = ngettext("%d text is let go.", "%d texts are let go.", done) % done
    messages.success(request, told)


def _first(what: str, number: int | None) -> int | None:
    return number if what == "some" else None


def _sample(campaign: Campaign) -> list[Shown]:
    waiting = first_held(campaign, SAMPLE)
    plans = readable_plans(CampaignVersion.objects.filter(pk__in={message.run.version_id for message in waiting}))
    vocabulary, home = OrderStatus.objects.in_bulk(), Workspace.current().timezone
    return [_shown(message, plans[message.run.version_id].nodes[message.step].params["text"], vocabulary, home)
            for message in waiting if message.run.version_id in plans]  # fmt: skip


def _shown(message: Message, template: str, vocabulary: dict[int, OrderStatus], home: str) -> Shown:
    order, customer = message.order, message.customer
    if order is None or customer is None:
        return Shown(str(order or ""), "")
    zone = ZoneInfo(customer.timezone or home)
    try:
        text = render(template, variables_for(order, customer, message.run.transition, vocabulary, zone))
    except TemplateProblem as problem:
        return Shown(order.external_id, "", str(problem))
    return Shown(order.external_id, text)
