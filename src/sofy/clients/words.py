"""How the journal and refusals are said to people."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.clients.models import Role
from sofy.kit import audit
from sofy.kit.models import AuditEntry

#: What recomputing a chain may find, by the reason of its verdict.
BREAKS: dict[str, "str | Promise"] = {
    "altered": _("Entry %(n)s was changed after it was written."),
    "missing": _("Entry %(n)s is gone."),
    "unlinked": _("Entry %(n)s does not follow from the one before it."),
    "truncated": _("Entries are gone at the end: number %(n)s and perhaps more."),
}

#: Actions of audit entries, of every room that writes some.
ACTIONS: dict[str, "str | Promise"] = {
    "client.created": _("Client created"),
    "client.active": _("Client active again"),
    "client.suspended": _("Client suspended"),
    "settings.changed": _("Settings changed"),
    "establishment.created": _("Point of sale added"),
    "establishment.changed": _("Point of sale changed"),
    "member.added": _("Member added"),
    "member.invited": _("Colleague invited"),
    "member.removed": _("Member removed"),
    "member.role_changed": _("Role changed"),
    "invitation.withdrawn": _("Invitation withdrawn"),
    "invitation.forgotten": _("Old invitations removed"),
    "login.succeeded": _("Log-in"),
    "account.password_changed": _("Password changed"),
    "account.password_reset": _("Password reset by e-mail"),
    "account.factor_added": _("Second factor added"),
    "account.factor_removed": _("Second factor removed"),
    "account.sessions_ended": _("Sessions logged out"),
    "account.forgotten": _("Accounts of people who left a year ago emptied"),
    "api_key.created": _("API key created"),
    "api_key.revoked": _("API key revoked"),
    "campaign.created": _("Campaign prepared"),
    "campaign.approved": _("Campaign approved"),
    "campaign.launched": _("Campaign launched"),
    "campaign.paused": _("Campaign paused"),
    "campaign.resumed": _("Campaign resumed"),
    "campaign.cancelled": _("Campaign cancelled"),
    "campaign.finished": _("Campaign finished"),
    "report.exported": _("Report exported"),
    "staff.read": _("Read by Sofy’s staff"),
    "support.entered": _("Sofy’s support came in"),
    "support.left": _("Sofy’s support left"),
    "route.saved": _("Route set up"),
    "route.active": _("Route sends"),
    "route.paused": _("Route paused"),
    "route.draining": _("Route only listens"),
}

#: Who acted, when it was no person.
ACTORS: dict[str, "str | Promise"] = {
    "system": _("The system"),
    "command": _("The command line"),
    "engine": _("The engine"),
    "worker": _("The worker"),
    "demo": _("The demonstration"),
}

#: Names of facts; ids and codes stay as they are.
FACTS: dict[str, "str | Promise"] = {
    "member": _("member"),
    "user": _("person"),
    "role": _("role"),
    "from": _("from"),
    "to": _("to"),
    "invitation": _("invitation"),
    "establishment": _("point of sale"),
    "establishments": _("points of sale"),
    "fields": _("fields"),
    "key": _("key"),
    "scopes": _("rights"),
    "reason": _("reason"),
    "slug": _("address"),
    "campaign": _("campaign"),
    "import": _("import"),
    "rows": _("rows"),
    "recipients": _("recipients"),
    "count": _("count"),
    "status": _("state"),
    "confirmed": _("people confirmed"),
    "messages": _("messages"),
    "sender": _("sender"),
    "format": _("format"),
    "factor": _("factor"),
    "visit": _("visit"),
    "minutes": _("minutes"),
    "expired": _("time over"),
}

#: Codes that stand as facts, said in words: name of the fact -> code -> words. Other values stay as they are.
VALUES: dict[str, Mapping[str, "str | Promise"]] = {
    "role": dict(Role.choices),
    "from": dict(Role.choices),
    "to": dict(Role.choices),
    "factor": {
        "totp": _("authenticator app"),
        "webauthn": _("security key or passkey"),
        "recovery_codes": _("recovery codes"),
    },
}
YES_NO = {True: _("yes"), False: _("no")}

#: What the journal can be narrowed to: the part of an action before its dot.
KINDS: dict[str, "str | Promise"] = {
    "login": _("Log-ins"),
    "account": _("Passwords, factors and sessions"),
    "member": _("Team"),
    "contacts": _("Imports and exports"),
    "consent": _("Consent"),
    "campaign": _("Campaigns"),
    "settings": _("Settings"),
    "api_key": _("API keys"),
    "support": _("Visits of Sofy’s support"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "client_name_missing": _("Give the client a name."),
    "slug_invalid": _(
        "“{slug}” cannot be an address: write at most 60 letters without accents, digits and hyphens, as in my-shop."
    ),
    "budget_negative": _("A budget is 0 or more."),
    "slug_taken": _("The address “{slug}” is taken: choose another one."),
    "last_owner": _("A client keeps at least one owner: make somebody else an owner first."),
    "role_unknown": _("The role “{role}” does not exist."),
    "establishments_missing": _("Choose at least one point of sale for a store manager."),
    "establishment_unknown": _("One of the points of sale does not exist any more: choose again."),
    "establishment_code_taken": _("Another point of sale has the code “{shop_code}”: each code stands for one."),
    "staff_only": _("Only Sofy’s staff come in as support."),
    "support_reason": _("Say in a few words why you come in: the client reads it."),
    "support_minutes": _("A visit lasts 15, 30 or 60 minutes."),
    "already_member": _("This person is in the team already."),
    "invitation_invalid": _("This invitation is no longer valid. Ask for a new one."),
    "invitation_for_other": _("This invitation was written to another address. Log in with that address to take it."),
}


def facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts of an entry as people read them: names in words, ids by their end, lists in a row."""
    return [(str(FACTS.get(name, name)), _shown(name, value)) for name, value in values.items()]


def _shown(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(name, item) for item in value)
    if isinstance(value, bool):
        return str(YES_NO[value])
    text = str(VALUES.get(name, {}).get(value, value))
    # The beginning of an id is its time, alike for neighbours: the end tells them apart.
    return f"…{text[-6:]}" if len(text) == 36 and text.count("-") == 4 else text


def verified(verdict: audit.Verdict | None) -> dict[str, Any]:
    """What a journal says of a chain that was recomputed, or nothing when nobody asked; `there` leads to the break."""
    if verdict is None or verdict.broken_at is None:
        return {"verdict": verdict}
    found = str(BREAKS[verdict.reason]) % {"n": verdict.broken_at}
    return {"verdict": verdict, "found": found, "there": verdict.broken_at + 1}


def lines(entries: Iterable[AuditEntry], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Entries of a chain as a page shows them."""
    return [
        {"entry": row, "who": actor(row.actor, names), "what": action(row.action), "facts": facts(row.facts)}
        for row in entries
    ]


def actor(code: str, names: Mapping[str, str]) -> str:
    """Who acted: the present name of a person, or the word for a part of the product."""
    return names.get(code) or str(ACTORS.get(code, code))


def action(code: str) -> str:
    """The words for an action; one without words shows its code."""
    return str(ACTIONS.get(code, code))
