"""Forms of staff: what befell the Applications."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.contracts.rules.values import PARIS
from sofy.ui.fields import ParisMoment

_APPLICATIONS = [("soview", "SoView"), ("soconnect", "SoConnect"), ("soreach", "SoReach")]


class _Happened(forms.Form):
    """Something that is an event of a case."""

    type = ""

    def event(self) -> dict[str, Any]:
        """The event, as a case writes it; what was left empty is left out."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        moments = {
            name: value.astimezone(PARIS).isoformat() for name, value in given.items() if hasattr(value, "astimezone")
        }
        return {"type": self.type, **given, **moments}


class IncidentForm(_Happened):
    """An Application was away."""

    type = "incident"
    application = forms.ChoiceField(label=_("Application"), choices=_APPLICATIONS)
    at = ParisMoment(label=_("From (hour of Paris)"))
    until = ParisMoment(label=_("To (hour of Paris)"))
    fault = forms.ChoiceField(
        label=_("Through whose fault"),
        choices=[
            ("operator", _("Ours alone: it counts")),
            ("third_party", _("A third party: Meta, Google, an operator")),
            ("client", _("The client")),
            ("force_majeure", _("Force majeure")),
        ],
    )
    cause = forms.CharField(
        label=_("Cause"), max_length=200, help_text=_("Clients read it: say what happened, and name nobody.")
    )


class MaintenanceForm(_Happened):
    """Work that clients were told of."""

    type = "maintenance"
    application = forms.ChoiceField(
        label=_("Application"), choices=[("", _("All Applications")), *_APPLICATIONS], required=False
    )
    at = ParisMoment(
        label=_("Announced to clients by e-mail on"),
        help_text=_("At least 48 hours before it begins, or it counts as time away (art. 28)."),
    )
    starts_at = ParisMoment(label=_("From (hour of Paris)"))
    ends_at = ParisMoment(label=_("To (hour of Paris)"))
