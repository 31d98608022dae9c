"""Application of contact books."""

from django.apps import AppConfig


class AudienceConfig(AppConfig):
    """Who a client may write to, and what each person agreed to."""

    name = "sofy.audience"
    label = "audience"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.audience import pages

        pages.register()
