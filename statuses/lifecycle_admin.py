"""Windows in which a status is retired, restored or merged: each says first who uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from statuses import lifecycle
from statuses.models import OrderStatus
from statuses.usages import Usage, usages
from workspace.screens import Screen, close_window

LIST = "admin:statuses_orderstatus_changelist"


def urls(screen: Screen) -> list[URLPattern]:
    """For StatusScreen.get_urls."""
    windows, wrap = _Windows(screen), screen.admin_site.admin_view
    return [
        path("<int:pk>/retire/", wrap(windows.retire), name="statuses_retire"),
        path("<int:pk>/restore/", wrap(windows.restore), name="statuses_restore"),
        path("<int:pk>/merge/", wrap(windows.merge), name="statuses_merge"),
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

    def retire(self, request: HttpRequest, pk: int) -> HttpResponse:
        status = self._found(request, pk)
        taken = "yes" if status.is_taken_from_sources else "no"
        form = RetireForm(request.POST if request.method == "POST" else None, initial={"taken": taken})
        if form.is_valid():
            is_taken = form.cleaned_data["taken"] == "yes"
            done = _("“%s” is retired: it is offered no more.")
            return self._do(request, status, lambda: lifecycle.retire(status, is_taken=is_taken), done)
        return self._ask(request, "statuses/retire.html", _("Retire “%s”?"), status, form=form)

    def restore(self, request: HttpRequest, pk: int) -> HttpResponse:
        status = self._found(request, pk)
        if request.method == "POST":
            return self._do(request, status, lambda: lifecycle.restore(status), _("“%s” is offered again."))
        return self._ask(request, "statuses/restore.html", _("Offer “%s” again?"), status)

    def merge(self, request: HttpRequest, pk: int) -> HttpResponse:
        status = self._found(request, pk)
        form = MergeForm(status, request.POST if request.method == "POST" else None)
        if form.is_valid():
            into = form.cleaned_data["into"]
            done = _("“%s” is being merged: its orders move, and its code means the other status.")
            return self._do(request, status, lambda: lifecycle.begin_merge(status, into), done)
        return self._ask(request, "statuses/merge.html", _("Merge “%s” into another status?"), status, form=form)

    def _found(self, request: HttpRequest, pk: int) -> OrderStatus:
        status: OrderStatus | None = self.screen.found(request, str(pk), to_change=True)
        if status is None:
            raise Http404
        return status

    def _ask(self, request: HttpRequest, template: str, title: str, status: OrderStatus, **shown: Any) -> HttpResponse:
        uses: list[Usage] = usages([status], request.user).get(status.pk, [])
        shown |= {"uses": uses, "back": reverse(LIST)}
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
        except OrderStatus.DoesNotExist:
            raise PermissionDenied from None
        else:
            messages.success(request, done % status.name)
        return close_window(request, reverse(LIST))
