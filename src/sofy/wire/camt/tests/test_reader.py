"""Statements of banks, whatever their version."""

import io
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.camt import Return, Statement, StatementEnd, Total, load, read
from sofy.wire.camt.tests.factories import DAY, IBAN, OLDER, detail, entry, head, written
from sofy.wire.iso20022 import BankFileError

MESSAGES = [(message, version) for message in ("camt.053", "camt.054", "camt.052") for version in ("02", "04", "08")]


def test_a_statement_of_2014_is_read_with_batch_return_and_fees():
    (found,) = load(OLDER)
    batch, back, fees = found.entries

    assert (found.head.account, found.head.sequence, found.head.opening.amount) == (
        "DE89370400440532013000",
        "130",
        Decimal("-33.06"),
    )
    assert (batch.signed, batch.code, batch.reference) == (Decimal("500.00"), "PMNT-IDDT-ESDD", "NONREF")
    assert batch.totals == (Total(payment_id="SOFY-1-1", count=2),)
    assert batch.details == ()
    assert back.signed == Decimal("-103.00")
    (payment,) = back.details
    assert (payment.end_to_end_id, payment.amount, payment.charges) == ("FA-2026-000007", Decimal(100), Decimal(3))
    assert payment.returned == Return("AM04", "insufficient funds")
    assert (payment.debtor, payment.debtor_iban) == ("Crêperie Le Goff", "FR1420041010050500013M02606")
    assert payment.texts == ("Facture FA-2026-", "000007")
    assert fees.booked_on == date(2026, 7, 1)  # half past one in the morning in Paris
    assert fees.code == "NCHG"


@pytest.mark.parametrize(("message", "version"), MESSAGES)
def test_every_message_and_version_says_the_same(message, version):
    whole = entry(
        "1440.00",
        detail(
            amount=Decimal("1440.00"), message_id="M", payment_id="P", instruction_id="I", end_to_end_id="E",
            transaction_id="T", mandate_id="R", reference="A", debtor="Dupont & Fils",
            debtor_iban="DE89370400440532013000",
            creditor="Sofy", creditor_iban=IBAN, texts=("one", "two"), references=("RF31FA2026000123",),
            returned=Return("AC04", "closed"), code="PMNT-RCDT-ESCT", charges=Decimal("0.50"),
        ),
        totals=(Total(message_id="M", payment_id="P", count=1, amount=Decimal("1440.00")),),
        reference="2026-1", text="VIR SEPA", charges=Decimal("1.20"), reversal=True,
    )  # fmt: skip

    (found,) = load(written(whole, message=message, version=version))

    (read_back,) = found.entries
    assert msgspec.structs.replace(read_back, key="", line=0) == whole
    assert (found.head.message, found.head.version) == (message, version)


def test_head_entries_and_end_come_in_the_order_of_the_file():
    items = list(read(io.BytesIO(written(entry("1.00"), entry("2.00")))))

    assert isinstance(items[0], Statement)
    assert [one.amount for one in items[1:3]] == [Decimal(1), Decimal(2)]
    assert items[3] == StatementEnd(id="2026-07-01", entries=2, booked=Decimal("3.00"))


def test_a_statement_without_entries_is_a_statement():
    (found,) = load(written())

    assert found.entries == ()


def test_only_what_is_booked_has_moved_money():
    (found,) = load(written(entry("5.00", status="PDNG"), entry("7.00"), entry("2.00", credit=False)))

    assert [one.status for one in found.entries] == ["PDNG", "BOOK", "BOOK"]


@pytest.mark.parametrize(
    ("balances", "adds_up"),
    [
        ("OPBD 10 CLBD 15", True),
        ("PRCD 10 CLBD 15", True),
        ("ITBD 10 ITBD 15", True),  # a page in the middle
        ("OPBD 10 ITBD 15", True),  # the first page
        ("ITBD 10 CLBD 15", True),  # the last page
        ("OPBD 10 CLBD 15 CLAV 3", True),
        ("OPBD 10 CLBD 15.01", False),
        ("OPBD 10 CLBD -15", False),
    ],
)
def test_opening_and_entries_make_the_closing_balance(balances, adds_up):
    said = balances.split()
    made = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount.strip('-')}</Amt>"
        f"<CdtDbtInd>{'DBIT' if '-' in amount else 'CRDT'}</CdtDbtInd><Dt><Dt>2026-07-01</Dt></Dt></Bal>"
        for kind, amount in zip(said[::2], said[1::2], strict=True)
    )
    content = written(entry("5.00"), opening="0", closing="5.00").decode()
    begin, end = content.index("<Bal>"), content.rindex("</Bal>") + len("</Bal>")
    file = (content[:begin] + made + content[end:]).encode()

    if adds_up:
        assert load(file)[0].entries[0].amount == Decimal("5.00")
        return
    with pytest.raises(BankFileError) as refused:
        load(file)
    assert refused.value.code == "bank_file_balance"


def test_balances_of_every_day_between_do_not_matter():
    content = written(entry("5.00"), entry("7.00", booked_on=date(2026, 7, 2)))
    middle = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
        for kind, amount, on in (
            ("CLBD", "22", "2026-07-02"),
            ("OPBD", "15", "2026-07-02"),
            ("CLBD", "15", "2026-07-01"),
            ("OPBD", "10", "2026-07-01"),
        )
    )
    begin, end = content.index(b"<Bal>"), content.rindex(b"</Bal>") + len(b"</Bal>")

    (found,) = load(content[:begin] + middle.encode() + content[end:])

    assert (found.head.opening.amount, found.head.closing.amount) == (Decimal(10), Decimal(22))


