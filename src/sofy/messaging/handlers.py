"""What this room does when the engine says that something happened."""

from uuid import UUID

from sofy.kit import outbox
from sofy.messaging.services import whatsapp


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
