"""What this room does when rooms below say that something happened."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sofy.clients.models import Client, Membership
from sofy.clients.rules import DEVELOPER, OWNER
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.jobs import defer
from sofy.messaging.services import fraud, webhooks, whatsapp


@outbox.handler("webhook.disabled")
def webhook_disabled(*, client_id: UUID, webhook_id: str, because: str) -> None:
    """A program of the client takes nothing any more: its owners and developers are told by e-mail, each once."""
    try:
        webhook = webhooks.find(client_id, UUID(webhook_id))
    except Refused:
        return
    client = Client.objects.get(pk=client_id)
    audit.append(client_id, "webhook.disabled", "product", {"webhook": webhook_id, "because": because})
    link = settings.BASE_URL + reverse("messaging:webhook", args=[client.slug, webhook.id])
    people = Membership.objects.filter(client_id=client_id, role__in=(OWNER, DEVELOPER)).select_related("user")
    for member in people:
        with translation.override(member.user.language or settings.LANGUAGE_CODE):
            context = {"client": client, "host": webhooks.host_of(webhook.url), "because": because, "link": link}
            body = render_to_string("messaging/mail/webhook_disabled.txt", context)
            send_mail(_("Sofy – a webhook of %(client)s is disabled") % {"client": client.name}, body, None,
                      [member.user.email])  # fmt: skip


@clause("CGVU 15")
@outbox.handler("fraud.suspected")
def fraud_suspected(*, client_id: UUID, suspicion_id: str) -> None:
    """Owners and developers hear of suspected fraud by e-mail at once; with nobody to tell the clock goes on."""
    found = next((row for row in fraud.of_client(client_id) if str(row.id) == suspicion_id), None)
    if found is None or found.alerted_at is not None:
        return
    subject = gettext_noop("Sofy – suspected fraud in messages of %(client)s")
    people = _write(client_id, "messaging/mail/fraud.txt", subject, found)
    if people:
        fraud.note_alerted(client_id, found.id, people)


@clause("CGVU 14.2")
@outbox.handler("alert.misuse")
def alert_misuse(*, client_id: UUID, text: str) -> None:
    """Alerts that read like marketing wait: the client hears why."""
    subject = gettext_noop("Sofy – alerts of %(client)s wait for review")
    if _write(client_id, "messaging/mail/misuse.txt", subject, None):
        fraud.note_told(client_id, text)


def _write(client_id: UUID, template: str, subject: str, found: fraud.Suspicion | None) -> int:
    """An e-mail to owners and developers, each in their language; answers to how many."""
    client = Client.objects.get(pk=client_id)
    link = settings.BASE_URL + reverse("messaging:protection", args=[client.slug])
    people = Membership.objects.filter(client_id=client_id, role__in=(OWNER, DEVELOPER)).select_related("user")
    for member in people:
        with translation.override(member.user.language or settings.LANGUAGE_CODE):
            body = render_to_string(template, {"client": client, "link": link, "found": found})
            send_mail(translation.gettext(subject) % {"client": client.name}, body, None, [member.user.email])
    return len(people)


@outbox.handler("template.updated")
def template_updated(
    *,
    client_id: UUID,
    name: str,
    language: str,
    state: str = "",
    quality: str = "",
    reason: str = "",
    category: str = "",
    **_ids: str,
) -> None:
    """WhatsApp said where a template stands; a callback names no client, so its event may be the platform's."""
    whatsapp.news(client_id, name, language, state=state, quality=quality, reason=reason, category=category)


@outbox.handler("sms.inbound")
def inbound(*, client_id: UUID, inbound_id: str, channel: str = "sms", **_ids: object) -> None:
    """Somebody wrote: a file on WhatsApp is fetched before Meta forgets it."""
    from sofy.messaging.tasks import keep_whatsapp_file

    if channel == "whatsapp":
        defer(keep_whatsapp_file, client_id, inbound_id=inbound_id)
