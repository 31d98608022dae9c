"""An order form on paper, to be read, signed and kept: PDF/A-3b, made of what is signed and of nothing else."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from sofy.contracts import documents
from sofy.contracts.paper import conditions
from sofy.contracts.paper.texts import BILLED, CHANNELS, EVERY, PRODUCTS, PURPOSES, of, word
from sofy.contracts.rules.shapes import MONTHS_OF, Address, Entity, Item, OrderForm, Party, UsagePrice
from sofy.contracts.rules.term import spans
from sofy.kernel.money import line_amount
from sofy.press import printing, words
from sofy.press.printing import Whole
from sofy.press.words import Language

_TEMPLATE = "contracts/paper/order_form.typ"
#: A price without a day of its own counts from here on.
_ALWAYS = date(2000, 1, 1)


class Accepted(NamedTuple):
    """Who accepted an order form, when (on the clock of Paris), how, and the hash of what was accepted."""

    name: str
    at: datetime
    how: str
    sha256: str


class Version(NamedTuple):
    """A document that an order form refers to. `version`: the day it came into force, or another name."""

    kind: Literal["dpa", "cgvu"]
    version: str
    sha256: str


#: Those of today, by rank.
CURRENT: Final = tuple(Version(one.kind, one.version, one.sha256) for one in (documents.DPA, documents.CGVU))


def order_form_pdf(
    *,
    entity: Entity,
    client: Party,
    order_form: OrderForm,
    language: Language = "fr",
    accepted: Accepted | None = None,
    versions: Sequence[Version] = CURRENT,
) -> bytes:
    """The PDF of an order form; one without a number is marked as a draft. The same order form has the same bytes."""
    made = view(
        entity=entity, client=client, order_form=order_form, language=language, accepted=accepted, versions=versions
    )
    return printing.pdf(_TEMPLATE, made, on=accepted.at.date() if accepted else order_form.starts_on)


def view(
    *,
    entity: Entity,
    client: Party,
    order_form: OrderForm,
    language: Language,
    accepted: Accepted | None,
    versions: Sequence[Version],
) -> dict[str, Any]:
    """Everything the page says, in the order in which it says it."""
    title = word("title", language)
    items, amounts = _items(order_form, language), _per_period(order_form.items)
    return {
        "language": language,
        "title": f"{title} {order_form.number}".strip(),
        "author": entity.name,
        "page": word("page", language),
        "foot": words.company(
            name=entity.name,
            legal_form=entity.legal_form,
            capital_eur=entity.capital_eur,
            siren_number=entity.siren,
            rcs=entity.rcs,
            vat_id=entity.vat_id,
            language=language,
        ),
        "kind": title,
        "number": Whole(order_form.number),
        "draft": "" if order_form.number else word("draft", language),
        "seller": {"name": entity.name, "lines": _lines(entity.address, entity.email, language)},
        "client": {
            "title": word("client", language),
            "name": client.name,
            "lines": _lines(client.address, client.email, language),
            "ids": _ids(client, language),
        },
        "term": _term(order_form, language),
        "totals": _totals(amounts, language),
        "items": items,
        "vat_note": word("vat_note", language),
        "usage": _usage(order_form.usage_prices, language),
        "conditions": conditions.conditions(order_form, language),
        "documents": _documents(order_form, versions, language),
        "signatures": _signatures(accepted, language),
    }


def _lines(at: Address, email: str, language: Language) -> list[str]:
    lines = words.address(at.street, at.street2, at.postcode, at.town, at.country, language)
    return [*lines, *([Whole(email)] if email else [])]


def _ids(client: Party, language: Language) -> list[list[str]]:
    number = ("siret", words.siren(client.siret)) if client.siret else ("siren", words.siren(client.siren))
    return [[word(key, language), Whole(value)] for key, value in (number, ("vat_id", client.vat_id)) if value]


def _term(form: OrderForm, language: Language) -> dict[str, str]:
    firm = next(spans(form))
    return {
        "label": word("term", language),
        "months": word("months", language, count=str(form.term_months)),
        "span": word("span", language, start=words.day(firm.first, language), end=words.day(firm.last, language)),
    }


def _per_period(items: Iterable[Item]) -> dict[str, Decimal]:
    """What comes to be paid once, and for each length of period. Unit: EUR before VAT."""
    found: dict[str, Decimal] = {}
    for item in items:
        found[item.every] = found.get(item.every, Decimal(0)) + line_amount(item.quantity, item.unit_price_eur)
    return found


def _totals(amounts: dict[str, Decimal], language: Language) -> list[list[str]]:
    rows = [
        [of(EVERY[every], language).capitalize(), words.amount(amounts[every], language), word("excl_vat", language)]
        for every in MONTHS_OF
        if amounts.get(every) and every != "once"
    ]
    if amounts.get("once"):
        once = words.amount(amounts["once"], language)
        rows.append([word("once_total", language), once, word("excl_vat", language)])
    year = amounts.get("once", Decimal(0)) + sum(
        (amounts.get(every, Decimal(0)) * (12 // months) for every, months in MONTHS_OF.items()), Decimal(0)
    )
    rows.append([word("first_year", language), words.amount(year, language), word("without_usage", language)])
    return rows


def _items(form: OrderForm, language: Language) -> dict[str, Any]:
    return {
        "title": word("ordered", language),
        "columns": [word(key, language) for key in ("item", "quantity", "list_price", "unit_price", "amount")],
        "rows": [_item(item, language) for item in form.items],
    }


def _item(item: Item, language: Language) -> dict[str, Any]:
    product = of(PRODUCTS[item.product], language)
    details = [word("per_poi" if item.per == "poi" else "flat", language)]
    if item.every != "once":
        details.append(of(BILLED[item.billed], language))
    every = of(EVERY[item.every], language)
    listed = item.list_price_eur
    differs = listed is not None and listed != item.unit_price_eur
    return {
        "label": item.label or product,
        "details": [product, *details] if item.label and item.label != product else details,
        "quantity": words.number(item.quantity, language),
        "list": words.price(listed, language) if listed is not None and differs else "",
        "price": words.price(item.unit_price_eur, language),
        "every": every,
        "amount": words.amount(line_amount(item.quantity, item.unit_price_eur), language),
    }


def _usage(prices: tuple[UsagePrice, ...], language: Language) -> dict[str, Any] | None:
    if not prices:
        return None
    anywhere = word("anywhere", language)
    return {
        "title": word("usage", language),
        "columns": [word(key, language) for key in ("channel", "purpose", "where", "since", "unit_price")],
        "rows": [
            [
                of(CHANNELS[price.channel], language),
                of(PURPOSES[price.purpose], language),
                " · ".join(part for part in (price.country, price.network) if part) or anywhere,
                word("from_start", language) if price.since == _ALWAYS else words.brief(price.since),
                words.price(price.unit_price_eur, language),
            ]
            for price in prices
        ],
    }


def _documents(form: OrderForm, versions: Sequence[Version], language: Language) -> dict[str, Any]:
    rows = [[word("this", language), Whole(form.number), ""]]
    for one in versions:
        rows.append([word(one.kind, language), _version(one.version, language), Whole(one.sha256)])
    return {
        "title": word("documents", language),
        "note": word("documents_note", language),
        "rows": rows,
    }


def _version(name: str, language: Language) -> str:
    try:
        return word("version", language, day=words.day(date.fromisoformat(name), language))
    except ValueError:
        return name


def _signatures(accepted: Accepted | None, language: Language) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": word("signatures", language),
        "note": word("sign_note", language),
        "sides": [word("for_provider", language), word("for_client", language)],
        "lines": [word(key, language) for key in ("name_line", "date_line", "sign_line")],
        "accepted": [],
    }
    if accepted:
        at = words.moment(accepted.at, language)
        made["accepted"] = [
            [word("accepted", language, name=accepted.name, at=at), ""],
            [word("how", language), accepted.how],
            [word("fingerprint", language), Whole(accepted.sha256)],
        ]
    return made
