"""How scopes and refusals are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SCOPES: dict[str, "str | Promise"] = {
    "messages:send": _("Send messages"),
    "messages:read": _("Read the message log"),
    "contacts:read": _("Read contacts"),
    "contacts:write": _("Change contacts and consent"),
    "campaigns:read": _("Read campaigns and reports"),
    "campaigns:write": _("Prepare campaigns"),
    "events:read": _("Receive events"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "email_invalid": _("This is no e-mail address: write it as name@example.com."),
    "password_weak": _("Choose another password. {problem}"),
    "demo_only": _("This exists in demo, development and training only."),
    "user_unknown": _("Nobody logs in with this address."),
    "no_totp": _("This person has no authenticator app."),
    "key_name_missing": _("Name the key after the software that will use it."),
    "scopes_missing": _("Choose at least one right."),
    "scope_unknown": _("The right “{scope}” does not exist."),
}
