"""People and roles on the screen: who may what. Nobody takes away their own access, nor the last administrator's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from workspace import history
from workspace.administrators import DECIDING, LastAdministrator, administrators, hold_administrators
from workspace.models import User, Verb
from workspace.roles import ADMINISTRATOR, BY_NAME, in_words, name_of, purpose_of, verb_of
from workspace.screens import Facts, Screen, close_window, lines, moment, nothing, pill, window_button

# Whoever may give roles may everything, so no role of one's own may: it stays with administrators.
KEPT_BACK = (User, Group)


class RolesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Roles are few: boxes to tick, each with a line of what it is for."""

    def label_from_instance(self, obj: Any) -> str:
        purpose = purpose_of(obj)
        return format_html('<span class="os-role">{} <span class="os-quiet">{}</span></span>', name_of(obj), purpose)


class PermissionsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """“Campaigns: change” rather than the names that Django gives."""

    def label_from_instance(self, obj: Any) -> str:
        model = obj.content_type.model_class()
        return f"{capfirst(str(model._meta.verbose_name_plural))}: {verb_of(model, obj.codename)}"


class PersonForm(UserChangeForm):
    class Meta(UserChangeForm.Meta):
        help_texts = {
            "is_active": gettext_lazy("Off, they can no longer log in. What they did keeps their name."),
            "is_superuser": gettext_lazy("May everything whatever their roles, as the command line makes people."),
        }

    def clean(self) -> dict[str, Any]:
        """The request's transaction holds the administrators from here until all is written."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        hold_administrators()
        is_the_last = list(administrators().values_list("pk", flat=True)[:2]) == [self.instance.pk]
        if is_the_last and not self._may_everything(cleaned):
            raise LastAdministrator
        return cleaned

    def _may_everything(self, cleaned: dict[str, Any]) -> bool:
        """As it would be; what this form does not ask stays."""
        flags = {name: cleaned.get(name, getattr(self.instance, name)) for name in DECIDING}
        roles = cleaned["groups"] if "groups" in cleaned else self.instance.groups.all()
        holds = flags["is_superuser"] or any(role.name == ADMINISTRATOR.name for role in roles)
        return bool(flags["is_active"] and flags["is_staff"] and holds)


class NewPersonForm(UserCreationForm):
    # There is no way in but the password.
    usable_password = None


class PasswordForm(AdminPasswordChangeForm):
    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True


class RoleFilter(admin.RelatedFieldListFilter):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(role.pk), name_of(role)) for role in Group.objects.order_by("pk")]


@admin.register(User)
class UserScreen(DjangoUserAdmin, Screen):  # type: ignore[type-arg,misc]
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = PasswordForm
    add_label = gettext_lazy("Add person")
    # Django's own says that roles come later.
    add_form_template = None
    list_display = ("username", "name_shown", "email", "roles_shown", "last_login_shown")
    list_filter = ("is_active", ("groups", RoleFilter))
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),
        (gettext_lazy("What they may do"), {"fields": ("groups",)}),
    )
    filter_horizontal = ()
    actions = None

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        may: dict[str, Any] = {"fields": ["is_active", "groups"]}
        if obj.is_superuser:
            may["fields"].append("is_superuser")
        if obj == request.user:
            may = {
                "fields": ["roles_shown"],
                "description": _("This is you. Another administrator can change your roles, or let you go."),
            }
        return (
            (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
            (_("What they may do"), may),
            (_("Seen"), {"fields": ("last_login_shown", "joined", "sessions_shown")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("roles_shown", "last_login_shown", "joined", "sessions_shown")

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
            return self.window(request, "workspace/sign_out.html", title, user, is_me=is_me, back=back, is_single=True)
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

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        people: models.QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Who stands here may log in; what they see there is for their roles to say."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    @admin.display(description=pgettext_lazy("of a person", "Name"))
    def name_shown(self, user: User) -> str:
        return user.get_full_name() or nothing()

    @admin.display(description=gettext_lazy("May"))
    def roles_shown(self, user: User) -> str | SafeString:
        if not user.is_active:
            return pill(_("No longer here"))
        everything = [pill(_("Everything"), "info")] if user.is_superuser else []
        roles = [pill(name_of(role)) for role in user.groups.all()]
        return format_html_join(" ", "{}", ((each,) for each in [*everything, *roles])) or pill(
            _("Nothing: no role yet"), "warning"
        )

    @admin.display(description=gettext_lazy("Last login"), ordering="last_login")
    def last_login_shown(self, user: User) -> str:
        return moment(user.last_login) if user.last_login else nothing(_("never"))

    @admin.display(description=gettext_lazy("Here since"))
    def joined(self, user: User) -> str:
        return moment(user.date_joined)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        boxes = UnfoldAdminCheckboxSelectMultipleWidget()
        # Ours were made first.
        roles = {"form_class": RolesField, "queryset": Group.objects.order_by("pk"), "label": _("Roles")}
        asked = {**roles, "widget": boxes, "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **{**kwargs, **asked})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a person did keeps their name; who leaves is made inactive."""
        return False


admin.site.unregister(Group)


@admin.register(Group)
class RoleScreen(DjangoGroupAdmin, Screen):  # type: ignore[misc]
    """Those of every installation are looked at; beside them one may make one's own."""

    add_label = gettext_lazy("Add role")
    list_display = ("name_shown", "purpose_shown", "people")
    ordering = ("pk",)
    sortable_by = ()
    filter_horizontal = ()
    actions = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Group]:
        active = models.Count("user", filter=models.Q(user__is_active=True))
        roles: models.QuerySet[Group] = super().get_queryset(request).annotate(people=active)
        return roles

    @admin.display(description=gettext_lazy("Role"))
    def name_shown(self, role: Group) -> str:
        return name_of(role)

    @admin.display(description=gettext_lazy("What it is for"))
    def purpose_shown(self, role: Group) -> str:
        return purpose_of(role) or nothing(_("a role of your own"))

    @admin.display(description=gettext_lazy("People"))
    def people(self, role: Any) -> Any:
        return role.people or nothing()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        role: Group | None = self.found(request, object_id)
        if role is None or role.name not in BY_NAME:
            answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
            return answer
        if request.method == "POST":
            raise PermissionDenied
        holders = [str(user.get_full_name() or user) for user in role.user_set.filter(is_active=True)]
        facts: Facts = [
            (_("What it is for"), purpose_of(role)),
            (_("People"), lines(holders) or nothing(_("nobody yet"))),
            *self._may(role),
        ]
        return self.page(request, "workspace/role.html", name_of(role), role, where_title=name_of(role), facts=facts)

    def _may(self, role: Group) -> Facts:
        shown = {model._meta.label_lower for model in self.admin_site._registry}
        held = role.permissions.values_list("content_type__app_label", "codename")
        return [(about, verbs) for label, about, verbs in in_words(held) if label in shown]

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        screens = [model for model in self.admin_site._registry if model not in KEPT_BACK]
        about = models.Q()
        for model in screens:
            about |= models.Q(content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name)
        boxes = UnfoldAdminCheckboxSelectMultipleWidget()
        offered = {"form_class": PermissionsField, "queryset": Permission.objects.filter(about)}
        asked = {**offered, "widget": boxes, "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **{**kwargs, **asked})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool((obj is None or obj.name not in BY_NAME) and super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool((obj is None or obj.name not in BY_NAME) and super().has_delete_permission(request, obj))
