"""The life of a campaign on the screen: rehearsed, activated, paused, ended; its versions, and its steps live."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.http import require_GET, require_POST

from analytics.wording import Names, all_names
from campaigns import back_filling, interventions, lifecycle, looking_back
from campaigns.admin.counted import count_in_words
from campaigns.back_filling import fill_at_once
from campaigns.checks import Caution, find_cautions, find_more
from campaigns.comparing import compare
from campaigns.definitions import DefinitionError, Plan, in_order, read_plan, trigger_sentence
from campaigns.editing import number_of, read_definition
from campaigns.engine import common_steps, readable_plans
from campaigns.expecting import would_enter
from campaigns.frequency import how_often
from campaigns.history import note_activated
from campaigns.interventions import Done, Why
from campaigns.lifecycle import WrongState
from campaigns.live import count_steps, orders_at
from campaigns.models import (
    CallState,
    Campaign,
    CampaignState,
    CampaignVersion,
    Former,
    Message,
    MessageState,
    Run,
    RunState,
    WebhookCall,
)
from campaigns.rehearsal import DAYS, Rehearsal, rehearse
from campaigns.sms.connections import reaches_nobody
from campaigns.steps import STEPS, TRIGGERS
from campaigns.story import reason_in_words
from workspace import history
from workspace.local_formats import clock, number
from workspace.models import User, Verb
from workspace.personal import hidden
from workspace.roles import may_see_personal_data
from workspace.screens import Screen, close_window, moment
from workspace.sessions import polled
from workspace.text import is_storable
from workspace.upserts import is_same

TO_ACTIVATE = "campaigns.activate_campaign"
# Whoever reaches back starts what can be started in so long; workers do the rest.
AT_ONCE_S = 2.0
VERBS = {"hold": Verb.HELD, "release": Verb.RELEASED, "retry": Verb.RETRIED, "stop": Verb.STOPPED}


class ActivationForm(forms.Form):
    """How far back it reaches, and what becomes of orders under way on the version before."""

    reach = forms.ChoiceField(
        choices=[("", ""), ("30", ""), ("90", ""), (lifecycle.BEGINNING, "")], required=False, initial=""
    )
    former = forms.ChoiceField(choices=Former.choices, required=False, initial=Former.FINISH)

    def choice(self) -> dict[str, Any]:
        """As `lifecycle.activate` takes it."""
        reach, days = self.cleaned_data["reach"], self.cleaned_data["reach"]
        return {
            "from_the_beginning": reach == lifecycle.BEGINNING,
            "effective_from": timezone.now() - timedelta(days=int(days)) if days.isdecimal() else None,
            "former": Former(self.cleaned_data["former"] or Former.FINISH),
        }


class ResumeForm(forms.Form):
    """Which of what waited is dropped: what was due so many hours ago. Empty: nothing."""

    drop = forms.ChoiceField(choices=[("", ""), ("0", ""), ("1", ""), ("24", ""), ("168", "")], required=False)

    def drop_due_before(self) -> Any:
        hours = self.cleaned_data["drop"]
        return timezone.now() - timedelta(hours=int(hours)) if hours else None


class ReasonForm(forms.Form):
    """Why somebody intervenes: kept with each order."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=interventions.LONGEST_REASON,
        help_text=gettext_lazy("Kept with each order for good, so write no names and numbers of customers."),
        widget=forms.TextInput(attrs={"autofocus": True, "class": "os-input"}),
    )


