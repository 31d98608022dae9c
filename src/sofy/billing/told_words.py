"""What the replay tells, in words: entries of docs/reference/case.md as people read them."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.billing.case.told import Entry

Words = dict[str, "str | Promise"]

#: What an entry is, by its list and its own name; a list alone is what none of its names says.
KINDS: Final[Words] = {
    "refused": _("The contract does not allow it"),
    "ends": _("The contract ends"),
    "quota.increase": _("More points of sale"),
    "quota.decrease": _("Fewer points of sale"),
    "prices": _("Price revised"),
    "caps": _("What can be asked of us at most"),
    "credits": _("Credit of a month"),
    "access": _("Access"),
    "notices": _("Notice"),
    "deadlines": _("Deadline"),
    "deadlines.nonrenewal": _("Last day to say that the contract shall not go on"),
    "deadlines.terms_effective": _("New terms bind the client"),
    "tasks": _("Something to look at"),
    "tasks.legal_rate_unknown": _("The legal rate of a half-year is missing"),
    "tasks.index_not_published": _("The index of a month is missing: prices stay"),
    "tasks.base_index_unknown": _("The index the prices began with is missing"),
    "tasks.vat_check_pending": _("VIES has not answered for ten days"),
    "tasks.credit_without_invoice": _("A credit without an invoice to take it from"),
}

#: Why the contract refuses something.
WHY: Final[Words] = {
    "ended": _("The contract is over by then."),
    "ends_earlier": _("The contract ends earlier already."),
    "over_quota": _("The order form lets no further point of sale open."),
    "more_than_licensed": _("More than the line still has."),
    "unknown_item": _("The contract has no such line per point of sale."),
    "nobody_decided": _("Somebody has to decide it."),
    "not_a_decision": _("Nobody decides this: it follows by itself."),
    "second_notice_needed": _(
        "A second formal notice comes first, its five business days over and access suspended since."
    ),
    "two_people_needed": _("Two people have to decide it."),
}

#: Facts of an entry that are shown, in their order.
FACTS: Final[Words] = {
    "item": _("Line"),
    "items": _("Lines"),
    "from": pgettext_lazy("first day", "From"),
    "to": pgettext_lazy("last day", "Until"),
    "until": pgettext_lazy("last day", "Until"),
    "before": _("Before"),
    "after": _("After"),
    "price": _("Price each"),
    "before_eur": _("Before"),
    "after_eur": _("After"),
    "licensed": _("Licensed today"),
    "last_day": _("Last day of the contract"),
    "confidentiality_until": _("Secrets are kept until"),
    "non_solicitation_until": _("Nobody of ours is hired until"),
    "decided_by": _("Decided by"),
    "cap_eur": _("Paid in the twelve months before"),
    "paid_out_eur": _("Compensation paid before"),
    "left_eur": _("What is left"),
    "amount_eur": _("Amount"),
    "month": _("Month"),
    "state": _("State"),
    "reason": _("Reason"),
    "ends_with": _("The contract then ends on"),
    "half_years": _("Half-years"),
}

#: Codes that stand as values.
VALUES: Final[Words] = {
    "active": _("open"),
    "suspended": _("suspended"),
    "ended": _("over"),
    "claimable": _("can be claimed"),
    "default": _("unpaid invoices"),
    "ethics": _("serious breach of ethics"),
    "infringement": _("copying or reverse engineering"),
    "af2m": _("shut off for good by the AF2M"),
    "nonrenewal": _("not renewed"),
    "terms_refused": _("changed terms refused"),
    "kept": _("as it was"),
}

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T.*")
#: An amount without `_eur` in its name.
_PRICES: Final = ("price",)


@dataclass(frozen=True)
class Said:
    """An entry in words. `facts`: label and value, a date, an amount or words."""

    title: "str | Promise"
    why: "str | Promise"
    facts: list[tuple["str | Promise", Any]]
    article: str
    sentence: str


def said(part: str, entry: Entry) -> Said:
    """An entry of a list of the answer, in words."""
    name = entry.get("what", "")
    shown = [(label, _value(key, entry[key])) for key, label in FACTS.items() if entry.get(key) not in (None, "", [])]
    because = entry["because"]
    title = KINDS.get(f"{part}.{name}") or KINDS[part]
    return Said(title, WHY.get(str(entry.get("why", "")), str(entry.get("why", ""))), shown, because["article"],
                because["sentence"])  # fmt: skip


def _value(key: str, value: Any) -> Any:
    """A value as pages format it; what is no date and no amount is said as it is."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if not isinstance(value, str):
        return value
    if key.endswith("_eur") or (key in _PRICES and value[:1].isdigit()):
        return Decimal(value)
    if _DAY.fullmatch(value):
        return date.fromisoformat(value)
    if _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return VALUES.get(value, value)


#: How the terms can be read where they are silent (docs/reference/case.md): first, how the house reads them.
READINGS: Final[list[tuple["str | Promise", list[tuple[str, "str | Promise"]]]]] = [
    (_("Yearly revision (9.1)"), [
        ("revision=if_confirmed", _("only where the order form confirms it")),
        ("revision=always", _("always")),
        ("revision=never", _("never")),
    ]),
    (_("Access of who does not pay"), [
        ("suspension=automatic", _("ends by itself after the five days")),
        ("suspension=by_hand", _("ends when somebody decides it")),
    ]),
    (_("End for unpaid invoices (7.2)"), [
        ("second_notice=true", _("after a second notice")),
        ("second_notice=false", _("without a second notice")),
    ]),
    (_("Changed terms a client may refuse (27)"), [
        ("refusable_terms=substantial", _("substantial ones")),
        ("refusable_terms=all", _("all of them")),
    ]),
    (_("Fee a service credit is a share of (28)"), [
        ("service_fee=application", _("that of the Application")),
        ("service_fee=whole", _("the whole fee")),
    ]),
    (_("VAT of a fine passed on (13)"), [
        ("fine_vat=O", _("none: a compensation")),
        ("fine_vat=S", _("the usual rate")),
    ]),
    (_("Early-payment discount (10.3)"), [
        ("discount_vat=reduced_base", _("takes its VAT with it")),
        ("discount_vat=full_vat", _("leaves VAT as it is")),
    ]),
    (_("Onboarding (5.1)"), [
        ("onboarding_due=signature", _("due at signature")),
        ("onboarding_due=net_days", _("due within the days of payment")),
    ]),
    (_("Fees of third parties (9.3)"), [
        ("third_party_due=at_once", _("due at once")),
        ("third_party_due=net_days", _("due within the days of payment")),
    ]),
    (_("Limit of liability (21.1)"), [
        ("cap_by=payment", _("by what was paid")),
        ("cap_by=invoice", _("by what was invoiced")),
    ]),
    (_("Overseas departments (9.2)"), [
        ("overseas=by_place", _("the rate of the place")),
        ("overseas=normal_rate", _("the usual rate")),
    ]),
    (_("What the client has to its credit"), [
        ("client_credit=set_off", _("pays what falls due")),
        ("client_credit=keep", _("waits")),
    ]),
]  # fmt: skip
