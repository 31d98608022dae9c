"""The permission matrix."""

import pytest

from sofy.clients import rules


@pytest.mark.parametrize(
    ("_case", "role", "permission", "allowed"),
    [
        ("owner changes the team", rules.OWNER, "team.edit", True),
        ("marketer launches", rules.MARKETER, "campaign.launch", True),
        ("marketer does not change the team", rules.MARKETER, "team.edit", False),
        ("store manager does not launch", rules.STORE_MANAGER, "campaign.launch", False),
        ("store manager does not export", rules.STORE_MANAGER, "contact.export", False),
        ("developer makes keys", rules.DEVELOPER, "key.edit", True),
        ("developer reads no contact", rules.DEVELOPER, "contact.view", False),
        ("auditor reads the journal", rules.AUDITOR, "audit.view", True),
        ("nobody", None, "home.view", False),
        ("a role that is gone", "former", "home.view", False),
    ],
)
def test_can(_case, role, permission, allowed):
    assert rules.can(role, permission) is allowed


def test_an_auditor_changes_nothing():
    assert all(permission.endswith(".view") for permission in rules.MATRIX[rules.AUDITOR])


def test_an_owner_holds_every_permission():
    assert rules.MATRIX[rules.OWNER] == rules.PERMISSIONS


def test_a_misspelt_permission_is_no_refusal():
    with pytest.raises(KeyError):
        rules.can(rules.OWNER, "campaign.lunch")
