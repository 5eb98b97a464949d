"""Settings > Webhooks: the endpoints that campaigns may tell of orders, and the calls that were made to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from campaigns.admin.links import to_campaign, to_order
from campaigns.models import CallState, WebhookCall, WebhookEndpoint
from campaigns.sms.wording import in_our_words
from campaigns.story import tell
from campaigns.webhooks.bodies import CUSTOMER_FIELDS
from campaigns.webhooks.endpoints import checked_address, forget_former, renew_secret, try_out
from campaigns.webhooks.wording import TONES, problem_of, state_of, tell_calls, verdict_in_words
from workspace import history
from workspace.encryption import CannotDecrypt
from workspace.models import Verb
from workspace.screens import Facts, ReadOnlyScreen, Screen, close_window, code, moment, nothing, pill

LIST = "admin:campaigns_webhookendpoint_changelist"


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    customer_fields = forms.MultipleChoiceField(
        label=gettext_lazy("Of the customer it is told"),
        required=False,
        choices=list(CUSTOMER_FIELDS.items()),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Beside your shop’s own customer id. Tick only what its receiver needs."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "code", "url", "customer_fields", "takes_tests", "at_once")
        labels = {
            "url": gettext_lazy("Address"),
            "takes_tests": gettext_lazy("Tell it of test orders too"),
            "at_once": gettext_lazy("Calls at once"),
        }
        help_texts = {
            "name": gettext_lazy("What marketers choose it by, such as “Warehouse”."),
            "code": gettext_lazy("What campaign files name it by: it stays as it is."),
            "url": gettext_lazy("Where calls are posted to: https://…"),
            "takes_tests": gettext_lazy("Those that a test key moved. They are marked as tests."),
            "at_once": gettext_lazy("How many calls may be under way to it at the same time."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"data-suggests": "id_code", "autocomplete": "off"}),
            "code": forms.TextInput(attrs={"data-suggested": "ascii", "autocomplete": "off", "spellcheck": "false"}),
            "url": forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False
        if self.instance.pk:
            del self.fields["code"]
        self.fields["name"].widget.attrs["autofocus"] = not self.instance.pk

    def clean_url(self) -> str:
        return checked_address(self.cleaned_data["url"])


@admin.register(WebhookEndpoint)
class EndpointScreen(Screen):
    """An endpoint is switched off, not deleted: what was called names it."""

    add_label = gettext_lazy("Add an endpoint")
    list_display = ("name_shown", "code_shown", "host_shown", "state_shown", "taken_shown", "error_shown")
    list_display_links = ("name_shown",)
    search_fields = ("name", "code")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        views = {"test": self.test_view, "renew": self.renew_view, "forget": self.forget_view}
        views |= {"switch": self.switch_view}
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"campaigns_webhookendpoint_{name}")
            for name, view in views.items()
        ] + super().get_urls()

    @admin.display(description=gettext_lazy("Name"))
    def name_shown(self, row: WebhookEndpoint) -> str:
        return row.name

    @admin.display(description=gettext_lazy("Code"))
    def code_shown(self, row: WebhookEndpoint) -> str:
        return code(row.code)

    @admin.display(description=gettext_lazy("Goes to"))
    def host_shown(self, row: WebhookEndpoint) -> str:
        return urlsplit(row.url).hostname or ""

    @admin.display(description=gettext_lazy("State"))
    def state_shown(self, row: WebhookEndpoint) -> str:
        return pill(*state_of(row, timezone.now()))

    @admin.display(description=gettext_lazy("Last taken"))
    def taken_shown(self, row: WebhookEndpoint) -> str:
        return moment(row.last_taken_at) if row.last_taken_at else nothing(_("never"))

    @admin.display(description=gettext_lazy("Last error"))
    def error_shown(self, row: WebhookEndpoint) -> str:
        if not row.last_error:
            return nothing(_("none"))
        return format_html(
            '{} <span class="os-quiet">{}</span>', in_our_words(row.last_error), moment(row.last_error_at)
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = EndpointForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self.page(request, "campaigns/webhooks/form.html", _("Add a webhook endpoint"), form=form)
        secret = renew_secret(form.instance, timezone.now())
        with transaction.atomic():
            row = form.save()
            self.log_addition(request, row)
        return self._show_once(request, row, secret, _("“%s” is ready") % row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: WebhookEndpoint | None = self.found(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        may_change = self.has_change_permission(request, row)
        form = EndpointForm(request.POST if request.method == "POST" else None, instance=row)
        if may_change and form.is_valid():
            with transaction.atomic():
                self._save(form)
                self.log_change(request, row)
            messages.success(request, _("Saved. It counts from the next call on."))
            return HttpResponseRedirect(reverse("admin:campaigns_webhookendpoint_change", args=[row.pk]))
        shown = {"form": form if may_change else None, "may_change": may_change, **self._standing(row)}
        return self.page(request, "campaigns/webhooks/form.html", row.name, row, where_title=row.name, **shown)

    def _save(self, form: EndpointForm) -> None:
        """Not the rest of the row: the workers write to it meanwhile. Who mends an address wants it tried now."""
        form.instance.failures, form.instance.out_until = 0, None
        form.instance.save(update_fields=[*form.fields, "failures", "out_until"])

    def _standing(self, row: WebhookEndpoint) -> dict[str, Any]:
        now = timezone.now()
        is_rotating = row.former_until is not None and row.former_until > now
        facts: Facts = [
            (_("Code"), code(row.code)),
            (_("Last taken"), self.taken_shown(row)),
            (_("Last error"), self.error_shown(row)),
            (_("Failures in a row"), row.failures or nothing(_("none"))),
            (_("Former secret counts until"), moment(row.former_until) if is_rotating else nothing()),
        ]
        return {
            "facts": facts,
            "state": self.state_shown(row),
            "problem": problem_of(row, now),
            "is_rotating": is_rotating,
        }

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, said = self._to_change(request, pk), None
        if request.method == "POST":
            try:
                verdict = try_out(row, timezone.now())
            except CannotDecrypt as error:
                said = (str(error), "bad")
            else:
                said = verdict_in_words(verdict)
                history.record(request, Verb.TESTED, row, changes={"answer": [None, type(verdict).__name__]})
        title = _("Call “%s” to try it") % row
        return self.window(request, "campaigns/webhooks/test.html", title, row, back=self._page_of(row), said=said)

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        if request.method != "POST":
            title = _("A new secret for “%s”?") % row
            return self.window(request, "campaigns/webhooks/renew.html", title, row, back=self._page_of(row))
        secret = renew_secret(row, timezone.now())
        self._keep_secrets(request, row)
        return self._show_once(request, row, secret, _("A new secret for “%s”") % row)

    def forget_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        if request.method == "POST":
            forget_former(row)
            self._keep_secrets(request, row)
            messages.success(request, _("Only the new secret signs from now on."))
            return close_window(request, self._page_of(row))
        title = _("Forget the former secret of “%s”?") % row
        return self.window(request, "campaigns/webhooks/forget.html", title, row, back=self._page_of(row))

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_change(request, pk)
        if request.method == "POST":
            verb = Verb.DEACTIVATED if row.is_on else Verb.ACTIVATED
            row.off_because = WebhookEndpoint.Off.BY_A_PERSON if row.is_on else ""
            row.failures, row.out_until = 0, None
            with transaction.atomic():
                row.save(update_fields=["off_because", "failures", "out_until"])
                history.record_changed(request, row, verb)
            messages.success(request, (_("“%s” is on.") if row.is_on else _("“%s” is off.")) % row)
            return close_window(request, self._page_of(row))
        title = (_("Switch “%s” off?") if row.is_on else _("Switch “%s” on?")) % row
        return self.window(request, "campaigns/webhooks/switch.html", title, row, back=self._page_of(row))

    def _keep_secrets(self, request: HttpRequest, row: WebhookEndpoint) -> None:
        with transaction.atomic():
            row.save(update_fields=["secrets", "former_until"])
            history.record(request, Verb.CHANGED, row, changes={"secret": None})

    def _show_once(self, request: HttpRequest, row: WebhookEndpoint, secret: str, title: str) -> HttpResponse:
        shown = {"secret": secret, "back": self._page_of(row)}
        return self.page(request, "campaigns/webhooks/secret.html", title, row, **shown)

    def _page_of(self, row: WebhookEndpoint) -> str:
        return reverse("admin:campaigns_webhookendpoint_change", args=[row.pk])

    def _to_change(self, request: HttpRequest, pk: int) -> WebhookEndpoint:
        row: WebhookEndpoint | None = self.found(request, str(pk), to_change=True)
        if row is None:
            raise Http404
        return row

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CallList(ChangeList):
    """The rows of a page, each with what became of it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        told = tell_calls(rows)
        for call in rows:
            call.told = told[call.pk]
        self.result_list = rows


