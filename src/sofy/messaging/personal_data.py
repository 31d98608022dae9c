"""What the engine's tables keep about people; this room declares them because the engine knows no registry."""

from sofy.kit.personal_data import declare

RETENTION = "as long as the client's settings say, at most three years; erased with the client's keys"

declare(
    "engine_message", ["payload"], purpose="Number and text of a message, for sending and as proof", retention=RETENTION
)
declare("engine_inbound", ["payload"], purpose="What somebody sent back", retention=RETENTION)
declare(
    "engine_inbound_part",
    ["payload"],
    purpose="Parts of a long answer, until the others come",
    retention="half an hour, or what the route waits for them; seven days when the route is gone",
)
declare(
    "engine_message",
    ["recipient_index", "contact_id", "zone"],
    purpose="Find the messages of one person",
    retention=RETENTION,
    in_clear="a keyed hash, an id and a time zone",
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
