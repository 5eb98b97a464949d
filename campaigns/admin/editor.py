"""The editor of a campaign: its page, what it asks while somebody types, and what it keeps of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.names_in_use import names_in_use
from campaigns.comparing import Difference, compare
from campaigns.definitions import in_order
from campaigns.editing import NEW, NO_REVISION, Saved, find_problems, number_of, read_definition, save, vocabulary
from campaigns.examining import examine
from campaigns.models import Campaign, CampaignState, Unfinished
from campaigns.unfinished import CannotKeep, Page, forget, keep, kept_of
from workspace.local_formats import clock, moment, zone_of_reader
from workspace.models import User
from workspace.reading import Problem
from workspace.screens import Screen


class EditorScreen(Screen):
    """Draws a campaign to be edited, and saves it. What a campaign is in is told by who inherits."""

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Any, name: str) -> URLPattern:
            wrapped: URLPattern = path(
                route, self.admin_site.admin_view(require_POST(view)), name=f"campaigns_campaign_{name}"
            )
            return wrapped

        return [
            at("check/", self.check_view, "check"),
            at("keep/", self.keep_view, "keep_new"),
            at("<int:pk>/keep/", self.keep_view, "keep"),
            at("give-up/", self.give_up_view, "give_up_new"),
            at("<int:pk>/give-up/", self.give_up_view, "give_up"),
            *super().get_urls(),
        ]

    def standing(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        """Where the campaign is in its life, and what may be done about it."""
        return {}

    def new_definition(self, request: HttpRequest) -> Mapping[str, Any]:
        """What a new campaign begins as."""
        return NEW

    # The page

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
        may_edit = self._may_edit(request, campaign)
        if request.method != "POST":
            return self._open(request, campaign, may_edit=may_edit)
        if not may_edit:
            raise PermissionDenied
        text, page = request.POST.get("definition", ""), _page_that_asks(request)
        revision = number_of(request.POST.get("over" if "_over" in request.POST else "revision"))
        saved = self._save(request, text, revision, campaign, page)
        if saved.campaign is None:
            return self._editor(request, campaign, text, revision, may_edit=True, saved=saved, page=page)
        self._tell_saved(request, saved.campaign)
        return HttpResponseRedirect(_draft_of(request, saved.campaign))

    def _open(self, request: HttpRequest, campaign: Campaign | None, *, may_edit: bool) -> HttpResponse:
        """Where this person left off, else the draft."""
        kept = _kept(request, campaign) if may_edit else None
        if kept is not None:
            is_stale = campaign is not None and kept.revision != campaign.revision
            saved = Saved(is_stale=True) if is_stale else None
            return self._editor(
                request,
                campaign,
                kept.definition,
                kept.revision,
                may_edit=True,
                saved=saved,
                page=Page.new(kept),
                kept=kept,
            )
        text = _as_text(in_order(campaign.draft) if campaign else self.new_definition(request))
        return self._editor(request, campaign, text, campaign.revision if campaign else NO_REVISION, may_edit=may_edit)

    def _may_edit(self, request: HttpRequest, campaign: Campaign | None) -> bool:
        if campaign is None:
            return bool(self.has_add_permission(request))
        is_over = campaign.state == CampaignState.ENDED or campaign.archived_at is not None
        return not is_over and bool(self.has_change_permission(request, campaign))

    def _save(self, request: HttpRequest, text: str, revision: int, campaign: Campaign | None, page: Page) -> Saved:
        assert isinstance(request.user, User)
        with transaction.atomic():
            saved = save(text, revision, campaign=campaign, by=request.user)
            if saved.campaign:
                (self.log_change if campaign else self.log_addition)(request, saved.campaign)
                forget(by=request.user, page=page)
        return saved

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
        page: Page | None = None,
        kept: Unfinished | None = None,
    ) -> HttpResponse:
        problems = _told(saved.problems) if saved else []
        is_stale = bool(saved and saved.is_stale)
        newest = Campaign.objects.get(pk=campaign.pk) if campaign and is_stale else campaign
        data = {
            "vocabulary": vocabulary(),
            "told": self._examine(text, campaign),
            "wasRefused": bool(problems),
            "isNew": campaign is None,
            "zone": timezone.get_current_timezone_name(),
            "zoneName": zone_of_reader(),
            "mayEdit": may_edit,
            "isStale": is_stale,
            "isKept": kept is not None,
            "codeFixed": campaign.code if campaign else None,
            "campaign": campaign and campaign.pk,
            "live": None,
            "names": names_in_use(request.user) if may_edit else {},
            "urls": _addresses(campaign),
        }
        context = {
            "definition": text,
            "revision": revision,
            "page": page or Page.new(),
            "data": data,
            "problems": problems,
            "is_stale": is_stale,
            "differences": _differences(text, newest) if newest and is_stale else [],
            "newest": newest and newest.revision,
            "may_edit": may_edit,
            "kept_at": kept and moment(kept.kept_at),
            "others": _others(request, campaign, page) if may_edit else [],
        }
        if campaign is not None:
            context |= self.standing(request, campaign)
            data["live"] = _live(campaign, context)
        title = campaign.name if campaign else _("New campaign")
        return self.page(request, "campaigns/editor.html", title, campaign, **context)

    # What it asks while somebody types

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """What is wrong with a definition as it stands, and what it says. Nothing is written."""
        if not (self.has_view_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        campaign = Campaign.objects.filter(pk=number_of(request.POST.get("campaign"))).first()
        return JsonResponse(self._examine(request.POST.get("definition", ""), campaign))

    def _examine(self, text: str, campaign: Campaign | None) -> dict[str, Any]:
        told = examine(text, campaign)
        return told | {"problems": _told(told["problems"])}

    def keep_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Keep what is typed. `leaving`: make it the draft if it is right, since a draft saves itself."""
        campaign = self._to_edit(request, pk)
        text, page = request.POST.get("definition", ""), _page_that_asks(request)
        revision = number_of(request.POST.get("revision"))
        if "leaving" in request.POST:
            saved = self._save(request, text, revision, campaign, page)
            if saved.campaign is not None:
                return JsonResponse({"saved": saved.campaign.revision, "address": _page_of(saved.campaign)})
        assert isinstance(request.user, User)
        try:
            kept = keep(text, revision, campaign=campaign, by=request.user, page=page)
        except CannotKeep as error:
            return JsonResponse({"detail": str(error)}, status=422)
        is_stale = campaign is not None and campaign.revision != revision
        return JsonResponse({"begun": kept.pk, "at": clock(kept.kept_at), "is_stale": is_stale})

    def give_up_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Back to the draft as it was saved."""
        campaign = self._to_edit(request, pk)
        assert isinstance(request.user, User)
        forget(by=request.user, page=_page_that_asks(request))
        back = _draft_of(request, campaign) if campaign else reverse("admin:campaigns_campaign_changelist")
        return HttpResponseRedirect(back)

    def _to_edit(self, request: HttpRequest, pk: int | None) -> Campaign | None:
        campaign: Campaign | None = self.found(request, str(pk)) if pk is not None else None
        if pk is not None and campaign is None:
            raise Http404
        if not self._may_edit(request, campaign):
            raise PermissionDenied
        return campaign


def _page_that_asks(request: HttpRequest) -> Page:
    told = request.POST
    return Page.of(told.get("page", ""), number_of(told.get("begun")), told.get("as_of", ""))


def _kept(request: HttpRequest, campaign: Campaign | None) -> Unfinished | None:
    """What this person typed last, unless the address says which, or none. A new campaign is begun afresh."""
    assert isinstance(request.user, User)
    kept = kept_of(request.user, campaign)
    if "begun" in request.GET or campaign is None:
        kept = kept.filter(pk=number_of(request.GET.get("begun")))
    return kept.first()


def _others(request: HttpRequest, campaign: Campaign | None, page: Page | None) -> list[dict[str, Any]]:
    """What else this person typed of it, or began, beside what is open."""
    assert isinstance(request.user, User)
    kept = kept_of(request.user, campaign)
    rows = kept.exclude(page.opened).exclude(page=page.word) if page else kept
    return [{"row": row, "name": _name_in(row.definition), "at": moment(row.kept_at)} for row in rows]


def _name_in(raw: str) -> str:
    try:
        definition = read_definition(raw)
    except ValueError:
        definition = {}
    return str(definition.get("name") or _("No name yet")) if isinstance(definition, dict) else _("No name yet")


def _differences(mine: str, campaign: Campaign) -> list[Difference]:
    """Theirs and mine, where mine is right: what is half typed cannot be told in words."""
    try:
        definition = read_definition(mine)
    except ValueError:
        return []
    is_right = not find_problems(definition, campaign)
    return compare(campaign.draft, definition) if is_right else []


def _addresses(campaign: Campaign | None) -> dict[str, str]:
    to = partial(reverse, args=[campaign.pk] if campaign else [])
    return {
        "check": reverse("admin:campaigns_campaign_check"),
        "keep": to("admin:campaigns_campaign_keep" if campaign else "admin:campaigns_campaign_keep_new"),
        "add": reverse("admin:campaigns_campaign_add"),
        "often": reverse("admin:campaigns_campaign_frequency"),
    }


def _live(campaign: Campaign, standing: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to ask for the numbers of what runs, and whether the draft was another when the page was made."""
    if not standing.get("live"):
        return None
    counts = reverse("admin:campaigns_campaign_steps_json", args=[campaign.pk])
    return {"counts": counts, "isChanged": standing["is_changed"]}


def _page_of(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def _draft_of(request: HttpRequest, campaign: Campaign) -> str:
    """The page with its draft, whatever else this person typed of it."""
    assert isinstance(request.user, User)
    is_plain = not kept_of(request.user, campaign).exists()
    return _page_of(campaign) if is_plain else f"{_page_of(campaign)}?begun=0"


def _told(problems: Any) -> list[dict[str, str]]:
    told: list[Problem] = list(problems)
    return [{"pointer": problem.field, "detail": problem.detail} for problem in told]


def _as_text(definition: Any) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False)
