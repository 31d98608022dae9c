"""Forms of this room."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.ui import statuses


class SenderForm(forms.Form):
    """A new sender name."""

    name = forms.CharField(
        label=_("Name shown on phones"),
        max_length=20,
        help_text=_("Your brand, 11 letters and digits at most, without accents or spaces."),
    )


class LogForm(forms.Form):
    """How the message log is narrowed."""

    STATUSES = (
        "accepted",
        "deferred",
        "queued",
        "submitted",
        "unknown",
        "delivered",
        "failed",
        "expired",
        "withheld",
        "cancelled",
    )

    number = forms.CharField(label=_("Mobile number"), required=False, max_length=30)
    status = forms.ChoiceField(label=_("State"), required=False)
    purpose = forms.ChoiceField(
        label=_("Type of message"),
        required=False,
        choices=[("", _("Marketing and alerts")), ("marketing", _("Marketing")), ("alert", _("Alerts"))],
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [("", _("All states")), *((code, statuses.look(code).label) for code in self.STATUSES)]
        self.fields["status"].choices = choices  # type: ignore[attr-defined]
        for name in ("status", "purpose"):
            self.fields[name].widget.attrs["class"] = "w-auto"
