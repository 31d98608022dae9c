"""How long the ledger proves what people agreed to: five years after nobody has their address any more.

The proof of a consent is needed as long as somebody may ask why they were written to. Who said no stays stopped for
ever, as a keyed hash: the state of the ledger, the client's list and the gate keep it when the proof is gone.
"""

from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.audience.sqlfiles import sql
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.rls import staff_scope

#: States noted, and people forgotten, in one transaction: imports of the client wait meanwhile.
NOTED, FORGOTTEN = 20_000, 1_000


def expire_all() -> int:
    """Do it for every client; answers how many events went."""
    with staff_scope():
        clients = list(Client.objects.using("staff").values_list("id", flat=True))
    return sum(expire(client_id=client_id) for client_id in clients)


@clause("DPA 12", "DPA 5")
def expire(*, client_id: UUID) -> int:
    """Note which addresses nobody has any more, and which came back; forget what is past its time.

    On the staff login: the login that writes the ledger has no way to take from it. Answers how many events went.
    """
    values = {"client": client_id, "now": clock.now(), "noted": NOTED, "people": FORGOTTEN}
    with staff_scope():
        cursor("staff").execute(sql("note_returned"), values)
    while True:
        with staff_scope():
            if not cursor("staff").execute(sql("note_left"), values).rowcount:
                break
    gone = 0
    while True:
        with staff_scope():
            cur = cursor("staff")
            ledger.lock(cur, client_id)
            people, events = cur.execute(sql("forget_consent"), values).fetchone() or (0, 0)
            if not people:
                return gone
            facts = {"size": people, "proofs": events}
            audit.append(client_id, "consent.forgotten", "worker", facts, using="staff")
        gone += events
