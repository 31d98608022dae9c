"""A case played from its signature to a day: each thing in its order, every consequence by its rule."""

import heapq
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from sofy.billing.case import events
from sofy.billing.case.book import Book
from sofy.billing.case.caps import limit
from sofy.billing.case.collection import Collection
from sofy.billing.case.enforcement import FROZEN, Enforcement
from sofy.billing.case.invoicing import Invoicing
from sofy.billing.case.issuing import Issuing
from sofy.billing.case.licence import Licence
from sofy.billing.case.lines import single
from sofy.billing.case.service import Service
from sofy.billing.case.shapes import Case
from sofy.billing.case.told import Told, money
from sofy.billing.document import Document
from sofy.contracts.rules import access, ends, terms_change
from sofy.contracts.rules.term import add_months, latest_notice, span_ended_by, spans
from sofy.contracts.rules.values import PARIS, as_moment, begin
from sofy.kernel.clauses import Because, because, clause

_DAY: Final = timedelta(days=1)
_LAST_MOMENT: Final = time(23, 59, 59)
NONRENEWAL: Final = because("CGVU 8.2", "date anniversaire")
TERMS: Final = because("CGVU 27", "préavis de 30 jours")
REFUSAL: Final = because("CGVU 27", "refus motivé")
UNUSED: Final = because("CGVU 27", "sans frais")
SITES: Final = because("CGVU 4", "exclusivement pour le nombre")
SOLICITED: Final = because("CGVU 19", "six (6) mois")
CONTESTED: Final = because("CGVU 15", "Tout trafic généré")
FLAW: Final = because("CGVU 15", "démontré par audit")
AT_ONCE: Final = because("CGVU 22", "sans mise en demeure préalable")

#: What comes first of one moment: who the client is and what it paid, then what happened, then what follows by itself.
_CHECK, _MONEY, _EVENT, _BOUNDARY, _RUN, _EVENING = range(6)
_RANKS: Final[dict[type, int]] = {events.VatCheck: _CHECK, events.PaymentBooked: _MONEY}
#: Ways to say that a contract shall not go on. Source: CGVU 8.2.
_NONRENEWAL_CHANNELS: Final = frozenset({"registered_letter", "mailbox"})


