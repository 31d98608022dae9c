"""How this room's journal entries, refusals and next acts are said to people."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.clients.models import Cause
from sofy.contracts.rules.access import CONSEQUENCES
from sofy.kernel.clauses import clause
from sofy.ui.statuses import Look

ACTIONS: dict[str, "str | Promise"] = {
    "dunning.act": _("Late payment: something was done"),
    "dunning.case_file": _("Case file of a late payer downloaded"),
}

FACTS: dict[str, "str | Promise"] = {
    "act": _("act"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "suspension_cause": _(
        "Access ends for an unpaid invoice only after a formal notice and its five business days: nobody decides it."
    ),
    "suspension_not_yet": _("The five business days of a proved notice are not over, or access is suspended already."),
    "lifted_by_collection": _("This suspension ends by itself when the invoices it is about are collected."),
    "second_person_needed": _("Your wish is recorded. A second person of the staff has to lift it, too."),
    "not_suspended": _("This client is not suspended."),
    "dispute_no_reason": _("Say why you contest it."),
    "dispute_open": _("This invoice is contested already."),
    "dispute_none": _("This invoice is not contested."),
    "nobody_to_write_to": _("Nobody is there to write to: neither the company nor an owner has an e-mail address."),
    "mail_not_taken": _("The mail server did not take it: nothing was sent. Try again in a moment."),
    "nothing_to_claim": _("Nothing is overdue that a formal notice may be about."),
    "second_not_yet": _("A second formal notice comes while access is suspended for the first one, not before."),
    "second_by_a_person": _("A second formal notice is only ever sent by a person."),
    "notice_just_sent": _("This notice was sent a moment ago."),
    "deposit_missing": _("Give the number of the deposit: it is the proof of sending."),
    "link_unknown": _("This link leads nowhere."),
    "person_name_missing": _("Give the name."),
    "promise_in_past": _("This day is over: a promise is about a day to come."),
    "end_not_yet": _("A contract ends for default only while access is suspended, after a second notice and its days."),
}

#: Views of the board: `board.VIEWS`.
VIEWS: dict[str, "str | Promise"] = {
    "late": _("Overdue"),
    "open": _("Everything open"),
    "suspended": _("Suspended clients"),
    "contested": _("Contested"),
    "promised": _("Promised"),
    "insolvent": _("Insolvent"),
    "problem": _("Not worked out"),
}

#: Why access is closed, as its client reads it.
CAUSES: dict[str, "str | Promise"] = {
    "default": _("Invoices were not paid, and the five business days of the formal notice are over."),
    "fraud": _("Fraud was detected on your account."),
    "security": _("There is a risk for the platform or for your account."),
    "missing_stop": _("Marketing left without the STOP mention."),
    "af2m": _("The rules of the AF2M were broken."),
    "operator_fault": _("The fault is ours: we are putting it right."),
    "court_order": _("A court ordered it."),
    "": _("Your contact at Sofy tells you why."),
}

#: What gives access back, as its client reads it.
LIFTED_BY: dict[str, "str | Promise"] = {
    "collection": _("Pay the invoices below: access is back as soon as the money is booked."),
    "staff": _("Write to your contact at Sofy: we lift the suspension once its cause is gone."),
    "two_staff": _("Write to your contact at Sofy: two people of our staff have to agree to lift it."),
    "court": _("It ends when the court says so."),
}

#: What comes next: `rules.position.Next`.
NEXT: dict[str, "str | Promise"] = {
    "formal_notice": _("Formal notice"),
    "second_channel": _("Notice by another channel"),
    "suspension": _("Suspension"),
    "second_notice": _("Second formal notice"),
    "decide_end": _("Decide on the end"),
    "claim_file": _("Declare the claim"),
    "audit": _("Audit of a dispute"),
}

#: What gives access back, as staff reads it.
LIFTERS: dict[str, "str | Promise"] = {
    "collection": _("the money, by itself"),
    "staff": _("one person"),
    "two_staff": _("two people"),
    "court": _("the court"),
}


@clause("CGVU 7.2", "CGVU 11", "CGVU 13", "CGVU 14.1")
def cause_table() -> list[dict[str, Any]]:
    """What each cause of a suspension means, row by row as pages show it."""
    return [
        {"label": Cause(code).label, "means": means, "lifted_by": LIFTERS[means.lifted_by]}
        for code, means in CONSEQUENCES.items()
    ]


STATES: dict[str, Look] = {
    "insolvent": Look("purple", "scale", _("Insolvent")),
    "problem": Look("red", "alert-circle", _("Not worked out")),
    "contested": Look("yellow", "message-report", _("Contested")),
}
