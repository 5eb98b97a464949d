"""Settings > Order Statuses: the vocabulary on the screen, in the order in which people put it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.views import ChangeList

from statuses import exchange_admin, lifecycle, lifecycle_admin, placing
from statuses.lifecycle_admin import LIST, TO_SEE_ORDERS, standing
from statuses.models import LISTED, OrderStatus
from statuses.property_admin import PropertyWindows
from statuses.usages import Usage, counts, read_by_analytics, usages
from workspace.screens import (
    Screen,
    close_window,
    code,
    found_in_any_case,
    icon_button,
    lines,
    list_behind,
    nothing,
    pill,
)

# Statuses are moved by hand only where those between which they go stand in their own order, and none is left out.
SHOWN_AS_PUT = frozenset({"type__exact", "p"})

MOST_USES = 3


class StatusList(ChangeList):
    """Asks once for all statuses of a page who uses them; how many orders stand in each is asked for afterwards."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed: Any = self
        listed.result_list = list(listed.result_list)
        told = usages(listed.result_list, request.user, in_lists=True)
        for status in listed.result_list:
            status.uses = told.get(status.pk, [])
        self.counts_of = ",".join(str(status.pk) for status in listed.result_list)


class StandingFilter(admin.SimpleListFilter):
    title = gettext_lazy("Standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("offered", _("Offered")), ("retired", _("Retired")), ("merged", _("Merged"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[OrderStatus]) -> models.QuerySet[OrderStatus]:
        rules: dict[str, dict[str, Any]] = {
            "offered": {"retired_at": None},
            "retired": {"retired_at__isnull": False, "merged_into": None},
            "merged": {"merged_into__isnull": False},
        }
        return queryset.filter(**rules.get(self.value() or "", {}))


@admin.register(OrderStatus)
class StatusScreen(Screen):
    how_they_come = gettext_lazy(
        "The words your shop uses for where an order stands, each with the code its systems send."
    )
    or_begin = ("admin:statuses_presets", gettext_lazy("Start from a set"))
    list_display = (
        "handle",
        "name_shown",
        "type_shown",
        "code_shown",
        "analytics_shown",
        "orders_shown",
        "uses_shown",
        "ways",
    )
    list_select_related = ("merging_into", "merged_into")
    list_display_links = None
    list_filter = ("type", "include_in_analytics", StandingFilter)
    ordering = LISTED
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name or code")
    change_list_template = "statuses/change_list.html"
    list_after_template = "statuses/list_after.html"

    class Media:
        js = ("statuses/list.js",)

    @property
    def property_windows(self) -> PropertyWindows:
        return PropertyWindows(self)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            *self.property_windows.urls(),
            path("orders/", wrap(require_GET(self.count_orders)), name="statuses_orders"),
            path(
                "<int:pk>/analytics/", wrap(require_POST(self.switch_analytics)), name="statuses_orderstatus_analytics"
            ),
            path("<int:pk>/place/", wrap(require_POST(self.put)), name="statuses_place"),
            *exchange_admin.urls(self),
            *lifecycle_admin.urls(self),
            *super().get_urls(),
        ]

    @admin.display(description="")
    def handle(self, status: OrderStatus) -> str:
        """Dragged, or moved by Alt and an arrow key (list.js)."""
        return format_html(
            '<button type="button" class="os-icon os-handle" data-pk="{}" data-type="{}" data-place="{}"'
            ' aria-label="{}" aria-describedby="os-handle-help" title="{}">'
            '<span class="material-symbols-outlined" aria-hidden="true">drag_indicator</span></button>',
            status.pk,
            status.type,
            reverse("admin:statuses_place", args=[status.pk]),
            _("Move “%s”") % status.name,
            _("Drag, or Alt and an arrow key"),
        )

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_shown(self, status: OrderStatus) -> str:
        name = format_html('<span class="os-told">{}</span>', status.name)
        opener = _opener(status, name, f"os-name os-status os-colour-{status.colour}")
        return format_html("{} {}", opener, standing(status))

    @admin.display(description=gettext_lazy("Type"), ordering="type")
    def type_shown(self, status: OrderStatus) -> str:
        return pill(status.get_type_display())

    @admin.display(description=gettext_lazy("Code"), ordering="code_key")
    def code_shown(self, status: OrderStatus) -> str:
        return code(status.code)

    @admin.display(description=gettext_lazy("Include in analytics"), ordering="include_in_analytics")
    def analytics_shown(self, status: OrderStatus) -> str:
        return _switch(status)

    @admin.display(description=gettext_lazy("Include in analytics"), ordering="include_in_analytics")
    def analytics_told(self, status: OrderStatus) -> str:
        """The same for who may not change it."""
        return _("Yes") if status.include_in_analytics else nothing(_("No"))

    @admin.display(description=gettext_lazy("Orders now"))
    def orders_shown(self, status: OrderStatus) -> str:
        return format_html('<span id="orders-{}" class="os-quiet os-number">…</span>', status.pk)

    @admin.display(description=gettext_lazy("Used by"))
    def uses_shown(self, status: Any) -> str:
        """The first few; all of them stand in the window."""
        told = [_use(use) for use in status.uses[:MOST_USES]]
        more = len(status.uses) - len(told)
        if more:
            told.append(_opener(status, _("and %d more") % more, "os-link"))
        return format_html('<div class="os-uses">{}</div>', lines(told)) if told else nothing()

    @admin.display(description="")
    def ways(self, status: OrderStatus) -> str:
        """What may become of it."""
        ways = [("delete", "statuses_orderstatus_delete", _("Delete “%s”"))]
        if not (status.merged_into_id or status.merging_into_id):
            retired = ("unarchive", "statuses_restore", _("Restore “%s”"))
            offered = ("archive", "statuses_retire", _("Retire “%s”"))
            ways = [retired if status.is_retired else offered, ("merge", "statuses_merge", _("Merge “%s”")), *ways]
        buttons = (
            icon_button(reverse(f"admin:{address}", args=[status.pk]), icon, words % status.name)
            for icon, address, words in ways
        )
        return format_html('<div class="os-ways">{}</div>', format_html_join("", "{}", ((each,) for each in buttons)))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Without what this person may not see or do."""
        may_change, left_out = self.has_change_permission(request), set()
        if not may_change or not set(request.GET) <= SHOWN_AS_PUT:
            left_out.add("handle")
        if not may_change:
            left_out.add("ways")
        if not request.user.has_perm(TO_SEE_ORDERS):
            left_out.add("orders_shown")
        told = {} if may_change else {"analytics_shown": "analytics_told"}
        return tuple(told.get(name, name) for name in self.list_display if name not in left_out)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StatusList]:
        return StatusList

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return found_in_any_case(queryset, search_term, "name", "code_key"), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = {
            "may_add": self.has_add_permission(request),
            "may_switch": self.has_change_permission(request),
            "may_see_orders": request.user.has_perm(TO_SEE_ORDERS),
        }
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **may})
        return answer

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return self.property_windows.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.property_windows.edit(request, object_id)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return self.property_windows.delete(request, object_id)

    def count_orders(self, request: HttpRequest) -> HttpResponse:
        """How many orders stand in each status of a page: asked for by the page, once it is there."""
        if not (self.has_view_permission(request) and request.user.has_perm(TO_SEE_ORDERS)):
            raise PermissionDenied
        asked = [number for text in request.GET.get("of", "").split(",") if (number := _whole(text)) is not None]
        counted = counts(list(OrderStatus.objects.filter(pk__in=asked[: self.list_per_page])), request.user)
        return TemplateResponse(request, "statuses/orders.html", {"counted": counted})

    def switch_analytics(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sets what was asked for, rather than turning it over: a page left open cannot undo somebody else's choice.
        Whoever takes the mark away is told first what changes by it.
        """
        status = self.found(request, str(pk), to_change=True)
        wanted = {"true": True, "false": False}.get(request.POST.get("on", ""))
        if status is None or wanted is None:
            return HttpResponseBadRequest()
        is_told = "told" in request.POST
        if not wanted and not is_told and (changed := read_by_analytics(status, request.user)):
            return self._tell_of_unmarking(request, status, changed)
        with transaction.atomic():
            status.include_in_analytics = lifecycle.change(
                status, {"include_in_analytics": wanted}
            ).include_in_analytics
            self.log_change(request, status)
        return close_window(request, list_behind(request, LIST)) if is_told else HttpResponse(_switch(status))

    def _tell_of_unmarking(self, request: HttpRequest, status: OrderStatus, changed: list[Usage]) -> HttpResponse:
        title, back = _("Leave “%s” out of analytics?") % status.name, list_behind(request, LIST)
        answer = self.window(request, "statuses/unmark.html", title, status, changed=changed, back=back)
        # In place of the switch that asked.
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#os-window-body", "innerHTML"
        return answer

    def put(self, request: HttpRequest, pk: int) -> HttpResponse:
        """At another place within its type: right after or before another, or one up or down."""
        status = self.found(request, str(pk), to_change=True)
        said = {name: _whole(request.POST.get(name, "")) for name in ("after", "before", "by")}
        if status is None or (said["after"] or said["before"] or said["by"]) is None:
            return HttpResponseBadRequest()
        try:
            with transaction.atomic():
                place = _put(status, **said)
                self.log_change(request, status)
        except lifecycle.Refusal as refusal:
            messages.error(request, refusal.detail)
            return JsonResponse({"said": refusal.detail}, status=409)
        words = {"name": status.name, "number": place.number, "of": place.of, "type": status.get_type_display()}
        text = _("“%(name)s” is now %(number)d of %(of)d in %(type)s.") % words
        return JsonResponse({"said": text, "moved": place.number != status.position})


