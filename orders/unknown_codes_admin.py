"""Settings > Order Statuses > Unknown codes: a person says what a code means when a source sends it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from orders.models import UnknownCode
from orders.timeline import type_name
from orders.unknown_codes import create_status, give_meaning, waiting_for, waiting_for_each
from statuses.models import OrderStatus, StatusAlias, name_from_code
from workspace import history
from workspace.screens import ReadOnlyScreen, close_window, code, list_behind, moment, nothing, pill, window_button

TO_MAP = "statuses.map_code"
TO_CREATE = "statuses.add_orderstatus"
TO_SEE = "orders.view_unknowncode"
LIST = "admin:orders_unknowncode_changelist"
WAYS = {"map": gettext_lazy("Map"), "create": gettext_lazy("Create"), "ignore": gettext_lazy("Ignore")}


class MeaningForm(forms.Form):
    """What the code means, and whether what waits for it may start campaigns."""

    meaning = forms.ChoiceField(
        label=gettext_lazy("It means"),
        choices=[
            ("map", gettext_lazy("A status there is, for this source")),
            ("create", gettext_lazy("A new status with this code, for every source")),
            ("ignore", gettext_lazy("Nothing: ignore it when this source sends it")),
        ],
        initial="map",
        widget=UnfoldAdminRadioSelectWidget,
    )
    status = forms.ModelChoiceField(
        label=gettext_lazy("The status"),
        queryset=OrderStatus.objects.none(),
        required=False,
        empty_label=gettext_lazy("Choose a status"),
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the new status"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    waiting = forms.ChoiceField(
        label=gettext_lazy("What waits for it is applied"),
        choices=[
            ("silently", gettext_lazy("silently: it starts no campaign")),
            ("firing", gettext_lazy("as if it came now: it may start campaigns")),
        ],
        initial="silently",
        widget=UnfoldAdminRadioSelectWidget,
    )

    def __init__(self, unknown: UnknownCode, *args: Any, may_create: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].queryset = OrderStatus.objects.of_type(unknown.type).offered()  # type: ignore[attr-defined]
        if first := {"map": "status", "create": "name"}.get(self.initial["meaning"]):
            self.fields[first].widget.attrs["autofocus"] = True
        if not may_create:
            del self.fields["name"]
            choices = [choice for choice in self.fields["meaning"].choices if choice[0] != "create"]  # type: ignore[attr-defined]
            self.fields["meaning"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("meaning") == "map" and not said.get("status") and "status" not in self.errors:
            self.add_error("status", _("Choose the status that it means."))
        return said


class UnknownCodeList(ChangeList):
    """Asks once for the whole page what waits."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed: Any = self
        listed.result_list = list(listed.result_list)
        waiting = waiting_for_each(listed.result_list)
        for unknown in listed.result_list:
            unknown.waiting = waiting[unknown.pk].changes


@admin.register(UnknownCode)
class UnknownCodeScreen(ReadOnlyScreen):
    list_display = (
        "code_shown",
        "type_shown",
        "source",
        "times",
        "waiting_shown",
        "seen",
        "order_external_id",
        "decide",
    )
    list_display_links = None
    list_filter = ("type", "source")
    list_select_related = ("source",)
    search_fields = ("code",)
    search_help_text = gettext_lazy("Code")
    sortable_by = ("times", "seen")
    how_they_come = gettext_lazy(
        "A code that a source sends and no status has is listed here, until somebody says what it means."
    )

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("<int:pk>/meaning/", decide, name="orders_unknowncode_meaning"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(TO_MAP) or bool(super().has_view_permission(request, obj))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        *columns, decide = self.list_display
        if not request.user.has_perm(TO_MAP):
            return tuple(columns)
        return (*columns, decide if request.user.has_perm(TO_CREATE) else "decide_without_creating")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UnknownCodeList]:
        return UnknownCodeList

    @admin.display(description=gettext_lazy("Code"))
    def code_shown(self, unknown: UnknownCode) -> str:
        return code(unknown.code)

    @admin.display(description=gettext_lazy("Type"))
    def type_shown(self, unknown: UnknownCode) -> str:
        return pill(type_name(unknown.type))

    @admin.display(description=gettext_lazy("Waiting"))
    def waiting_shown(self, unknown: Any) -> Any:
        return unknown.waiting or nothing(_("refused"))

    @admin.display(description=gettext_lazy("Last seen"), ordering="last_seen_at")
    def seen(self, unknown: UnknownCode) -> str:
        return moment(unknown.last_seen_at)

    @admin.display(description="")
    def decide(self, unknown: UnknownCode) -> str:
        return self._ways(unknown, *WAYS)

    @admin.display(description="")
    def decide_without_creating(self, unknown: UnknownCode) -> str:
        return self._ways(unknown, *(way for way in WAYS if way != "create"))

    def _ways(self, unknown: UnknownCode, *meanings: str) -> str:
        """Each opens the window with one meaning chosen."""
        address = reverse("admin:orders_unknowncode_meaning", args=[unknown.pk])
        buttons = (window_button(f"{address}?meaning={meaning}", WAYS[meaning]) for meaning in meanings)
        return format_html(
            '<div class="os-actions">{}</div>', format_html_join("", "{}", ((each,) for each in buttons))
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse(LIST))

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(TO_MAP):
            raise PermissionDenied
        unknown = UnknownCode.objects.select_related("source").filter(pk=pk).first()
        if unknown is None:
            messages.error(request, _("Somebody has just said what it means. Look at the list again."))
            return close_window(request, list_behind(request, LIST))
        may_create = request.user.has_perm(TO_CREATE)
        meaning = request.GET.get("meaning", "")
        initial = {
            "name": name_from_code(unknown.code),
            "meaning": meaning if meaning in WAYS else "map",
            "waiting": "silently",
        }
        posted = request.POST if request.method == "POST" else None
        form = MeaningForm(unknown, posted, initial=initial, may_create=may_create)
        if form.is_valid() and self._mean(request, unknown, form):
            messages.success(request, _("“%s” is understood from now on.") % unknown.code)
            return close_window(request, list_behind(request, LIST))
        title = _("What does “%s” mean?") % unknown.code
        shown = {"form": form, "waiting": waiting_for(unknown), "back": list_behind(request, LIST)}
        return self.window(request, "orders/unknown_code.html", title, unknown, **shown)

    def _mean(self, request: HttpRequest, unknown: UnknownCode, form: MeaningForm) -> bool:
        """False: it could not be said, and the form tells why."""
        said, silently = form.cleaned_data, form.cleaned_data["waiting"] == "silently"
        try:
            with transaction.atomic():
                made: OrderStatus | StatusAlias
                if said["meaning"] == "create":
                    name = said["name"] or name_from_code(unknown.code)
                    new = OrderStatus(type=unknown.type, code=unknown.code, name=name)
                    made = create_status(unknown, new, silently=silently)
                else:
                    status = said["status"] if said["meaning"] == "map" else None
                    made = give_meaning(unknown, status, silently=silently)
                history.record_created(request, made)
        except IntegrityError:
            form.add_error(None, _("Somebody has just said what it means. Look at the list again."))
            return False
        except ValidationError as error:
            form.add_error(None, error)
            return False
        return True


def number_of_unknown(user: Any) -> int:
    """For the sidebar, counted up to a thousand."""
    if not (user.has_perm(TO_MAP) or user.has_perm(TO_SEE)):
        return 0
    rows: models.QuerySet[UnknownCode] = UnknownCode.objects.order_by()
    return rows[:1000].count()
