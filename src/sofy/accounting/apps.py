"""Application of the books: reports and exports of what was invoiced and paid."""

from django.apps import AppConfig


class AccountingConfig(AppConfig):
    """Reports, exports, the health of clients."""

    name = "sofy.accounting"
    label = "accounting"
    default_auto_field = "django.db.models.BigAutoField"
