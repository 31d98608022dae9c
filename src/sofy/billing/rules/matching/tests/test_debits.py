"""Our direct debits: collected one by one or as a batch, and come back."""

from datetime import date
from decimal import Decimal

import pytest

from sofy.billing.rules.matching import RETURN_REASONS, Book, match, match_all, return_reason
from sofy.billing.rules.matching.tests.factories import (
    DUE,
    back,
    block,
    collected,
    debit,
    invoice,
    line,
    one,
    paid,
)
from sofy.wire.camt import Detail, Return, Total

CODES = ("AM04", "AC01", "AC04", "AC06", "MD01", "MD06", "MS02", "MS03", "SL01")


def ours(n: int, amount: str | None = None, *, credit: bool = True, reason: str = "", **given) -> Detail:
    return Detail(
        credit=credit,
        end_to_end_id=f"E{n}",
        amount=None if amount is None else Decimal(amount),
        returned=Return(reason) if reason else None,
        **given,
    )


def three() -> Book:
    amounts = {1: "10.00", 2: "20.00", 3: "30.00"}
    return Book(
        [invoice(n, amount) for n, amount in amounts.items()], [debit(n, amount) for n, amount in amounts.items()]
    )


def all_collected() -> Book:
    book = three()
    list(match_all([collected(amount="60.00", totals=block(), key="in")], book))
    assert set(book.open_eur.values()) == {Decimal("0.00")}
    return book


def test_a_debit_is_known_by_its_own_identifier():
    book = three()

    outcome = one(collected(ours(2, "20.00"), amount="20.00"), book)

    assert (paid(outcome), outcome.rule, outcome.allocations[0].debit_id) == ({"i2": "20.00"}, "end_to_end", "d2")
    assert book.states["d2"] == "collected"


def test_a_line_of_several_debits_pays_each_with_its_own_amount():
    outcome = one(collected(ours(1, "10.00"), ours(3, "30.00"), amount="40.00"), three())

    assert paid(outcome) == {"i1": "10.00", "i3": "30.00"}


def test_details_without_amounts_have_those_of_our_debits():
    outcome = one(collected(ours(1), ours(3), amount="40.00"), three())

    assert paid(outcome) == {"i1": "10.00", "i3": "30.00"}


def test_a_total_repeated_on_every_payment_pays_nothing_twice():
    outcome = one(collected(ours(1, "30.00"), ours(2, "30.00"), amount="30.00"), three())

    assert (outcome.kind, outcome.reason.code, paid(outcome)) == ("queue", "details_differ", {})


@pytest.mark.parametrize("totals", [block(), block(count=3), (Total(message_id="SOFY-1"),)])
def test_a_batch_without_details_closes_all_its_debits(totals):
    outcome = one(collected(amount="60.00", totals=totals), three())

    assert paid(outcome) == {"i1": "10.00", "i2": "20.00", "i3": "30.00"}
    assert outcome.rule == "batch"


def test_a_batch_is_known_by_the_block_its_details_name_too():
    outcome = one(collected(Detail(credit=True, payment_id="SOFY-1-1"), amount="60.00"), three())

    assert outcome.rule == "batch"


def test_debits_that_the_bank_refused_beforehand_are_no_part_of_the_batch():
    amounts = {1: "10.00", 2: "20.00", 3: "30.00"}
    debits = [debit(n, amount, state="rejected" if n == 2 else "sent") for n, amount in amounts.items()]
    book = Book([invoice(n, amount) for n, amount in amounts.items()], debits)

    assert paid(one(collected(amount="40.00", totals=block()), book)) == {"i1": "10.00", "i3": "30.00"}


@pytest.mark.parametrize(
    ("amount", "totals"),
    [("59.00", block()), ("61.00", block()), ("60.00", block(count=2)), ("60.00", block("OTHER"))],
)
def test_a_batch_that_does_not_come_to_the_line_is_for_a_person(amount, totals):
    outcome = one(collected(amount=amount, totals=totals), three())

    assert (outcome.kind, outcome.reason.code, outcome.left_eur) == ("queue", "batch_unknown", Decimal(amount))


def test_a_person_is_shown_what_the_batch_would_pay():
    (suggestion,) = one(collected(amount="59.00", totals=block()), three()).suggestions

    assert (suggestion.reason.code, suggestion.reason.facts) == ("block", {"count": "3", "total": "60.00"})


def test_a_second_batch_of_the_same_message_is_told_apart_by_its_amount():
    items = [invoice(1, "10.00"), invoice(2, "20.00")]
    book = Book(items, [debit(1, "10.00", payment_id="A"), debit(2, "20.00", payment_id="B")])

    assert paid(one(collected(amount="20.00", totals=(Total(message_id="SOFY-1"),)), book)) == {"i2": "20.00"}


