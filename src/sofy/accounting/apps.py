"""Application of the books: reports and exports of what was invoiced and paid."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountingConfig(AppConfig):
    """Reports, exports, the health of clients."""

    name = "sofy.accounting"
    label = "accounting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.accounting.views import health
        from sofy.accounting.words import ACTIONS, FACTS, REFUSALS
        from sofy.clients import words as journal
        from sofy.ui import panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        panels.register(panels.Panel("op.client", "accounting/panel_staff.html", health.panel, order=5))
        register(
            Entry(
                "op", "", _("How clients stand"), "accounting:health", "heartbeat", 105,
                words=_("health overdue quota deadlines attention"),
            ),
            Entry(
                "op", "", _("Books"), "accounting:books", "report", 118,
                words=_("VAT revenue FEC accountant CSV export"),
            ),
        )  # fmt: skip
