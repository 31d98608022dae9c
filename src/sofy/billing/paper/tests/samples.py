"""Documents of every kind, for tests and for eyes."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from sofy.billing.document import Because, Document, Line, Origin, Payment, Period, Site, Usage
from sofy.billing.tests import factories
from sofy.billing.tests.factories import FRENCH

D = Decimal
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
PRICE = Because("CGVU 9.1", "Les prix des Services sont indiqués sur le Bon de Commande en Euros Hors Taxes (HT).")
EXTRA = Because(
    "CGVU 4",
    "Le Client s'engage à informer SOFY de toute ouverture d'établissement supplémentaire nécessitant l'usage des"
    " Services, laquelle fera l'objet d'une facturation complémentaire au tarif en vigueur.",
)
FEES = Because(
    "CGVU 9.3", "Ces montants seront refacturés au Client à l'euro-l'euro, sans marge additionnelle de SOFY."
)
TERMS = Because("CGVU 10.2", "Le règlement est fixé à trente (30) jours nets.")
LATE = Because(
    "CGVU 7.1",
    "Tout retard de paiement entraîne l'application de pénalités égales à 3 fois le taux d'intérêt légal et d'une"
    " indemnité forfaitaire de 40 €.",
)


def line(number, code, label, quantity, price, because=PRICE, **more) -> Line:
    """One line."""
    settings = {"label": label, "code": code, "because": because, "number": number, "period": None} | more
    return factories.line(quantity, price, **settings)


def document(lines, *, discounted=True, **more) -> Document:
    """A document in June, with its sums, VAT and terms of payment."""
    made = factories.document(*lines, discounted=discounted, **({"period": JUNE, "because": TERMS} | more))
    return msgspec.structs.replace(made, payment=msgspec.structs.replace(made.payment, reference="RF31FA2026000123"))


def one_line():
    return document([line(1, "subscription.soreach", "Abonnement SoReach", "20", "50", period=JUNE)])


def usage(start=JUNE.start, days=30):
    """Three channels of a month, quieter on Sundays, one of them without anything most days."""
    made = []
    for n in range(days):
        day = start + timedelta(days=n)
        sms = 0 if day.weekday() == 6 else 900 + (n * 397) % 2100
        made += [
            Usage(day, "sms", sms, D(sms) * D("0.0495")),
            Usage(day, "email", 4000 + (n * 911) % 3000, D(4000 + (n * 911) % 3000) * D("0.0009")),
        ]
        if n % 7 == 4:
            made.append(Usage(day, "whatsapp", 310 + n, D(310 + n) * D("0.0785")))
    return tuple(one for one in made if one.quantity)


def twenty_lines():
    lines = [
        line(1, "subscription.soview", "Abonnement SoView", "20", "32", period=JUNE),
        line(2, "subscription.soreach", "Abonnement SoReach", "20", "18.5", period=JUNE),
        line(3, "subscription.soconnect", "Abonnement SoConnect", "20", "14", period=JUNE),
        line(
            4,
            "poi.soview",
            "SoView, point de vente supplémentaire",
            "5",
            "16",
            EXTRA,
            period=Period(date(2026, 6, 16), date(2026, 6, 30)),
            share=(15, 30),
            detail="tarif public du 16/06/2026",
        ),
        line(5, "onboarding", "Mise en service : audit, paramétrage, import et formation", "1", "1500"),
    ]
    shops = ["Rennes Centre", "Nantes Commerce", "Quimper", "Vannes Port", "Saint-Malo Intra-Muros"]
    for n, shop in enumerate(shops):
        lines.append(
            line(len(lines) + 1, "usage.sms", "SMS marketing France", str(2310 + 377 * n), "0.0495",
                 period=JUNE, establishment=shop)
        )  # fmt: skip
        lines.append(
            line(len(lines) + 1, "usage.email", "E-mails", str(18000 + 1771 * n), "0.0009", period=JUNE,
                 establishment=shop)
        )  # fmt: skip
    lines.append(line(16, "usage.rcs", "RCS remis", "812", "0.062", period=JUNE))
    lines.append(line(17, "usage.whatsapp", "WhatsApp, modèles marketing remis", "1320", "0.0124", period=JUNE))
    lines.append(
        line(18, "third.whatsapp", "Frais Meta, modèles marketing France", "1320", "0.078503", FEES,
             period=JUNE, third_party=True)
    )  # fmt: skip
    lines.append(
        line(19, "correction.sms", "SMS de mai comptés deux fois", "-120", "0.0495",
             period=Period(date(2026, 5, 1), date(2026, 5, 31)), detail="rapport reçu le 2 juin 2026")
    )  # fmt: skip
    lines.append(line(20, "option.support", "Assistance renforcée", "1", "120", period=JUNE, unit="MON"))
    return document(lines, usage=usage(), issued_on=date(2026, 7, 1), number="FA-2026-000187")


def long_one(count=300):
    lines = [
        line(n + 1, "usage.sms" if n % 3 else "subscription.soview", "SMS marketing France" if n % 3 else "SoView",
             str(100 + 37 * n), "0.0495", period=JUNE, establishment=f"Boutique {n // 3 + 1:03}, rue n° {n}")
        for n in range(count)
    ]  # fmt: skip
    return document(lines, issued_on=date(2026, 7, 1))


def many_sites(count=500):
    sites = tuple(
        Site(f"Point de vente de Saint-{['Malo', 'Brieuc', 'Nazaire-sur-Charente'][n % 3]} {n + 1}", f"PV{n + 1:04}",
             D("50.00") + n)
        for n in range(count)
    )  # fmt: skip
    total = sum(site.net_eur for site in sites)
    lines = [line(1, "subscription.soview", "Abonnement SoView, 500 points de vente", "1", str(total), period=JUNE)]
    return document(lines, sites=sites)


def credit_note():
    lines = [
        line(1, "credit.sla", "Avoir de disponibilité : SoReach à 99,46 % en avril 2026", "1", "30", Because(
            "CGVU 28", "< 99,5% : 5% d'avoir sur la redevance mensuelle."),
            period=Period(date(2026, 4, 1), date(2026, 4, 30))),
    ]  # fmt: skip
    return document(
        lines, kind="credit_note", number="AV-2026-000007", discounted=False, issued_on=date(2026, 5, 20),
        corrects=(Origin("FA-2026-000098", date(2026, 5, 1)),), period=None,
        payment=Payment("transfer", date(2026, 5, 20)),
    )  # fmt: skip


def belgian():
    lines = [
        line(1, "subscription.soreach", "Abonnement SoReach", "4", "250", period=JUNE, category="AE"),
    ]
    return document(lines, buyer=factories.BELGIAN)


def debit_note():
    late = {"category": "O"}
    lines = [
        line(1, "penalty", "Facture FA-2026-000031 : 29 jours à 7,86 % sur 1 440,00 €", "1", "8.99", LATE,
             period=Period(date(2026, 3, 3), date(2026, 3, 31)), detail="3 × 2,62 %, 1er semestre 2026", **late),
        line(2, "recovery", "Facture FA-2026-000031 : indemnité forfaitaire", "1", "40", LATE, **late),
    ]  # fmt: skip
    return document(
        lines, kind="debit_note", number="ND-2026-000003", discounted=False, issued_on=date(2026, 4, 1),
        because=LATE, period=None, order_form="",
    )  # fmt: skip


def by_debit():
    made = one_line()
    payment = Payment("sepa_debit", date(2026, 7, 1), mandate="SOFY-000042-01", collect_on=date(2026, 7, 1))
    return msgspec.structs.replace(made, payment=payment, vat_on="debits")


def long_names():
    name = "Société coopérative agricole des producteurs réunis de la vallée de l'Indre et de la Creuse " * 2
    buyer = msgspec.structs.replace(FRENCH, name=name + "X" * 120)
    lines = [
        line(1, "usage.sms", "Interminable " * 20 + "Y" * 90, "1234567.1234", "0.049512", period=JUNE,
             establishment="Établissement " * 12, detail="détail " * 30),
        line(2, "usage.sms", "#let x = *gras* _it_ $x^2$ @ref <label> \\ \"guillemet ' `code`", "1", "1", period=JUNE),
    ]  # fmt: skip
    return document(lines, buyer=buyer, buyer_reference="REF" * 25, number="FA-2026-" + "0" * 27)


ALL = {
    "one_line": one_line,
    "twenty_lines": twenty_lines,
    "long_one": long_one,
    "many_sites": many_sites,
    "credit_note": credit_note,
    "belgian": belgian,
    "debit_note": debit_note,
    "by_debit": by_debit,
    "long_names": long_names,
}
