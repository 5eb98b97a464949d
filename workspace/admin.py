"""Settings, integrations and people on the screen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from workspace import history, history_screen  # noqa: F401 - the screen registers itself
from workspace.models import ApiKey, Scope, Source, User, Verb, Workspace
from workspace.money import currency_choices
from workspace.screens import (
    Facts,
    KeepsHistory,
    Screen,
    close_window,
    code,
    lines,
    moment,
    nothing,
    pill,
    window_button,
)
from workspace.zones import timezones

SETTINGS = ("organisation", "orders_enabled", "default_country", "timezone", "currency", "stop_words", "start_words")


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("timezone", [(zone, zone) for zone in sorted(timezones())]),
            ("currency", currency_choices(self.instance.currency)),
        ):
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]


@admin.register(Workspace)
class WorkspaceScreen(Screen):
    """One row: the list leads straight to it."""

    form = WorkspaceForm
    fields = SETTINGS
    formfield_overrides = {models.BooleanField: {"widget": UnfoldBooleanSwitchWidget}}

    def get_urls(self) -> list[URLPattern]:
        turn_on = self.admin_site.admin_view(require_POST(self.turn_orders_on))
        return [path("turn-orders-on/", turn_on, name="workspace_turn_orders_on"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:workspace_workspace_change", args=[Workspace.current().pk]))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        single = {"title": _("General settings"), "is_single": True, "subtitle": None}
        answer: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **single}
        )
        return answer

    def turn_orders_on(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        workspace = Workspace.current()
        history.remember(workspace)
        workspace.orders_enabled = True
        with transaction.atomic():
            workspace.save(update_fields=["orders_enabled"])
            history.record_changed(request, workspace)
        messages.success(request, _("Orders is on. What sources tell from now on can start campaigns."))
        return HttpResponseRedirect(request.headers.get("Referer") or reverse("admin:index"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("orders_enabled",)

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
        help_texts = {
            "mode": gettext_lazy(
                "A new source begins as history. Set it to live when the changes it tells of are to start campaigns."
            )
        }


@admin.register(Source)
class SourceScreen(Screen):
    form = SourceForm
    list_display = ("name", "code_shown", "mode_shown", "unknown_shown", "keys_shown")
    list_display_links = ("name",)
    search_fields = ("name", "code")
    fields = ("name", "code", "mode", "on_unknown")
    prepopulated_fields: dict[str, Any] = {}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Source]:
        usable = models.Count("keys", filter=models.Q(keys__revoked_at=None))
        rows: models.QuerySet[Source] = super().get_queryset(request).annotate(usable_keys=usable)
        return rows

    @admin.display(description=gettext_lazy("Code"), ordering="code")
    def code_shown(self, source: Source) -> str:
        return code(source.code)

    @admin.display(description=gettext_lazy("Mode"), ordering="mode")
    def mode_shown(self, source: Source) -> str:
        return pill(_("Live"), "good") if source.fires else pill(_("History"))

    @admin.display(description=gettext_lazy("What is not known"))
    def unknown_shown(self, source: Source) -> str:
        return _("Kept for 7 days") if source.on_unknown == Source.Unknown.PARK else _("Refused")

    @admin.display(description=gettext_lazy("API keys"), ordering="usable_keys")
    def keys_shown(self, source: Any) -> Any:
        return source.usable_keys or nothing()

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """Integrations know a source by its code; and the two that are always there are as they are."""
        if obj is None:
            return ()
        return ("name", "code", "mode", "on_unknown") if obj.is_builtin else ("code",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
        form = IssueForm(request.POST if request.method == "POST" else None, initial=initial)
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


@admin.register(User)
class UserScreen(KeepsHistory, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    add_label = gettext_lazy("Add person")
    list_display = ("username", "name_shown", "email", "state", "last_login_shown")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
        (gettext_lazy("What they may do"), {"fields": ("is_active", "is_staff", "groups", "is_superuser")}),
        (gettext_lazy("Seen"), {"fields": ("last_login_shown", "joined", "sessions_shown")}),
    )
    readonly_fields = ("last_login_shown", "joined", "sessions_shown")
    filter_horizontal = ()
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("sign-me-out/", wrap(self.sign_me_out_view), name="workspace_user_sign_me_out"),
            path("<int:object_id>/sign-out/", wrap(self.sign_out_view), name="workspace_user_sign_out"),
            *super().get_urls(),
        ]

    def sign_me_out_view(self, request: HttpRequest) -> HttpResponse:
        assert request.user.pk is not None
        return self._sign_out(request, User.objects.get(pk=request.user.pk))

    def sign_out_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        user = self.get_object(request, str(object_id))
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        if user.is_superuser and not request.user.is_superuser:
            raise PermissionDenied
        return self._sign_out(request, user)

    def _sign_out(self, request: HttpRequest, user: User) -> HttpResponse:
        """At once, wherever they are signed in: asked first."""
        is_me = user.pk == request.user.pk
        back = reverse("admin:index" if is_me else "admin:workspace_user_changelist")
        if request.method != "POST":
            title = _("Sign out everywhere?") if is_me else _("Sign “%s” out everywhere?") % user
            shown = {"title": title, "opts": self.opts, "object": user, "is_me": is_me, "back": back}
            if request.headers.get("HX-Request"):
                return TemplateResponse(request, "workspace/sign_out.html", shown)
            frame = {**self.admin_site.each_context(request), **shown, "window_template": "workspace/sign_out.html"}
            return TemplateResponse(request, "workspace/window_page.html", {**frame, "is_single": True})
        with transaction.atomic():
            user.sign_out_everywhere()
            history.record(request, Verb.SIGNED_OUT_EVERYWHERE, user)
        if is_me:
            return close_window(request, reverse("admin:login"))
        messages.success(request, _("“%s” is signed out everywhere.") % user)
        return close_window(request, back)

    @admin.display(description=gettext_lazy("Sessions"))
    def sessions_shown(self, user: User) -> str:
        return window_button(reverse("admin:workspace_user_sign_out", args=[user.pk]), _("Sign out everywhere"))

    @admin.display(description=gettext_lazy("Name"))
    def name_shown(self, user: User) -> str:
        return user.get_full_name() or nothing()

    @admin.display(description=gettext_lazy("May"))
    def state(self, user: User) -> str:
        if not user.is_active:
            return pill(_("No longer here"))
        if user.is_superuser:
            return pill(_("Everything"), "info")
        return pill(_("What their roles allow")) if user.is_staff else pill(_("Nothing: no staff"), "warning")

    @admin.display(description=gettext_lazy("Last login"), ordering="last_login")
    def last_login_shown(self, user: User) -> str:
        return moment(user.last_login) if user.last_login else nothing(_("never"))

    @admin.display(description=gettext_lazy("Here since"))
    def joined(self, user: User) -> str:
        return moment(user.date_joined)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Roles are few: boxes to tick."""
        return super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": UnfoldAdminCheckboxSelectMultipleWidget()}
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a person did keeps their name; who leaves is made inactive."""
        return False


admin.site.unregister(Group)


@admin.register(Group)
class RoleScreen(KeepsHistory, DjangoGroupAdmin, ModelAdmin):
    add_label = gettext_lazy("Add role")
    show_full_result_count = False
    actions = None
