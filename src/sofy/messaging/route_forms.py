"""Forms of the screens for engineers: how a route is chosen, prices, the dry run."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.kernel.errors import Refused
from sofy.messaging.route_rules import read_price
from sofy.ui import problems


class WordsField(forms.CharField):
    """Several words in one line, between spaces or commas."""

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys((super().to_python(value) or "").replace(",", " ").split()))

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list | tuple) else value


class ChoiceForm(forms.Form):
    """How a route is chosen among others."""

    weight = forms.IntegerField(
        label=_("Weight"),
        help_text=_("Its share among routes that cost the same. 0: only when no other has room."),
        min_value=0,
        max_value=1000,
    )
    countries = WordsField(
        label=_("Countries"), required=False, max_length=400, help_text=_("As FR BE. Empty: everywhere.")
    )
    prefixes = WordsField(
        label=_("Prefixes"), required=False, max_length=800, help_text=_("As 336 337. Empty: every number.")
    )
    sender_policy = forms.ChoiceField(
        label=_("Senders"),
        choices=[
            ("any", _("Every sender")),
            ("listed", _("Those of the list only")),
            ("short_code", _("Names are replaced by its short code")),
        ],
    )
    senders = WordsField(label=_("List of senders"), required=False, max_length=4000)


class PriceForm(forms.Form):
    """A price from a day on."""

    owner = forms.ChoiceField(label=_("Price of"))
    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[("sms", "SMS"), ("rcs", "RCS"), ("whatsapp", "WhatsApp"), ("email", _("E-mail"))],
    )
    purpose = forms.ChoiceField(
        label=_("Type of message"),
        required=False,
        choices=[("", _("Marketing and alerts")), ("marketing", _("Marketing")), ("alert", _("Alerts"))],
    )
    country = forms.CharField(
        label=_("Country"), required=False, max_length=2, help_text=_("As FR. Empty: everywhere.")
    )
    network = forms.CharField(label=_("Network"), required=False, max_length=60)
    price_eur = forms.CharField(
        label=_("Price of a part (€ before VAT)"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, owners: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owners  # type: ignore[attr-defined]

    def clean_price_eur(self) -> Decimal:
        """As people write it."""
        try:
            return read_price(self.cleaned_data["price_eur"])
        except Refused as refused:
            raise forms.ValidationError(problems.sentence(refused)) from None


class DryRunForm(forms.Form):
    """What might be changed of one route."""

    state = forms.ChoiceField(
        label=_("State"), choices=[("active", _("In use")), ("paused", _("Paused"))], required=False
    )
    weight = forms.IntegerField(label=_("Weight"), min_value=0, max_value=1000, required=False)
    price_eur = forms.CharField(
        label=_("Price of an SMS (€ before VAT)"),
        max_length=20,
        required=False,
        help_text=_("Empty: what it cost yesterday."),
    )

    def clean_price_eur(self) -> Decimal | None:
        """As people write it."""
        text = self.cleaned_data["price_eur"]
        try:
            return read_price(text) if text else None
        except Refused as refused:
            raise forms.ValidationError(problems.sentence(refused)) from None
