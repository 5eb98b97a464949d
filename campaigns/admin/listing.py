"""The list of campaigns: what each does, what came of it, and whose it is.

The rows come first. Their numbers count orders and messages, of which there are many, and follow in a second request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET
from unfold.views import ChangeList

from analytics.wording import all_names
from campaigns import numbers
from campaigns.admin.life import TO_ACTIVATE
from campaigns.definitions import trigger_sentence
from campaigns.models import Activation, Campaign, CampaignState
from campaigns.numbers import DAYS, MOST_ASKED, Counted, Recent, WentOn
from campaigns.sparks import spark
from campaigns.steps import TRIGGERS
from campaigns.usages import codes_named
from statuses.models import LISTED, OrderStatus
from workspace.local_formats import number
from workspace.models import Action, User, Verb
from workspace.screens import Choice, Screen, act_button, found_in_any_case, icon_button, moment, pill

STATE_TONES = {CampaignState.ACTIVE: "good", CampaignState.PAUSED: "warning", CampaignState.DRAFT: "info"}
LIST = "admin:campaigns_campaign_changelist"
# What moves `updated_at`, or puts away.
CHANGES = (
    Verb.CREATED,
    Verb.CHANGED,
    Verb.ACTIVATED,
    Verb.PAUSED,
    Verb.RESUMED,
    Verb.ENDED,
)


class AskedFilter(Choice):
    title, parameter_name = gettext_lazy("Activation"), "activation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("asked", _("Asked for"))]

    def narrow(self, rows: QuerySet[Campaign], chosen: str) -> QuerySet[Campaign]:
        return rows.filter(asked_at__isnull=False) if chosen == "asked" else rows


class StateFilter(Choice):
    """Under the name that links to the list know it by."""

    title, parameter_name = gettext_lazy("State"), "state__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return CampaignState.choices


class ShelfFilter(Choice):
    """The archive is a shelf of its own: whoever does not ask for it sees nothing of it."""

    title, parameter_name = gettext_lazy("Archive"), "shelf"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("archived", _("Archived")), ("both", _("Archived or not"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield from ({**choice, "nothing": _("Not archived")} for choice in super().choices(changelist))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> QuerySet[Campaign]:
        chosen = self.value()
        return queryset if chosen == "both" else queryset.filter(archived_at__isnull=chosen != "archived")


class TriggerFilter(Choice):
    title, parameter_name = gettext_lazy("Trigger"), "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.key, str(kind.label)) for kind in TRIGGERS.values()]

    def narrow(self, rows: QuerySet[Campaign], chosen: str) -> QuerySet[Campaign]:
        running = Activation.objects.live().filter(version__definition__trigger__kind=chosen)
        return rows.filter(Q(draft__trigger__kind=chosen) | Q(pk__in=running.values("campaign")))


class StatusFilter(Choice):
    """Of one status: who names it in a trigger or a filter, drafted or running. Two queries."""

    title, parameter_name = gettext_lazy("Status used"), "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        statuses = OrderStatus.objects.order_by(*LISTED)
        return [(str(status.pk), f"{status.get_type_display()}: {status.name}") for status in statuses]

    def narrow(self, rows: QuerySet[Campaign], chosen: str) -> QuerySet[Campaign]:
        status = OrderStatus.objects.filter(pk=chosen).first() if _is_key(chosen) else None
        return rows.filter(pk__in=_naming(status)) if status else rows.none()


class AuthorFilter(Choice):
    title, parameter_name = gettext_lazy("Author"), "author"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        authors = User.objects.filter(pk__in=Campaign.objects.order_by().values("created_by")).order_by("username")
        return [(str(author.pk), _name(author)) for author in authors]

    def narrow(self, rows: QuerySet[Campaign], chosen: str) -> QuerySet[Campaign]:
        return rows.filter(created_by=int(chosen)) if _is_key(chosen) else rows.none()


def _naming(status: OrderStatus) -> list[int]:
    place = (status.type, status.code_key)
    running = dict(Activation.objects.live().values_list("campaign", "version__definition"))
    drafts = Campaign.objects.order_by().values_list("pk", "draft")
    return [
        pk
        for pk, draft in drafts
        if place in codes_named(draft) or (pk in running and place in codes_named(running[pk]))
    ]


class CampaignList(ChangeList):
    """The rows of a page, each with the trigger of what runs, else of its draft, as a sentence, and with whose hand was
    in it. The same few queries for any number of rows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        names, hands = all_names(), _hands(rows)
        live = Activation.objects.live().filter(campaign__in=[campaign.pk for campaign in rows])
        running = dict(live.values_list("campaign_id", "version__definition"))
        for campaign in rows:
            campaign.sentence = trigger_sentence(running.get(campaign.pk, campaign.draft), names)
            campaign.hands, campaign.may_be_ended = hands[campaign.pk], request.user.has_perm(TO_ACTIVATE)
        self.result_list = rows


