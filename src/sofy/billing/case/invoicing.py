"""What is invoiced when: subscriptions, onboarding, increases, usage, fines; and what is credited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from sofy.billing.case.book import Account, Book, Move
from sofy.billing.case.events import Used
from sofy.billing.case.licence import Licence
from sofy.billing.case.shapes import Case, Unreadable
from sofy.billing.case.subscriptions import INCREASE, REVISED, SIGNED, Part, Period, Tranche, parts, periods
from sofy.billing.case.told import Told
from sofy.billing.document import Origin
from sofy.billing.document import Period as Days
from sofy.billing.drafting import Draft, DraftLine, finished
from sofy.billing.rules import fines, usage, vat
from sofy.billing.rules.territories import Rate, Territory, UnknownPlace
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.term import Span
from sofy.contracts.rules.values import PARIS, begin
from sofy.kernel import prices
from sofy.kernel.clauses import Because, because, clause
from sofy.kernel.money import rounded

_DAY: Final = timedelta(days=1)
#: Unit: days after which an invoice that waits for VIES is a person's business.
VIES_PATIENCE_DAYS: Final = 10
ONBOARDING: Final = because("CGVU 5.1", "exigibles en totalité")
_USAGE: Final = because("CGVU 15", "Tout trafic généré")
_AT_COST: Final = because("CGVU 9.3", "sans marge additionnelle")
_FINE: Final = because("CGVU 13", "majorée de 15%")
_VAT: Final = because("CGVU 9.2", "dispositions fiscales en vigueur")
_NO_NUMBER: Final = because("CGVU 9.2", "À défaut de communication")
_UNUSED: Final = because("CGVU 27", "sans frais")


@dataclass
class _Cursor:
    """Where a line's billing stands: its next period, and the last day that was invoiced."""

    item: Item
    coming: "list[Period]" = field(default_factory=list)
    billed_to: date | None = None
    current: Period | None = None


@dataclass
class _Billed:
    """A part that stands on an invoice."""

    part: Part
    account: Account


