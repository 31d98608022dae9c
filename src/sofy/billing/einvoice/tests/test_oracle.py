"""The second opinion: what must pass passes, and each mistake is refused under its own name."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sofy.billing.document import Document, Note, Origin, Period
from sofy.billing.einvoice.mentions import mentions
from sofy.billing.einvoice.oracle import Corrected, Problem, Situation, problems
from sofy.billing.rules.territories import Rate
from sofy.billing.tests import factories
from sofy.billing.tests.factories import document, line

VALID = Situation(vat_id_valid=True)
replace = msgspec.structs.replace


def codes(found: list[Problem]) -> list[str]:
    return [problem.code for problem in found]


def of_line(given: Document, **changes: Any) -> Document:
    """The document with its first line changed and nothing else: what a faulty computation would hand over."""
    return replace(given, lines=(replace(given.lines[0], **changes), *given.lines[1:]))


def of_vat(given: Document, **changes: Any) -> Document:
    return replace(given, vat=(replace(given.vat[0], **changes), *given.vat[1:]))


def of_seller(given: Document, **changes: Any) -> Document:
    return replace(given, seller=replace(given.seller, **changes))


def of_buyer(given: Document, **changes: Any) -> Document:
    return replace(given, buyer=replace(given.buyer, **changes))


def of_payment(given: Document, **changes: Any) -> Document:
    return replace(given, payment=replace(given.payment, **changes))


def of_discount(given: Document, **changes: Any) -> Document:
    discount = given.payment.discount
    assert discount is not None
    return of_payment(given, discount=replace(discount, **changes))


def at(postcode: str, country: str = "FR") -> Any:
    """The bakery, established elsewhere."""
    return replace(factories.FRENCH, address=replace(factories.FRENCH.address, postcode=postcode, country=country))


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize(
    ("case", "given", "situation"),
    [
        ("France", document(), Situation()),
        ("with a discount", document(discounted=True), Situation()),
        ("by debit", document(payment=factories.debit_payment()), Situation()),
        ("on debits", document(vat_on="debits"), Situation()),
        ("paid already", document(paid_eur=Decimal("1200.00")), Situation()),
        ("part paid", document(paid_eur=Decimal("200.00")), Situation()),
        ("a share of days", document(line("5", "384", share=(260, 365))), Situation()),
        ("third parties", document(line(), line("1000", "0.07853", third_party=True)), Situation()),
        ("a correction", document(line(), line("-1", "10.13")), Situation()),
        ("Reunion", document(line(rate="8.5"), buyer=factories.REUNION), Situation()),
        ("Mayotte", document(line(category="E"), buyer=at("97600")), Situation()),
        ("Monaco", document(buyer=at("98000", "MC")), Situation()),
        ("Corsica", document(buyer=at("20000")), Situation()),
        ("Noumea", document(line(category="G"), buyer=at("98800"), notes=mentions(treatment="B2BINT")), Situation()),
        ("Reunion by its own code", document(line(rate="8.5"), buyer=at("97400", "RE")), Situation()),
        ("Reunion at the normal rate", document(buyer=factories.REUNION), Situation(overseas="normal_rate")),
        ("Mayotte at the normal rate", document(buyer=at("97600")), Situation(overseas="normal_rate")),
        ("Belgium", document(line(category="AE"), buyer=factories.BELGIAN), VALID),
        ("Belgium, number refused", document(buyer=factories.BELGIAN), Situation(vat_id_valid=False)),
        ("Germany, no number", document(buyer=factories.GERMAN_WITHOUT_NUMBER), Situation()),
        ("Switzerland", document(line(category="G"), buyer=factories.SWISS), Situation()),
        ("Switzerland as O", document(line(category="O"), buyer=factories.SWISS), Situation(outside="O")),
        ("penalties", factories.debit_note(), Situation()),
    ],
)
def test_documents_that_must_pass(case, given, situation):
    assert problems(given, situation) == [], case


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize(
    ("prices", "vat"),
    [(["10.13"] * 3, "6.08"), (["33.33", "33.33", "33.34", "0.07"], "20.01"), (["333.33"], "66.67")],
)
def test_vat_is_on_the_summed_base_and_not_line_by_line(prices, vat):
    given = document(*[line("1", price) for price in prices])

    assert given.vat_eur == Decimal(vat)
    assert problems(given, Situation()) == []


@pytest.mark.parametrize(
    ("case", "broken", "code"),
    [
        ("a cent on the line", lambda d: of_line(d, net_eur=Decimal("1000.01")), "line_amount"),
        ("a share forgotten", lambda d: of_line(d, share=(15, 30)), "line_amount"),
        ("a share of nothing", lambda d: of_line(d, share=(0, 30)), "share"),
        ("a share above all", lambda d: of_line(d, share=(31, 30)), "share"),
        ("a tenth of a cent", lambda d: of_line(d, net_eur=Decimal("1000.001")), "amount_form"),
        ("five decimals", lambda d: of_line(d, quantity=Decimal("1.00001")), "amount_form"),
        ("seven decimals", lambda d: of_line(d, unit_price_eur=Decimal("1000.0000001")), "amount_form"),
        ("a negative price", lambda d: of_line(d, unit_price_eur=Decimal(-1)), "amount_form"),
        ("not a number", lambda d: of_line(d, net_eur=Decimal("NaN")), "amount_form"),
        ("a base of other lines", lambda d: of_vat(d, base_eur=Decimal("999.99")), "vat_base"),
        ("VAT a cent too much", lambda d: of_vat(d, vat_eur=Decimal("200.01")), "vat_amount"),
        ("VAT a cent too little", lambda d: of_vat(d, vat_eur=Decimal("199.99")), "vat_amount"),
        ("a row of VAT twice", lambda d: replace(d, vat=d.vat * 2), "vat_base"),
        ("no row of VAT", lambda d: replace(d, vat=()), "vat_base"),
        ("total before VAT", lambda d: replace(d, net_eur=Decimal("1000.01")), "total"),
        ("total of VAT", lambda d: replace(d, vat_eur=Decimal("200.01")), "total"),
        ("total with VAT", lambda d: replace(d, gross_eur=Decimal("1200.01")), "total"),
        ("left to pay", lambda d: replace(d, payable_eur=Decimal("1199.99")), "total"),
        ("paid forgotten", lambda d: replace(d, paid_eur=Decimal("200.00")), "total"),
        ("no line", lambda d: replace(d, lines=(), vat=()), "total"),
        ("less than nothing", lambda _: document(line("-1", "10")), "total"),
        ("zero-rated instead", lambda d: of_line(d, vat_category="Z", vat_rate=Decimal(0)), "vat_category"),
        ("exempt instead", lambda _: document(line(category="E")), "vat_category"),
        ("the rate of Reunion", lambda _: document(line(rate="8.5")), "vat_rate"),
        ("a rate of nowhere", lambda _: document(line(rate="21")), "vat_rate"),
        ("a rate of nothing", lambda _: document(line(rate="0")), "vat_rate"),
        ("penalties on an invoice", lambda _: document(line(), line(category="O")), "vat_alone"),
        ("a reason without need", lambda d: of_vat(d, reason="Autoliquidation"), "vat_reason"),
        ("no VAT number of ours", lambda d: _no_seller_vat(d), "vat_id_missing"),
        ("a postcode cut short", lambda d: replace(d, buyer=at("974")), "place"),
        ("a space in the number", lambda d: replace(d, number="FA 1"), "number"),
        ("a long number", lambda d: replace(d, number="F" * 36), "number"),
        ("a number with a star", lambda d: replace(d, number="FA*1"), "number"),
        ("lines out of order", lambda d: of_line(d, number=2), "line_numbers"),
        ("due before issue", lambda d: of_payment(d, due_on=date(2026, 5, 31)), "due_date"),
        ("collected before issue", lambda d: of_payment(d, collect_on=date(2026, 5, 31)), "due_date"),
        ("a year that slipped", lambda d: of_payment(d, due_on=date(2206, 7, 1)), "date"),
        ("a period backwards", lambda d: replace(d, period=Period(date(2026, 5, 31), date(2026, 5, 1))), "date"),
        ("a line backwards", lambda d: of_line(d, period=Period(date(2026, 5, 31), date(2026, 5, 1))), "date"),
        ("a control character", lambda d: of_line(d, label="SoReach\x07"), "text"),
        ("no label", lambda d: of_line(d, label=" "), "label"),
        ("no cause", lambda d: of_line(d, because=replace(factories.BECAUSE, sentence="")), "reason"),
        ("no buyer", lambda d: of_buyer(d, name=""), "party"),
        ("no SIREN of the buyer", lambda d: of_buyer(d, siren="", siret="", electronic_scheme="0088"), "siren"),
        ("a SIREN misread", lambda d: of_buyer(d, siren="123456789", siret="", vat_id=""), "siren"),
        ("a SIRET of others", lambda d: of_buyer(d, siret="91928854800010"), "siret"),
        ("a VAT number of others", lambda d: of_buyer(d, vat_id="FR68919288548"), "vat_id"),
        ("a VAT number misread", lambda d: of_buyer(d, vat_id="FR12123456782"), "vat_id"),
        ("nowhere to send to", lambda d: of_buyer(d, electronic_address=""), "electronic_address"),
        ("another's mailbox", lambda d: of_buyer(d, electronic_address="919288548"), "electronic_address"),
        ("no trade register", lambda d: of_seller(d, rcs=""), "party"),
        ("an IBAN misread", lambda d: of_seller(d, iban="FR7630006000011234567890188"), "bank"),
        ("a BIC misread", lambda d: of_seller(d, bic="AGRI"), "bank"),
        ("a reference misread", lambda d: of_payment(d, reference="RF99FA2026000123"), "reference"),
        ("a debit without mandate", lambda d: of_payment(d, means="sepa_debit"), "bank"),
        ("no creditor id", lambda d: of_seller(replace(d, payment=factories.debit_payment()), creditor_id=""), "bank"),
        (
            "an invoice that corrects",
            lambda d: replace(d, corrects=(Origin("FA-1", date(2026, 5, 1)),)),
            "credit_origin",
        ),
        ("on debits, unsaid", lambda d: replace(d, vat_on="debits"), "note_debits"),
        ("penalties unsaid", lambda d: _without_note(d, "PMD"), "note_missing"),
        ("the 40 euros unsaid", lambda d: _without_note(d, "PMT"), "note_missing"),
        ("discount unsaid", lambda d: _without_note(d, "AAB"), "note_missing"),
        ("penalties twice", lambda d: replace(d, notes=(*d.notes, Note("x", "PMD"))), "note_twice"),
        ("a treatment of nowhere", lambda d: _treated(d, "B2G"), "note_treatment"),
        ("a French buyer abroad", lambda d: _treated(d, "B2BINT"), "note_treatment"),
        ("Noumea at home", lambda d: document(line(category="G"), buyer=at("98800")), "note_treatment"),
        ("a discount denied", lambda _: replace(document(discounted=True), notes=document().notes), "note_discount"),
        ("a discount promised", lambda _: replace(document(), notes=document(discounted=True).notes), "note_discount"),
        ("the discount's net", lambda _: _discounted(net_eur=Decimal("10.01")), "discount_amount"),
        ("the discount's VAT", lambda _: _discounted(vat_eur=Decimal("1.99")), "discount_amount"),
        ("the discount's rest", lambda _: _discounted(payable_eur=Decimal("1188.01")), "discount_amount"),
        ("all of it", lambda _: _discounted(percent=Decimal(100)), "discount_amount"),
        ("a discount after due", lambda _: _discounted(until=date(2026, 7, 2)), "discount_date"),
        ("a discount before issue", lambda _: _discounted(until=date(2026, 5, 31)), "discount_date"),
    ],
)
def test_one_mistake_is_refused_under_its_name(case, broken: Callable[[Document], Document], code):
    found = problems(broken(document()), Situation())

    assert code in codes(found), case
    assert all(problem.where and problem.text for problem in found)


def _no_seller_vat(given: Document) -> Document:
    return of_seller(given, party=replace(given.seller.party, vat_id=""))


def _without_note(given: Document, code: str) -> Document:
    return replace(given, notes=tuple(note for note in given.notes if note.code != code))


def _treated(given: Document, treatment: Any) -> Document:
    return replace(given, notes=mentions(treatment=treatment))


def _discounted(**changes: Any) -> Document:
    return of_discount(document(discounted=True), **changes)


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize(
    ("case", "given", "situation", "code"),
    [
        (
            "zero rate for a Belgian reverse charge",
            of_vat(
                of_line(document(line(category="AE"), buyer=factories.BELGIAN), vat_category="Z"),
                category="Z",
                reason="",
                reason_code="",
            ),
            VALID,
            "vat_category",
        ),
        ("nobody answered", document(line(category="AE"), buyer=factories.BELGIAN), Situation(), "vat_pending"),
        ("nobody answered, 20 %", document(buyer=factories.BELGIAN), Situation(), "vat_pending"),
        ("valid but charged", document(buyer=factories.BELGIAN), VALID, "vat_category"),
        (
            "invalid but not charged",
            document(line(category="AE"), buyer=factories.BELGIAN),
            Situation(vat_id_valid=False),
            "vat_category",
        ),
        (
            "no number but not charged",
            document(line(category="AE"), buyer=factories.GERMAN_WITHOUT_NUMBER),
            VALID,
            "vat_category",
        ),
        (
            "the number of another country",
            document(line(category="AE"), buyer=replace(factories.BELGIAN, vat_id="DE136695976")),
            VALID,
            "vat_id",
        ),
        (
            "the north of Ireland as a member state",
            document(
                line(category="G"),
                buyer=replace(
                    factories.SWISS,
                    address=replace(factories.SWISS.address, country="GB", postcode="BT1 1AA"),
                    vat_id="XI110305878",
                ),
            ),
            VALID,
            "vat_id",
        ),
        (
            "the Canary Islands as Spain",
            document(
                line(category="AE"),
                buyer=replace(
                    factories.BELGIAN,
                    address=replace(factories.BELGIAN.address, country="ES", postcode="35001"),
                    vat_id="ESB58378431",
                ),
            ),
            VALID,
            "vat_category",
        ),
        ("Switzerland charged", document(buyer=factories.SWISS), Situation(), "vat_category"),
        (
            "Switzerland as O where the accountant chose G",
            document(line(category="O"), buyer=factories.SWISS),
            Situation(),
            "vat_category",
        ),
        ("Reunion at 20", document(buyer=factories.REUNION), Situation(), "vat_rate"),
        ("Mayotte at 8.5", document(line(rate="8.5"), buyer=at("97600")), Situation(), "vat_category"),
        ("penalties with VAT", replace(document(), kind="debit_note"), Situation(), "vat_category"),
        (
            "a reverse charge unsaid",
            of_vat(document(line(category="AE"), buyer=factories.BELGIAN), reason="Article 196"),
            VALID,
            "vat_reason",
        ),
        (
            "a reverse charge without its code",
            of_vat(document(line(category="AE"), buyer=factories.BELGIAN), reason_code="VATEX-EU-G"),
            VALID,
            "vat_reason",
        ),
    ],
)
def test_the_category_is_that_of_the_buyers_situation(case, given, situation, code):
    assert code in codes(problems(given, situation)), case


@pytest.mark.clause("CGVU 9.2")
def test_the_rate_is_that_of_the_day_of_the_invoice():
    coming: dict[str, tuple[Rate, ...]] = {
        "FR": (Rate(date(2014, 1, 1), Decimal(20)), Rate(date(2027, 1, 1), Decimal("19.6")))
    }
    before = document(issued_on=date(2026, 12, 31))
    after = document(line(rate="19.6"), issued_on=date(2027, 1, 1))

    assert problems(before, Situation(rates=coming)) == []
    assert problems(after, Situation(rates=coming)) == []
    assert codes(problems(after, Situation())) == ["vat_rate"]


def origin(**changes: Any) -> Document:
    return document(number="FA-2026-000122", issued_on=date(2026, 5, 31), **changes)


@pytest.mark.parametrize(
    ("case", "note", "corrected", "wanted"),
    [
        ("all of it", factories.credit_note(), (Corrected(origin()),), []),
        ("a part", factories.credit_note(line("1", "10")), (Corrected(origin()),), []),
        ("a cent more", factories.credit_note(line("1", "1000.01")), (Corrected(origin()),), ["credit_amount"] * 2),
        (
            "more than the rest",
            factories.credit_note(line("1", "10")),
            (Corrected(origin(), (factories.credit_note(line("1", "995")),)),),
            ["credit_amount"] * 2,
        ),
        ("another rate", factories.credit_note(line(rate="8.5")), (Corrected(origin()),), ["credit_vat"]),
        ("nothing handed over", factories.credit_note(), (), ["credit_origin"]),
        ("another invoice", factories.credit_note(), (Corrected(document()),), ["credit_origin"]),
        ("no origin", factories.credit_note(corrects=()), (), ["credit_origin"]),
        ("another client", factories.credit_note(), (Corrected(origin(buyer=at("97150"))),), []),
        (
            "another client's",
            factories.credit_note(),
            (Corrected(origin(buyer=replace(factories.FRENCH, siren="919288548"))),),
            ["credit_party"],
        ),
    ],
)
def test_a_credit_note_is_never_more_than_its_invoice(case, note, corrected, wanted):
    assert codes(problems(note, Situation(), corrected)) == wanted, case


def with_vat(given: Document, vat_eur: str) -> Document:
    """The same with another VAT, and totals that agree with it."""
    gross = given.net_eur + Decimal(vat_eur)
    return replace(
        of_vat(given, vat_eur=Decimal(vat_eur)), vat_eur=Decimal(vat_eur), gross_eur=gross, payable_eur=gross
    )


def test_the_last_credit_note_takes_the_vat_that_is_left_and_no_other_does():
    whole = origin()
    whole = factories.document(line("1", "600.06"), number=whole.number, issued_on=whole.issued_on)  # VAT 120.01
    half = factories.credit_note(line("1", "300.03"))  # VAT 60.01
    after_half = (Corrected(whole, (half,)),)

    assert problems(half, Situation(), (Corrected(whole),)) == []
    assert problems(with_vat(half, "60.00"), Situation(), after_half) == []
    assert codes(problems(half, Situation(), after_half)) == ["credit_amount"]
    assert codes(problems(with_vat(half, "60.00"), Situation(), (Corrected(whole),))) == ["vat_amount"]
    assert codes(problems(with_vat(half, "59.99"), Situation(), after_half)) == ["vat_amount"]


def test_a_credit_note_keeps_the_rate_of_its_invoice_whatever_is_in_force():
    old = origin()
    coming = Situation(rates={"FR": (Rate(date(2014, 1, 1), Decimal("19.6")),)})

    assert problems(factories.credit_note(), coming, (Corrected(old),)) == []
