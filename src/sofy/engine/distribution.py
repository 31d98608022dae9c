"""How the engine's tables lie on a cluster of PostgreSQL servers, one line of `sofy db distribute` each.

Rows of a client lie together on one server, so that a hot statement, which names one client, runs there whole. Two
platform tables are found by keys that are nobody's, and lie by those. What every server must read is small and on each.
Source: Citus documentation, create_distributed_table and create_reference_table.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

#: Tables of which a row belongs to one client.
BY_CLIENT: Final = (
    "engine_message", "engine_state", "engine_queue", "engine_claim", "engine_event", "engine_inbound", "engine_ladder",
    "engine_ladder_step", "engine_notice", "engine_delivery", "engine_request", "engine_request_log",
    "engine_capability", "lane_backlog", "gate_api_key", "gate_campaign", "gate_client", "gate_endpoint",
    "gate_establishment", "gate_fraud", "gate_misuse",
    "gate_permission", "gate_sender", "gate_smpp_account", "gate_template",
)  # fmt: skip
#: Platform tables -> the key they are found by.
BY_KEY: Final = {"receipt_key": "supplier_id", "mo_lookup": "number_index", "platform_suppression": "number_index"}
#: Statements that look across clients: rare ones of one engine's housekeeping, and small tables that say whose turn it
#: is. Every other statement names one client.
ACROSS: Final = frozenset({
    "busy_clients", "due_clients", "clients_with_steps", "clients_with_deadlines", "clients_to_forget",
    "finished_campaigns", "adopt", "held_by", "dead_leases", "renew_leases", "end_claims", "candidates",
    "writer_of", "forget_receipt_keys", "forget_capabilities",
    "forget_answers_given", "forget_requests", "claim_webhooks", "webhooks_to_tidy", "fraud_watch", "misuse_watch",
})  # fmt: skip


class Step(NamedTuple):
    """One table and the statement that lays it out."""

    table: str
    statement: str


def steps() -> Iterator[Step]:
    """In order: the tables of clients together, then the platform's."""
    first = BY_CLIENT[0]
    for table in BY_CLIENT:
        beside = "" if table == first else f", colocate_with => '{first}'"
        yield Step(table, f"SELECT create_distributed_table('{table}', 'client_id'{beside})")
    for table, key in BY_KEY.items():
        yield Step(table, f"SELECT create_distributed_table('{table}', '{key}', colocate_with => 'none')")