def test_a_statement_in_an_envelope_is_a_statement():
    content = written(entry("5.00")).replace(b"<Document ", b"<BizMsgEnvlp xmlns='urn:x'><Document ")

    (found,) = load(content.replace(b"</Document>", b"</Document></BizMsgEnvlp>"))

    assert len(found.entries) == 1


@pytest.mark.parametrize("balance", ["opening", "closing"])
def test_a_statement_without_one_of_its_balances_is_refused(balance):
    with pytest.raises(BankFileError) as refused:
        load(b"".join(piece for piece in [written(entry("5.00")).replace(
            b"<Cd>OPBD</Cd>" if balance == "opening" else b"<Cd>CLBD</Cd>", b"<Cd>XXXX</Cd>"
        )]))  # fmt: skip

    assert (refused.value.code, refused.value.facts["element"]) == ("bank_file_missing", "Bal")


def test_a_notification_has_no_balances_but_may_say_how_many_entries_it_has():
    content = written(entry("5.00"), message="camt.054")
    summary = b"<TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries></TtlNtries></TxsSummry>\n<Ntry>"

    assert len(load(content.replace(b"\n<Ntry>", summary % 1))[0].entries) == 1
    with pytest.raises(BankFileError) as refused:
        load(content.replace(b"\n<Ntry>", summary % 2))
    assert refused.value.code == "bank_file_count"


def test_a_line_has_the_same_key_in_every_form_of_the_same_statement():
    lines = [entry("5.00", reference="A"), entry("6.00", text="x"), entry("7.00", detail(end_to_end_id="E"))]

    keys = {
        tuple(one.key for one in load(written(*lines, message=message, version=version))[0].entries)
        for message, version in MESSAGES
    }

    assert len(keys) == 1
    assert len(set(keys.pop())) == 3


def test_keys_that_were_given_once_stay_what_they_are():
    (found,) = load(written(entry("5.00", reference="A"), entry("6.00", detail(texts=("x",)), text="y")))

    assert [one.key for one in found.entries] == [
        "326dfaa552a135e08a2df63a13974618",
        "506695fe4b0a4efdd0908c1c2860281e",
    ]


def test_lines_without_a_reference_that_say_the_same_are_two_lines_and_keep_their_keys_in_any_order():
    twin, other = entry("5.00"), entry("6.00")

    (found,) = load(written(twin, other, twin))
    (turned,) = load(written(other, twin, twin))

    assert len({one.key for one in found.entries}) == 3
    assert {one.key for one in found.entries} == {one.key for one in turned.entries}


@pytest.mark.parametrize(
    "changed",
    [{"account": "DE89370400440532013000"}, {"id": "other"}],
)
def test_the_same_line_of_another_account_or_statement_is_another_line(changed):
    line = entry("5.00", reference="A")

    assert load(written(line))[0].entries[0].key != load(written(line, **changed))[0].entries[0].key


def test_the_amount_of_a_payment_in_another_currency_is_not_taken_for_ours():
    content = written(entry("5.00", detail(amount=Decimal("6.00")))).replace(
        b'<TxDtls><Amt Ccy="EUR">', b'<TxDtls><Amt Ccy="USD">'
    )

    assert load(content)[0].entries[0].details[0].amount is None


def test_two_statements_of_one_file_are_two_statements():
    one = written(entry("5.00")).decode()
    stmt = one[one.index("<Stmt>") : one.index("</Stmt>") + len("</Stmt>")]

    found = load(one.replace(stmt, stmt + stmt.replace(IBAN, "DE89370400440532013000")).encode())

    assert [each.head.account for each in found] == [IBAN, "DE89370400440532013000"]
    assert [len(each.entries) for each in found] == [1, 1]


@given(
    st.lists(
        st.tuples(
            st.decimals(min_value="0.01", max_value="99999999.99", places=2),
            st.booleans(),
            st.sampled_from(["BOOK", "PDNG"]),
            st.text("ab1 é&<", max_size=8),
        ),
        max_size=12,
    )
)
def test_whatever_was_written_is_read(lines):
    made = [
        entry(str(amount), credit=credit, status=status, text=" ".join(text.split()), number=number)
        for number, (amount, credit, status, text) in enumerate(lines, 1)
    ]

    (found,) = load(written(*made))

    assert [msgspec.structs.replace(one, key="", line=0) for one in found.entries] == made
    assert len({one.key for one in found.entries}) == len(made)


def test_a_booked_line_has_its_day():
    with pytest.raises(BankFileError) as refused:
        load(written(entry("5.00", booked_on=None)))

    assert (refused.value.code, refused.value.facts["element"]) == ("bank_file_missing", "BookgDt")
    assert load(written(entry("5.00", booked_on=None), message="camt.054"))[0].entries[0].booked_on is None


def test_the_head_says_which_account_and_when():
    found = next(iter(read(written(head_only := entry("5.00"), sequence="12"))))

    assert head_only.booked_on == DAY
    assert found == head(closing="5.00", sequence="12", created_on=date(2026, 7, 2))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_in_utf_16_or_with_a_byte_order_mark_says_the_same(encoding):
    content = written(entry("5.00", detail(texts=("Réglé FA-2026-000001",))))
    declared = encoding.upper().removesuffix("-SIG")

    again = content.decode().replace("UTF-8", declared, 1).encode(encoding)

    assert load(again) == load(content)


def test_what_a_bank_adds_to_a_payment_and_the_amount_its_payer_asked_for_are_read():
    (statement,) = load(OLDER.replace(b"<RmtInf>", b"<AddtlTxInf>Retour</AddtlTxInf><RmtInf>"))

    (one,) = statement.entries[1].details
    assert (one.more, one.instructed) == ("Retour", Decimal("100.00"))
