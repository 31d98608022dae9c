"""What to do about each failure, as data.

Sources: [S] SMPP 3.4 section 5.1.3; [M] 3GPP TS 29.002 section 17.6.6 (MAP errors, which many operators put in `err`
of their receipts). A route overrides rows with `submit_errors` and `receipt_errors` of its configuration, because the
vendor range and `err` differ from one operator to the next.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sofy.connectors.base import Action
from sofy.kernel.clauses import clause
from sofy.wire.smpp.codes import Status

Stage = Literal["submit", "receipt"]


class Failure(NamedTuple):
    """One row: at this stage, this code calls for this action."""

    stage: Stage
    code: str
    action: Action
    meaning: str
    source: str


def _submit(status: Status, action: Action, meaning: str) -> Failure:
    return Failure("submit", status_code(status), action, meaning, "SMPP 3.4 5.1.3")


def _receipt(code: int, action: Action, meaning: str) -> Failure:
    return Failure("receipt", str(code), action, meaning, "3GPP TS 29.002 17.6.6")


def status_code(status: int) -> str:
    """A command_status as configuration, ledger and screens write it."""
    return f"0x{status:02x}"


TABLE: tuple[Failure, ...] = (
    _submit(Status.RTHROTTLED, Action.SLOW_LINK, "the operator wants fewer messages per second"),
    _submit(Status.RMSGQFUL, Action.SLOW_LINK, "the operator's queue is full"),
    _submit(Status.RSYSERR, Action.OTHER_ROUTE, "the operator has a fault"),
    _submit(Status.RSUBMITFAIL, Action.OTHER_ROUTE, "the operator could not take the message"),
    _submit(Status.RX_T_APPN, Action.OTHER_ROUTE, "temporary refusal"),
    _submit(Status.RDELIVERYFAILURE, Action.OTHER_ROUTE, "delivery failed"),
    _submit(Status.RUNKNOWNERR, Action.OTHER_ROUTE, "unknown error"),
    _submit(Status.RINVBNDSTS, Action.RETRY, "the link was not bound for sending"),
    _submit(Status.RBINDFAIL, Action.OTHER_ROUTE, "the link could not log in"),
    _submit(Status.RINVDSTADR, Action.SUPPRESS, "the number does not exist"),
    _submit(Status.RINVSRCADR, Action.CONFIGURATION, "the sender is not allowed"),
    _submit(Status.RINVSRCTON, Action.CONFIGURATION, "type of number of the sender"),
    _submit(Status.RINVSRCNPI, Action.CONFIGURATION, "numbering plan of the sender"),
    _submit(Status.RINVDSTTON, Action.CONFIGURATION, "type of number of the recipient"),
    _submit(Status.RINVDSTNPI, Action.CONFIGURATION, "numbering plan of the recipient"),
    _submit(Status.RINVMSGLEN, Action.CONFIGURATION, "message length"),
    _submit(Status.RINVCMDLEN, Action.CONFIGURATION, "PDU length"),
    _submit(Status.RINVCMDID, Action.CONFIGURATION, "PDU not served"),
    _submit(Status.RINVPRTFLG, Action.CONFIGURATION, "priority"),
    _submit(Status.RINVREGDLVFLG, Action.CONFIGURATION, "receipt request"),
    _submit(Status.RINVPASWD, Action.CONFIGURATION, "password"),
    _submit(Status.RINVSYSID, Action.CONFIGURATION, "system_id"),
    _submit(Status.RINVSERTYP, Action.CONFIGURATION, "service_type"),
    _submit(Status.RINVESMCLASS, Action.CONFIGURATION, "esm_class: how long messages are cut"),
    _submit(Status.RINVREPFLAG, Action.CONFIGURATION, "replace_if_present"),
    _submit(Status.RINVSYSTYP, Action.CONFIGURATION, "system_type"),
    _submit(Status.RINVSCHED, Action.CONFIGURATION, "scheduled time"),
    _submit(Status.RINVEXPIRY, Action.CONFIGURATION, "validity period"),
    _submit(Status.RINVDFTMSGID, Action.CONFIGURATION, "canned message"),
    _submit(Status.RINVOPTPARSTREAM, Action.CONFIGURATION, "optional parameters"),
    _submit(Status.ROPTPARNOTALLWD, Action.CONFIGURATION, "optional parameter not allowed"),
    _submit(Status.RINVPARLEN, Action.CONFIGURATION, "length of an optional parameter"),
    _submit(Status.RMISSINGOPTPARAM, Action.CONFIGURATION, "optional parameter missing"),
    _submit(Status.RINVOPTPARAMVAL, Action.CONFIGURATION, "value of an optional parameter"),
    _submit(Status.RX_P_APPN, Action.PERMANENT, "refused for good"),
    _submit(Status.RX_R_APPN, Action.PERMANENT, "message rejected"),
    _receipt(1, Action.SUPPRESS, "unknown subscriber: the number is not assigned"),
    _receipt(5, Action.RETRY, "unidentified subscriber"),
    _receipt(6, Action.RETRY, "absent subscriber for SMS: switched off or out of reach"),
    _receipt(9, Action.SUPPRESS, "illegal subscriber"),
    _receipt(10, Action.PERMANENT, "bearer service not provisioned"),
    _receipt(11, Action.PERMANENT, "teleservice not provisioned: the line takes no SMS"),
    _receipt(12, Action.SUPPRESS, "illegal equipment"),
    _receipt(13, Action.PERMANENT, "call barred: the line is barred from receiving"),
    _receipt(21, Action.PERMANENT, "facility not supported"),
    _receipt(27, Action.RETRY, "absent subscriber"),
    _receipt(31, Action.RETRY, "subscriber busy for terminating SMS"),
    _receipt(32, Action.RETRY, "delivery failure: the phone's memory is full or it refused"),
    _receipt(33, Action.RETRY, "message waiting list full"),
    _receipt(34, Action.OTHER_ROUTE, "system failure"),
    _receipt(35, Action.CONFIGURATION, "data missing"),
    _receipt(36, Action.CONFIGURATION, "unexpected data value"),
)

_BY_CODE: Mapping[tuple[str, str], Failure] = {(row.stage, row.code): row for row in TABLE}
_DEFAULT = {"submit": Action.OTHER_ROUTE, "receipt": Action.PERMANENT}


@clause("CGVU 14.3")
def action_for(stage: Stage, code: str, overrides: Mapping[str, Action] | None = None) -> Action:
    """What to do about a code: the route's own row, then the table, then a careful default.

    An unknown refusal may pass elsewhere; an unknown receipt error says nothing about the number, so it never
    suppresses it.
    """
    if overrides and code in overrides:
        return overrides[code]
    row = _BY_CODE.get((stage, code))
    return row.action if row else _DEFAULT[stage]
