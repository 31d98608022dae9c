"""The file of entries: whatever is invoiced, entries balance; and the reader finds what is wrong."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.accounting.rules import fec
from sofy.accounting.rules.accounts import Accounts
from sofy.accounting.services.entries import sale
from sofy.billing.tests.factories import BELGIAN, credit_note, debit_note, document, line

DAY = date(2026, 6, 1)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def written(*documents, accounts=None):
    entries = [sale(one, accounts or Accounts(), "CLIENT", one.issued_on) for one in documents]
    return b"".join(fec.lines(entries, *YEAR))


@given(
    st.lists(
        st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 99_999), st.sampled_from(["20", "10", "8.5"])),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["receipts", "debits"]),
)
def test_every_entry_balances(lines, vat_on):
    rows = [line(str(quantity), str(Decimal(price) / 100), rate=rate) for quantity, price, rate in lines]

    content = written(document(*rows, vat_on=vat_on), credit_note(*rows, vat_on=vat_on), debit_note())

    assert fec.faults(content) == []


def test_each_kind_of_document_goes_to_its_accounts():
    found = {
        half.account
        for one in (
            document(line(category="AE"), buyer=BELGIAN), credit_note(line("1", "10", code="discount")), debit_note(),
        )
        for half in sale(one, Accounts(sales_abroad="706200"), "C", DAY).halves
    }  # fmt: skip

    assert found == {"411000", "706200", "665000", "445800", "758000"}


def test_names_are_written_in_the_character_set_of_the_law():
    buyer = document().buyer
    odd = type(buyer)(name="Łódź\tŒuf’s 東京", address=buyer.address, siren=buyer.siren)

    content = written(document(buyer=odd))

    assert "ódz Œuf's ??" in content.decode("iso8859-15")
    assert fec.faults(content) == []


@pytest.mark.parametrize(
    ("_case", "before", "after", "said"),
    [
        ("an amount", b"\t1000,00\t", b"\t1000,01\t", "differ"),
        ("a gap", b"VE0000002", b"VE0000003", "does not follow"),
        ("a day", b"\t20260601\t411000", b"\t2026-06-01\t411000", "no day"),
        ("a point", b"\t1000,00\t", b"\t1000.00\t", "no amount"),
        ("an account", b"\t411000\t", b"\tclients\t", "general chart"),
        ("a field less", b"\tClients\t", b"\t", "not 18"),
        ("a heading", b"JournalCode", b"Journal", "18 fields"),
        ("a name", b"\tVentes\t", b"\t\t", "JournalLib: empty"),
    ],
)
def test_the_reader_finds_what_is_wrong(_case, before, after, said):
    content = written(document(), document(number="FA-2026-000124"))
    broken = content.replace(before, after, 3)

    assert fec.faults(content) == []
    assert any(said in fault for fault in fec.faults(broken))
