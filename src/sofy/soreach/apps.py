"""Application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SoreachConfig(AppConfig):
    """Campaigns: who receives what, when, and what came of it."""

    name = "sofy.soreach"
    label = "soreach"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.audience.segments import campaigns
        from sofy.clients import words as journal
        from sofy.soreach.models import Campaign
        from sofy.soreach.views import lists
        from sofy.soreach.words import ACTIONS, REFUSALS
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.VALUES["status"] = dict(Campaign.Status.choices)
        campaigns.register(lists.named)
        register(
            Entry(
                "client",
                "SoReach",
                _("Campaigns"),
                "soreach:campaigns",
                "speakerphone",
                100,
                "campaign.view",
                phone=True,
                key="c",
            )
        )
        panels.register(panels.Panel("home.today", "soreach/panel_today.html", lists.today_panel, 10, "campaign.view"))
        panels.register(
            panels.Panel("home.running", "soreach/panel_running.html", lists.running_panel, 10, "campaign.view")
        )
        panels.register(
            panels.Panel("home.attention", "soreach/panel_attention.html", lists.attention_panel, 20, "campaign.view")
        )
        panels.register(panels.Panel("home.start", "soreach/panel_start.html", lists.start_panel, 20, "campaign.edit"))
        panels.register(panels.Panel("home.figures", "soreach/panel_week.html", lists.week_panel, 10, "campaign.view"))
