"""`manage.py drain`: carries due work in this process until nothing is due, and prints counts."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from campaigns.draining import drain


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _(
            "Carry all due work in this process, beside any workers, until nothing is due; then print counts."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        drained = drain()
        self.stdout.write(_("parked: %d") % drained.parked)
        self.stdout.write(_("runs: %d") % drained.runs)
        self.stdout.write(_("messages: %d") % drained.messages)
        self.stdout.write(_("seconds: %.1f") % (time.monotonic() - began))
