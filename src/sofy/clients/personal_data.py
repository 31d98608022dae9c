"""Columns of this room that can tell something about a person."""

from sofy.kit.personal_data import about_nobody, declare

#: The contract asks for deletion within 30 days of its end (DPA 13): nothing of a client outlives it here.
CONTRACT = "as long as the client is one"
END = "sofy.engine.keystore.KeyStore.destroy"
declare("clients_establishment", "street", purpose="where a point of sale is", retention=CONTRACT, by=END)
declare(
    "clients_establishment",
    ["name", "postcode", "town", "latitude", "longitude"],
    purpose="where a point of sale is, distances in segments",
    retention=CONTRACT,
    by=END,
    in_clear="it is the public address of a shop, and radius searches need SQL",
)
declare(
    "clients_invitation",
    "email",
    purpose="to invite a colleague",
    retention="30 days after the invitation ends",
    by="sofy.clients.tasks.forget_invitations",
)
declare(
    "clients_supportvisit",
    ["user_id", "reason"],
    purpose="so that a client sees who of the operator's staff read its workspace, and why",
    retention=CONTRACT,
    by=END,
    in_clear="an id, and a sentence that names no person: the audit chain has it too",
)

BUSINESS = "about a business or a shop"
about_nobody("clients_client", ["slug", "name", "state", "timezone", "hours", "suspension_cause"], BUSINESS)
about_nobody("clients_establishment", ["code", "insee", "timezone"], BUSINESS)
about_nobody("clients_invitation", ["role", "establishment_ids"], "what a colleague will be allowed to do")
about_nobody("clients_membership", "role", "what a colleague is allowed to do")
