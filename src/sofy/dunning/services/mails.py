"""Mails to those who pay for a client, by the product's own mail server."""

from dataclasses import dataclass
from email.utils import make_msgid
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from sofy.clients.models import Membership, Role
from sofy.contracts import queries as contracts
from sofy.contracts.models import Contact
from sofy.contracts.rules.shapes import Party
from sofy.kernel.errors import Refused


@dataclass(frozen=True)
class Contacts:
    """Who is written to about money, and in which language."""

    addresses: tuple[str, ...]
    language: str


def contacts(client_id: UUID, party: Party) -> Contacts:
    """Whom the client named for invoices, else the address of the company that signed, else its owners; in staff scope.

    Raises: Refused (nobody_to_write_to).
    """
    rows = Membership.objects.using("staff").filter(client_id=client_id, role=Role.OWNER).select_related("user")
    owners = [row.user for row in rows.order_by("id")]
    languages = [owner.language for owner in owners if getattr(owner, "language", "")]
    named = contracts.contacts(client_id, using="staff").get(Contact.Kind.BILLING)
    first = str(named.email) if named else party.email
    addresses = (first,) if first else tuple(owner.email for owner in owners)
    if not addresses:
        raise Refused("nobody_to_write_to", 409)
    return Contacts(addresses, languages[0] if languages else settings.LANGUAGE_CODE[:2])


def send(to: Contacts, subject: str, text: str, pdf: tuple[str, bytes] | None = None) -> str:
    """Send a mail; answers what is known of its sending, which proves no receipt.

    Raises: Refused (mail_not_taken).
    """
    message_id = make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] or "localhost")
    mail = EmailMessage(subject, text, None, list(to.addresses), headers={"Message-ID": message_id})
    if pdf is not None:
        mail.attach(pdf[0], pdf[1], "application/pdf")
    try:
        mail.send()
    except OSError as error:
        raise Refused("mail_not_taken", 503, problem=type(error).__name__) from None
    return f"{message_id} -> {', '.join(to.addresses)}"