class Invoicing:
    """Makes documents of what the contract says and of what happened."""

    def __init__(self, case: Case, licence: Licence, book: Book, told: Told) -> None:
        self.case, self.licence, self.book, self.told = case, licence, book, told
        self.client = case.client
        self.check: vat.Check = ""
        self.waiting: list[tuple[Draft, datetime]] = []
        self.billed: list[_Billed] = []
        self._extra: list[DraftLine] = []
        self._used: list[Used] = []
        self._differences: list[DraftLine] = []
        self._cursors = [_Cursor(item) for item in case.order_form.items if item.every != "once"]
        self._waiting_parts: dict[str, list[Part]] = {}
        self._prices = self._book_of_prices()
        self._place, self._france = self._places()

    # --- VAT and numbers ----------------------------------------------------------------------------------------------

    def _places(self) -> tuple[Territory, Territory]:
        dated: dict[str, list[Rate]] = {}
        for row in self.case.tables.vat_rate:
            dated.setdefault(row.territory, []).append(Rate(row.since, Decimal(row.percent)))
        where = self.case.client.address
        try:
            place = vat.place_of(where.country, where.postcode)
        except UnknownPlace as error:
            raise Unreadable("$.client.address", str(error)) from None
        return vat.with_rates(place, dated), vat.with_rates(vat.place_of("FR", ""), dated)

    def _treatment(self, draft: Draft, on: date) -> vat.Treatment | None:
        if draft.kind == "debit_note" and self.case.readings.fine_vat == "O":
            return vat.outside_scope()
        if draft.key.startswith("interest"):
            return vat.outside_scope()
        readings = vat.Readings(self.case.readings.abroad, self.case.readings.overseas)
        try:
            return vat.treatment(self._place, self.client.vat_id, self.check, on, readings, self._france)
        except UnknownPlace as error:
            raise Unreadable("$.tables.vat_rate", str(error)) from None

    @clause("CGVU 2", "CGVU 9.2")
    def issue(self, draft: Draft, at: datetime, treatment: vat.Treatment | None = None) -> Account | None:
        """Number a draft and take it into the book; it waits while nobody knows what VAT it bears."""
        day = at.astimezone(PARIS).date()
        treatment = treatment or self._treatment(draft, day)
        if treatment is None:
            self.waiting.append((draft, at))
            return None
        number = self.book.next_number(draft.kind, day)
        document = finished(
            draft,
            number=number,
            issued_on=day,
            entity=self.case.entity,
            client=self.client,
            form=self.case.order_form,
            treatment=treatment,
            vat_mode=self.case.readings.discount_vat,
        )
        account = self.book.issue(document, at)
        self.billed += [_Billed(part, account) for part in self._waiting_parts.pop(draft.key, ())]
        return account

    @clause("CGVU 9.2")
    def checked(self, result: vat.Check, vat_id: str, at: datetime) -> None:
        """VIES answered: what waited is issued, and what bore French VAT for want of a number is issued anew."""
        had_none = not self.client.vat_id or self.check == "invalid"
        if vat_id:
            self.client = msgspec.structs.replace(self.client, vat_id=vat_id)
        if result == "unavailable":
            return
        self.check = result
        waiting, self.waiting = self.waiting, []
        for draft, _ in waiting:
            self.issue(draft, at)
        reissued = self._place.area == "eu" and self.case.readings.late_vat_number == "reissue"
        if had_none and result == "valid" and reissued:
            for account in [one for one in self.book.accounts if _bears_vat_for_want(one)]:
                self._reissue(account, at)

    def _reissue(self, account: Account, at: datetime) -> None:
        """Never an edit: a credit note over the whole and a new invoice; money that came in moves with it."""
        paid = account.paid_eur
        draft = _drafted_again(account)
        self.credit(account, draft.lines, at, _NO_NUMBER, f"again-{account.number}")
        again = self.issue(msgspec.structs.replace(draft, key=f"again/{account.number}"), at)
        if again and paid:
            self.book.left_over_eur -= paid
            self.book.pay(at, paid, [again])

    # --- once ---------------------------------------------------------------------------------------------------------

    @clause("CGVU 5.1")
    def onboarding(self, at: datetime) -> None:
        """The fee of putting into service: whole, at signature, by an invoice of its own."""
        lines = [self._once(item, ONBOARDING) for item in self._single() if item.product == "onboarding"]
        if lines:
            at_once = self.case.readings.onboarding_due == "signature"
            draft = Draft(
                kind="invoice",
                lines=tuple(lines),
                because=ONBOARDING,
                key="onboarding",
                due_days=0 if at_once else None,
                discounted=not at_once,  # what is due at once has no days within which it is early
            )
            self.issue(draft, at)

    def _single(self) -> list[Item]:
        return [item for item in self.case.order_form.items if item.every == "once" and item.quantity]

    def _once(self, item: Item, why: Because) -> DraftLine:
        price = Decimal(item.unit_price_eur)
        return DraftLine(
            code=item.code,
            label=item.label or item.code,
            quantity=Decimal(item.quantity),
            unit_price_eur=price,
            net_eur=rounded(item.quantity * price),
            because=why,
        )

    # --- the run of a day ---------------------------------------------------------------------------------------------

    def next_run(self, after: date) -> date:
        """The next day on which something may have to be invoiced."""
        month = (after.replace(day=28) + timedelta(days=4)).replace(day=1)
        return min([month, *(day for cursor in self._cursors for day in self._days(cursor) if day > after)])

    def _days(self, cursor: _Cursor) -> list[date]:
        """When a line's current and next period are invoiced."""
        coming = self._coming(cursor, 2)
        if cursor.item.billed == "advance":
            return [period.span.first for period in coming]
        return [period.span.last + _DAY for period in coming]

    def _coming(self, cursor: _Cursor, count: int) -> list[Period]:
        if len(cursor.coming) < count:
            since = cursor.coming[0].span.first if cursor.coming else cursor.billed_to
            horizon = (since or self.case.order_form.starts_on) + timedelta(days=800)
            every = periods(self.case.order_form, cursor.item, horizon)
            cursor.coming = [one for one in every if cursor.billed_to is None or one.span.last > cursor.billed_to]
        return cursor.coming[:count]

    def run(self, at: datetime) -> None:
        """Invoice everything whose day it is, together."""
        day = at.astimezone(PARIS).date()
        lines, found = self._subscriptions(day)
        if day <= self.case.order_form.starts_on:
            lines += [self._once(item, SIGNED) for item in self._single() if item.product != "onboarding"]
        differences, self._differences = self._differences, []
        lines += differences
        spent = self._usage_lines(day)
        if not (lines or spent):
            return
        first = next((part.span for part in found), None)
        period = Days(first.first, max(part.span.last for part in found)) if first else None
        draft = Draft(
            kind="invoice",
            lines=tuple(lines + spent),
            because=lines[0].because if lines else spent[0].because,
            key=f"run/{day}",
            period=period,
        )
        self._waiting_parts[draft.key] = found
        self.issue(draft, at)

    def _subscriptions(self, day: date) -> tuple[list[DraftLine], list[Part]]:
        lines, found = [], []
        for cursor in self._cursors:
            while True:
                period = self._coming(cursor, 1)[0]
                when = period.span.first if cursor.item.billed == "advance" else period.span.last + _DAY
                if when > day:
                    break
                cursor.coming.pop(0)
                cursor.billed_to, cursor.current = period.span.last, period
                span = self.licence.clipped(period.span)
                if span is None:
                    continue
                new = parts(self.licence.of(cursor.item.code), span, period.whole.days)
                found += new
                lines += [part_line(part) for part in new]
        return lines, found

    # --- more points of sale, revised prices --------------------------------------------------------------------------

    def increased(self, tranche: Tranche) -> None:
        """What an increase costs for the rest of a period that was invoiced already."""
        cursor = next(one for one in self._cursors if one.item is tranche.item)
        period = cursor.current
        if tranche.item.billed == "arrears" or period is None or tranche.since > period.span.last:
            return
        span = self.licence.clipped(Span(max(tranche.since, period.span.first), period.span.last))
        if span:
            new = parts([tranche], span, period.whole.days)
            self._waiting_parts.setdefault("increase", []).extend(new)
            self._extra += [part_line(part) for part in new]

    @clause("CGVU 4")
    def end_of_day(self, at: datetime) -> None:
        """The increases of a day, by one invoice."""
        if not self._extra:
            return
        extra, self._extra = self._extra, []
        day = at.astimezone(PARIS).date()
        key = f"increase/{day}"
        self._waiting_parts[key] = self._waiting_parts.pop("increase")
        self.issue(Draft(kind="invoice", lines=tuple(extra), because=INCREASE, key=key), at)

    def revised_late(self, anniversary: date, changed: Sequence[Tranche]) -> None:
        """The difference of what was invoiced since an anniversary at the old price, on the next invoice."""
        for one in list(self.billed):
            part = one.part
            if not any(part.tranche is tranche for tranche in changed) or part.span.last < anniversary:
                continue
            span = Span(max(part.span.first, anniversary), part.span.last)
            now = parts([part.tranche], span, part.of_days)
            before = rounded(part.quantity * part.unit_price_eur * span.days / part.of_days)
            difference = sum((new.net_eur for new in now), Decimal(0)) - before
            if difference:
                self._differences.append(_difference(part.tranche.item, span, difference))

    # --- usage --------------------------------------------------------------------------------------------------------

    def _book_of_prices(self) -> prices.Book:
        own = [
            prices.Price(
                "client", row.channel, row.purpose, row.country, row.network, Decimal(row.unit_price_eur), row.since
            )
            for row in self.case.order_form.usage_prices
        ]
        listed = [
            prices.Price(
                None, row.channel, row.purpose, row.country, row.network, Decimal(row.unit_price_eur), row.since
            )
            for row in self.case.tables.usage_price
        ]
        return prices.Book([*own, *listed])

    def used(self, event: Used, place: int) -> None:
        """Messages of a moment; what they cost is that of their day in Paris.

        Raises: Unreadable when no price says.
        """
        if not usage.billable(event.channel, event.status, template=event.template):
            return
        if event.cost_eur is None and self._price(event) is None:
            what = f"{event.channel} {event.purpose} {event.country or 'everywhere'}"
            where = "order_form.usage_prices or tables.usage_price"
            raise Unreadable(f"$.events[{place}]", f"no price for {what} on {event.at.date()}: add it to {where}")
        self._used.append(event)

    def _price(self, event: Used) -> Decimal | None:
        if event.cost_eur is not None:
            return Decimal(event.cost_eur)
        destination = f"{event.country}/{event.network}" if event.network else event.country
        return self._prices.sale("client", event.channel, event.purpose, destination, event.at.date())

    @clause("CGVU 9.3", "CGVU 15")
    def _usage_lines(self, day: date) -> list[DraftLine]:
        month = day.replace(day=1)
        over = [event for event in self._used if event.at.date() < month]
        self._used = [event for event in self._used if event.at.date() >= month]
        sums: dict[tuple[date, str, str, str, str, bool, str, Decimal], int] = {}
        for event in over:
            price = self._price(event)
            assert price is not None, "usage without a price is refused when it is told"
            at_cost = event.cost_eur is not None
            key = (
                event.at.date().replace(day=1), event.channel, event.purpose, event.country, event.network, at_cost,
                event.label, price,
            )  # fmt: skip
            sums[key] = sums.get(key, 0) + event.quantity
        return [_usage_line(key, quantity) for key, quantity in sorted(sums.items()) if quantity]

    # --- on their own -------------------------------------------------------------------------------------------------

    def charge(
        self, label: str, amount_eur: Decimal, at: datetime, why: Because = SIGNED, due_days: int | None = None
    ) -> Account | None:
        """Something to be invoiced once."""
        lines = (single(label, amount_eur, why),)
        draft = Draft(kind="invoice", lines=lines, because=why, key=f"charge/{at}", due_days=due_days)
        return self.issue(draft, at)

    @clause("CGVU 13")
    def fine(self, amount_eur: Decimal, authority: str, at: datetime) -> None:
        """A fine passed on, by two documents: the compensation, and the fee with its VAT."""
        part = fines.passed_on(amount_eur)
        label = f"Amende {authority}".strip()
        compensation = single(label, part.compensation_eur, _FINE)
        self.issue(
            Draft(kind="debit_note", lines=(compensation,), because=_FINE, key=f"fine/{at}", discounted=False), at
        )  # fmt: skip
        if part.fee_eur:
            fee = single(f"{label} : frais de gestion administrative (15 %)", part.fee_eur, _FINE)
            self.issue(Draft(kind="invoice", lines=(fee,), because=_FINE, key=f"fine-fee/{at}"), at)

    def debit(self, lines: Sequence[DraftLine], at: datetime, why: Because, key: str) -> Account | None:
        """A note of penalties: outside VAT, due at once, without discount."""
        draft = Draft(
            kind="debit_note", lines=tuple(lines), because=why, key=f"interest/{key}", due_days=0, discounted=False
        )  # fmt: skip
        return self.issue(draft, at)

    def credit(
        self,
        account: Account,
        lines: Sequence[DraftLine],
        at: datetime,
        why: Because,
        key: str,
        what: Literal["credit_note", "discount"] = "credit_note",
    ) -> Account | None:
        """A credit note over an invoice, at the invoice's own VAT."""
        origin = account.document
        first = origin.vat[0]
        treatment = vat.Treatment(first.category, first.rate, why, first.reason_code, first.reason)
        if what == "discount" and self.case.readings.discount_vat == "full_vat":
            treatment = vat.Treatment("E", Decimal(0), why, "", "Escompte financier, TVA de la facture inchangée")
        left = origin.net_eur - self._credited(account)
        asked = sum((line.net_eur for line in lines), Decimal(0))
        if left <= 0:
            return None
        if asked > left:
            lines = [*lines, _less("Déduction : déjà crédité", left - asked, why)]
        draft = Draft(
            kind="credit_note",
            lines=tuple(lines),
            because=why,
            key=f"credit/{key}",
            due_days=0,
            discounted=False,
            corrects=(Origin(origin.number, origin.issued_on),),
        )
        note = self.issue(draft, at, treatment)
        if note:
            self.book.credit(account, Move(at, what, note.document.gross_eur, why, note.number))
        return note

    def _credited(self, account: Account) -> Decimal:
        """What credit notes took off an invoice already. Unit: EUR before VAT."""
        numbers = {move.document for move in account.moves if move.what in ("credit_note", "discount")}
        notes = (note for number in numbers if (note := self.book.get(number)))
        return sum((note.document.net_eur for note in notes), Decimal(0))

    @clause("CGVU 27")
    def credit_unused(self, last_day: date, at: datetime) -> None:
        """What was invoiced for days after the end comes back, by a credit note on each invoice."""
        rest: dict[str, tuple[Account, list[DraftLine]]] = {}
        for one in self.billed:
            part = one.part
            if part.span.last <= last_day or one.account.document.kind != "invoice":
                continue
            span = Span(max(part.span.first, last_day + _DAY), part.span.last)
            line = part_line(part._replace(span=span, net_eur=_share(part, span)), _UNUSED)
            rest.setdefault(one.account.number, (one.account, []))[1].append(line)
        for number, (account, lines) in rest.items():
            self.credit(account, lines, at, _UNUSED, f"unused/{number}")

    def overdue_checks(self, at: datetime) -> None:
        """Invoices that wait too long for VIES are a person's business."""
        for draft, since in self.waiting:
            if at - since >= timedelta(days=VIES_PATIENCE_DAYS):
                self.told.task("vat_check_pending", since, _VAT, invoice=draft.key)


