"""How the API says no: RFC 9457 problem details, one shape for every error.

`code` is for programs, `detail` for people; `errors` says where. A `pointer` is a reference into what was sent:
`#/0/code` a place in the body (RFC 6901), `?limit` a query parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response
from rest_framework.views import set_rollback

from workspace.reading import Problem
from workspace.text import printable

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with what was sent."""

    pointer: str
    code: str
    detail: str

    @classmethod
    def in_body(cls, problem: Problem, *path: str | int) -> Mistake:
        return cls(pointer(*path, problem.field), problem.code, problem.detail)

    @classmethod
    def in_query(cls, parameter: str, code: str, detail: str) -> Mistake:
        return cls("?" + quote(parameter, errors="replace"), code, detail)


class Refusal(Exception):
    """An answer that says no. `detail` may be left out where there are mistakes: the first one speaks."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str = "",
        *,
        mistakes: Sequence[Mistake] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.mistakes, self.retry_after_s = status, code, tuple(mistakes), retry_after_s
        self.detail = detail or _sum_up(self.mistakes)


class Invalid(Refusal):
    """422: it could be read, but what it says cannot be done."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", mistakes=tuple(mistakes))


class Unparsable(Refusal):
    """400: it could not be read at all."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, code, detail)


class Conflict(Refusal):
    """409: it is at odds with what is already there."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, code, detail)


class NotThere(Refusal):
    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, "not_found", detail)


def answer_problem(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler. What it does not know is a fault of ours, and Django's to report."""
    refusal = _as_refusal(error)
    if refusal is None:
        return None
    set_rollback()
    headers = {"Retry-After": str(refusal.retry_after_s)} if refusal.retry_after_s is not None else {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return Response(
        problem(context["request"], refusal), status=refusal.status, headers=headers, content_type=CONTENT_TYPE
    )


def problem_page(request: HttpRequest, refusal: Refusal) -> JsonResponse:
    """The same answer where REST framework is not at hand."""
    return JsonResponse(problem(request, refusal), status=refusal.status, content_type=CONTENT_TYPE)


def problem(request: Any, refusal: Refusal) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": refusal.status.phrase,
        "status": refusal.status.value,
        "detail": printable(refusal.detail),
        "code": refusal.code,
        "request_id": getattr(request, "request_id", ""),
        "errors": [{**asdict(mistake), "detail": printable(mistake.detail)} for mistake in refusal.mistakes],
    }


def pointer(*path: str | int) -> str:
    """A place in the body as a URI fragment: `pointer(3, "code")` -> `#/3/code`. Empty names are left out."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path if step != "")
    return "#" + "".join("/" + quote(step, safe="~", errors="replace") for step in steps)


def _as_refusal(error: Exception) -> Refusal | None:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, exceptions.ValidationError):
        return Invalid(_mistakes(error.detail))
    if isinstance(error, APIException):
        return _from_framework(error)
    if isinstance(error, Http404):
        return NotThere(_("There is nothing here by that name."))
    if isinstance(error, RequestDataTooBig):
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("The request is too large."))
    if isinstance(error, PermissionDenied):
        return Refusal(HTTPStatus.FORBIDDEN, "permission_denied", _("This key may not do that."))
    if isinstance(error, SuspiciousOperation):
        return Unparsable("bad_request", _("The request cannot be read."))
    if isinstance(error, OperationalError) and _is_busy(error):
        # A batch is written in sets, each a transaction of its own: those before this one stay.
        detail = _(
            "The database is busy with other writers. Of a batch a part may be stored, of all else nothing is. "
            "Send the same again."
        )
        return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, retry_after_s=1)
    return None


def _from_framework(error: APIException) -> Refusal:
    wait = getattr(error, "wait", None)
    return Refusal(
        HTTPStatus(error.status_code),
        str(error.get_codes()),
        str(error.detail),
        retry_after_s=None if wait is None else int(wait) + 1,
    )


def _is_busy(error: OperationalError) -> bool:
    """A deadlock or serialization failure (SQLSTATE class 40), or SQLite's one write lock not had in time."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return state.startswith("40") or "database is locked" in str(error)


def _mistakes(detail: Any, *path: str | int) -> Iterator[Mistake]:
    """Flatten what a serializer says: dicts of fields, lists of items, lists of sentences."""
    if isinstance(detail, ErrorDetail):
        yield Mistake(pointer(*path), detail.code or "invalid", str(detail))
    elif isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _mistakes(inner, *path, "" if name == "non_field_errors" else str(name))
    else:
        for place, inner in enumerate(detail):
            yield from _mistakes(inner, *path, "" if isinstance(inner, ErrorDetail) else place)


def _sum_up(mistakes: Sequence[Mistake]) -> str:
    if len(mistakes) == 1:
        return mistakes[0].detail
    return _("%d things are wrong; each is named in “errors”.") % len(mistakes)
