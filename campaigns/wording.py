"""Campaigns in words: what a marketer would say of params as they are written. Rules: analytics/wording.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from analytics.wording import NOT_SAID, Names, duration_in_words, one_of, status_name
from statuses.models import StatusType
from workspace.local_formats import whole_moment
from workspace.reading import read_time


def type_in_words(type: Any) -> str:
    return str(StatusType(type).label).lower() if type in StatusType.values else NOT_SAID


def either(codes: Any, type: Any, names: Names) -> str:
    """“Paid, Settled or Refunded”."""
    return one_of(status_name(names, str(type), str(code)) for code in codes) if isinstance(codes, list) else NOT_SAID


def the_one(codes: Any, type: Any, names: Names) -> str:
    """“Paid”, if it is one alone that is named."""
    return status_name(names, str(type), str(codes[0])) if isinstance(codes, list) and len(codes) == 1 else ""


def moment_in_words(written: Any) -> str:
    """Of "2026-05-04T09:00:00+03:00" the moment as the reader's clock has it."""
    moment = read_time(written, "")
    return whole_moment(moment) if isinstance(moment, datetime) else NOT_SAID


def written_in_words(written: Any) -> str:
    """What stands in a definition, where no field says it better: “yes”, “2 days”, “Hello”."""
    if isinstance(written, bool):
        return _("yes") if written else _("no")
    if isinstance(written, Mapping) and set(written) == {"value", "unit"}:
        return duration_in_words(written)
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
