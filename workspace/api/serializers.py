"""Serializers that take a value as it is or refuse it: no text that becomes a number, no field that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from workspace.text import validate_text


class TextField(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError(_("This is text: put it in quotes."), code="not_text")
        validate_text(data)
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise ValidationError(_("This is true or false, without quotes."), code="not_a_flag")
        return data


class NumberField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            raise ValidationError(_("This is a whole number, without quotes."), code="not_a_number")
        return super().to_internal_value(data)


class _Strict:
    """Unknown and unchangeable fields are refused by name."""

    fields: Any

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            error = ErrorDetail(_("The body is one JSON object."), code="not_an_object")
            raise ValidationError({"non_field_errors": [error]})
        refused = {name: self._refusals(name) for name in data}
        if any(refused.values()):
            raise ValidationError({name: errors for name, errors in refused.items() if errors})
        return super().to_internal_value(data)  # type: ignore[misc]

    def _refusals(self, name: str) -> list[ErrorDetail]:
        if name not in self.fields:
            return [ErrorDetail(_("There is no field “%s” here.") % name[:64], code="unknown_field")]
        if self.fields[name].read_only:
            return [ErrorDetail(_("“%s” cannot be changed.") % name, code="read_only")]
        return []


class StrictSerializer(_Strict, serializers.ModelSerializer[Any]):
    """A ModelSerializer for bodies."""

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: TextField,
        models.BooleanField: FlagField,
        models.PositiveIntegerField: NumberField,
    }


class StrictBody(_Strict, serializers.Serializer[Any]):
    """A body that is no row."""

    def said(self, body: Any) -> dict[str, Any]:
        """What such a body says, or why it cannot."""
        reader = type(self)(data=body)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)


class TimeField(serializers.DateTimeField):
    """Always UTC, with a Z."""


class MoneyField(serializers.CharField):
    """A decimal as text, such as "12.30": JSON numbers are binary fractions in most programs that read them."""

    def to_representation(self, value: Any) -> str:
        return f"{value:f}"
