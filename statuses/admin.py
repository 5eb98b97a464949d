"""Settings > Order Statuses: the vocabulary on the screen, and the window “Status property”."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from statuses import exchange_admin, lifecycle_admin
from statuses.models import OrderStatus, StatusType
from statuses.usages import usages
from workspace.screens import Screen, close_window, code, lines, link, nothing, pill, window_button


class StatusForm(forms.ModelForm):  # type: ignore[type-arg]
    """A status property. What integrations and orders already rely on cannot be changed any more."""

    class Meta:
        model = OrderStatus
        fields = ("name", "type", "code", "include_in_analytics", "colour")
        widgets = {
            "colour": UnfoldAdminSelectWidget(),
            "name": UnfoldAdminTextInputWidget(
                attrs={"autofocus": True, "data-suggests": "id_code", "autocomplete": "off"}
            ),
            "type": UnfoldAdminSelectWidget(),
            "code": UnfoldAdminTextInputWidget(
                attrs={"data-suggested": "", "autocomplete": "off", "spellcheck": "false"}
            ),
            "include_in_analytics": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "type" in self.fields:
            self.fields["type"].choices = StatusType.choices  # type: ignore[attr-defined]
        if "colour" in self.fields:
            self.fields["colour"].required = False

    def clean_colour(self) -> str:
        """Left out, it stays as it is."""
        return str(self.cleaned_data["colour"] or self.instance.colour)

    def _post_clean(self) -> None:
        """That a code is taken is said beside the code."""
        super()._post_clean()  # type: ignore[misc]
        taken = self.errors.pop("__all__", None)
        if taken and "code" in self.fields:
            self.add_error("code", taken.as_data())
        elif taken:
            self.errors["__all__"] = taken


class StatusList(ChangeList):
    """Asks once for all statuses of a page who uses them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed: Any = self
        listed.result_list = list(listed.result_list)
        told = usages(listed.result_list, request.user)
        for status in listed.result_list:
            status.uses = told.get(status.pk, [])


