"""What holds for any lines and any open items."""

import subprocess
import sys
from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sofy.billing.rules.matching import Book, match_all
from sofy.billing.rules.matching.tests.factories import IBAN, OTHER_IBAN, client, debit, invoice, line
from sofy.wire.camt import Detail, Return, Total

AMOUNTS = st.decimals(min_value="0.01", max_value="60.00", places=2)
SMALL = st.sampled_from([Decimal(n) for n in ("5.00", "10.00", "15.00", "20.00", "25.00")])


STATES = st.sampled_from(["sent", "collected", "returned"])
TEXTS = st.sampled_from(
    [(), *(((f"FA-2026-{n:06d}",)) for n in range(1, 8)), ("FA-2026-1 FA-2026-2",), ("RF31FA2026000123",)]
)
CODES = st.sampled_from(["PMNT-RCDT-ESCT", "PMNT-IDDT-ESDD", "PMNT-IDDT-UPDD", "PMNT-MDOP-CHRG", ""])


@st.composite
def books(draw):
    count = draw(st.integers(1, 6))
    opens = [draw(st.one_of(SMALL, st.just(Decimal("0.00")), AMOUNTS)) for _ in range(count)]
    clients = [draw(st.sampled_from(["c1", "c2"])) for _ in range(count)]
    invoices = [invoice(n + 1, str(opens[n]), client=clients[n]) for n in range(count)]
    debits = [
        debit(n + 1, str(draw(SMALL)), client=clients[n], state=draw(STATES))
        for n in range(count)
        if draw(st.booleans())
    ]
    return invoices, debits, [client("c1", IBAN, called="Le Goff"), client("c2", OTHER_IBAN, IBAN)]


@st.composite
def details(draw):
    n = draw(st.integers(1, 8))
    return Detail(
        credit=draw(st.booleans()),
        amount=draw(st.one_of(st.none(), SMALL, AMOUNTS)),
        charges=draw(st.sampled_from([Decimal(0), Decimal("1.00")])),
        end_to_end_id=draw(st.sampled_from(["", f"E{n}"])),
        payment_id=draw(st.sampled_from(["", "SOFY-1-1"])),
        mandate_id=draw(st.sampled_from(["", f"RUM-{n}"])),
        texts=draw(
            st.sampled_from([(), (f"FA-2026-{n:06d}",), (f"FA-2026-{n} FA-2026-{n + 1}",), ("RF31FA2026000123",)])
        ),
        debtor_iban=draw(st.sampled_from(["", IBAN, OTHER_IBAN])),
        debtor=draw(st.sampled_from(["", "LE GOFF"])),
        returned=draw(st.sampled_from([None, Return("AM04")])),
    )


@st.composite
def lines(draw):
    made = []
    for number in range(draw(st.integers(1, 6))):
        inner = draw(st.lists(details(), max_size=3))
        made.append(
            line(
                str(draw(st.one_of(SMALL, AMOUNTS))),
                *inner,
                key=f"k{draw(st.integers(0, 7))}-{number % 2}",
                credit=draw(st.booleans()),
                reversal=draw(st.booleans()) and draw(st.booleans()),
                status=draw(st.sampled_from(["BOOK", "BOOK", "BOOK", "PDNG"])),
                code=draw(
                    st.sampled_from(["PMNT-RCDT-ESCT", "PMNT-IDDT-ESDD", "PMNT-IDDT-UPDD", "PMNT-MDOP-CHRG", ""])
                ),
                charges=draw(st.sampled_from([Decimal(0), Decimal("1.00")])),
                totals=draw(st.sampled_from([(), (Total(payment_id="SOFY-1-1"),), (Total(message_id="SOFY-1"),)])),
            )
        )
    return made


@given(books(), lines())
def test_every_cent_is_accounted_for_and_no_invoice_gets_more_than_is_open(items, entries):
    invoices, debits, clients = items
    book = Book(invoices, debits, clients)

    outcomes = list(match_all(entries, book))

    assert Counter(one.key for one in outcomes) == Counter(one.key for one in entries)
    keys: set[str] = set()
    by_key = {one.key: one for one in reversed(entries)}
    for outcome in outcomes:
        assert outcome.accounted_eur == outcome.amount_eur
        assert all(one.amount_eur > 0 for one in outcome.allocations)
        if outcome.kind not in ("known", "pending"):
            assert outcome.key not in keys
            keys.add(outcome.key)
            assert outcome.amount_eur == by_key[outcome.key].signed
            assert outcome.charges_eur >= 0
    paid = dict.fromkeys((item.id for item in invoices), Decimal(0))
    for outcome in outcomes:
        for payment in outcome.allocations:
            paid[payment.invoice_id] += payment.amount_eur
        for again in outcome.reopenings:
            paid[again.invoice_id] -= again.amount_eur
    for item in invoices:
        assert book.open_eur[item.id] == item.open_eur - paid[item.id]
        assert book.open_eur[item.id] >= 0


@given(books(), lines())
def test_the_same_lines_again_change_nothing(items, entries):
    invoices, debits, clients = items
    book = Book(invoices, debits, clients)
    seen = {one.key for one in match_all(entries, book)}
    before = dict(book.open_eur)

    again = list(match_all(entries, book, seen=seen))

    assert {one.kind for one in again} == {"known"}
    assert book.open_eur == before


@given(books(), lines())
def test_matching_is_the_same_every_time(items, entries):
    invoices, debits, clients = items

    first = list(match_all(entries, Book(invoices, debits, clients)))
    second = list(match_all(entries, Book(invoices, debits, clients)))

    assert first == second


@given(st.lists(SMALL, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_exact_payments_with_a_sure_sign_are_matched_alike_in_any_order(amounts, order):
    invoices = [invoice(n, str(amount), client=f"c{n % 3}") for n, amount in enumerate(amounts, 1)]
    debits = [debit(n, str(amount), client=f"c{n % 3}") for n, amount in enumerate(amounts, 1) if n % 3 == 0]
    entries = [
        line(str(amount), Detail(credit=True, end_to_end_id=f"E{n}"), key=f"k{n}", code="PMNT-IDDT-ESDD")
        if n % 3 == 0
        else line(str(amount), Detail(credit=True, texts=(f"FA-2026-{n:06d}",)), key=f"k{n}")
        for n, amount in enumerate(amounts, 1)
    ]
    shuffled = entries[:]
    order.shuffle(shuffled)

    def outcomes(given_lines):
        return {one.key: one for one in match_all(given_lines, Book(invoices, debits))}

    def outcomes_of_files(*files):
        book = Book(invoices, debits)
        return {one.key: one for each in files for one in match_all(each, book)}

    middle = len(entries) // 2
    assert outcomes(entries) == outcomes(shuffled)
    assert outcomes_of_files(shuffled[:middle], shuffled[middle:]) == outcomes(entries)
    assert outcomes_of_files(shuffled[middle:], shuffled[:middle]) == outcomes(entries)
    assert {one.kind for one in outcomes(entries).values()} == {"matched"}


def test_matching_needs_no_framework():
    code = "import sys, sofy.billing.rules.matching, sofy.billing.rules.mandates; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
