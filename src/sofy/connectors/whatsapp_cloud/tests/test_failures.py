"""The table of errors: one row per code, the actions of each group, careful defaults."""

import pytest

from sofy.connectors.base import Action
from sofy.connectors.whatsapp_cloud.failures import ACCOUNT_WIDE, ACTIONS, TABLE, Remedy, action_for, remedy_for


def test_each_code_has_one_row_with_its_source_and_every_remedy_an_action() -> None:
    codes = [row.code for row in TABLE]

    assert len(codes) == len(set(codes))
    assert all(row.source in "ETPB" and row.meaning for row in TABLE)
    assert set(ACTIONS) == set(Remedy)


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("remedy", "action", "codes"),
    [
        (Remedy.BACK_OFF, Action.SLOW_LINK, (4, 80007, 130429, 133016)),
        (Remedy.PAIR, Action.RETRY, (131056,)),
        (Remedy.RETRY, Action.RETRY, (1, 2, 131000, 131016, 131053, 135000, 131057)),
        (Remedy.REST, Action.PERMANENT, (131049, 130472, 131026)),
        (Remedy.OPT_OUT, Action.PERMANENT, (131050,)),
        (Remedy.TEMPLATE, Action.PERMANENT, (131047,)),
        (Remedy.CAMPAIGN, Action.CONFIGURATION, (131048, 131064, 132015, 132016, 132007, 131063)),
        (Remedy.OURS, Action.CONFIGURATION, (100, 131008, 131009, 131051, 131062, 132000, 132001, 132005, 132012)),
        (
            Remedy.ACCOUNT,
            Action.CONFIGURATION,
            (0, 3, 10, 190, 200, 250, 299, 368, 131031, 131042, 131045, 130497),
        ),
    ],
)
def test_every_row_of_the_table(remedy: Remedy, action: Action, codes: tuple[int, ...]) -> None:
    assert {remedy_for(code) for code in codes} == {remedy}
    assert {action_for(code) for code in codes} == {action}


def test_the_table_holds_no_other_code() -> None:
    tested = {
        4, 80007, 130429, 133016, 131056, 1, 2, 131000, 131016, 131053, 135000, 131057, 131049, 130472, 131026, 131050,
        131047, 131048, 131064, 132015, 132016, 132007, 131063, 100, 131008, 131009, 131051, 131062, 132000, 132001,
        132005, 132012, 0, 3, 10, 190, 368, 131031, 131042, 131045, 130497,
    }  # fmt: skip

    assert {row.code for row in TABLE} == tested


@pytest.mark.parametrize("code", [-1, 199, 300, 999999])
def test_a_code_that_nobody_told_says_nothing_about_the_person(code: int) -> None:
    assert remedy_for(code) is None
    assert action_for(code) is Action.OTHER_ROUTE


def test_what_closes_the_whole_account_is_of_the_account() -> None:
    assert {remedy_for(code) for code in ACCOUNT_WIDE} == {Remedy.ACCOUNT, Remedy.CAMPAIGN}


def test_no_error_makes_a_number_dead_for_every_channel() -> None:
    assert Action.SUPPRESS not in ACTIONS.values()
