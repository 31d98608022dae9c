"""What an API key may be allowed. Pure."""

from typing import Final

#: Scope -> what it opens; words for people are in `words.py`.
SCOPES: Final = (
    "messages:send",
    "messages:read",
    "contacts:read",
    "contacts:write",
    "campaigns:read",
    "campaigns:write",
    "events:read",
)


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Those that do not exist."""
    return [scope for scope in scopes if scope not in SCOPES]
