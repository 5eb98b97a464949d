"""Holds the lines on which gateways tell things, and answers only for what is committed.

Each gateway that has a line has a thread here, with a database connection of its own: one that is down, or slow to
bind, holds up no other. Run twice, nothing is kept twice: receipts and texts are one row whoever hears them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime

import structlog
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone

from campaigns.models import SmsGateway
from campaigns.sms.connections import setup_of
from campaigns.sms.gateways import KINDS
from campaigns.sms.gateways.base import Delivery, Heard, Incoming, Line, Verdict
from campaigns.sms.incoming import take_incoming
from campaigns.sms.receipts import take_receipts
from workspace.encryption import CannotDecrypt

# How soon a change of the settings is noticed, and how soon one who is told to stop does.
REREAD_S, HEAR_S = 5.0, 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

DATABASE_IS_AWAY = (OperationalError, InterfaceError)
# No database would take it: a text with half a character, a number longer than any.
CANNOT_BE_KEPT = (DataError, IntegrityError, ValueError)

log = structlog.get_logger(__name__)


def listen(stop: threading.Event) -> None:
    """Until told to stop. A gateway that is connected, changed or gone is noticed by looking again."""
    ears: dict[tuple[int, datetime], _Ear] = {}
    while not stop.is_set():
        with suppress(*DATABASE_IS_AWAY):  # who listens goes on listening
            close_old_connections()
            _attend(ears, {(row.pk, row.configured_at): row for row in _gateways()})
        stop.wait(REREAD_S)
    _attend(ears, {})


def serve(code: str, line: Line, wait_s: float) -> None:
    """Hear what is told within so long, keep it, and only then say so. Raises OSError once the line is down."""
    heard = line.hear(wait_s)
    for one, verdict in _verdicts(code, heard) if heard else ():
        line.answer(one, verdict)


def _gateways() -> list[SmsGateway]:
    with_lines = [key for key, kind in KINDS.items() if kind.listen]
    return list(SmsGateway.objects.filter(is_active=True, kind__in=with_lines))


def _attend(ears: dict[tuple[int, datetime], _Ear], rows: dict[tuple[int, datetime], SmsGateway]) -> None:
    gone = [ears.pop(key) for key in ears.keys() - rows.keys()]
    for ear in gone:
        ear.hushed.set()
    for ear in gone:
        ear.join()
    for key in rows.keys() - ears.keys():
        ears[key] = _Ear(rows[key])
        ears[key].start()


class _Ear(threading.Thread):
    """Listens to one gateway as it was configured, until it is hushed."""

    def __init__(self, row: SmsGateway) -> None:
        super().__init__(name=f"listen-{row.code}", daemon=True)
        self.row, self.hushed = row, threading.Event()

    def run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.hushed.is_set():
            began = time.monotonic()
            try:
                self._hold_a_line()
            except (OSError, CannotDecrypt) as error:
                log.warning("line_down", gateway=self.row.code, error=str(error))
                self._tell_the_operator(str(error))
            except Exception as error:  # whatever it is, the others are to be heard, and this one tried again
                log.error("line_failed", gateway=self.row.code, exc_info=error)
                self._tell_the_operator(type(error).__name__)
            has_held = time.monotonic() - began > LONGEST_PAUSE_S
            pause_s = FIRST_PAUSE_S if has_held else min(pause_s * 2, LONGEST_PAUSE_S)
            self.hushed.wait(pause_s)
        connection.close()

    def _hold_a_line(self) -> None:
        open_line = KINDS[self.row.kind].listen
        assert open_line is not None, "it is what the rows were asked for"
        with closing(open_line(setup_of(self.row))) as line:
            log.info("line_up", gateway=self.row.code)
            while not self.hushed.is_set():
                close_old_connections()
                serve(self.row.code, line, HEAR_S)

    def _tell_the_operator(self, error: str) -> None:
        with suppress(*DATABASE_IS_AWAY):
            close_old_connections()
            now = timezone.now()
            SmsGateway.objects.filter(pk=self.row.pk).update(last_error=error[:500], last_error_at=now)


def _verdicts(code: str, heard: Sequence[Heard]) -> list[tuple[Heard, Verdict]]:
    """All in one transaction; where one thing told breaks it, each in its own, so that it spoils nothing but itself."""
    try:
        _keep(code, heard)
    except DATABASE_IS_AWAY as error:
        log.error("database_is_away", gateway=code, told=len(heard), error=type(error).__name__)
        return [(one, Verdict.AGAIN) for one in heard]
    except Exception as error:  # of what is told, or of ours: then it is told again until it is mended
        if len(heard) > 1:
            return [verdict for one in heard for verdict in _verdicts(code, [one])]
        log.error("told_what_cannot_be_kept", gateway=code, exc_info=error)
        return [(heard[0], Verdict.NEVER if isinstance(error, CANNOT_BE_KEPT) else Verdict.AGAIN)]
    return [(one, Verdict.KEPT) for one in heard]


def _keep(code: str, heard: Sequence[Heard]) -> None:
    with transaction.atomic():
        take_receipts(code, [one.told for one in heard if isinstance(one.told, Delivery)])
        take_incoming(code, [one.told for one in heard if isinstance(one.told, Incoming)])
