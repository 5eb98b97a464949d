"""The web process: `gunicorn orderstatus_project.wsgi`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from orderstatus_project.refusal import refuse_to_start_wrongly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")

application = get_wsgi_application()
refuse_to_start_wrongly()

# What is loaded by now stays. Left in the collector's sight, it costs a quarter of the time that a long list takes.
gc.freeze()
