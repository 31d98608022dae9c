"""Columns of this room that can tell something about a person; the operator is the controller of all of it."""

from sofy.kit.personal_data import about_nobody, declare

#: C. com. L123-22 and L110-4; nothing is removed by hand: the end of the legal entity's key is the end of it.
KEPT = "as long as the law asks to keep the books of the legal entity"
END = "sofy.engine.keystore.KeyStore.destroy"

declare(
    "dunning_act", ["text", "paper", "proof"], purpose="what a late payer was asked for, and that it got there",
    retention=KEPT, by=END,
)  # fmt: skip
declare("dunning_link", "acknowledged_by", purpose="who said that a formal notice was received", retention=KEPT, by=END)

CODES = "codes, numbers, amounts and days of a contract between companies"
about_nobody("dunning_act", ["key", "what", "invoices", "promised_on", "sha256", "actor"], CODES)
about_nobody("dunning_link", "token_sha256", "a hash")
about_nobody(
    "dunning_standing",
    ["as_of", "oldest_due_on", "next_due_on", "next_act", "next_act_on", "reminded_on", "problem"],
    CODES,
)
