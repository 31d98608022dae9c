"""The life of an invoice on the approved platform, on its page: of staff and of its client."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.accounting.models import Said
from sofy.accounting.services import platform
from sofy.billing.einvoice.platform.life import STATUSES, Event, current
from sofy.billing.einvoice.platform.port import PlatformDown
from sofy.clients.queries import find_client
from sofy.contracts.access import staff_only
from sofy.kit.rls import staff_scope
from sofy.ui import notify


def _word(code: int) -> str:
    known = STATUSES.get(code)
    if known is None:
        return str(code)
    return known.french if (get_language() or "fr").startswith("fr") else known.english


def _told(client_id: UUID, invoice_id: UUID, using: str) -> dict[str, Any]:
    row, said = platform.said_of(client_id, invoice_id, using=using)
    number = row.number if row else ""
    stands = current([Event(one.message_id, number, one.code, one.at) for one in said if _counts(one)])
    return {
        "deposit": row,
        "problem": str(row.problem) if row and row.problem else "",
        "stands": _word(stands.code) if stands else "",
        "said": [(one, _word(one.code), str(one.reason) if one.reason else "") for one in said],
    }


def _counts(one: Said) -> bool:
    """What has left, or come; collected counts when something was (a return takes it back)."""
    return one.code in STATUSES and (one.code != platform.COLLECTED or one.sent_at is not None)


def of_client(request: Any) -> dict[str, Any] | None:
    """What a client sees, once the invoice was deposited."""
    told = _told(request.client.pk, request.invoice_line.id, "default")
    return {**told, "staff": False} if told["deposit"] is not None else None


def of_staff(request: Any) -> dict[str, Any]:
    """What staff see: also that there is no platform, or that the invoice does not travel."""
    line, client = request.invoice_line, request.of_client
    with staff_scope():
        told = _told(client.pk, line.id, "staff")
    return {
        **told, "staff": True, "client": client, "line": line, "configured": platform.configured(),
        "travels": platform.travels(line.document),
    }  # fmt: skip


@require_POST
@staff_only
def deposit(request: Any, slug: str, invoice_id: UUID) -> HttpResponse:
    """Hand an invoice over now: one from before there was a platform, or one that waits."""
    client = find_client(slug)
    if client is None:
        raise Http404
    try:
        row = platform.deposit(client.pk, invoice_id)
    except PlatformDown:
        notify.done(request, _("The platform is away. The invoice waits and is handed over as soon as it is back."))
    else:
        if row is None:
            raise Http404
        notify.done(request, _("The platform answered: %(state)s") % {"state": row.get_state_display()})
    return redirect("billing:invoice-staff", slug, invoice_id)
