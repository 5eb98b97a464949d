"""Segments on the screen: the list, and the page of one with who is in it, how it is counted and who uses it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, npgettext
from django.views.decorators.http import require_GET, require_POST
from unfold.views import ChangeList

from analytics import lists, lists_admin, ready_made_admin, segments, segments_asked
from analytics.builder_screen import BuilderScreen
from analytics.models import Member, Segment
from analytics.segment_usages import usages
from analytics.segments import Refusal
from analytics.wording import rule_in_words
from customers.models import Customer
from workspace import history
from workspace.exports import Export, column, columns
from workspace.local_formats import number
from workspace.models import User, Verb
from workspace.personal import shown_to
from workspace.screens import (
    Choice,
    Facts,
    ReadOnlyScreen,
    act_button,
    age,
    close_window,
    code,
    found_in_any_case,
    icon_button,
    lines,
    link,
    moment,
    nothing,
    pill,
)
from workspace.sessions import polled
from workspace.usages import Usage

LIST = "admin:analytics_segment_changelist"
MEMBERS = "admin:analytics_member_changelist"
TO_SEE_SEGMENTS, TO_CHANGE, TO_SEE_CUSTOMERS = (
    "analytics.view_segment",
    "analytics.change_segment",
    "customers.view_customer",
)
MOST_USES, MOST_MEMBERS = 3, 10


class KindFilter(Choice):
    title, parameter_name = gettext_lazy("Kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Segment.Kind.choices


class OfSegment(Choice):
    """Of the segment that the address names."""

    title, parameter_name = gettext_lazy("Segment"), "segment__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Segment.objects.values_list("pk", "name")]

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(segment=int(chosen)) if is_key(chosen) else rows.none()


class SegmentList(ChangeList):
    """Asks once for all segments of a page who uses them, and tells their rules in words."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        told = usages(rows, request.user)
        for segment in rows:
            segment.uses = told.get(segment.pk, [])
        self.result_list = rows


