"""Texts that people wrote to us, on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import AllValuesFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.links import to_customer
from campaigns.models import IncomingText
from campaigns.sms.wording import gateway_names, named
from campaigns.timeline import INCOMING_TONES
from customers.models import Customer
from workspace.personal import shown_to
from workspace.screens import Facts, ReadOnlyScreen, excerpt, lines, moment, nothing, pill


class GatewayFilter(AllValuesFieldListFilter):
    """By the code that is kept, shown with the name that people know."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        names = gateway_names()
        for choice in super().choices(changelist):
            yield choice | {"display": named(str(choice["display"]), names)}


@admin.register(IncomingText)
class IncomingTextScreen(ReadOnlyScreen):
    """What people wrote to us. A keyword has changed their consent by the time it is shown."""

    list_display = ("occurred", "meaning_shown", "phone_shown", "customers_shown", "text_shown")
    list_display_links = ("occurred",)
    list_filter = ("meaning", ("gateway", GatewayFilter))
    search_fields = ("=customers__external_id",)
    search_help_text = gettext_lazy("Exact customer id")
    personal_search_fields = ("=phone",)
    personal_search_help_text = gettext_lazy("Exact phone or customer id")
    how_they_come = gettext_lazy(
        "They come through a gateway: its page under Settings > SMS says which address to give the provider, and an "
        "HTTP gateway has to know where in a call they stand. STOP and START then change consent by themselves."
    )
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncomingText]:
        writers = Prefetch("customers", shown_to(request.user, Customer.objects.all()))
        rows: QuerySet[IncomingText] = super().get_queryset(request).prefetch_related(writers)
        return rows

    @admin.display(description=gettext_lazy("Written"))
    def occurred(self, text: IncomingText) -> str:
        return moment(text.occurred_at, seconds=True)

    @admin.display(description=gettext_lazy("Meaning"))
    def meaning_shown(self, text: IncomingText) -> str:
        return pill(text.get_meaning_display(), INCOMING_TONES.get(IncomingText.Meaning(text.meaning), ""))

    @admin.display(description=gettext_lazy("Phone"))
    def phone_shown(self, text: IncomingText) -> str:
        return text.phone

    @admin.display(description=gettext_lazy("Customers"))
    def customers_shown(self, text: IncomingText) -> Any:
        return lines(to_customer(customer) for customer in text.customers.all()) or nothing(_("unknown number"))

    @admin.display(description=gettext_lazy("Text"))
    def text_shown(self, text: IncomingText) -> Any:
        return excerpt(text.text)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        text: IncomingText | None = self.found(request, object_id)
        if text is None:
            return self.missing(request, object_id)
        facts: Facts = [
            (_("Text"), text.text),
            (_("Meaning"), self.meaning_shown(text)),
            (_("From"), text.phone or nothing()),
            (_("Customers"), self.customers_shown(text)),
            (_("Gateway"), named(text.gateway, gateway_names())),
            (_("Gateway's id"), text.gateway_id),
            (_("Written"), moment(text.occurred_at, seconds=True)),
            (_("Received"), moment(text.received_at, seconds=True)),
        ]
        title = _("Text from %s") % (text.phone or _("an unknown number"))
        return self.page(request, "workspace/facts_page.html", title, text, where_title=title, facts=facts)
