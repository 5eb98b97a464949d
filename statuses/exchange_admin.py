"""Screens of the vocabulary as a whole: sets to start from, and files. StatusScreen lends them its frame."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminFileFieldWidget

from statuses import exchange, lifecycle
from statuses.exchange import Line, NotTakenIn, Plan, Planned, Verdict
from statuses.exchange_files import FORMATS, MOST_BYTES, export, read
from statuses.models import OrderStatus
from statuses.presets import EXAMPLE, PRESETS
from workspace import history
from workspace.exports import BYTE_ORDER_MARK
from workspace.files import BadFile
from workspace.models import Verb
from workspace.screens import Screen, close_window

LIST = "admin:statuses_orderstatus_changelist"
TONES = {Verdict.ADD: "good", Verdict.CHANGE: "info", Verdict.SAME: "", Verdict.WRONG: "bad"}
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def urls(screen: Screen) -> list[URLPattern]:
    """For StatusScreen.get_urls."""
    pages, wrap = _Pages(screen), screen.admin_site.admin_view
    return [
        path("presets/", wrap(pages.presets), name="statuses_presets"),
        path("presets/undo/", wrap(pages.undo), name="statuses_presets_undo"),
        path("import/", wrap(pages.take_in), name="statuses_import"),
        path("export/", wrap(require_GET(pages.export)), name="statuses_export"),
    ]


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.json,.txt,text/csv,application/json"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
        help_text=gettext_lazy("CSV in UTF-8, as spreadsheets save it, or JSON. At most 1 MiB."),
    )

    def read(self) -> tuple[bytes, list[Line]] | None:
        """Its content and its lines; None with an error beside the field."""
        if not self.is_valid():
            return None
        content: bytes = self.cleaned_data["file"].read(MOST_BYTES + 1)
        try:
            return content, read(content)
        except BadFile as error:
            self.add_error("file", str(error))
            return None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a plan as the page shows it."""

    where: str
    status: OrderStatus
    code: str
    label: str
    tone: str
    told: Sequence[str]

    @classmethod
    def of(cls, planned: Planned) -> Row:
        label = str(planned.verdict.label)
        return cls(
            planned.line.where,
            planned.status,
            planned.status.code,
            label,
            TONES[planned.verdict],
            planned.told(),
        )


