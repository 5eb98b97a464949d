"""Celery with its defaults: a task is acknowledged when it begins, and prefetched four at a time."""

import os

from celery import Celery

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.naive.settings"

app = Celery("naive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
