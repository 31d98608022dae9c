"""Columns of this room that can tell something about a person.

The operator is the controller of all of it: books are kept for ten years, whatever becomes of the client's own data.
"""

from sofy.kit.personal_data import about_nobody, declare

#: C. com. L123-22; nothing is removed by hand: the end of the legal entity's key is the end of what it invoiced.
KEPT = "as long as the law asks to keep the books of the legal entity"
END = "sofy.engine.keystore.KeyStore.destroy"

for table, column, purpose in (
    ("billing_event", "data", "what happened to a contract: payments, notices, usage"),
    ("billing_invoice", "document", "what a client was invoiced, word for word"),
    ("billing_problem", "reasons", "why a document cannot be issued"),
):
    declare(table, column, purpose=purpose, retention=KEPT, by=END)

CODES = "codes, numbers, amounts and days of a contract between companies"
about_nobody("billing_event", ["type", "source", "source_key", "actor"], CODES)
about_nobody("billing_series", ["kind", "last_issued_on"], CODES)
about_nobody(
    "billing_invoice",
    ["key", "kind", "number", "issued_on", "due_on", "sha256", "pdf_sha256", "xml_sha256"],
    CODES,
)
about_nobody("billing_problem", "key", CODES)
about_nobody("billing_table", ["kind", "key", "data", "actor"], "published rates and indices, the same for everybody")
about_nobody("billing_run", ["month", "as_of", "actor"], CODES)
COUNTS = "how many messages of a kind there were; no recipient is among it"
about_nobody(
    "billing_usage",
    ["month", "day", "channel", "purpose", "country", "network", "status", "reason", "first_at"],
    COUNTS,
)
about_nobody("billing_usage_month", ["month", "counted_at", "open_from", "cuts", "told_at", "closed_at"], COUNTS)
about_nobody("billing_usage_told", ["month", "since", "channel", "purpose", "country", "network"], COUNTS)
