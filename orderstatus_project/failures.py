"""A fault of ours, told in the shape of whoever asked: a problem to a program, a page to a person."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views import defaults

from workspace.api.problems import Refusal, problem_page


def server_error(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    detail = _("Something failed here, not in your request. Name the request id when you ask for help.")
    return problem_page(request, Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail))
