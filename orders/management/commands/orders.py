"""`manage.py orders on|off`: the Orders switch. Off, there are no order screens or triggers; the API answers 403."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from workspace import history
from workspace.models import Workspace


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("Turn Orders on or off. What is stored stays.")
        parser.add_argument("switch", choices=["on", "off"])

    def handle(self, *, switch: str, **_options: Any) -> None:
        is_on = switch == "on"
        workspace = Workspace.current()
        history.remember(workspace)
        with transaction.atomic():
            has_changed = Workspace.objects.exclude(orders_enabled=is_on).update(orders_enabled=is_on)
            history.record_changed(history.COMMAND, workspace)
        self.stdout.write(_SAID[is_on, bool(has_changed)]())


_SAID = {
    (True, True): lambda: _("Orders is on now."),
    (True, False): lambda: _("Orders is on, as it was."),
    (False, True): lambda: _("Orders is off now: no screens, no triggers, and the order API answers 403."),
    (False, False): lambda: _("Orders is off, as it was."),
}
