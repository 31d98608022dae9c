"""What was promised of the Applications, month by month: time away, what counts of it, and what it gives back."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sofy.billing.case.book import Account, Book
from sofy.billing.case.enforcement import Closed
from sofy.billing.case.events import Application, CreditClaim, Incident, Maintenance, Routing
from sofy.billing.case.issuing import Issuing
from sofy.billing.case.licence import Licence
from sofy.billing.case.lines import single
from sofy.billing.case.shapes import Case
from sofy.billing.case.subscriptions import monthly_fee
from sofy.billing.case.told import Told, money
from sofy.billing.rules import service_credit as rules
from sofy.contracts.rules.shapes import APPLICATIONS
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import PARIS, begin, seconds
from sofy.kernel.clauses import because, clause

_DAY: Final = timedelta(days=1)
LEVEL: Final = because("CGVU 28", "avoirs compensatoires:")
CLAIM: Final = because("CGVU 28", "sous 15 jours")
EXCLUDED: Final = because("CGVU 28", "hors périodes de maintenance")
MAINTENANCE: Final = because("CGVU 28", "quarante-huit (48) heures")
ROUTING: Final = because("CGVU 28", "99,9 %")
OUR_FAULT: Final = because("CGVU 11", "faute exclusive")

Stretch = tuple[datetime, datetime]


class Service:
    """Availability and credits of one client."""

    def __init__(self, case: Case, licence: Licence, book: Book, issuing: Issuing, told: Told) -> None:
        self.case, self.licence, self.book, self.issuing, self.told = case, licence, book, issuing, told
        self.level = case.order_form.service_level
        self.incidents: list[Incident] = []
        self.maintenances: list[Maintenance] = []
        self.months: dict[tuple[str, Application], dict[str, Any]] = {}
        self._asked_early: list[CreditClaim] = []

    @clause("CGVU 28")
    def maintenance(self, event: Maintenance) -> None:
        """Work that was told; told too late it counts as time away."""
        self.maintenances.append(event)
        latest = event.starts_at.timestamp() - self.level.maintenance_hours * 3600
        self.told.deadline(
            "maintenance_notice",
            datetime.fromtimestamp(latest, PARIS),
            MAINTENANCE,
            told_at=event.at,
            in_time=self._announced(event),
        )

    def _announced(self, event: Maintenance) -> bool:
        return seconds(event.at, event.starts_at) >= self.level.maintenance_hours * 3600

    @clause("CGVU 28")
    def month_over(self, first: date, at: datetime) -> None:
        """Count a month of each Application that was sold or was away, and answer who asked for it already."""
        sold = {item.product for item in self.case.order_form.items} & set(APPLICATIONS)
        touched = {event.application for event in self.incidents}
        short = {one.application for one in self.maintenances if one.application and not self._announced(one)}
        for application in APPLICATIONS:
            if application in sold | touched | short:
                self._count(first, application)  # type: ignore[arg-type]
        for claim in [one for one in self._asked_early if one.month == f"{first:%Y-%m}"]:
            self._answer(claim, at)

    def _count(self, first: date, application: Application) -> None:
        whole = (begin(first), begin(add_months(first, 1)))
        works = [one for one in self.maintenances if one.application in (None, application)]
        told = _within(whole, [(one.starts_at, one.ends_at) for one in works if self._announced(one)])
        mine = [one for one in self.incidents if one.application == application]
        ours = _within(
            whole,
            [
                *((one.at, one.until) for one in mine if one.fault == "operator"),
                *((one.starts_at, one.ends_at) for one in works if not self._announced(one)),
            ],
        )
        others = [(one.at, one.until) for one in mine if one.fault != "operator"]
        down = _without(ours, [*told, *_within(whole, others)])
        month = rules.Availability(seconds(*whole) - _length(told), _length(down))
        tiers = [(Decimal(tier.below), Decimal(tier.credit)) for tier in self.level.tiers]
        percent = rules.credit_percent(month, tiers)
        if not (ours or told or any(_within(whole, [(one.at, one.until)]) for one in mine)):
            return
        fee = self._fee(application, add_months(first, 1) - _DAY)
        claim_until = rules.claim_until(first, self.level.claim_days)
        entry = {
            "kind": "service_level",
            "month": f"{first:%Y-%m}",
            "application": application,
            "base_s": month.base_s,
            "down_s": month.down_s,
            "availability_percent": f"{month.percent}",
            "credit_percent": f"{percent.normalize():f}",
            "fee_eur": money(fee),
            "amount_eur": money(rules.credit(fee, percent)),
            "excluded": [
                {"from": one.at, "to": one.until, "fault": one.fault, "cause": one.cause, "because": EXCLUDED}
                for one in mine
                if one.fault != "operator" and _within(whole, [(one.at, one.until)])
            ],
            "claim_until": claim_until,
            "state": "claimable" if percent else "none",
            "credit_note": None,
            "because": LEVEL,
        }
        self.months[f"{first:%Y-%m}", application] = entry
        self.told.credits.append(entry)
        if percent:
            self.told.deadline("credit_claim", claim_until, CLAIM, month=f"{first:%Y-%m}", application=application)

    def _fee(self, application: str, on: date) -> Decimal:
        """The monthly fee a credit is a share of: that of the Application, else of everything."""
        itemised = [one for one in self.licence.tranches if one.item.product == application]
        if itemised and self.case.readings.service_fee == "application":
            return monthly_fee(itemised, on)
        return monthly_fee(self.licence.tranches, on)

    @clause("CGVU 28")
    def claim(self, event: CreditClaim) -> None:
        """The client asks for its credit; after fifteen days it is too late, before the month is over it waits."""
        if event.at < begin(add_months(date.fromisoformat(f"{event.month}-01"), 1)):
            self._asked_early.append(event)
        else:
            self._answer(event, event.at)

    def _answer(self, event: CreditClaim, at: datetime) -> None:
        wanted = [
            entry
            for (month, application), entry in self.months.items()
            if month == event.month and event.application in (None, application)
        ]
        owed = [entry for entry in wanted if entry["state"] == "claimable"]
        if not owed:
            asked = {"month": event.month, "application": event.application}
            self.told.refuse("credit_claim", event.at, "nothing_to_claim", CLAIM, **asked)
        for entry in owed:
            if event.at.astimezone(PARIS).date() > entry["claim_until"]:
                entry["state"] = "refused"
                self.told.refuse("credit_claim", event.at, "too_late", CLAIM, month=event.month)
                continue
            self._grant(entry, at)

    def _grant(self, entry: dict[str, Any], at: datetime) -> None:
        month = date.fromisoformat(f"{entry['month']}-01")
        label = f"Avoir SLA {entry['month']} {entry['application']} ({entry['availability_percent']} %)"
        note = self._credit(month, label, Decimal(entry["amount_eur"]), at, LEVEL)
        entry["state"] = "granted"
        entry["credit_note"] = note.number if note else None

    def _credit(self, month: date, label: str, amount: Decimal, at: datetime, why: Any) -> Account | None:
        """A credit note over the invoice of a month's subscription."""
        origin = self._invoice_of(month)
        if origin is None or not amount:
            self.told.task("credit_without_invoice", at, why, amount_eur=money(amount))
            return None
        return self.issuing.credit(origin, [single(label, amount, why, "credit")], at, why, f"service/{month}")

    def _invoice_of(self, month: date) -> Account | None:
        covering = [
            one.account
            for one in self.issuing.billed
            if one.part.span.first < add_months(month, 1) and month <= one.part.span.last
        ]
        return covering[-1] if covering else None

    @clause("CGVU 11")
    def fault_over(self, closed: Closed) -> None:
        """A suspension through the operator's own fault is over: no fee for that time, month by month."""
        assert closed.until is not None
        first = closed.since.astimezone(PARIS).date().replace(day=1)
        while begin(first) < closed.until:
            following = add_months(first, 1)
            inside = _within((begin(first), begin(following)), [(closed.since, closed.until)])
            fee = monthly_fee(self.licence.tranches, following - _DAY)
            away = sum(_wall(stretch) for stretch in inside)
            amount = rules.fee_not_owed(fee, away, (following - first).days * 86_400)
            label = f"Indisponibilité par faute du prestataire, {first:%Y-%m}"
            note = self._credit(first, label, amount, closed.until, OUR_FAULT)
            self.told.credits.append(
                {
                    "kind": "operator_fault",
                    "month": f"{first:%Y-%m}",
                    "away_s": away,
                    "fee_eur": money(fee),
                    "amount_eur": money(amount),
                    "state": "granted",
                    "credit_note": note.number if note else None,
                    "because": OUR_FAULT,
                }
            )
            first = following

    @clause("CGVU 28")
    def routing(self, event: Routing) -> None:
        """The share of flows that were handed over; below what is promised it is told, and no tier gives money back."""
        percent = Decimal(100) * (event.handed_over - event.failed) / event.handed_over if event.handed_over else None
        entry = {
            "kind": "routing",
            "month": event.month,
            "success_percent": None if percent is None else f"{percent.quantize(Decimal('0.01'))}",
            "promised_percent": f"{self.level.routing}",
            "amount_eur": "0.00",
            "state": "none",
            "credit_note": None,
            "because": ROUTING,
        }
        self.told.credits.append(entry)
        if percent is not None and percent < self.level.routing:
            entry["state"] = "breach"
            self.told.task("commercial_gesture", event.at, ROUTING, month=event.month)


