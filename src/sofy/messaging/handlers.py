"""What this room does when rooms below say that something happened."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from sofy.clients.models import Client, Membership
from sofy.clients.rules import DEVELOPER, OWNER
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.jobs import defer
from sofy.messaging.services import webhooks, whatsapp


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
