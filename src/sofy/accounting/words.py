"""How this room's journal entries and refusals are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, "str | Promise"] = {
    "chart.changed": _("Accounts of the books changed"),
    "invoice.deposited": _("Invoice handed over to the approved platform"),
    "invoice.status_heard": _("Status of an invoice heard from the approved platform"),
    "books.exported": _("File of the books taken"),
}

FACTS: dict[str, "str | Promise"] = {
    "accounts": _("accounts"),
    "file": _("file"),
    "entity": _("legal entity"),
    "period": _("period"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "account_unreadable": _("These accounts cannot be kept: {problem}"),
    "siren_missing": _("{entity} has no SIREN, which names the file: add it under Legal entities."),
    "two_years": _("The days are in two financial years. One file is for one year, here from {first} to {last}."),
    "books_unreadable": _("{order_form} cannot be worked out, so the books are not whole. Its page says why."),
    "books_behind": _("{contracts} contracts changed and are being worked out. Try again in some minutes."),
    "company_needed": _("There are several companies: say which with --entity."),
    "period_unreadable": _("A period is from a day to a later one, as 2026-01-01 and 2026-03-31, ten years at most."),
}

#: VAT categories, as a declaration has them.
CATEGORIES: dict[str, "str | Promise"] = {
    "S": _("Taxed in France"),
    "AE": _("Reverse charge, other country of the EU"),
    "G": _("Outside the EU"),
    "O": _("Outside the scope of VAT"),
    "E": _("Exempt"),
}

#: Files of a period.
FILES: dict[str, "str | Promise"] = {
    "fec": _("FEC of the tax administration"),
    "documents": _("Documents (CSV)"),
    "lines": _("Lines of documents (CSV)"),
    "vat": _("VAT (CSV)"),
    "revenue": _("Revenue (CSV)"),
}

_PRODUCTS: dict[str, "str | Promise"] = {
    "usage": _("Messages"),
    "interest": _("Interest for late payment"),
    "recovery": _("40 euros per late invoice"),
    "discount": _("Discounts for paying early"),
    "less": _("Deductions"),
    "onboarding": _("Onboarding"),
    "soview": "SoView",
    "soconnect": "SoConnect",
    "soreach": "SoReach",
}


def product(code: str) -> str:
    """What was sold, by the code of its lines."""
    return str(_PRODUCTS.get(code, code))