def _within(whole: Stretch, stretches: Iterable[Stretch]) -> list[Stretch]:
    """The parts of stretches within a whole, those that overlap made one."""
    given = [(first.astimezone(UTC), last.astimezone(UTC)) for first, last in stretches]
    if not given:
        return []
    begins, ends = (moment.astimezone(UTC) for moment in whole)  # two of one clock compare by what it shows
    cut = sorted((max(first, begins), min(last, ends)) for first, last in given)
    found: list[Stretch] = []
    for first, last in cut:
        if first >= last:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return [(first.astimezone(PARIS), last.astimezone(PARIS)) for first, last in found]


def _without(stretches: list[Stretch], taken: list[Stretch]) -> list[Stretch]:
    """What is left of stretches outside others."""
    left = stretches
    for begins, ends in taken:
        pieces = []
        for first, last in left:
            pieces += [(first, min(last, begins)), (max(first, ends), last)]
        left = [(first, last) for first, last in pieces if first < last]
    return left


def _length(stretches: Iterable[Stretch]) -> int:
    return sum(seconds(first, last) for first, last in stretches)


def _wall(stretch: Stretch) -> int:
    """Seconds on the clock of Paris, where a day is a day: a fee is for days."""
    first, last = (one.astimezone(PARIS).replace(tzinfo=None) for one in stretch)
    return int((last - first).total_seconds())
