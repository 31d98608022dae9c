"""Columns of this room that can tell something about a person.

The operator is the controller of all of it: it stays as long as claims from a contract can be made, whatever becomes
of the client's own data.
"""

from sofy.kit.personal_data import about_nobody, declare

CONTRACT = "as long as the contract, and the duties that outlive it, bind somebody"
#: Nothing is removed by hand: the end of the legal entity's key is the end of what it signed.
END = "sofy.engine.keystore.KeyStore.destroy"

declare(
    "contracts_legal_entity",
    "data",
    purpose="who signs, invoices and is paid for the operator; its data protection officer",
    retention="as long as the company is one of the operator",
    by=END,
)
for table, columns, purpose in (
    ("contracts_order_form", "content", "what a client is offered: its company, address, prices"),
    ("contracts_order_form_version", "content", "what a client was sent, word for word"),
    ("contracts_acceptance", ["signer", "proof"], "who signed for a client, and the paper that shows it"),
    ("contracts_notice", ["text", "sent_proof", "proof"], "what was told to whom, and that it arrived"),
    ("contracts_insurance", ["insurer", "policy"], "that both sides are insured"),
    ("contracts_transfer_consent", ["to", "proof"], "to whom a contract was handed on"),
):
    declare(table, columns, purpose=purpose, retention=CONTRACT, by=END)

CODES = "codes, numbers and days of a contract between companies"
about_nobody("contracts_legal_entity", ["code", "series"], CODES)
about_nobody("contracts_series", "kind", CODES)
about_nobody("contracts_order_form", ["number", "state", "starts_on", "licences"], CODES)
about_nobody("contracts_order_form_version", ["sha256", "sent_by"], "a hash, and the id of who sent it")
about_nobody(
    "contracts_document",
    ["kind", "version", "title", "text", "sha256", "effective_on"],
    "published terms, the same for everybody",
)
about_nobody(
    "contracts_acceptance",
    ["document", "version", "sha256", "how", "actor", "proof_sha256"],
    "what was accepted and how, hashes, and the id of who did it",
)
about_nobody(
    "contracts_product_change",
    ["kind", "product", "title", "text", "equivalence", "effective_on", "actor"],
    "what changes in the product, the same for everybody",
)
about_nobody("contracts_notice", ["kind", "channel", "about", "sha256", "proof_kind", "actor"], CODES)
about_nobody("contracts_insurance", ["expires_on", "actor"], CODES)
about_nobody("contracts_onboarding", ["step", "done_on", "done_by"], CODES)
about_nobody("contracts_transfer_consent", ["consented_on", "actor"], CODES)

declare(
    "contracts_contact",
    ["name", "email", "phone"],
    purpose="whom the operator writes to at a client about invoices, or about incidents",
    retention="until the client names somebody else, or ends",
    by="sofy.engine.keystore.KeyStore.destroy",
)
about_nobody("contracts_contact", ["kind", "actor"], CODES)