@dataclass(frozen=True, slots=True)
class Hands:
    """Who made a campaign, and who changed it last: a person, a key or a command, or nobody that is known."""

    made: str = ""
    changed: str = ""


def _hands(campaigns: Sequence[Campaign]) -> dict[int, Hands]:
    """The history of actions knows keys and commands too. Two queries."""
    mine = Action.objects.filter(object_type=Campaign._meta.label_lower, object_id__in=[str(c.pk) for c in campaigns])
    touched = mine.filter(verb__in=CHANGES).order_by().values("object_id")
    ends = {row["object_id"]: row for row in touched.annotate(first=Min("pk"), last=Max("pk"))}
    actions = Action.objects.in_bulk([row[end] for row in ends.values() for end in ("first", "last")])
    people = User.objects.in_bulk({action.user_id for action in actions.values() if action.user_id})

    def name(action: Action) -> str:
        return _name(people[action.user_id]) if action.user_id in people else action.who

    def of(campaign: Campaign) -> Hands:
        row = ends.get(str(campaign.pk))
        author = _name(campaign.created_by) if campaign.created_by else ""
        if row is None:
            return Hands(author)
        first = actions[row["first"]]
        return Hands(author or (name(first) if first.verb == Verb.CREATED else ""), name(actions[row["last"]]))

    return {campaign.pk: of(campaign) for campaign in campaigns}


