"""Campaigns on the screen: their list, their editor, and the verbs of their life."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.views import ChangeList

from campaigns import lifecycle
from campaigns.definitions import DefinitionError, in_order, read_plan
from campaigns.editing import NEW, NO_REVISION, Saved, save, vocabulary
from campaigns.history import note_activated
from campaigns.lifecycle import WrongState, find_cautions, missing_statuses
from campaigns.models import Activation, Campaign, CampaignState, Message, Run, RunState
from campaigns.sms.connections import reaches_nobody
from campaigns.wording import status_names, trigger_sentence
from workspace import history
from workspace.models import User, Verb
from workspace.screens import Screen, clock, close_window, moment, nothing, pill

STATE_TONES = {CampaignState.ACTIVE: "good", CampaignState.PAUSED: "warning", CampaignState.DRAFT: "info"}


TO_ACTIVATE = "campaigns.activate_campaign"


class AskedFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("activation"), "activation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("asked", _("Asked for"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> QuerySet[Campaign]:
        return queryset.filter(asked_at__isnull=False) if self.value() == "asked" else queryset


class CampaignList(ChangeList):
    """The rows of a page, each with the trigger of what runs, else of its draft, as a sentence. Two queries for all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        names = status_names()
        live = Activation.objects.live().filter(campaign__in=[campaign.pk for campaign in rows])
        running = dict(live.values_list("campaign_id", "version__definition"))
        for campaign in rows:
            campaign.sentence = trigger_sentence(running.get(campaign.pk, campaign.draft), names)
        self.result_list = rows


