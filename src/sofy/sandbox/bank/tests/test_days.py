"""What the simulated bank says of its days."""

import json
from datetime import date
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest

from sofy.sandbox.bank import Bank, Profile, Scripted, State, Transfer
from sofy.sandbox.bank.__main__ import main
from sofy.sandbox.bank.fate import fate
from sofy.sandbox.bank.tests.factories import COLLECTED, IBAN, bank, debit, entries, pain, profile, taken
from sofy.wire.camt import load

SMALL_FILE = pain(debit(1, "10.00"), debit(2, "20.00"), debit(3, "30.00"))


def test_a_block_is_one_line_on_its_day_with_its_payments():
    made = bank()
    taken(made, SMALL_FILE)

    before, day = made.close(date(2026, 6, 30)), made.close(COLLECTED)

    assert entries(before.statement) == []
    assert before.notification is None
    (line,) = entries(day.statement)
    assert (line.amount, line.totals[0].payment_id, line.totals[0].count) == (Decimal("60.00"), "SOFY-1-1", 3)
    assert [one.end_to_end_id for one in line.details] == ["E1", "E2", "E3"]
    assert entries(day.notification)[0].details == line.details


def test_a_bank_may_book_each_debit_or_list_none():
    each = bank(batches="never")
    taken(each, SMALL_FILE)
    none = bank(details=False)
    taken(none, SMALL_FILE)

    assert [one.amount for one in entries(each.close(COLLECTED).statement)] == [Decimal(n) for n in (10, 20, 30)]
    day = none.close(COLLECTED)
    assert [one.details for one in entries(day.statement)] == [()]
    assert len(entries(day.notification)[0].details) == 3


def test_a_debit_for_a_day_without_settlement_is_collected_on_the_next():
    made = bank()
    taken(made, pain(debit(1, collect_on=date(2026, 7, 4))))

    days = made.run(date(2026, 7, 3), date(2026, 7, 6))

    assert [len(entries(day.statement)) for day in days] == [0, 0, 0, 1]


def test_statements_follow_one_another_and_add_up():
    made = bank(returned=0.5, return_fee_eur=Decimal("3.00"))
    for number in range(1, 5):
        taken(made, pain(*(debit(10 * number + n) for n in range(8)), message_id=f"SOFY-{number}"))

    days = made.run(COLLECTED, date(2026, 7, 10))

    heads = [load(day.statement)[0].head for day in days]
    assert [one.sequence for one in heads] == [str(n) for n in range(1, 11)]
    assert all(one.closing.amount == two.opening.amount for one, two in pairwise(heads))
    assert heads[-1].closing.amount == made.state.balance_eur
    assert 0 < made.state.balance_eur < 320


@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_a_scripted_debit_comes_back_with_its_reason_and_its_fee(version):
    made = bank(version=version, ends={"E2": Scripted("AM04", 3)}, return_fee_eur=Decimal("3.00"))
    taken(made, SMALL_FILE)

    days = made.run(COLLECTED, date(2026, 7, 6))

    (line,) = entries(days[-1].statement)
    (payment,) = line.details
    assert days[-1].on == date(2026, 7, 6)  # three settlement days later
    assert (line.credit, line.amount, line.charges) == (False, Decimal("23.00"), Decimal("3.00"))
    assert (payment.end_to_end_id, payment.amount, payment.returned.reason) == ("E2", Decimal("20.00"), "AM04")


@pytest.mark.parametrize(
    ("changes", "amounts"),
    [
        ({}, ["23.00"]),
        ({"fees_apart": True}, ["20.00", "3.00"]),
        ({"fees_hidden": True}, ["23.00"]),
    ],
)
def test_a_fee_is_netted_apart_or_hidden(changes, amounts):
    made = bank(ends={"E2": Scripted("AM04", 1)}, return_fee_eur=Decimal("3.00"), **changes)
    taken(made, SMALL_FILE)

    found = entries(made.run(COLLECTED, date(2026, 7, 2))[-1].statement)

    assert [str(one.amount) for one in found] == amounts
    assert found[0].charges == (3 if not changes else 0)


