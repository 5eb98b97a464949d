"""`manage.py listen`: hears the receipts and texts of gateways that tell them on a connection of ours, as SMPP does."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from campaigns.sms.listening import listen


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _(
            "Hear the receipts and incoming texts of SMPP gateways until SIGTERM. Idle while none is connected."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        self.stdout.write(_("Listening."))
        self.stdout.flush()
        listen(stop)
