"""Fields of forms that more than one room asks for."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from sofy.kernel import clock


class ParisMoment(forms.DateTimeField):
    """A day and an hour on the clocks of Paris, whatever zone the pages of the client are in."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"], **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field."""
        with timezone.override(clock.PARIS):
            return super().prepare_value(value)

    def to_python(self, value: Any) -> datetime | None:
        """The moment that was typed."""
        with timezone.override(clock.PARIS):
            return super().to_python(value)
