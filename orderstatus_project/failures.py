"""What cannot be answered, told in the shape of whoever asked: a problem to a program, a page to a person.

The page asks for nothing: it has to come when the database does not, and to who may see nothing else.
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import csrf, defaults

from workspace.api.problems import Refusal, problem_page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_person(request):
        return defaults.bad_request(request, exception)
    do = _("Go back, load the page again and try once more.")
    return _page(request, HTTPStatus.BAD_REQUEST, _("This could not be understood"), do)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_person(request):
        return defaults.permission_denied(request, exception)
    do = _("Your roles do not allow it. If you need it for your work, ask an administrator.")
    return _page(request, HTTPStatus.FORBIDDEN, _("You have no access here"), do)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_person(request):
        return defaults.page_not_found(request, exception)
    do = _("The address is wrong, or what was here is gone.")
    return _page(request, HTTPStatus.NOT_FOUND, _("There is nothing here"), do)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Mostly of a page that was left open while somebody signed in again."""
    if not _is_person(request):
        return csrf.csrf_failure(request, reason)
    do = _(
        "The page was opened before you last signed in, so nothing was saved. Go back, load it again and try once more."
    )
    return _page(request, HTTPStatus.FORBIDDEN, _("This page is too old"), do)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        detail = _("Something failed here, not in your request. Name the request id when you ask for help.")
        return problem_page(request, Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail))
    if not _is_person(request):
        return defaults.server_error(request)
    do = _("It was no mistake of yours. Try again; if it fails again, tell an administrator the number below.")
    return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("Something failed here"), do)


def _is_person(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")


def _page(request: HttpRequest, status: HTTPStatus, title: str, do: str) -> HttpResponse:
    number = getattr(request, "request_id", "") if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    told = {"title": title, "do": do, "number": number}
    return HttpResponse(render_to_string("failure.html", told), status=status)
