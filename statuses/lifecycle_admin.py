"""Windows in which a status is retired, restored or merged: each says first who uses it. And where it stands since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from statuses import lifecycle
from statuses.models import OrderStatus
from statuses.usages import Usage, counts, usages
from workspace.screens import Screen, close_window, list_behind, pill

LIST = "admin:statuses_orderstatus_changelist"
TO_SEE_ORDERS = "orders.view_order"


def urls(screen: Screen) -> list[URLPattern]:
    """For StatusScreen.get_urls."""
    windows, wrap = _Windows(screen), screen.admin_site.admin_view
    return [
        path("<int:pk>/retire/", wrap(windows.of_one(windows.retire)), name="statuses_retire"),
        path("<int:pk>/restore/", wrap(windows.of_one(windows.restore)), name="statuses_restore"),
        path("<int:pk>/merge/", wrap(windows.of_one(windows.merge)), name="statuses_merge"),
        path("<int:pk>/standing/", wrap(require_GET(windows.tell_standing)), name="statuses_standing"),
    ]


class RetireForm(forms.Form):
    taken = forms.ChoiceField(
        label=gettext_lazy("When integrations go on sending it"),
        choices=[
            ("yes", gettext_lazy("Take it: orders still move there")),
            ("no", gettext_lazy("Refuse it, and tell them so")),
        ],
        widget=UnfoldAdminRadioSelectWidget,
    )


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(
        label=gettext_lazy("Merge it into"),
        queryset=OrderStatus.objects.none(),
        empty_label=gettext_lazy("Choose a status"),
        widget=UnfoldAdminSelectWidget(attrs={"autofocus": True}),
    )

    def __init__(self, status: OrderStatus, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = OrderStatus.objects.of_type(status.type).offered().exclude(pk=status.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


class _Windows:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def of_one(self, window: Callable[[HttpRequest, OrderStatus], HttpResponse]) -> Callable[..., HttpResponse]:
        """A window of a status that this person may change. Whoever comes too late is told so."""

        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            try:
                return window(request, self._found(request, pk))
            except OrderStatus.DoesNotExist:
                return gone(request)

        return answer

    def retire(self, request: HttpRequest, status: OrderStatus) -> HttpResponse:
        taken = "yes" if status.is_taken_from_sources else "no"
        form = RetireForm(request.POST if request.method == "POST" else None, initial={"taken": taken})
        if form.is_valid():
            is_taken = form.cleaned_data["taken"] == "yes"
            done = _("“%s” is retired: it is offered no more.")
            return self._do(request, status, lambda: lifecycle.retire(status, is_taken=is_taken), done)
        return self._ask(request, "statuses/retire.html", _("Retire “%s”?"), status, form=form)

    def restore(self, request: HttpRequest, status: OrderStatus) -> HttpResponse:
        if request.method == "POST":
            return self._do(request, status, lambda: lifecycle.restore(status), _("“%s” is offered again."))
        return self._ask(request, "statuses/restore.html", _("Offer “%s” again?"), status)

    def merge(self, request: HttpRequest, status: OrderStatus) -> HttpResponse:
        form = MergeForm(status, request.POST if request.method == "POST" else None)
        if form.is_valid():
            into = form.cleaned_data["into"]
            done = _("“%s” is being merged: its orders move, and its code means the other status.")
            return self._do(request, status, lambda: lifecycle.begin_merge(status, into), done)
        return self._ask(request, "statuses/merge.html", _("Merge “%s” into another status?"), status, form=form)

    def tell_standing(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asked again and again while a status is being merged."""
        status: OrderStatus | None = self.screen.found(request, str(pk))
        if status is None:
            return HttpResponse()
        counted = counts([status], request.user) if request.user.has_perm(TO_SEE_ORDERS) else []
        left = [use.number_shown if use else "0" for _pk, use in counted]
        told = _left(status, *left) if status.merging_into else standing(status)
        return TemplateResponse(request, "statuses/standing.html", {"standing": told, "counted": counted})

    def _found(self, request: HttpRequest, pk: int) -> OrderStatus:
        status: OrderStatus | None = self.screen.found(request, str(pk), to_change=True)
        if status is None:
            raise OrderStatus.DoesNotExist
        return status

    def _ask(self, request: HttpRequest, template: str, title: str, status: OrderStatus, **shown: Any) -> HttpResponse:
        uses: list[Usage] = usages([status], request.user).get(status.pk, [])
        shown |= {"uses": uses, "back": list_behind(request, LIST)}
        return self.screen.window(request, template, title % status.name, status, **shown)

    def _do(
        self, request: HttpRequest, status: OrderStatus, change: Callable[[], OrderStatus], done: str
    ) -> HttpResponse:
        """What cannot be done is told on the list, where one sees why."""
        try:
            with transaction.atomic():
                change()
                self.screen.log_change(request, status)
        except lifecycle.Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, done % status.name)
        return close_window(request, list_behind(request, LIST))


def gone(request: HttpRequest) -> HttpResponse:
    """For whoever meant a status that somebody else has just deleted."""
    messages.error(request, _("The status is not there any more: somebody deleted it."))
    return close_window(request, list_behind(request, LIST))


def standing(status: OrderStatus) -> str:
    """Whether it is offered, if it is not."""
    if status.merged_into:
        return pill(_("Merged into “%s”") % status.merged_into.name)
    if status.merging_into:
        return _merging(status, _("Being merged into “%s”") % status.merging_into.name, "load")
    if not status.is_retired:
        return ""
    return pill(_("Retired")) if status.is_taken_from_sources else pill(_("Retired, and refused"), "warning")


def _left(status: Any, left: str = "") -> str:
    """With how many orders are still to be moved, for those who may know."""
    name = status.merging_into.name
    text = _("Being merged into “%s”") % name
    if left:
        text = _("Being merged into “%(name)s”: %(left)s orders to go") % {"name": name, "left": left}
    return _merging(status, text, "load delay:2s")


def _merging(status: OrderStatus, text: str, asks: str) -> str:
    """Takes its own place as long as there is something to tell."""
    return format_html(
        '<span class="os-pill os-info" hx-get="{}" hx-trigger="{}" hx-swap="outerHTML">{}</span>',
        reverse("admin:statuses_standing", args=[status.pk]),
        asks,
        text,
    )
