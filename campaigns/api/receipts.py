"""`receipts/{gateway}/`: what providers tell of messages, and texts that people wrote. No key: they sign in their way,
or call an address that holds a token.

What was told is committed before it is answered. Who got no answer tells it again, and that changes nothing.
"""

from __future__ import annotations

import traceback
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns import measures
from campaigns.models import Message, SmsGateway
from campaigns.sms.connections import OutOfOrder, connection_of, receipts_token
from campaigns.sms.gateways.base import BadReceipt, BadSignature, Delivery, Gateway, Incoming, Told
from campaigns.sms.incoming import take_incoming
from campaigns.sms.receipts import take_receipts
from workspace.api.problems import NotThere, Refusal, Unparsable
from workspace.api.throttling import MinuteThrottle
from workspace.api.views import refuse_chunks
from workspace.text import storable

MOST_BYTES = 1024 * 1024
MOST_TOLD = 5000
# Whoever calls with wrong signatures all the time does not make us write each time.
NOTED_AGAIN_AFTER = timedelta(seconds=10)

# Columns of a gateway. What a stranger may have called with stands apart from what the gateway itself did wrong.
LAST_ERROR, REFUSED_CALL = "last_error", "refused_call"

log = structlog.get_logger(__name__)


class ReceiptThrottle(MinuteThrottle):
    """Each address for itself, so that a stranger's calls are not counted against the provider's."""

    def limit(self) -> int:
        return int(settings.RECEIPT_CALLS_PER_MINUTE)

    def who(self, request: Request) -> str | None:
        return f"receipts:{request.META.get('REMOTE_ADDR', '')}"


class AnyAnswer(BaseContentNegotiation):
    """Providers ask for XML, for text, for anything: they read the status, and a problem is for a person."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ReceiptsView(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (ReceiptThrottle,)
    content_negotiation_class = AnyAnswer
    http_method_names = ("post",)

    @extend_schema(
        operation_id="receipts_create",
        summary="Take receipts and incoming texts from an SMS provider",
        parameters=[
            OpenApiParameter("gateway", str, OpenApiParameter.PATH, description="The gateway's code."),
            OpenApiParameter(
                "token",
                str,
                description="Where the gateway has no signing secret: as in the address shown under Settings > SMS.",
            ),
        ],
        request={
            "application/json": OpenApiTypes.ANY,
            "application/x-www-form-urlencoded": OpenApiTypes.OBJECT,
        },
        responses={204: None},
        auth=[],
    )
    def post(self, request: Request, gateway: str) -> Response:
        _read_whole(request._request)
        row = _find(gateway)
        told = _hear(_connect(row), row, request._request)
        take_receipts(row.code, [one for one in told if isinstance(one, Delivery)])
        take_incoming(row.code, [one for one in told if isinstance(one, Incoming)])
        return Response(status=HTTPStatus.NO_CONTENT)


def _read_whole(request: HttpRequest) -> None:
    """Before anybody parses it: what is signed is the body as it came."""
    refuse_chunks(request.headers)
    if _length(request) > MOST_BYTES:
        detail = _("The body has more than %d bytes.") % MOST_BYTES
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    try:
        request.body  # noqa: B018 - Django keeps what it read
    except UnreadablePostError:
        raise Unparsable("unparsable", _("The body did not come whole.")) from None


def _length(request: HttpRequest) -> int:
    written = request.headers.get("Content-Length") or "0"
    return int(written) if written.isdecimal() and len(written) < 20 else 0


def _find(code: str) -> SmsGateway:
    """One that is switched off is still told what became of what it sent."""
    row = SmsGateway.objects.filter(code=code).first()
    if row and (row.is_active or row.last_sent_at or Message.objects.filter(gateway=code).exists()):
        return row
    raise NotThere(_("There is no gateway “%s”.") % code)


def _connect(row: SmsGateway) -> Gateway:
    """What nobody can check now is asked for again, rather than lost."""
    gateway = connection_of(row).gateway
    if isinstance(gateway, OutOfOrder):
        _note(row, gateway.error)
        log.error("receipts_cannot_be_checked", gateway=row.code)
        measures.refused(row.code, "misconfigured")
        detail = _("This gateway cannot be used as it is set up here. Send it again later.")
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "misconfigured", detail, retry_after_s=60)
    return gateway


def _check_token(row: SmsGateway, given: str) -> None:
    if constant_time_compare(given, receipts_token(row)):
        return
    wrong = _(
        "A call without the right token. If the provider made it, give it the address for receipts as it is shown "
        "here, or enter the secret it signs with."
    )
    _note(row, wrong, REFUSED_CALL)
    raise _refusal(row, HTTPStatus.FORBIDDEN, "bad_token", _("The token is missing or wrong."))


def _hear(gateway: Gateway, row: SmsGateway, request: HttpRequest) -> list[Told]:
    if not gateway.promises.is_signed:
        _check_token(row, request.GET.get("token", ""))
    try:
        told = gateway.hear(request)
    except BadSignature as error:
        wrong = _(
            "A call with a wrong signature. If the provider made it, the secret here is not theirs, or PUBLIC_URL is "
            "not the address they call."
        )
        _note(row, f"{wrong} {error}".strip(), REFUSED_CALL)
        raise _refusal(row, HTTPStatus.FORBIDDEN, "bad_signature", _("The signature is wrong.")) from None
    except BadReceipt as error:
        raise _bad(row, str(error) or _("The receipt cannot be read.")) from None
    except Exception as error:  # noqa: BLE001 - a body that the kind did not expect; nothing of it was taken
        # Where in the kind it failed, but not its words: they may quote a number or a text.
        frame = traceback.extract_tb(error.__traceback__, 2)[-1]
        log.error("receipt_unexpected", gateway=row.code, at=f"{frame.name}:{frame.lineno}", error=type(error).__name__)
        raise _bad(row, _("The receipt cannot be read (%s).") % type(error).__name__) from None
    if len(told) > MOST_TOLD:
        detail = _("More than %d receipts in one call. Let the provider send fewer at once.") % MOST_TOLD
        _note(row, detail)
        raise _refusal(row, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    return told


def _bad(row: SmsGateway, detail: str) -> Refusal:
    _note(row, detail)
    return _refusal(row, HTTPStatus.BAD_REQUEST, "bad_receipt", detail)


def _refusal(row: SmsGateway, status: HTTPStatus, code: str, detail: str) -> Refusal:
    log.warning("receipts_refused", gateway=row.code, why=code)
    measures.refused(row.code, code)
    return Refusal(status, code, detail)


def _note(row: SmsGateway, error: str, column: str = LAST_ERROR) -> None:
    """Where an operator looks."""
    error, now = storable(error)[:500], timezone.now()
    noted, noted_at = getattr(row, column), getattr(row, f"{column}_at")
    if noted != error or noted_at is None or now - noted_at >= NOTED_AGAIN_AFTER:
        SmsGateway.objects.filter(pk=row.pk).update(**{column: error, f"{column}_at": now})
