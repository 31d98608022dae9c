"""Django settings, all derived from one typed configuration (`sofy.kernel.config`)."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from sofy.kernel.config import Config
from sofy.project import logs
from sofy.project.database import STAFF, WEB, database_name, password_of
from sofy.project.places import prepare_environment, write_private

prepare_environment()
SOFY = Config.load(os.environ, read_file=lambda path: Path(path).read_text())
PRODUCTION = SOFY.environment == "production"
TESTING = SOFY.environment == "test"
PACKAGE = Path(__file__).resolve().parents[1]


def _landed(name: str) -> bool:
    return (PACKAGE / name / "apps.py").exists()


def _secret_key() -> str:
    path = Path(SOFY.secrets_dir) / "django_key"
    if not path.exists():
        write_private(path, os.urandom(48).hex())
    return path.read_text().strip()


def _database(role: str) -> dict[str, Any]:
    """The server of `SOFY_DATABASE_URL`, with the login of one role; a real address is only known once it runs."""
    url = urlsplit(SOFY.database_url or "postgresql://127.0.0.1:5432/postgres")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name(url.geturl()),
        "USER": role,
        "PASSWORD": password_of(Path(SOFY.secrets_dir), role),
        "HOST": unquote(url.hostname or "127.0.0.1"),
        "PORT": url.port or 5432,
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": f"sofy {role}"},
    }


SECRET_KEY = _secret_key()
DEBUG = False
BASE_URL = SOFY.base_url
_address = urlsplit(BASE_URL)
_secure = _address.scheme == "https"
ALLOWED_HOSTS = [_address.hostname or "localhost"] + ([] if PRODUCTION else ["localhost", "127.0.0.1", "testserver"])
# Proxies tell who a visitor is and whether they came over TLS; without one, a visitor could claim what they like.
ALLAUTH_TRUSTED_PROXY_COUNT = SOFY.proxies
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SOFY.proxies else None
CSRF_TRUSTED_ORIGINS = [f"{_address.scheme}://{_address.netloc}"]

APPS_IN_ORDER = (
    "kit",
    "ui",
    "clients",
    "accounts",
    "audience",
    "messaging",
    "soreach",
    "contracts",
    "billing",
    "treasury",
    "dunning",
    "accounting",
    "backoffice",
    "api",
)
OUR_APPS = [name for name in APPS_IN_ORDER if _landed(name)]
INSTALLED_APPS = [
    *(f"sofy.{name}" for name in OUR_APPS),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "csp",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "sofy.project.middleware.NoNul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sofy.project.middleware.PreferredLanguage",
    "sofy.ui.middleware.TypedAddresses",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sofy.accounts.middleware.Private",
    "sofy.accounts.middleware.SeenSessions",
    "sofy.kit.rls.RequireClient",
    "sofy.clients.middleware.ClientClock",
    "sofy.clients.middleware.SupportReads",
    *(["sofy.accounts.middleware.SecondFactor"] if _landed("accounts") else []),
    "sofy.ui.problems.RefusedPages",
]
SOFY_CLIENT_RESOLVER = "sofy.clients.services.resolve_client"
ROOT_URLCONF = "sofy.project.urls"
WSGI_APPLICATION = "sofy.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                *(["sofy.ui.layout.page"] if _landed("ui") else []),
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# Migrations alone run as the owner of the tables: `sofy db migrate` says so.
DATABASES = {"default": _database(os.environ.get("SOFY_DATABASE_ROLE", WEB)), "staff": _database(STAFF)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

if _landed("accounts"):
    AUTH_USER_MODEL = "accounts.User"
    ACCOUNT_ADAPTER = "sofy.accounts.adapters.AccountAdapter"
    MFA_ADAPTER = "sofy.accounts.adapters.MFAAdapter"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # the mail says so
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {"login": "sofy.accounts.forms.LogInForm", "reset_password": "sofy.accounts.forms.NewPasswordForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an owner or by staff, never by sign-up
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_ADAPTER = "sofy.accounts.adapters.AccountAdapter"
MFA_ADAPTER = "sofy.accounts.adapters.MFAAdapter"
# Failed log-ins and used one-time codes are counted for all web processes together.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "accounts_cache"}}
CSRF_FAILURE_VIEW = "sofy.ui.views.form_expired"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Sofy"
MFA_TOTP_TOLERANCE = 1  # half minutes before and after the present one (RFC 6238, 5.2): people type, phones drift
MFA_FORMS = {
    "authenticate": "sofy.accounts.forms.AuthenticateForm",
    "reauthenticate": "sofy.accounts.forms.ReauthenticateForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
USERSESSIONS_TRACK_ACTIVITY = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if _secure else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

STATIC_URL = "static/"
STATIC_ROOT = None  # files are served from the apps themselves (below): a folder that is not there is a warning
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = SOFY.environment == "development"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(SOFY.var_dir) / "mail"
if TESTING:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
elif SOFY.smtp_host:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = SOFY.smtp_host, SOFY.smtp_port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SOFY.smtp_user, SOFY.smtp_password
    EMAIL_USE_TLS = SOFY.smtp_tls
    EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = SOFY.smtp_from

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

LOGGING = logs.logging_config("WARNING" if TESTING else SOFY.log_level.upper())
logs.configure_structlog()
