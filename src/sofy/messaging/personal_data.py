"""What the engine's tables keep about people; this room declares them because the engine knows no registry."""

from sofy.kit.personal_data import about_nobody, declare

RETENTION = "three years after the message; erased with the client's keys"
ENGINE = "sofy.engine.sweepers.Sweepers._forget_people"
HOURLY = "sofy.engine.sweepers.Sweepers._forget"

declare(
    "engine_message",
    ["payload"],
    purpose="Number and text of a message, for sending and as proof",
    retention=RETENTION,
    by=ENGINE,
)
declare("engine_inbound", ["payload"], purpose="What somebody sent back", retention=RETENTION, by=ENGINE)
declare(
    "engine_message",
    ["recipient_index", "contact_id", "zone"],
    purpose="Find the messages of one person",
    retention=RETENTION,
    by=ENGINE,
    in_clear="a keyed hash, an id and a time zone",
)
declare(
    "engine_state",
    ["recipient_index", "contact_id"],
    purpose="Write to a person once per campaign, and show who received what",
    retention=f"{RETENTION}; a campaign's figures stay, and lead to nobody",
    by=ENGINE,
    in_clear="a keyed hash and an id",
)
declare(
    "engine_event",
    ["contact_id", "kind", "at", "detail"],
    purpose="What became of each message, and segments by what people did: sent, delivered, clicked, replied, STOP",
    retention=RETENTION,
    by=ENGINE,
    in_clear="an id, a moment and codes; segments are counted in SQL",
)
declare(
    "engine_inbound",
    ["recipient_index", "contact_hint", "keyword"],
    purpose="Find what one person sent back",
    retention=RETENTION,
    by=ENGINE,
    in_clear="a keyed hash, an id and one of two words",
)
declare(
    "mo_lookup",
    ["number_index", "recipient_index", "contact_id", "before_recipient_index", "before_contact_id"],
    purpose="Know to which client an answer goes, STOP above all",
    retention="three years after the last message to the number",
    by=HOURLY,
    in_clear="keyed hashes under the platform's and the client's key, and ids",
)
declare(
    "engine_alias",
    ["identity_index", "recipient_index", "person_index", "number_index"],
    purpose="Obey a STOP of somebody whom WhatsApp names without a number",
    retention="three years after it was last told",
    by=HOURLY,
    in_clear="keyed hashes under the platform's and the client's key",
)
declare(
    "engine_capability",
    ["recipient_index", "capable", "features", "known_at", "until"],
    purpose="Try RCS only with phones that have it",
    retention="as long as the route believes it, a day unless said and thirty at most",
    by=HOURLY,
    in_clear="a keyed hash under the client's key, and what a phone can show",
)
declare(
    "gate_permission",
    ["recipient_index"],
    purpose="Let nothing leave to somebody who said no",
    retention="as long as the client is one: an opposition must outlive the contact; a consent five years after none of"
    " the client's contacts has the number or address",
    by="sofy.audience.tasks.forget_proofs",
    in_clear="a keyed hash",
)
declare(
    "platform_suppression",
    ["number_index"],
    purpose="Let nothing leave to somebody a regulator's list protects, whoever the client is",
    retention="as long as a file of a regulator names it; taken back by staff",
    by="sofy.messaging.services.stop_list.take_back",
    in_clear="a keyed hash under the platform's key, which only the engine and the staff's list use",
)
declare(
    "engine_inbound_part",
    ["message_key", "payload"],
    purpose="Put a long answer together, so that no STOP is lost between two parts",
    retention="until the message is whole, a week at most",
    by=HOURLY,
)

