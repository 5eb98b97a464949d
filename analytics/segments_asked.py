"""What the builder of a segment asks of the server: how many a rule would be, and to be saved.

Answers are in the words and numbers of whoever asks, ready to be shown. A pointer leads into what was sent:
`/rule/rules/0/value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics import segments
from analytics.models import Segment
from analytics.previews import COUNT, PARTS, Part, Preview, Someone, preview
from analytics.rules import SegmentRule, read_segment_rule
from analytics.segments import Refusal
from analytics.wording import rule_in_words
from workspace import history
from workspace.api.parsing import read_json
from workspace.api.problems import Refusal as Unreadable
from workspace.database import TookTooLong
from workspace.local_formats import clock, money, number
from workspace.models import User
from workspace.reading import BadDocument, Problem
from workspace.screens import Screen, moment

TOO_SLOW = "too_slow"
TO_SEE_CUSTOMERS = "customers.view_customer"


def urls(screen: Screen) -> list[URLPattern]:
    """For SegmentScreen.get_urls."""
    asked = _Asked(screen)

    def at(route: str, view: Any, name: str) -> URLPattern:
        wrapped = screen.admin_site.admin_view(require_POST(view))
        pattern: URLPattern = path(route, wrapped, name=f"analytics_segment_{name}")
        return pattern

    return [
        at("preview/", asked.preview, "preview"),
        at("save/", asked.save_new, "save_new"),
        at("<int:pk>/save/", asked.save, "save"),
    ]


class _Asked:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def preview(self, request: HttpRequest) -> JsonResponse:
        """How many customers a rule would be. Nothing is written."""
        if not self.screen.has_view_permission(request):
            raise PermissionDenied
        parts = request.POST.get("parts", "").split(",") if request.POST.get("parts") else PARTS
        try:
            rule = self._read_rule(request)
            return JsonResponse(_shown(preview(rule, request.user, timezone.now(), parts), request))
        except BadDocument as error:
            return _refused(_of_rule(error.problems))
        except TookTooLong:
            return _refused([Problem(TOO_SLOW, _("This takes too long to count. Ask for less."), "/rule")])

    def save_new(self, request: HttpRequest) -> JsonResponse:
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        assert isinstance(request.user, User)
        problems = [*_problems_of_name(request), *_problems_of_code(request)]
        try:
            rule = _written_rule(request)
            read_segment_rule(rule, may_see_personal=self.screen.sees_personal_data(request))
            if problems:
                return _refused(problems)
            with transaction.atomic():
                made = segments.create(code=_code(request), name=_name(request), rule=rule, by=request.user)
                self.screen.log_addition(request, made)
        except BadDocument as error:
            return _refused([*problems, *_of_rule(error.problems)])
        except Refusal as refusal:
            return _refused([Problem(refusal.code, refusal.detail, "/code")])
        return _saved(made)

    def save(self, request: HttpRequest, pk: int) -> JsonResponse:
        segment: Segment | None = self.screen.found(request, str(pk), to_change=True)
        if segment is None:
            raise Http404
        problems = _problems_of_name(request)
        revision = _whole(request.POST.get("over" if "_over" in request.POST else "revision"))
        try:
            rule = None if segment.is_list else _written_rule(request)
            if rule is not None:
                read_segment_rule(rule, may_see_personal=self.screen.sees_personal_data(request))
            if problems:
                return _refused(problems)
            with transaction.atomic():
                kept = segments.change(segment, name=_name(request), rule=rule, revision=revision)
                history.record_changed(request, segment)
        except BadDocument as error:
            return _refused([*problems, *_of_rule(error.problems)])
        except Refusal:
            return _told_of_another(request, segment)
        return _saved(kept)

    def _read_rule(self, request: HttpRequest) -> SegmentRule:
        return read_segment_rule(_written_rule(request), may_see_personal=self.screen.sees_personal_data(request))


def _written_rule(request: HttpRequest) -> Any:
    """Raises BadDocument."""
    try:
        return read_json(request.POST.get("rule", ""))
    except Unreadable as error:
        raise BadDocument([Problem("unparsable", error.detail)]) from None


def _of_rule(problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(each.code, each.detail, f"/rule{each.field}") for each in problems]


def _problems_of_name(request: HttpRequest) -> list[Problem]:
    return _problems(request, "name")


def _problems_of_code(request: HttpRequest) -> list[Problem]:
    return _problems(request, "code")


def _problems(request: HttpRequest, name: str) -> list[Problem]:
    """What the model says of one of its columns."""
    try:
        Segment._meta.get_field(name).clean(request.POST.get(name, "").strip(), None)  # type: ignore[union-attr]
    except ValidationError as error:
        return [Problem("invalid", " ".join(error.messages), f"/{name}")]
    return []


def _name(request: HttpRequest) -> str:
    return request.POST["name"].strip()


def _code(request: HttpRequest) -> str:
    return request.POST["code"].strip()


def _whole(written: str | None) -> int | None:
    return int(written) if written and written.isascii() and written.isdigit() and len(written) < 10 else None


def _saved(segment: Segment) -> JsonResponse:
    """Where to go on."""
    address = reverse("admin:analytics_segment_change", args=[segment.pk])
    return JsonResponse({"saved": address, "pk": segment.pk, "code": segment.code, "revision": segment.revision})


def _refused(problems: Sequence[Problem]) -> JsonResponse:
    """`problem`: the first, for who shows one line."""
    told = [{"pointer": each.field, "code": each.code, "detail": each.detail} for each in problems]
    answer = {"problems": told, "problem": told[0]["detail"] if told else ""}
    return JsonResponse(answer, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _told_of_another(request: HttpRequest, segment: Segment) -> JsonResponse:
    """Somebody saved it meanwhile: what theirs says and what this person's says, to be kept or saved over."""
    segment.refresh_from_db()
    told = {
        "segment": segment,
        "changed": moment(segment.updated_at),
        "sentence": "" if segment.is_list else rule_in_words(segment.rule, request.user),
        "own_name": _name(request),
        "own_sentence": "" if segment.is_list else rule_in_words(_written_rule(request), request.user),
    }
    conflict = render_to_string("analytics/segments/conflict.html", told, request)
    return JsonResponse({"conflict": conflict, "revision": segment.revision}, status=HTTPStatus.CONFLICT)