@admin.register(WebhookCall)
class CallScreen(ReadOnlyScreen):
    list_display = ("created", "told_shown", "order", "campaign")
    list_display_links = ("created",)
    list_filter = ("state", "skip_reason", "campaign", "is_test")
    list_select_related = ("order", "campaign")
    search_fields = ("=order__external_id", "=endpoint")
    search_help_text = gettext_lazy("Exact order id, or the code of an endpoint")
    ordering = ("-id",)
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CallList

    @admin.display(description=gettext_lazy("Created"))
    def created(self, call: WebhookCall) -> str:
        return moment(call.created_at, seconds=True)

    @admin.display(description=gettext_lazy("What became of it"))
    def told_shown(self, call: Any) -> str:
        return _told(call, call.told)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        call: WebhookCall | None = self.found(request, object_id)
        if call is None:
            return self.missing(request, object_id)
        told = tell_calls([call])[call.pk]
        facts: Facts = [
            (_("What became of it"), _told(call, told)),
            (_("Endpoint"), code(call.endpoint)),
            (_("Order"), to_order(call.order_id, call.order)),
            (_("Campaign"), to_campaign(call.campaign)),
            (_("Webhook id"), code(call.webhook_id)),
            (_("Calls made"), call.attempts + (call.state in (CallState.TAKEN, CallState.FAILED))),
            (_("HTTP status"), call.status_code or nothing()),
            (_("Error"), in_our_words(call.error) or nothing()),
            (_("Created"), moment(call.created_at, seconds=True)),
            (_("Worth calling until"), moment(call.expires_at)),
            (_("Last called"), moment(call.called_at, seconds=True)),
            (_("Next call"), moment(call.due_at, seconds=True)),
            (_("Ended"), moment(call.ended_at, seconds=True)),
        ]
        story = tell(call.run) if request.user.has_perm("campaigns.view_run") else ()
        return self.page(request, "campaigns/webhooks/call.html", told, call, facts=facts, story=story)


def _told(call: WebhookCall, told: str) -> str:
    shown = format_html("{} {}", pill(call.get_state_display(), TONES[CallState(call.state)]), told)
    return format_html("{} {}", shown, pill(_("test"), "warning")) if call.is_test else shown
