"""Documents for tests, from lines by plain arithmetic. Companies and numbers are made up and pass their checksums."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from sofy.billing.document import (
    Address,
    Because,
    Category,
    Discount,
    Document,
    Line,
    Origin,
    Party,
    Payment,
    Period,
    Seller,
    Vat,
)
from sofy.billing.einvoice.mentions import mentions

ISSUED = date(2026, 6, 1)
MAY = Period(start=date(2026, 5, 1), end=date(2026, 5, 31))
BECAUSE = Because(article="CGVU 9.2", sentence="Les prix sont exprimés hors taxes.")

SELLER = Seller(
    party=Party(
        name="OPTIMA FRANCE",
        address=Address(street="1 rue de la Paix", postcode="75002", town="Paris"),
        siren="919288548",
        siret="91928854800010",
        vat_id="FR68919288548",
        electronic_address="919288548",
        email="factures@optima.example",
    ),
    legal_form="SAS",
    capital_eur=Decimal(150000),
    rcs="RCS Paris 919 288 548",
    iban="FR7630006000011234567890189",
    bic="AGRIFRPP",
    creditor_id="FR72ZZZ123456",
)
FRENCH = Party(
    name="Boulangerie du Port & Fils",
    address=Address(street="12 quai des Docks", postcode="76600", town="Le Havre"),
    siren="123456782",
    siret="12345678210001",
    vat_id="FR11123456782",
    electronic_address="123456782",
)
REUNION = Party(
    name="Épicerie du Volcan",
    address=Address(street="3 rue Pasteur", postcode="97400", town="Saint-Denis"),
    siren="123456782",
    electronic_address="123456782_FACTURES",
)
BELGIAN = Party(
    name="Chocolaterie de Namur SRL",
    address=Address(street="Rue de Fer 10", postcode="5000", town="Namur", country="BE"),
    vat_id="BE0123456749",
    electronic_address="0123456749",
    electronic_scheme="0208",
)
GERMAN_WITHOUT_NUMBER = Party(
    name="Bäckerei Müller",
    address=Address(street="Hauptstraße 5", postcode="10115", town="Berlin", country="DE"),
    electronic_address="9999000000001",
    electronic_scheme="0088",
)
SWISS = Party(
    name="Confiserie du Léman SA",
    address=Address(street="Rue du Rhône 8", postcode="1204", town="Genève", country="CH"),
    electronic_address="7640100000001",
    electronic_scheme="0088",
)

#: Category -> what a document says where there is no VAT.
REASONS: dict[str, tuple[str, str]] = {
    "S": ("", ""),
    "AE": ("VATEX-EU-AE", "Autoliquidation, article 196 de la directive 2006/112/CE"),
    "G": ("VATEX-EU-G", "TVA non applicable, article 259-1 du CGI"),
    "O": ("VATEX-EU-O", "Hors champ de la TVA"),
    "E": ("", "TVA non applicable, article 294-1 du CGI"),
}


def cents(value: Decimal) -> Decimal:
    """Half-up, written out once more on purpose."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def line(
    quantity: str = "1",
    price: str = "1000",
    *,
    category: Category = "S",
    rate: str = "20",
    share: tuple[int, int] | None = None,
    **changes: Any,
) -> Line:
    """One line. Its number is put right by `document`."""
    net = Decimal(quantity) * Decimal(price)
    if share is not None:
        net = net * share[0] / share[1]
    values: dict[str, Any] = {
        "number": 1,
        "code": "soreach",
        "label": "SoReach, par point de vente",
        "quantity": Decimal(quantity),
        "unit_price_eur": Decimal(price),
        "net_eur": cents(net),
        "vat_category": category,
        "vat_rate": Decimal(rate) if category == "S" else Decimal(0),
        "because": BECAUSE,
        "share": share,
        "period": MAY,
    }
    return Line(**(values | changes))


