"""Application of late payers: what is due is asked for, and what follows when it is not paid."""

from django.apps import AppConfig


class DunningConfig(AppConfig):
    """Reminders, formal notices, suspension."""

    name = "sofy.dunning"
    label = "dunning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.clients import words as journal
        from sofy.dunning.words import ACTIONS, FACTS, REFUSALS
        from sofy.ui import problems

        problems.register(REFUSALS)
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
