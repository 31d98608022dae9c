"""Application of money in: bank files, mandates and debits."""

from django.apps import AppConfig


class TreasuryConfig(AppConfig):
    """Bank files and what they pay."""

    name = "sofy.treasury"
    label = "treasury"
    default_auto_field = "django.db.models.BigAutoField"