def _share(part: Part, span: Span) -> Decimal:
    return rounded(part.quantity * part.unit_price_eur * span.days / part.of_days)


def part_line(part: Part, why: Because | None = None) -> DraftLine:
    """A part of a subscription as a line."""
    item = part.tranche.item
    return DraftLine(
        code=item.code,
        label=item.label or item.code,
        quantity=Decimal(part.quantity),
        unit_price_eur=part.unit_price_eur,
        net_eur=part.net_eur,
        because=why or part.because,
        period=Days(part.span.first, part.span.last),
        share=part.share,
    )


def single(label: str, amount_eur: Decimal, why: Because, code: str = "once") -> DraftLine:
    """One of something. Unit: EUR before VAT."""
    amount = rounded(amount_eur)
    return DraftLine(
        code=code, label=label, quantity=Decimal(1), unit_price_eur=amount, net_eur=amount, because=why
    )  # fmt: skip


def _less(label: str, amount_eur: Decimal, why: Because) -> DraftLine:
    """Something that comes off. `amount_eur` is below zero."""
    return DraftLine(
        code="less",
        label=label,
        quantity=Decimal(-1),
        unit_price_eur=-amount_eur,
        net_eur=amount_eur,
        because=why,
    )


def _difference(item: Item, span: Span, difference: Decimal) -> DraftLine:
    return DraftLine(
        code=item.code,
        label=f"{item.label or item.code} : révision SYNTEC, différence",
        quantity=Decimal(1 if difference > 0 else -1),
        unit_price_eur=abs(difference),
        net_eur=difference,
        because=REVISED,
        period=Days(span.first, span.last),
    )


