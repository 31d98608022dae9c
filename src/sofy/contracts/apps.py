"""Application of the contracts between the operator and its clients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContractsConfig(AppConfig):
    """Order forms, the documents around them, and who accepted what."""

    name = "sofy.contracts"
    label = "contracts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.accounts import landing
        from sofy.clients import opening
        from sofy.clients import words as journal
        from sofy.contracts.services import quota
        from sofy.contracts.views import client, staff
        from sofy.contracts.words import ACTIONS, FACTS, REFUSALS, VALUES
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        landing.register(client.after_log_in)
        opening.register(quota.opened)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        journal.VALUES.update(VALUES)
        attention, first = "contracts/panel_home.html", "contracts/panel_first.html"
        panels.register(panels.Panel("home.attention", attention, client.waiting_panel, 1, "contract.view"))
        panels.register(panels.Panel("home.start", first, client.first_access_panel, 1, "contract.view"))
        panels.register(panels.Panel("op.client", "contracts/panel_staff.html", staff.panel, order=10))
        register(
            Entry(
                "client", _("Account"), _("Contract"), "contracts:contract", "file-text", 895, "contract.view",
                words=_("order form terms DPA points of sale licensed"),
            ),
            Entry(
                "op", "", _("Contracts"), "contracts:contracts", "file-text", 110, key="o",
                words=_("order forms terms notices"),
            ),
            Entry("op", "", _("Legal entities"), "contracts:entities", "building", 120),
        )  # fmt: skip
