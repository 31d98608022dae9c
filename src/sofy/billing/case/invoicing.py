"""What is invoiced when: subscriptions, onboarding, increases, usage, fines; and what is credited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sofy.billing.case.book import Account
from sofy.billing.case.events import Used
from sofy.billing.case.issuing import Issuing
from sofy.billing.case.licence import DECREASE, Licence
from sofy.billing.case.lines import difference, merged, part_line, single, usage_line
from sofy.billing.case.shapes import Case, Unreadable
from sofy.billing.case.subscriptions import INCREASE, SIGNED, Part, Period, Tranche, parts, periods
from sofy.billing.case.usage_prices import UsagePrices
from sofy.billing.document import Period as Days
from sofy.billing.document import Usage
from sofy.billing.drafting import Draft, DraftLine
from sofy.billing.rules import fines, usage
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.term import Span, add_months
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import Because, because, clause
from sofy.kernel.money import rounded

_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=366)
ONBOARDING: Final = because("CGVU 5.1", "exigibles en totalité")
_WITHOUT_DELAY: Final = because("CGVU 9.3", "sans délai")
_FINE: Final = because("CGVU 13", "majorée de 15%")
_UNUSED: Final = because("CGVU 27", "sans frais")


@dataclass
class _Cursor:
    """Where a line's billing stands: its next period, and the last day that was invoiced."""

    item: Item
    coming: "list[Period]" = field(default_factory=list)
    billed_to: date | None = None
    current: Period | None = None


