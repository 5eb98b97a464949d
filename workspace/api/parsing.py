"""JSON as it comes in: one meaning or none. Whatever could be read in two ways is refused with 400."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from typing import IO, Any, Never

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from workspace.api.problems import Refusal, Unparsable

# A campaign of steps nested as deep as they may be, with a rule as deep as that may be.
MOST_LEVELS = 100


class StrictJson(BaseParser):
    """UTF-8 JSON of limited size and depth, without repeated names, NaN or numbers beyond any number type."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = _read(stream)
        try:
            value = json.loads(
                body.decode("utf-8-sig"),
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
                parse_float=_finite,
            )
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise Unparsable("unparsable", _("The body is no JSON: %s.") % error) from None
        if _levels(value) > MOST_LEVELS:
            raise _too_deep()
        return value


def read_json(text: str) -> Any:
    """The same of what came another way. Raises Refusal."""
    return StrictJson().parse(BytesIO(text.encode(errors="surrogatepass")))


class MergePatch(StrictJson):
    """RFC 7396, which is what PATCH means here, whichever of the two names it is sent under."""

    media_type = "application/merge-patch+json"


def _read(stream: IO[Any]) -> bytes:
    body: bytes = stream.read(settings.API_MOST_BYTES + 1)
    if len(body) <= settings.API_MOST_BYTES:
        return body
    raise Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        _("The body has more than %d bytes. Send it in smaller batches.") % settings.API_MOST_BYTES,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    repeated = next(name for name, _value in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    raise Unparsable("repeated_name", _("“%s” stands twice in one object.") % repeated[:64])


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise ValueError(f"{written[:40]} is too large a number")
    return number


def _levels(value: Any) -> int:
    level, inside = 0, [value]
    while inside:
        level += 1
        inside = [child for parent in inside for child in _children(parent) if isinstance(child, (dict, list))]
        if level > MOST_LEVELS:
            break
    return level


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> Unparsable:
    return Unparsable("too_deep", _("The body is nested more than %d levels deep.") % MOST_LEVELS)
