"""Who may do what. Pure: a role and a permission in, yes or no out."""

import re
from typing import Final

OWNER: Final = "owner"
MARKETER: Final = "marketer"
STORE_MANAGER: Final = "store_manager"
DEVELOPER: Final = "developer"
AUDITOR: Final = "auditor"
SUPPORT: Final = "support"  # of nobody's membership: the operator's staff on a visit
ROLES: Final = (OWNER, MARKETER, STORE_MANAGER, DEVELOPER, AUDITOR)

#: Roles that reach nothing before they have a second factor.
SECOND_FACTOR_ROLES: Final = frozenset({OWNER})

_READ: Final = frozenset(
    {
        "home.view",
        "contact.view",
        "segment.view",
        "campaign.view",
        "report.view",
        "message.view",
        "sender.view",
        "template.view",
        "establishment.view",
        "team.view",
        "settings.view",
        "audit.view",
        "key.view",
        "contract.view",
    }
)
_MARKETING: Final = frozenset(
    {
        "home.view",
        "contact.view",
        "contact.edit",
        "contact.import",
        "contact.export",
        "segment.view",
        "segment.edit",
        "campaign.view",
        "campaign.edit",
        "campaign.launch",
        "campaign.approve",
        "report.view",
        "report.export",
        "message.view",
        "sender.view",
        "template.view",
        "template.edit",
        "establishment.view",
        "team.view",
    }
)
_STORE: Final = frozenset(
    {
        "home.view",
        "contact.view",
        "contact.edit",
        "segment.view",
        "campaign.view",
        "campaign.edit",
        "report.view",
        "establishment.view",
    }
)
_DEVELOPER: Final = frozenset(
    {
        "home.view",
        "message.view",
        "sender.view",
        "template.view",
        "template.edit",
        "key.view",
        "key.edit",
        "establishment.view",
        "report.view",
    }
)
_OWNER_ONLY: Final = frozenset(
    {"team.edit", "settings.edit", "establishment.edit", "sender.edit", "key.edit", "contact.erase", "contract.sign"}
)

MATRIX: Final[dict[str, frozenset[str]]] = {
    OWNER: _READ | _MARKETING | _OWNER_ONLY,
    MARKETER: _MARKETING,
    STORE_MANAGER: _STORE,
    DEVELOPER: _DEVELOPER,
    AUDITOR: _READ,
    SUPPORT: _READ,
}
PERMISSIONS: Final = frozenset().union(*MATRIX.values())


def can(role: str | None, permission: str) -> bool:
    """Whether a role holds a permission.

    Raises: KeyError for a permission that is in no line of the matrix: a misspelt one must not pass for a refusal.
    """
    if permission not in PERMISSIONS:
        raise KeyError(f"unknown permission {permission!r}: add it to clients/rules.py")
    return role is not None and permission in MATRIX.get(role, frozenset())


def limited_to_establishments(role: str | None) -> bool:
    """Whether somebody in that role sees only the establishments chosen for them."""
    return role == STORE_MANAGER


def is_slug(text: str) -> bool:
    """Whether a text can stand in an address as it is, as the routes `/c/<slug>/` read it."""
    return re.fullmatch(r"[-a-zA-Z0-9_]{1,60}", text) is not None


def may_lose_role(role: str, owners: int) -> bool:
    """Whether a member may leave or change role: the last owner may not."""
    return role != OWNER or owners > 1
