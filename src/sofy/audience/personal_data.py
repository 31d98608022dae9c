"""Columns of this room that can tell something about a person."""

from sofy.kit.personal_data import declare

CONTACTS = "as long as the client keeps the contact; 30 days after it is removed"
LEDGER = "five years after the last event about the identity"
IMPORTS = "30 days after the import"

declare("audience_contact", ["first_name", "last_name", "title"], purpose="to address a person", retention=CONTACTS)
declare("audience_contact", "street", purpose="to find the nearest shop", retention=CONTACTS)
declare(
    "audience_contact",
    ["birth_date", "postcode", "town", "town_key", "latitude", "longitude"],
    purpose="segments by age, place and distance",
    retention=CONTACTS,
    in_clear="segments are counted in SQL over a million contacts",
)
declare("audience_identity", "value", purpose="to write to a person", retention=CONTACTS)
declare("audience_identity", "index", purpose="to find an identity again", retention=CONTACTS)
declare("audience_name_token", "token", purpose="to find a person by name", retention=CONTACTS)
declare("audience_contact_attribute", "sealed", purpose="the client's own fields", retention=CONTACTS)
declare(
    "audience_contact_attribute",
    ["text", "number", "date", "bool"],
    purpose="the client's own fields, in segments",
    retention=CONTACTS,
    in_clear="segments are counted in SQL; what looks like a phone, an e-mail or a name is sealed instead",
)
declare("audience_consent_event", ["identity_index", "evidence"], purpose="proof of consent (DPA 5)", retention=LEDGER)
declare("audience_consent_state", "identity_index", purpose="what a person agreed to", retention=LEDGER)
declare("audience_suppression", "identity_index", purpose="who must not be written to", retention=LEDGER)
declare(
    "audience_stopped",
    "identity_index",
    purpose="to count who a regulator's list stops",
    retention="as long as the list names the number and the client keeps it",
    in_clear="a keyed hash",
)
declare("audience_import", "file_name", purpose="to recognise an import", retention=IMPORTS)
declare("audience_import_row", "before", purpose="to undo an import", retention=IMPORTS)
declare("audience_contact_merge", "image", purpose="to undo a merge", retention=CONTACTS)
