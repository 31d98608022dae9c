"""Application of this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Hangs its pages on the rail."""

    name = "sofy.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