_NAMES: Final = {"sms": "SMS", "rcs": "RCS", "whatsapp": "WhatsApp", "email": "E-mail"}


def _usage_line(key: tuple[date, str, str, str, str, bool, str, Decimal], quantity: int) -> DraftLine:
    month, channel, purpose, country, network, at_cost, label, price = key
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY
    words = label or f"{_NAMES[channel]} {purpose} {'/'.join(filter(None, (country, network)))}".strip()
    amount = fines.third_party(quantity, price) if at_cost else rounded(quantity * price)
    return DraftLine(
        code=f"usage-{channel}",
        label=words,
        quantity=Decimal(quantity),
        unit_price_eur=price,
        net_eur=amount,
        because=_AT_COST if at_cost else _USAGE,
        period=Days(month, last),
        third_party=at_cost,
    )


def _bears_vat_for_want(account: Account) -> bool:
    """Whether an invoice bears French VAT that a valid number would have spared, and was not credited."""
    document = account.document
    charged = document.kind == "invoice" and document.vat and document.vat[0].category == "S"
    return bool(charged) and not account.credited_eur


def _drafted_again(account: Account) -> Draft:
    """The draft an issued document was made of."""
    document = account.document
    lines = tuple(
        DraftLine(
            code=line.code,
            label=line.label,
            quantity=line.quantity,
            unit_price_eur=line.unit_price_eur,
            net_eur=line.net_eur,
            because=line.because,
            detail=line.detail,
            period=line.period,
            share=line.share,
            establishment=line.establishment,
            third_party=line.third_party,
        )
        for line in document.lines
    )
    return Draft(kind="invoice", lines=lines, because=document.because, key=document.number, period=document.period)


def first_moment(day: date, not_before: datetime) -> datetime:
    """The beginning of a day, or a moment within it before which nothing can happen."""
    return max(begin(day), not_before)