def _opener(status: OrderStatus, text: str, classes: str) -> str:
    """Opens the window of a status."""
    return format_html(
        '<a class="{0}" href="{1}" hx-get="{1}" hx-target="#os-window-body">{2}</a>',
        classes,
        reverse("admin:statuses_orderstatus_change", args=[status.pk]),
        text,
    )


def _use(use: Usage) -> str:
    words = use.short or use.text
    if not use.url:
        return format_html('<span title="{}">{}</span>', use.text, words)
    return format_html('<a class="os-link" href="{}" title="{}">{}</a>', use.url, use.text, words)


def _put(status: OrderStatus, after: int | None, before: int | None, by: int | None) -> placing.Place:
    if by is not None:
        return placing.move_by(status, by)
    return placing.put_beside(status, after or before or 0, after=after is not None)


def _whole(text: str) -> int | None:
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else None


def _switch(status: OrderStatus) -> str:
    return format_html(
        '<button type="button" class="os-switch" role="switch" id="analytics-{}" aria-checked="{}" aria-label="{}"'
        ' hx-post="{}" hx-vals=\'{{"on": "{}"}}\' hx-params="on" hx-swap="outerHTML"></button>',
        status.pk,
        "true" if status.include_in_analytics else "false",
        _("Include “%s” in analytics") % status.name,
        reverse("admin:statuses_orderstatus_analytics", args=[status.pk]),
        "false" if status.include_in_analytics else "true",
    )
