"""`manage.py audit [--json]`: prints and proves the books. Exit 1 unless nothing is unaccounted for."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import TextChoices
from django.utils.translation import gettext as _

from campaigns import books
from campaigns.models import CallState, MessageState, RunState, SkipReason
from orders.models import InboxVerdict
from statuses.models import StatusType


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _(
            "Print the books, and prove that every change, order that entered, message and call is accounted for."
        )
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object."))

    def handle(self, *args: Any, **options: Any) -> None:
        found = books.audit_and_keep()
        self.stdout.write(json.dumps(found) if options["json"] else "\n".join(_lines(found)))
        if found["unaccounted"]:
            raise SystemExit(1)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    skipped = found["messages"]["skipped"]
    messages = {**found["messages"], MessageState.SKIPPED: sum(skipped.values())}
    yield _line(_("changes"), found["changes"]["received"], found["changes"], InboxVerdict)
    yield _line(_("transitions"), found["transitions"]["total"], found["transitions"], StatusType)
    yield _line(_("orders that entered"), found["runs"]["total"], found["runs"], RunState)
    yield _line(_("messages"), messages["total"], messages, MessageState)
    yield _line(_("messages not sent"), messages[MessageState.SKIPPED], skipped, SkipReason)
    yield _line(_("webhook calls"), found["calls"]["total"], found["calls"], CallState)
    for rule, label in books.BREACHES.items():
        yield f"{label}: {found['breaches'][rule.__name__]}"
    yield _("unaccounted: %d") % found["unaccounted"]


def _line(name: str, total: int, counts: Mapping[str, int], choices: type[TextChoices]) -> str:
    parts = ", ".join(f"{label}: {counts[value]}" for value, label in choices.choices if value in counts)
    return f"{name}: {total}" + (f" ({parts})" if parts else "")
