"""Settings, read from the environment and `.env` only; secure unless asked otherwise.

Nothing needs to be set to start: data, secret key and database live in `DATA_DIR`.
"""

import logging
import socket
import sys
import warnings
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from edgemining import data_folder

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
data_folder.make(DATA_DIR)


def _number(name: str, default: float, kind: type, low: float, high: float):
    """The number in the environment variable `name`; anything else ends the program with a sentence."""
    text = env.str(name, "")
    try:
        value = kind(text) if text else default
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={text!r}: set it to a number from {low:g} to {high:g}, or leave it out.")
    return value


# The one command that brings a damaged key back must not need it.
_is_restoring = sys.argv[1:2] == ["restore"]
SECRET_KEY = env.str("SECRET_KEY", "") or (
    data_folder.key_for_restoring() if _is_restoring else data_folder.secret_key(DATA_DIR)
)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", False)

# A home box is reached by address or by its name on the LAN; both are accepted by
# `edgemining.hosts.HomeHostMiddleware`, which guards against DNS rebinding by name.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
HOME_HOST_NAMES = {"localhost", socket.gethostname().lower()}
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "edgemining.apps.EdgeMiningConfig",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",  # its templates and scripts: the API's pages then need nothing from elsewhere
    "sites",
    "integrations",
    "climate",
    "energy",
    "miners",
    "optimization",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # first: it packs what all others have written
    "edgemining.hosts.HomeHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "edgemining.headers.SecurityHeadersMiddleware",
    "edgemining.unavailable.UnavailableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "edgemining.urls"
WSGI_APPLICATION = "edgemining.wsgi.application"
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
                "dashboard.context.page",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", f"sqlite:///{DATA_DIR / 'edgemining.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL + IMMEDIATE is what lets several writers wait instead of fail; FULL survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    data_folder.make_private(Path(DATABASES["default"]["NAME"]))
    # The admin's theme loads the PostgreSQL driver wherever it is installed: 7 MB for nothing here.
    sys.modules.setdefault("psycopg", None)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone is told within seconds, also where the network swallows every packet.
    DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 5, "tcp_user_timeout": 10_000}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What `manage.py up` listens on; 0.0.0.0 is every interface.
HOST = env.str("HOST", "0.0.0.0")  # noqa: S104
PORT = _number("PORT", 8000, int, 1, 65535)

REDIS_URL = env.str("REDIS_URL", "")

# Celery: the in-memory broker inside one process (`manage.py up`), Redis between processes.
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"  # no host there; kombu warns without one
CELERY_BROKER_TRANSPORT_OPTIONS = {} if REDIS_URL else {"polling_interval": 0.2}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_TASK_ROUTES = {"optimization.tasks.*": {"queue": "control"}}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# Asking workers how they are makes sense only where they are processes of their own.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
# Threads: passes wait for devices, and the watchdog must see them from within the same process.
CELERY_WORKER_POOL = "threads"
CELERY_BEAT_SCHEDULER = "edgemining.beat:MonotonicScheduler"
TICK_SECONDS = _number("TICK_SECONDS", 2.0, float, 0.2, 60)
CELERY_BEAT_SCHEDULE = {
    # A tick is idempotent and worthless when late: it expires before the next one.
    "control-tick": {
        "task": "optimization.tasks.tick",
        "schedule": TICK_SECONDS,
        "options": {"expires": TICK_SECONDS, "queue": "control"},
    },
    "history": {
        "task": "sites.tasks.keep_history",
        "schedule": 3600.0,
        "options": {"expires": 1800.0},
    },
    # One a day: whether it is due, the folder of the backups says (`edgemining.backups`).
    "backup": {
        "task": "edgemining.tasks.back_up",
        "schedule": 3600.0,
        "options": {"expires": 1800.0},
    },
    # Which service is really asked, its own plan says (`miners.earnings.refresh`).
    "pools-and-prices": {
        "task": "miners.tasks.refresh_value",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    # Asks a Home Assistant only where another connection switches something of the same id (`miners.identity.aliases`).
    "connections": {
        "task": "miners.tasks.compare_connections",
        "schedule": 600.0,
        "options": {"expires": 300.0},
    },
    "earnings": {
        "task": "miners.tasks.record_earnings",
        "schedule": 3600.0,
        "options": {"expires": 1800.0},
    },
}

# Named sites (slug or id) that may run a real controller on a simulated or dummy sensor.
TEST_BENCH_SITES = env.list("TEST_BENCH_SITES", default=[])

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_ENGINE = "sites.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 90
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Behind a proxy that ends TLS: BEHIND_PROXY believes its headers, HTTPS_ONLY refuses plain http.
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
HTTPS_ONLY = env.bool("HTTPS_ONLY", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from inside the container, by plain http
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if HTTPS_ONLY else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None  # plain http on a LAN: browsers ignore it and warn
X_FRAME_OPTIONS = "SAMEORIGIN"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: other names of the domain are not ours to force
    "security.W019",  # framing by the same origin: Home Assistant shows us in its sidebar
    "security.W021",  # HSTS preload: the same
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
# STATIC_ROOT is there only after collectstatic; the embedded server finds the files itself.
warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s", "datefmt": "%H:%M:%S"}},
    "filters": {"refusals": {"()": "edgemining.logs.RefusalsInOneLine"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "formatter": "plain",
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "waitress": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},
    },
}
logging.captureWarnings(True)

# The set-up pages (admin): look and sidebar.
from edgemining.admin_menu import UNFOLD  # noqa: E402, F401
