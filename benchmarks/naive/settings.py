"""No more than such a project has. A connection to the database is kept from request to request, as its manual says."""

import dj_database_url

from orderstatus_project import environment as env

SECRET_KEY = "naive"  # noqa: S105 - it keeps nothing secret
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "benchmarks.naive.urls"
INSTALLED_APPS = ["benchmarks.naive"]
DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=60)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

GATEWAY_URL = env.text("GATEWAY_URL")

CELERY_BROKER_URL = env.broker_url(env.text("REDIS_URL"))
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{env.text('REDIS_PREFIX', 'naive')}:naive:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
# Left out, as it is by most, Celery closes the connection to the database around every task.
CELERY_DB_REUSE_MAX = env.number("CELERY_DB_REUSE_MAX", 0) or None
