"""`manage.py listen`: hears the receipts and texts of gateways that tell them on a connection of ours, as SMPP does."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.sms.listening import listen


class Command(BaseCommand):
    help = "Hear the receipts and incoming texts of SMPP gateways until SIGTERM. Idle while none is connected."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        self.stdout.write("Listening.")
        self.stdout.flush()
        listen(stop)
