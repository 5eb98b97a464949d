"""Phone numbers as people write them, read by Google's libphonenumber."""

from typing import NamedTuple

import phonenumbers
from django.db import models
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberType


class PhoneKind(models.TextChoices):
    """What the numbering plan says of a number. A plan that cannot tell says `unknown`."""

    NONE = "", _("No number")
    MOBILE = "mobile", _("Mobile")
    FIXED = "fixed", _("Fixed line")
    UNKNOWN = "unknown", _("Mobile or fixed line")
    INVALID = "invalid", _("Unreadable")


class Phone(NamedTuple):
    """`e164` is empty unless the number could be read; the kind then is `invalid` or none at all."""

    e164: str
    kind: PhoneKind


def read_phone(written: str, default_country: str) -> Phone:
    """Read a number as written; one without a country code is read as one of `default_country` (ISO 3166, "US")."""
    if not written.strip():
        return Phone("", PhoneKind.NONE)
    try:
        number = phonenumbers.parse(written, default_country)
    except phonenumbers.NumberParseException:
        return Phone("", PhoneKind.INVALID)
    if not phonenumbers.is_valid_number(number):
        return Phone("", PhoneKind.INVALID)
    kind = _KINDS.get(phonenumbers.number_type(number), PhoneKind.UNKNOWN)
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), kind)


_KINDS = {PhoneNumberType.MOBILE: PhoneKind.MOBILE, PhoneNumberType.FIXED_LINE: PhoneKind.FIXED}
