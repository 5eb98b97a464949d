"""The Celery app: `celery -A orderstatus_project worker` and `beat`; its settings are those that begin with CELERY_."""

import gc
import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, task_prerun, worker_init, worker_process_init
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from orderstatus_project.refusal import refuse_to_start_wrongly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")

app = Celery("orderstatus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_kwargs: Any) -> None:
    """Django's LOGGING stands. Of tasks and sweeps, every few seconds, only the faults are told."""
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


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
