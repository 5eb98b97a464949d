"""What a page may load and run, told to browsers: nothing, but for the admin and the API's documentation."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

Policy = dict[str, list[str]]

NOTHING: Policy = {"default-src": [NONE], "base-uri": [NONE], "form-action": [NONE], "frame-ancestors": [NONE]}
OURS: Policy = {
    **NOTHING,
    "script-src": [SELF],
    # unfold and Swagger UI write their colours and sizes into the page.
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
}
POLICIES: dict[str, Policy] = {
    # Alpine, which unfold's menus are made of, evaluates what stands in attributes. No script in a page runs.
    "/admin/": {**OURS, "script-src": [SELF, UNSAFE_EVAL], "form-action": [SELF]},
    "/api/docs/": OURS,
}


class ContentPolicy(CSPMiddleware):
    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - csp's
    ) -> PolicyParts:
        if report_only:
            return PolicyParts()
        config: Any = next((POLICIES[path] for path in POLICIES if request.path.startswith(path)), NOTHING)
        return PolicyParts(config=config)


class PermissionsPolicy:
    """No page of ours asks for a camera, a place or a payment, so none that is smuggled in may."""

    HEADER = "Permissions-Policy"
    VALUE = ", ".join(
        f"{name}=()" for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")
    )

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        response.headers.setdefault(self.HEADER, self.VALUE)
        return response
