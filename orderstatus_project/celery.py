"""The Celery app: `celery -A orderstatus_project worker` and `beat`; its settings are those that begin with CELERY_."""

import gc
import os
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import (
    beat_init,
    setup_logging,
    task_failure,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from orderstatus_project.refusal import refuse_to_start_wrongly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")

app = Celery("orderstatus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = structlog.get_logger(__name__)


@setup_logging.connect
def keep_our_logging(**_kwargs: Any) -> None:
    """Django's LOGGING stands: that somebody listens here keeps Celery from setting up its own."""


@task_prerun.connect
def name_the_task(task_id: str, task: Task[..., Any], **_kwargs: Any) -> None:
    """In every line that is written meanwhile."""
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect
def forget_the_task(**_kwargs: Any) -> None:
    structlog.contextvars.unbind_contextvars("task", "task_id")


@task_failure.connect
def tell_of_a_failure(exception: Exception, **_kwargs: Any) -> None:
    """Celery would write its words, which may quote a row, so it is told to be silent (logging.py)."""
    log.error("task_failed", exc_info=exception)


@worker_init.connect
@beat_init.connect
def refuse_to_start(**_kwargs: Any) -> None:
    """Celery runs Django's checks and drops what they find. Of what a receiver raises it heeds SystemExit alone."""
    try:
        refuse_to_start_wrongly()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


@task_prerun.connect
def drop_broken_connections(**_kwargs: Any) -> None:
    """Connections are kept from task to task (CELERY_DB_REUSE_MAX): not one that broke, or is past its age."""
    close_old_connections()


@worker_process_init.connect
def leave_what_is_loaded_alone(**_kwargs: Any) -> None:
    """It stays as long as the process. Left in the collector's sight, it costs a quarter of a batch's time."""
    gc.freeze()