def test_a_batch_may_arrive_net_of_a_fee():
    made = bank(batch_fee_eur=Decimal("0.50"))
    taken(made, SMALL_FILE)

    (line,) = entries(made.close(COLLECTED).statement)

    assert (line.amount, line.charges, line.totals[0].amount) == (Decimal("59.50"), Decimal("0.50"), Decimal("60.00"))


def test_transfers_arrive_on_their_day_or_when_money_moves_again():
    made = bank()
    made.expect(
        [
            Transfer(
                on=date(2026, 7, 4), amount_eur=Decimal("5.00"), name="Crêperie", iban="DE89370400440532013000",
                texts=("FA-2026-000001",), reference="RF31FA2026000123",
            )
        ]
    )  # fmt: skip

    days = made.run(date(2026, 7, 4), date(2026, 7, 6))

    (line,) = entries(days[-1].statement)
    assert (line.amount, line.details[0].debtor, line.details[0].texts) == (
        Decimal("5.00"),
        "Crêperie",
        ("FA-2026-000001",),
    )
    assert line.details[0].references == ("RF31FA2026000123",)


def test_a_day_ends_once():
    made = bank()
    made.close(COLLECTED)

    with pytest.raises(ValueError, match="over already"):
        made.close(COLLECTED)
    with pytest.raises(ValueError, match="over already"):
        made.expect([Transfer(on=COLLECTED, amount_eur=Decimal(1), name="A")])


def test_the_same_seed_gives_the_same_bank_and_its_memory_survives_on_disk():
    chosen = profile(returned=0.5)
    first, second = bank(returned=0.5), bank(returned=0.5)
    for made in (first, second):
        taken(made, SMALL_FILE)
    first.close(COLLECTED)
    second.close(COLLECTED)
    again = Bank(chosen, State.from_json(second.state.to_json()))

    assert [day.statement for day in first.run(date(2026, 7, 2), date(2026, 7, 9))] == [
        day.statement for day in again.run(date(2026, 7, 2), date(2026, 7, 9))
    ]


def test_shares_and_reasons_are_as_the_profile_wants_them():
    half = Profile(returned=0.5, reasons=(("AM04", 3), ("MD06", 1)), return_days=(2, 4))
    ends = [fate(half, f"E{n}") for n in range(2000)]
    back = [one for one in ends if one is not None]

    assert 900 < len(back) < 1100
    assert 650 < sum(one.reason == "AM04" for one in back) < 850
    assert {one.after_days for one in back} == {2, 3, 4}
    assert fate(msgspec.structs.replace(half, returned=0.0), "E1") is None


def test_the_bank_works_on_files_from_the_command_line(tmp_path, capsys):
    folder = tmp_path / "bank"
    (tmp_path / "debits.xml").write_bytes(SMALL_FILE)
    (tmp_path / "transfers.json").write_text('[{"on": "2026-07-01", "amount_eur": "7.00", "name": "A"}]')

    main([str(folder), "--profile", "plain", "take", str(tmp_path / "debits.xml"), "--at", "2026-06-17T10:00:00"])
    main([str(folder), "--profile", "plain", "transfers", str(tmp_path / "transfers.json")])
    main([str(folder), "--profile", "plain", "days", "2026-06-30", "2026-07-01"])

    told = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert told[0]["files"] == ["pain002-000001.xml"]
    assert told[2] == {
        "files": ["camt053-2026-06-30.xml", "camt053-2026-07-01.xml", "camt054-2026-07-01.xml"],
        "balance_eur": "67.00",
    }
    assert len(entries((folder / "camt053-2026-07-01.xml").read_bytes())) == 2
    assert State.from_json((folder / "state.json").read_bytes()).iban == IBAN


@pytest.mark.parametrize("content", ["[{}]", "no json", '[{"on": "soon", "amount_eur": 1, "name": "A"}]'])
def test_transfers_that_cannot_be_read_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "transfers.json").write_text(content)

    with pytest.raises(SystemExit, match=r"sofy\.sandbox\.bank: "):
        main([str(tmp_path), "transfers", str(tmp_path / "transfers.json")])
