"""The web process: `gunicorn orderstatus_project.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from orderstatus_project.refusal import refuse_to_start_wrongly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")

application = get_wsgi_application()
refuse_to_start_wrongly()
