"""Order forms as people read them: in the wizard, before a signature, printed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from sofy.clients.models import Client, Membership, Role
from sofy.contracts import queries, wizard
from sofy.contracts.models import OrderForm, OrderFormVersion
from sofy.contracts.rules import signed, totals
from sofy.contracts.rules.shapes import Entity, Payment, ServiceLevel
from sofy.contracts.rules.values import converted
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope


@dataclass(frozen=True)
class Paper:
    """A paper with the figures beside it; `special`: what differs from the general terms."""

    number: str
    version: int
    sha256: str
    document: signed.Signed
    totals: totals.Totals
    poi: int
    special: bool


def read(version: OrderFormVersion, number: str) -> Paper:
    """A version as it was sent."""
    return _paper(version.content.encode(), number, version.version, version.sha256, version.sent_at)


def preview(row: OrderForm, content: wizard.Content) -> Paper | None:
    """A draft as it would be sent now; None while it cannot be."""
    company = converted(json.loads(row.entity.data), Entity)
    number = row.number or "BC-…"
    party, form = content.get("client") or {}, content.get("order_form") or {}
    try:
        text = signed.paper(entity=company, client=party, order_form=form, number=number, at=clock.now())
    except (msgspec.ValidationError, Refused):
        return None
    return _paper(text, number, row.version + 1, "", clock.now())


def _paper(text: bytes, number: str, version: int, sha256: str, at: datetime) -> Paper:
    document = signed.read_paper(text, signed_at=at)
    form = document.order_form
    return Paper(
        number=number, version=version, sha256=sha256, document=document, totals=totals.totals(form.items),
        poi=totals.points_of_sale([form]),
        special=form.service_level != ServiceLevel() or _terms_of(form.payment) != _terms_of(Payment()),
    )  # fmt: skip


def _terms_of(payment: Payment) -> Payment:
    """What the general terms say something about: not the means, and not the mandate."""
    return msgspec.structs.replace(payment, means="transfer", mandate="")


def begun_from(client_id: UUID, *, name: str) -> wizard.Content:
    """A new draft for a client: its company as it last signed, else its name."""
    with staff_scope():
        forms = queries.signed_forms(client_id, using="staff")
    return {"client": signed.plainly(forms[-1].paper.client) if forms else {"name": name}, "order_form": {}}


def tell_owners(request: Any, client_id: UUID, form_id: UUID) -> int:
    """Write to the owners of a client that an order form waits for them, each in their language; answers how many."""
    with staff_scope():
        client = Client.objects.using("staff").get(pk=client_id)
        rows = Membership.objects.using("staff").filter(client_id=client_id, role=Role.OWNER)
        people = [row.user for row in rows.select_related("user")]
    link = settings.BASE_URL + reverse("contracts:mine", args=[client.slug, form_id])
    for person in people:
        with translation.override(getattr(person, "language", "") or translation.get_language()):
            body = render_to_string("contracts/mail/sent.txt", {"client": client, "link": link}, request=request)
            send_mail(_("An order form waits for your signature"), body, None, [person.email])
    return len(people)
