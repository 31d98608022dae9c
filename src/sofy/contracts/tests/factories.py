"""Entities, order forms and signatures for tests. Committed data: staff and clients have logins of their own."""

from datetime import date
from itertools import count
from typing import Any

from sofy.clients.models import Client
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.contracts.services import acceptances, entities, order_forms

_numbers = count(1)
ACTOR = "user:staff"
COMPANY: dict[str, Any] = {
    "name": "OPTIMA FRANCE",
    "legal_form": "SAS",
    "capital_eur": "150000",
    "rcs": "RCS Paris 919 288 548",
    "siren": "919 288 548",
    "vat_id": "FR68919288548",
    "address": {"street": "1 rue de l’Exemple", "postcode": "75001", "town": "Paris"},
    "iban": "FR76 3000 6000 0112 3456 7890 189",
    "bic": "AGRIFRPP",
    "creditor_id": "FR72ZZZ123456",
    "email": "contrats@sofy.example",
    "dpo": "dpo@sofy.example",
}


def make_entity(**changes: Any) -> LegalEntity:
    """A company of the operator."""
    number = next(_numbers)
    code, series = changes.pop("code", f"optima{number}"), changes.pop("series", f"O{number}")
    return entities.keep(data=COMPANY | changes, code=code, series=series, actor=ACTOR)


def content(**changes: Any) -> dict[str, Any]:
    """What a client orders: 20 points of sale of SoView, with onboarding, for a year."""
    items = [
        {"code": "soview", "product": "soview", "label": "SoView", "per": "poi", "quantity": 20,
         "unit_price_eur": "30.00", "list_price_eur": "32.00"},
        {"code": "start", "product": "onboarding", "label": "Onboarding", "every": "once",
         "unit_price_eur": "1500.00"},
    ]  # fmt: skip
    form = {"starts_on": "2026-04-01", "term_months": 12, "renewal_months": 12, "items": items} | changes
    party = {"name": "Boulangerie Martin", "siren": "732829320", "address": {"town": "Lyon", "postcode": "69001"}}
    return {"client": party, "order_form": form}


def sent(client: Client, entity: LegalEntity | None = None, **changes: Any) -> OrderForm:
    """An order form that waits for the client's signature."""
    entity = entity or make_entity()
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=content(**changes), actor=ACTOR)
    order_forms.send(client.pk, form.pk, actor=ACTOR)
    return form


def signed_on_paper(client: Client, day: date, entity: LegalEntity | None = None, **changes: Any) -> OrderForm:
    """An order form in force."""
    form = sent(client, entity, **changes)
    return acceptances.record_signature(
        client.pk, form.pk, signed_on=day, signer="Claire Martin", proof=b"%PDF-1.7 scan", actor=ACTOR
    )
