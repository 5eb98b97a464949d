"""Time zones by their IANA names, such as Europe/London."""

import zoneinfo
from datetime import datetime
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def offered_zones(kept: str = "") -> list[str]:
    """Of a zone's many names those by a place, for a person to choose from: not “Poland”, “Zulu” or “Factory”. And the
    one that is kept, whatever it is."""
    by_place = {name for name in timezones() if "/" in name or name == "UTC"}
    return sorted(by_place | {kept} - {""})


def named_zone(name: str, at: datetime) -> str:
    """“Europe/Moscow, UTC+03:00”; UTC is only that."""
    if name == "UTC":
        return name
    offset = at.astimezone(zoneinfo.ZoneInfo(name)).strftime("%z")
    return f"{name}, UTC{offset[:3]}:{offset[3:5]}"


def validate_timezone(name: str) -> None:
    if name not in timezones():
        raise ValidationError(_("“%(name)s” is no time zone. Write one such as Europe/London."), params={"name": name})
