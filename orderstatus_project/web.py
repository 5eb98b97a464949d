"""How gunicorn serves the web process: `gunicorn --config python:orderstatus_project.web orderstatus_project.wsgi`."""

import os
import shutil
from typing import Any

from orderstatus_project import environment as env
from orderstatus_project.logging import configure_logging

_host, _port = env.text("BIND", "127.0.0.1"), env.number("PORT", 8000)
bind = f"{_host}:{_port}"
workers = env.number("WEB_PROCESSES", 2)
threads = env.number("WEB_THREADS", 4)
# Less than the 10 s that most supervisors wait before they kill.
graceful_timeout = 8
control_socket_disable = True

# Its own lines in the form of all others.
_logging = configure_logging(as_json=env.flag("PRODUCTION"), level=env.text("LOG_LEVEL", "INFO").upper())
logconfig_dict: dict[str, Any] = _logging | {
    "loggers": {"gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True, "qualname": "gunicorn.error"}}
}

# What the web's processes count about requests adds up in files here (prometheus_client's multiprocess mode).
_measures = env.folder("VAR_DIR", env.BASE_DIR / "var") / "web_measures"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_measures)
_measures.mkdir(parents=True, exist_ok=True)


def on_starting(_server: Any) -> None:
    """What processes of an earlier start counted is gone with them, as a counter that starts at zero says."""
    shutil.rmtree(_measures, ignore_errors=True)
    _measures.mkdir(parents=True, exist_ok=True)