class CampaignListing(Screen):
    """The list's part of the campaigns' screen."""

    list_display: Any = (
        "name_shown",
        "state_shown",
        "entered_shown",
        "messages_shown",
        "went_on_shown",
        "lately_shown",
        "made_shown",
        "changed_shown",
        "ways",
    )
    list_display_links = ("name_shown",)
    list_filter = (StateFilter, TriggerFilter, StatusFilter, AuthorFilter, AskedFilter, ShelfFilter)
    list_filter_submit = True
    list_select_related = ("asked_by", "created_by")
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name or code")
    add_label = gettext_lazy("New campaign")
    begins_at = "admin:campaigns_campaign_new"
    change_list_template = "campaigns/change_list.html"
    list_before_template = "campaigns/list_before.html"
    list_after_template = "campaigns/list_after.html"

    def get_urls(self) -> list[URLPattern]:
        numbers = self.admin_site.admin_view(require_GET(self.numbers_view))
        return [path("numbers/", numbers, name="campaigns_campaign_numbers"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CampaignList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return found_in_any_case(queryset, search_term, *self.search_fields), False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Its ways are for those who may add one."""
        shown = tuple(self.list_display)
        return shown if self.has_add_permission(request) else shown[:-1]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = {
            "may_add": self.has_add_permission(request),
            "tabs": _tabs(request),
            "most_asked": MOST_ASKED,
            "days": DAYS,
        }
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **may})
        return answer

    def numbers_view(self, request: HttpRequest) -> HttpResponse:
        """The numbers of a page of the list, each to its place: asked for by the page, once it is there."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            listed: Any = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(LIST))
        counted = numbers.count(listed.queryset)
        ids = [campaign.pk for campaign in listed.result_list]
        recent = numbers.recent(ids, timezone.now(), timezone.get_current_timezone())
        shown = [Numbers.of(pk, counted.get(pk, Counted()), recent[pk]) for pk in ids]
        return TemplateResponse(
            request,
            "campaigns/numbers.html",
            {"rows": shown, "total": _total(counted.values())},
        )

    @admin.display(description=gettext_lazy("Campaign"), ordering="name")
    def name_shown(self, campaign: Any) -> str:
        return format_html('{}<span class="os-sentence">{}</span>', campaign.name, campaign.sentence)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_shown(self, campaign: Campaign) -> str:
        told = state_pill(campaign)
        if campaign.asked_at is not None:
            told = format_html("{} {}", told, pill(asked_by(campaign), "warning"))
        return format_html("{} {}", told, pill(_("Archived"))) if campaign.archived_at else told

    @admin.display(description=gettext_lazy("Orders that entered"))
    def entered_shown(self, campaign: Campaign) -> str:
        return _place("entered", campaign)

    @admin.display(description=gettext_lazy("Messages"))
    def messages_shown(self, campaign: Campaign) -> str:
        return _place("messages", campaign)

    @admin.display(description=gettext_lazy("Went on"))
    def went_on_shown(self, campaign: Campaign) -> str:
        return _place("went-on", campaign)

    @admin.display(description=gettext_lazy("Last 30 days"))
    def lately_shown(self, campaign: Campaign) -> str:
        return _place("lately", campaign)

    @admin.display(description=gettext_lazy("Created"), ordering="created_at")
    def made_shown(self, campaign: Any) -> str:
        return _by_whom(moment(campaign.created_at), campaign.hands.made)

    @admin.display(description=gettext_lazy("Changed"), ordering="updated_at")
    def changed_shown(self, campaign: Any) -> str:
        return _by_whom(moment(campaign.updated_at), campaign.hands.changed)

    @admin.display(description="")
    def ways(self, campaign: Campaign) -> str:
        """What may become of it. Each is refused where it is done, to whoever may not."""
        return format_html('<div class="os-ways">{}{}{}</div>', *_ways(campaign))


def _ways(campaign: Any) -> tuple[SafeString | str, ...]:
    def to(verb: str) -> str:
        return reverse(f"admin:campaigns_campaign_{verb}", args=[campaign.pk])

    name = campaign.name
    copy = act_button(to("copy"), "content_copy", _("Copy “%s”") % name)
    words = _("Export “%s”") % name
    export = format_html(
        '<a class="os-icon" href="{}" download aria-label="{}" title="{}">'
        '<span class="material-symbols-outlined" aria-hidden="true">download</span></a>',
        to("export"),
        words,
        words,
    )
    if campaign.archived_at:
        return copy, export, act_button(to("bring_back"), "unarchive", _("Bring back “%s”") % name)
    if campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED):
        end = icon_button(to("end"), "stop_circle", _("End “%s”") % name)
        return copy, export, end if campaign.may_be_ended else ""
    return copy, export, act_button(to("archive"), "archive", _("Archive “%s”") % name)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the list tells of one campaign, in words."""

    pk: int
    entered: str
    sent: str
    messages: str
    delivered: str
    went_on: str
    went_on_words: str
    lately: SafeString

    @classmethod
    def of(cls, pk: int, counted: Counted, recent: Recent) -> Numbers:
        return cls(
            pk,
            number(counted.entered),
            number(counted.sent),
            texts_and_parts(counted.sent, counted.parts) if counted.sent else "",
            number(counted.delivered),
            f"{recent.went_on.percent} %" if recent.went_on else "",
            _went_on_words(recent.went_on),
            spark(recent.by_day, _lately_words(recent.by_day)),
        )


def _total(counted: Collection[Counted]) -> dict[str, str]:
    """Of all that the list holds under its filters, not of this page alone."""
    total = numbers.total(counted)
    return {
        "entered": number(total.entered),
        "sent": number(total.sent),
        "parts": ngettext("%s part", "%s parts", total.parts) % number(total.parts),
        "delivered": number(total.delivered),
        "share": f"{round(100 * total.delivered / total.sent)} %" if total.sent else "",
    }


def _went_on_words(went_on: WentOn | None) -> str:
    if went_on is None:
        return _("No text has been out long enough to tell who went on after it.")
    told = ngettext(
        "%(reached)s of the last %(asked)s order that got a text reached another status while the text counts.",
        "%(reached)s of the last %(asked)s orders that got a text reached another status while the text counts.",
        went_on.asked,
    )
    return told % {"reached": number(went_on.reached), "asked": number(went_on.asked)}


def _lately_words(by_day: Sequence[int]) -> str:
    entered = sum(by_day)
    if not entered:
        return _("Last 30 days: no order entered.")
    told = ngettext(
        "Last 30 days: %(entered)s order entered, at most %(most)s on a day, %(today)s today.",
        "Last 30 days: %(entered)s orders entered, at most %(most)s on a day, %(today)s today.",
        entered,
    )
    return told % {"entered": number(entered), "most": number(max(by_day)), "today": number(by_day[-1])}


def _tabs(request: HttpRequest) -> list[Mapping[str, Any]]:
    """All that is at hand, only what is active, and the archive."""
    shelf, state = request.GET.get("shelf", ""), request.GET.get("state__exact", "")
    is_archive = shelf == "archived"
    is_active = not shelf and state == CampaignState.ACTIVE
    return [
        {"query": "?", "label": _("All"), "is_here": not shelf and not state},
        {"query": "?state__exact=active", "label": _("Only active"), "is_here": is_active},
        {"query": "?shelf=archived", "label": _("Archived"), "is_here": is_archive},
    ]


def _place(what: str, campaign: Campaign) -> SafeString:
    return format_html('<span id="{}-{}" class="os-quiet os-number">…</span>', what, campaign.pk)


def _by_whom(at: str, who: str) -> str:
    return format_html('{}<span class="os-whom">{}</span>', at, who) if who else at


def _name(person: User) -> str:
    return person.get_full_name() or person.get_username()


def _is_key(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 19


def asked_by(campaign: Campaign) -> str:
    who = campaign.asked_by and _name(campaign.asked_by)
    return _("Activation asked for by %s") % who if who else _("Activation asked for")


def state_pill(campaign: Campaign) -> SafeString:
    return pill(campaign.get_state_display(), STATE_TONES.get(CampaignState(campaign.state), ""))


def texts_and_parts(texts: int, parts: int) -> str:
    """“812 messages, 1,004 parts”."""
    words = {
        "messages": ngettext("%s message", "%s messages", texts) % number(texts),
        "parts": ngettext("%s part", "%s parts", parts) % number(parts),
    }
    return _("%(messages)s, %(parts)s") % words
