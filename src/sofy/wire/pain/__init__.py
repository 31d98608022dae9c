"""Payment initiation: direct debits sent to the bank (pain.008) and what it refuses of them (pain.002)."""

from sofy.wire.pain.reader import read
from sofy.wire.pain.status import read_status, write_status
from sofy.wire.pain.values import (
    Address,
    Amendment,
    Batch,
    Block,
    Creditor,
    Debit,
    Debtor,
    Mandate,
    Rejection,
    Status,
)
from sofy.wire.pain.writer import blocks, problems, write

__all__ = [
    "Address",
    "Amendment",
    "Batch",
    "Block",
    "Creditor",
    "Debit",
    "Debtor",
    "Mandate",
    "Rejection",
    "Status",
    "blocks",
    "problems",
    "read",
    "read_status",
    "write",
    "write_status",
]
