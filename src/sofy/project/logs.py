"""JSON logs without personal data: what looks like a phone number or an e-mail address never reaches a line."""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"(?<![\w-])(?:\+|00?)(?:[ .\-/()]*\d){8,14}(?![\w-])")
_CREDENTIALS = {"password", "passwd", "secret", "token", "authorization", "cookie", "api_key"}
_PERSONAL = {"to", "phone", "recipient", "email", "name", "first_name", "last_name", "text", "body"}
_MARK = "[redacted]"


def clean(text: str) -> str:
    """The text with phone numbers and e-mail addresses taken out."""
    return _PHONE.sub(_MARK, _EMAIL.sub(_MARK, text))


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: mask secret keys whole, and personal data inside any other string."""
    for key, value in event.items():
        event[key] = _masked(key, value)
    return event


def _masked(key: str, value: Any) -> Any:
    if key.lower() in _CREDENTIALS | _PERSONAL:
        return _MARK
    if isinstance(value, str):
        return value if key == "timestamp" else clean(value)
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", item) for item in value]
    return value


def refusals_are_short(_logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: what was refused as it should be (a page that is not there, not allowed) needs no trace."""
    if method == "warning" and event.get("status_code", 500) < 500:
        event.pop("exc_info", None)
    return event


def requests_are_addresses(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: what somebody typed into a search stays between them and the page."""
    request = event.get("request")
    if request is not None and not isinstance(request, str):
        event["request"] = f"{getattr(request, 'method', '')} {getattr(request, 'path', '')}".strip()
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
    refusals_are_short,
    requests_are_addresses,
    structlog.processors.format_exc_info,
    redact,
]


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """The `LOGGING` setting: one JSON object a line on standard error."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "pikepdf": {"level": "WARNING"},  # greets whoever loads it
            "django": {"handlers": [], "propagate": True},
            "django.db.backends": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Send structlog through the standard library, so that every line passes the same redaction."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)


def configure_plain(level: str = "info") -> None:
    """The same JSON lines for a process without Django."""
    logging.config.dictConfig(logging_config(level.upper()))
    configure_structlog()
