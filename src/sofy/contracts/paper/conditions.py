"""What an order form settles beside prices, one line each, and where it differs from the general terms."""

from typing import Any

from sofy.contracts.paper.texts import MEANS, of, word
from sofy.contracts.rules.shapes import OrderForm, Payment, ServiceLevel
from sofy.press import words
from sofy.press.words import Language

_TERMS, _LEVEL = Payment(), ServiceLevel()


def conditions(form: OrderForm, language: Language) -> dict[str, Any]:
    """Rows of label, text, article, and whether it is another than the general terms have."""
    rows = [*_contract(form, language), *_payment(form.payment, language), *_service(form.service_level, language)]
    return {
        "title": word("conditions", language),
        "note": word("conditions_note", language) if any(row[3] for row in rows) else "",
        "rows": rows,
    }


Row = tuple[str, str, str, bool]


def _contract(form: OrderForm, language: Language) -> list[Row]:
    if form.renewal_months is None:
        renewal = word("renewal_open", language)
    else:
        renewal = word("renewal_months", language, count=str(form.renewal_months))
    revision = form.revision
    if revision and revision.confirmed:
        base = revision.base_month or word("revision_base", language)
        revised = word("revision_text", language, base=base)
    else:
        revised = word("revision_none", language)
    return [
        (word("renewal", language), renewal, "CGVU 8.2", False),
        (word("extra", language), word(f"extra_{form.extra_poi}", language), "CGVU 4", form.extra_poi != "increase"),
        (word("fewer", language), word(f"fewer_{form.decrease}", language), "CGVU 8.3", form.decrease != "period_end"),
        (word("periods", language), word(f"periods_{form.periods}", language), "", False),
        (word("revision", language), revised, "CGVU 9.1", False),
    ]


def _payment(terms: Payment, language: Language) -> list[Row]:
    means = of(MEANS[terms.means], language)
    text = word("payment_text", language, means=means, days=str(terms.days))
    discount = word("discount_none", language)
    if terms.discount_percent and terms.discount_days:
        percent = words.percent(terms.discount_percent, language)
        discount = word("discount_text", language, percent=percent, days=str(terms.discount_days))
    late = word(
        "late_text",
        language,
        multiple=words.number(terms.penalty_multiple, language),
        recovery=words.amount(terms.recovery_eur, language),
    )
    early = (terms.discount_percent, terms.discount_days) != (_TERMS.discount_percent, _TERMS.discount_days)
    charged = (terms.penalty_multiple, terms.recovery_eur) != (_TERMS.penalty_multiple, _TERMS.recovery_eur)
    rows = [
        (word("payment", language), text, "CGVU 10", terms.days != _TERMS.days),
        (word("discount", language), discount, "CGVU 10.2", early),
        (word("late", language), late, "CGVU 7.1", charged),
    ]
    if terms.means == "sepa_debit":
        debit = [word("debit_text", language, days=str(terms.prenotification_days))]
        if terms.mandate:
            debit.append(word("mandate", language, number=terms.mandate))
        shorter = terms.prenotification_days != _TERMS.prenotification_days
        rows.append((word("debit", language), ", ".join(debit), "CGVU 10.1", shorter))
    return rows


def _service(level: ServiceLevel, language: Language) -> list[Row]:
    tiers = ", ".join(
        word(
            "service_tier",
            language,
            below=words.percent(tier.below, language),
            credit=words.percent(tier.credit, language),
        )
        for tier in level.tiers
    )
    service = word("service_text", language, tiers=tiers)
    claims = word("claims_text", language, days=str(level.claim_days))
    maintenance = word("maintenance_text", language, hours=str(level.maintenance_hours))
    routing = word("routing_text", language, percent=words.percent(level.routing, language))
    return [
        (word("service", language), service, "CGVU 28", level.tiers != _LEVEL.tiers),
        (word("claims", language), claims, "CGVU 28", level.claim_days != _LEVEL.claim_days),
        (word("maintenance", language), maintenance, "CGVU 28", level.maintenance_hours != _LEVEL.maintenance_hours),
        (word("routing", language), routing, "CGVU 28", level.routing != _LEVEL.routing),
    ]
