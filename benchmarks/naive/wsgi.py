"""`gunicorn benchmarks.naive.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from benchmarks.naive import celery

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.naive.settings"

__all__ = ["application", "celery"]

application = get_wsgi_application()
