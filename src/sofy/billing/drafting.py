"""From lines to a document: totals, VAT on the summed base, what paying early is worth, and what must be said."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from sofy.billing.document import (
    Address,
    Discount,
    Document,
    Kind,
    Line,
    Note,
    Origin,
    Party,
    Payment,
    Period,
    Seller,
    Site,
    Usage,
    Vat,
)
from sofy.billing.einvoice import mentions
from sofy.billing.rules import mandates, settlement
from sofy.billing.rules.vat import Treatment, place_of
from sofy.contracts.rules import shapes
from sofy.kernel.clauses import Because
from sofy.kernel.money import rounded
from sofy.wire.sepa.identifiers import reference_of

#: Schemes of electronic addresses (EAS): by SIREN on the French network, by e-mail for who has none.
_BY_SIREN, _BY_EMAIL = "0225", "EM"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What will be a document once it has a number, a day and its VAT. `lines`: numbers and VAT are not theirs yet.

    `due`: how many days after its issue, else those of the order form. `discounted`: whether paying early counts.
    """

    kind: Kind
    lines: tuple["DraftLine", ...]
    because: Because
    key: str
    due_days: int | None = None
    discounted: bool = True
    period: Period | None = None
    corrects: tuple[Origin, ...] = ()
    usage: tuple[Usage, ...] = ()
    sites: tuple[Site, ...] = ()


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line before VAT. Unit: EUR before VAT."""

    code: str
    label: str
    quantity: Decimal
    unit_price_eur: Decimal
    net_eur: Decimal
    because: Because
    detail: str = ""
    period: Period | None = None
    share: tuple[int, int] | None = None
    establishment: str = ""
    third_party: bool = False


def party(given: shapes.Party) -> Party:
    """The buyer of a document."""
    by_mail = not (given.siren or given.electronic_address)
    return Party(
        name=given.name,
        address=_address(given.address),
        siren=given.siren,
        siret=given.siret,
        vat_id=given.vat_id,
        electronic_address=given.email if by_mail else given.electronic_address or given.siren,
        electronic_scheme=_BY_EMAIL if by_mail else _BY_SIREN,
        email=given.email,
    )


def seller(entity: shapes.Entity) -> Seller:
    """The seller of a document."""
    known = Party(
        name=entity.name,
        address=_address(entity.address),
        siren=entity.siren,
        vat_id=entity.vat_id,
        electronic_address=entity.siren,
        electronic_scheme=_BY_SIREN,
        email=entity.email,
    )
    return Seller(
        party=known,
        legal_form=entity.legal_form,
        capital_eur=Decimal(entity.capital_eur),
        rcs=entity.rcs,
        iban=entity.iban,
        bic=entity.bic,
        creditor_id=entity.creditor_id,
    )


def _address(given: shapes.Address) -> Address:
    return Address(given.street, given.postcode, given.town, given.country, given.street2)


def finished(
    draft: Draft,
    *,
    number: str,
    issued_on: date,
    entity: shapes.Entity,
    client: shapes.Party,
    form: shapes.OrderForm,
    treatment: Treatment,
    vat_mode: settlement.VatMode = "reduced_base",
    origin: Document | None = None,
    vat_left_eur: Decimal | None = None,
) -> Document:
    """The document a draft becomes on a day; a credit note is between the parties its `origin` was between.

    `vat_left_eur`: the VAT of a credit note that takes the rest of its invoice, whatever was rounded before it.

    Source: CGVU 9.2 and 10.2; EN 16931 BR-CO-10 to 17. Unit: EUR.
    """
    lines = tuple(_line(place, line, treatment) for place, line in enumerate(draft.lines, 1))
    groups = vat_groups(lines, treatment)
    if vat_left_eur is not None and len(groups) == 1:
        groups = (msgspec.structs.replace(groups[0], vat_eur=vat_left_eur),)
    net = sum((line.net_eur for line in lines), Decimal("0.00"))
    vat = sum((group.vat_eur for group in groups), Decimal("0.00"))
    payment = _payment(draft, form, issued_on, groups, net + vat, vat_mode, number)
    return Document(
        kind=draft.kind,
        number=number,
        issued_on=issued_on,
        seller=origin.seller if origin else seller(entity),
        buyer=origin.buyer if origin else party(client),
        lines=lines,
        vat=groups,
        net_eur=net,
        vat_eur=vat,
        gross_eur=net + vat,
        payable_eur=net + vat,
        payment=payment,
        because=draft.because,
        vat_on=entity.vat_on,
        order_form=form.number,
        period=draft.period,
        notes=_notes(form, client, entity, payment.discount, draft.kind),
        corrects=draft.corrects,
        usage=draft.usage,
        sites=draft.sites,
    )


def numbered(
    document: Document,
    *,
    number: str,
    issued_on: date,
    entity: shapes.Entity,
    client: shapes.Party,
    form: shapes.OrderForm,
    vat_mode: settlement.VatMode = "reduced_base",
) -> Document:
    """The same document under the number it is given, issued on a day that may be later: days that hang on it move."""
    if issued_on == document.issued_on:
        reference = reference_of(number) if document.payment.reference else ""
        payment, notes = msgspec.structs.replace(document.payment, reference=reference), document.notes
    else:
        days = (document.payment.due_on - document.issued_on).days
        draft = Draft(
            kind=document.kind, lines=(), because=document.because, key="", due_days=days, discounted=days > 0
        )  # fmt: skip
        payment = _payment(draft, form, issued_on, document.vat, document.gross_eur, vat_mode, number)
        notes = _notes(form, client, entity, payment.discount, document.kind)
    return msgspec.structs.replace(document, number=number, issued_on=issued_on, payment=payment, notes=notes)


def _line(number: int, line: DraftLine, treatment: Treatment) -> Line:
    return Line(
        number=number,
        code=line.code,
        label=line.label,
        quantity=line.quantity,
        unit_price_eur=line.unit_price_eur,
        net_eur=line.net_eur,
        vat_category=treatment.category,
        vat_rate=treatment.rate,
        because=line.because,
        detail=line.detail,
        period=line.period,
        establishment=line.establishment,
        third_party=line.third_party,
        share=line.share,
    )


def vat_groups(lines: Iterable[Line], treatment: Treatment) -> tuple[Vat, ...]:
    """VAT per rate on the summed base, rounded once and never per line. Source: EN 16931 BR-CO-17."""
    bases: dict[Decimal, Decimal] = {}
    for line in lines:
        bases[line.vat_rate] = bases.get(line.vat_rate, Decimal("0.00")) + line.net_eur
    return tuple(
        Vat(treatment.category, rate, base, rounded(base * rate / 100), treatment.reason_code, treatment.reason)
        for rate, base in bases.items()
    )


def _payment(
    draft: Draft,
    form: shapes.OrderForm,
    issued_on: date,
    groups: Sequence[Vat],
    gross_eur: Decimal,
    vat_mode: settlement.VatMode,
    number: str,
) -> Payment:
    terms = form.payment
    due = settlement.due_on(issued_on, terms.days if draft.due_days is None else draft.due_days)
    debit = terms.means == "sepa_debit" and draft.kind == "invoice"
    until = settlement.discount_until(issued_on, terms.discount_days)
    offered = draft.kind == "invoice" and draft.discounted and terms.discount_percent > 0
    early = offered and terms.prenotification_days < terms.discount_days
    collected = mandates.collection_day(
        announced_on=issued_on, due_on=due, days=terms.prenotification_days, early_until=until if early else None
    )  # fmt: skip
    discount = None
    if offered and (not debit or collected <= until):
        less = settlement.discount(
            [(group.base_eur, group.rate) for group in groups], Decimal(terms.discount_percent), vat_mode
        )
        payable = gross_eur - less.gross_eur
        discount = Discount(Decimal(terms.discount_percent), until, less.net_eur, less.vat_eur, payable)
    return Payment(
        means="transfer" if draft.kind == "debit_note" else terms.means,
        due_on=due,
        reference=reference_of(number) if not debit and draft.kind != "credit_note" else "",
        mandate=terms.mandate if debit else "",
        collect_on=collected if debit else None,
        discount=discount,
    )


def _notes(
    form: shapes.OrderForm, client: shapes.Party, entity: shapes.Entity, discount: Discount | None, kind: Kind
) -> tuple[Note, ...]:
    terms = form.payment
    # Whoever has a SIREN but is established in Nouméa is abroad for VAT, and so for the platforms.
    address = client.address
    french = bool(client.siren) and place_of(address.country, address.postcode).area == "france"
    return mentions.mentions(
        treatment="OUTOFSCOPE" if kind == "debit_note" else "B2B" if french else "B2BINT",
        discount=discount,
        vat_on=entity.vat_on,
        penalties=mentions.penalties(terms.penalty_multiple),
        recovery=mentions.recovery(terms.recovery_eur),
    )