declare(
    "messaging_sender_proof",
    "content",
    purpose="Show an operator that a client may use a name; a letter is signed by somebody",
    retention="a year after the name was withdrawn",
    by="sofy.messaging.tasks.look_after_proofs",
)
declare(
    "messaging_template_version",
    ["contents", "samples", "design"],
    purpose="What a client writes to many, and the values it is shown with",
    retention="as long as the client is one; erased with the client's keys",
    by="sofy.messaging.services.templates.archive",
)
declare(
    "gate_template",
    "content",
    purpose="What a client writes to many, as programs use it",
    retention="as long as the template is in use",
    by="sofy.messaging.services.templates.archive",
)
declare(
    "engine_ladder",
    "payload",
    purpose="What a message says on its further channels",
    retention=RETENTION,
    by=ENGINE,
)
declare(
    "engine_callback",
    "body",
    purpose="What a supplier said of a message, until it is read",
    retention="until an engine has read it; a week where none can",
    by="sofy.engine.sweepers.Sweepers._forget",
)
declare(
    "messaging_log_file",
    "asked",
    purpose="What somebody searched in the message log, a number perhaps, to be written to a file",
    retention="a week",
    by="sofy.messaging.tasks.forget_log_files",
)

declare(
    "smpp_part",
    ["long_key", "payload"],
    purpose="Join the parts of a long message that a client's software submits",
    retention="until the message is whole; if it never is, until its receipt is taken, eight days at most",
    by=HOURLY,
)

