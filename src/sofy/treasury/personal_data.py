"""Columns of this room that can tell something about a person.

The operator is the controller of all of it: books are kept for ten years, whatever becomes of the client's own data.
"""

from sofy.kit.personal_data import about_nobody, declare

#: C. com. L123-22; nothing is removed by hand: the end of the legal entity's key is the end of what it was paid.
KEPT = "as long as the law asks to keep the books of the legal entity"
END = "sofy.engine.keystore.KeyStore.destroy"

for table, columns, purpose in (
    ("treasury_account", "iban", "the operator's own accounts"),
    ("treasury_file", "told", "the name of a file of the bank, its statements and balances"),
    ("treasury_entry", ["line", "outcome"], "what the bank said of a payment, and what it paid"),
    ("treasury_question", ["told", "answer"], "payments that no rule matched, and what a person made of them"),
    ("treasury_mandate", ["debtor", "iban"], "whom and which account a mandate allows to debit"),
    ("treasury_debit", "told", "which account the bank was told to debit"),
    ("treasury_batch", "content", "what the bank was asked to debit, word for word"),
):
    declare(table, columns, purpose=purpose, retention=KEPT, by=END)
declare(
    "treasury_account",
    "iban_index",
    purpose="finds the account of a statement",
    retention=KEPT,
    by=END,
    in_clear="a keyed hash of the operator's own account",
)

CODES = "codes, numbers, amounts and days of payments between companies"
about_nobody("treasury_account", ["form", "actor"], CODES)
about_nobody("treasury_file", ["sha256", "actor"], CODES)
about_nobody("treasury_entry", ["key", "booked_on", "state", "kind"], CODES)
about_nobody("treasury_question", ["booked_on", "state", "decided_by"], CODES)
about_nobody(
    "treasury_mandate",
    [
        "reference",
        "scheme",
        "signed_on",
        "closed_on",
        "revoked_on",
        "registered_on",
        "blocked",
        "actor",
    ],
    CODES,
)
about_nobody("treasury_batch", ["message_id", "state", "sha256", "actor"], CODES)
about_nobody(
    "treasury_debit",
    ["end_to_end_id", "payment_id", "collect_on", "sequence", "state", "reason", "changed_on"],
    CODES,
)
