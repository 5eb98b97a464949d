"""Settings, integrations and people on the screen."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminTimeWidget,
)

from workspace import history, history_screen, people  # noqa: F401 - screens register themselves
from workspace.models import ApiKey, Scope, Source, Verb, Workspace
from workspace.money import currency_choices
from workspace.roles import Reader
from workspace.screens import Facts, Screen, beside, close_window, code, lines, moment, nothing, pill, window_button
from workspace.zones import offered_zones

SETTINGS = (
    "organisation", "default_country", "timezone", "currency", "quiet_from", "quiet_until", "stop_words", "start_words",
)  # fmt: skip


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Times are shown in it, and it is a customer's where they have none of their own."),
        widget=UnfoldAdminSelect2Widget,
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), widget=UnfoldAdminSelect2Widget)

    class Meta:
        model = Workspace
        fields = SETTINGS
        widgets: ClassVar = {
            **dict.fromkeys(("quiet_from", "quiet_until"), UnfoldAdminTimeWidget(format="%H:%M")),
            **dict.fromkeys(("stop_words", "start_words"), UnfoldAdminTextareaWidget(attrs={"rows": 3})),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("timezone", [(zone, zone) for zone in offered_zones(self.instance.timezone)]),
            ("currency", currency_choices(self.instance.currency)),
        ):
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]


@admin.register(Workspace)
class WorkspaceScreen(Screen):
    """One row: the list leads straight to it."""

    form = WorkspaceForm
    fields = ("orders_shown", *SETTINGS)
    readonly_fields = ("orders_shown",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:workspace_workspace_change", args=[Workspace.current().pk]))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        single = {"title": _("General settings"), "is_single": True, "subtitle": None}
        answer: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **single}
        )
        return answer

    @admin.display(description=gettext_lazy("Orders"))
    def orders_shown(self, workspace: Workspace) -> Any:
        """Switched in a window of its own, which says what depends on it."""
        if workspace.orders_enabled:
            return beside([pill(_("On"), "good"), window_button(reverse("orders-off"), _("Turn Orders off"))])
        return beside([pill(_("Off"), "warning"), window_button(reverse("orders-on"), _("Turn Orders on"))])

    def response_change(self, request: HttpRequest, obj: Workspace) -> HttpResponse:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Source
        fields = ("name", "code", "mode", "on_unknown")
        widgets: ClassVar = {
            "name": UnfoldAdminTextInputWidget(attrs={"data-suggests": "id_code"}),
            "code": UnfoldAdminTextInputWidget(attrs={"data-suggested": "ascii"}),
        }
        help_texts = {
            "mode": gettext_lazy(
                "A new source begins as history. Set it to live when the changes it tells of are to start campaigns."
            )
        }


@admin.register(Source)
class SourceScreen(Screen):
    form = SourceForm
    list_display = ("name_shown", "code_shown", "mode_shown", "unknown_shown", "keys_shown")
    list_display_links = ("name_shown",)
    search_fields = ("name", "code")
    fields = ("name", "code", "mode", "on_unknown")
    prepopulated_fields: dict[str, Any] = {}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Source]:
        usable = models.Count("keys", filter=models.Q(keys__revoked_at=None))
        rows: models.QuerySet[Source] = super().get_queryset(request).annotate(usable_keys=usable)
        return rows

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_shown(self, source: Source) -> str:
        """In the reader's language, where it is one that is always there."""
        return str(source)

    @admin.display(description=gettext_lazy("Code"), ordering="code")
    def code_shown(self, source: Source) -> str:
        return code(source.code)

    @admin.display(description=gettext_lazy("Mode"), ordering="mode")
    def mode_shown(self, source: Source) -> str:
        return pill(_("Live"), "good") if source.fires else pill(_("History"))

    @admin.display(description=gettext_lazy("What is not known"))
    def unknown_shown(self, source: Source) -> Any:
        return _UNKNOWN[Source.Unknown(source.on_unknown)]

    @admin.display(description=gettext_lazy("API keys"), ordering="usable_keys")
    def keys_shown(self, source: Any) -> Any:
        return source.usable_keys or nothing()

    def response_post_save_add(self, request: HttpRequest, obj: Source) -> HttpResponse:
        """It is of no use without a key, which is issued elsewhere."""
        if request.user.has_perm("workspace.add_apikey"):
            address = f"{reverse('admin:workspace_apikey_add')}?source={obj.pk}"
            messages.info(
                request, format_html('{} <a href="{}">{}</a>', _("Next it needs a key."), address, _("Create a key"))
            )
        answer: HttpResponse = super().response_post_save_add(request, obj)
        return answer

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """Integrations know a source by its code; and the two that are always there are as they are."""
        if obj is None:
            return ()
        return ("name", "code", "mode", "on_unknown") if obj.is_builtin else ("code",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


_UNKNOWN = {
    Source.Unknown.USUAL: gettext_lazy("Kept for 7 days; of test keys refused"),
    Source.Unknown.PARK: gettext_lazy("Kept for 7 days"),
    Source.Unknown.REJECT: gettext_lazy("Refused"),
}


class IssueForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        help_text=gettext_lazy("Who uses it, such as “Shop, production”."),
        widget=UnfoldAdminTextInputWidget,
    )
    source = forms.ModelChoiceField(
        label=gettext_lazy("Source"),
        queryset=Source.objects.exclude(pk__in=(Source.ADMIN_ID, Source.LOAD_ID)),
        help_text=gettext_lazy("What this key tells us is told by this source."),
        empty_label=gettext_lazy("Choose a source"),
        widget=UnfoldAdminSelectWidget,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    is_test = forms.BooleanField(
        label=gettext_lazy("Test key"),
        required=False,
        help_text=gettext_lazy("What it starts goes to the test phone and never reaches a customer."),
    )

    def __init__(self, issuer: Reader, *args: Any, **kwargs: Any) -> None:
        """A key may be handed to anybody, so nobody issues one that lets run what they may not."""
        super().__init__(*args, **kwargs)
        if not issuer.has_perm("campaigns.activate_campaign"):
            scopes = [choice for choice in Scope.choices if choice[0] != Scope.CAMPAIGNS_WRITE]
            self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]


