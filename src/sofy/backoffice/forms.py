"""Forms of the operator's screens."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.clients import support
from sofy.clients.forms import zones
from sofy.clients.models import Cause
from sofy.dunning.rules.carrying_out import BY_HAND


class ClientForm(forms.Form):
    """A new client and its first owner."""

    name = forms.CharField(label=_("Name of the client"), max_length=120)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="Europe/Paris")
    owner_email = forms.EmailField(
        label=_("E-mail address of its owner"), help_text=_("They receive an invitation, valid for seven days.")
    )


class StateForm(forms.Form):
    """Why a client is suspended or let send again."""

    cause = forms.ChoiceField(
        label=_("Cause of a suspension"),
        choices=[("", _("Other")), *(one for one in Cause.choices if one[0] in BY_HAND)],
        required=False,
        help_text=_("What its invoices depend on."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Kept in the client’s journal: name the article or the ticket, no person."),
    )


class VisitForm(forms.Form):
    """Why somebody comes into a client's workspace, and for how long."""

    reason = forms.CharField(
        label=_("Reason"),
        min_length=support.SHORTEST_REASON,
        max_length=200,
        help_text=_("The client reads it in its journal: name the ticket or the question, no person."),
    )
    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=[(minutes, _("%(n)s minutes") % {"n": minutes}) for minutes in support.MINUTES],
    )
