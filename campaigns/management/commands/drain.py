"""`manage.py drain`: carries due work in this process until nothing is due, and prints counts."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.draining import drain


class Command(BaseCommand):
    help = "Carry all due work in this process, beside any workers, until nothing is due; then print counts."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        drained = drain()
        for name in ("parked", "runs", "messages"):
            self.stdout.write(f"{name}: {getattr(drained, name)}")
        self.stdout.write(f"seconds: {time.monotonic() - began:.1f}")
