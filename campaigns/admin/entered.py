"""The orders that entered campaigns, on the screen: what became of each, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from campaigns.admin.life import TO_ACTIVATE, intervene
from campaigns.admin.links import AT_GATE, to_campaign, to_order
from campaigns.definitions import all_steps
from campaigns.live import orders_through
from campaigns.models import CampaignVersion, Message, Run, RunState
from campaigns.story import tell, tell_messages
from orders.admin import WHAT_SHOPS_TELL, OrdersScreen
from workspace.exports import Export, column, columns
from workspace.narrowed import NarrowedScreen
from workspace.personal import shown_to
from workspace.screens import Facts, moment, nothing, pill
from workspace.text import is_storable

RUN_TONES = {RunState.FINISHED: "good", RunState.WAITING: "info", RunState.FAILED: "bad"}


class OfOneCampaign(admin.SimpleListFilter):
    """Offered once the list is that of one campaign."""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        campaign = request.GET.get("campaign__id__exact", "")
        self.campaign = int(campaign) if campaign.isdecimal() and len(campaign) < 19 else 0
        super().__init__(request, params, model, model_admin)

    def versions(self) -> QuerySet[CampaignVersion]:
        return CampaignVersion.objects.filter(campaign=self.campaign)


class VersionFilter(OfOneCampaign):
    title, parameter_name = gettext_lazy("version"), "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        numbers = self.versions().order_by("-number").values_list("number", flat=True)
        return [(str(number), str(number)) for number in numbers]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        number = self.value() or ""
        return queryset.filter(version__number=int(number)) if number.isdecimal() and len(number) < 10 else queryset


class StepFilter(OfOneCampaign):
    """Where they stand, or ended; of the newest version's steps."""

    title, parameter_name = gettext_lazy("step"), "at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        version = self.versions().order_by("-number").first()
        steps = all_steps(version.definition["steps"]) if version else ()
        return [(AT_GATE, _("Not let in yet")), *((s["key"], s["key"]) for s in steps)] if version else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        step = self.value()
        if step is None or not is_storable(step):
            return queryset
        return queryset.filter(step="" if step == AT_GATE else step)


class ThroughFilter(OfOneCampaign):
    """Those that came through a step (“filter”), or took one way out of it (“filter:yes”): where a number at a step
    leads, so that it stands among the filters only while it is chosen."""

    title, parameter_name = gettext_lazy("came through"), "through"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name, "")
        step, _colon, way = chosen.partition(":")
        step = _("What starts it") if step == AT_GATE else step
        return [(chosen, f"{step}: {way}" if way else step)] if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        step, _colon, way = (self.value() or "").partition(":")
        if not step or not is_storable(step + way):
            return queryset
        return orders_through(queryset, "" if step == AT_GATE else step, way)


class HeldFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("held"), "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Held"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        return queryset.filter(held_at__isnull=False) if self.value() == "yes" else queryset


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
class EnteredScreen(NarrowedScreen, OrdersScreen):
    """The orders that entered campaigns."""

    list_display = ("entered", "order", "campaign", "change", "state_shown", "told_shown")
    list_display_links = ("entered",)
    list_filter = ("state", HeldFilter, "campaign", VersionFilter, StepFilter, ThroughFilter)
    list_select_related = ("order", "campaign", "transition__from_status", "transition__to_status")
    search_fields = ("=order__external_id", "=customer__external_id")
    search_help_text = gettext_lazy("Exact order or customer id")
    ordering = ("-id",)
    sortable_by = ()
    export = Export(
        "runs",
        [
            column("id"),
            column("campaign", "campaign.code"),
            column("version", "version.number"),
            column("order", "order.external_id"),
            column("customer", "customer.external_id"),
            column("occasion"),
            column("occurred_at"),
            column("transition", "transition_id"),
            *columns("state", "reason", "step", "due_at", "held_at", "entered_at", "ended_at"),
        ],
        related=("campaign", "version", "order", "customer"),
        unread=("campaign__draft", "version__definition", *(f"order__{block}" for block in WHAT_SHOPS_TELL)),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EnteredList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.intervene_view)
        return [path("<int:pk>/intervene/", view, name="campaigns_run_intervene"), *super().get_urls()]

    def intervene_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hold, release, try again or stop this one."""
        if not request.user.has_perm(TO_ACTIVATE):
            raise PermissionDenied
        run: Run | None = self.found(request, str(pk))
        if run is None:
            raise Http404
        back = reverse("admin:campaigns_run_change", args=[run.pk])
        here = reverse("admin:campaigns_run_intervene", args=[run.pk])
        return intervene(self, request, run, Run.objects.filter(pk=run.pk), back=back, here=here, asked={})

    @admin.display(description=gettext_lazy("Entered"))
    def entered(self, run: Run) -> str:
        return moment(run.entered_at, seconds=True)

    @admin.display(description=gettext_lazy("Change"))
    def change(self, run: Run) -> Any:
        return _change(run)

    @admin.display(description=gettext_lazy("State"))
    def state_shown(self, run: Run) -> str:
        if run.held_at is not None:
            return pill(_("Held"), "warning")
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
            verbs=_verbs(run) if request.user.has_perm(TO_ACTIVATE) else [],
            events=run.events.order_by("number"),
            texts=shown_to(request.user, Message.objects.filter(run=run).select_related("customer"))
            if request.user.has_perm("campaigns.view_message")
            else (),
        )


def _verbs(run: Run) -> list[tuple[str, str]]:
    """What may be done about it."""
    if run.state == RunState.FAILED:
        return [("retry", _("Try again"))]
    if run.state != RunState.WAITING:
        return []
    held = ("hold", _("Hold")) if run.held_at is None else ("release", _("Release"))
    return [held, ("stop", _("Stop"))]


def _change(run: Run) -> Any:
    row = run.transition
    return nothing() if row is None else f"{row.from_status or _('none')} → {row.to_status}"
