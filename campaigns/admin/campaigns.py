"""Campaigns on the screen: their list, their editor, and the verbs of their life."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.wording import all_names
from campaigns import lifecycle
from campaigns.admin import texts
from campaigns.admin.editor import EditorScreen
from campaigns.admin.exchange import CampaignExchange
from campaigns.admin.held import held_view
from campaigns.admin.life import TO_ACTIVATE, CampaignLife
from campaigns.admin.listing import asked_by, state_pill, texts_and_parts
from campaigns.back_filling import open_one
from campaigns.definitions import trigger_sentence
from campaigns.models import Campaign, CampaignState, Message, Run, RunState
from campaigns.sms.breaker import held_of
from campaigns.sms.connections import reaches_nobody
from workspace.models import User, Verb
from workspace.screens import moment
from workspace.upserts import is_same


@admin.register(Campaign)
class CampaignScreen(CampaignLife, CampaignExchange, EditorScreen):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/held/", wrap(partial(held_view, self)), name="campaigns_campaign_held"),
            path("<int:pk>/ask/", wrap(require_POST(self.ask_view)), name="campaigns_campaign_ask"),
            path("<int:pk>/withdraw/", wrap(require_POST(self.withdraw_view)), name="campaigns_campaign_withdraw"),
            *texts.urls(self),
            *super().get_urls(),
        ]

    # The editor

    def standing(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        """Where the campaign is in its life, and what may be done about it."""
        live = campaign.activations.live().select_related("version").first()
        is_changed = live is not None and not is_same(live.version.definition, campaign.draft)
        has_news = campaign.state == CampaignState.DRAFT or is_changed
        may_activate = request.user.has_perm(TO_ACTIVATE)
        may_ask = not may_activate and self.has_change_permission(request, campaign)
        entered = Run.objects.filter(campaign=campaign).exclude(state=RunState.DECLINED)
        sent = Message.objects.filter(campaign=campaign, state__in=Message.SENT)
        counts = sent.aggregate(messages=Count("pk"), parts=Coalesce(Sum("parts"), 0))
        return {
            "state": state_pill(campaign),
            "sentence": trigger_sentence(campaign.draft, all_names()),
            "live": live,
            "is_changed": is_changed,
            "may_activate": may_activate and has_news,
            "may_ask": may_ask and has_news and campaign.asked_at is None,
            "asked": asked_by(campaign) if campaign.asked_at else "",
            "asked_at": moment(campaign.asked_at),
            "is_asker": campaign.asked_by == request.user,
            "may_withdraw": self._may_withdraw(request, campaign),
            "may_pause": may_activate and campaign.state == CampaignState.ACTIVE,
            "back_fill": open_one(campaign),
            "has_versions": campaign.versions.exists(),
            "may_resume": may_activate and campaign.state == CampaignState.PAUSED,
            "may_end": may_activate and campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED),
            "entered_count": entered.count(),
            "sent": texts_and_parts(counts["messages"], counts["parts"]),
            "held": held_of(campaign),
            "on_test_phone": reaches_nobody(),
            "may_see_sms": request.user.has_perm("campaigns.view_smsgateway"),
        }

    # Asking for it

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For those who may edit a campaign and not let it run."""
        campaign: Campaign | None = self.found(request, str(pk), to_change=True)
        if campaign is None:
            raise Http404
        assert isinstance(request.user, User)
        asked = partial(lifecycle.ask, by=request.user)
        done = _("You asked for “%s” to be activated. Those who may are shown it.")
        return self.move(request, campaign, asked, Verb.ASKED, done)

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
        return self.move(request, campaign, lifecycle.withdraw, Verb.WITHDRAWN, done)

    def _may_withdraw(self, request: HttpRequest, campaign: Campaign) -> bool:
        is_asker = campaign.asked_by == request.user and self.has_change_permission(request, campaign)
        return is_asker or request.user.has_perm(TO_ACTIVATE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft that never ran leaves no trace; what ran is part of the books."""
        if obj is None or obj.state != CampaignState.DRAFT or obj.versions.exists():
            return False
        return bool(super().has_delete_permission(request, obj))