@admin.register(Campaign)
class CampaignScreen(Screen):
    list_display = ("name_shown", "state_shown", "entered", "sent", "changed")
    list_display_links = ("name_shown",)
    list_filter = ("state", AskedFilter)
    list_select_related = ("asked_by",)
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name or code")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/activate/", wrap(self.activate_view), name="campaigns_campaign_activate"),
            path("<int:pk>/end/", wrap(self.end_view), name="campaigns_campaign_end"),
            path("<int:pk>/pause/", wrap(require_POST(self.pause_view)), name="campaigns_campaign_pause"),
            path("<int:pk>/resume/", wrap(require_POST(self.resume_view)), name="campaigns_campaign_resume"),
            path("<int:pk>/ask/", wrap(require_POST(self.ask_view)), name="campaigns_campaign_ask"),
            path("<int:pk>/withdraw/", wrap(require_POST(self.withdraw_view)), name="campaigns_campaign_withdraw"),
            *super().get_urls(),
        ]

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CampaignList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        entered = Run.objects.exclude(state=RunState.DECLINED)
        sent = Message.objects.filter(state__in=Message.SENT)
        rows: QuerySet[Campaign] = super().get_queryset(request)
        return rows.annotate(
            entered_count=_of_each(entered, Count("pk")),
            sent_count=_of_each(sent, Count("pk")),
            parts_count=_of_each(sent, Sum("parts")),
        )

    @admin.display(description=gettext_lazy("Campaign"), ordering="name")
    def name_shown(self, campaign: Any) -> str:
        return format_html('{}<span class="os-sentence">{}</span>', campaign.name, campaign.sentence)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_shown(self, campaign: Campaign) -> str:
        if campaign.asked_at is None:
            return _state(campaign)
        asked = pill(_asked(campaign), "warning")
        return format_html("{} {}", _state(campaign), asked)

    @admin.display(description=gettext_lazy("Orders that entered"), ordering="entered_count")
    def entered(self, campaign: Any) -> Any:
        return f"{campaign.entered_count:,}" if campaign.entered_count else nothing("0")

    @admin.display(description=gettext_lazy("Messages sent"), ordering="sent_count")
    def sent(self, campaign: Any) -> Any:
        return _counted(campaign.sent_count, campaign.parts_count) if campaign.sent_count else nothing("0")

    @admin.display(description=gettext_lazy("Changed"), ordering="updated_at")
    def changed(self, campaign: Campaign) -> str:
        return moment(campaign.updated_at)

    # The editor

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._edit(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        campaign: Campaign | None = self.found(request, object_id)
        if campaign is None:
            return self.missing(request, object_id)
        return self._edit(request, campaign)

    def _edit(self, request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
        may_edit = campaign is None or (_may_edit(campaign) and self.has_change_permission(request, campaign))
        if request.method != "POST":
            text = _as_text(in_order(campaign.draft) if campaign else NEW)
            return self._editor(
                request, campaign, text, campaign.revision if campaign else NO_REVISION, may_edit=may_edit
            )
        if not may_edit:
            raise PermissionDenied
        text = request.POST.get("definition", "")
        revision = _number(request.POST.get("over" if "_over" in request.POST else "revision"))
        assert isinstance(request.user, User)
        with transaction.atomic():
            saved = save(text, revision, campaign=campaign, by=request.user)
            if saved.campaign:
                (self.log_change if campaign else self.log_addition)(request, saved.campaign)
        if saved.campaign is None:
            return self._editor(request, campaign, text, revision, may_edit=True, saved=saved)
        self._tell_saved(request, saved.campaign)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[saved.campaign.pk]))

    def _tell_saved(self, request: HttpRequest, campaign: Campaign) -> None:
        is_live = campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED)
        hint = (
            _("What runs stays as it was until you publish it.")
            if is_live
            else _("Nothing starts until you activate it.")
        )
        messages.success(request, f"{_('The draft is saved.')} {hint}")

    def _editor(
        self,
        request: HttpRequest,
        campaign: Campaign | None,
        text: str,
        revision: int,
        *,
        may_edit: bool,
        saved: Saved | None = None,
    ) -> HttpResponse:
        problems = [{"pointer": p.field, "detail": p.detail} for p in saved.problems] if saved else []
        is_stale = bool(saved and saved.is_stale)
        shown: dict[str, Any] = {"vocabulary": vocabulary(), "problems": problems, "isNew": campaign is None}
        context = {
            "definition": text,
            "revision": revision,
            "data": {
                **shown,
                "mayEdit": may_edit,
                "isStale": is_stale,
                "codeFixed": campaign.code if campaign else None,
            },
            "problems": problems,
            "is_stale": is_stale,
            "newest": campaign and Campaign.objects.get(pk=campaign.pk).revision,
            "may_edit": may_edit,
        }
        if campaign is not None:
            context |= self._standing(request, campaign)
        title = campaign.name if campaign else _("New campaign")
        return self.page(request, "campaigns/editor.html", title, campaign, **context)

    def _standing(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        """Where the campaign is in its life, and what may be done about it."""
        live = campaign.activations.live().select_related("version").first()
        is_changed = live is not None and live.version.definition != campaign.draft
        has_news = campaign.state == CampaignState.DRAFT or is_changed
        may_activate = request.user.has_perm(TO_ACTIVATE)
        may_ask = not may_activate and self.has_change_permission(request, campaign)
        entered = Run.objects.filter(campaign=campaign).exclude(state=RunState.DECLINED)
        sent = Message.objects.filter(campaign=campaign, state__in=Message.SENT)
        counts = sent.aggregate(messages=Count("pk"), parts=Coalesce(Sum("parts"), 0))
        return {
            "state": _state(campaign),
            "sentence": trigger_sentence(campaign.draft, status_names()),
            "live": live,
            "is_changed": is_changed,
            "may_activate": may_activate and has_news,
            "may_ask": may_ask and has_news and campaign.asked_at is None,
            "asked": _asked(campaign) if campaign.asked_at else "",
            "asked_at": moment(campaign.asked_at),
            "is_asker": campaign.asked_by == request.user,
            "may_withdraw": self._may_withdraw(request, campaign),
            "may_pause": may_activate and campaign.state == CampaignState.ACTIVE,
            "may_resume": may_activate and campaign.state == CampaignState.PAUSED,
            "may_end": may_activate and campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED),
            "entered_count": entered.count(),
            "sent": _counted(counts["messages"], counts["parts"]),
            "on_test_phone": reaches_nobody(),
            "may_see_sms": request.user.has_perm("campaigns.view_smsgateway"),
        }

    # Its life

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._to_move(request, pk)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        refusal = ""
        if request.method == "POST":
            try:
                assert isinstance(request.user, User)
                with transaction.atomic():
                    activated = lifecycle.activate(campaign, by=request.user)
                    note_activated(request, activated)
            except (WrongState, DefinitionError) as error:
                refusal = str(error)
            else:
                since = clock(activated.activation.activated_at)
                messages.success(
                    request,
                    _("“%(campaign)s” is active. It starts with changes after %(time)s.")
                    % {"campaign": campaign, "time": since},
                )
                return close_window(request, back)
        is_live = campaign.state != CampaignState.DRAFT
        return self.window(
            request,
            "campaigns/activate.html",
            (_("Publish the changes of “%s”?") if is_live else _("Activate “%s”?")) % campaign,
            campaign,
            back=back,
            refusal=refusal,
            is_live=is_live,
            since=clock(timezone.now()),
            sentence=trigger_sentence(campaign.draft, status_names()),
            missing=_missing(campaign),
            cautions=_cautions(campaign),
            on_test_phone=reaches_nobody(),
            may_see_sms=request.user.has_perm("campaigns.view_smsgateway"),
        )

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._to_move(request, pk)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        if request.method == "POST":
            self._move(request, campaign, lifecycle.end, Verb.ENDED, _("“%s” has ended."))
            return close_window(request, back)
        under_way = Run.objects.filter(campaign=campaign, state=RunState.WAITING).count()
        title = _("End “%s”?") % campaign
        return self.window(request, "campaigns/end.html", title, campaign, back=back, under_way=under_way)

    def pause_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = _("“%s” is paused: orders still enter, and wait.")
        return self._move(request, self._to_move(request, pk), lifecycle.pause, Verb.PAUSED, done)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = _("“%s” goes on.")
        return self._move(request, self._to_move(request, pk), lifecycle.resume, Verb.RESUMED, done)

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For those who may edit a campaign and not let it run."""
        campaign: Campaign | None = self.found(request, str(pk), to_change=True)
        if campaign is None:
            raise Http404
        assert isinstance(request.user, User)
        asked = partial(lifecycle.ask, by=request.user)
        done = _("You asked for “%s” to be activated. Those who may are shown it.")
        return self._move(request, campaign, asked, Verb.ASKED, done)

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By who asked, or by who answers that it shall not be."""
        campaign: Campaign | None = self.found(request, str(pk))
        if campaign is None:
            raise Http404
        # Taken back already, it is told so whoever might have.
        may = self.has_change_permission(request, campaign) if campaign.asked_at is None else False
        if not (may or self._may_withdraw(request, campaign)):
            raise PermissionDenied
        done = _("Nobody asks for “%s” to be activated any more.")
        return self._move(request, campaign, lifecycle.withdraw, Verb.WITHDRAWN, done)

    def _may_withdraw(self, request: HttpRequest, campaign: Campaign) -> bool:
        is_asker = campaign.asked_by == request.user and self.has_change_permission(request, campaign)
        return is_asker or request.user.has_perm(TO_ACTIVATE)

    def _to_move(self, request: HttpRequest, pk: int) -> Campaign:
        if not request.user.has_perm(TO_ACTIVATE):
            raise PermissionDenied
        campaign: Campaign | None = self.found(request, str(pk))
        if campaign is None:
            raise Http404
        return campaign

    def _move(
        self, request: HttpRequest, campaign: Campaign, move: Callable[[Campaign], Campaign], verb: Verb, done: str
    ) -> HttpResponse:
        try:
            with transaction.atomic():
                history.record_changed(request, move(campaign), verb)
        except WrongState as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done % campaign)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft that never ran leaves no trace; what ran is part of the books."""
        if obj is None or obj.state != CampaignState.DRAFT or obj.versions.exists():
            return False
        return bool(super().has_delete_permission(request, obj))


def _of_each(rows: QuerySet[Any], number: Count | Sum) -> Coalesce:
    mine = rows.filter(campaign=OuterRef("pk")).order_by().values("campaign").annotate(number=number)
    return Coalesce(Subquery(mine.values("number")), 0)


def _counted(texts: int, parts: int) -> str:
    """“812 messages, 1,004 parts”."""
    words = {
        "messages": ngettext("%s message", "%s messages", texts) % f"{texts:,}",
        "parts": ngettext("%s part", "%s parts", parts) % f"{parts:,}",
    }
    return _("%(messages)s, %(parts)s") % words


def _may_edit(campaign: Campaign) -> bool:
    return campaign.state != CampaignState.ENDED


def _as_text(definition: Any) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False)


def _number(raw: str | None) -> int:
    return int(raw) if raw and raw.isdecimal() and len(raw) < 10 else NO_REVISION


def _asked(campaign: Campaign) -> str:
    who = campaign.asked_by and (campaign.asked_by.get_full_name() or campaign.asked_by.get_username())
    return _("Activation asked for by %s") % who if who else _("Activation asked for")


def _state(campaign: Campaign) -> str:
    return pill(campaign.get_state_display(), STATE_TONES.get(CampaignState(campaign.state), ""))


def _missing(campaign: Campaign) -> list[str]:
    try:
        return missing_statuses(read_plan(campaign.draft))
    except DefinitionError:
        return []


def _cautions(campaign: Campaign) -> dict[str, str]:
    """By their codes, since the window draws each in its own way."""
    try:
        return {caution.code: caution.detail for caution in find_cautions(read_plan(campaign.draft))}
    except DefinitionError:
        return {}
