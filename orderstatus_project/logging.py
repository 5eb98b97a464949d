"""Logs: one line per event with ids, never a phone number or a text. JSON in production, a console otherwise.

What we say holds ids. What libraries say may quote anything: of that only the first line is kept, of an exception its
type and place, and what still looks like a phone number is struck out.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

# What every line says, whether it comes from structlog or from a library's plain `logging`.
COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


# The least that these may tell, whatever LOG_LEVEL says.
LEAST: dict[str, str | int] = {
    # At DEBUG it would write every statement with its values.
    "django.db.backends": "INFO",
    # Tasks and sweeps come every few seconds.
    "celery.worker.strategy": "WARNING",
    "celery.beat": "WARNING",
    # It would write names that were tried and addresses. The history of actions tells of them.
    "axes": logging.CRITICAL + 1,
    # It would write the words of a task's failure. We tell of it ourselves (celery.py).
    "celery.app.trace": logging.CRITICAL + 1,
}


def configure_logging(*, as_json: bool, level: str) -> dict[str, Any]:
    """Set up structlog, and return the LOGGING that renders its events together with everybody else's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    renderers = JSON if as_json else CONSOLE
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*COMMON, keep_first_line],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            }
        },
        "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["line"], "level": level},
        # Django's own handlers would write the same event once more, and send mail.
        "loggers": {
            **{name: {"handlers": [], "propagate": True} for name in ("django", "django.server")},
            **{name: {"level": least} for name, least in LEAST.items()},
        },
    }


def say_where_it_failed(_logger: object, _method: str, event: EventDict) -> EventDict:
    """An exception's type and place, without its words: a database quotes the row, and rows hold people."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        event["at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def keep_first_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """asyncio, for one, goes on with the repr of whatever failed."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def strike_out_numbers(_logger: object, _method: str, line: str) -> str:
    return PHONE.sub("+…", line)


# As all of ours are written (E.164); no time or id looks like it.
PHONE = re.compile(r"\+\d{7,15}\b")

# Rendered in two steps, since a number may stand anywhere.
JSON: list[Any] = [say_where_it_failed, structlog.processors.JSONRenderer(), strike_out_numbers]
CONSOLE: list[Any] = [
    say_where_it_failed,
    structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    strike_out_numbers,
]