@admin.register(ApiKey)
class ApiKeyScreen(Screen):
    """Keys are issued and revoked, never edited. A key itself is shown once, and only its hash is kept."""

    add_label = gettext_lazy("Issue a key")
    list_display = ("name", "source", "begins", "kind", "created", "used", "state", "revoke_shown")
    list_display_links = ("name",)
    list_filter = ("source", "is_test")
    list_select_related = ("source",)
    search_fields = ("name", "prefix", "source__name")

    def get_urls(self) -> list[URLPattern]:
        revoke = self.admin_site.admin_view(self.revoke_view)
        return [path("<int:object_id>/revoke/", revoke, name="workspace_apikey_revoke"), *super().get_urls()]

    @admin.display(description=gettext_lazy("Begins with"))
    def begins(self, key: ApiKey) -> str:
        return code(f"{key.prefix}…")

    @admin.display(description=gettext_lazy("Kind"), ordering="is_test")
    def kind(self, key: ApiKey) -> str:
        return pill(_("Test"), "warning") if key.is_test else pill(_("Live"))

    @admin.display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, key: ApiKey) -> str:
        return moment(key.created_at)

    @admin.display(description=gettext_lazy("Last used"), ordering="last_used_at")
    def used(self, key: ApiKey) -> str:
        return moment(key.last_used_at) if key.last_used_at else nothing(_("never"))

    @admin.display(description=gettext_lazy("State"), ordering="revoked_at")
    def state(self, key: ApiKey) -> str:
        return pill(_("Revoked"), "bad") if key.revoked_at else pill(_("In use"), "good")

    @admin.display(description="")
    def revoke_shown(self, key: ApiKey) -> Any:
        if key.revoked_at:
            return ""
        return window_button(reverse("admin:workspace_apikey_revoke", args=[key.pk]), _("Revoke"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {"source": request.GET.get("source")}
        form = IssueForm(request.user, request.POST if request.method == "POST" else None, initial=initial)
        if not form.is_valid():
            return self.page(request, "workspace/issue_key.html", _("Issue an API key"), form=form)
        with transaction.atomic():
            key, secret = ApiKey.objects.issue(**form.cleaned_data)
            history.record_created(request, key, Verb.ISSUED)
        return self.page(request, "workspace/key_issued.html", _("Your new API key"), key=key, secret=secret)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What the key may do. Nothing of it can be changed."""
        key: ApiKey | None = self.found(request, object_id)
        if key is None:
            return self.missing(request, object_id)
        labels = dict(Scope.choices)
        facts: Facts = [
            (_("Source"), key.source),
            (_("Begins with"), self.begins(key)),
            (_("Kind"), self.kind(key)),
            (_("State"), self.state(key)),
            (_("It may"), lines(labels.get(scope, scope) for scope in key.scopes) or nothing()),
            (_("Created"), self.created(key)),
            (_("Last used"), self.used(key)),
            (_("Revoked"), moment(key.revoked_at)),
        ]
        return self.page(request, "workspace/facts_page.html", key.name, key, facts=facts)

    def revoke_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        key = self.found(request, str(object_id), to_change=True)
        if key is None:
            return self.missing(request, str(object_id))
        back = reverse("admin:workspace_apikey_changelist")
        if request.method == "POST":
            if not key.revoked_at:
                with transaction.atomic():
                    key.revoke()
                    history.record(request, Verb.REVOKED, key)
            messages.success(request, _("“%s” is revoked: the API refuses it from now on.") % key.name)
            return close_window(request, back)
        return self.window(request, "workspace/revoke_key.html", _("Revoke this key?"), key, back=back)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
