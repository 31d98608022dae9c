"""Django application of the design system."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Has no tables."""

    name = "sofy.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"