@admin.register(Segment)
class SegmentScreen(BuilderScreen):
    how_they_come = gettext_lazy(
        "Groups of customers, by what they ordered, where their orders stand, and what they were sent."
    )
    add_label = gettext_lazy("New segment")
    or_begin = ("admin:analytics_segment_ready", gettext_lazy("Start from a ready-made one"))
    list_display = ("name_shown", "kind_shown", "count_shown", "counted_shown", "uses_shown", "changed_shown", "ways")
    list_display_links = ("name_shown",)
    list_filter = (KindFilter,)
    list_filter_submit = True
    list_select_related = ("created_by",)
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name or code")
    change_list_template = "analytics/segments/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            *segments_asked.urls(self),
            *lists_admin.urls(self),
            *ready_made_admin.urls(self),
            path(
                "<int:pk>/standing/", wrap(polled(require_GET(self.standing_view))), name="analytics_segment_standing"
            ),
            path("<int:pk>/refresh/", wrap(require_POST(self.refresh_view)), name="analytics_segment_refresh"),
            path("<int:pk>/copy/", wrap(require_POST(self.copy_view)), name="analytics_segment_copy"),
            *super().get_urls(),
        ]

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SegmentList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return found_in_any_case(queryset, search_term, *self.search_fields), False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        shown = tuple(self.list_display)
        return shown if self.has_add_permission(request) else shown[:-1]

    @admin.display(description=gettext_lazy("Segment"), ordering="name")
    def name_shown(self, segment: Segment) -> str:
        return format_html('{}<span class="os-sentence"><code>{}</code></span>', segment.name, segment.code)

    @admin.display(description=gettext_lazy("Kind"), ordering="kind")
    def kind_shown(self, segment: Segment) -> str:
        told = pill(segment.get_kind_display())
        return format_html("{} {}", told, pill(_("Not counted"), "warning")) if segment.problem else told

    @admin.display(description=gettext_lazy("Customers"), ordering="members_count")
    def count_shown(self, segment: Segment) -> Any:
        return nothing() if segment.members_count is None else number(segment.members_count)

    @admin.display(description=gettext_lazy("Counted"), ordering="counted_at")
    def counted_shown(self, segment: Segment) -> Any:
        return moment(segment.counted_at) if segment.counted_at else nothing(_("not yet"))

    @admin.display(description=gettext_lazy("Used by"))
    def uses_shown(self, segment: Any) -> str:
        """The first few; all of them stand on its page."""
        told = [_use(use) for use in segment.uses[:MOST_USES]]
        more = len(segment.uses) - len(told)
        if more:
            told.append(link(_page_of(segment), _("and %d more") % more))
        return format_html('<div class="os-uses">{}</div>', lines(told)) if told else nothing()

    @admin.display(description=gettext_lazy("Changed"), ordering="updated_at")
    def changed_shown(self, segment: Segment) -> str:
        return moment(segment.updated_at)

    @admin.display(description="")
    def ways(self, segment: Segment) -> str:
        copy = act_button(_to("copy", segment), "content_copy", _("Copy “%s”") % segment.name)
        delete = icon_button(_to("delete", segment), "delete", _("Delete “%s”") % segment.name)
        return format_html('<div class="os-ways">{}{}</div>', copy, delete)

    # The page of one

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        segment: Segment | None = self.found(request, object_id)
        if segment is None:
            return self.missing(request, object_id)
        facts: Facts = [
            (_("Code"), code(segment.code)),
            (_("Kind"), segment.get_kind_display()),
            (_("Created"), _by_whom(segment)),
            (_("Changed"), moment(segment.updated_at)),
        ]
        context = {
            **self._standing(request, segment),
            "facts": facts,
            "sentence": "" if segment.is_list else capfirst(rule_in_words(segment.rule, request.user)),
            "uses": usages([segment], request.user).get(segment.pk, []),
            "may_see_customers": request.user.has_perm(TO_SEE_CUSTOMERS),
            "members": _members(request, segment),
            "members_url": _members_of(segment),
            "members_query": f"?{_asking_for(segment)}",
            "members_params": [(OfSegment.parameter_name, str(segment.pk))],
            "rule_url": _to("edit", segment),
            "may_delete": self.has_delete_permission(request, segment),
            "may_add": self.has_add_permission(request),
            "sees_personal_data": self.sees_personal_data(request),
        }
        return self.page(request, "analytics/segments/segment.html", segment.name, segment, **context)

    def standing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How it is counted: asked again and again while a count is under way."""
        return self._draw_standing(request, self._seen(request, pk))

    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Whoever may see it may have it counted: that changes nothing of it."""
        segment = self._seen(request, pk)
        segments.ask_for_count([segment])
        segment.refresh_from_db()
        return self._draw_standing(request, segment)

    def _draw_standing(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        if not request.headers.get("HX-Request"):
            return HttpResponseRedirect(_page_of(segment))
        context = {**self._standing(request, segment), "object": segment}
        return TemplateResponse(request, "analytics/segments/standing.html", context)

    def _standing(self, request: HttpRequest, segment: Segment) -> dict[str, Any]:
        everybody = Customer.objects.filter(erased_at=None).count()
        count = segment.members_count
        return {
            "count": None if count is None else number(count),
            "customers": npgettext("after their number", "customer", "customers", count or 0),
            "share": share_in_words(count, everybody),
            "counted_at": segment.counted_at and moment(segment.counted_at, seconds=True),
            "progress": _progress(segment, timezone.now()),
            "problem": segment.get_problem_display() if segment.problem else "",
            "may_edit": self.has_change_permission(request, segment),
        }

    def _seen(self, request: HttpRequest, pk: int) -> Segment:
        segment: Segment | None = self.found(request, str(pk))
        if segment is None:
            raise Http404
        return segment

    # What may become of it

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        segment = self._seen(request, pk)
        assert isinstance(request.user, User)
        with transaction.atomic():
            made = segments.copy(segment, by=request.user)
            self.log_addition(request, made)
        messages.success(request, _("“%s” was made. Give it a name of its own.") % made.name)
        return close_window(request, _page_of(made))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Only what nothing uses; of anything else it says what does."""
        segment: Segment | None = self.found(request, object_id)
        if not self.has_delete_permission(request, segment):
            raise PermissionDenied
        if segment is None:
            return self.missing(request, object_id)
        if request.method == "POST":
            return self._delete(request, segment)
        uses, told = usages([segment]), usages([segment], request.user)
        return self.window(
            request,
            "analytics/segments/delete.html",
            _("Delete “%s”?") % segment.name,
            segment,
            is_needed=bool(uses.get(segment.pk)),
            uses=told.get(segment.pk, []),
            back=reverse(LIST),
        )

    def _delete(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        try:
            with transaction.atomic():
                history.record_deleted(request, segment)
                segments.delete(segment)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        except Segment.DoesNotExist:
            messages.info(request, _("It was deleted meanwhile."))
        else:
            messages.success(request, _("“%s” was deleted.") % segment.name)
        return close_window(request, reverse(LIST))


@admin.register(Member)
class MemberScreen(ReadOnlyScreen):
    """Who is in a segment. It is led to from there: all segments at once are of no use to anybody."""

    list_display = ("customer_shown", "external_id", "since_shown")
    list_display_links = None
    list_filter = (OfSegment,)
    list_select_related = ("customer",)
    search_fields = ("^customer__external_id",)
    search_help_text = gettext_lazy("Customer id")
    personal_search_fields = ("^customer__phone", "^customer__first_name", "^customer__last_name")
    personal_search_help_text = gettext_lazy("Name, id or phone")
    ordering = ("-pk",)
    sortable_by = ()
    export = Export(
        "segment-customers",
        [
            column("segment", "segment.code"),
            column("external_id", "customer.external_id"),
            column("first_name", "customer.first_name", is_personal=True),
            column("last_name", "customer.last_name", is_personal=True),
            column("phone", "customer.phone", is_personal=True),
            column("email", "customer.email", is_personal=True),
            column("language", "customer.language"),
            column("timezone", "customer.timezone"),
            column("sms_consent", "customer.sms_consent"),
            *columns("since"),
        ],
        related=("segment", "customer"),
        unread=("segment__rule",),
        offers_sheet=True,
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perms((TO_SEE_SEGMENTS, TO_SEE_CUSTOMERS)))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.take_off_view))
        return [path("<int:pk>/take-off/", view, name="analytics_member_take_off"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Whoever is on a list can be taken off it."""
        segment = _segment_named(request)
        may_change = segment is not None and segment.is_list and request.user.has_perm(TO_CHANGE)
        return (*self.list_display, "ways") if may_change else tuple(self.list_display)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        segment = _segment_named(request)
        told: dict[str, Any] = {}
        if segment is not None:
            within = [(reverse(LIST), capfirst(Segment._meta.verbose_name_plural)), (_page_of(segment), segment.name)]
            told = {"title": _("Customers in “%s”") % segment.name, "within": within, "where": _("Customers")}
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **told})
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is no more to it than the customer."""
        member: Member | None = self.found(request, object_id)
        if member is None:
            return self.missing(request, object_id)
        return HttpResponseRedirect(reverse("admin:customers_customer_change", args=[member.customer_id]))

    def take_off_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(TO_CHANGE):
            raise PermissionDenied
        member: Member | None = self.found(request, str(pk))
        back = reverse(MEMBERS)
        if member is not None and member.segment.is_list:
            back = _members_of(member.segment)
            with transaction.atomic():
                lists.remove(member.segment, [member.customer_id])
                history.record(request, Verb.CHANGED, member.segment, counts={"taken_off": 1})
            messages.success(request, _("One customer was taken off the list."))
        return close_window(request, back)

    @admin.display(description=gettext_lazy("Customer"))
    def customer_shown(self, member: Member) -> str:
        return link(reverse("admin:customers_customer_change", args=[member.customer_id]), str(member.customer))

    @admin.display(description=gettext_lazy("Id"))
    def external_id(self, member: Member) -> str:
        return member.customer.external_id

    @admin.display(description=gettext_lazy("In it since"))
    def since_shown(self, member: Member) -> str:
        return moment(member.since)

    @admin.display(description="")
    def ways(self, member: Member) -> str:
        words = _("Take “%s” off the list") % member.customer
        take_off = act_button(reverse("admin:analytics_member_take_off", args=[member.pk]), "person_remove", words)
        return format_html('<div class="os-ways">{}</div>', take_off)


def share_in_words(part: int | None, whole: int) -> str:
    """“6.2 % of 20,000”; of nothing no share."""
    if not whole or part is None:
        return ""
    words = {"share": number(100 * part / whole, 1), "whole": number(whole)}
    return ngettext("%(share)s %% of %(whole)s customer", "%(share)s %% of %(whole)s customers", whole) % words


def _progress(segment: Segment, now: datetime) -> dict[str, Any] | None:
    """How far a count is that is asked for or under way, by how long the last one took."""
    if segment.counting_until is not None and segment.counting_until > now and segment.count_began_at:
        lasted = now - segment.count_began_at
        percent = min(95, int(100 * lasted.total_seconds() / segment.counted_in_s)) if segment.counted_in_s else 5
        return {"words": _("Counting for %s") % age(lasted), "percent": percent}
    return {"words": _("Waiting for a worker"), "percent": 0} if segment.is_asked_for else None


def _members(request: HttpRequest, segment: Segment) -> list[Member]:
    """The newest, for whoever may see customers."""
    if not request.user.has_perm(TO_SEE_CUSTOMERS):
        return []
    newest = Member.objects.filter(segment=segment).select_related("customer").order_by("-pk")
    return list(shown_to(request.user, newest)[:MOST_MEMBERS])


def _members_of(segment: Segment) -> str:
    return f"{reverse(MEMBERS)}?{_asking_for(segment)}"


def _asking_for(segment: Segment) -> str:
    return f"{OfSegment.parameter_name}={segment.pk}"


def _segment_named(request: HttpRequest) -> Segment | None:
    written = request.GET.get(OfSegment.parameter_name, "")
    return Segment.objects.filter(pk=int(written)).first() if is_key(written) else None


def _page_of(segment: Segment) -> str:
    return _to("change", segment)


def _to(verb: str, segment: Segment) -> str:
    return reverse(f"admin:analytics_segment_{verb}", args=[segment.pk])


def _use(use: Usage) -> str:
    return format_html('<a class="os-link" href="{}" title="{}">{}</a>', use.url, use.text, use.short or use.text)


def _by_whom(segment: Segment) -> str:
    who = segment.created_by and (segment.created_by.get_full_name() or segment.created_by.get_username())
    at = moment(segment.created_at)
    return format_html("{} · {}", at, who) if who else at


def is_key(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 19