def vat_of(lines: tuple[Line, ...]) -> tuple[Vat, ...]:
    """VAT per category and rate, on the summed base."""
    bases: dict[tuple[Category, Decimal], Decimal] = {}
    for row in lines:
        key = (row.vat_category, row.vat_rate)
        bases[key] = bases.get(key, Decimal(0)) + row.net_eur
    return tuple(
        Vat(
            category=category,
            rate=rate,
            base_eur=base,
            vat_eur=cents(base * rate / 100),
            reason_code=REASONS[category][0],
            reason=REASONS[category][1],
        )
        for (category, rate), base in bases.items()
    )


def discount_of(vat: tuple[Vat, ...], gross_eur: Decimal, issued_on: date) -> Discount:
    """1 % before VAT until the eighth day, VAT reduced with it."""
    nets = [(cents(row.base_eur / 100), row.rate) for row in vat]
    net = sum((amount for amount, _rate in nets), Decimal(0))
    tax = sum((cents(amount * rate / 100) for amount, rate in nets), Decimal(0))
    return Discount(
        percent=Decimal(1),
        until=issued_on + timedelta(days=8),
        net_eur=net,
        vat_eur=tax,
        payable_eur=gross_eur - net - tax,
    )


def document(*lines: Line, discounted: bool = False, **changes: Any) -> Document:
    """An invoice of these lines to a bakery in Le Havre, or whatever `changes` make of it."""
    rows = tuple(msgspec.structs.replace(row, number=position) for position, row in enumerate(lines or (line(),), 1))
    vat = vat_of(rows)
    net = sum((row.net_eur for row in rows), Decimal(0))
    tax = sum((row.vat_eur for row in vat), Decimal(0))
    paid = changes.get("paid_eur", Decimal(0))
    issued = changes.get("issued_on", ISSUED)
    buyer = changes.get("buyer", FRENCH)
    discount = discount_of(vat, net + tax, issued) if discounted else None
    values: dict[str, Any] = {
        "kind": "invoice",
        "number": "FA-2026-000123",
        "issued_on": issued,
        "seller": SELLER,
        "buyer": buyer,
        "lines": rows,
        "vat": vat,
        "net_eur": net,
        "vat_eur": tax,
        "gross_eur": net + tax,
        "payable_eur": net + tax - paid,
        "payment": Payment(
            means="transfer",
            due_on=issued + timedelta(days=30),
            reference="RF31FA2026000123",
            discount=discount,
        ),
        "because": BECAUSE,
        "order_form": "BC-2026-0007",
        "period": MAY,
        "notes": mentions(
            treatment="B2B" if buyer.siren else "B2BINT",
            discount=discount,
            vat_on=changes.get("vat_on", "receipts"),
        ),
    }
    return Document(**(values | changes))


def credit_note(*lines: Line, **changes: Any) -> Document:
    """A credit note on the invoice of the day before."""
    values: dict[str, Any] = {
        "kind": "credit_note",
        "number": "AV-2026-000009",
        "corrects": (Origin(number="FA-2026-000122", issued_on=ISSUED - timedelta(days=1)),),
        "payment": Payment(means="transfer", due_on=ISSUED),
    }
    return document(*lines, **(values | changes))


def debit_note(**changes: Any) -> Document:
    """Interest and the 40 euros of a late invoice: outside the scope of VAT, so on their own."""
    rows = (
        line("1", "8.99", category="O", code="interest", label="Pénalités de retard, 29 jours à 7,86 %"),
        line("1", "40", category="O", code="recovery", label="Indemnité forfaitaire pour frais de recouvrement"),
    )
    return document(*rows, **({"kind": "debit_note", "number": "ND-2026-000001", "order_form": ""} | changes))


def debit_payment(issued_on: date = ISSUED) -> Payment:
    """A collection by SEPA on the due date."""
    due = issued_on + timedelta(days=30)
    return Payment(means="sepa_debit", due_on=due, mandate="RUM-2026-0001", collect_on=due)
