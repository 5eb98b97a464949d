"""What the OpenAPI schema says of every endpoint alike: the key, and the ways of saying no."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

S = TypeVar("S", bound=Callable[..., Any])

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "example": "about:blank"},
        "title": {"type": "string", "description": "The name of the HTTP status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, for a person."},
        "code": {"type": "string", "description": "What is wrong, for a program. More may be added."},
        "request_id": {
            "type": "string",
            "description": "As in the X-Request-ID header. Name it when you ask for help.",
        },
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Mistake"}},
    },
}
MISTAKE = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "Where: “#/0/code” is a JSON Pointer into the body, “?limit” a query parameter.",
        },
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}

# Status -> (name of the component, when it is answered, an example of `code`, and of `detail`).
ANSWERS = {
    "400": ("Unparsable", "The body cannot be read, or in two ways.", "unparsable", "The body is no JSON."),
    "401": ("Unauthorized", "No key, or one that is not known.", "not_authenticated", "Send a key."),
    "403": (
        "Forbidden",
        "The key lacks the scope, Orders is off, or a signature is wrong.",
        "orders_disabled",
        "Orders is switched off here.",
    ),
    "404": ("NotFound", "There is nothing by that name.", "not_found", "There is no order “A-1”."),
    "406": ("NotAcceptable", "Answers are application/json.", "not_acceptable", "Ask for application/json."),
    "409": ("Conflict", "At odds with what is already there.", "status_in_use", "Orders stand or stood in it."),
    "411": ("LengthRequired", "A body comes with a Content-Length.", "length_required", "Send a Content-Length."),
    "413": ("TooLarge", "The body, or the batch, is too large.", "too_large", "Send it in smaller batches."),
    "415": ("UnsupportedMediaType", "Bodies are application/json.", "unsupported_media_type", "Send application/json."),
    "422": (
        "Invalid",
        "It could be read, but what it says cannot be done.",
        "invalid",
        "There is no time zone “Mars”.",
    ),
    "429": ("TooManyRequests", "More than this key may ask in a minute.", "throttled", "Try again in 12 seconds."),
    "503": (
        "Busy",
        "Of a batch a part may be stored, of all else nothing is. Send the same again.",
        "busy",
        "The database is busy with other writers.",
    ),
}
ALWAYS = ("401", "403", "406", "422", "429", "503")
TO_WRITE = ("409",)
WITH_BODY = ("400", "411", "413", "415")
# What whoever calls without a key, and signs another way, may be told.
KEYLESS = ("400", "403", "404", "411", "413", "429", "503")


def example_answer(name: str, value: dict[str, Any]) -> Callable[[S], S]:
    """Beside a serializer: what one answered by it looks like, alone and in lists. Told of the demo shop."""
    return extend_schema_serializer(examples=[OpenApiExample(name, value=value, response_only=True)])


class EndpointSchema(AutoSchema):
    """Reads our views: the GET of one that has pages is a list, and docstrings are for who reads the code."""

    # drf-spectacular asks without the path and method of its base.
    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.method == "GET" and getattr(self.view, "pagination_class", None) is not None


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspace.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "os_live_… or os_test_…",
            "description": "A key of a source, from Settings > Integrations or `manage.py create_api_key`.",
        }


def describe_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """A drf-spectacular hook: point every operation at the shared problem answers it can give."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(Problem=PROBLEM, Mistake=MISTAKE)
    components["responses"] = {name: _response(status, *rest) for status, (name, *rest) in ANSWERS.items()}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in _statuses(path, method) if "security" in operation else KEYLESS:
                reference = {"$ref": f"#/components/responses/{ANSWERS[status][0]}"}
                operation["responses"].setdefault(status, reference)
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _statuses(path: str, method: str) -> list[str]:
    statuses = [*ALWAYS]
    if "{" in path:
        statuses.append("404")
    if method != "get":
        statuses += TO_WRITE
    if method in {"post", "put", "patch"}:
        statuses += WITH_BODY
    return statuses


def _response(status: str, description: str, code: str, detail: str) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": HTTPStatus(int(status)).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": "b6f0a1c2d3e4",
        "errors": [],
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    response: dict[str, Any] = {"description": description, "content": {"application/problem+json": content}}
    if status in {"429", "503"}:
        wait = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        response["headers"] = {"Retry-After": wait}
    return response
