"""Columns of this room that can tell something about a person."""

from sofy.kit.personal_data import about_nobody, declare

CONTACTS = "as long as the client keeps the contact; 30 days after it is removed"
PROOF = "five years after none of the client's contacts has the number or address"
REFUSAL = "as long as the client is one: who said no must stay stopped when their contact and its proof are gone"
IMPORTS = "30 days after the import"
DAILY = "sofy.audience.tasks.expire_old"
PROOFS = "sofy.audience.tasks.forget_proofs"
END = "sofy.engine.keystore.KeyStore.destroy"

declare(
    "audience_contact",
    ["first_name", "last_name", "title"],
    purpose="to address a person",
    retention=CONTACTS,
    by=DAILY,
)
declare("audience_contact", "street", purpose="to find the nearest shop", retention=CONTACTS, by=DAILY)
declare(
    "audience_contact",
    ["birth_date", "postcode", "town", "town_key", "latitude", "longitude"],
    purpose="segments by age, place and distance",
    retention=CONTACTS,
    by=DAILY,
    in_clear="segments are counted in SQL over a million contacts",
)
declare("audience_identity", "value", purpose="to write to a person", retention=CONTACTS, by=DAILY)
declare("audience_identity", "index", purpose="to find an identity again", retention=CONTACTS, by=DAILY)
declare("audience_name_token", "token", purpose="to find a person by name", retention=CONTACTS, by=DAILY)
declare("audience_contact_attribute", "sealed", purpose="the client's own fields", retention=CONTACTS, by=DAILY)
declare(
    "audience_contact_attribute",
    ["text", "number", "date", "bool"],
    purpose="the client's own fields, in segments",
    retention=CONTACTS,
    by=DAILY,
    in_clear="segments are counted in SQL; what looks like a phone, an e-mail or a name is sealed instead",
)
declare(
    "audience_consent_event",
    ["identity_index", "evidence"],
    purpose="proof of consent (DPA 5)",
    retention=PROOF,
    by=PROOFS,
)
declare(
    "audience_consent_state",
    "identity_index",
    purpose="what a person agreed to",
    retention=f"{PROOF}; a refusal {REFUSAL}",
    by=PROOFS,
)
declare("audience_suppression", "identity_index", purpose="who must not be written to", retention=REFUSAL, by=END)
declare(
    "audience_stopped",
    "identity_index",
    purpose="to count who a regulator's list stops",
    retention="as long as the list names the number and the client keeps it",
    by=DAILY,
    in_clear="a keyed hash",
)
declare("audience_import", "file_name", purpose="to recognise an import", retention=IMPORTS, by=DAILY)
declare("audience_import_row", "before", purpose="to undo an import", retention=IMPORTS, by=DAILY)
declare("audience_contact_merge", "image", purpose="to undo a merge", retention=CONTACTS, by=DAILY)
declare(
    "audience_contact",
    ["language", "zone"],
    purpose="to write to a person in their language and at their hours",
    retention=CONTACTS,
    by=DAILY,
    in_clear="segments are counted in SQL over a million contacts",
)

CODES = "codes of the product"
WHO = "the id of a user, or a part of the product"
CLIENTS_WORDS = "the client's own words for its work, not for a person"
for table in ("consent_event", "import", "contact_merge", "suppression", "bulk_edit"):
    about_nobody(f"audience_{table}", "actor", WHO)
about_nobody("audience_attribute", ["name", "label", "kind", "choices"], CLIENTS_WORDS)
about_nobody("audience_book", "name", CLIENTS_WORDS)
about_nobody("audience_bulk_edit", ["verb", "state", "asked", "places"], "codes and ids; a name searched is left out")
about_nobody("audience_consent_event", ["channel", "purpose", "state", "detail"], CODES)
about_nobody("audience_consent_event", ["source", "text_hash"], "where consent comes from, and which text was shown")
about_nobody("audience_consent_state", ["channel", "purpose", "state"], CODES)
about_nobody("audience_consent_text", ["hash", "text"], "what was shown to everybody")
about_nobody("audience_contact_attribute", ["name", "kind"], CLIENTS_WORDS)
about_nobody("audience_identity", "kind", CODES)
about_nobody("audience_import", ["kind", "state", "file_format", "encoding", "delimiter", "upload", "error"], CODES)
about_nobody("audience_import", ["legal_basis", "source", "text_hash"], "where a whole file comes from")
about_nobody("audience_import", ["mapping", "warnings", "alarms"], "headings of columns, and counts")
about_nobody("audience_import_row", ["action", "problems"], CODES)
about_nobody("audience_saved_view", ["name", "columns", "filter"], CLIENTS_WORDS)
about_nobody(
    "audience_segment", ["name", "kind", "tree"], "a question about contacts; sealed fields cannot be asked for"
)
about_nobody("audience_stopped_check", "version", "a moment")
about_nobody("audience_suppression", ["channel", "reason", "source"], CODES)
