"""Forms of the team, establishments and settings pages."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from sofy.clients import queries, rules
from sofy.clients.models import Client, Establishment, Role
from sofy.clients.services import hours_policy
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.hours import HOLIDAY_CALENDARS, HoursPolicy
from sofy.ui import problems

FRENCH_ZONES = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
)
DAYS = (
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
)
CALENDARS = {
    "metropole": _("Mainland France"),
    "alsace-moselle": _("Alsace and Moselle"),
    "guadeloupe": _("Guadeloupe"),
    "martinique": _("Martinique"),
    "guyane": _("French Guiana"),
    "reunion": _("Réunion"),
    "mayotte": _("Mayotte"),
}


def zones() -> list[tuple[Any, Any]]:
    """Time zones, the French ones first."""
    others = sorted(zone for zone in clock.zones() if "/" in zone and zone not in FRENCH_ZONES)
    return [
        (gettext("French time zones"), [(zone, zone) for zone in FRENCH_ZONES]),
        (gettext("All others"), [(zone, zone) for zone in others]),
    ]


class EstablishmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """An establishment; its street is sealed, so it is a field of its own."""

    street = forms.CharField(label=_("Number and street"), max_length=160, required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="Europe/Paris")

    class Meta:
        model = Establishment
        fields = ("name", "code", "postcode", "town", "insee", "latitude", "longitude", "timezone")

    field_order = ("name", "code", "street", "postcode", "town", "insee", "latitude", "longitude", "timezone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["street"] = self.instance.street or ""
        self.fields["latitude"].help_text = gettext("Between −90 and 90; needed to find customers around this place.")
        self.fields["latitude"].validators += [_between(-90, 90)]
        self.fields["longitude"].validators += [_between(-180, 180)]

    def clean_insee(self) -> str:
        """Five characters, letters only for Corsica (2A, 2B)."""
        value = str(self.cleaned_data["insee"]).upper()
        if value and not (len(value) == 5 and value.isalnum()):
            raise ValidationError(gettext("An INSEE code has five characters, as in 69123."))
        return value

    def clean(self) -> dict[str, Any]:
        """Coordinates come in pairs."""
        data = super().clean() or {}
        if (data.get("latitude") is None) != (data.get("longitude") is None) and not self.errors:
            self.add_error("longitude", gettext("Give both coordinates, or none."))
        return data


def _between(low: float, high: float) -> Any:
    def check(value: float) -> None:
        if not low <= value <= high:
            raise ValidationError(
                gettext("Write a number between %(low)s and %(high)s."), params={"low": low, "high": high}
            )

    return check


_ROLE_HELP = _(
    "An owner does everything and needs a second factor. A marketer writes to contacts. A store manager works with the"
    " points of sale you choose. A developer has API keys and the message log. An auditor reads everything and"
    " changes nothing."
)


class RoleForm(forms.Form):
    """A role, and the establishments of a store manager."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, help_text=_ROLE_HELP)
    establishments = forms.MultipleChoiceField(
        label=_("Points of sale of a store manager"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = queries.establishments(client.pk).values_list("id", "name")
        choices = [(str(pk), name) for pk, name in rows]
        field = self.fields["establishments"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices
        if not choices:
            del self.fields["establishments"]

    def clean(self) -> dict[str, Any]:
        """A store manager without an establishment would see nothing."""
        data = super().clean() or {}
        if rules.limited_to_establishments(data.get("role")) and not data.get("establishments"):
            place = "establishments" if "establishments" in self.fields else "role"
            self.add_error(place, gettext("Choose at least one point of sale for a store manager."))
        return data

    def places(self) -> list[UUID]:
        """The establishments chosen, as ids."""
        return [UUID(value) for value in self.cleaned_data.get("establishments", ())]


class InvitationForm(RoleForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("E-mail address"))
    field_order = ("email", "role", "establishments")


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a client decides for itself."""

    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, help_text=gettext_lazy("Of the times on your pages.")
    )
    opens = forms.TimeField(label=_("Marketing from"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(
        label=_("until"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("In each recipient’s own time. The contract allows 08:00 to 20:00 (art. 14.1); you may narrow it."),
    )
    days = forms.TypedMultipleChoiceField(
        label=_("On these days"), choices=DAYS, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    holidays = forms.ChoiceField(
        label=_("Public holidays without marketing"),
        required=False,
        choices=lambda: [("", gettext("None")), *((code, CALENDARS.get(code, code)) for code in HOLIDAY_CALENDARS)],
    )

    class Meta:
        model = Client
        fields = ("name", "timezone", "approval_required", "cap_messages", "cap_days", "budget_eur")

    field_order = (
        "name",
        "timezone",
        "opens",
        "closes",
        "days",
        "holidays",
        "approval_required",
        "cap_messages",
        "cap_days",
        "budget_eur",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy = hours_policy(self.instance)
        self.initial.update(opens=policy.opens, closes=policy.closes, days=list(policy.days), holidays=policy.holidays)
        self.fields["cap_messages"].help_text = gettext("Empty: no limit of your own.")
        self.fields["cap_messages"].validators += [_between(0, 1_000)]
        self.fields["cap_days"].validators += [_between(1, 365)]
        self.fields["budget_eur"].validators += [_between(0, 10_000_000)]
        self.fields["budget_eur"].help_text = gettext("Marketing stops when it is spent. Empty: no limit.")

    def clean(self) -> dict[str, Any]:
        """Build the policy here: a wider one than the contract's cannot be built."""
        data = super().clean() or {}
        if not self.errors:
            try:
                data["hours"] = HoursPolicy(
                    opens=f"{data['opens']:%H:%M}",
                    closes=f"{data['closes']:%H:%M}",
                    days=tuple(sorted(data["days"])),
                    holidays=data["holidays"],
                )
            except Refused as error:
                self.add_error("closes", problems.sentence(error))
        return data
