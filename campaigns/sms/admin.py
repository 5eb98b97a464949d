"""Settings > SMS: the gateways in the order in which they are asked, each connected by a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from campaigns.models import IncomingText, Message, Receipt, SmsGateway
from campaigns.sms.connections import (
    address_for_receipts,
    connection_of,
    problem_of,
    reaches_nobody,
    renew_address,
)
from campaigns.sms.forms import Forms, TestForm, move
from campaigns.sms.gateways import KINDS
from campaigns.sms.gateways.base import GatewayKind
from campaigns.sms.trying import send_test
from campaigns.sms.wording import answer_of, in_our_words, kind_of, price_of, speed_of, state_of
from workspace import history
from workspace.local_time import workspace_of
from workspace.models import Verb
from workspace.screens import Facts, Screen, close_window, code, moment, nothing, pill

LIST = "admin:campaigns_smsgateway_changelist"


@admin.register(SmsGateway)
class GatewayScreen(Screen):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/move/", wrap(require_POST(self.move_view)), name="campaigns_smsgateway_move"),
            path("<int:pk>/test/", wrap(self.test_view), name="campaigns_smsgateway_test"),
            path("<int:pk>/activate/", wrap(self.activate_view), name="campaigns_smsgateway_activate"),
            path("<int:pk>/renew/", wrap(self.renew_view), name="campaigns_smsgateway_renew"),
            path("<int:pk>/deactivate/", wrap(self.deactivate_view), name="campaigns_smsgateway_deactivate"),
            *super().get_urls(),
        ]

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.page(request, "campaigns/sms/list.html", _("SMS"), is_single=True, **self._listed(request))

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        with transaction.atomic():
            place = move(row, -1 if request.POST.get("to") == "up" else 1)
            self.log_change(request, row)
        if not request.headers.get("HX-Request"):
            return HttpResponseRedirect(reverse(LIST))
        moved = _("“%(name)s” is number %(place)d now.") % {"name": row.name, "place": place} if place else ""
        return self.page(request, "campaigns/sms/rows.html", "", moved=moved, **self._listed(request))

    def _listed(self, request: HttpRequest) -> dict[str, Any]:
        rows, now = list(SmsGateway.objects.all()), timezone.now()
        return {
            "rows": [(row, *_shown(row, now)) for row in rows],
            "reaches_nobody": not any(row.is_active for row in rows),
            "may_add": self.has_add_permission(request),
            "may_change": self.has_change_permission(request),
        }

    # The form

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        offered = {key: kind for key, kind in KINDS.items() if not kind.is_builtin}
        kind = offered.get(request.GET.get("kind", ""))
        if kind is None:
            title = _("Connect a gateway")
            return self.page(request, "campaigns/sms/choose.html", title, kinds=offered.values())
        return self._edit(request, kind, SmsGateway())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: SmsGateway | None = self.found(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        kind = KINDS.get(row.kind)
        if kind is None or not self.has_change_permission(request, row):
            return self._look(request, row)
        return self._edit(request, kind, row)

    @method_decorator(sensitive_post_parameters())
    def _edit(self, request: HttpRequest, kind: GatewayKind, row: SmsGateway) -> HttpResponse:
        is_new = row.pk is None
        forms = Forms.of(kind, row, request.POST if request.method == "POST" else None)
        if request.method == "POST" and forms.is_valid():
            with transaction.atomic():
                self._keep(request, forms, is_new=is_new)
            return HttpResponseRedirect(reverse("admin:campaigns_smsgateway_change", args=[row.pk]))
        _focus(forms, is_new=is_new)
        title = str(kind.label) if is_new else row.name
        known = {} if is_new else self._standing(request, row)
        shown = {"kind": kind, "forms": forms, "problems": forms.problems(), **known}
        return self.page(request, "campaigns/sms/form.html", title, None if is_new else row, where_title=title, **shown)

    def _keep(self, request: HttpRequest, forms: Forms, *, is_new: bool) -> None:
        row = forms.save()
        if is_new:
            self.log_addition(request, row)
            messages.success(request, _("“%s” is connected. Send a test, then let campaigns use it.") % row)
        else:
            self.log_change(request, row)
            messages.success(request, _("Saved. It counts from the next message on."))

    def _standing(self, request: HttpRequest, row: SmsGateway) -> dict[str, Any]:
        facts, state = _shown(row, timezone.now())
        may_change = self.has_change_permission(request, row)
        return {
            "facts": facts,
            "state": state,
            "problem": problem_of(row),
            "tells_on_a_line": row.kind in KINDS and KINDS[row.kind].listen is not None,
            # It may hold a token, and who has that is believed.
            "receipts_url": address_for_receipts(row) if may_change else "",
            "hears_texts": connection_of(row).gateway.promises.hears_texts,
            "may_change": may_change,
            "may_delete": self.has_delete_permission(request, row),
        }

    def _look(self, request: HttpRequest, row: SmsGateway) -> HttpResponse:
        """For those who may only look, and where the kind is gone."""
        return self.page(request, "campaigns/sms/look.html", row.name, row, **self._standing(request, row))

    # A test

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        initial = {"text": _("A test from %s.") % (workspace_of(request).organisation or _("Order Status Engine"))}
        form = TestForm(request.POST if request.method == "POST" else None, initial=initial)
        form.use_required_attribute = False
        said = None
        if form.is_valid():
            answer = send_test(row, form.cleaned_data["to"], form.cleaned_data["text"])
            history.record(request, Verb.TESTED, row, changes={"answer": [None, type(answer).__name__]})
            said = answer_of(answer)
        back = reverse("admin:campaigns_smsgateway_change", args=[row.pk])
        title = _("Send a test through “%s”") % row
        page = self.window(request, "campaigns/sms/test.html", title, row, form=form, said=said, back=back)
        # The list is drawn anew once the window is closed; a form might hold what is not saved yet.
        if said and request.headers.get("HX-Current-URL", "").endswith(reverse(LIST)):
            page.headers["HX-Trigger"] = "os-saved"
        return page

    # Its life

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, back = self._to_change(request, pk), reverse(LIST)
        if request.method == "POST":
            self._switch(request, row, is_active=True)
            messages.success(request, _("Campaigns use “%s” from now on.") % row)
            return close_window(request, back)
        title = _("Let campaigns use “%s”?") % row
        first = {"is_first": reaches_nobody(), "problem": problem_of(row)}
        return self.window(request, "campaigns/sms/activate.html", title, row, back=back, **first)

    def deactivate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, back = self._to_change(request, pk), reverse(LIST)
        if request.method == "POST":
            self._switch(request, row, is_active=False)
            messages.success(request, _("Campaigns no longer use “%s”.") % row)
            return close_window(request, back)
        title = _("Stop using “%s”?") % row
        return self.window(request, "campaigns/sms/deactivate.html", title, row, back=back, is_last=_is_last(row))

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        back = reverse("admin:campaigns_smsgateway_change", args=[row.pk])
        if request.method == "POST":
            with transaction.atomic():
                renew_address(row)
                history.record(request, Verb.CHANGED, row, changes={"receipts_salt": None})
            messages.success(request, _("The old address is refused from now on. Give the provider the new one."))
            return close_window(request, back)
        title = _("Renew the address of “%s”?") % row
        return self.window(request, "campaigns/sms/renew.html", title, row, back=back)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row: SmsGateway | None = self.found(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        is_named, back = _is_named(row), reverse("admin:campaigns_smsgateway_change", args=[row.pk])
        if request.method == "POST" and not is_named:
            with transaction.atomic():
                self.log_deletions(request, [row])
                row.delete()
            messages.success(request, _("“%s” is gone.") % row)
            return close_window(request, reverse(LIST))
        title, shown = _("Delete “%s”?") % row, {"is_named": is_named, "is_last": _is_last(row)}
        return self.window(request, "campaigns/sms/delete.html", title, row, back=back, **shown)

    def _switch(self, request: HttpRequest, row: SmsGateway, *, is_active: bool) -> None:
        with transaction.atomic():
            SmsGateway.objects.filter(pk=row.pk).update(is_active=is_active)
            history.record_changed(request, row, Verb.ACTIVATED if is_active else Verb.DEACTIVATED)

    def _to_change(self, request: HttpRequest, pk: int) -> SmsGateway:
        row: SmsGateway | None = self.found(request, str(pk), to_change=True)
        if row is None:
            raise Http404
        return row


def _shown(row: SmsGateway, now: Any) -> tuple[Facts, str]:
    """What is known of it, and its state."""
    facts: list[tuple[str, Any]] = [
        (_("Kind"), kind_of(row)),
        (_("Code"), code(row.code)),
        (_("Sender ID"), row.sender or nothing()),
        (_("Last sent"), moment(row.last_sent_at) if row.last_sent_at else nothing(_("never"))),
        (_("Speed"), speed_of(row)),
        (_("Price"), price_of(row) or nothing()),
        (_("Last error"), _noted(row.last_error, row.last_error_at)),
    ]
    if row.refused_call:
        facts.append((_("Refused call"), _noted(row.refused_call, row.refused_call_at)))
    return facts, pill(*state_of(row, now))


def _noted(error: str, at: datetime | None) -> SafeString:
    return (
        format_html('{} <span class="os-quiet">{}</span>', in_our_words(error), moment(at))
        if error
        else nothing(_("none"))
    )


def _focus(forms: Forms, *, is_new: bool) -> None:
    """The keyboard starts at what is to be mended, or at the name of a new one."""
    wrong = [form.fields[name] for form in (forms.common, forms.own) for name in form.errors if name in form.fields]
    for field in wrong[:1] or ([forms.common.fields["name"]] if is_new else []):
        field.widget.attrs["autofocus"] = True


def _is_last(row: SmsGateway) -> bool:
    """Whether messages would go to the test phone without it."""
    return row.is_active and not SmsGateway.objects.filter(is_active=True).exclude(pk=row.pk).exists()


def _is_named(row: SmsGateway) -> bool:
    """Whether something that is kept says that it came or went by it."""
    return any(model.objects.filter(gateway=row.code).exists() for model in (Message, Receipt, IncomingText))