@pytest.mark.parametrize(
    "entry",
    [
        collected(ours(1, "10.00"), ours(2, "20.00"), amount="29.50", charges=Decimal("0.50")),
        collected(ours(1, "10.00", charges=Decimal("0.25")), ours(2, "20.00", charges=Decimal("0.25")), amount="29.50"),
    ],
)
def test_charges_that_the_bank_declares_do_not_make_an_invoice_short(entry):
    outcome = one(entry, three())

    assert (paid(outcome), outcome.charges_eur) == ({"i1": "10.00", "i2": "20.00"}, Decimal("0.50"))


def test_a_difference_that_nobody_declares_is_for_a_person():
    outcome = one(collected(ours(1, "10.00"), ours(2, "20.00"), amount="29.50"), three())

    assert (outcome.kind, paid(outcome)) == ("queue", {})


def test_a_debit_for_an_invoice_that_was_paid_meanwhile_is_the_clients_credit():
    book = Book([invoice(1, "4.00")], [debit(1, "10.00")])

    outcome = one(collected(ours(1, "10.00"), amount="10.00"), book)

    assert paid(outcome) == {"i1": "4.00"}
    assert [(each.client_id, each.amount_eur) for each in outcome.credits] == [("c1", Decimal("6.00"))]


@pytest.mark.clause("CGVU 22")
def test_a_return_opens_the_invoice_again_with_its_original_due_date():
    book = all_collected()

    outcome = one(back(ours(2, "20.00", credit=False, reason="AM04"), amount="20.00", booked_on=date(2026, 7, 8)), book)

    (again,) = outcome.reopenings
    assert (again.debit_id, again.invoice_id, again.amount_eur) == ("d2", "i2", Decimal("20.00"))
    assert (again.due_on, again.reason, outcome.booked_on) == (DUE, "AM04", date(2026, 7, 8))
    assert (outcome.kind, book.open_eur["i2"], book.states["d2"]) == ("returned", Decimal("20.00"), "returned")
    assert book.open_eur["i1"] == 0


@pytest.mark.parametrize(
    ("detail", "amount", "charges"),
    [
        (ours(2, "20.00", credit=False, reason="AM04", charges=Decimal(3)), "23.00", "3.00"),
        (ours(2, "23.00", credit=False, reason="AM04"), "23.00", "3.00"),  # the bank hides its fee
        (ours(2, None, credit=False, reason="MD06"), "20.40", "0.40"),  # interest of a refund
    ],
)
def test_what_a_return_costs_is_a_charge_and_no_part_of_the_invoice(detail, amount, charges):
    outcome = one(back(detail, amount=amount), all_collected())

    assert ([each.amount_eur for each in outcome.reopenings], outcome.charges_eur) == (
        [Decimal("20.00")],
        Decimal(charges),
    )


@pytest.mark.parametrize("amount", ["19.00", "70.01"])
def test_a_return_of_quite_another_amount_is_for_a_person(amount):
    outcome = one(back(ours(2, None, credit=False, reason="AM04"), amount=amount), all_collected())

    assert (outcome.kind, outcome.reason.code, outcome.left_eur) == ("queue", "return_amount", -Decimal(amount))


def test_a_return_is_known_by_its_mandate_when_the_bank_lost_the_identifier():
    lost = Detail(credit=False, mandate_id="RUM-3", amount=Decimal(30), returned=Return("AC04"))

    (again,) = one(back(lost, amount="30.00"), all_collected()).reopenings

    assert again.debit_id == "d3"


def test_a_whole_batch_may_come_back():
    outcome = one(back(amount="60.00", totals=block()), all_collected())

    assert {each.debit_id for each in outcome.reopenings} == {"d1", "d2", "d3"}


