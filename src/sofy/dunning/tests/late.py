"""A client that is late, for tests: two invoices of April 2026, of which the first was due at once (CGVU 5.1)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sofy.billing.services import events, runs
from sofy.billing.tests.signed import Content, signed
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.values import PARIS
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.dunning.services import access
from sofy.kernel import clock
from sofy.kit.rls import client_scope


def at(text: str) -> None:
    """Set the clock, as people in Paris read it."""
    moment = datetime.fromisoformat(text).replace(tzinfo=PARIS)
    clock.install(lambda: moment)


@dataclass
class Late:
    """A contract whose first invoice, 1,800.00 due 2026-04-01, is not paid."""

    client: Client
    form: OrderForm
    numbers: list[str]
    told: int = 0

    def happens(self, type: str, on: str, **facts: Any) -> None:
        """Something happens to the contract, and the worker carries out what follows."""
        self.told += 1
        event = {"type": type, "at": on, **facts}
        events.record(self.client.pk, self.form.pk, event, source="test", source_key=str(self.told), actor=ACTOR)

    def noticed(self, delivered: str | None = "2026-04-30T09:12", proof: str = "acknowledgement") -> None:
        """A formal notice left on 2026-04-29, about the first invoice."""
        self.happens("notice_sent", "2026-04-29T17:02", invoices=[self.numbers[0]])
        if delivered:
            self.happens("notice_delivered", delivered, proof=proof)

    def on(self, moment: str) -> tuple[str, str]:
        """Carry out what follows at a moment; how the client stands then, and for which cause."""
        at(moment)
        access.carry_out(self.client.pk)
        return self.stands()

    def stands(self) -> tuple[str, str]:
        """How the client stands, and for which cause."""
        with client_scope(self.client.pk):
            row = Client.objects.get(pk=self.client.pk)
        return row.state, row.suspension_cause


def late_client(name: str = "Boulangerie Martin", **changes: Any) -> Late:
    """A contract signed on 2026-04-01, invoiced for April on the first of May."""
    at("2026-05-01T08:00")
    entity = make_entity()
    client = make_client(name)
    form = signed(client, entity, **changes)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    from sofy.billing.models import Invoice
    from sofy.kit.rls import staff_scope

    with staff_scope():
        rows = Invoice.objects.using("staff").filter(client_id=client.pk).order_by("number")
        numbers = list(rows.values_list("number", flat=True))
    return Late(client, form, numbers)
