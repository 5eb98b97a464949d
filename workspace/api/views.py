"""What every endpoint does before its own work: who asks, whether they may, and whether the address can be read."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workspace.api.authentication import KeyAuthentication
from workspace.api.filtering import ParameterFilters, SeveralFilter
from workspace.api.pagination import CursorPages
from workspace.api.parsing import MergePatch, StrictJson
from workspace.api.permissions import HasScope
from workspace.api.problems import Invalid, Mistake, NotThere, Refusal
from workspace.api.searching import Search
from workspace.api.throttling import KeyThrottle
from workspace.models import ApiKey, Scope
from workspace.text import is_storable


class ApiView(GenericAPIView[Any]):
    """The base of every endpoint. A method whose scope is not named is open to every key."""

    authentication_classes = (KeyAuthentication,)
    permission_classes: Any = (HasScope,)
    throttle_classes = (KeyThrottle,)
    parser_classes = (StrictJson,)
    filter_backends = (ParameterFilters, Search)
    pagination_class: Any = None

    http_method_names = ("get", "post", "put", "patch", "delete", "head")

    scope_to_read: ClassVar[Scope | None] = None
    scope_to_write: ClassVar[Scope | None] = None
    # What the address of a request that changes something may hold; of one that reads, the list says.
    parameters_to_write: ClassVar[frozenset[str]] = frozenset()

    @property
    def key(self) -> ApiKey:
        key = self.request.auth
        assert isinstance(key, ApiKey)
        return key

    def get_parsers(self) -> list[BaseParser]:
        # Django's own request is there by now, REST framework's is not; while a schema is drawn up there may be none.
        is_patch = getattr(getattr(self, "request", None), "method", "") == "PATCH"
        return [*super().get_parsers(), MergePatch()] if is_patch else super().get_parsers()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not all(is_storable(str(part)) for part in kwargs.values()):
            raise NotThere(_("There is nothing here by that name."))
        refuse_chunks(request.headers)
        if mistakes := list(self._mistakes_in_query()):
            raise Invalid(mistakes)

    def known_parameters(self) -> frozenset[str]:
        return frozenset() if self.request.method in SAFE_METHODS else self.parameters_to_write

    def repeatable_parameters(self) -> frozenset[str]:
        return frozenset()

    def flag(self, name: str) -> bool:
        """`?dry_run=1`: a parameter that is on, off or absent."""
        return self.choice(name, ("0", "1", "false", "true")) in {"1", "true"}

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """A parameter that is one of a few words; empty if absent."""
        value = self.request.query_params.get(name, "")
        if value and value not in choices:
            detail = _("“%(name)s” is one of: %(choices)s.") % {"name": name, "choices": ", ".join(choices)}
            raise Invalid([Mistake.in_query(name, "invalid_choice", detail)])
        return value

    def _mistakes_in_query(self) -> Any:
        known = self.known_parameters()
        for name, values in self.request.query_params.lists():
            if not is_storable(name) or not all(is_storable(value) for value in values):
                yield Mistake("?", "bad_text", _("The address holds a NUL or half a surrogate pair."))
            elif len(values) > 1 and name not in self.repeatable_parameters():
                detail = _("“%s” stands twice. Which of the two is meant?") % name[:64]
                yield Mistake.in_query(name, "repeated_parameter", detail)
            elif "" in values:
                detail = _("“%s” has no value. Leave it out, or it would quietly mean everything.") % name[:64]
                yield Mistake.in_query(name, "empty_parameter", detail)
            elif name not in known:
                names = ", ".join(sorted(known)) or _("none")
                detail = _("There is no parameter “%(name)s” here. There are: %(names)s.")
                yield Mistake.in_query(name, "unknown_parameter", detail % {"name": name[:64], "names": names})


class ListView(ApiView):
    """A list, filtered and in pages. `orderings` maps names to columns that are never null; a minus sign descends."""

    orderings: ClassVar[dict[str, str]] = {"created_at": "pk"}
    usual_ordering: ClassVar[str] = "-created_at"
    filterset_class: Any = None
    # Either of them, as workspace/api/searching.py tells; neither: there is no `?search=` here.
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_ids: ClassVar[tuple[str, ...]] = ()
    search_description: ClassVar[str] = ""
    pagination_class: Any = CursorPages

    def known_parameters(self) -> frozenset[str]:
        if self.request.method not in SAFE_METHODS:
            return super().known_parameters()
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        search = {"search"} if self.search_fields or self.search_ids else set()
        paging = {parameter["name"] for parameter in self.pagination_class().get_schema_operation_parameters(self)}
        return frozenset({*filters, *search, *paging})

    def repeatable_parameters(self) -> frozenset[str]:
        filters = self.filterset_class.base_filters if self.filterset_class else {}
        return frozenset(name for name, filter in filters.items() if isinstance(filter, SeveralFilter))

    def searched_fields(self) -> tuple[str, ...]:
        """Of `search_fields` those that this key may search."""
        return self.search_fields

    def bears(self, term: str) -> Q:
        """Rows that `?search=` finds besides those that `search_ids` name."""
        return Q()

    def list(self, queryset: QuerySet[Any] | None = None) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset() if queryset is None else queryset))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def refuse_chunks(headers: Mapping[str, str]) -> None:
    """A body without a length would be read as empty."""
    if "Transfer-Encoding" in headers and "Content-Length" not in headers:
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "length_required", _("Send a Content-Length, not chunks."))


@extend_schema(exclude=True)
class NothingHere(APIView):
    """Every other address under the API: a problem, not a page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.path.endswith("/"):
            raise NotThere(
                _("There is nothing at this address. Addresses here end with a slash: “%s/”.") % request.path
            )
        raise NotThere(_("There is nothing at this address."))
