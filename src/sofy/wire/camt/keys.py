"""What makes a line of an account known again, whichever file it comes in."""

import hashlib
from collections import Counter

import msgspec

from sofy.wire.camt.values import Entry

#: What banks write where they have no reference.
NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOTAVAILABLE", "NONE", "0"})


class Keys:
    """The keys of the lines of one statement."""

    def __init__(self, account: str, statement_id: str, *, trust_references: bool = True) -> None:
        self.account, self.statement_id, self.trust_references = account, statement_id, trust_references
        self._seen: Counter[bytes] = Counter()

    def given(self, entry: Entry) -> Entry:
        """The line with its key: account, statement and the bank's reference; without one, what the line says.

        Equals are counted. What is hashed, and in which order, must stay as it is: lines already taken in are known by
        it.
        """
        if self.trust_references and entry.reference.upper() not in NO_REFERENCE:
            said = ["reference", entry.reference]
        else:
            said = ["content", *_content(entry)]
        parts = [self.account, self.statement_id, *said]
        base = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()[:16]
        rank = self._seen[base]
        self._seen[base] += 1
        return msgspec.structs.replace(entry, key=base.hex() if not rank else f"{base.hex()}-{rank}")


def _content(entry: Entry) -> list[str]:
    """What tells a line from another when the bank gives it no reference."""
    said = [
        str(entry.booked_on or ""),
        str(entry.value_on or ""),
        f"{entry.amount:f}".rstrip("0").rstrip("."),
        entry.currency,
        "C" if entry.credit else "D",
        entry.code,
        entry.text,
    ]
    for total in entry.totals:
        said += [total.message_id, total.payment_id]
    for one in entry.details:
        said += [one.message_id, one.payment_id, one.instruction_id, one.end_to_end_id, one.transaction_id]
        said += [one.reference, one.mandate_id]
        said += [one.debtor, one.debtor_iban, one.creditor, one.creditor_iban, *one.texts, *one.references]
    return said
