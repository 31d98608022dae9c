"""The whole loop without a bank: debits out, refusals and statements in, invoices paid, returns, and again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from sofy.billing.rules.matching import Book, Client, Debit, Invoice, match_all
from sofy.sandbox.bank import PROFILES, Bank, Scripted, State, Transfer
from sofy.wire import cfonb, pain
from sofy.wire.camt import Entry, load
from sofy.wire.cfonb.tests.test_reader import BACK, PAID, file
from sofy.wire.sepa.identifiers import reference_of

IBAN, PAYER = "FR7630006000011234567890189", "DE89370400440532013000"
DUE = date(2026, 7, 1)
AT = datetime(2026, 6, 17, 8, tzinfo=UTC)
CREDITOR = pain.Creditor(name="Sofy", creditor_id="FR72ZZZ123456", iban=IBAN)


def invoices() -> list[Invoice]:
    return [
        Invoice(
            id=f"i{n}",
            number=f"FA-2026-{n:06d}",
            client_id=f"c{n}",
            open_eur=Decimal(f"{n}00.00"),
            due_on=DUE,
            reference=reference_of(f"FA-2026-{n:06d}"),
        )
        for n in range(1, 9)
    ]


def debits_out() -> tuple[bytes, list[Debit]]:
    """Invoices 1 to 4 are debited; the file, and what we remember of it."""
    batch = pain.Batch(
        message_id="SOFY-1",
        created_at=AT,
        initiator="Sofy",
        debits=tuple(
            pain.Debit(
                end_to_end_id=f"FA-2026-{n:06d}",
                amount_eur=Decimal(f"{n}00.00"),
                collect_on=DUE,
                mandate=pain.Mandate(id=f"RUM-{n}", signed_on=date(2026, 4, 1)),
                debtor=pain.Debtor(name=f"Boutique {n}", iban=PAYER),
                creditor=CREDITOR,
            )
            for n in range(1, 5)
        ),
    )
    remembered = [
        Debit(
            id=f"d{one.end_to_end_id[-1]}",
            invoice_id=f"i{one.end_to_end_id[-1]}",
            client_id=f"c{one.end_to_end_id[-1]}",
            end_to_end_id=one.end_to_end_id,
            amount_eur=one.amount_eur,
            due_on=DUE,
            payment_id=block.payment_id,
            message_id=batch.message_id,
            mandate_id=one.mandate.id,
        )
        for block in pain.blocks(batch)
        for one in block.debits
    ]
    return pain.write(batch), remembered


TRANSFERS = [
    Transfer(on=date(2026, 6, 30), amount_eur=Decimal("500.00"), name="B5", reference=reference_of("FA-2026-000005")),
    Transfer(on=date(2026, 7, 2), amount_eur=Decimal("250.00"), name="B6", texts=("acompte FA2026000006",)),
    Transfer(on=date(2026, 7, 3), amount_eur=Decimal("700.00"), name="B7", iban=PAYER),
    Transfer(on=date(2026, 7, 3), amount_eur=Decimal("123.45"), name="Inconnu"),
    Transfer(on=date(2026, 7, 6), amount_eur=Decimal("350.00"), name="B6", texts=("solde FA-2026-6",)),
]


@pytest.mark.clause("CGVU 22")
@pytest.mark.parametrize("version", ["02", "04", "08"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"details": False},
        {"batches": "never"},
        {"batch_fee_eur": Decimal("0.50")},
        {"fees_apart": True},
        {"fees_hidden": True},
    ],
)
def test_from_the_debit_to_the_return_without_anybody_outside(version, changes):
    profile = msgspec.structs.replace(
        PROFILES["plain"],
        version=version,
        refused={"RUM-4": "AC04"},
        ends={"FA-2026-000002": Scripted("AM04", 4)},
        return_fee_eur=Decimal("3.00"),
        **changes,
    )
    bank = Bank(profile, State(iban=IBAN))
    content, remembered = debits_out()

    # the bank refuses one debit beforehand, and says so
    status = pain.read_status(bank.take(content, at=AT))
    refused = {one.end_to_end_id for one in status.rejections}
    sent = [
        msgspec.structs.replace(one, state="rejected") if one.end_to_end_id in refused else one for one in remembered
    ]
    bank.expect(TRANSFERS)
    days = bank.run(date(2026, 6, 30), date(2026, 7, 8))
    book = Book(invoices(), sent, [Client(id="c7", ibans=(PAYER,))])
    lines: list[Entry] = [one for day in days for statement in load(day.statement) for one in statement.entries]

    outcomes = list(match_all(lines, book))

    assert refused == {"FA-2026-000004"}
    assert {one.id: str(book.open_eur[one.id]) for one in invoices()} == {
        "i1": "0.00",  # collected
        "i2": "200.00",  # collected, and come back
        "i3": "0.00",
        "i4": "400.00",  # refused by the bank
        "i5": "0.00",  # by its RF reference
        "i6": "0.00",  # in two parts, by its number
        "i7": "0.00",  # by account and amount
        "i8": "800.00",
    }
    (again,) = [each for one in outcomes for each in one.reopenings]
    assert (again.debit_id, again.reason, again.due_on) == ("d2", "AM04", DUE)
    (unknown,) = [one for one in outcomes if one.kind == "queue"]
    assert unknown.left_eur == Decimal("123.45")
    assert sum(one.amount_eur for one in outcomes) == bank.state.balance_eur
    assert all(one.accounted_eur == one.amount_eur for one in outcomes)

    # the same files once more change nothing
    before = dict(book.open_eur)
    repeated = match_all(lines, book, seen={one.key for one in outcomes})
    assert {one.kind for one in repeated} == {"known"}
    assert book.open_eur == before


def test_lines_of_the_older_french_form_find_their_invoices_too():
    open_items = [
        Invoice(id="i1", number="FA-2026-000001", client_id="c1", open_eur=Decimal("1440.05"), due_on=DUE),
        Invoice(id="i2", number="FA-2026-000002", client_id="c2", open_eur=Decimal("0.00"), due_on=DUE),
    ]
    back = Debit(
        id="d2",
        invoice_id="i2",
        client_id="c2",
        end_to_end_id="FA-2026-000002",
        amount_eur=Decimal("20.00"),
        due_on=DUE,
        state="collected",
    )
    (statement,) = cfonb.load(file(*PAID, *BACK))

    paid, returned = match_all(statement.entries, Book(open_items, [back]))

    assert [(one.invoice_id, one.rule) for one in paid.allocations] == [("i1", "number")]
    assert [(one.debit_id, one.reason) for one in returned.reopenings] == [("d2", "AM04")]
    assert returned.charges_eur == Decimal("3.00")
