"""The contract as it stands at a moment: what is licensed, at which price, and until when it runs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sofy.billing.case.shapes import Case
from sofy.billing.case.subscriptions import INCREASE, REVISED, SIGNED, Tranche, periods
from sofy.billing.case.told import Told, money
from sofy.billing.rules import revision
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.term import Span, add_months, span_of
from sofy.contracts.rules.values import begin
from sofy.kernel.clauses import because, clause

_DAY: Final = timedelta(days=1)
DECREASE: Final = because("CGVU 8.3", "Pour toute réduction de POI")
_QUOTA: Final = because("CGVU 4", "exclusivement pour le nombre")


class Licence:
    """Lines of the order form over time."""

    def __init__(self, case: Case, told: Told) -> None:
        self.case, self.form, self.told = case, case.order_form, told
        self.last_day: date | None = None
        self._index = [revision.Index(row.month, row.value, row.published_on) for row in case.tables.index]
        base = self._base_index()
        self._signed_for = Counter({item.code: item.quantity for item in self.form.items})
        self._given_up: defaultdict[str, list[tuple[date, int]]] = defaultdict(list)
        self.tranches = [
            Tranche(item, item.quantity, Decimal(item.unit_price_eur), self.form.starts_on, SIGNED, base)
            for item in self.form.items
            if item.every != "once"
        ]

    def of(self, code: str) -> list[Tranche]:
        """The tranches of a line."""
        return [tranche for tranche in self.tranches if tranche.item.code == code]

    def per_poi(self, codes: Sequence[str]) -> list[Item]:
        """The lines per point of sale, or those of them that are named."""
        lines = [item for item in self.form.items if item.per == "poi" and item.every != "once"]
        return [item for item in lines if not codes or item.code in codes]

    def unknown(self, codes: Sequence[str]) -> list[str]:
        """Codes that are no line per point of sale; without any such line, what was not named."""
        known = [item.code for item in self.per_poi(())]
        return [code for code in codes if code not in known] if codes or known else ["*"]

    def licensed(self, code: str, day: date) -> int:
        """The quota of a line on a day."""
        given_up = sum(less for since, less in self._given_up[code] if since <= max(day, self.form.starts_on))
        return self._signed_for[code] - given_up

    @clause("CGVU 4", "CGVU 8.3")
    def increase(self, item: Item, count: int, day: date) -> Tranche | None:
        """More points of sale than licensed: at the tariff of the day from that day on, or not at all."""
        before = self.licensed(item.code, day)
        if self.form.extra_poi == "block":
            self.told.refuse("poi_activated", begin(day), "over_quota", _QUOTA, item=item.code, licensed=before)
            return None
        since = max(day, self.form.starts_on)
        tranche = Tranche(item, count, self._tariff(item, day), since, INCREASE, self._published(day))
        self.tranches.append(tranche)
        self._signed_for[item.code] += count
        self._quota("increase", item, since, before, before + count, INCREASE, price=money(tranche.unit_price_eur))
        return tranche

    @clause("CGVU 4", "CGVU 8.3")
    def decrease(self, item: Item, count: int, day: date) -> date | None:
        """Fewer points of sale: from the end of the contractual period, unless the order form says at once."""
        at_once = self.form.decrease == "at_once"
        effective = self._next_period(item, day) if at_once else span_of(self.form, day).last + _DAY
        known = self._signed_for[item.code] - sum(less for _, less in self._given_up[item.code])
        if count > known:
            self.told.refuse("poi_decrease", begin(day), "more_than_licensed", DECREASE, item=item.code, licensed=known)
            return None
        self._given_up[item.code].append((effective, count))
        left = count
        for tranche in reversed(self.of(item.code)):
            less = min(left, tranche.quantity - sum(gone for _, gone in tranche.fewer))
            if less:
                tranche.fewer.append((effective, less))
                left -= less
        self._quota("decrease", item, effective, known, known - count, DECREASE, asked_on=day)
        return effective

    def _next_period(self, item: Item, day: date) -> date:
        """The first day of the first billing period of a line after a day."""
        coming = periods(self.form, item, day + timedelta(days=800))
        return next((one.span.first for one in coming if one.span.first > day), self.form.starts_on)

    def _quota(self, what: str, item: Item, on: date, before: int, after: int, why: object, **facts: object) -> None:
        self.told.quota.append(
            {"what": what, "item": item.code, "from": on, "before": before, "after": after, **facts, "because": why}
        )  # fmt: skip

    def _tariff(self, item: Item, day: date) -> Decimal:
        rows = [row for row in self.case.tables.tariff if row.code == item.code and row.since <= day]
        if rows:
            return Decimal(max(rows, key=lambda row: row.since).unit_price_eur)
        return Decimal(item.unit_price_eur if item.list_price_eur is None else item.list_price_eur)

    # --- the yearly revision ------------------------------------------------------------------------------------------

    def revises(self) -> bool:
        """Whether prices follow the index at all."""
        wish, form = self.case.readings.revision, self.form.revision
        return wish == "always" or (wish == "if_confirmed" and form is not None and form.confirmed)

    def _base_index(self) -> tuple[str, Decimal] | None:
        form = self.form.revision
        signed = self.form.signed_at.date()
        if form and form.base_month:
            row = next((row for row in self._index if row.month == form.base_month), None)
            return (row.month, row.value) if row else None
        return self._published(signed)

    def _published(self, day: date) -> tuple[str, Decimal] | None:
        row = revision.published(self._index, day)
        return (row.month, row.value) if row else None

    def _current(self, anniversary: date, on: date) -> revision.Index | None:
        """The index an anniversary asks for, as known on a day."""
        month = self.form.revision.month if self.form.revision else ""
        if not month:
            return revision.published(self._index, anniversary)
        year = anniversary.year if int(month) <= anniversary.month else anniversary.year - 1
        return revision.of_month(self._index, f"{year}-{month}", on)

    def revision_days(self, until: date) -> Iterable[date]:
        """The anniversaries at which prices are revised; none in the first year."""
        number = 1
        while self.revises() and (day := add_months(self.form.starts_on, 12 * number)) <= until:
            if 12 * number >= self.case.readings.revision_from_month:
                yield day
            number += 1

    def late_publication(self, anniversary: date) -> date | None:
        """When an index that was missing at an anniversary was published."""
        month = self.form.revision.month if self.form.revision else ""
        if not month or self._current(anniversary, anniversary):
            return None
        year = anniversary.year if int(month) <= anniversary.month else anniversary.year - 1
        later = [row.published_on for row in self._index if row.month == f"{year}-{month}"]
        return min(later, default=None)

    @clause("CGVU 9.1")
    def revise(self, anniversary: date, on: date) -> list[Tranche]:
        """Give each line its price of an anniversary, as far as the index is known. Answers what changed."""
        current = self._current(anniversary, on)
        changed = []
        if current is None:
            self.told.task("index_not_published", anniversary, REVISED, price="kept")
            return []
        for tranche in self.tranches:
            grown = add_months(tranche.since, self.case.readings.revision_from_month) <= anniversary
            if tranche.base_index is None:
                month = self.form.revision.base_month if self.form.revision else ""
                self.told.task("base_index_unknown", anniversary, REVISED, item=tranche.item.code, month=month)
            if tranche.base_index is None or not grown:
                continue
            base_month, base = tranche.base_index
            price = revision.revised(tranche.unit_price_eur, base, current.value)
            if price != tranche.price_on(anniversary):
                before = tranche.price_on(anniversary)
                tranche.prices = sorted([*tranche.prices, (anniversary, price)])
                changed.append(tranche)
                self.told.prices.append(
                    {
                        "item": tranche.item.code,
                        "from": anniversary,
                        "known_on": on,
                        "before_eur": money(before),
                        "after_eur": money(price),
                        "base": {"month": base_month, "value": f"{base}"},
                        "current": {"month": current.month, "value": f"{current.value}"},
                        "because": REVISED,
                    }
                )
        return changed

    # --- the end ------------------------------------------------------------------------------------------------------

    def runs_on(self, day: date) -> bool:
        """Whether the contract still runs on a day."""
        return self.form.starts_on <= day and (self.last_day is None or day <= self.last_day)

    def lasts(self, day: date) -> bool:
        """Whether the contract has not ended by a day."""
        return self.last_day is None or day <= self.last_day

    def clipped(self, span: Span) -> Span | None:
        """As much of a span as the contract lasts."""
        last = span.last if self.last_day is None else min(span.last, self.last_day)
        return Span(span.first, last) if span.first <= last else None
