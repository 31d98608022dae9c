"""The form of a client's channels: one switch each, and the order in which `auto` tries them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.kernel.channels import CHANNELS
from sofy.messaging.services.channels import AFTER_S, MOST_AFTER_S, Choice

#: What each channel gives to others outside the European Union. Source: the README of its connector, DPA 9.
OUTSIDE: dict[str, Any] = {
    "sms": _("Given to the operators of the countries the numbers belong to: for France, within the European Union."),
    "rcs": _("Google carries it, and may process the number and the content outside the European Union too."),
    "whatsapp": _(
        "Meta processes outside the European Union, in the United States among others: the recipient’s number or user "
        "id, the words or the values of the template, and the address of a file. Nothing else is given."
    ),
    "email": _("The e-mail goes to the mail server of its recipient, wherever that is."),
}
NAMES: dict[str, Any] = {"sms": _("SMS"), "rcs": _("RCS"), "whatsapp": _("WhatsApp"), "email": _("E-mail")}
#: The largest one that fits shows how long a channel is tried. Unit: seconds.
UNITS: list[tuple[int, Any]] = [(3600, _("hours")), (60, _("minutes")), (1, _("seconds"))]


class ChannelsForm(forms.Form):
    """`held`: what holds now. A place of the order that is left empty is none."""

    def __init__(self, *args: Any, held: Choice, **options: Any) -> None:
        super().__init__(*args, **options)
        for channel in CHANNELS:
            self.fields[f"on_{channel}"] = forms.BooleanField(
                label=NAMES[channel], required=False, initial=channel not in held.off, help_text=OUTSIDE[channel]
            )
        choices = [("", "–"), *((channel, NAMES[channel]) for channel in CHANNELS)]
        for place in range(len(CHANNELS)):
            taken, after_s = held.ladder[place] if place < len(held.ladder) else ("", AFTER_S)
            self.fields[f"rung_{place}"] = forms.ChoiceField(
                label=_("Channel %(number)s") % {"number": place + 1}, choices=choices, required=False, initial=taken
            )
            unit_s = next(each for each, _name in UNITS if after_s % each == 0)
            self.fields[f"after_{place}"] = forms.IntegerField(
                label=_("Tried for"), required=False, initial=after_s // unit_s, min_value=1, max_value=MOST_AFTER_S
            )
            self.fields[f"unit_{place}"] = forms.ChoiceField(
                label=_("Unit of time"), choices=UNITS, required=False, initial=unit_s
            )

    def switches(self) -> list[forms.BoundField]:
        """One field per channel."""
        return [self[f"on_{channel}"] for channel in CHANNELS]

    def rungs(self) -> list[tuple[forms.BoundField, ...]]:
        """A channel, its time and the unit of that, place by place."""
        return [tuple(self[f"{part}_{place}"] for part in ("rung", "after", "unit")) for place in range(len(CHANNELS))]

    def off(self) -> list[str]:
        """The channels whose switch is off."""
        return [channel for channel in CHANNELS if not self.cleaned_data[f"on_{channel}"]]

    def ladder(self) -> list[tuple[str, int]]:
        """The places that are filled, in their order."""
        data = self.cleaned_data
        return [
            (data[f"rung_{place}"], (data[f"after_{place}"] or 0) * int(data[f"unit_{place}"] or 1) or AFTER_S)
            for place in range(len(CHANNELS))
            if data[f"rung_{place}"]
        ]
