"""The form of a dated record (CGVU 28): an outage of others, or an announced maintenance."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.kernel import clock
from sofy.messaging.forms import CHANNELS
from sofy.messaging.services.service_records import NewRecord
from sofy.ui.fields import ParisMoment

WITHIN: Final = timedelta(days=366)


class RecordForm(forms.Form):
    """What happened, on whose network, from when to when, and what proves it."""

    kind = forms.ChoiceField(
        label=_("What it was"),
        choices=[
            ("outage", _("Outage of another company’s network")),
            ("maintenance", _("Maintenance that clients were told of 48 hours before")),
        ],
        widget=forms.RadioSelect,
    )
    party = forms.CharField(
        label=_("Whose network"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "parties", "autocomplete": "off"}),
        help_text=_("As Orange, Meta, Google. Outages of Sofy itself count and cannot be noted."),
    )
    channel = forms.ChoiceField(
        label=_("Channel"),
        required=False,
        choices=[("", _("All channels (maintenance only)")), *CHANNELS],
    )
    route_id = forms.ChoiceField(
        label=_("Route (optional)"),
        required=False,
        help_text=_("When one route was down and others of the channel were not: it excuses what went that way only."),
    )
    begins_at = ParisMoment(label=_("From (hour of Paris)"))
    ends_at = ParisMoment(label=_("To (hour of Paris)"))
    announced_at = ParisMoment(
        label=_("Announced to clients by e-mail on (maintenance)"),
        required=False,
        help_text=_("At least 48 hours before it begins, or it excuses nothing (art. 28)."),
    )
    proof = forms.CharField(
        label=_("Proof"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Ticket, address of the status page, the e-mail sent. Clients it touches read it: name nobody."),
    )

    def __init__(self, known: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["route_id"].choices = [("", _("Every route")), *known]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What is noted is of these months: a year that was mistyped is no outage."""
        cleaned = super().clean() or {}
        for name in ("begins_at", "ends_at", "announced_at"):
            moment = cleaned.get(name)
            if moment is not None and abs(moment - clock.now()) > WITHIN:
                self.add_error(name, _("Choose a moment less than a year away."))
        return cleaned

    def as_record(self) -> NewRecord:
        """What the service takes."""
        given = dict(self.cleaned_data)
        given["channel"] = given["channel"] or None
        given["route_id"] = UUID(given["route_id"]) if given["route_id"] else None
        return NewRecord(**given)