class CampaignLife(Screen):
    """The part of the campaigns' screen that lets them run, and shows them running."""

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "campaigns_campaign_{}".format
        views: dict[str, tuple[str, Any]] = {
            "frequency": ("frequency/", require_POST(self.frequency_view)),
            "activate": ("<int:pk>/activate/", self.activate_view),
            "rehearsal": ("<int:pk>/rehearsal/", require_GET(self.rehearsal_view)),
            "end": ("<int:pk>/end/", self.end_view),
            "pause": ("<int:pk>/pause/", require_POST(self.pause_view)),
            "resume": ("<int:pk>/resume/", self.resume_view),
            "stop_back_fill": ("<int:pk>/stop-back-fill/", require_POST(self.stop_back_fill_view)),
            "steps": ("<int:pk>/steps/", require_GET(self.steps_view)),
            "steps_now": ("<int:pk>/steps/now/", require_GET(polled(self.steps_now_view))),
            "steps_json": ("<int:pk>/steps/counts/", require_GET(polled(self.steps_json_view))),
            "intervene": ("<int:pk>/steps/intervene/", self.intervene_view),
            "versions": ("<int:pk>/versions/", require_GET(self.versions_view)),
            "version": ("<int:pk>/versions/<int:number>/", require_GET(self.version_view)),
            "restore": ("<int:pk>/versions/<int:number>/restore/", self.restore_view),
        }
        own = [path(address, wrap(view), name=name(key)) for key, (address, view) in views.items()]
        return [*own, *super().get_urls()]

    # Before it runs

    def frequency_view(self, request: HttpRequest) -> HttpResponse:
        """How often what a trigger names happened: the trigger as the editor has it, in JSON."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            trigger = read_definition(request.body.decode())
        except ValueError:
            return HttpResponseBadRequest()
        kind = TRIGGERS.get(str(trigger.get("kind"))) if isinstance(trigger, dict) else None
        if kind is None or not isinstance(trigger.get("params"), dict):
            return HttpResponseBadRequest()
        form = kind.form(dict(trigger["params"]))
        if problems := form.problems():
            told = [{"pointer": f"/trigger/params{p.field}", "detail": p.detail} for p in problems]
            return JsonResponse({"problems": told}, status=422)
        if kind.watched is None:
            return JsonResponse({"sentence": ""})
        return JsonResponse(how_often(kind.watched(form.cleaned_data)).as_json())

    def rehearsal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A part of the window: it takes seconds, so it is asked for once the window is there."""
        campaign = self._seen(request, pk)
        try:
            plan = read_plan(campaign.draft)
        except DefinitionError:
            return HttpResponse()
        rehearsed = rehearse(plan)
        found = find_more(campaign.draft, plan, rehearsed)
        shown = _rehearsed(rehearsed, personal=may_see_personal_data(request.user))
        return self.part(request, "campaigns/rehearsal.html", campaign, cautions=_placed(campaign, found), **shown)

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.to_move(request, pk)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        form = ActivationForm(request.POST if request.method == "POST" else None)
        refusal = ""
        if request.method == "POST" and form.is_valid():
            try:
                assert isinstance(request.user, User)
                with transaction.atomic():
                    activated = lifecycle.activate(campaign, by=request.user, **form.choice())
                    note_activated(request, activated)
            except (WrongState, DefinitionError) as error:
                refusal = str(error)
            else:
                self._tell_activated(request, campaign, activated)
                return close_window(request, back)
        is_live = campaign.state != CampaignState.DRAFT
        plan = _plan(campaign)
        return self.window(
            request,
            "campaigns/activate.html",
            (_("Publish the changes of “%s”?") if is_live else _("Activate “%s”?")) % campaign,
            campaign,
            back=back,
            refusal=refusal,
            is_live=is_live,
            since=clock(timezone.now()),
            sentence=trigger_sentence(campaign.draft, all_names()),
            cautions=_placed(campaign, find_cautions(campaign.draft, plan) if plan else []),
            reaches=_reaches(campaign, plan) if plan else [],
            formers=_formers(campaign, plan) if plan else [],
            back_fill=back_filling.open_one(campaign),
            waiting=_waiting(campaign) if campaign.state == CampaignState.PAUSED else "",
            on_test_phone=reaches_nobody(),
            may_see_sms=request.user.has_perm("campaigns.view_smsgateway"),
        )

    def _tell_activated(self, request: HttpRequest, campaign: Campaign, activated: lifecycle.Activated) -> None:
        if activated.back_fill is None:
            words = {"campaign": campaign, "time": clock(activated.activation.activated_at)}
            messages.success(request, _("“%(campaign)s” is active. It starts with changes after %(time)s.") % words)
            return
        entered = fill_at_once(activated.back_fill, seconds=AT_ONCE_S)
        words = {"campaign": campaign, "entered": number(entered)}
        messages.success(request, _("“%(campaign)s” is active. Of earlier changes %(entered)s entered so far.") % words)

    # While it runs

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.to_move(request, pk)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        if request.method == "POST":
            assert isinstance(request.user, User)
            end = partial(lifecycle.end, by=request.user)
            self.move(request, campaign, end, Verb.ENDED, _("“%s” has ended."))
            return close_window(request, back)
        under_way = Run.objects.filter(campaign=campaign, state=RunState.WAITING).count()
        title = _("End “%s”?") % campaign
        return self.window(request, "campaigns/end.html", title, campaign, back=back, under_way=under_way)

    def pause_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = _("“%s” is paused: orders still enter, and wait.")
        return self.move(request, self.to_move(request, pk), lifecycle.pause, Verb.PAUSED, done)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What waited goes on; or what was due long ago is dropped, with the count told before."""
        campaign = self.to_move(request, pk)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        form = ResumeForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            resume = partial(lifecycle.resume, drop_due_before=form.drop_due_before())
            self.move(request, campaign, resume, Verb.RESUMED, _("“%s” goes on."))
            return close_window(request, back)
        title = _("Let “%s” go on?") % campaign
        return self.window(request, "campaigns/resume.html", title, campaign, back=back, ages=_waiting_by_age(campaign))

    def stop_back_fill_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.to_move(request, pk)
        assert isinstance(request.user, User)
        with transaction.atomic():
            stopped = back_filling.stop(campaign, request.user)
            for back_fill in stopped:
                history.record(request, Verb.STOPPED, campaign, counts={"entered": back_fill.entered})
        if stopped:
            messages.success(request, _("No more of the earlier changes enter. Those that entered go on."))
        else:
            messages.warning(request, _("It was through already."))
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_steps", args=[campaign.pk]))

    def steps_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._seen(request, pk)
        shown = self._steps(request, campaign)
        title = _("Where the orders of “%s” are") % campaign
        return self.page(request, "campaigns/steps.html", title, campaign, where_title=title, **shown)

    def steps_now_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._seen(request, pk)
        return self.part(request, "campaigns/steps_now.html", campaign, **self._steps(request, campaign))

    def steps_json_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For the editor: asked for every few seconds."""
        return JsonResponse(count_in_words(self._seen(request, pk)))

    def _steps(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        back_fill = back_filling.open_one(campaign)
        counts = count_steps(campaign)
        newest = next(iter(counts), 0)
        return {
            "versions": [
                {"number": n, "steps": steps, "is_newest": n == newest}
                for n, steps in counts.items()
                if n == newest or any(step.waiting or step.failed for step in steps)
            ],
            "may_intervene": request.user.has_perm(TO_ACTIVATE),
            "back_fill": back_fill,
            "left": _so_many(back_filling.left(back_fill)) if back_fill else "",
            "is_paused": campaign.state == CampaignState.PAUSED,
        }

    def intervene_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hold, release, try again or stop all that stand at a step: the window tells how many, and asks why."""
        campaign = self.to_move(request, pk)
        asked = request.POST if request.method == "POST" else request.GET
        version = asked.get("version", "")
        if not is_storable(asked.get("step", "")) or len(version) > 9:
            return HttpResponseBadRequest()
        runs = orders_at(campaign, step=asked.get("step"), version=int(version) if version.isdecimal() else None)
        back = reverse("admin:campaigns_campaign_steps", args=[campaign.pk])
        here = reverse("admin:campaigns_campaign_intervene", args=[campaign.pk])
        kept = {name: asked[name] for name in ("step", "version") if name in asked}
        return intervene(self, request, campaign, runs, back=back, here=here, asked=kept)

    # Its versions

    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._seen(request, pk)
        live = campaign.activations.live().first()
        activated: dict[int, list[Any]] = {}
        for activation in campaign.activations.select_related("activated_by").order_by("pk"):
            activated.setdefault(activation.version_id, []).append(activation)
        under_way = dict(
            Run.objects.filter(campaign=campaign, state=RunState.WAITING)
            .order_by()
            .values_list("version")
            .annotate(total=Count("pk"))
        )
        versions = list(campaign.versions.order_by("-number"))
        names = all_names()
        rows = [
            {
                "version": version,
                "is_live": live is not None and live.version_id == version.pk,
                "sentence": trigger_sentence(version.definition, names),
                "activations": [
                    (moment(a.activated_at), _person(a.activated_by)) for a in activated.get(version.pk, [])
                ],
                "former": _former_of(activated.get(version.pk, [])),
                "under_way": under_way.get(version.pk, 0),
                "changes": compare(before.definition, version.definition, names) if before else [],
            }
            for version, before in zip(versions, [*versions[1:], None], strict=False)
        ]
        title = _("Versions of “%s”") % campaign
        draft = compare(versions[0].definition, campaign.draft, names) if versions else []
        return self.page(
            request,
            "campaigns/versions.html",
            title,
            campaign,
            where_title=title,
            rows=rows,
            draft=draft,
            may_restore=self._may_restore(request, campaign),
        )

    def version_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """One version, and what became of it in another, or in the draft."""
        campaign = self._seen(request, pk)
        version = self._version(campaign, number)
        other = request.GET.get("with", "draft")
        against = self._version(campaign, int(other)) if other.isdecimal() and len(other) < 9 else None
        definition, names = against.definition if against else campaign.draft, all_names()
        title = _("Version %(number)d of “%(campaign)s”") % {"number": number, "campaign": campaign}
        return self.page(
            request,
            "campaigns/version.html",
            title,
            campaign,
            where_title=title,
            version=version,
            sentence=trigger_sentence(version.definition, names),
            steps=list(_as_tree(version.definition["steps"], names)),
            text=_as_text(version.definition),
            other_text=_as_text(definition),
            other=str(against.number) if against else "draft",
            numbers=list(campaign.versions.exclude(pk=version.pk).values_list("number", flat=True)),
            changes=compare(version.definition, definition, names),
            may_restore=self._may_restore(request, campaign),
        )

    def restore_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """The draft becomes what that version was; what runs stays as it is. What the draft loses is told before."""
        campaign = self._seen(request, pk)
        if not self._may_restore(request, campaign):
            raise PermissionDenied
        version = self._version(campaign, number)
        back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        if request.method != "POST":
            title = _("Make version %d the draft again?") % number
            changes = compare(campaign.draft, version.definition)
            told = {"version": version, "changes": changes, "back": back}
            return self.window(request, "campaigns/restore.html", title, campaign, **told)
        history.remember(campaign)
        try:
            with transaction.atomic():
                saved, _is_new = lifecycle.save_draft(
                    version.definition, revision=number_of(request.POST.get("revision"))
                )
                history.record_changed(request, saved)
        except lifecycle.DraftChanged:
            messages.error(request, _("Somebody saved the draft meanwhile, so nothing was restored. Look at it first."))
        except (WrongState, DefinitionError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The draft is version %d again. What runs stays as it is.") % number)
        return close_window(request, back)

    # What these share

    def part(self, request: HttpRequest, template: str, campaign: Campaign, **context: Any) -> HttpResponse:
        """A piece of a page, drawn by itself."""
        return render(request, template, {"original": campaign, "object": campaign, **context})

    def _seen(self, request: HttpRequest, pk: int) -> Campaign:
        campaign: Campaign | None = self.found(request, str(pk))
        if campaign is None:
            raise Http404
        return campaign

    def _version(self, campaign: Campaign, number: int) -> CampaignVersion:
        version = campaign.versions.filter(number=number).first()
        if version is None:
            raise Http404
        return version

    def _may_restore(self, request: HttpRequest, campaign: Campaign) -> bool:
        may = self.has_change_permission(request, campaign)
        return bool(may) and campaign.state != CampaignState.ENDED

    def to_move(self, request: HttpRequest, pk: int) -> Campaign:
        if not request.user.has_perm(TO_ACTIVATE):
            raise PermissionDenied
        return self._seen(request, pk)

    def move(
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


TITLES = {
    "hold": (gettext_lazy("Hold %(orders)s?"), gettext_lazy("Hold")),
    "release": (gettext_lazy("Let %(orders)s go on?"), gettext_lazy("Release")),
    "retry": (gettext_lazy("Try %(orders)s again?"), gettext_lazy("Try again")),
    "stop": (gettext_lazy("Stop %(orders)s?"), gettext_lazy("Stop")),
}
EXPLAINED = {
    "hold": gettext_lazy("Nothing happens with them until somebody releases them. A text that is being sent is sent."),
    "release": gettext_lazy("They go on where they stand."),
    "retry": gettext_lazy("They go on with the step that failed."),
    "stop": gettext_lazy("They leave the campaign, and get no further text. This cannot be undone."),
}
DONE = {
    "hold": ngettext_lazy("%(orders)s order is held.", "%(orders)s orders are held.", "count"),
    "release": ngettext_lazy("%(orders)s order goes on.", "%(orders)s orders go on.", "count"),
    "retry": ngettext_lazy("%(orders)s order is tried again.", "%(orders)s orders are tried again.", "count"),
    "stop": ngettext_lazy("%(orders)s order was stopped.", "%(orders)s orders were stopped.", "count"),
}
TO_BE = {
    "hold": Q(state=RunState.WAITING, held_at=None),
    "release": Q(state=RunState.WAITING, held_at__isnull=False),
    "retry": Q(state=RunState.FAILED),
    "stop": Q(state=RunState.WAITING),
}


def intervene(
    screen: Screen,
    request: HttpRequest,
    about: Campaign | Run,
    runs: Any,
    *,
    back: str,
    here: str,
    asked: Mapping[str, str],
) -> HttpResponse:
    """The window of one verb, and the verb done."""
    do = (request.POST if request.method == "POST" else request.GET).get("do", "")
    if do not in VERBS:
        return HttpResponseBadRequest()
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.use_required_attribute = False
    if form.is_valid():
        done = interventions.VERBS[do](runs, Why(form.cleaned_data["reason"], request.user.pk))
        if done.done:
            counts = {"orders": done.done}
            history.record(request, VERBS[do], about, counts=counts)
        _tell_done(request, do, done)
        return close_window(request, back)
    concerned = runs.filter(TO_BE[do]).count()
    orders = ngettext("%s order", "%s orders", concerned) % number(concerned)
    title, submit = TITLES[do]
    shown = {"form": form, "do": do, "asked": asked, "here": here, "back": back, "submit": submit}
    explained = {"explained": EXPLAINED[do], "concerned": concerned, "is_danger": do == "stop"}
    return screen.window(request, "campaigns/intervene.html", title % {"orders": orders}, about, **shown, **explained)


def _tell_done(request: HttpRequest, do: str, done: Done) -> None:
    if done.done:
        messages.success(request, DONE[do] % {"count": done.done, "orders": number(done.done)})
    if done.left:
        messages.warning(
            request, _("%s were in hand just then, and are as they were: try once more.") % number(done.left)
        )
    if not done.done and not done.left:
        messages.warning(request, _("There was none left to do it for."))


def _plan(campaign: Campaign) -> Plan | None:
    try:
        return read_plan(campaign.draft)
    except DefinitionError:
        return None


def _placed(campaign: Campaign, cautions: list[Caution]) -> list[dict[str, str]]:
    """With the address at which the editor shows their place."""
    editor = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    return [{**asdict(each), "url": f"{editor}#at={each.pointer}" if each.pointer else ""} for each in cautions]


def _reaches(campaign: Campaign, plan: Plan) -> list[tuple[str, str]]:
    """How far back it may reach, each with how many orders would enter that did not yet."""
    now = timezone.now()

    def entering(days: int | None) -> str:
        return _so_many(would_enter(campaign, plan, now - timedelta(days=days) if days else None, now))

    return [
        ("", _("Only changes from now on")),
        ("30", _("Also those of the last 30 days: %s") % entering(30)),
        ("90", _("Also those of the last 90 days: %s") % entering(90)),
        (lifecycle.BEGINNING, _("Also all that were heard before: %s") % entering(None)),
    ]


def _so_many(counted: int) -> str:
    """Or more, where it was counted no further."""
    return f"{number(counted)}+" if counted == looking_back.MOST_COUNTED else number(counted)


def _formers(campaign: Campaign, plan: Plan) -> list[tuple[str, str]]:
    """What may become of orders under way, with how many; empty: there are none, or it would be the same version."""
    live = campaign.activations.live().select_related("version").first()
    if live is None or is_same(live.version.definition, campaign.draft):
        return []
    under_way = Run.objects.filter(campaign=campaign, state=RunState.WAITING)
    total = under_way.count()
    if not total:
        return []
    old = readable_plans([live.version]).get(live.version_id)
    moving = under_way.filter(step__in=common_steps(old, plan)).count() if old else 0
    stay = total - moving
    moved = _("Take them along to the same step of the new version: %s") % number(moving)
    return [
        (Former.FINISH, _("Let them finish as they entered: %s") % number(total)),
        (
            Former.MOVE,
            f"{moved}. {_('%s stand where it has no such step, and finish as they entered.') % number(stay)}"
            if stay
            else moved,
        ),
        (Former.STOP, _("Stop them where they are: %s") % number(total)),
    ]


def _waiting_by_age(campaign: Campaign) -> list[tuple[str, str]]:
    """What may be dropped on resume, with counts of orders and texts that were due."""

    def told(words: str, hours: int) -> str:
        return f"{words}: {_waiting(campaign, hours)}"

    return [
        ("", told(_("Everything that waited goes on"), 0)),
        ("1", told(_("Drop what was due more than an hour ago"), 1)),
        ("24", told(_("Drop what was due more than a day ago"), 24)),
        ("168", told(_("Drop what was due more than a week ago"), 168)),
        ("0", told(_("Drop all that was due"), 0)),
    ]


def _waiting(campaign: Campaign, hours: int = 0) -> str:
    """“3 orders, 2 texts” that were due more than so many hours ago, and webhook calls if there are any."""
    due = {"campaign": campaign, "due_at__lt": timezone.now() - timedelta(hours=hours)}
    orders = Run.objects.filter(**due, state=RunState.WAITING).count()
    texts = Message.objects.filter(**due, state=MessageState.PENDING).count()
    calls = WebhookCall.objects.filter(**due, state=CallState.PENDING).count()
    words = {
        "orders": ngettext("%s order", "%s orders", orders) % number(orders),
        "texts": ngettext("%s text", "%s texts", texts) % number(texts),
    }
    told = _("%(orders)s, %(texts)s") % words
    called = ngettext("%s webhook call", "%s webhook calls", calls) % number(calls)
    return f"{told}, {called}" if calls else told


def _rehearsed(found: Rehearsal, *, personal: bool) -> dict[str, Any]:
    reasons = [*found.declined.most_common(), *found.not_sent.most_common()]
    return {
        "days": DAYS,
        "found": found,
        "matching": number(found.matching),
        "tried": number(found.tried),
        "entered": number(found.entered),
        "texts": number(found.texts),
        "parts": number(found.parts),
        "held": number(found.held),
        "reasons": [(reason_in_words(reason), number(total)) for reason, total in reasons],
        "samples": [
            (sample, moment(sample.at), sample.text if personal else hidden(sample.text)) for sample in found.samples
        ],
        "seconds": number(found.seconds, 1),
    }


def _former_of(activations: list[Any]) -> str:
    """What became of its orders once another took over."""
    if not activations or activations[-1].until_transition is None:
        return ""
    return str(Former(activations[-1].former).label)


def _person(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""


def _as_text(definition: Any) -> str:
    return json.dumps(in_order(definition), indent=2, ensure_ascii=False)


def _as_tree(steps: Any, names: Names, depth: int = 0, under: str = "") -> Any:
    """(depth, branch, label, sentence, key) of each step, in the order of the tree."""
    for step in steps:
        kind = STEPS.get(step["kind"])
        said = kind.says(step.get("params", {}), names) if kind else ""
        yield {
            "depth": depth,
            "under": under,
            "label": kind.label if kind else step["kind"],
            "says": said,
            "key": step["key"],
        }
        labels = {each.key: str(each.label) for each in kind.branches_for(step.get("params"))} if kind else {}
        for branch, inner in step.get("branches", {}).items():
            yield from _as_tree(inner, names, depth + 1, labels.get(branch, branch))
