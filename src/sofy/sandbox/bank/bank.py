"""The simulated bank: files in, files out, day by day on whatever clock its caller has."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from sofy.kernel.target_days import add_settlement_days, next_settlement, settles
from sofy.sandbox.bank import checks, lines
from sofy.sandbox.bank.fate import fate
from sofy.sandbox.bank.profile import Profile, Transfer
from sofy.sandbox.bank.state import Due, State
from sofy.wire.camt import Balance, Entry, Statement, write
from sofy.wire.iso20022 import PARIS
from sofy.wire.pain import Rejection, Status, read, write_status
from sofy.wire.pain.status import IN_PART, REFUSED, TAKEN
from sofy.wire.pain.values import ReadBlock

_DAY = timedelta(days=1)
_MORNING = time(4, 0)


class Day(msgspec.Struct, frozen=True):
    """What the bank says of a day: its statement (053) and what it notifies of payments (054), if of any."""

    on: date
    statement: bytes
    notification: bytes | None


class Bank:
    """One account. `take` files, `expect` transfers, `close` days one after the other."""

    def __init__(self, profile: Profile, state: State) -> None:
        self.profile, self.state = profile, state

    def take(self, content: bytes, *, at: datetime) -> bytes:
        """A file of direct debits; answers the bank's pain.002. What is not refused will be collected."""
        status = self._judge(content, at.astimezone(PARIS).date())
        return write_status(status, created_at=at, bank=self.profile.bic)

    def _judge(self, content: bytes, today: date) -> Status:
        self.state.answers += 1
        answer = f"BANK-{self.state.answers:06d}"
        wrong = checks.of_format(content)
        if wrong is not None:
            return Status(message_id=answer, original_message_id="NOTPROVIDED", status=REFUSED, rejections=(wrong,))
        file = read(content)
        wrong = checks.of_file(file, self.state)
        if wrong is not None:
            return Status(message_id=answer, original_message_id=file.message_id, status=REFUSED, rejections=(wrong,))
        self.state.messages.append(file.message_id)
        found: list[Rejection] = []
        taken = 0
        for block in file.blocks:
            refused = list(checks.of_block(block, self.state, self.profile, today))
            found += refused
            taken += self._plan(block, file.message_id, refused)
        status = TAKEN if not found else IN_PART if taken else REFUSED
        return Status(message_id=answer, original_message_id=file.message_id, status=status, rejections=tuple(found))

    def _plan(self, block: ReadBlock, message_id: str, refused: list[Rejection]) -> int:
        """Write down what will be collected of a block; how many debits that is."""
        out = {one.end_to_end_id for one in refused}
        if "" in out:
            return 0
        one_booking = {"always": True, "never": False}.get(self.profile.batches, block.one_booking)
        dues = [
            Due(
                end_to_end_id=debit.end_to_end_id,
                payment_id=block.payment_id,
                message_id=message_id,
                mandate_id=debit.mandate_id,
                amount_eur=debit.amount_eur,
                debtor=debit.debtor,
                iban=debit.iban,
                remittance=debit.remittance,
                one_booking=one_booking,
            )
            for debit in block.debits
            if debit.end_to_end_id not in out
        ]
        day = next_settlement(block.collect_on)
        self.state.collections.setdefault(day, []).extend(dues)
        for due in dues:
            self.state.used[due.mandate_id] = day
        return len(dues)

    def expect(self, transfers: Iterable[Transfer]) -> None:
        """Transfers that will arrive. Raises: ValueError for one of a day that is over."""
        for transfer in transfers:
            if self.state.closed is not None and transfer.on <= self.state.closed:
                raise ValueError(f"{transfer.on} is over already")
            self.state.transfers.setdefault(next_settlement(transfer.on), []).append(transfer)

    def close(self, on: date) -> Day:
        """End a day: what moves on it moves, and the bank says so. Raises: ValueError for a day that is over."""
        if self.state.closed is not None and on <= self.state.closed:
            raise ValueError(f"{on} is over already")
        entries = self._entries(on)
        state = self.state
        state.closed, state.statement = on, state.statement + 1
        opening = state.balance_eur
        state.balance_eur = opening + sum((one.signed for one in entries), Decimal("0.00"))
        at = datetime.combine(on + _DAY, _MORNING, PARIS)
        head = Statement(
            message="camt.053",
            version=self.profile.version,
            message_id=f"STM{on:%Y%m%d}",
            id=f"{on.year}-{state.statement:05d}",
            account=state.iban,
            currency="EUR",
            sequence=str(state.statement),
            opening=Balance("OPBD", on, opening),
            closing=Balance("CLBD", on, state.balance_eur),
        )
        kept = [one if self.profile.details or not one.totals else lines.without_details(one) for one in entries]
        told = [one for one in entries if one.details]
        notice = msgspec.structs.replace(
            head, message="camt.054", message_id=f"NTF{on:%Y%m%d}", id=f"N{head.id}", opening=None, closing=None
        )
        return Day(
            on,
            b"".join(write(head, kept, created_at=at)),
            b"".join(write(notice, told, created_at=at)) if told else None,
        )

    def run(self, first: date, last: date) -> list[Day]:
        """Close every day from one to another."""
        return [self.close(first + n * _DAY) for n in range((last - first).days + 1)]

    def _entries(self, on: date) -> list[Entry]:
        """The lines of a day: collections, what comes back, transfers; each with a reference of its own."""
        missed = [day for day in self._days() if day <= on]
        made: list[Entry] = []
        for day in missed:
            collected = self.state.collections.pop(day, [])
            self._plan_returns(collected, on)
            made += lines.collections(collected, on, self.state, self.profile)
            made += lines.returns(self.state.returns.pop(day, []), on, self.profile)
            made += lines.transfers(self.state.transfers.pop(day, []), on, self.state)
        return [
            msgspec.structs.replace(one, number=number, reference=f"{on:%Y%m%d}{number:06d}")
            for number, one in enumerate(made, 1)
        ]

    def _days(self) -> list[date]:
        return sorted({*self.state.collections, *self.state.returns, *self.state.transfers})

    def _plan_returns(self, collected: list[Due], on: date) -> None:
        for due in collected:
            end = fate(self.profile, due.end_to_end_id)
            if end is not None:
                day = add_settlement_days(on, max(end.after_days, 1))
                assert settles(day)
                back = msgspec.structs.replace(due, reason=end.reason)
                self.state.returns.setdefault(day, []).append(back)