def test_a_return_set_off_against_a_collection_opens_its_invoice():
    book = all_collected()
    book_more = Book(
        [invoice(4, "100.00"), *book.invoices.values()],
        [debit(4, "100.00"), *(debit(n, f"{n}0.00", state="collected") for n in (1, 2, 3))],
    )

    outcome = one(
        collected(ours(4, "100.00"), ours(2, "20.00", credit=False, reason="AM04"), amount="80.00"), book_more
    )

    assert paid(outcome) == {"i4": "100.00"}
    assert [each.invoice_id for each in outcome.reopenings] == ["i2"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_return_that_stands_before_its_collection_waits_for_it(order):
    book = three()
    lines = [
        collected(ours(2, "20.00"), amount="20.00", key="in"),
        back(ours(2, "20.00", credit=False, reason="AM04"), amount="20.00", key="out"),
    ]

    outcomes = {each.key: each for each in match_all([lines[n] for n in order], book)}

    assert (outcomes["in"].kind, outcomes["out"].kind) == ("matched", "returned")
    assert book.open_eur["i2"] == Decimal("20.00")


def test_a_return_whose_collection_was_never_seen_is_for_a_person():
    outcome = one(back(ours(2, "20.00", credit=False, reason="AM04"), amount="20.00"), three())

    assert (outcome.kind, outcome.reason.code) == ("queue", "return_early")


def test_a_debit_comes_back_once():
    book = all_collected()
    detail = ours(2, "20.00", credit=False, reason="AM04")

    one(back(detail, amount="20.00"), book)
    again = one(back(detail, amount="20.00", key="k2"), book)

    assert (again.kind, again.reason.code, book.open_eur["i2"]) == ("queue", "return_twice", Decimal("20.00"))


def test_a_return_takes_back_the_credit_that_its_debit_had_left():
    book = Book([invoice(1, "4.00")], [debit(1, "10.00")])
    one(collected(ours(1, "10.00"), amount="10.00"), book)

    outcome = one(back(ours(1, "10.00", credit=False, reason="MD06"), amount="10.00", key="k2"), book)

    assert [each.amount_eur for each in outcome.reopenings] == [Decimal("4.00")]
    assert [each.amount_eur for each in outcome.credits] == [Decimal("-6.00")]
    assert book.open_eur["i1"] == Decimal("4.00")


def test_a_debit_is_collected_once():
    book = three()
    one(collected(ours(2, "20.00"), amount="20.00"), book)

    again = one(collected(ours(2, "20.00"), amount="20.00", key="k2"), book)

    assert (again.kind, again.reason.code) == ("queue", "debit_twice")


@pytest.mark.parametrize("code", ["PMNT-MDOP-CHRG", "ACMT-MDOP-FEES", "NCHG"])
def test_fees_of_the_bank_need_nobody(code):
    outcome = one(line("2.00", credit=False, code=code), three())

    assert (outcome.kind, outcome.charges_eur, outcome.left_eur) == ("fees", Decimal("2.00"), 0)


def test_other_money_out_is_for_a_person():
    outcome = one(line("2.00", credit=False, code="PMNT-ICDT-ESCT"), three())

    assert (outcome.kind, outcome.reason.code, outcome.left_eur) == ("queue", "money_out", Decimal("-2.00"))


@pytest.mark.parametrize("code", ["PMNT-ICDT-ESCT", "PMNT-CCRD-POSD"])
def test_a_transfer_of_ours_that_names_a_debit_is_no_return_of_it(code):
    book = all_collected()

    outcome = one(back(ours(2, "20.00", credit=False), amount="20.00", code=code), book)

    assert (outcome.kind, outcome.reason.code) == ("queue", "money_out")
    assert not book.open_eur["i2"]


@pytest.mark.parametrize("code", CODES)
def test_every_reason_of_a_return_says_what_happened_and_what_to_do_in_both_languages(code):
    reason = RETURN_REASONS[code]

    assert all((reason.en, reason.fr, reason.next_en, reason.next_fr))
    assert reason.again is (code in ("AM04", "MS03", "SL01"))
    assert reason.mandate == ("stop" if code == "MD01" else "ask_account" if code.startswith("AC") else "keep")


def test_a_reason_that_nobody_listed_is_shown_as_it_is():
    reason = return_reason("XX99")

    assert ("XX99" in reason.fr, reason.again) == (True, False)
    assert "<" not in return_reason("<b>").fr


def test_a_line_of_nothing_bothers_nobody():
    outcome = one(line("0.00", credit=False, code="ACMT-MCOP-NTAV"), three())

    assert (outcome.kind, outcome.reason.code) == ("matched", "nothing")


def test_matching_a_line_changes_no_book():
    book = three()

    match(collected(ours(2, "20.00"), amount="20.00"), book)

    assert (book.open_eur["i2"], book.states["d2"]) == (Decimal("20.00"), "sent")


def test_a_debit_is_collected_with_its_own_amount_or_a_person_looks():
    outcome = one(
        collected(Detail(credit=True, end_to_end_id="FA-2026-000001"), amount="500.00"),
        Book([invoice(1)], [debit(1, end_to_end_id="FA-2026-000001")]),
    )

    assert (outcome.kind, outcome.reason.code, paid(outcome)) == ("queue", "debit_amount", {})


def test_a_payment_of_no_known_kind_with_our_identifier_and_another_amount_is_a_transfer_that_names_the_invoice():
    book = Book([invoice(1)], [debit(1, end_to_end_id="FA-2026-000001")])

    outcome = one(line("500.00", Detail(credit=True, end_to_end_id="FA-2026-000001"), code="NTRF"), book)

    assert (outcome.rule, paid(outcome), book.states["d1"]) == ("number", {"i1": "500.00"}, "sent")
