"""What a key may do: scopes, and whether Orders is on at all."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from workspace.models import ApiKey, Workspace


class HasScope(BasePermission):
    """The view names a scope for reading and one for changing; a key needs the one for what it is doing."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        needed = view.scope_to_read if request.method in SAFE_METHODS else view.scope_to_write  # type: ignore[attr-defined]
        if needed is None or request.auth.may(needed):
            return True
        raise PermissionDenied(_("This key lacks the scope “%s”.") % needed.value, code="missing_scope")


class OrdersAreOn(BasePermission):
    """The Orders switch of Settings > Order Statuses."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if Workspace.orders_are_on():
            return True
        detail = _(
            "Orders is switched off here. Turn it on in Settings > Order Statuses, or with “manage.py orders on”."
        )
        raise PermissionDenied(detail, code="orders_disabled")
