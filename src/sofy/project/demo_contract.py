"""What the client of the demo signed: an order form with its company, accepted on screen like any other."""

from typing import Any, Final

from sofy.kernel import clock

ACTOR: Final = "demo"
CODE: Final = "optima"
COMPANY: Final = {
    "name": "OPTIMA FRANCE",
    "legal_form": "SAS",
    "capital_eur": "150000",
    "rcs": "RCS Paris 919 288 548",
    "siren": "919288548",
    "vat_id": "FR68919288548",
    "address": {"street": "1 rue de l’Exemple", "postcode": "75001", "town": "Paris"},
    "iban": "FR7630006000011234567890189",
    "bic": "AGRIFRPP",
    "creditor_id": "FR72ZZZ123456",
    "email": "contrats@sofy.example",
    "dpo": "dpo@sofy.example",
}
PARTY: Final = {
    "name": "Boulangeries Martin",
    "siren": "552100554",
    "address": {"street": "2 place du Marché", "postcode": "69001", "town": "Lyon"},
    "electronic_address": "552100554",
    "email": "compta@boulangerie-martin.example",
}


def company(code: str = CODE, series: str = "OPT") -> Any:
    """The company of the operator that signs; made when it is first asked for."""
    from sofy.contracts import queries
    from sofy.contracts.services import entities

    known = next((row.id for row in queries.entities() if row.code == code), None)
    return known or entities.keep(data=dict(COMPANY), code=code, series=series, actor=ACTOR).pk


def sign(client: Any, *, poi: int, signer: str, actor: str) -> Any:
    """An order form in force from today on: points of sale, messaging, onboarding."""
    items = [
        {"code": "soreach", "product": "soreach", "label": "SoReach", "per": "poi", "quantity": poi,
         "unit_price_eur": "30.00", "list_price_eur": "32.00"},
        {"code": "onboarding", "product": "onboarding", "label": "Mise en service", "every": "once",
         "unit_price_eur": "1500.00"},
    ]  # fmt: skip
    today = clock.now().astimezone(clock.PARIS).date()
    form = {"starts_on": today.isoformat(), "term_months": 12, "renewal_months": 12, "items": items}
    return accepted(client, company(), form, signer=signer, actor=actor)


def accepted(client: Any, company_id: Any, form: dict[str, Any], *, signer: str, actor: str) -> Any:
    """An order form drafted, sent and accepted on screen."""
    from sofy.contracts.services import acceptances, order_forms

    content = {"client": {**PARTY, "name": client.name}, "order_form": form}
    row = order_forms.draft(client.pk, entity_id=company_id, content=content, actor=ACTOR)
    version = order_forms.send(client.pk, row.pk, actor=ACTOR)
    return acceptances.accept(client.pk, row.pk, sha256=version.sha256, guides_read=True, actor=actor, signer=signer)
