"""Settings of Linecapi Console: one flat file, read from the environment. The README lists every variable."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")  # the environment itself wins

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data"))).resolve()
UPLOADS_DIR = DATA_DIR / "uploads"
UPLOADS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- keys -------------------------------------------------------------------------------------------------------
DEVELOPMENT_SECRET_KEY = "development-only-" + "0123456789abcdef" * 4
DEVELOPMENT_CREDENTIAL_KEY = "ZGV2ZWxvcG1lbnQtb25seS1rZXktMDEyMzQ1Njc4OTA="
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY if DEBUG else "")
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[DEVELOPMENT_CREDENTIAL_KEY] if DEBUG else [])
if not SECRET_KEY or not CREDENTIAL_KEYS:
    raise ImproperlyConfigured("Set SECRET_KEY and CREDENTIAL_KEYS (see the README), or DEBUG=true to try things out.")

# --- where requests come from -----------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
BEHIND_TLS = env.bool("BEHIND_TLS", default=not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if BEHIND_TLS else 0)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"] if BEHIND_TLS else []
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from inside, past the proxy; they tell nothing secret
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
# includeSubDomains and preload bind the owner's other hosts too: theirs to choose.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- application ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "linecapi_site",
    "api",
    "exports",
    "audiences",
    "workflows",
    "warehouse",
    "integrations",
    "accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_q",
    "django_htmx",
    "django_filters",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "linecapi_site.middleware.RequestId",
    "api.middleware.OneSlash",
    "linecapi_site.middleware.RealAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "linecapi_site.urls"
WSGI_APPLICATION = "linecapi_site.wsgi.application"
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
                "linecapi_site.context.console",
            ],
            "builtins": [
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "linecapi_site.templatetags.ui",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database ---------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'console.sqlite3'}")}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction that reads and then writes fails at once with "database is locked" without it.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }

# --- people -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "user", "old_password"]
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it

# --- language, time, files ---------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "collected"
STATICFILES_DIRS = [BASE_DIR / "build" / "static"]
ICONS_DIR = BASE_DIR / "build" / "icons"
MOMENT_FILE = BASE_DIR / "build" / "workflows" / "moment.min.js"  # for ${…} in workflows
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
UPLOAD_LIMIT_MB = env.int("UPLOAD_LIMIT_MB", default=500)
LOAD_TIME_LIMIT = env.int("LOAD_TIME_LIMIT", default=120)
FILE_UPLOAD_HANDLERS = ["warehouse.uploads.LimitedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = str(UPLOADS_DIR)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the rule builder posts about eight for each of a rule's conditions

# --- queries and exports -----------------------------------------------------------------------------------------
LINE_CONVERSION_API_URL = env.str("LINE_CONVERSION_API_URL", default="https://conversion-api.tr.line.me")
EGRESS_IPS = env.list("EGRESS_IPS", default=[])
QUERY_TIME_LIMIT = env.int("QUERY_TIME_LIMIT", default=3600)
QUERY_MEMORY_LIMIT = env.int("QUERY_MEMORY_LIMIT", default=2048)
QUERY_ROW_LIMIT = env.int("QUERY_ROW_LIMIT", default=100_000_000)

# --- workflows ---------------------------------------------------------------------------------------------------
WORKFLOW_HTTP_HOSTS = [host for host in env.list("WORKFLOW_HTTP_HOSTS", default=[]) if host]  # that http> may ask
for _host in WORKFLOW_HTTP_HOSTS:
    if "*" in _host.removeprefix("*.") or "/" in _host or _host.count(":") == 1:
        raise ImproperlyConfigured(f"WORKFLOW_HTTP_HOSTS has {_host!r}. Write names such as api.example.com.")

# --- notifications -------------------------------------------------------------------------------------------------
EMAIL_MISSING = [name for name in ("EMAIL_URL", "DEFAULT_FROM_EMAIL") if not env.str(name, default="")]
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="linecapi-console@localhost")
EMAIL_TIMEOUT = 10
# Where links in notifications lead; "": there are none.
_NAMED = BEHIND_TLS and ALLOWED_HOSTS and ALLOWED_HOSTS[0] != "localhost" and ALLOWED_HOSTS[0][:1] not in "*."
SITE_URL = env.str("SITE_URL", default=f"https://{ALLOWED_HOSTS[0]}" if _NAMED else "").rstrip("/")
if SITE_URL and not SITE_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("Write SITE_URL with its beginning, such as https://console.example.com.")

# --- background work ---------------------------------------------------------------------------------------------
# A task is only a hint to look at a job: the job's row is the truth. `timeout` and `retry` are for hints and small
# tasks; export jobs are sent with timeout=-1 and are acknowledged when they start.
Q_CLUSTER = {
    "name": "linecapi",
    "orm": "default",
    "broker_class": "exports.broker.DurableORM",
    "workers": env.int("WORKERS", default=4),
    "bulk": 1,
    "poll": 0.5,
    "guard_cycle": 0.5,
    "recycle": 50,
    "timeout": 45,
    "retry": 60,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": 50,
    "catch_up": False,
    "time_zone": "UTC",
    "label": "Tasks",
}
Q_CLUSTER["queue_limit"] = Q_CLUSTER["workers"]
LEASE_SECONDS = env.float("LEASE_SECONDS", default=60)
HEARTBEAT_SECONDS = env.float("HEARTBEAT_SECONDS", default=2)

# --- upkeep ------------------------------------------------------------------------------------------------------
JOB_HISTORY_DAYS = env.int("JOB_HISTORY_DAYS", default=90)
RESULT_DAYS = env.int("RESULT_DAYS", default=7)
RESULT_DAYS_WITH_REJECTS = env.int("RESULT_DAYS_WITH_REJECTS", default=30)
UPKEEP_HOUR = env.int("UPKEEP_HOUR", default=3)  # UTC, 0 to 23

# --- logs and metrics --------------------------------------------------------------------------------------------
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}. Set it to text or json.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "linecapi_site.logs.Text", "format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "linecapi_site.logs.Json"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},  # not each line twice with DEBUG
        "django-q": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "apprise": {"handlers": ["nowhere"], "level": "WARNING", "propagate": False},  # it would log secret URLs
    },
}
