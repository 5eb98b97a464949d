"""`manage.py seed_demo`: the demo shop, once. Its key is in var/demo.env."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from orderstatus_project.demo.seed import ensure_key, seed


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "Make the demo shop: statuses, customers, orders with a history, campaigns and a test key. Once."
        )

    def handle(self, *, verbosity: int = 1, **_options: Any) -> None:
        is_new = seed()
        ensure_key()
        if verbosity:
            self.stdout.write(_("Made the demo shop.") if is_new else _("The demo shop is there already."))
