"""Columns of this room that can tell something about a person: words of platforms and buyers about an invoice."""

from sofy.kit.personal_data import about_nobody, declare

CODES = "codes, numbers, amounts and days of contracts between companies"
about_nobody("accounting_chart", "accounts", "numbers of accounts, the same for every client")
about_nobody("accounting_booked", "problem", CODES)
about_nobody("accounting_due", ["on", "day", "piece", "category"], CODES)
about_nobody("accounting_sale", ["day", "piece", "product"], CODES)
about_nobody(
    "accounting_health", ["oldest_due_on", "access", "deadline", "deadline_on", "insured_until", "dated_on"], CODES
)

#: C. com. L123-22: what was said of an invoice is kept as long as the invoice.
KEPT = "as long as the law asks to keep the books of the legal entity"
END = "sofy.engine.keystore.KeyStore.destroy"
declare("accounting_deposit", "problem", purpose="why a platform did not take an invoice", retention=KEPT, by=END)
declare("accounting_said", "reason", purpose="what a buyer or a platform said of an invoice", retention=KEPT, by=END)
about_nobody("accounting_deposit", ["number", "tracking_id", "flow_id", "state"], CODES)
about_nobody("accounting_said", ["message_id", "reason_code", "by_rate"], CODES)
about_nobody("accounting_mailbox", "url", "the address of a platform")
