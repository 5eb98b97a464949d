"""Countries by their two letters of ISO 3166, such as US: those whose phone numbers libphonenumber can read."""

from __future__ import annotations

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def validate_country(code: str) -> None:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(
            _("“%(code)s” is no country. Give its two capital letters, such as US."), params={"code": code}
        )
