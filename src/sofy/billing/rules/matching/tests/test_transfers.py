"""Transfers of clients: which invoices they pay, and what is left to a person."""

from datetime import date
from decimal import Decimal

import pytest

from sofy.billing.rules.matching import Book, Reason, match_all, said
from sofy.billing.rules.matching.tests.factories import (
    IBAN,
    OTHER_IBAN,
    client,
    debit,
    invoice,
    line,
    one,
    paid,
    text,
)
from sofy.billing.rules.matching.words import SAID
from sofy.wire.camt import Detail, Return
from sofy.wire.sepa.identifiers import reference_of

RF = reference_of("FA-2026-000001")


@pytest.mark.clause("CGVU 22")
def test_only_a_booked_line_is_a_payment_on_its_booking_date():
    book = Book([invoice()])

    announced = one(line("1440.00", text("FA-2026-000001"), status="PDNG"), book)
    booked = one(line("1440.00", text("FA-2026-000001"), booked_on=date(2026, 7, 3)), book)

    assert (announced.kind, announced.amount_eur, paid(announced)) == ("pending", 0, {})
    assert (booked.booked_on, paid(booked)) == (date(2026, 7, 3), {"i1": "1440.00"})


@pytest.mark.clause("CGVU 10.1")
@pytest.mark.parametrize("code", ["PMNT-RCHQ-CCHQ", "PMNT-MCRD-POSP", "PMNT-CCRD-POSD"])
def test_a_cheque_or_a_card_is_for_a_person_whatever_it_names(code):
    outcome = one(line("1440.00", text("FA-2026-000001"), code=code), Book([invoice()]))

    assert (outcome.kind, outcome.reason.code, outcome.left_eur) == ("queue", "other_means", Decimal("1440.00"))


@pytest.mark.parametrize(
    ("detail", "rule"),
    [
        (Detail(credit=True, references=(RF,)), "reference"),
        (Detail(credit=True, references=(f"{RF[:4]} {RF[4:8]} {RF[8:]}".lower(),)), "reference"),
        (text(f"Reglement {RF}"), "reference"),
        (text(f"reglement {RF[:4]} {RF[4:8]} {RF[8:]} merci"), "reference"),
        (text(RF[:9], RF[9:]), "reference"),
        (Detail(credit=True, references=("FA-2026-000001",)), "number"),
        (text("Facture FA-2026-000001"), "number"),
        (text("FACT FA2026000001"), "number"),
        (text("fa 2026 000001 juillet"), "number"),
        (text("FACTUREFA2026000001"), "number"),
        (text("FA/2026/1"), "number"),
        (text("FA-2026-1 du 01/06/2026"), "number"),
        (text("REGLEMENT FACTURE NO FA-2026", "-000001 MERCI"), "number"),
        (text("FA-2026-00", "0001"), "number"),
        (Detail(credit=True, end_to_end_id="FA-2026-000001"), "number"),
    ],
)
def test_an_invoice_is_known_however_its_payer_writes_it(detail, rule):
    book = Book([invoice(1), invoice(2, "99.00"), invoice(11, "5.00")])

    outcome = one(line("1440.00", detail), book)

    assert (paid(outcome), outcome.rule, outcome.kind) == ({"i1": "1440.00"}, rule, "matched")


@pytest.mark.parametrize(
    "said_",
    ["FA-2026-0000012", "FA-2026-100001", "1FA-2026-000001"[0:4], "XFA-2025-000001", "2026-000001", "000001", ""],
)
def test_another_number_is_not_taken_for_one_of_ours(said_):
    outcome = one(line("1440.00", text(said_)), Book([invoice(1)]))

    assert (outcome.kind, paid(outcome)) == ("queue", {})


def test_the_text_of_the_line_counts_when_it_has_no_details():
    outcome = one(line("1440.00", text="VIR CREPERIE FA-2026-000001"), Book([invoice()]))

    assert paid(outcome) == {"i1": "1440.00"}


def test_several_invoices_in_one_transfer():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00"), invoice(3, "5.00")])

    outcome = one(line("30.00", text("FA-2026-000001 et FA-2026-000002")), book)

    assert paid(outcome) == {"i1": "10.00", "i2": "20.00"}


def test_a_reference_of_the_first_invoice_beside_the_numbers_of_all():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00")])

    outcome = one(line("30.00", text("FA-2026-000001 FA-2026-000002", references=(RF,))), book)

    assert paid(outcome) == {"i1": "10.00", "i2": "20.00"}


def test_several_payments_in_one_line():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00")])
    details = [text("FA-2026-000001", amount=Decimal(10)), text("FA-2026-000002", amount=Decimal(20))]

    assert paid(one(line("30.00", *details), book)) == {"i1": "10.00", "i2": "20.00"}


