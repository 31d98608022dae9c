"""What both sides see of a client's invoices: the list and its filter, one document, how it is paid, its files."""

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from sofy.billing import tabular
from sofy.billing.document import decoded
from sofy.billing.einvoice import ubl
from sofy.billing.einvoice.validator import NotValidated, Validator, fatal
from sofy.billing.models import Invoice
from sofy.billing.paper.codes import transfer_code
from sofy.billing.queries import InvoiceLine
from sofy.billing.services import rendering
from sofy.kernel.errors import Refused

TYPES: Final = {"pdf": "application/pdf", "xml": "application/xml", "ubl": "application/xml"}
STATES: Final = ("open", "late", "paid")


def listed(request: HttpRequest, lines: list[InvoiceLine]) -> dict[str, Any]:
    """The invoices that the address asks for, by state and year, and what is open of all of them."""
    state, year = request.GET.get("state", ""), request.GET.get("year", "")
    years = sorted({line.issued_on.year for line in lines}, reverse=True)
    shown = [
        line
        for line in lines
        if _fits(line, state)
        and (not year.isdecimal() or int(year[:4]) not in years or line.issued_on.year == int(year[:4]))
    ]
    return {
        "lines": shown, "open_eur": sum(line.open_eur for line in lines), "issued": bool(lines), "years": years,
        "state": state if state in STATES else "", "year": year,
        "late_eur": sum(line.open_eur for line in lines if line.late), "query": request.GET.urlencode(),
    }  # fmt: skip


def _fits(line: InvoiceLine, state: str) -> bool:
    wanted = {"open": line.open_eur > 0, "late": line.late, "paid": line.status == "paid"}
    return wanted.get(state, True)


def find(lines: list[InvoiceLine], invoice_id: UUID) -> InvoiceLine:
    """Raises: Http404."""
    for line in lines:
        if line.id == invoice_id:
            return line
    raise Http404


def transfer(line: InvoiceLine) -> SafeString | None:
    """The code that fills in the transfer of what is open; none when nothing is, or when it is debited."""
    if line.open_eur <= 0 or line.document.payment.means != "transfer" or not line.document.seller.iban:
        return None
    return mark_safe(str(transfer_code(line.document, line.open_eur)))  # noqa: S308 - drawn here, of checked texts


def file(row: Invoice, kind: str) -> HttpResponse:
    """A file of a document, to be kept.

    Raises: Refused (ubl_refused, validator_away).
    """
    if kind == "ubl":
        content, name = _ubl(row), f"{row.number}.ubl.xml"
    else:
        files = rendering.render(row.client_id, row.pk)
        content, name = files.pdf if kind == "pdf" else files.xml, f"{row.number}.{kind}"
    answer = HttpResponse(content, content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _ubl(row: Invoice) -> bytes:
    """Made of the frozen document, and checked by the official rules before it leaves."""
    content = ubl.build(decoded(str(row.document).encode()))
    try:
        with Validator() as validator:
            found = fatal(validator.findings(content, "ubl"))
    except NotValidated:
        raise Refused("validator_away", 503) from None
    if found:
        raise Refused("ubl_refused", 409, rule=found[0].rule)
    return content


def csv_of(lines: list[InvoiceLine], name: str) -> HttpResponse:
    """Each line of these documents, with what became of the document."""
    content = b"".join(tabular.csv_lines(tabular.rows((line.document, name, line.status) for line in lines)))
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
