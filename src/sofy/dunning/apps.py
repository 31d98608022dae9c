"""Application of late payers: what is due is asked for, and what follows when it is not paid."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DunningConfig(AppConfig):
    """Reminders, formal notices, suspension."""

    name = "sofy.dunning"
    label = "dunning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.accounts import landing
        from sofy.clients import words as journal
        from sofy.dunning.views import client, staff
        from sofy.dunning.words import ACTIONS, FACTS, REFUSALS, STATES
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register
        from sofy.ui.statuses import LOOKS

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        LOOKS.update(STATES)
        landing.register(client.after_log_in)
        home = "dunning/panel_home.html"
        panels.register(panels.Panel("home.attention", home, client.suspended_panel, 0, "home.view"))
        panels.register(panels.Panel("banner", "dunning/banner.html", client.suspended_banner, 1))
        panels.register(panels.Panel("op.client", "dunning/panel_staff.html", staff.panel, order=20))
        register(
            Entry(
                "op", "", _("Collections"), "dunning:collections", "currency-euro", 117,
                words=_("late payers overdue reminders formal notice suspension"),
            )
        )  # fmt: skip
        panels.register(panels.Panel("client.invoice", "dunning/panel_contest.html", client.contest_panel, 1))
