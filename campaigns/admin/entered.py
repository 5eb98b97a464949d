"""The orders that entered campaigns, on the screen: what became of each, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from campaigns.admin.links import to_campaign, to_order
from campaigns.models import Message, Run, RunState
from campaigns.story import tell, tell_messages
from orders.admin import OrdersScreen
from workspace.personal import shown_to
from workspace.screens import Facts, moment, nothing, pill

RUN_TONES = {RunState.FINISHED: "good", RunState.WAITING: "info", RunState.FAILED: "bad"}


class EnteredList(ChangeList):
    """The rows of a page, each with what became of its messages."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        texts = list(Message.objects.filter(run__in=[run.pk for run in rows]).order_by("pk"))
        told = tell_messages(texts)
        by_run: dict[int, list[str]] = {}
        for text in texts:
            by_run.setdefault(text.run_id, []).append(told[text.pk])
        for run in rows:
            run.told = by_run.get(run.pk, [])
        self.result_list = rows


@admin.register(Run)
class EnteredScreen(OrdersScreen):
    """The orders that entered campaigns."""

    list_display = ("entered", "order", "campaign", "change", "state_shown", "told_shown")
    list_display_links = ("entered",)
    list_filter = ("state", "campaign")
    list_select_related = ("order", "campaign", "transition__from_status", "transition__to_status")
    search_fields = ("=order__external_id", "=customer__external_id")
    search_help_text = gettext_lazy("Exact order or customer id")
    ordering = ("-id",)
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EnteredList

    @admin.display(description=gettext_lazy("Entered"))
    def entered(self, run: Run) -> str:
        return moment(run.entered_at, seconds=True)

    @admin.display(description=gettext_lazy("Change"))
    def change(self, run: Run) -> Any:
        return _change(run)

    @admin.display(description=gettext_lazy("State"))
    def state_shown(self, run: Run) -> str:
        return pill(run.get_state_display(), RUN_TONES.get(RunState(run.state), ""))

    @admin.display(description=gettext_lazy("Messages"))
    def told_shown(self, run: Any) -> Any:
        return "; ".join(run.told) or nothing()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run: Run | None = self.found(request, object_id)
        if run is None:
            return self.missing(request, object_id)
        facts: Facts = [
            (_("Campaign"), to_campaign(run.campaign)),
            (_("Order"), to_order(run.order_id, run.order)),
            (_("Change"), _change(run)),
            (_("State"), self.state_shown(run)),
            (_("Entered"), moment(run.entered_at, seconds=True)),
            (_("Ended"), moment(run.ended_at, seconds=True)),
            (_("Version"), run.version.number),
        ]
        title = f"{run.order} · {run.campaign}"
        return self.page(
            request,
            "campaigns/entered.html",
            title,
            run,
            where_title=title,
            facts=facts,
            story=tell(run),
            events=run.events.order_by("number"),
            texts=shown_to(request.user, Message.objects.filter(run=run).select_related("customer"))
            if request.user.has_perm("campaigns.view_message")
            else (),
        )


def _change(run: Run) -> Any:
    row = run.transition
    return nothing() if row is None else f"{row.from_status or _('none')} → {row.to_status}"
