"""What the engine's tables keep about people; this room declares them because the engine knows no registry."""

from sofy.kit.personal_data import declare

RETENTION = "three years after the message; erased with the client's keys"

declare(
    "engine_message", ["payload"], purpose="Number and text of a message, for sending and as proof", retention=RETENTION
)
declare("engine_inbound", ["payload"], purpose="What somebody sent back", retention=RETENTION)
declare(
    "engine_message",
    ["recipient_index", "contact_id", "zone"],
    purpose="Find the messages of one person",
    retention=RETENTION,
    in_clear="a keyed hash, an id and a time zone",
)
declare(
    "engine_state",
    ["recipient_index", "contact_id"],
    purpose="Write to a person once per campaign, and show who received what",
    retention=f"{RETENTION}; a campaign's figures stay, and lead to nobody",
    in_clear="a keyed hash and an id",
)
declare(
    "engine_event",
    ["contact_id", "kind", "at", "detail"],
    purpose="What became of each message, and segments by what people did: sent, delivered, clicked, replied, STOP",
    retention=RETENTION,
    in_clear="an id, a moment and codes; segments are counted in SQL",
)
declare(
    "engine_inbound",
    ["recipient_index", "contact_hint", "keyword"],
    purpose="Find what one person sent back",
    retention=RETENTION,
    in_clear="a keyed hash, an id and one of two words",
)
declare(
    "mo_lookup",
    ["number_index", "recipient_index", "contact_id", "before_recipient_index", "before_contact_id"],
    purpose="Know to which client an answer goes, STOP above all",
    retention="three years after the last message to the number",
    in_clear="keyed hashes under the platform's and the client's key, and ids",
)
declare(
    "gate_permission",
    ["recipient_index"],
    purpose="Let nothing leave to somebody who said no",
    retention="as long as the client exists: an opposition must outlive the contact",
    in_clear="a keyed hash",
)
declare(
    "platform_suppression",
    ["number_index"],
    purpose="Let nothing leave to somebody a regulator's list protects, whoever the client is",
    retention="as long as a file of a regulator names it; taken back by staff",
    in_clear="a keyed hash under the platform's key, which only the engine and the staff's list use",
)
