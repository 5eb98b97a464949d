"""Time zones by their IANA names, such as Europe/London."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def validate_timezone(name: str) -> None:
    if name not in timezones():
        raise ValidationError(_("“%(name)s” is no time zone. Write one such as Europe/London."), params={"name": name})
