"""Application of this room."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    """Hangs its pages on the rail."""

    name = "sofy.clients"
    label = "clients"
    default_auto_field = "django.db.models.BigAutoField"