CODES = "codes of the product or of a supplier"
ROUTE = "about a way to a supplier"
about_nobody(
    "engine_request", ["name", "fingerprint", "answer"], "hashes, and an answer that names messages by their ids"
)
about_nobody("gate_api_key", ["digest", "scopes", "networks"], "a program of the client, not a person")
about_nobody("gate_sender", ["channel", "name"], "the client's brand")
about_nobody("gate_establishment", "code", "a point of sale")
about_nobody("gate_client", "channels_off", CODES)
about_nobody("gate_client", "ladder", CODES)
about_nobody("engine_inbound", ["channel", "supplier_id"], "codes, and the channel's own name for a message")
about_nobody("engine_ladder", "channel", CODES)
about_nobody(
    "gate_smpp_account",
    ["name", "hint", "purpose", "password", "networks", "senders", "language"],
    "a program of the client, not a person",
)
about_nobody("gate_smpp_login", "digest", "a program of the client, not a person")
about_nobody("smpp_bind", ["kind", "peer"], "a program of the client, and the machine it runs on")
about_nobody("smpp_part", "ended", CODES)
about_nobody("gate_endpoint", ["kind", "events", "state", "disabled_because"], CODES)
about_nobody("gate_endpoint", ["url", "secret", "old_secret"], "a program of the client, not a person; sealed")
about_nobody(
    "engine_delivery",
    ["kinds", "ats", "orders", "messages", "inbounds", "data", "state", "problem"],
    "codes, moments and ids of messages; what is told of them is made anew each time",
)
about_nobody("engine_notice", ["kind", "data"], "codes, and what names nobody: of messages and people only the ids")
about_nobody("engine_instance", ["host", "version"], "a machine")
about_nobody("engine_message", ["channel", "purpose", "variant", "encoding", "destination"], CODES)
about_nobody("engine_message", ["sender", "short_code", "reference"], "the client's brand, its number, its own word")
RANGE = "a keyed hash of a thousand numbers or more, codes and figures, ids of messages and users"
about_nobody("engine_queue", "lane", CODES)
about_nobody("engine_capability", "agent", ROUTE)
about_nobody("engine_claim", ["lane", "messages", "attempts", "avoid_routes"], "a code, and ids of messages and routes")
about_nobody("engine_route", ["code", "name", "channel", "connector", "config", "short_code", "state"], ROUTE)
about_nobody("engine_route", ["purposes", "encodings"], ROUTE)
about_nobody("engine_route", ["countries", "prefixes", "sender_policy", "senders"], ROUTE)
about_nobody("engine_route_health", ["problem", "codes"], ROUTE)
about_nobody("engine_route_quality", "country", CODES)
about_nobody("price_network", ["prefix", "country", "network"], "beginnings of numbers, as operators were given them")
about_nobody("price_purchase", ["channel", "country", "network", "valid_from"], "a price of a route")
about_nobody("price_sale", ["channel", "purpose", "country", "network", "valid_from"], "a price of a client")
about_nobody("engine_state", ["variant", "status", "reason", "article", "supplier_code"], CODES)
about_nobody("gate_campaign", "state", CODES)
about_nobody(
    "gate_client", ["state", "hours", "contact_answer"], "a client: its hours, and the text that answers CONTACT"
)
about_nobody("gate_permission", ["channel", "purpose", "state"], CODES)
about_nobody("lane_backlog", "lane", CODES)
about_nobody("messaging_sender", ["name", "created_by", "decided_by"], "a brand, and ids of users")
about_nobody("messaging_sender", ["channel", "state", "reason"], "codes, and what staff answers about a brand")
about_nobody(
    "messaging_sender_proof", ["kind", "media_type", "created_by", "expires_on"], "codes, the id of a user, a day"
)
about_nobody("messaging_reserved_name", ["name", "likeness", "rule", "created_by"], "brands, and the id of a user")
about_nobody(
    "messaging_template", ["code", "name", "purpose", "created_by"], "what a message is called, and the id of a user"
)
about_nobody("messaging_template_version", "created_by", "the id of a user")
about_nobody(
    "messaging_whatsapp_template", ["name", "language", "category", "state", "event", "quality", "supplier_id"], CODES
)
about_nobody("messaging_whatsapp_template", "reason", "why a supplier refused a text that is for many")
about_nobody("messaging_log_file", ["language", "actor"], "a code, and the id of a user")
about_nobody("gate_fraud", ["purpose", "range_hash", "verdict"], RANGE)
about_nobody("fraud_safe", ["range_hash", "reason", "since_by"], RANGE)
about_nobody("fraud_suspicion", ["purpose", "range_hash", "country", "verdict", "state"], RANGE)
about_nobody("fraud_suspicion", ["reasons", "series", "samples", "closed_by"], RANGE)
about_nobody("fraud_suspicion", "note", "why staff closed a range: the form asks to name nobody")
about_nobody(
    "gate_misuse", ["text_hash", "verdict", "reasons", "samples", "decided_by"], "a keyed hash of a text to many"
)
about_nobody("gate_template", ["code", "channel", "purpose", "state"], CODES)
about_nobody("engine_request_log", ["method", "path", "code"], "addresses as the API describes them, and codes")
about_nobody("messaging_stopfile", ["name", "reason", "withdrawn_for"], "which list, which text, which ticket")
about_nobody("messaging_stopfile", ["state", "digest", "file_format", "encoding", "delimiter", "error"], CODES)
about_nobody("messaging_stopfile", ["mapping", "problems", "remarks"], "meanings of columns, row numbers and codes")
about_nobody("messaging_stopfile", ["created_by", "changed_by"], "the id of a user, or a part of the product")
about_nobody("mo_lookup", "short_code", ROUTE)
about_nobody("platform_suppression", ["channel", "files"], "codes and ids")
about_nobody("receipt_key", ["supplier_id", "status"], CODES)
about_nobody("receipt_parked", ["keys", "status", "code", "action"], CODES)
about_nobody("engine_route", "mail_dns", ROUTE)
about_nobody("messaging_email_domain", ["domain", "findings"], "a domain of the client, and what DNS says in public")
about_nobody("messaging_email_domain", "created_by", "an id of a user, or who acts for the product")
about_nobody("service_record", ["kind", "party", "channel", "proof", "noted_by", "withdrawn_by"], "outages of networks")
about_nobody("service_record", ["begins_at", "ends_at", "announced_at"], "outages of networks")
about_nobody("gate_campaign", "pauses", CODES)
about_nobody("service_slice", "day", "a day")
about_nobody("service_day", ["day", "purpose", "channel", "verdict", "reason"], CODES)
about_nobody("service_lost", ["day", "purpose", "channel", "verdict", "reason"], CODES)
