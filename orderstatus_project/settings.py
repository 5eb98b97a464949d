"""Django settings. What may differ between installations is read through `environment.py`, and only there."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy
from redis.backoff import NoBackoff
from redis.retry import Retry

from orderstatus_project import environment as env
from orderstatus_project.bundled_redis import redis_url
from orderstatus_project.logging import configure_logging
from workspace.queues import ANALYTICS, CALLS, QUEUES, RUNS, SENDING

BASE_DIR = env.BASE_DIR
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")

PRODUCTION = env.flag("PRODUCTION")
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO", default=not PRODUCTION)
SECRET_KEY = env.secret_key(VAR_DIR)
SECRET_KEY_IS_GIVEN = bool(env.text("SECRET_KEY"))
# What encrypts the secrets of gateways: the newest first, the former after it until nothing needs them.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS") or [SECRET_KEY]
ENCRYPTION_KEYS_ARE_GIVEN = bool(env.words("ENCRYPTION_KEYS"))
# Where the outside reaches this installation, as in https://orders.example.com: providers send receipts there.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
# Whoever names no host outside production, but where the outside reaches this, means that host too.
_AT_HOME = ",".join(["localhost", "127.0.0.1", "[::1]", urlsplit(PUBLIC_URL).hostname or ""])
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else _AT_HOME)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# In production all is HTTPS but the health checks and metrics, which are asked from inside in plain HTTP.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 30 * 24 * 3600) if PRODUCTION else 0
# Only a proxy that sets these headers itself may be believed about them: X-Forwarded-Proto, and X-Forwarded-For.
BEHIND_PROXY = env.flag("BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None

INSTALLED_APPS = [
    "orderstatus_project.apps.ProjectConfig",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "workspace",
    "statuses",
    "customers",
    "orders",
    "analytics",
    "campaigns",
]

MIDDLEWARE = [
    "orderstatus_project.metrics.RequestsTimed",
    "workspace.api.request_ids.RequestIdMiddleware",
    "workspace.policies.ContentPolicy",
    "workspace.policies.PermissionsPolicy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "workspace.sessions.SessionLimits",
    "workspace.languages.LanguageMiddleware",
    "workspace.local_time.LocalTimeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Whoever is locked out gets its page in place of the login.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "orderstatus_project.urls"
WSGI_APPLICATION = "orderstatus_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# SQLite: writers take their lock at BEGIN (IMMEDIATE) and wait for each other, so a read is never upgraded
# under another writer; WAL lets readers go on meanwhile.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
}

# Statements asked by workspace.database.execute are prepared when they were asked so often.
POSTGRESQL_OPTIONS = {"prepare_threshold": 5}


def _database() -> dict[str, Any]:
    url = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {**database.get("OPTIONS", {}), **SQLITE_OPTIONS}
    if database["ENGINE"].endswith("postgresql"):
        database["OPTIONS"] = {**POSTGRESQL_OPTIONS, **database.get("OPTIONS", {})}
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "workspace.User"
SHORTEST_PASSWORD = 12
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": SHORTEST_PASSWORD},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# A name is locked out from the address it was tried from, so that nobody can lock out somebody else.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "workspace.callers.address_of"
AXES_LOCKOUT_CALLABLE = "workspace.sign_ins.answer_locked_out"
# What was tried is told in our own history of actions.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
CSRF_FAILURE_VIEW = "orderstatus_project.failures.form_refused"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/admin/"

# One is signed out when nothing was done for so long, and so long after signing in (workspace/sessions.py).
SESSION_COOKIE_AGE = env.number("SESSION_IDLE_HOURS", 12) * 3600
SESSION_LONGEST_S = env.number("SESSION_DAYS", 7) * 24 * 3600

# Browsers are told the rest in workspace/policies.py.
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

# No form takes a file; one that did would be held to these. The API's bodies have a limit of their own, below.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600

LANGUAGE_CODE = "en"
# Each by the name its own speakers give it.
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "orderstatus_project.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

REDIS_URL = env.text("REDIS_URL", redis_url(VAR_DIR))
REDIS_IS_BUNDLED = not env.text("REDIS_URL")
# What keeps installations that share a Redis apart.
REDIS_PREFIX = env.text("REDIS_PREFIX", "orderstatus")

# The cache counts requests and rings; it is asked in passing, so it answers at once or is done without.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)},
    }
}

# Tables are the queues and the broker is a doorbell (campaigns/doorbell.py): what Redis loses, the next sweep finds.
CELERY_BROKER_URL = env.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{REDIS_PREFIX}:celery:", "visibility_timeout": 900}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = 100  # a try every 30 s: three quarters of an hour
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = RUNS
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {name: {} for name in QUEUES}
CELERY_TASK_ROUTES = {
    "campaigns.send_due_messages": {"queue": SENDING},
    "campaigns.call_due_webhooks": {"queue": CALLS},
    "campaigns.recover_expired": {"queue": SENDING},
    "campaigns.sweep_receipts": {"queue": SENDING},
    "campaigns.look_up_unknown": {"queue": SENDING},
    "analytics.follow_history": {"queue": ANALYTICS},
    "analytics.refresh_segments": {"queue": ANALYTICS},
    "analytics.close_report_days": {"queue": ANALYTICS},
}
# Every task may run twice, so one whose worker died is simply done again.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A soft limit would raise inside a batch and be taken for the fault of one of its rows; a killed batch just rolls back.
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5000
CELERY_WORKER_SEND_TASK_EVENTS = False
# Of each worker. With two a long task, such as an audit or a look-up, leaves its queue somebody.
CELERY_WORKER_CONCURRENCY = env.number("WORKER_PROCESSES", 2)
# Celery would otherwise close the database connection around every task.
CELERY_DB_REUSE_MAX = 1000
CELERY_TIMEZONE = TIME_ZONE
# An audit reads everything there is; 0: only `manage.py audit` does.
AUDIT_EVERY_S = float(env.number("AUDIT_EVERY_S", 600))
SEGMENTS_EVERY_S = env.number("SEGMENTS_EVERY_S", 3600)
# Of an hour without workers not every sweep is worth doing. One expires by the worker's clock: were that no later than
# the next, a machine a few seconds ahead of beat's would do none at all.
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": every_s, "options": {"expires": every_s + 60}}
    for name, every_s in {
        "campaigns.advance_due_runs": 3.0,
        "campaigns.send_due_messages": 3.0,
        "campaigns.call_due_webhooks": 3.0,
        "campaigns.recover_expired": 10.0,
        "campaigns.sweep_receipts": 10.0,
        "campaigns.look_up_unknown": 30.0,
        "campaigns.sweep_occasions": 30.0,
        "campaigns.fold_tallies": 60.0,
        "orders.apply_parked": 10.0,
        "orders.carry_on_merges": 10.0,
        "campaigns.audit": AUDIT_EVERY_S,
        "analytics.follow_history": 5.0,
        "analytics.refresh_segments": 3.0,
        "analytics.close_report_days": 300.0,
    }.items()
    if every_s
}

API_MOST_BYTES = env.number("API_MOST_BYTES", 10 * 1024 * 1024)
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 3000)
# Receipts come in bursts, and a provider need not send again what it was refused: this only stops a flood.
RECEIPT_CALLS_PER_MINUTE = env.number("RECEIPT_CALLS_PER_MINUTE", 60_000)
# What every endpoint does is said in workspace/api/views.py; here only what REST framework asks for elsewhere.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "workspace.api.schema.EndpointSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "workspace.api.problems.answer_problem",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Order Status API",
    "VERSION": "1",
    "DESCRIPTION": (BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8"),
    "SERVE_INCLUDE_SCHEMA": False,
    "PATH_CONVERTER_OVERRIDES": {"foreign_id": str},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "CallSkipReasonEnum": "campaigns.models.CallSkip",
        "CallStateEnum": "campaigns.models.CallState",
        "CampaignStateEnum": "campaigns.models.CampaignState",
        "HeardOutcomeEnum": "orders.api.changes.OUTCOMES",
        "SegmentKindEnum": "analytics.models.Segment.Kind",
        "KeptOutcomeEnum": "orders.api.changes.KEPT_OUTCOMES",
        "MessageStateEnum": "campaigns.models.MessageState",
        "RunStateEnum": "campaigns.models.RunState",
        "SkipReasonEnum": "campaigns.models.SkipReason",
        "StatusTypeEnum": "statuses.models.StatusType",
        "UpsertOutcomeEnum": "workspace.api.upserts.OUTCOMES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "displayRequestDuration": True},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "campaigns.api.schema.describe_parts",
        "workspace.api.schema.describe_problems",
    ],
}

# Where messages go while no gateway is connected under Settings > SMS.
SMS_GATEWAY = env.text("SMS_GATEWAY", "phone")

# Networks of one's own that webhooks may go to, also in plain HTTP, as in 10.1.0.0/16,127.0.0.1/32. Else only out.
WEBHOOK_ALLOWED_NETWORKS = env.networks("WEBHOOK_ALLOWED_NETWORKS")

# Where `make chaos` names the place at which a process is to die (workspace/failpoints.py).
FAILPOINT_FILE = env.text("FAILPOINT_FILE")

# With it Prometheus asks /metrics; without one only this machine may.
METRICS_TOKEN = env.text("METRICS_TOKEN")

LOGGING = configure_logging(as_json=PRODUCTION, level=env.text("LOG_LEVEL", "INFO").upper())

# The admin's frame; who sees what in it is decided in admin_site.py.
UNFOLD = {
    "SITE_TITLE": "Order Status Engine",
    "SITE_HEADER": "Order Status Engine",
    "SITE_SYMBOL": "local_shipping",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "orderstatus_project.admin_site.favicon"},
    ],
    "STYLES": ["orderstatus_project.admin_site.style"],
    "SCRIPTS": ["orderstatus_project.admin_site.script"],
    "DASHBOARD_CALLBACK": "orderstatus_project.start.dashboard",
    "GLOBAL_CALLBACK": "orderstatus_project.admin_site.on_every_page",
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {
        "navigation": [
            {"title": gettext_lazy("My preferences"), "link": reverse_lazy("preferences")},
            {"title": gettext_lazy("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": gettext_lazy("Sign out everywhere"), "link": reverse_lazy("admin:workspace_user_sign_me_out")},
        ]
    },
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
    },
    "SIDEBAR": {"navigation": "orderstatus_project.admin_site.navigation"},
    "TABS": "orderstatus_project.admin_site.tabs",
}
