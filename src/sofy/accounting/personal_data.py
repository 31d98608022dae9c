"""Columns of this room that can tell something about a person: none does; amounts, days and codes of companies."""

from sofy.kit.personal_data import about_nobody

CODES = "codes, numbers, amounts and days of contracts between companies"
about_nobody("accounting_chart", "accounts", "numbers of accounts, the same for every client")
about_nobody("accounting_booked", "problem", CODES)
about_nobody("accounting_due", ["on", "day", "piece", "category"], CODES)
about_nobody("accounting_sale", ["day", "piece", "product"], CODES)
about_nobody(
    "accounting_health", ["oldest_due_on", "access", "deadline", "deadline_on", "insured_until", "dated_on"], CODES
)
