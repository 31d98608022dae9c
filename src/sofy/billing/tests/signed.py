"""Signed contracts for tests, and a validator that answers at once."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sofy.billing.einvoice.validator import Finding, NotValidated, Validator
from sofy.clients.models import Client
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.contracts.rules.values import moment
from sofy.contracts.services import acceptances, order_forms
from sofy.contracts.tests.factories import ACTOR, content


class Content(Validator):
    """Official rules that have nothing to say, or that refuse what they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse: Callable[[bytes], bool] | None = None
        self.broken = False

    def submit(self, xml: bytes, syntax: Any) -> "Future[list[Finding]]":
        """Answer without a child."""
        answer: Future[list[Finding]] = Future()
        if self.broken:
            answer.set_exception(NotValidated("no answer"))
        elif self.refuse is not None and self.refuse(xml):
            answer.set_result([Finding(rule="BR-TEST", where="/", text="refused", fatal=True)])
        else:
            answer.set_result([])
        return answer


def bought(*, onboarding: bool = True) -> list[dict[str, Any]]:
    """The lines of an order form."""
    items: list[dict[str, Any]] = [
        {"code": "soview", "product": "soview", "label": "SoView", "per": "poi", "quantity": 20,
         "unit_price_eur": "30.00", "list_price_eur": "32.00"},
        {"code": "start", "product": "onboarding", "label": "Onboarding", "every": "once",
         "unit_price_eur": "1500.00"},
    ]  # fmt: skip
    return items if onboarding else items[:1]


def signed(client: Client, entity: LegalEntity, *, actor: str = ACTOR, **changes: Any) -> OrderForm:
    """An order form in force since the first of April 2026, whose client can be invoiced."""
    given = content(items=bought(), **changes) if "items" not in changes else content(**changes)
    given["client"] |= {
        "electronic_address": "732829320",
        "address": {"street": "3 rue du Four", "town": "Lyon", "postcode": "69001"},
    }
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=given, actor=actor)
    order_forms.send(client.pk, form.pk, actor=actor)
    return acceptances.record_signature(
        client.pk, form.pk, signed_on=moment("2026-04-01").date(), signer="Claire Martin", proof=b"%PDF-1.7 scan",
        actor=actor,
    )  # fmt: skip
