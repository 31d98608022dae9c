"""Application of invoices: what follows from signed contracts, numbered and frozen."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Events of contracts, and the invoices that follow from them."""

    name = "sofy.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.billing.words import ACTIONS, FACTS, REFUSALS
        from sofy.clients import words as journal
        from sofy.ui import problems

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
