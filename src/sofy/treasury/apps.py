"""Application of money in: bank files, mandates and debits."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreasuryConfig(AppConfig):
    """Bank files and what they pay."""

    name = "sofy.treasury"
    label = "treasury"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.billing.bank_words import REFUSALS as OF_FILES
        from sofy.clients import words as journal
        from sofy.treasury.words import ACTIONS, FACTS, REFUSALS, STATES
        from sofy.ui import problems
        from sofy.ui.nav import Entry, register
        from sofy.ui.statuses import LOOKS

        problems.register({code: _(text) for code, text in OF_FILES.items()})
        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        LOOKS.update(STATES)
        register(
            Entry("op", "", _("Bank"), "treasury:bank", "building-bank", 116, words=_("bank statement payments camt")),
            Entry("op", "", _("Direct debits"), "treasury:debits", "refresh", 117, words=_("sepa debits mandates")),
            Entry(
                "client", _("Account"), _("Direct debit"), "treasury:mine", "building-bank", 897, "contract.view",
                words=_("sepa mandate direct debit"),
            ),
        )  # fmt: skip
