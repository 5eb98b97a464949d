"""Windows in which a status is added, looked at, edited and deleted, and what is said of a code while it is typed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from statuses import lifecycle
from statuses.lifecycle_admin import LIST, gone, standing
from statuses.models import OrderStatus, StatusType
from statuses.property import EDITED, StatusForm, brought_together, differences, read_seen
from statuses.usages import read_by_analytics, usages
from workspace import history
from workspace.screens import Screen, close_window, list_behind

TEMPLATE = "statuses/property.html"


class PropertyWindows:
    """For StatusScreen, which knows who may what."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def urls(self) -> list[URLPattern]:
        wrap = self.screen.admin_site.admin_view
        return [
            path("add-status/", wrap(self.add), name="statuses_orderstatus_add_in_window"),
            path("code/", wrap(require_GET(self.tell_of_code)), name="statuses_code"),
            path("<int:pk>/code/", wrap(require_GET(self.tell_of_code)), name="statuses_code_of"),
        ]

    def add(self, request: HttpRequest) -> HttpResponse:
        """Saved, it says so by HX-Redirect; asked to add another, it comes back empty."""
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        chosen = _chosen_type(request)
        form = _new_form(request.POST if request.method == "POST" else None, initial=_initial(chosen))
        saved = self._save_new(request, form)
        if saved is not None and "_addanother" not in request.POST:
            messages.success(request, _("“%s” was added.") % saved.name)
            return close_window(request, list_behind(request, LIST))
        if saved is not None:
            form = _new_form(initial=_initial(saved.type))
        shown: dict[str, Any] = {
            "form": form.describe(),
            "back": list_behind(request, LIST),
            "saved": saved,
            "may_save": True,
        }
        answer = self.screen.window(request, TEMPLATE, _("Status property"), **shown)
        if saved is not None:
            answer.headers["HX-Trigger"] = "os-saved"
        return answer

    def _save_new(self, request: HttpRequest, form: StatusForm) -> OrderStatus | None:
        if not form.is_valid():
            return None
        try:
            with transaction.atomic():
                saved: OrderStatus = form.save()
                self.screen.log_addition(request, saved)
        except IntegrityError:  # somebody added it since it was looked for
            form.add_error("code", _("A status of this type already has this code."))
            return None
        return saved

    def edit(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Whoever may not change it looks at it."""
        status: OrderStatus | None = self.screen.found(request, pk)
        if status is None:
            return gone(request)
        may_save = bool(self.screen.has_change_permission(request, status))
        if request.method == "POST" and not may_save:
            raise PermissionDenied
        form = _form_of(status, request.POST if request.method == "POST" else None, may_save=may_save)
        if not form.is_valid():
            return self._show(request, status, form)
        # The form has written what was said into its status by now.
        unmarks = form.initial["include_in_analytics"] and not form.cleaned_data["include_in_analytics"]
        if unmarks and "unmarking" not in request.POST and (changed := read_by_analytics(status, request.user)):
            return self._show(request, status, form, unmarking=changed)
        return self._change(request, status, form)

    def _change(self, request: HttpRequest, status: OrderStatus, form: StatusForm) -> HttpResponse:
        said, seen = form.said(), read_seen(form.cleaned_data["seen"])
        try:
            with transaction.atomic():
                lifecycle.change(status, said, revision=form.cleaned_data["revision"])
                self.screen.log_change(request, status)
        except OrderStatus.DoesNotExist:
            return gone(request)
        except IntegrityError:
            form.add_error("code", _("A status of this type already has this code."))
        except lifecycle.Refusal as refusal:
            if refusal.code == "changed_meanwhile":
                return self._look_again(request, status, said, seen)
            form.add_error("code", refusal.detail)
        else:
            messages.success(request, _("“%s” was saved.") % said["name"])
            return close_window(request, list_behind(request, LIST))
        return self._show(request, status, form)

    def _look_again(
        self, request: HttpRequest, status: OrderStatus, said: dict[str, Any], seen: dict[str, Any]
    ) -> HttpResponse:
        """Somebody changed it meanwhile. Where that is nothing this window shows, such as its place, it is saved."""
        status.refresh_from_db()
        history.remember(status)
        told = list(differences(status, seen, said))
        form = _form_of(status, brought_together(status, seen, said), may_save=True)
        if form.is_valid() and seen and not told:
            return self._change(request, status, form)
        return self._show(request, status, form, told=told, is_stale=True)

    def _show(self, request: HttpRequest, status: OrderStatus, form: StatusForm, **more: Any) -> HttpResponse:
        uses = usages([status], request.user).get(status.pk, [])
        shown = {
            "form": form.describe(),
            "uses": uses,
            "standing": standing(status),
            "is_code_fixed": form.fields["code"].disabled,
            "may_save": bool(self.screen.has_change_permission(request, status)),
            "back": list_behind(request, LIST),
        }
        return self.screen.window(request, TEMPLATE, _("Status property"), status, **shown, **more)

    def delete(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Only what nothing uses; of anything else it says what does, and leads to what can be done."""
        status: OrderStatus | None = self.screen.found(request, pk)
        if not self.screen.has_delete_permission(request, status):
            raise PermissionDenied
        if status is None:
            return gone(request)
        if request.method == "POST":
            return self._delete(request, status)
        uses = usages([status], request.user).get(status.pk, [])
        shown = {
            "uses": uses,
            "is_needed": lifecycle.is_needed(status),
            "may_change": bool(self.screen.has_change_permission(request, status)),
            "back": list_behind(request, LIST),
        }
        return self.screen.window(
            request, "statuses/delete.html", pgettext("a status", "Delete “%s”?") % status.name, status, **shown
        )

    def _delete(self, request: HttpRequest, status: OrderStatus) -> HttpResponse:
        try:
            with transaction.atomic():
                self.screen.log_deletions(request, [status])
                lifecycle.delete(status)
        except lifecycle.Refusal:
            stays = _("“%s” is used by orders, their history or campaigns, so it stays.") % status.name
            messages.error(request, f"{stays} {_('Retire it, or merge it into another.')}")
        else:
            messages.success(request, _("“%s” was deleted.") % status.name)
        return close_window(request, list_behind(request, LIST))

    def tell_of_code(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """What would be said of the code as it now stands in the window, before it is saved."""
        if not (self.screen.has_add_permission(request) or self.screen.has_change_permission(request)):
            raise PermissionDenied
        status = OrderStatus.objects.filter(pk=pk).first() if pk else OrderStatus()
        if status is None:
            raise Http404
        code = request.GET.get("code", "")
        said = {"name": "-", "type": request.GET.get("type", ""), "code": code}
        form = StatusForm(said, instance=status, fixed=("type",) if pk else ())
        errors: Any = form.errors.get("code", []) if code else []
        note = "" if errors else _note(code, request.GET.get("name", ""))
        return TemplateResponse(request, "statuses/code_told.html", {"errors": errors, "note": note})


def _note(code: str, name: str) -> str:
    """What is no mistake, and better known."""
    if not code:
        return _("No code could be made of this name. Write one.") if name.strip() else ""
    if code != code.strip():
        return _("The spaces at its ends are left out.")
    if any(sign.isspace() for sign in code):
        return _("It has a space within, which integrations must send too.")
    return ""


def _new_form(data: Any = None, **more: Any) -> StatusForm:
    return StatusForm(data, check_at=reverse("admin:statuses_code"), **more)


def _form_of(status: OrderStatus, data: Any, *, may_save: bool) -> StatusForm:
    """A status keeps its type. Its code is fixed once anything uses it, whether or not this person may know of that."""
    fixed = ("type", "code") if usages([status]).get(status.pk) else ("type",)
    check_at = reverse("admin:statuses_code_of", args=[status.pk])
    return StatusForm(data, instance=status, fixed=fixed if may_save else EDITED, check_at=check_at)


def _chosen_type(request: HttpRequest) -> str:
    """The tab that the window was opened from: htmx names the page it stands on."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    chosen = request.GET.get("type") or (query.get("type__exact") or [""])[0]
    return chosen if chosen in StatusType.values else ""


def _initial(chosen: str) -> dict[str, Any]:
    return {"type": chosen or StatusType.GENERAL, "include_in_analytics": True}
