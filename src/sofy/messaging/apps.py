"""Application of the message screens."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Runs the engine's schema and shows what the engine does."""

    name = "sofy.messaging"
    label = "messaging"
    default_auto_field = "django.db.models.BigAutoField"
