"""What the time machine issues would be accepted: each document of each case, by the oracle and official rules."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from sofy.billing.case import files
from sofy.billing.case.book import Account
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import Unreadable, read
from sofy.billing.einvoice import facturx
from sofy.billing.einvoice.check import checked
from sofy.billing.einvoice.oracle import Corrected
from sofy.billing.einvoice.validator import Validator
from sofy.billing.services import cases
from sofy.billing.tests.test_case_files import CASES, EXPECTED

#: A rate that no law knows is refused by the official list of rates, whatever a case simulates.
SIMULATED = {"vat-rate-of-the-day", "vat-credit-old-rate"}


@pytest.fixture(scope="module")
def validator() -> Iterator[Validator]:
    with Validator() as opened:
        yield opened


def played(name: str) -> Replay:
    """A case file, replayed to its day."""
    case = read((CASES / f"{name}.json").read_bytes())
    return Replay(case, date.fromisoformat(EXPECTED[name]["as_of"])).play()


def corrected(replay: Replay, account: Account) -> tuple[Corrected, ...]:
    """The invoices a credit note is about, with the credit notes they had before."""
    found = [replay.book.get(origin.number) for origin in account.document.corrects]
    before = [one.document for one in replay.book.accounts[: replay.book.accounts.index(account)]]
    return tuple(
        Corrected(
            one.document,
            tuple(note for note in before if one.number in {origin.number for origin in note.corrects}),
        )
        for one in found
        if one
    )


@pytest.mark.slow
@pytest.mark.clause("CGVU 9.2", "CGVU 10.2")
@pytest.mark.parametrize("name", sorted(set(EXPECTED) - SIMULATED))
def test_every_document_of_a_case_is_a_valid_e_invoice(name, validator):
    replay = played(name)

    for account in replay.book.accounts:
        situation = cases.situation(replay.case, account.issued_at)
        assert checked(account.document, situation, validator, corrected(replay, account))


@pytest.mark.clause("CGVU 10.1", "CGVU 22")
@pytest.mark.parametrize(
    ("happened", "debited"),
    [
        ([], "1200.00"),
        ([{"at": "2026-06-20", "type": "payment", "amount_eur": "500.00"}], "700.00"),
        ([{"at": "2026-07-01T09:00", "type": "payment", "amount_eur": "1200.00"}], "1200.00"),  # the debit itself
        ([{"at": "2026-06-20", "type": "payment", "amount_eur": "1200.00"}], None),
        ([{"at": "2026-06-20", "type": "insolvency", "kind": "safeguard"}], None),
    ],
)
def test_a_debit_asks_for_what_is_open_when_its_day_begins(tmp_path, happened, debited):
    case = json.loads((CASES / "debit-returned.json").read_text())
    replay = Replay(
        read(json.dumps({**case, "events": [case["events"][0], *happened]}).encode()), date(2026, 7, 1)
    ).play()

    files.write(replay, tmp_path)

    found = [path.read_text() for path in tmp_path.glob("pain.008-2026-07-01.xml")]
    assert [f'<InstdAmt Ccy="EUR">{debited}</InstdAmt>' in text for text in found] == ([True] if debited else [])


def test_documents_and_debits_are_written_as_files(tmp_path):
    replay = played("debit-early")

    told = files.write(replay, tmp_path)

    invoice = (tmp_path / "FA-2026-000001.xml").read_bytes()
    debit = (tmp_path / "pain.008-2026-06-09.xml").read_text()
    assert facturx.xml_of((tmp_path / "FA-2026-000001.pdf").read_bytes()) == invoice
    assert "FA-2026-000001" in PdfReader(tmp_path / "FA-2026-000001.pdf").pages[0].extract_text()
    assert '<InstdAmt Ccy="EUR">1188.00</InstdAmt>' in debit
    assert "<MndtId>RUM-1</MndtId>" in debit
    assert len(told["written"]) == 3
    assert told["left_out"] == []


def test_a_debit_that_no_bank_would_take_is_left_out_with_the_reason(tmp_path):
    case = json.loads((CASES / "debit-early.json").read_text())
    case["client"]["iban"] = "FR00"
    replay = Replay(read(json.dumps(case).encode()), date(2026, 6, 30)).play()

    told = files.write(replay, tmp_path)

    assert [one["collect_on"] for one in told["left_out"]] == ["2026-06-09"]
    assert "iban" in told["left_out"][0]["why"]


@pytest.mark.clause("CGVU 10.1")
@pytest.mark.parametrize("means", ["card", "cheque", "cash", ""])
def test_only_transfers_and_debits_are_means_of_payment(means):
    case = json.loads((CASES / "interest.json").read_text())
    case["order_form"]["payment"] = {"means": means}

    with pytest.raises(Unreadable) as refused:
        read(json.dumps(case).encode())

    assert refused.value.path == "$.order_form.payment.means"


def test_an_amount_of_a_document_is_a_plain_decimal():
    """What is frozen is encoded by anybody's encoder: no type of our own gets in."""
    for name in EXPECTED:
        for account in played(name).book.accounts:
            document = account.document
            discount = document.payment.discount
            amounts = [document.net_eur, *(line.unit_price_eur for line in document.lines)]
            amounts += [discount.percent, discount.net_eur] if discount else []
            assert {type(amount) for amount in amounts} == {Decimal}
