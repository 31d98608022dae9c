"""What programs ask besides submit_sm: query_sm, cancel_sm, data_sm, submit_multi.

Source: SMPP 3.4 issue 1.2, 4.5, 4.7, 4.8, 4.9. Only messages of the same account are there.
"""

from typing import Any, Final
from uuid import UUID

from sofy.engine.intake import MessageIn
from sofy.ingest.house import House
from sofy.ingest.problems import Fault
from sofy.ingest.taking_back import take_back
from sofy.kernel import clock, phone
from sofy.kernel.clauses import clause
from sofy.smsc import reading, receipts, times
from sofy.smsc.accounts import Account
from sofy.smsc.parts import ENDED_AS, Parts, opened
from sofy.smsc.submits import Submits, identify, message
from sofy.smsc.words import Faulted, Refusal
from sofy.wire.smpp.codes import RESPONSE, Command, State, Status
from sofy.wire.smpp.layouts import Unsuccess
from sofy.wire.smpp.pdu import Pdu
from sofy.wire.smpp.server import explained
from sofy.wire.smpp.tlv import decode_tlvs

#: By so many destinations at most. Source: SMPP 3.4, 4.5.1.
MOST_DESTINATIONS: Final = 254
_WAITING_RANK: Final = 10


class InDoubt(Exception):
    """It may be done, and nobody knows: there is nothing true to answer."""