class _Pages:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def presets(self, request: HttpRequest) -> HttpResponse:
        """What a set would add, and adding it. What is there already stays as it is."""
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        preset = PRESETS.get(request.GET.get("set", ""), EXAMPLE)
        lines = exchange.lines_of(preset)
        if request.method == "POST":
            done = exchange.take_in(lines, by=request, only_adds=True)
            self._tell(request, done, may_undo=True)
            return HttpResponseRedirect(reverse(LIST))
        planned = exchange.plan(lines, only_adds=True)
        return self.screen.page(
            request,
            "statuses/presets.html",
            _("Start from a set"),
            presets=PRESETS.values(),
            chosen=preset,
            rows=[Row.of(one) for one in planned.planned],
            add=_count_words(len(planned.of(Verdict.ADD))),
            adds=planned.does_something,
            back=reverse(LIST),
        )

    def undo(self, request: HttpRequest) -> HttpResponse:
        """Remove what a set added, where nothing uses it by now."""
        if not self.screen.has_delete_permission(request):
            raise PermissionDenied
        added = _read_ids(request.GET.get("added", ""))
        if request.method == "POST":
            removed = lifecycle.delete_unused(added)
            history.record(request, Verb.WRITTEN, OrderStatus, counts={"deleted": len(removed)})
            self._tell_removed(request, removed)
            return close_window(request, reverse(LIST))
        statuses = list(OrderStatus.objects.filter(pk__in=added))
        unused = {status.pk for status in lifecycle.unneeded(added)}
        return self.screen.window(
            request,
            "statuses/presets_undo.html",
            _("Remove what was added"),
            here=request.get_full_path(),
            removed=[status for status in statuses if status.pk in unused],
            staying=[status for status in statuses if status.pk not in unused],
            back=reverse(LIST),
        )

    def take_in(self, request: HttpRequest) -> HttpResponse:
        """A file, then what would become of each of its lines, then all of it or nothing."""
        if not (self.screen.has_add_permission(request) and self.screen.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._file_page(request, FileForm())
        if "content" in request.POST:
            return self._take_in(request)
        form = FileForm(request.POST, request.FILES)
        content_and_lines = form.read()
        if content_and_lines is None:
            return self._file_page(request, form)
        content, lines = content_and_lines
        return self._plan_page(request, content, exchange.plan(lines))

    def export(self, request: HttpRequest) -> HttpResponse:
        if not self.screen.has_view_permission(request):
            raise PermissionDenied
        format = request.GET.get("format", "csv")
        if format not in FORMATS:
            format = "csv"
        text = export(format)
        answer = HttpResponse(BYTE_ORDER_MARK + text if format == "csv" else text, content_type=CONTENT_TYPES[format])
        answer.headers["Content-Disposition"] = f'attachment; filename="order-statuses.{format}"'
        return answer

    def _take_in(self, request: HttpRequest) -> HttpResponse:
        """What was looked at comes back with the page, and is held against what is there by now."""
        try:
            content = base64.b64decode(request.POST["content"], validate=True)
            lines = read(content)
        except (binascii.Error, ValueError, BadFile):
            return HttpResponseRedirect(reverse("admin:statuses_import"))
        try:
            done = exchange.take_in(lines, by=request, mark=request.POST.get("mark", ""))
        except NotTakenIn as refused:
            return self._plan_page(request, content, refused.plan, is_another=True)
        self._tell(request, done)
        return HttpResponseRedirect(reverse(LIST))

    def _file_page(self, request: HttpRequest, form: FileForm) -> HttpResponse:
        return self.screen.page(
            request, "statuses/import.html", _("Import order statuses"), form=form, back=reverse(LIST)
        )

    def _plan_page(self, request: HttpRequest, content: bytes, plan: Plan, *, is_another: bool = False) -> HttpResponse:
        return self.screen.page(
            request,
            "statuses/import_plan.html",
            _("Import order statuses"),
            plan=plan,
            wrong=[Row.of(one) for one in plan.of(Verdict.WRONG)],
            rows=[Row.of(one) for one in plan.planned if one.verdict != Verdict.WRONG],
            counts=[(verdict.label, TONES[verdict], count) for verdict, count in plan.counts.items() if count],
            content=base64.b64encode(content).decode(),
            is_another=is_another,
            back=reverse("admin:statuses_import"),
        )

    def _tell(self, request: HttpRequest, done: Plan, *, may_undo: bool = False) -> None:
        """What was done, to whoever did it."""
        added = [planned.status for planned in done.of(Verdict.ADD)]
        changed = [planned.status for planned in done.of(Verdict.CHANGE)]
        if not added and not changed:
            messages.info(request, _("All of it was there already. Nothing was changed."))
            return
        said = " ".join(
            words % {"names": _names(statuses)}
            for words, statuses in ((_("Added: %(names)s."), added), (_("Changed: %(names)s."), changed))
            if statuses
        )
        if may_undo and self.screen.has_delete_permission(request):
            there = f"{reverse('admin:statuses_presets_undo')}?{urlencode({'added': _ids(added)})}"
            link = '{} <a class="os-link" href="{}" hx-get="{}" hx-target="#os-window-body">{}</a>'
            said = format_html(link, said, there, there, _("Remove those still unused"))
        messages.success(request, said)

    def _tell_removed(self, request: HttpRequest, removed: Sequence[OrderStatus]) -> None:
        if removed:
            messages.success(request, _("Removed: %s.") % _names(removed))
        else:
            messages.info(request, _("All of them are in use by now. Nothing was removed."))


def _count_words(count: int) -> str:
    return ngettext("Add %d status", "Add %d statuses", count) % count


def _names(statuses: Iterable[OrderStatus]) -> str:
    return ", ".join(status.name for status in statuses)


def _ids(statuses: Iterable[OrderStatus]) -> str:
    return ",".join(str(status.pk) for status in statuses)


def _read_ids(written: str) -> list[int]:
    """No more than any set has."""
    parts = written.split(",")[:100]
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19]
