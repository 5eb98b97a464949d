"""Settings > History of actions: who did what, when and from where; filtered, searched and exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from workspace import history
from workspace.exports import Column, Export, column, columns
from workspace.local_formats import number as local_number
from workspace.models import Action, ApiKey, User, Verb
from workspace.screens import Choice, Facts, ReadOnlyScreen, code, lines, link, moment, nothing, pill

# Of one row's changes; its own page lists them all.
MOST_LINES = 4
LONGEST_VALUE = 80
TONES: dict[str, str] = {
    Verb.CREATED: "good",
    Verb.ISSUED: "good",
    Verb.ACTIVATED: "good",
    Verb.RESUMED: "good",
    Verb.DELETED: "bad",
    Verb.REVOKED: "bad",
    Verb.SIGN_IN_FAILED: "warning",
    Verb.LOCKED_OUT: "bad",
    Verb.PAUSED: "warning",
    Verb.DEACTIVATED: "warning",
}


class WhoFilter(Choice):
    title, parameter_name = gettext_lazy("Who"), "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.order_by("username").values_list("pk", "username")
        keys = ApiKey.objects.order_by("name").values_list("pk", "name", "prefix")
        return [
            ("people", _("All people")),
            ("keys", _("All API keys")),
            ("commands", _("Commands (manage.py)")),
            *((f"user-{pk}", name) for pk, name in people),
            *((f"key-{pk}", _("Key: %s") % f"{name} ({prefix}…)") for pk, name, prefix in keys),
        ]

    def narrow(self, actions: QuerySet[Action], chosen: str) -> QuerySet[Action]:
        kind, _dash, number = chosen.partition("-")
        if kind == "commands":
            return actions.filter(user_id=None, key_id=None, who=history.COMMAND.name)
        column = {"people": "user_id", "user": "user_id", "keys": "key_id", "key": "key_id"}.get(kind)
        if column is None or (number and not (number.isdecimal() and len(number) < 19)):
            return actions.none()
        return actions.filter(**{column: number} if number else {f"{column}__isnull": False})


class VerbFilter(Choice):
    title, parameter_name = gettext_lazy("What was done"), "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[Any, Any]]:
        return Verb.choices


class KindFilter(Choice):
    title, parameter_name = gettext_lazy("To what"), "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(history.kinds().items(), key=lambda kind: kind[1])


class ObjectFilter(Choice):
    """Not chosen here: a link on the object's own page leads to its history."""

    title, parameter_name = gettext_lazy("One object"), "object_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get("object_id", "")
        return [(asked, _("Number %s") % asked)] if asked else []


class DayFilter(admin.ListFilter):
    """From one day to another, both included, in the zone of whoever looks."""

    title = gettext_lazy("Days")
    template = "workspace/filter_days.html"
    names = ("from", "until")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.names:
            written = params.pop(name, [""])[-1]
            if _read_day(written):
                self.used_parameters[name] = written

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        labels = {"from": pgettext("begin of a range", "From"), "until": _("Until")}
        yield {"days": [(name, labels[name], self.used_parameters.get(name, "")) for name in self.names]}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        since, until = (_read_day(self.used_parameters.get(name, "")) for name in self.names)
        if since:
            queryset = queryset.filter(at__gte=_begins(since))
        if until and until < date.max:
            queryset = queryset.filter(at__lt=_begins(until + timedelta(days=1)))
        return queryset


@admin.register(Action)
class ActionScreen(ReadOnlyScreen):
    list_display = ("at_shown", "who_shown", "verb_shown", "object_shown", "changes_shown", "address_shown")
    list_display_links = ("at_shown",)
    list_filter = (WhoFilter, VerbFilter, KindFilter, ObjectFilter, DayFilter)
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("who", "object_label", "=request_id", "=address")
    search_help_text = gettext_lazy("A name, what it was done to, exact address or request id")
    how_they_come = gettext_lazy("What people and API keys change is written here from now on, and never removed.")
    ordering = ("-id",)
    sortable_by = ()
    export = Export(
        "history",
        [
            *columns("at", "who"),
            column("person_id", "user_id"),
            *columns("key_id", "address"),
            column("action", "verb"),
            *columns("object_type", "object_id"),
            column("object", "object_label"),
            Column("changes", lambda action: "; ".join(_tell(action, longest=None))),
            column("request_id"),
        ],
    )

    # The list

    @admin.display(description=gettext_lazy("When"))
    def at_shown(self, action: Action) -> str:
        return moment(action.at, seconds=True)

    @admin.display(description=gettext_lazy("Who"))
    def who_shown(self, action: Action) -> str | SafeString:
        if action.key_id:
            return format_html('{} <span class="os-quiet">{}</span>', action.who, _("API key"))
        return action.who or nothing(_("nobody known"))

    @admin.display(description=gettext_lazy("What"))
    def verb_shown(self, action: Action) -> SafeString:
        return pill(action.get_verb_display(), TONES.get(action.verb, ""))

    @admin.display(description=pgettext_lazy("what it was done to", "On"))
    def object_shown(self, action: Action) -> Any:
        if not action.object_type:
            return nothing()
        kind = history.kind_name(action.object_type)
        if not action.object_id:
            return kind
        name = action.object_label or f"#{action.object_id}"
        return format_html('{} <span class="os-quiet">{}</span>', _linked(action, name), kind)

    @admin.display(description=gettext_lazy("Changes"))
    def changes_shown(self, action: Action) -> Any:
        told = list(_tell(action))
        more = [_("and %d more") % (len(told) - MOST_LINES)] if len(told) > MOST_LINES + 1 else []
        return lines([*(told[:MOST_LINES] if more else told), *more]) or nothing()

    @admin.display(description=gettext_lazy("Address"))
    def address_shown(self, action: Action) -> Any:
        return action.address or nothing()

    # One of them

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        action: Action | None = self.found(request, object_id)
        if action is None:
            return self.missing(request, object_id)
        facts: Facts = [
            (_("When"), moment(action.at, seconds=True)),
            (_("Who"), self.who_shown(action)),
            (_("What"), self.verb_shown(action)),
            (pgettext("what it was done to", "On"), self.object_shown(action)),
            (_("Changes"), lines(_tell(action, longest=None)) or nothing()),
            (_("Address"), self.address_shown(action)),
            (_("Request id"), code(action.request_id) if action.request_id else nothing()),
        ]
        title = str(action)
        return self.page(request, "workspace/facts_page.html", title, action, where_title=title, facts=facts)

    def history_url(self, request: HttpRequest, obj: Any) -> str:
        return ""


def _linked(action: Action, name: str) -> str | SafeString:
    """Where the object's page is: it may be gone, or be one that has no page."""
    if action.verb == Verb.DELETED:
        return name
    try:
        address = reverse(f"admin:{action.object_type.replace('.', '_')}_change", args=[action.object_id])
    except NoReverseMatch:
        return name
    return link(address, name)


def _tell(action: Action, longest: int | None = LONGEST_VALUE) -> Iterator[str]:
    """Each change in a line: “Mode: History → Live”."""
    for name, values in action.changes.items():
        field = history.field_name(action.object_type, name)
        if values is None:
            yield _("%s: changed") % field
            continue
        old, new = (_short(history.value_name(action.object_type, name, value), longest) for value in values)
        yield f"{field}: {old} → {new}" if old else f"{field}: {new}" if new else f"{field}: –"
    for name, number in action.counts.items():
        yield f"{history.in_words(name)}: {local_number(number)}"


def _short(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def _read_day(written: Any) -> date | None:
    try:
        return parse_date(written)
    except (ValueError, TypeError):
        return None


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
