"""Clients are told of new terms one by one: an e-mail to their owners, and the notice that deadlines hang on."""

from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from sofy.clients.models import Client, Membership, Role
from sofy.contracts import queries
from sofy.contracts.models import DocumentVersion, Notice, OrderForm
from sofy.contracts.services import records
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope


@clause("CGVU 27", "DPA 15")
def tell_all(document_id: UUID, *, actor: str) -> int:
    """Tell every client with a contract that was not told yet; answers how many were. Goes on where it was cut off.

    A client whose mail cannot be sent stays untold, and is on the page until it can.
    Raises: Refused (document_unknown).
    """
    with staff_scope():
        document = DocumentVersion.objects.using("staff").filter(pk=document_id).first()
    if document is None:
        raise Refused("document_unknown", 404)
    told = 0
    for line in queries.telling(document):
        if line.waits:
            try:
                told += tell(line.client_id, document, actor=actor)
            except OSError:  # the mail server: the others are told, this one by the next run
                continue
    return told


def tell(client_id: UUID, document: DocumentVersion, *, actor: str) -> bool:
    """Tell one client; whether it had not been told. Notice and mail stand or fall together.

    A kill after the mail server took it and before the commit sends it again with the same Message-ID.
    """
    kind, about = queries.notice_of(document)
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
        form = rows.order_by("-signed_at").select_for_update(no_key=True).first()
        before = Notice.objects.using("staff").filter(client_id=client_id, kind=kind, about=about, from_client=False)
        owners = Membership.objects.using("staff").filter(client_id=client_id, role=Role.OWNER).select_related("user")
        people = [row.user for row in owners.order_by("user__email")]
        if form is None or before.exists() or not people:
            return False
        client = Client.objects.using("staff").get(pk=client_id)
        message_id = f"<{uuid5(NAMESPACE_URL, f'{client_id}/{document.pk}')}@sofy>"
        with translation.override(getattr(people[0], "language", "") or "fr"):
            subject, body = _words(client, document)
        records.record_notice(
            client_id, kind=kind, channel=Notice.Channel.EMAIL, text=body, sent_at=clock.now(), actor=actor,
            order_form_id=form.pk, about=about, sent_proof=message_id,
        )  # fmt: skip
        to = [person.email for person in people]
        EmailMessage(subject, body, None, to, headers={"Message-ID": message_id}).send()
    return True


def _words(client: Client, document: DocumentVersion) -> tuple[str, str]:
    """Subject and body: where to read it, from when it binds, and what the client may do."""
    name = "terms" if document.kind == DocumentVersion.Kind.CGVU else "dpa"
    link = f"{settings.BASE_URL}{reverse(f'contracts:{name}', args=[client.slug])}?version={document.version}"
    day = queries.binds_from(document, clock.now())
    facts = {"client": client, "document": document, "link": link, "day": day}
    body = render_to_string("contracts/mail/terms.txt", facts)
    return _("Sofy – %(title)s: a new version") % {"title": document.title}, body
