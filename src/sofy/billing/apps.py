"""Application of invoices: what follows from signed contracts, numbered and frozen."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Events of contracts, and the invoices that follow from them."""

    name = "sofy.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.billing.words import ACTIONS, FACTS, REFUSALS, STATES
        from sofy.clients import words as journal
        from sofy.ui import problems
        from sofy.ui.nav import Entry, register
        from sofy.ui.statuses import LOOKS

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        LOOKS.update(STATES)
        register(
            Entry(
                "client", _("Account"), _("Invoices"), "billing:invoices", "receipt", 896, "contract.view",
                words=_("invoices credit notes payment due"),
            ),
            Entry(
                "client", _("Account"), _("Usage"), "billing:usage", "chart-bar", 897, "contract.view",
                words=_("usage messages cost price of messages"),
            ),
            Entry("op", "", _("Invoices"), "billing:runs", "receipt", 115, words=_("invoice run month preview")),
        )  # fmt: skip