class Replay:
    """The life of one contract up to a day, that day included. `frozen`: documents that were issued already, by key."""

    def __init__(self, case: Case, as_of: date, frozen: Mapping[str, Document] | None = None) -> None:
        self.case, self.form, self.as_of = case, case.order_form, as_of
        self.until = datetime.combine(as_of, _LAST_MOMENT, PARIS)
        self.told = Told()
        self.book = Book(case.entity.series)
        self.licence = Licence(case, self.told)
        self.issuing = Issuing(case, self.book, self.told, frozen)
        self.invoicing = Invoicing(case, self.licence, self.issuing)
        self.collection = Collection(case, self.book, self.invoicing, self.told)
        self.enforcement = Enforcement(case, self.book, self.told)
        self.service = Service(case, self.licence, self.book, self.issuing, self.told)
        self.terms: list[events.TermsNotified] = []
        self.paid_out_eur = Decimal(0)
        self._given_up_from: set[tuple[str, date]] = set()
        self._ahead: list[tuple[datetime, int, bytes, int, Callable[[datetime], None]]] = []
        self._serial = self._seen = 0

    def play(self) -> "Replay":
        """Play everything up to the day."""
        self._schedule_contract()
        for place, event in enumerate(self.case.events):
            rank = _RANKS.get(type(event), _EVENT)
            self._at(event.at, rank, partial(self._happened, event, place), _order(event))
        while self._ahead and self._ahead[0][0] <= self.until:
            at, _, _, _, act = heapq.heappop(self._ahead)
            act(at.astimezone(PARIS))
            self._follow(at.astimezone(PARIS))
        self.issuing.overdue_checks(self.until)
        return self

    def _follow(self, at: datetime) -> None:
        """After each thing: documents that are new fall due one day, and what is due is set off at once."""
        for account in self.book.accounts[self._seen :]:
            self._at(datetime.combine(account.due_on, _LAST_MOMENT, PARIS), _EVENING, _nothing)
        self._seen = len(self.book.accounts)
        if self.book.left_over_eur <= 0:
            return
        for account in self.book.owed():
            if account.due_on <= at.date():
                self.collection.fall_due(account, at)
        self.enforcement.collected(at)

    def _at(self, at: datetime, rank: int, act: Callable[[datetime], None], order: bytes = b"") -> None:
        """Do something at a moment; `order` decides among equals, so that the order of telling does not."""
        self._serial += 1
        heapq.heappush(self._ahead, (at.astimezone(UTC), rank, order, self._serial, act))

    # --- what follows by itself ---------------------------------------------------------------------------------------

    def _schedule_contract(self) -> None:
        form = self.form
        self._at(form.signed_at, _BOUNDARY, self.invoicing.onboarding)
        self._at(max(begin(form.starts_on), form.signed_at), _RUN, self._run)
        month = form.starts_on.replace(day=1)
        while (month := add_months(month, 1)) <= self.as_of + _DAY:
            first = add_months(month, -1)
            self._at(begin(month), _BOUNDARY, partial(self._month_over, first))
        for anniversary in self.licence.revision_days(self.as_of):
            self._at(begin(anniversary), _BOUNDARY, partial(self._revise, anniversary))
            late = self.licence.late_publication(anniversary)
            if late:
                self._at(begin(late), _BOUNDARY, partial(self._revise, anniversary))

    def _month_over(self, first: date, at: datetime) -> None:
        if self.licence.last_day is None or first <= self.licence.last_day:
            self.service.month_over(first, at)
            self.enforcement.collected(at)

    def _run(self, at: datetime) -> None:
        self.invoicing.run(at)
        day = at.astimezone(PARIS).date()
        last = self.licence.last_day
        if last is None or day <= last + timedelta(days=62):
            self._at(begin(self.invoicing.next_run(day)), _RUN, self._run)

    def _revise(self, anniversary: date, at: datetime) -> None:
        if not self.licence.runs_on(anniversary):
            return
        day = at.astimezone(PARIS).date()
        changed = self.licence.revise(anniversary, day)
        if changed:
            self.invoicing.revised_late(anniversary, changed)

    # --- what happened ------------------------------------------------------------------------------------------------

    def _paid(self, event: events.PaymentBooked) -> None:
        """Money came in. A bank tells the day, not the hour: what is paid may have been issued later that day."""
        if event.at.time() == time() and any(self.book.get(number) is None for number in event.invoices):
            evening = datetime.combine(event.at.date(), _LAST_MOMENT, PARIS)
            later = msgspec.structs.replace(event, at=as_moment(evening))
            self._at(evening, _MONEY, lambda _at: self._paid(later), _order(event))
            return
        self.collection.pay(event)
        self.enforcement.collected(event.at)

    def _happened(self, event: events.Event, place: int, _at: datetime) -> None:
        match event:
            case events.PaymentBooked():
                self._paid(event)
            case events.SepaReturn():
                account = self.collection.returned(event)
                if account:
                    self.enforcement.reopened(account.number)
            case events.NoticeSent():
                self.enforcement.sent(event)
            case events.NoticeDelivered():
                notice = self.enforcement.delivered(event)
                if notice and notice.acts_from:
                    self._at(notice.acts_from, _BOUNDARY, partial(self.enforcement.days_over, notice))
            case events.PoiActivated():
                self._activated(event)
            case events.PoiDecrease():
                self._given_up(event)
            case events.Used():
                self._used(event, place)
            case events.Incident():
                self.service.incidents.append(event)
            case events.Maintenance():
                self.service.maintenance(event)
            case events.CreditClaim():
                self.service.claim(event)
                self.enforcement.collected(event.at)
            case events.Routing():
                self.service.routing(event)
            case events.TermsNotified():
                self._terms_notified(event)
            case events.TermsRefused():
                self._terms_refused(event)
            case events.Nonrenewal():
                self._nonrenewal(event)
            case events.VatCheck():
                self.issuing.checked(event.result, event.vat_id, event.at)
            case events.Fraud():
                self.enforcement.close("fraud", event.at, event.evidence)
            case events.Suspended():
                self._suspended(event)
            case events.Lifted():
                self._lifted(event)
            case events.Insolvency():
                self._insolvency(event)
            case events.Charge():
                self.invoicing.charge(event.label, Decimal(event.amount_eur), event.at)
            case events.Fine():
                self.invoicing.fine(Decimal(event.amount_eur), event.authority, event.at)
            case events.Dispute():
                self._disputed(event)
            case events.Audit():
                self._audited(event)
            case events.Terminated():
                self._terminated(event)
            case events.Damage():
                self.told.caps.append(limit(self.book, event, self.paid_out_eur, self.case.readings.cap_by))
            case events.Indemnity():
                self.paid_out_eur += event.amount_eur
            case events.Solicitation():
                amount = ends.solicitation_penalty(event.yearly_pay_eur)
                line = single("Non-sollicitation de personnel : indemnité forfaitaire", amount, SOLICITED)
                self.issuing.debit([line], event.at, SOLICITED, f"solicitation/{event.at}")

    def _no_such_sites(self, what: str, event: events.PoiActivated | events.PoiDecrease) -> bool:
        """Whether points of sale are asked for that the contract does not have, or does not have any more."""
        if not self.licence.lasts(event.at.date()):
            self.told.refuse(what, event.at, "ended", self.told.ends[-1]["because"])
            return True
        unknown = self.licence.unknown(event.items)
        if unknown:
            self.told.refuse(what, event.at, "unknown_item", SITES, items=unknown)
        return bool(unknown)

    def _given_up(self, event: events.PoiDecrease) -> None:
        if self._no_such_sites("poi_decrease", event):
            return
        for item in self.licence.per_poi(event.items):
            since = self.licence.decrease(item, event.count, event.at.date())
            if since and (item.code, since) not in self._given_up_from:
                self._given_up_from.add((item.code, since))
                self._at(begin(since), _BOUNDARY, partial(self.invoicing.credit_fewer, item, since))

    def _activated(self, event: events.PoiActivated) -> None:
        if self._no_such_sites("poi_activated", event):
            return
        for item in self.licence.per_poi(event.items):
            tranche = self.licence.increase(item, event.count, event.at.date())
            if tranche:
                self.invoicing.increased(tranche)
                evening = datetime.combine(event.at.date(), _LAST_MOMENT, PARIS)
                self._at(evening, _EVENING, self.invoicing.end_of_day)

    def _used(self, event: events.Used, place: int) -> None:
        if not self.licence.lasts(event.day):
            self.told.refuse("usage", event.at, "ended", self.told.ends[-1]["because"])
        elif event.handed_over_on is not None or self.enforcement.has_access(event.at):
            self.invoicing.used(event, place)
        else:
            self.told.refuse("usage", event.at, "suspended", access.CONSEQUENCES["default"].because)

    def _suspended(self, event: events.Suspended) -> None:
        invoices: list[str] = []
        two = len(set(event.by)) >= 2 and self.case.readings.unpaid_at_once == "two_approvers"
        if event.cause == "default" and two:
            invoices = [account.number for account in self.book.overdue(event.at.date())]
        self.enforcement.close(event.cause, event.at, event.evidence, invoices)

    def _lifted(self, event: events.Lifted) -> None:
        closed = self.enforcement.lift(event)
        if closed and access.consequence(closed.cause).credit:
            self.service.fault_over(closed)

    # --- terms and ends -----------------------------------------------------------------------------------------------

    @clause("CGVU 1", "CGVU 27")
    def _terms_notified(self, event: events.TermsNotified) -> None:
        self.terms.append(event)
        effective = terms_change.effective_on(event.at)
        self.told.deadline(
            "terms_effective", effective, TERMS, version=event.version, substantial=event.substantial
        )  # fmt: skip

    @clause("CGVU 27")
    def _terms_refused(self, event: events.TermsRefused) -> None:
        if not self.terms:
            self.told.refuse("terms_refused", event.at, "nothing_notified", REFUSAL)
            return
        notified = self.terms[-1]
        effective = terms_change.effective_on(notified.at)
        substantial = notified.substantial or self.case.readings.refusable_terms == "all"
        fault = terms_change.refusal_fault(
            substantial=substantial, reason=event.reason, refused_at=event.at, effective=effective
        )
        if fault:
            self.told.refuse("terms_refused", event.at, fault, REFUSAL, version=notified.version)
            return
        last_day = effective.date() - _DAY
        if self._end("terms_refused", last_day, event.at, REFUSAL):
            self._at(effective, _BOUNDARY, partial(self._unused, last_day, UNUSED))

    @clause("CGVU 8.2")
    def _nonrenewal(self, event: events.Nonrenewal) -> None:
        if event.channel not in _NONRENEWAL_CHANNELS:
            self.told.refuse("nonrenewal", event.at, "wrong_channel", NONRENEWAL, channel=event.channel)
            return
        span = span_ended_by(self.form, event.at.date())
        current = next(one for one in spans(self.form) if event.at.date() <= one.last)
        if span != current:
            self.told.refuse(
                "nonrenewal", event.at, "too_late", NONRENEWAL, latest=latest_notice(current), ends_with=span.last
            )
        if self._end("nonrenewal", span.last, event.at, NONRENEWAL):
            self._at(begin(span.last + _DAY), _BOUNDARY, partial(self._unused, span.last, NONRENEWAL))

    @clause("CGVU 13", "CGVU 16", "CGVU 29")
    def _terminated(self, event: events.Terminated) -> None:
        """A person ends the contract; for a default only after a second notice, for fraud alone never."""
        rule = ends.ENDINGS[event.reason]
        if event.reason in ("nonrenewal", "terms_refused"):
            self.told.refuse("terminated", event.at, "not_a_decision", rule.because, reason=event.reason)
        elif not event.decided_by.strip():
            self.told.refuse("terminated", event.at, "nobody_decided", rule.because, reason=event.reason)
        elif (
            event.reason == "default"
            and self.case.readings.second_notice
            and not self.enforcement.may_end_for_default(event.at)
        ):
            self.told.refuse("terminated", event.at, "second_notice_needed", rule.because, reason=event.reason)
        else:
            self._end(event.reason, event.at.date(), event.at, rule.because, decided_by=event.decided_by)

    def _end(self, reason: ends.Reason, last_day: date, at: datetime, why: Because, **facts: object) -> bool:
        """Whether this is what ends the contract."""
        if self.licence.last_day is not None and self.licence.last_day <= last_day:
            self.told.refuse(reason, at, "ends_earlier", why, last_day=self.licence.last_day)
            return False
        self.licence.last_day = last_day
        after = ends.afterwards(last_day)
        self.told.ends.append(
            {
                "reason": reason,
                "decided_at": at,
                "last_day": last_day,
                "over_from": last_day + _DAY,
                "confidentiality_until": after.confidentiality,
                "non_solicitation_until": after.non_solicitation,
                **facts,
                "because": why,
            }
        )
        return True

    def _unused(self, last_day: date, why: Because, at: datetime) -> None:
        """What was invoiced for days after the end comes back, unless the contract ended earlier for another reason."""
        if self.licence.last_day == last_day:
            self.invoicing.credit_unused(last_day, at, why)
            self.enforcement.collected(at)

    # --- the rest -----------------------------------------------------------------------------------------------------

    @clause("CGVU 22")
    def _insolvency(self, event: events.Insolvency) -> None:
        day = event.at.date()
        owed = self.collection.freeze(day)
        self.enforcement.frozen()
        total = sum((account.open_eur for account in owed), Decimal(0))
        self.told.task(
            "insolvency", event.at, FROZEN, kind=event.kind, invoices=[account.number for account in owed],
            claim_eur=money(total),
        )  # fmt: skip

    @clause("CGVU 15")
    def _disputed(self, event: events.Dispute) -> None:
        account = self.book.get(event.invoice)
        if account is None:
            self.told.refuse("dispute", event.at, "unknown_invoice", CONTESTED, invoice=event.invoice)
            return
        account.contested = True
        self.told.task("dispute", event.at, CONTESTED, invoice=event.invoice, reason=event.reason)

    @clause("CGVU 15")
    def _audited(self, event: events.Audit) -> None:
        account = self.book.get(event.invoice)
        if account is None:
            self.told.refuse("audit", event.at, "unknown_invoice", FLAW, invoice=event.invoice)
            return
        account.contested = False
        if event.platform_flaw:
            line = single(f"Trafic détourné, facture {account.number}", account.document.net_eur, FLAW, "credit")
            self.issuing.credit(account, [line], event.at, FLAW, f"audit/{account.key}")
            self.enforcement.collected(event.at)


def _nothing(_at: datetime) -> None:
    """A moment that only has to come."""


def _order(event: events.Event) -> bytes:
    """The same bytes for the same event, wherever it stood in the file."""
    told = {name: str(getattr(event, name)) for name in event.__struct_fields__}
    return msgspec.json.encode({"type": type(event).__name__, **told}, order="deterministic")
