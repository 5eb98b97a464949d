"""Each person reads in their own language. The API and its pages, commands and workers speak the installation's."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers


class LanguageMiddleware:
    """Stands behind whoever says who asks. Until somebody has signed in or chosen, their browser's language counts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_for(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if request.path.startswith("/admin/"):
            patch_vary_headers(response, ("Accept-Language",))
        return response


def language_for(request: HttpRequest) -> str:
    if not request.path.startswith("/admin/"):
        return settings.LANGUAGE_CODE
    chosen = getattr(request.user, "language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else browser_language(request)


def browser_language(request: HttpRequest) -> str:
    return translation.get_language_from_request(request)


def name_of(language: str) -> str:
    """What its own speakers call it."""
    return str(dict(settings.LANGUAGES).get(language, language))
