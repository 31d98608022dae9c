"""Application of the house's common tables."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KitConfig(AppConfig):
    """Owns the outbox and the audit chain, and finds the declarations of every other app."""

    name = "sofy.kit"
    label = "kit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        autodiscover_modules("personal_data", "handlers", "tasks")
