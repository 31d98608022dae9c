"""Settings that protect people, whatever a page does."""

import json
import logging
import os
import subprocess
import sys

import pytest
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from sofy.project import database, logs, middleware


def test_pages_may_load_nothing_from_elsewhere_and_run_no_inline_script():
    policy = {name: set(map(str, values)) for name, values in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()}

    assert policy["default-src"] == {"'none'"}
    assert policy["script-src"] == policy["style-src"] == {"'self'"}
    assert not any("unsafe" in value for values in policy.values() for value in values)


def test_every_request_is_one_transaction():
    assert all(each["ATOMIC_REQUESTS"] for each in settings.DATABASES.values())


@pytest.mark.parametrize(
    ("_case", "text"),
    [
        ("e164", "sent to +33639980001 ok"),
        ("spaces", "06 39 98 00 01"),
        ("dots", "tel 06.39.98.00.01."),
        ("zeros", "0033639980001"),
        ("e-mail", "from zoe.lefevre@example.org"),
    ],
)
def test_personal_data_never_reaches_a_log_line(_case, text):
    event = logs.redact(None, "info", {"event": text, "more": [{"where": text}]})

    assert "39" not in str(event)
    assert "example" not in str(event)


@pytest.mark.parametrize(
    "text", ["01a20dbf-c2d6-7029-8124-b3981e53d8a0", "2026-11-21 23:11:32", "1979 rows in 12 s", "127.0.0.1:35835"]
)
def test_ids_times_and_counts_stay_readable(text):
    assert logs.clean(text) == text


@pytest.mark.parametrize("key", ["password", "to", "first_name", "Authorization"])
def test_secret_keys_are_masked_whole(key):
    assert logs.redact(None, "info", {key: "anything"}) == {key: "[redacted]"}


def logged(status: int) -> str:
    """The line of a page that ended with this status, as Django reports it."""
    formatter = structlog.stdlib.ProcessorFormatter(
        **{key: value for key, value in logs.logging_config()["formatters"]["json"].items() if key != "()"}
    )
    level = logging.WARNING if status < 500 else logging.ERROR
    try:
        raise PermissionDenied
    except PermissionDenied:
        record = logging.LogRecord("django.request", level, __file__, 1, "Answered %s", (status,), sys.exc_info())
    record.status_code = status
    record.request = RequestFactory().get("/c/bakery/contacts", {"name": "Moreau"})
    return formatter.format(record)


def test_what_somebody_looked_for_is_in_no_log_line():
    line = json.loads(logged(404))

    assert line["request"] == "GET /c/bakery/contacts"
    assert "Moreau" not in str(line)


def test_a_page_that_says_no_leaves_one_short_line_and_one_that_fails_says_where():
    assert "Traceback" not in logged(403)
    assert "Traceback" in logged(500)


def test_structlog_passes_the_redaction():
    assert logs.redact in structlog.get_config()["processors"]


@pytest.mark.parametrize(("chosen", "expected"), [("en", "en"), ("fr", "fr"), ("", "fr")])
def test_a_persons_language_comes_before_the_browsers(rf, chosen, expected):
    seen = []
    page = middleware.PreferredLanguage(lambda request: seen.append(translation.get_language()) or HttpResponse())
    request = rf.get("/")
    request.user = type("User", (), {"language": chosen})()

    with translation.override("fr"):
        page(request)

    assert seen == [expected]


@pytest.mark.parametrize(
    ("_case", "url", "name"),
    [
        ("the administrator's own", "postgresql://a:b@h:1/postgres", "sofy"),
        ("none", "postgresql://a:b@h:1", "sofy"),
        ("named", "postgresql://a:b@h:1/shop?sslmode=require", "shop"),
    ],
)
def test_the_database_is_the_one_named_or_ours(_case, url, name):
    assert database.database_name(url) == name


def test_a_role_logs_in_on_the_same_server_with_its_own_password(tmp_path):
    url = database.role_url("postgresql://admin:x@h:5/shop?sslmode=require", tmp_path, "sofy_web")

    assert url.startswith("postgresql://sofy_web:")
    assert url.endswith("@h:5/shop?sslmode=require")
    assert database.role_url("postgresql://h:5/shop", tmp_path, "sofy_web").split("@")[0] == url.split("@")[0]


@pytest.mark.parametrize(
    ("_case", "proxies", "address"),
    [("no proxy: what a visitor claims counts for nothing", 0, "127.0.0.1"), ("one proxy", 1, "203.0.113.9")],
)
def test_the_address_of_a_visitor_is_told_by_the_proxies_we_have(settings, _case, proxies, address):
    from allauth.core.internal.httpkit import get_client_ip

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})

    assert get_client_ip(request) == address


def test_in_production_cookies_leave_over_tls_only(tmp_path):
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_INCLUDE_SUBDOMAINS")
    said = f"from sofy.project import settings as s; print(*(getattr(s, name) for name in {names}))"
    production = {
        "SOFY_ENVIRONMENT": "production",
        "SOFY_BASE_URL": "https://sofy.example",
        "SOFY_DATABASE_URL": "postgresql://127.0.0.1/sofy",
        "SOFY_VAR_DIR": str(tmp_path),
        "SOFY_SECRETS_DIR": str(tmp_path),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOFY_")}

    told = subprocess.check_output([sys.executable, "-c", said], env=kept | production, text=True).split()

    assert told == ["True", "True", "True"]


def test_proxies_are_believed_only_when_the_settings_say_there_are_some():
    said = (
        "from sofy.project import settings as s; print(s.ALLAUTH_TRUSTED_PROXY_COUNT, bool(s.SECURE_PROXY_SSL_HEADER))"
    )

    def told(**more: str) -> str:
        return subprocess.check_output([sys.executable, "-c", said], env={**os.environ, **more}, text=True).strip()

    assert (told(), told(SOFY_PROXIES="1")) == ("0 False", "1 True")
