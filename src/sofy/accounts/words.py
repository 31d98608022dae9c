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

#: Words of the journal for the facts of a key.
FACTS: dict[str, "str | Promise"] = {
    "networks": _("addresses"),
    "per_10s": _("requests in ten seconds"),
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
    "network_unreadable": _(
        "“{network}” is no network address: write one such as 203.0.113.7, or a block such as 203.0.113.0/24 or"
        " 2001:db8::/32."
    ),
    "per_10s_range": _("A key answers {least} to {most} requests in ten seconds."),
    "key_other_limits": _(
        "The key “{key}” exists already with other addresses or another limit: give this one another name, or revoke"
        " that one."
    ),
}
