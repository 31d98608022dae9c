"""What runs out next in a contract, and why: each with its article, worked out by the rules and kept nowhere."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sofy.contracts import queries
from sofy.contracts.models import Notice
from sofy.contracts.rules import access, days, term
from sofy.contracts.rules.values import PARIS


@dataclass(frozen=True)
class Deadline:
    """A day by which something happens or is done. `counted`: the days of a formal notice, one by one."""

    kind: str
    day: date
    article: str
    about: str = ""
    counted: tuple[days.Day, ...] = ()


def of_client(client_id: UUID, today: date, *, using: str = "default") -> list[Deadline]:
    """The deadlines of a client that are not over, the next first; inside a scope."""
    found = [
        *_of_terms(client_id, today, using),
        *(deadline for row in queries.notices(client_id, using=using) for deadline in _of_notice(row)),
        *(
            Deadline("insurance", row.expires_on, "CGVU 20", row.insurer)
            for row in queries.insurance(client_id, using=using)
        ),
    ]
    return sorted((each for each in found if each.day >= today), key=lambda each: each.day)


def _of_terms(client_id: UUID, today: date, using: str) -> list[Deadline]:
    found = []
    for form in queries.signed_forms(client_id, using=using):
        span = term.span_of(form.paper.order_form, today)
        found.append(Deadline("nonrenewal", term.latest_notice(span), "CGVU 8.2", form.number))
        found.append(Deadline("period_end", span.last, "CGVU 8.1", form.number))
    return found


def _of_notice(row: Notice) -> list[Deadline]:
    if row.kind == Notice.Kind.TERMS:
        version = queries.announced(row)
        return [Deadline("terms", version, "CGVU 27", row.about)] if version else []
    if row.kind != Notice.Kind.FORMAL or row.delivered_at is None or not access.proves_delivery(row.proof_kind):
        return []
    counted = tuple(days.count(row.delivered_at.astimezone(PARIS).date()))
    last = counted[-1].day
    return [
        Deadline("pay", last, "CGVU 7.2", row.about, counted),
        Deadline("suspension", last + timedelta(days=1), "CGVU 7.2", row.about),
    ]