class Invoicing:
    """Makes documents of what the contract says and of what happened."""

    def __init__(self, case: Case, licence: Licence, issuing: Issuing) -> None:
        self.case, self.licence, self.issuing = case, licence, issuing
        self._extra: list[Part] = []
        self._used: list[Used] = []
        self._differences: list[DraftLine] = []
        self._cursors = [_Cursor(item) for item in case.order_form.items if item.every != "once"]
        self._prices = UsagePrices(case.order_form.usage_prices, case.tables.usage_price)

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
            self.issuing.issue(draft, at)

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
        month = add_months(after.replace(day=1), 1)
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
        over = self._used_before(day)
        spent = self._usage_lines(over)
        if not (lines or spent):
            return
        first = next((part.span for part in found), None)
        period = Days(first.first, max(part.span.last for part in found)) if first else None
        at_cost = all(line.third_party for line in [*lines, *spent])
        at_once = at_cost and self.case.readings.third_party_due == "at_once"
        draft = Draft(
            kind="invoice",
            lines=tuple(lines + spent),
            due_days=0 if at_once else None,
            discounted=not at_once,
            because=_WITHOUT_DELAY if at_once else [*lines, *spent][0].because,
            key=f"run/{day}",
            period=period,
            usage=self._by_day(over),
        )
        self.issuing.coming_parts[draft.key] = found
        self.issuing.issue(draft, at)

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
                lines += merged(new)
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
            self._extra += new

    @clause("CGVU 4")
    def end_of_day(self, at: datetime) -> None:
        """The increases of a day, by one invoice."""
        if not self._extra:
            return
        extra, self._extra = self._extra, []
        day = at.astimezone(PARIS).date()
        key = f"increase/{day}"
        self.issuing.coming_parts[key] = extra
        self.issuing.issue(Draft(kind="invoice", lines=tuple(merged(extra)), because=INCREASE, key=key), at)

    def revised_late(self, anniversary: date, changed: Sequence[Tranche]) -> None:
        """The difference of what was invoiced since an anniversary at the old price, on the next invoice."""
        revised = {id(tranche) for tranche in changed}
        for one in list(self.issuing.billed):
            part = one.part
            if id(part.tranche) not in revised or part.span.last < anniversary:
                continue
            span = Span(max(part.span.first, anniversary), part.span.last)
            now = parts([part.tranche], span, part.of_days)
            before = rounded(part.quantity * part.unit_price_eur * span.days / part.of_days)
            amount = sum((new.net_eur for new in now), Decimal(0)) - before
            if amount:
                self._differences.append(difference(part.tranche.item, span, amount))

    # --- usage --------------------------------------------------------------------------------------------------------

    def used(self, event: Used, place: int) -> None:
        """Messages of a moment; what they cost is that of their day in Paris.

        Raises: Unreadable when no price says.
        """
        if not usage.billable(event.channel, event.status, template=event.template):
            return
        if event.cost_eur is None and self._price(event) is None:
            what = f"{event.channel} {event.purpose} {event.country or 'everywhere'}"
            where = "order_form.usage_prices or tables.usage_price"
            raise Unreadable(f"$.events[{place}]", f"no price for {what} on {event.day}: add it to {where}")
        self._used.append(event)

    def _price(self, event: Used) -> Decimal | None:
        if event.cost_eur is not None:
            return Decimal(event.cost_eur)
        return self._prices.of(event.channel, event.purpose, event.country, event.network, event.day)

    def _used_before(self, day: date) -> list[Used]:
        """What was used, or became known, in the months that are over."""
        month = day.replace(day=1)
        over = [event for event in self._used if event.at.date() < month]
        self._used = [event for event in self._used if event.at.date() >= month]
        return over

    @clause("CGVU 9.3", "CGVU 15")
    def _usage_lines(self, over: Sequence[Used]) -> list[DraftLine]:
        sums: dict[tuple[date, str, str, str, str, bool, str, Decimal], int] = {}
        for event in over:
            price = self._price(event)
            assert price is not None, "usage without a price is refused when it is told"
            at_cost = event.cost_eur is not None
            key = (
                event.day.replace(day=1), event.channel, event.purpose, event.country, event.network, at_cost,
                event.label, price,
            )  # fmt: skip
            sums[key] = sums.get(key, 0) + event.quantity
        return [usage_line(key, quantity) for key, quantity in sorted(sums.items()) if quantity]

    def _by_day(self, over: Sequence[Used]) -> tuple[Usage, ...]:
        """The same day by day and channel, for the annex: its amounts are rounded by day, those of lines by line."""
        sums: dict[tuple[str, date], tuple[int, Decimal]] = {}
        for event in over:
            price = self._price(event) or Decimal(0)
            for day, quantity in (event.days or {event.day: event.quantity}).items():
                before, worth = sums.get((event.channel, day), (0, Decimal(0)))
                sums[event.channel, day] = before + quantity, worth + quantity * price
        return tuple(
            Usage(day, channel, quantity, rounded(worth)) for (channel, day), (quantity, worth) in sorted(sums.items())
        )

    # --- on their own -------------------------------------------------------------------------------------------------

    def charge(
        self, label: str, amount_eur: Decimal, at: datetime, why: Because = SIGNED, due_days: int | None = None
    ) -> Account | None:
        """Something to be invoiced once."""
        lines = (single(label, amount_eur, why),)
        draft = Draft(
            kind="invoice", lines=lines, because=why, key=f"charge/{at}", due_days=due_days,
            discounted=due_days is None,
        )  # fmt: skip
        return self.issuing.issue(draft, at)

    @clause("CGVU 13")
    def fine(self, amount_eur: Decimal, authority: str, at: datetime) -> None:
        """A fine passed on, by two documents: the compensation, and the fee with its VAT."""
        part = fines.passed_on(amount_eur)
        label = f"Amende {authority}".strip()
        compensation = single(label, part.compensation_eur, _FINE)
        self.issuing.issue(
            Draft(kind="debit_note", lines=(compensation,), because=_FINE, key=f"fine/{at}", discounted=False), at
        )  # fmt: skip
        if part.fee_eur:
            fee = single(f"{label} : frais de gestion administrative (15 %)", part.fee_eur, _FINE)
            self.issuing.issue(Draft(kind="invoice", lines=(fee,), because=_FINE, key=f"fine-fee/{at}"), at)

    @clause("CGVU 27")
    def credit_unused(self, last_day: date, at: datetime, why: Because = _UNUSED) -> None:
        """What was invoiced for days after the end comes back, by a credit note on each invoice."""
        rest: dict[str, tuple[Account, list[DraftLine]]] = {}
        for one in self.issuing.billed:
            part = one.part
            if part.span.last <= last_day or one.account.document.kind != "invoice":
                continue
            span = Span(max(part.span.first, last_day + _DAY), part.span.last)
            line = part_line(part._replace(span=span, net_eur=_share(part, span)), why)
            rest.setdefault(one.account.number, (one.account, []))[1].append(line)
        for account, lines in rest.values():
            self.issuing.credit(account, lines, at, why, f"unused/{account.key}")

    @clause("CGVU 8.3")
    def credit_fewer(self, item: Item, since: date, at: datetime) -> None:
        """Points of sale given up after their month was invoiced: what was invoiced from the period's end on."""
        rest: dict[str, tuple[Account, list[DraftLine]]] = {}
        for one in self.issuing.billed:
            part = one.part
            fewer = part.quantity - part.tranche.quantity_on(since)
            if part.tranche.item is not item or part.span.last < since or part.span.first < since - _YEAR or fewer <= 0:
                continue
            span = Span(max(part.span.first, since), part.span.last)
            less = part._replace(quantity=fewer, span=span)
            line = part_line(less._replace(net_eur=_share(less, span)), DECREASE)
            rest.setdefault(one.account.number, (one.account, []))[1].append(line)
        for account, lines in rest.values():
            self.issuing.credit(account, lines, at, DECREASE, f"fewer/{account.key}")


def _share(part: Part, span: Span) -> Decimal:
    return rounded(part.quantity * part.unit_price_eur * span.days / part.of_days)
