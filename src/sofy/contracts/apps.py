"""Application of the contracts between the operator and its clients."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """Order forms, the documents around them, and who accepted what."""

    name = "sofy.contracts"
    label = "contracts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.clients import words as journal
        from sofy.contracts.words import ACTIONS, FACTS, REFUSALS, VALUES
        from sofy.ui import problems

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        journal.VALUES.update(VALUES)