def test_the_text_of_a_line_with_several_payments_may_mean_any_of_them():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00")])
    details = [text("", amount=Decimal(10)), text("FA-2026-000002", amount=Decimal(20))]

    outcome = one(line("30.00", *details, text="FA-2026-000002 FA-2026-000001"), book)

    assert paid(outcome) == {"i2": "20.00"}
    assert [(each.payment, each.amount_eur, each.reason.code) for each in outcome.undecided] == [
        (0, Decimal(10), "no_sign")
    ]


def test_suggestions_say_which_payment_of_a_line_they_are_for():
    book = Book([invoice(n, f"{n}0.00", client=f"c{n}") for n in (1, 2)])
    details = [text("loyer", amount=Decimal(20)), text("loyer", amount=Decimal(10))]

    outcome = one(line("30.00", *details), book)

    assert [(each.payment, each.parts) for each in outcome.suggestions] == [
        (0, (("i2", Decimal(20)),)),
        (1, (("i1", Decimal(10)),)),
    ]


def test_a_line_of_very_many_unknown_payments_shows_the_first_of_them():
    book = Book([invoice(1, "10.00")])

    outcome = one(line("1000.00", *(text("loyer", amount=Decimal(10)) for _ in range(100))), book)

    assert len(outcome.undecided) == 100
    assert len({each.payment for each in outcome.suggestions}) == 20


def test_a_part_payment_leaves_the_rest_open():
    book = Book([invoice(1, "1440.00")])

    first = one(line("500.00", text("FA-2026-000001")), book)
    second = one(line("940.00", text("FA-2026-000001"), key="k2"), book)

    assert (paid(first), paid(second)) == ({"i1": "500.00"}, {"i1": "940.00"})
    assert book.open_eur["i1"] == 0


def test_two_part_payments_in_one_line_never_pay_more_than_is_open():
    book = Book([invoice(1, "100.00")])
    details = [text("FA-2026-000001", amount=Decimal(70)), text("FA-2026-000001", amount=Decimal(70))]

    outcome = one(line("140.00", *details), book)

    assert sum(each.amount_eur for each in outcome.allocations) == 100
    assert sum(each.amount_eur for each in outcome.credits) == 40


def test_too_little_for_the_invoices_named_pays_the_oldest_first():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00", due_on=date(2026, 6, 1))])

    outcome = one(line("25.00", text("FA-2026-000001, FA-2026-000002")), book)

    assert paid(outcome) == {"i2": "20.00", "i1": "5.00"}


def test_one_of_the_invoices_named_is_paid_when_the_amount_is_just_its_own():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00", due_on=date(2026, 6, 1))])

    outcome = one(line("10.00", text("FA-2026-000001 (FA-2026-000002 suit)")), book)

    assert paid(outcome) == {"i1": "10.00"}


def test_too_much_is_the_clients_credit():
    outcome = one(line("1500.00", text("FA-2026-000001")), Book([invoice()]))

    (credit,) = outcome.credits
    assert (paid(outcome), credit.client_id, credit.amount_eur) == ({"i1": "1440.00"}, "c1", Decimal("60.00"))


def test_the_amount_with_discount_settles_while_it_lasts():
    book = [invoice(1, "1200.00", early_eur=Decimal("1188.00"), early_until=date(2026, 6, 9))]
    in_time = line("1188.00", text("", debtor_iban=IBAN), booked_on=date(2026, 6, 9))
    late = line("1188.00", text("", debtor_iban=IBAN), booked_on=date(2026, 6, 10))

    assert paid(one(in_time, Book(book, clients=[client("c1", IBAN)]))) == {"i1": "1188.00"}
    assert one(late, Book(book, clients=[client("c1", IBAN)])).kind == "queue"


