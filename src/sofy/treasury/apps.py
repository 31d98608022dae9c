"""Application of money in: bank files, mandates and debits."""

from django.apps import AppConfig


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
        from sofy.ui.statuses import LOOKS

        problems.register(OF_FILES)
        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        LOOKS.update(STATES)