@admin.register(OrderStatus)
class StatusScreen(Screen):
    form = StatusForm
    fields = ("name", "type", "code", "include_in_analytics", "colour", "standing_shown")
    list_display = ("name_shown", "type_shown", "code_shown", "analytics_shown", "uses_shown", "standing_shown")
    list_select_related = ("merging_into", "merged_into")
    list_display_links = ("name_shown",)
    list_filter = ("type", "include_in_analytics")
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name or code")
    change_list_template = "statuses/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        wrap, switch = self.admin_site.admin_view, require_POST(self.switch_analytics)
        return [
            path("add-status/", wrap(self.add_in_window), name="statuses_orderstatus_add_in_window"),
            path("<int:pk>/analytics/", wrap(switch), name="statuses_orderstatus_analytics"),
            *exchange_admin.urls(self),
            *lifecycle_admin.urls(self),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_shown(self, status: OrderStatus) -> str:
        return dotted(status)

    @admin.display(description=gettext_lazy("Type"), ordering="type")
    def type_shown(self, status: OrderStatus) -> str:
        return pill(status.get_type_display())

    @admin.display(description=gettext_lazy("Code"), ordering="code_key")
    def code_shown(self, status: OrderStatus) -> str:
        return code(status.code)

    @admin.display(description=gettext_lazy("Include in analytics"), ordering="include_in_analytics")
    def analytics_shown(self, status: OrderStatus) -> str:
        return _switch(status)

    @admin.display(description=gettext_lazy("Used by"))
    def uses_shown(self, status: Any) -> str:
        return lines(link(use.url, use.text) for use in status.uses) or nothing()

    @admin.display(description=gettext_lazy("Standing"))
    def standing_shown(self, status: OrderStatus) -> str:
        """Whether it is offered, and what may be done about that."""
        if status.merged_into_id or status.merging_into_id:
            return _standing(status)
        first = ("restore", _("Restore")) if status.is_retired else ("retire", _("Retire"))
        return lines([_standing(status), self._ways(status, first, ("merge", _("Merge")))])

    @admin.display(description=gettext_lazy("Standing"))
    def standing_told(self, status: OrderStatus) -> str:
        """The same for who may not change it."""
        return _standing(status)

    def _ways(self, status: OrderStatus, *ways: tuple[str, str]) -> str:
        buttons = (window_button(reverse(f"admin:statuses_{verb}", args=[status.pk]), word) for verb, word in ways)
        return format_html_join(" ", "{}", ((button,) for button in buttons))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self._as_may(request, self.list_display)

    def get_fields(self, request: HttpRequest, obj: OrderStatus | None = None) -> tuple[str, ...]:
        """A new one stands nowhere yet."""
        fields = self._as_may(request, self.fields)
        return fields if obj else fields[:-1]

    def _as_may(self, request: HttpRequest, columns: tuple[str, ...]) -> tuple[str, ...]:
        told = "standing_shown" if self.has_change_permission(request) else "standing_told"
        return tuple(told if name == "standing_shown" else name for name in columns)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StatusList]:
        return StatusList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = {"may_add": self.has_add_permission(request), "may_switch": self.has_change_permission(request)}
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **may})
        return answer

    def add_in_window(self, request: HttpRequest) -> HttpResponse:
        """“Status property”. Saved, it says so by HX-Redirect; asked to add another, it comes back empty."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = _chosen_type(request)
        back = reverse("admin:statuses_orderstatus_changelist") + (f"?type__exact={chosen}" if chosen else "")
        form = StatusForm(request.POST if request.method == "POST" else None, initial=_initial(chosen))
        saved = None
        if form.is_valid():
            with transaction.atomic():
                saved = form.save()
                self.log_addition(request, saved)
            if "_addanother" not in request.POST:
                messages.success(request, _("“%s” was added.") % saved.name)
                return close_window(request, back)
            form = StatusForm(initial=_initial(saved.type))
        shown: dict[str, Any] = {"form": _described(form), "back": back, "saved": saved}
        answer = self.window(request, "statuses/property.html", _("Status property"), **shown)
        if saved:
            answer.headers["HX-Trigger"] = "os-saved"
        return answer

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return self.add_in_window(request)

    def switch_analytics(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sets what was asked for, rather than turning it over: a page left open cannot undo somebody else's choice."""
        status = self.found(request, str(pk), to_change=True)
        wanted = {"true": True, "false": False}.get(request.POST.get("on", ""))
        if status is None or wanted is None:
            return HttpResponseBadRequest()
        if status.include_in_analytics != wanted:
            status.include_in_analytics = wanted
            with transaction.atomic():
                status.save(update_fields=["include_in_analytics"])
                self.log_change(request, status)
        return HttpResponse(_switch(status))

    def get_readonly_fields(self, request: HttpRequest, obj: OrderStatus | None = None) -> tuple[str, ...]:
        """A status keeps its type. Its code is fixed once something uses it."""
        if obj is None:
            return ()
        standing = ("standing_shown", "standing_told")
        return ("type", "code", *standing) if obj.is_used() else ("type", *standing)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        status = self.get_object(request, object_id)
        if status is not None and self.has_delete_permission(request, status) and status.is_used():
            return self._refuse_to_delete(request, status)
        try:
            answer: HttpResponse = super().delete_view(request, object_id, extra_context)
        except ProtectedError:  # used since we looked
            return self._refuse_to_delete(request, status)
        return answer

    def _refuse_to_delete(self, request: HttpRequest, status: Any) -> HttpResponse:
        stays = _("“%s” is used by orders, their history or campaigns, so it stays.") % status.name
        messages.error(request, f"{stays} {_('Retire it, or merge it into another.')}")
        return HttpResponseRedirect(reverse("admin:statuses_orderstatus_change", args=[status.pk]))


def dotted(status: OrderStatus) -> str:
    """Its name with its colour before it."""
    return format_html('<span class="os-status os-colour-{}">{}</span>', status.colour, status.name)


def _standing(status: OrderStatus) -> str:
    if status.merged_into:
        return pill(_("Merged into “%s”") % status.merged_into.name)
    if status.merging_into:
        return pill(_("Being merged into “%s”") % status.merging_into.name, "info")
    if not status.is_retired:
        return pill(_("Offered"), "good")
    return pill(_("Retired")) if status.is_taken_from_sources else pill(_("Retired, and refused"), "warning")


def _chosen_type(request: HttpRequest) -> str:
    """The tab that the window was opened from: htmx names the page it stands on."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    chosen = request.GET.get("type") or (query.get("type__exact") or [""])[0]
    return chosen if chosen in StatusType.values else ""


def _initial(chosen: str) -> dict[str, Any]:
    return {"type": chosen or StatusType.GENERAL, "include_in_analytics": True}


def _described(form: StatusForm) -> StatusForm:
    """Ties errors to their fields for whoever does not see them."""
    for name in form.errors:
        if name in form.fields:
            form.fields[name].widget.attrs |= {"aria-describedby": f"id_{name}_error", "aria-invalid": "true"}
    return form


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
