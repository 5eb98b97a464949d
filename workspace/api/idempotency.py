"""`Idempotency-Key`: a POST sent again after a lost answer does nothing and gets the first answer, for 24 hours."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from workspace.api.problems import Conflict, Refusal
from workspace.models import KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,128}")

PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Your own id for this request, up to 128 printable ASCII characters without spaces, kept for 24 hours. "
    "Sent again with the same body, the request does nothing and gets the first answer.",
)

Handler = TypeVar("Handler", bound=Callable[..., Response])


def idempotent(post: Handler) -> Handler:
    """Decorate a view's `post`. Only a yes is kept: what was refused may be put right and sent again."""

    @functools.wraps(post)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if HEADER not in request.headers:
            return post(view, request, *args, **kwargs)
        kept, is_ours = KeptAnswer.objects.claim(
            source=view.key.source, key=_read_key(request), fingerprint=_fingerprint(request)
        )
        if not is_ours:
            return _replay(kept, request)
        return _keep(kept, lambda: post(view, request, *args, **kwargs))

    return extend_schema(parameters=[PARAMETER])(wrapper)  # type: ignore[return-value]


def _keep(kept: KeptAnswer, post: Callable[[], Response]) -> Response:
    answered = False
    try:
        response = post()
        kept.keep(response.status_code, json.dumps(response.data, cls=JSONEncoder))
        answered = True
    finally:
        if not answered:
            kept.delete()
    return response


def _replay(kept: KeptAnswer, request: Request) -> Response:
    if kept.fingerprint != _fingerprint(request):
        detail = _("This Idempotency-Key was used for another request. Use a new one for each.")
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
    if kept.status is None:
        raise Conflict("request_in_progress", _("The first request with this Idempotency-Key is still under way."))
    return Response(json.loads(kept.body), status=kept.status, headers={REPLAYED: "true"})


def _read_key(request: Request) -> str:
    key: str = request.headers[HEADER]
    if WELL_FORMED.fullmatch(key):
        return key
    detail = _("An Idempotency-Key has 1 to 128 printable ASCII characters without spaces.")
    raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_idempotency_key", detail)


def _fingerprint(request: Request) -> str:
    """Method, address and body, whatever the order and spacing of its members."""
    said = json.dumps([request.method, request.get_full_path(), request.data], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
