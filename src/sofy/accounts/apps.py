"""Application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Hangs its pages on the rail."""

    name = "sofy.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.accounts import times
        from sofy.accounts.words import FACTS, REFUSALS
        from sofy.clients import words as journal
        from sofy.ui import problems
        from sofy.ui.nav import Entry, register

        times.install()
        problems.register(REFUSALS)
        journal.FACTS.update(FACTS)
        register(
            Entry("client", _("Developers"), _("Code examples"), "accounts:developers", "code", 1000, "key.view"),
            Entry("client", _("Developers"), _("API keys"), "accounts:keys", "key", 1010, "key.view"),
        )
