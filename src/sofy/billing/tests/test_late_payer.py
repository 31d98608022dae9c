"""The case file of a replay claims what the replay says is owed, no more and nothing twice."""

import json
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from sofy.billing.case import files
from sofy.billing.case.answer import told
from sofy.billing.case.late_payer import case_file
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import read
from sofy.billing.paper.claims import claim
from sofy.billing.tests.test_case_files import CASES, EXPECTED


def played(name, as_of=None, **changes):
    case = json.loads((CASES / f"{name}.json").read_text()) | changes
    return Replay(read(json.dumps(case).encode()), date.fromisoformat(as_of or EXPECTED[name]["as_of"])).play()


@pytest.mark.clause("CGVU 7.1")
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_interest_is_what_the_replay_says_of_each_invoice(name):
    replay = played(name)
    said = {one["invoice"]: Decimal(one["interest_eur"]) for one in told(replay)["penalties"]}

    made = case_file(replay)

    for late in made.invoices if made else ():
        if late.interest:
            assert claim([late]).interest_eur + late.noted_eur == said[late.number]
        assert late.open_eur == replay.book.get(late.number).open_eur


@pytest.mark.clause("CGVU 7.2")
def test_a_suspension_that_was_cured_is_told_with_its_days():
    made = case_file(played("suspension"))

    (notice,) = made.notices
    assert notice.acts_from == date(2026, 5, 12)
    assert [act.what for act in made.acts] == ["formal_sent", "delivered", "suspended", "cured", "lifted"]


@pytest.mark.clause("CGVU 7.2")
def test_a_notice_that_is_not_proved_has_no_day_from_which_to_act():
    made = case_file(played("notice-without-proof"))

    assert [(one.acts_from, one.days) for one in made.notices] == [(None, ())]
    assert "delivered" not in [act.what for act in made.acts]


@pytest.mark.clause("CGVU 7.1")
def test_what_a_debit_note_claims_is_not_claimed_again():
    replay = played("interest", as_of="2026-06-30")
    (note,) = [one for one in replay.book.accounts if one.document.kind == "debit_note"]

    made = case_file(replay)

    claimed = {late.number: claim([late]).total_eur for late in made.invoices}
    assert claimed[note.number] == note.open_eur
    assert claimed.get("FA-2026-000001", Decimal(0)) == 0


def test_who_owes_nothing_has_no_case_file(tmp_path):
    replay = played("discount", as_of="2026-06-20")

    assert case_file(replay) is None
    assert "case-file.pdf" not in str(files.write(replay, tmp_path))


def test_the_case_file_is_written_beside_the_documents(tmp_path):
    files.write(played("second-notice"), tmp_path)

    shown = PdfReader(tmp_path / "case-file.pdf").pages[1].extract_text()

    assert "29 mai" in shown
    assert "Lundi de Pentecôte" in shown
