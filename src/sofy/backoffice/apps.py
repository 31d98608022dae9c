"""Application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    """Hangs its pages on the operator's rail."""

    name = "sofy.backoffice"
    label = "backoffice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.backoffice import views
        from sofy.ui import commands
        from sofy.ui.nav import Entry, register

        commands.register(views.in_command_bar)
        register(
            Entry("op", "", _("Clients"), "backoffice:clients", "building-store", 100, phone=True, key="c"),
            Entry("op", "", _("Journal"), "backoffice:journal", "history", 990, phone=True, key="j"),
        )
