"""How this room's journal entries, refusals and states are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.ui.statuses import Look

ACTIONS: dict[str, "str | Promise"] = {
    "bank_file.taken": _("Bank file loaded"),
    "bank_file.downloaded": _("Bank file downloaded"),
    "bank_payment.decided": _("Payment given to invoices"),
    "bank_payment.apart": _("Bank line that is no client’s payment"),
    "bank_payment.reopened": _("Decision on a bank line taken back"),
    "mandate.registered": _("SEPA mandate registered"),
    "mandate.amended": _("SEPA mandate amended"),
    "mandate.revoked": _("SEPA mandate revoked"),
    "mandate.blocked": _("SEPA mandate blocked after a return"),
    "debit_batch.made": _("Batch of direct debits made"),
    "debit_batch.answered": _("Answer of the bank to a batch recorded"),
    "debit_batch.cancelled": _("Batch of direct debits cancelled"),
    "debit_batch.downloaded": _("Batch of direct debits downloaded"),
}

FACTS: dict[str, "str | Promise"] = {
    "line": _("line"),
    "lines": _("lines"),
    "invoices": _("invoices"),
    "known": _("known already"),
    "sha256": _("SHA-256"),
    "mandate": _("mandate"),
    "batch": _("batch"),
    "debits": _("direct debits"),
    "rejected": _("refused by the bank"),
    "code": _("code of the bank"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "bank_account_unknown": _(
        "The file is of the account {account}, which is none of {entity}. Choose the company whose account it is."
    ),
    "bank_format_other": _(
        "The statements of the account {account} come as {known}: this file is {given}, and its lines would count"
        " twice. Load the {known} file of the same days."
    ),
    "bank_file_unknown": _("There is no bank file with this number."),
    "question_unknown": _("There is no bank line to decide with this number."),
    "question_decided": _("Somebody decided this line already."),
    "question_not_in": _("Money that left the account pays no invoice: say that it is no client’s payment."),
    "question_kept": _("What was recorded for a client stays: the payment is in the log of the contract."),
    "question_sum": _("The parts come to {sum} €, the payment is {amount} €: change them until they are equal."),
    "question_empty": _("Give the payment to at least one invoice, or keep it as a credit of the client."),
    "part_above_open": _("Of invoice {number} only {open} € are open: give it less."),
    "part_unreadable": _("“{value}” is no amount: write it as 120.50."),
    "contract_missing": _("This client has no contract with {entity}."),
    "mandate_unknown": _("There is no mandate with this reference."),
    "mandate_taken": _("Another mandate has the reference {reference}."),
    "mandate_not_in_force": _("The order form {order_form} names no mandate, or no account to debit."),
    "mandate_in_future": _("A mandate is signed and revoked up to today, not on days to come."),
    "batch_empty": _("There is nothing to debit up to this day."),
    "batch_unknown": _("There is no batch of direct debits with this number."),
    "batch_other": _("This answer is about another file ({message}): load the answer to {batch}."),
    "batch_answered": _("The bank has answered this batch: it cannot be cancelled any more."),
    "creditor_missing": _("{entity} has no SEPA creditor identifier, or no account: add it before debiting."),
    "collect_day": _("A debit needs a day from {first} on, on which banks settle."),
}

STATES: dict[str, Look] = {
    "bank_new": Look("azure", "refresh", _("Being matched")),
    "bank_waiting": Look("yellow", "clock-pause", _("Waits for an earlier statement")),
    "bank_queue": Look("orange", "user-check", _("Waits for a person")),
    "bank_done": Look("green", "circle-check", pgettext_lazy("bank line", "Dealt with")),
    "question_open": Look("orange", "user-check", pgettext_lazy("bank line", "To be decided")),
    "question_later": Look("secondary", "clock-pause", _("Put aside")),
    "question_paid": Look("green", "circle-check", _("Given to invoices")),
    "question_apart": Look("secondary", "x", _("Not a client’s payment")),
    "mandate_usable": Look("green", "circle-check", pgettext_lazy("mandate", "Can be used")),
    "mandate_blocked": Look("orange", "ban", pgettext_lazy("mandate", "Blocked")),
    "mandate_revoked": Look("secondary", "x", pgettext_lazy("mandate", "Revoked")),
    "mandate_lapsed": Look("secondary", "clock", pgettext_lazy("mandate", "Lapsed")),
    "mandate_closed": Look("secondary", "check", pgettext_lazy("mandate", "Closed")),
    "mandate_used": Look("secondary", "check", pgettext_lazy("mandate", "Used")),
    "mandate_not_signed": Look("yellow", "clock", pgettext_lazy("mandate", "Not signed yet")),
    "mandate_unregistered": Look("yellow", "clock", pgettext_lazy("mandate", "Not known to the client’s bank")),
    "debit_sent": Look("azure", "send", pgettext_lazy("direct debit", "In a batch")),
    "debit_collected": Look("green", "circle-check", pgettext_lazy("direct debit", "Collected")),
    "debit_returned": Look("red", "arrow-back-up", pgettext_lazy("direct debit", "Came back")),
    "debit_rejected": Look("red", "ban", pgettext_lazy("direct debit", "Refused by the bank")),
    "debit_cancelled": Look("secondary", "x", pgettext_lazy("direct debit", "Cancelled")),
    "batch_made": Look("azure", "file-text", _("Made, not answered")),
    "batch_taken": Look("green", "circle-check", _("Taken by the bank")),
    "batch_part": Look("yellow", "circle-dashed", _("Taken in part")),
    "batch_refused": Look("red", "ban", pgettext_lazy("batch of debits", "Refused by the bank")),
    "batch_cancelled": Look("secondary", "x", pgettext_lazy("batch of debits", "Cancelled")),
}