def test_each_of_several_invoices_gets_its_amount_with_discount():
    until = date(2026, 7, 1)
    dear = invoice(1, "1200.00", early_eur=Decimal(1188), early_until=until)
    cheap = invoice(2, "600.00", early_eur=Decimal(594), early_until=until)
    book = Book([dear, cheap])

    outcome = one(line("1782.00", text("FA-2026-000001 FA-2026-000002")), book)

    assert paid(outcome) == {"i1": "1188", "i2": "594"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_known_account_and_the_exact_amount_never_take_what_a_surer_line_of_the_run_pays(order):
    book = Book([invoice(1, "10.00"), invoice(2, "10.00")], clients=[client("c1", IBAN)])
    lines = [line("10.00", text("", debtor_iban=IBAN), key="weak"), line("10.00", text("FA-2026-000002"), key="sure")]

    outcomes = {each.key: each for each in match_all([lines[n] for n in order], book)}

    assert paid(outcomes["sure"]) == {"i2": "10.00"}
    assert paid(outcomes["weak"]) == {"i1": "10.00"}
    assert outcomes["weak"].rule == "account"


def test_everything_a_client_owes_in_one_unnamed_transfer():
    book = Book([invoice(1, "10.00"), invoice(2, "20.00")], clients=[client("c1", IBAN)])

    assert paid(one(line("30.00", text("", debtor_iban=IBAN)), book)) == {"i1": "10.00", "i2": "20.00"}


def test_two_invoices_of_the_same_amount_are_for_a_person_the_oldest_first():
    book = Book([invoice(1, "10.00"), invoice(2, "10.00", due_on=date(2026, 6, 1))], clients=[client("c1", IBAN)])

    outcome = one(line("10.00", text("", debtor_iban=IBAN)), book)

    assert (outcome.kind, outcome.left_eur) == ("queue", Decimal("10.00"))
    assert [each.parts for each in outcome.suggestions[:2]] == [(("i2", Decimal(10)),), (("i1", Decimal(10)),)]
    assert {each.payment for each in outcome.suggestions} == {0}


def test_an_invoice_that_was_paid_before_is_for_a_person_who_is_shown_the_one_of_the_same_amount():
    book = Book([invoice(1, "0.00"), invoice(2, "10.00")], clients=[client("c1", IBAN)])

    outcome = one(line("10.00", text("FA-2026-000001", debtor_iban=IBAN)), book)

    assert (outcome.kind, outcome.reason.code) == ("queue", "paid_already")
    assert outcome.suggestions[0].parts == (("i2", Decimal("10.00")),)


def test_invoices_of_several_clients_are_paid_together_only_to_the_cent():
    items = [invoice(1, "10.00"), invoice(2, "20.00", client="c2")]

    assert paid(one(line("30.00", text("FA-2026-000001 FA-2026-000002")), Book(items))) == {
        "i1": "10.00",
        "i2": "20.00",
    }
    short = one(line("29.00", text("FA-2026-000001 FA-2026-000002")), Book(items))
    assert (short.kind, short.reason.code) == ("queue", "several_clients")


def test_two_numbers_that_are_one_when_written_without_punctuation_are_for_a_person_unless_the_amount_tells():
    items = [invoice(1, "10.00", number="FA-20-261"), invoice(2, "20.00", number="FA-2026-1", client="c2")]

    assert paid(one(line("20.00", text("FA20261")), Book(items))) == {"i2": "20.00"}
    unsure = one(line("15.00", text("FA20261")), Book(items))
    assert (unsure.kind, unsure.reason.code) == ("queue", "several_readings")


def test_suggestions_are_ranked_and_say_why():
    book = Book(
        [invoice(1, "10.00"), invoice(2, "20.00"), invoice(3, "40.00"), invoice(4, "30.00", client="c2")],
        clients=[client("c1", IBAN), client("c2", called="Crêperie Le Goff SARL")],
    )

    outcome = one(line("30.00", text("", debtor_iban=IBAN, debtor="LE GOFF CREPERIE")), book)

    assert [(each.reason.code, each.client_id, each.score) for each in outcome.suggestions] == [
        ("together", "c1", 80),
        ("same_amount", "c2", 70),
    ]
    assert outcome.suggestions[0].parts == (("i1", Decimal(10)), ("i2", Decimal(20)))


def test_an_amount_that_nobody_else_owes_is_a_hint_and_no_more():
    outcome = one(line("10.00", text("loyer", debtor_iban=OTHER_IBAN)), Book([invoice(1, "10.00")]))

    (hint,) = outcome.suggestions
    assert (outcome.kind, hint.reason.code, hint.parts) == ("queue", "only_amount", (("i1", Decimal(10)),))


def test_the_same_line_twice_changes_nothing():
    book = Book([invoice(1, "10.00")])
    lines = [line("10.00", text("FA-2026-000001"))]

    first, doubled = match_all(lines * 2, book)
    (again,) = match_all(lines, book, seen={"k1"})

    assert (first.kind, doubled.kind, again.kind) == ("matched", "known", "known")
    assert not again.allocations
    assert not doubled.amount_eur
    assert not book.open_eur["i1"]


def test_a_line_in_another_currency_or_a_correction_of_the_bank_is_for_a_person():
    book = Book([invoice()])

    assert one(line("1440.00", text("FA-2026-000001"), currency="CHF"), book).reason.code == "other_currency"
    assert one(line("1440.00", text("FA-2026-000001"), reversal=True), book).reason.code == "reversal"


def test_the_identifier_of_a_transfer_is_its_payers_and_never_one_of_our_debits():
    book = Book([invoice(1)], [debit(1, end_to_end_id="FA-2026-000001")])

    by_transfer = one(line("1440.00", Detail(credit=True, end_to_end_id="FA-2026-000001")), book)

    assert (by_transfer.rule, book.states["d1"]) == ("number", "sent")


def test_every_reason_has_its_words_in_both_languages():
    facts = {"number": "FA-1", "count": "2", "total": "3.00"}
    for code in SAID:
        assert said(Reason(code, facts), "fr")
        assert said(Reason(code, facts), "en")


def test_a_text_that_is_meant_to_be_slow_is_not():
    book = Book([invoice(n, "10.00", client=f"c{n}") for n in range(1, 400)])
    hostile = text(*["FA 2026 0 " * 14] * 400, *["RF18" * 35] * 400, debtor="a " * 70)

    outcome = one(line("10.00", hostile), book)

    assert outcome.kind == "queue"


@pytest.mark.parametrize(
    "said_",
    [
        "FACT 2026 000012 ET 13",
        "Facture n° 2026-12 et 2026-13, FACT 2026 13",
        "FACTURES 2026000012 / 2026-13 FACT2026000013",
        "FA-2026-000012 ET 13 DU 01/06",
        "FA-2026-000012/13",
        "FA2026000012FA2026000013",
        "FA-2026-000012FA-2026-000013",
    ],
)
def test_invoices_named_in_short_are_paid_when_the_amount_is_theirs_to_the_cent(said_):
    items = [invoice(12, "1440.00"), invoice(13, "360.00"), invoice(1, "7.00")]

    assert paid(one(line("1800.00", text(said_)), Book(items))) == {"i12": "1440.00", "i13": "360.00"}


@pytest.mark.parametrize(
    ("said_", "amount", "code"),
    [
        ("FACT 2026 000012 ET 13", "1799.99", "no_sign"),
        ("FA-2026-000012 ET 13", "1799.99", "several_readings"),
        ("FA-2026-000012 130", "1495.00", "several_readings"),  # 130 is another client's
        ("FACT 2026 14 DU 13/07", "360.00", "no_sign"),  # 14 was paid; 13 is a day
        ("FA-2026-000014 DU 13/07", "360.00", "paid_already"),
        ("13/07/2026", "360.00", "no_sign"),
        ("RF99FA2026000012", "1440.00", "no_sign"),  # wrong check digits: some digit is wrong
    ],
)
def test_numbers_in_short_that_do_not_come_to_the_amount_are_for_a_person(said_, amount, code):
    items = [invoice(12, "1440.00"), invoice(13, "360.00"), invoice(130, "55.00", client="c2"), invoice(14, "0.00")]

    outcome = one(line(amount, text(said_)), Book(items))

    assert (outcome.kind, outcome.reason.code, paid(outcome), outcome.credits) == ("queue", code, {}, ())


def test_a_number_in_short_is_what_a_person_is_shown_first():
    book = Book([invoice(12, "1440.00"), invoice(13, "360.00", client="c2")])

    outcome = one(line("1000.00", text("FACT 2026 000012")), book)

    assert [each.parts for each in outcome.suggestions] == [(("i12", Decimal("1000.00")),)]


def test_a_date_beside_the_number_takes_no_part_payment_from_its_invoice():
    book = Book([invoice(12, "1440.00"), invoice(7, "360.00")])

    assert paid(one(line("500.00", text("Acompte FA-2026-000012 du 01/07")), book)) == {"i12": "500.00"}


def test_what_the_bank_adds_to_a_payment_names_invoices_too():
    assert paid(one(line("1440.00", text(more="Facture FA-2026-000001")), Book([invoice()]))) == {"i1": "1440.00"}


def test_payments_of_which_only_the_instructed_amount_is_told_are_taken_when_they_come_to_the_line():
    details = [text(f"FA-2026-00000{n}", instructed=Decimal(f"{n}0.00")) for n in (1, 2)]
    items = [invoice(1, "10.00"), invoice(2, "20.00")]

    assert paid(one(line("30.00", *details), Book(items))) == {"i1": "10.00", "i2": "20.00"}
    assert one(line("29.00", *details), Book(items)).reason.code == "details_differ"


@pytest.mark.parametrize(
    ("code", "returned"), [("PMNT-ICDT-RRTN", None), ("PMNT-RCDT-ESCT", Return("AC04")), ("", Return("AC04"))]
)
def test_a_transfer_of_ours_that_came_back_pays_no_invoice(code, returned):
    outcome = one(line("1440.00", text("FA-2026-000001", returned=returned), code=code), Book([invoice()]))

    assert (outcome.kind, outcome.reason.code, paid(outcome)) == ("queue", "transfer_back", {})
