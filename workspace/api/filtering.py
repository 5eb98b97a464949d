"""Filters of lists. What cannot be read is refused by name; it never quietly means "all"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.views import APIView

from workspace.api.problems import Invalid, Mistake
from workspace.reading import Problem, read_time

FLAGS = {"true": True, "1": True, "false": False, "0": False}


class ParameterFilters(DjangoFilterBackend):
    """django-filter, answering mistakes in the API's own shape."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise Invalid(
                Mistake.in_query(name, error.code or "invalid", " ".join(error.messages))
                for name, errors in filterset.form.errors.as_data().items()
                for error in errors
            )
        filtered: QuerySet[Any] = filterset.qs
        return filtered


class TimeField(forms.Field):
    """RFC 3339 with an offset, as in bodies. In an address a plus sign is written %2B."""

    def to_python(self, value: Any) -> datetime | None:
        moment = read_time(value)
        if isinstance(moment, Problem):
            raise ValidationError(moment.detail, code=moment.code)
        return moment


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeFilter(django_filters.Filter):
    field_class = TimeField


def time_from(column: str) -> TimeFilter:
    return TimeFilter(field_name=column, lookup_expr="gte", label="At this time or later.")


def time_until(column: str) -> TimeFilter:
    return TimeFilter(field_name=column, lookup_expr="lt", label="Before this time.")


class FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if value not in FLAGS:
            raise ValidationError(_("Write true or false."), code="invalid")
        return FLAGS[value]


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(django_filters.Filter):
    field_class = FlagField


class SeveralField(forms.Field):
    """A parameter that may stand several times."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [item for item in value or [] if item]


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class SeveralFilter(django_filters.Filter):
    """`?name=a&name=b`: either. Values may hold commas, so a comma parts nothing."""

    field_class = SeveralField
