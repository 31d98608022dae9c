"""Order forms for tests and for eyes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from sofy.contracts.paper.order_form import Accepted
from sofy.contracts.rules.shapes import (
    Address,
    Entity,
    Item,
    OrderForm,
    Party,
    Payment,
    Revision,
    ServiceLevel,
    Tier,
    UsagePrice,
)
from sofy.contracts.rules.values import PARIS, Euros, Percent, moment

ENTITY = Entity(
    name="OPTIMA FRANCE",
    capital_eur=Euros(150000),
    rcs="RCS Paris 919 288 548",
    siren="919288548",
    vat_id="FR68919288548",
    address=Address(street="1 rue de la Paix", postcode="75002", town="Paris"),
    email="contrats@optima.example",
)
CLIENT = Party(
    name="Boulangerie du Port & Fils",
    siren="123456782",
    vat_id="FR11123456782",
    address=Address(street="12 quai des Docks", postcode="76600", town="Le Havre"),
    email="compta@port.example",
)
ITEMS = (
    Item(code="SV", product="soview", per="poi", quantity=20, unit_price_eur=Euros("30"), list_price_eur=Euros("32")),
    Item(code="SR", product="soreach", per="poi", quantity=20, unit_price_eur=Euros("18.5"), billed="arrears"),
    Item(code="OPT", product="option", label="Modèles de messages sur mesure", unit_price_eur=Euros(480), every="year"),
    Item(code="ONB", product="onboarding", label="Audit, paramétrage, import, formation", unit_price_eur=Euros(1500),
         every="once"),
)  # fmt: skip
PRICES = (
    UsagePrice(channel="sms", purpose="marketing", country="FR", unit_price_eur=Euros("0.0495")),
    UsagePrice(channel="sms", purpose="alert", country="FR", unit_price_eur=Euros("0.052")),
    UsagePrice(channel="whatsapp", unit_price_eur=Euros("0.0124"), since=date(2026, 7, 1)),
    UsagePrice(channel="email", unit_price_eur=Euros("0.0009")),
)


def plain() -> dict[str, Any]:
    """Everything as the general terms have it."""
    form = OrderForm(
        number="BC-2026-0007", signed_at=moment("2026-03-25"), starts_on=date(2026, 4, 1), term_months=24,
        renewal_months=12, items=ITEMS, usage_prices=PRICES,
    )  # fmt: skip
    return {"entity": ENTITY, "client": CLIENT, "order_form": form}


def negotiated() -> dict[str, Any]:
    """Signed, with terms of its own."""
    made = plain()
    form = msgspec.structs.replace(
        made["order_form"], term_months=36, renewal_months=None, extra_poi="block", decrease="at_once",
        payment=Payment(means="sepa_debit", days=45, discount_percent=Percent(2), prenotification_days=5,
                        mandate="SOFY-000042-01"),
        service_level=ServiceLevel(tiers=(Tier(below=Percent("99.9"), credit=Percent(10)),), claim_days=30),
        revision=Revision(base_month="2026-02"),
    )  # fmt: skip
    accepted = Accepted(
        "Nadia Benali, directrice générale", datetime(2026, 3, 25, 10, 4, 11, tzinfo=PARIS), "signature en ligne",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )  # fmt: skip
    return made | {"order_form": form, "accepted": accepted}


def draft() -> dict[str, Any]:
    """Without a number, with one line, long names and what looks like markup."""
    made = plain()
    item = Item(code="A", product="option", label="#let x = *gras* _it_ $x$ @ref <label> \\ " + "long " * 20,
                unit_price_eur=Euros(Decimal("12.345")))  # fmt: skip
    form = msgspec.structs.replace(made["order_form"], number="", items=(item,), usage_prices=(), term_months=12)
    client = msgspec.structs.replace(CLIENT, name="Société " * 20 + "X" * 60)
    return made | {"order_form": form, "client": client}


ALL = {"plain": plain, "negotiated": negotiated, "draft": draft}
