"""The books of a company for a period: VAT, revenue, the documents behind each figure, and the files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sofy.accounting import forms, queries, words
from sofy.accounting.periods import month_of, period
from sofy.accounting.services import books, charts, exports
from sofy.billing import tabular
from sofy.billing.services import freezing
from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.contracts.queries import EntityLine
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.ui import notify, problems


@dataclass(frozen=True)
class Asked:
    """Which company and which days somebody looks at; by itself, the month that ended last."""

    entity: EntityLine
    first: date
    last: date

    @property
    def query(self) -> str:
        """The same question in an address."""
        return urlencode({"entity": self.entity.code, "from": self.first, "to": self.last})

    def link(self, name: str, *arguments: Any, **facts: Any) -> str:
        """An address of this room about these days."""
        more = f"&{urlencode(facts)}" if facts else ""
        return f"{reverse(f'accounting:{name}', args=arguments)}?{self.query}{more}"


def asked(request: HttpRequest, entities: list[EntityLine]) -> Asked:
    """Raises: Refused (entity_unknown, period_unreadable)."""
    before = month_of(date.fromordinal(month_of(freezing.today())[0].toordinal() - 1))
    code = request.GET.get("entity", entities[0].code if entities else "")
    found = [row for row in entities if row.code == code]
    if not found:
        raise Refused("entity_unknown", 404)
    first, last = request.GET.get("from") or str(before[0]), request.GET.get("to") or str(before[1])
    return Asked(found[0], *period(first, last))


@staff_only
@clause("CGVU 9.2")
def overview(request: HttpRequest) -> HttpResponse:
    """VAT that fell due and what was sold in a period, and the files of it."""
    entities = contracts.entities()
    context: dict[str, Any] = {"entities": entities}
    if not entities:
        return render(request, "accounting/books.html", context)
    try:
        wanted = asked(request, entities)
        context["asked"] = wanted
        books.need(wanted.entity.id)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return render(request, "accounting/books.html", context, status=422)
    return render(request, "accounting/books.html", {**context, **_figures(wanted)})


def _figures(wanted: Asked) -> dict[str, Any]:
    """Sums of a period, each with the address of what is behind it."""
    of_period = (wanted.entity.id, wanted.first, wanted.last)
    vat, sold = queries.vat(*of_period), queries.revenue(*of_period)
    return {
        "unreadable": queries.unreadable(wanted.entity.id),
        "vat": [
            (row, words.CATEGORIES.get(row.category, row.category),
             wanted.link("pieces", of="vat", category=row.category, rate=f"{row.rate:f}"))
            for row in vat
        ],
        "vat_eur": sum((row.vat_eur for row in vat), Decimal(0)),
        "base_eur": sum((row.base_eur for row in vat), Decimal(0)),
        "products": _by_product(sold, wanted),
        "net_eur": sum((row.net_eur for row in sold), Decimal(0)),
        "clients": [
            (row, wanted.link("pieces", of="sales", client=row.code))
            for row in queries.revenue_by_client(*of_period)[:20]
        ],
        "chart": _chart(sold),
        "files": [(kind, str(label), wanted.link("file", kind)) for kind, label in words.FILES.items()],
    }  # fmt: skip


def _by_product(sold: list[queries.Sold], wanted: Asked) -> list[tuple[str, Decimal, str]]:
    sums: dict[str, Decimal] = {}
    for row in sold:
        sums[row.code] = sums.get(row.code, Decimal(0)) + row.net_eur
    ranked = sorted(sums.items(), key=lambda item: -item[1])
    return [(words.product(code), net, wanted.link("pieces", of="sales", product=code)) for code, net in ranked]


def _chart(sold: list[queries.Sold]) -> dict[str, Any]:
    """Revenue month by month, product on product."""
    months = sorted({row.month for row in sold if row.month})
    labels = [f"{month:%Y-%m}" for month in months]
    products = sorted({row.code for row in sold})
    cells = {(row.month, row.code): row.net_eur for row in sold}
    tones = ("blue", "green", "orange", "purple", "grey", "red")
    series = [
        {"name": words.product(code), "tone": tones[place % len(tones)],
         "values": [float(cells.get((month, code), 0)) for month in months]}
        for place, code in enumerate(products)
    ]  # fmt: skip
    return {
        "id": "revenue",
        "title": _("Revenue before VAT, month by month"),
        "spec": {"kind": "stacked", "labels": labels, "series": series},
        "columns": [_("Month"), *(words.product(code) for code in products)],
        "rows": [
            (label, *(cells.get((month, code), Decimal(0)) for code in products))
            for label, month in zip(labels, months, strict=True)
        ],
    }


@staff_only
def pieces(request: HttpRequest) -> HttpResponse:
    """The documents behind a figure."""
    try:
        wanted = asked(request, contracts.entities())
        books.need(wanted.entity.id)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("accounting:books")
    of_period = (wanted.entity.id, wanted.first, wanted.last)
    given = {name: request.GET.get(name, "")[:60] for name in ("of", "category", "product", "client")}
    if given["of"] == "vat":
        found = queries.vat_pieces(*of_period, given["category"], _rate(request.GET.get("rate", "")))
        title = str(words.CATEGORIES.get(given["category"], given["category"]))
    else:
        found = queries.sale_pieces(*of_period, product=given["product"], client=given["client"])
        title = words.product(given["product"]) if given["product"] else given["client"]
    context = {
        "asked": wanted, "rows": found, "title": title, "vat": given["of"] == "vat", "most": queries.MOST,
        "net_eur": sum((row.net_eur for row in found), Decimal(0)),
        "vat_eur": sum((row.vat_eur for row in found), Decimal(0)),
    }  # fmt: skip
    return render(request, "accounting/pieces.html", context)


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except ArithmeticError:
        raise Http404 from None
    if not rate.is_finite() or not 0 <= rate < 1000:
        raise Http404
    return rate


@staff_only
def file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """A file of the period, streamed: it may be long."""
    if kind not in words.FILES:
        raise Http404
    try:
        wanted = asked(request, contracts.entities())
        name, content = _made(kind, wanted)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect(f"{reverse('accounting:books')}?{request.GET.urlencode()}")
    exports.told(kind, wanted.entity, wanted.first, wanted.last, request.user.actor)  # type: ignore[union-attr]
    form = "text/plain; charset=iso8859-15" if kind == "fec" else "text/csv; charset=utf-8"
    answer = StreamingHttpResponse(content, content_type=form)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _made(kind: str, wanted: Asked) -> tuple[str, Iterator[bytes]]:
    entity, first, last = wanted.entity, wanted.first, wanted.last
    if kind == "fec":
        return exports.fec_name(entity, last), exports.fec_lines(entity, first, last)
    name = f"{kind}-{entity.code}-{first}-{last}.csv"
    if kind in ("documents", "lines"):
        return name, tabular.csv_lines(exports.rows_of_documents(entity.id, first, last, by_line=kind == "lines"))
    books.need(entity.id)
    return name, tabular.csv_lines(exports.rows_of_sums(kind, entity.id, first, last))


@staff_only
def accounts(request: Any, code: str) -> HttpResponse:
    """The accounts of a company and the month its financial year begins in."""
    found = [row for row in contracts.entities() if row.code == code]
    if not found:
        raise Http404
    now = charts.of(found[0].id)
    form = forms.AccountsForm(
        request.POST or None, initial={name: getattr(now, name) for name in now.__struct_fields__}
    )
    if request.method == "POST" and form.is_valid():
        try:
            charts.keep(found[0].id, form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("The accounts are kept: files are written with them from now on."))
            return redirect(f"{reverse('accounting:books')}?{urlencode({'entity': code})}")
    context = {"entity": found[0], "form": form}
    return render(request, "accounting/accounts.html", context, status=422 if form.errors else 200)
