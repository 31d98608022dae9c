"""Application of the books: reports and exports of what was invoiced and paid."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountingConfig(AppConfig):
    """Reports, exports, the health of clients."""

    name = "sofy.accounting"
    label = "accounting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.accounting.views import health, life
        from sofy.accounting.words import ACTIONS, FACTS, REFUSALS
        from sofy.clients import words as journal
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        panels.register(panels.Panel("op.client", "accounting/panel_staff.html", health.panel, order=5))
        page = "accounting/life.html"
        panels.register(panels.Panel("client.invoice", page, life.of_client, 50, "contract.view"))
        panels.register(panels.Panel("op.invoice", page, life.of_staff, 50))
        register(
            Entry(
                "op", "", _("How clients stand"), "accounting:health", "heartbeat", 105,
                words=_("health overdue quota deadlines attention"),
            ),
            Entry(
                "op", "", _("Accounting"), "accounting:books", "report", 118,
                words=_("VAT revenue FEC accountant CSV export"),
            ),
        )  # fmt: skip
