"""How each state looks: tone, icon and word. The words follow docs/glossary.md."""

from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Look:
    """Colour alone says nothing: the icon and the word always come with it."""

    tone: str
    icon: str
    label: "str | Promise"


LOOKS: dict[str, Look] = {
    # messages, from hand-over to handset
    "accepted": Look("secondary", "circle-dashed", _("Accepted")),
    "deferred": Look("yellow", "clock-pause", _("Deferred")),
    "held": Look("yellow", "hand-stop", _("Held for review")),
    "queued": Look("secondary", "clock", _("Waiting")),
    "submitted": Look("azure", "send", _("Handed over")),
    "resent": Look("azure", "refresh", _("Not delivered, sent by another route")),
    "unknown": Look("yellow", "question-mark", _("Unknown")),
    "delivered": Look("green", "check", _("Delivered")),
    "read": Look("green", "checks", pgettext_lazy("message", "Read")),
    "failed": Look("red", "circle-x", _("Not delivered")),
    "expired": Look("red", "clock", _("Expired")),
    "withheld": Look("orange", "ban", _("Withheld by rule")),
    "cancelled": Look("secondary", "x", _("Cancelled")),
    # what people do with them
    "opened": Look("green", "mail", _("E-mail opened")),
    "clicked": Look("green", "click", _("Link opened")),
    "replied": Look("azure", "message", _("Reply received")),
    "stop": Look("red", "hand-stop", _("STOP received")),
    "converted": Look("green", "circle-check", _("Code used")),
    # campaigns, jobs, imports
    "draft": Look("secondary", "pencil", _("Draft")),
    "scheduled": Look("azure", "calendar-event", _("Scheduled")),
    "awaiting_approval": Look("yellow", "user-check", _("Awaiting approval")),
    "preparing": Look("azure", "refresh", _("Preparing")),
    "running": Look("azure", "player-play", _("Running")),
    "paused": Look("yellow", "player-pause", _("Paused")),
    "finished": Look("green", "check", _("Finished")),
    "refused": Look("red", "ban", pgettext_lazy("campaign", "Refused")),
    "undone": Look("secondary", "arrow-back-up", _("Undone")),
    # senders and templates, until somebody said yes
    "requested": Look("yellow", "clock", _("Asked for")),
    "approved": Look("green", "circle-check", _("Approved")),
    "rejected": Look("red", "ban", _("Rejected")),
    "submitting": Look("azure", "refresh", _("Being submitted")),
    "pending": Look("yellow", "clock", _("Being approved")),
    "disabled": Look("red", "ban", _("Disabled")),
    "unsent": Look("red", "alert-circle", _("Not submitted")),
    "archived": Look("secondary", "archive", _("Archived")),
    "ready": Look("green", "check", _("Ready")),
    # clients, routes, members
    "active": Look("green", "circle-check", _("Active")),
    "suspended": Look("red", "player-pause", _("Suspended")),
    "draining": Look("yellow", "player-stop", _("Draining")),
    "invited": Look("azure", "mail", _("Invited")),
    "revoked": Look("secondary", "x", _("Revoked")),
    "up": Look("green", "circle-check", _("Up")),
    "partly": Look("yellow", "alert-triangle", _("Partly up")),
    "down": Look("red", "alert-circle", _("Down")),
    # records in DNS
    "dns_ok": Look("green", "circle-check", _("In place")),
    "dns_missing": Look("red", "circle-x", _("Missing")),
    "dns_wrong": Look("orange", "alert-circle", _("Something else is there")),
    "dns_unknown": Look("secondary", "question-mark", _("Not looked at")),
    # consent
    "granted": Look("green", "check", _("Consent given")),
    "withdrawn": Look("orange", "ban", _("Consent withdrawn")),
    "opposed": Look("red", "ban", _("Opposed")),
    "none": Look("secondary", "question-mark", _("No consent")),
}

#: Who has a message that was handed over, by the channel it took.
HANDED: "dict[str, str | Promise]" = {
    "sms": _("Handed to the operator"),
    "rcs": _("Handed to the RCS service"),
    "whatsapp": _("Handed to WhatsApp"),
    "email": _("Handed to the mail server"),
}


def look(code: str, channel: str = "") -> Look:
    """The look of a state; one that is not listed shows its own name, never nothing. `channel`: of a message."""
    if code == "submitted" and channel in HANDED:
        return replace(LOOKS[code], label=HANDED[channel])
    return LOOKS.get(code, Look("secondary", "circle", code.replace("_", " ").capitalize()))