class Requests:
    """Answers requests one by one."""

    def __init__(self, house: House, submits: Submits, parts: Parts) -> None:
        self._house = house
        self._submits = submits
        self._parts = parts
        self._known = {
            Command.QUERY_SM: self._query,
            Command.CANCEL_SM: self._cancel,
            Command.DATA_SM: self._data,
            Command.SUBMIT_MULTI: self._multi,
            Command.REPLACE_SM: self._replace,
        }

    def takes(self, command: int) -> bool:
        """Whether such a request is answered here."""
        return command in self._known

    async def answer(self, account: Account, request: Pdu) -> Pdu:
        """The answer to a request. Raises: InDoubt."""
        command = Command(request.command)
        try:
            return await self._known[command](account, request)
        except (Fault, Refusal) as error:
            refusal = Faulted(error) if isinstance(error, Fault) else error
        if refusal.doubtful:
            raise InDoubt
        return _refused(account, request, refusal)

    async def _query(self, account: Account, request: Pdu) -> Pdu:
        """Where a message stands; of several under one id, the one that is least far."""
        name = _name(request)
        where = {"client": account.client, "account": account.id, "id": name}
        fields: dict[str, Any] = {"message_id": str(name), "message_state": State.ENROUTE}
        rows = await self._house.link.rows("smpp_named", where)
        if rows:
            _, status, _, code, final_at, sender, _ = rows[0]
            _check_source(request, sender)
            if status in receipts.ENDS:
                fields["message_state"] = receipts.ENDS[status][1]
                fields["error_code"] = _error_code(status, code or "")
            if final_at is not None:
                fields["final_date"] = times.write(final_at)
        else:
            parts = await self._house.link.rows("smpp_part_named", where)
            if not parts:
                raise Refusal(Status.RINVMSGID, "message_unknown")
            why, payload = parts[0]
            await self._check_part(account, request, name, payload)
            if why is not None:
                fields["message_state"] = receipts.ENDS[ENDED_AS[why]][1]
        return Pdu(Command.QUERY_SM_RESP, request.sequence, 0, fields)

    @clause("DPA 6")
    async def _cancel(self, account: Account, request: Pdu) -> Pdu:
        """Take back what has not left; of several under one id, all that have not, or the one that is named."""
        where = {"client": account.client, "account": account.id, "id": _name(request)}
        rows = await self._house.link.rows("smpp_named", where)
        if not rows:
            return await self._cancel_part(account, request)
        rows = await self._meant(account, request, rows)
        waiting = [UUID(bytes=name) for name, _, rank, *_ in rows if rank <= _WAITING_RANK]
        gone = bool(waiting) and await take_back(self._house.link, account.client, waiting)
        if not gone and not all(status == "cancelled" for _, status, *_ in rows):
            raise Refusal(Status.RCANCELFAIL, "message_left")
        return Pdu(Command.CANCEL_SM_RESP, request.sequence)

    async def _meant(self, account: Account, request: Pdu, rows: list[Any]) -> list[Any]:
        """Of these messages those to the destination that is named, if one is. Raises: Refusal.

        Source: SMPP 3.4, 4.9.1.
        """
        _check_source(request, rows[0][5])
        fields: Any = request.fields
        if not fields["destination_addr"]:
            return rows
        _, keys = await self._house.desk(account.client)
        found = phone.parse(reading.number(fields["destination_addr"], fields["dest_addr_ton"]), fictional=True)
        index = None if isinstance(found, phone.Problem) else keys.index("phone", found.e164)
        meant = [row for row in rows if row[6] == index]
        if not meant:
            raise Refusal(Status.RINVDSTADR, "other_destination")
        return meant

    async def _check_part(self, account: Account, request: Pdu, name: UUID, payload: bytes | None) -> None:
        """Raises: Refusal where another sender is named than that of a part; what it was is forgotten once told."""
        if payload is not None and request.fields["source_addr"]:
            _, keys = await self._house.desk(account.client)
            _check_source(request, opened(keys, name, payload).sender)

    async def _cancel_part(self, account: Account, request: Pdu) -> Pdu:
        """Take back a part whose message is not there yet. Raises: Refusal."""
        values = {"client": account.client, "account": account.id, "id": (name := _name(request)), "now": clock.now()}
        parts = await self._house.link.rows("smpp_part_named", values)
        if not parts:
            raise Refusal(Status.RINVMSGID, "message_unknown")
        await self._check_part(account, request, name, parts[0][1])
        if not await self._house.link.rows("smpp_part_cancel", values) and parts[0][0] != "cancelled":
            raise Refusal(Status.RCANCELFAIL, "message_left")
        return Pdu(Command.CANCEL_SM_RESP, request.sequence)

    async def _data(self, account: Account, request: Pdu) -> Pdu:
        (outcome,) = await self._submits.take(account, [reading.of_data_sm(request)])
        if isinstance(outcome, Refusal):
            raise outcome
        return Pdu(Command.DATA_SM_RESP, request.sequence, 0, {"message_id": outcome})

    async def _multi(self, account: Account, request: Pdu) -> Pdu:
        """One text to several numbers, under one id; those who cannot be written to are told one by one."""
        wanted: Any = request.fields["dest_address"]
        if not 1 <= len(wanted) <= MOST_DESTINATIONS:
            raise Refusal(Status.RINVNUMDESTS, "destinations", most=MOST_DESTINATIONS)
        desk, keys = await self._house.open_desk(account.client)
        fits = account.take(len(wanted))
        taken: list[MessageIn] = []
        failed: list[Unsuccess] = []
        first: Refusal | None = None
        for n, each in enumerate(wanted):
            ton, npi, address = (0, 0, each) if isinstance(each, str) else each
            try:
                if isinstance(each, str):
                    raise Refusal(Status.RINVDLNAME, "list")
                if n >= fits:
                    raise Refusal(Status.RTHROTTLED, "throttled", per_s=account.per_s)
                asked = reading.read(reading.of_submit_multi(request, address, ton), desk.now)
                if asked.of > 1:
                    raise Refusal(Status.RINVESMCLASS, "multi_parts")
                taken.append(message(desk, account, asked, reading.text(asked.octets, asked.coding)))
            except (Refusal, Fault) as error:
                refusal = error if isinstance(error, Refusal) else Faulted(error)
                first = first or refusal
                failed.append((ton, npi, address, refusal.status))
        if not taken:
            assert first is not None, "there is a destination, and none was taken"
            raise first
        identify(keys, taken)
        receipt = taken[0].receipt or 0
        name = await self._parts.name_all(account, keys, taken, receipt)
        fields: dict[str, Any] = {"message_id": str(name), "unsuccess_sme": tuple(failed)}
        return Pdu(Command.SUBMIT_MULTI_RESP, request.sequence, 0, fields)

    async def _replace(self, account: Account, request: Pdu) -> Pdu:
        raise Refusal(Status.RREPLACEFAIL, "replace")


def _name(request: Pdu) -> UUID:
    """Raises: Refusal for what is no id of ours."""
    try:
        return UUID(str(request.fields["message_id"]))
    except ValueError:
        raise Refusal(Status.RINVMSGID, "message_unknown") from None


def _check_source(request: Pdu, sender: str) -> None:
    """A sender that is named is the one of the message. Source: SMPP 3.4, 4.8.1, 4.9.1. Raises: Refusal."""
    named = request.fields["source_addr"]
    if named and sender and named != sender:
        raise Refusal(Status.RINVSRCADR, "other_sender", sender=named)


def _error_code(status: str, code: str) -> int:
    return min(255, int(receipts.error_code(status, code)))


def _refused(account: Account, request: Pdu, refusal: Refusal) -> Pdu:
    """A refusal; of data_sm with its words, as only that answer may carry them. Source: SMPP 3.4, 4.7.2."""
    answer = request.command | RESPONSE
    if request.command != Command.DATA_SM:
        return Pdu(answer, request.sequence, refusal.status)
    words = decode_tlvs(explained(refusal.words(account.language)), 0)
    return Pdu(answer, request.sequence, refusal.status, {"message_id": ""}, words)
