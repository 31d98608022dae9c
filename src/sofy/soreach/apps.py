from django.apps import AppConfig


class SoreachConfig(AppConfig):
    """Campaigns: who receives what, when, and what came of it."""

    name = "sofy.soreach"
    label = "soreach"
    default_auto_field = "django.db.models.UUIDField"