def _shown(counted: Preview, request: HttpRequest) -> dict[str, Any]:
    return {
        "as_of": counted.as_of and counted.as_of.isoformat(),
        "counted": _as_of(counted.as_of),
        "figures": list(_figures(counted)),
        "sample": _sample(counted, request),
    }


def _as_of(at: datetime | None) -> str:
    if at is None:
        return _("History is being read for the first time: not all of it is counted yet.")
    return _("As of %s") % clock(at, seconds=True)


def _figures(counted: Preview) -> Iterator[dict[str, Any]]:
    if counted.customers:
        yield _figure(COUNT, _("Customers"), counted.customers, number)
    if counted.orders:
        yield _figure("orders", _("Orders"), counted.orders, number)
    if counted.revenue:
        yield _figure(
            "revenue", _("Revenue"), counted.revenue, lambda minor: money(counted.amount(minor), counted.currency)
        )


def _figure(key: str, label: str, part: Part, written: Callable[[int], str]) -> dict[str, Any]:
    """`share` is in percent; null of nothing."""
    share = None if part.share is None else 100 * part.share
    words = {"share": "" if share is None else number(share, 1), "whole": written(part.of)}
    of = _("%(share)s %% of %(whole)s") % words if share is not None else ""
    return {"key": key, "label": label, "value": written(part.number), "of": of, "share": share}


def _sample(counted: Preview, request: HttpRequest) -> list[dict[str, Any]] | None:
    """None for whoever may not see customers: neither who they are, nor what was seen of one of them."""
    return [_someone(one) for one in counted.sample] if request.user.has_perm(TO_SEE_CUSTOMERS) else None


def _someone(one: Someone) -> dict[str, Any]:
    address = reverse("admin:customers_customer_change", args=[one.customer.pk])
    return {"name": str(one.customer), "url": address, "why": list(one.why)}
