"""Messages on the screen: what became of each, and what its gateway said."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from campaigns.admin.links import to_campaign, to_customer, to_order
from campaigns.models import Message, MessageState
from campaigns.sms.desk import SettlingDesk, can_look_up
from campaigns.sms.wording import error_of, gateway_names, named, parts_of
from campaigns.story import tell, tell_message, tell_messages
from campaigns.timeline import TONES
from orders.admin import WHAT_SHOPS_TELL
from workspace.exports import Export, column, columns
from workspace.narrowed import NarrowedScreen
from workspace.screens import Facts, excerpt, moment, nothing, pill
from workspace.timeline import entries


class MessageList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        told = tell_messages(rows)
        for message in rows:
            message.told = told[message.pk]
        self.result_list = rows


@admin.register(Message)
class MessageScreen(NarrowedScreen, SettlingDesk):
    list_display = ("created", "told_shown", "order_shown", "campaign", "text_shown")
    list_display_links = ("created",)
    list_filter = ("state", "skip_reason", "purpose", "campaign", "is_test")
    list_select_related = ("customer", "order", "campaign")
    search_fields = ("=order__external_id", "=customer__external_id")
    search_help_text = gettext_lazy("Exact order or customer id")
    personal_search_fields = ("=phone",)
    personal_search_help_text = gettext_lazy("Exact order id, customer id or phone")
    ordering = ("-id",)
    sortable_by = ()
    export = Export(
        "messages",
        [
            column("id"),
            column("campaign", "campaign.code"),
            column("run", "run_id"),
            column("step"),
            column("order", "order.external_id"),
            column("customer", "customer.external_id"),
            *columns("purpose", "state", "skip_reason", "is_held", "is_test", "due_at"),
            *columns("phone", "text", is_personal=True),
            *columns("parts", "encoding", "attempts", "gateway", "gateway_id"),
            # A provider's own words, which may say the number again.
            column("error", is_personal=True),
            *columns("created_at", "sent_at", "ended_at", "receipt_at"),
            column("receipt_reason", is_personal=True),
        ],
        related=("campaign", "order", "customer"),
        unread=("campaign__draft", *(f"order__{block}" for block in WHAT_SHOPS_TELL)),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MessageList

    @admin.display(description=gettext_lazy("Created"))
    def created(self, message: Message) -> str:
        return moment(message.created_at, seconds=True)

    @admin.display(description=gettext_lazy("What became of it"))
    def told_shown(self, message: Any) -> str:
        return _told(message, message.told)

    @admin.display(description=gettext_lazy("Order and customer"))
    def order_shown(self, message: Message) -> Any:
        return _over(message.order or nothing(), message.customer or "")

    @admin.display(description=gettext_lazy("Text"))
    def text_shown(self, message: Message) -> Any:
        return _over(excerpt(message.text), parts_of(message)) if message.text else nothing()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        message: Message | None = self.found(request, object_id)
        if message is None:
            return self.missing(request, object_id)
        told = tell_message(message)
        facts: Facts = [
            (_("What became of it"), _told(message, told)),
            (_("Customer"), to_customer(message.customer)),
            (_("Order"), to_order(message.order_id, message.order)),
            (
                _("Campaign"),
                to_campaign(message.campaign),
            ),
            (_("Purpose"), message.get_purpose_display()),
            (_("Deliver"), message.get_deliver_display()),
            (_("To"), message.phone or nothing()),
            (_("Parts"), parts_of(message) or nothing()),
            (_("Gateway"), named(message.gateway, gateway_names()) or nothing()),
            (_("Gateway's id"), message.gateway_id or nothing()),
            (_("Created"), moment(message.created_at, seconds=True)),
            (_("Worth sending until"), moment(message.expires_at)),
            (_("Last called"), moment(message.called_at, seconds=True)),
            (_("Sent"), moment(message.sent_at, seconds=True)),
            (_("Receipt of"), moment(message.receipt_at, seconds=True)),
            (_("Reason in the receipt"), message.receipt_reason or nothing()),
            (_("Error"), error_of(message) or nothing()),
        ]
        is_unknown = message.state == MessageState.UNKNOWN
        return self.page(
            request,
            "campaigns/message.html",
            told,
            message,
            where_title=told,
            facts=facts,
            story=tell(message.run),
            heard=entries(message, request.user),
            is_unknown=is_unknown,
            may_settle=is_unknown and self.may_settle(request),
            can_look_up=is_unknown and bool(can_look_up([message.gateway])),
        )


def _over(first: Any, second: Any) -> SafeString:
    """Two things in one cell: side by side they would be wider than the list."""
    return format_html('<div>{}<div class="os-quiet">{}</div></div>', first, second)


def _told(message: Message, told: str) -> str:
    shown = pill(told, TONES.get(MessageState(message.state), "good"))
    return format_html("{} {}", shown, pill(_("test"), "warning")) if message.is_test else shown
