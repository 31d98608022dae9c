"""Application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClientsConfig(AppConfig):
    """Hangs its pages on the rail."""

    name = "sofy.clients"
    label = "clients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.clients.views import support_banner
        from sofy.clients.words import REFUSALS
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        panels.register(panels.Panel("banner", "clients/support_banner.html", support_banner, 0))

        account = _("Account")
        register(
            Entry("client", "", _("Home"), "clients:home", "home", 0, "home.view", phone=True, key="h"),
            Entry(
                "client",
                account,
                _("Points of sale"),
                "clients:establishments",
                "building-store",
                900,
                "establishment.view",
            ),
            Entry("client", account, _("Team"), "clients:team", "users", 910, "team.view", key="t"),
            Entry("client", account, _("Settings"), "clients:settings", "settings", 920, "settings.view"),
            Entry("client", account, _("Journal"), "clients:journal", "history", 990, "audit.view", key="j"),
        )
