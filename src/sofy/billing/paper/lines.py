"""The lines of an invoice in their groups, its VAT by rate, its totals, and the reason of each line."""

from decimal import Decimal
from itertools import groupby
from typing import Any

from sofy.billing.document import Because, Document, Line, Vat
from sofy.billing.paper.texts import FAMILIES, SAME_AS, UNITS, of, word
from sofy.press.words import Language, amount, days, number, percent, period, price

Marks = dict[Because, str]


def marks(document: Document) -> Marks:
    """A letter for each reason of a line, in the order of the lines: a, b, ... z, aa."""
    reasons = dict.fromkeys(line.because for line in document.lines)
    return {because: _letters(index) for index, because in enumerate(reasons)}


def _letters(index: int) -> str:
    head, last = divmod(index, 26)
    return (_letters(head - 1) if head else "") + chr(ord("a") + last)


def table(document: Document, language: Language, marked: Marks) -> dict[str, Any]:
    """The lines, in groups of a kind; a group that is not alone has its subtotal, and each row what came so far."""
    taxed = _is_taxed(document)
    so_far = Decimal(0)
    groups: list[dict[str, Any]] = []
    for family, found in _families(document):
        common = _common_period(found)
        rows = []
        for line in found:
            so_far += line.net_eur
            carry = [word("carried", language), amount(so_far, language)]
            rows.append(_row(line, language, marked[line.because], common is None) | {"carry": carry})
        groups.append(
            {
                "title": of(FAMILIES[family], language) if family else word("others", language),
                "period": period(common.start, common.end, language) if common else "",
                "rows": rows,
                "subtotal": amount(sum((line.net_eur for line in found), Decimal(0)), language),
            }
        )
    groups[-1]["rows"][-1]["carry"][0] = word("total_net" if taxed else "total", language)
    keys = ("designation", "quantity", "unit_price", "vat", "net")
    plain = ("designation", "quantity", "no_vat_price", "vat", "no_vat_net")
    return {
        "columns": [word(key, language) for key in (keys if taxed else plain)],
        "groups": groups,
        "subtotal": word("subtotal", language),
        "long": len(document.lines) > 12,
    }


def _families(document: Document) -> list[tuple[str, list[Line]]]:
    """Groups in the order in which they first occur; within them the order of the lines."""
    order: dict[str, int] = {}
    for line in document.lines:
        order.setdefault(_family(line), len(order))
    ordered = sorted(document.lines, key=lambda line: order[_family(line)])
    return [(family, list(found)) for family, found in groupby(ordered, key=_family)]


def _family(line: Line) -> str:
    if line.third_party:
        return "third"
    first = line.code.replace("-", ".").replace("_", ".").replace(":", ".").split(".")[0]
    family = SAME_AS.get(first.lower(), first.lower())
    return family if family in FAMILIES else ""


def _common_period(found: list[Line]) -> Any:
    """The period of all lines of a group, said once; none when they differ."""
    periods = {line.period for line in found}
    return periods.pop() if len(periods) == 1 else None


def _row(line: Line, language: Language, mark: str, says_period: bool) -> dict[str, Any]:
    details = []
    if says_period and line.period:
        details.append(period(line.period.start, line.period.end, language))
    if line.share:
        part, full = line.share
        details.append(word("share", language).format(days=number(part, language), whole=days(full, language)))
    if line.establishment:
        details.append(line.establishment)
    if line.detail:
        details.append(line.detail)
    return {
        "number": str(line.number),
        "label": line.label,
        "mark": mark,
        "at_cost": word("at_cost", language) if line.third_party else "",
        "details": details,
        "quantity": _quantity(line, language),
        "price": price(line.unit_price_eur, language),
        "vat": word("outside", language) if line.vat_category == "O" else percent(line.vat_rate, language),
        "net": amount(line.net_eur, language),
    }


def _quantity(line: Line, language: Language) -> str:
    text = number(line.quantity, language)
    if line.unit not in UNITS:
        return text
    one, many = UNITS[line.unit][0 if language == "fr" else 1]
    return f"{text}\u00a0{one if abs(line.quantity) == 1 else many}"


def _is_taxed(document: Document) -> bool:
    return any(vat.category != "O" for vat in document.vat)


def vat_recap(document: Document, language: Language) -> dict[str, Any]:
    """VAT of each rate on its base, and why there is none where there is none."""
    return {
        "title": word("vat_recap", language),
        "columns": [word(key, language) for key in ("rate", "base", "vat")],
        "rows": [
            [_rate(vat, language), amount(vat.base_eur, language), amount(vat.vat_eur, language), vat.reason]
            for vat in document.vat
        ],
    }


def _rate(vat: Vat, language: Language) -> str:
    return word("outside", language) if vat.category == "O" else percent(vat.rate, language)


def totals(document: Document, language: Language) -> list[list[str]]:
    """From before VAT to what is left to pay; the last row is the one that counts."""
    rows = [("total_net", document.net_eur), ("total_vat", document.vat_eur), ("total_gross", document.gross_eur)]
    if not _is_taxed(document):
        rows = [("total", document.gross_eur)]
    if document.paid_eur:
        rows += [("paid", -document.paid_eur), ("left", document.payable_eur)]
    return [[word(key, language), amount(value, language)] for key, value in rows]


def why(document: Document, language: Language, marked: Marks) -> dict[str, Any]:
    """The sentences behind the document and its lines, each once."""
    rows = [[mark, because.article, because.sentence] for because, mark in marked.items()]
    if document.because not in marked:
        rows.append([word("this_document", language), document.because.article, document.because.sentence])
    return {"title": word("why", language), "note": word("why_note", language), "rows": rows}
