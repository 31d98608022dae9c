"""How this room's journal entries and refusals are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.ui.statuses import Look

ACTIONS: dict[str, "str | Promise"] = {
    "invoice.frozen": _("Invoice, credit note or debit note issued"),
    "invoice.refused": _("Invoice that cannot be issued"),
    "contract_event.recorded": _("Event of the contract recorded"),
    "billing_table.recorded": _("Rate, index or reading recorded"),
    "invoice.downloaded": _("Invoice downloaded"),
    "invoice_run.finished": _("Invoice run finished"),
    "usage.metered": _("Usage of clients told to their contracts"),
}

FACTS: dict[str, "str | Promise"] = {
    "format": _("format"),
    "documents": _("documents"),
    "number": _("number"),
    "key": _("what for"),
    "reasons": _("reasons"),
    "event": _("event"),
    "table": _("table"),
    "month": _("month"),
    "issued": _("issued"),
    "refused": _("refused"),
    "events": _("events"),
    "told": _("months told"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "contract_unknown": _("There is no contract in force with this number."),
    "contract_unreadable": _("The contract cannot be worked out: {path}, {problem}"),
    "event_unreadable": _("This is no event of a contract: {problem}"),
    "event_in_future": _("It has not happened yet: try it now, record it once it has."),
    "event_refused": _("The contract does not allow it ({article}): nothing is recorded."),
    "event_before_contract": _("The event is before the signature of the contract."),
    "table_unreadable": _("This is no row of the table {table}: {problem}"),
    "as_of_in_future": _("Documents are issued up to today, not for days to come."),
    "month_unreadable": _("A month is written as 2026-05."),
    "ubl_refused": _("This document is not valid as UBL ({rule}): take the PDF, and tell us."),
    "validator_away": _("The file could not be checked just now. Try again in a minute."),
    "invoice_unknown": _("There is no invoice with this number."),
    "entity_needed": _("Two companies use this number: say which with --entity."),
    "file_unwritable": _("{file} cannot be written: {problem}"),
    "json_unreadable": _("This is no JSON: {problem}"),
    "credit_none": _("There is no credit to claim for this month."),
    "credit_too_late": _("It was to be claimed within 15 days after the month, until {until} (art. 28)."),
    "contract_busy": _("The contract changes faster than its documents can be issued. Try again."),
}

#: What became of a document, as the replay says it.
STATES: dict[str, Look] = {
    "invoice_open": Look("azure", "clock", _("To be paid")),
    "invoice_late": Look("red", "alert-triangle", _("Overdue")),
    "invoice_part_paid": Look("yellow", "circle-dashed", _("Partly paid")),
    "invoice_paid": Look("green", "circle-check", pgettext_lazy("invoice", "Paid")),
    "invoice_credited": Look("secondary", "arrow-back-up", pgettext_lazy("invoice", "Credited")),
    "credit_none": Look("green", "circle-check", _("Promise kept")),
    "credit_claimable": Look("yellow", "clock", _("To be claimed")),
    "credit_granted": Look("green", "arrow-back-up", _("Credited")),
    "credit_lapsed": Look("secondary", "clock", _("Not claimed in time")),
    "credit_refused": Look("secondary", "x", _("Claimed too late")),
    "credit_breach": Look("red", "alert-triangle", _("Promise not kept")),
    "invoice_issued": Look("secondary", "file-text", pgettext_lazy("credit note", "Issued")),
}
