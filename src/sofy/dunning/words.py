"""How this room's journal entries, refusals and next acts are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, "str | Promise"] = {
    "dunning.act": _("Late payment: something was done"),
}

FACTS: dict[str, "str | Promise"] = {
    "act": _("act"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "suspension_cause": _(
        "Access ends for an unpaid invoice only after a formal notice and its five business days: nobody decides it."
    ),
    "lifted_by_collection": _("This suspension ends by itself when the invoices it is about are collected."),
    "second_person_needed": _("Your wish is recorded. A second person of the staff has to lift it, too."),
    "not_suspended": _("This client is not suspended."),
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
