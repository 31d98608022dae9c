"""Forms of this room."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.accounts.rules import read_networks
from sofy.audience.forms import AddressFileForm
from sofy.kernel.errors import Refused
from sofy.messaging.route_rules import read_price
from sofy.ui import problems, statuses
from sofy.webhooks.events import MOST_EVENTS, TYPES

CHANNELS: Any = [("sms", _("SMS")), ("rcs", _("RCS")), ("whatsapp", _("WhatsApp")), ("email", _("E-mail"))]
PROOFS: Any = [
    ("letter", _("Letter of the brand")),
    ("trademark", _("Trademark certificate")),
    ("company", _("Company registration")),
    ("other", _("Another document")),
]


class EmailDomainForm(forms.Form):
    """A domain to write e-mails from."""

    domain = forms.CharField(
        label=_("Domain"), max_length=253, help_text=_("What stands after the @, as in my-shop.fr.")
    )


class SenderForm(forms.Form):
    """A new sender."""

    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS, required=False, initial="sms")
    name = forms.CharField(
        label=_("Sender"),
        max_length=254,
        help_text=_(
            "For SMS your brand: 11 letters and digits at most, without accents or spaces. For e-mail the whole"
            " address, for WhatsApp the number, for RCS the id of the agent."
        ),
    )

    def clean_channel(self) -> str:
        return self.cleaned_data["channel"] or "sms"


class ProofForm(forms.Form):
    """A document that shows that a name may be used."""

    kind = forms.ChoiceField(label=_("What it is"), choices=PROOFS)
    file = forms.FileField(
        label=_("Document (PDF, PNG or JPEG)"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        help_text=_("Kept sealed; you and the operator’s staff can read it."),
        error_messages={"required": _("Choose the document.")},
    )
    expires_on = forms.DateField(
        label=_("Good until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class RefusalForm(forms.Form):
    """Why a name is refused."""

    reason = forms.CharField(label=_("Why it is refused"), max_length=300, help_text=_("The client reads it."))


class ReservedForm(forms.Form):
    """Names of a list of the operators."""

    names = forms.CharField(label=_("Names, one per line"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))
    rule = forms.ChoiceField(
        label=_("List"),
        choices=[
            ("forbidden", _("Strictly forbidden (SI)")),
            ("letter", _("Forbidden without a letter of the brand (ISA)")),
        ],
    )


class LogForm(forms.Form):
    """How the message log is narrowed."""

    STATUSES = (
        "accepted",
        "deferred",
        "held",
        "queued",
        "submitted",
        "unknown",
        "delivered",
        "read",
        "failed",
        "expired",
        "withheld",
        "cancelled",
    )

    number = forms.CharField(label=_("Phone number or e-mail address"), required=False, max_length=254)
    reference = forms.CharField(label=_("Your reference"), required=False, max_length=100)
    campaign = forms.UUIDField(label=_("Campaign"), required=False, widget=forms.HiddenInput)
    channel = forms.ChoiceField(label=_("Channel"), required=False, choices=[("", _("All channels")), *CHANNELS])
    since = forms.DateField(
        label=_("From the day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To the day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
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
        for name in ("status", "purpose", "channel", "since", "until"):
            self.fields[name].widget.attrs["class"] = "w-auto"


class RouteForm(forms.Form):
    """What a route is called, costs, answers to and carries."""

    name = forms.CharField(label=_("Name, as clients see it"), max_length=80)
    short_code = forms.CharField(
        label=_("Short code that people answer to"),
        required=False,
        max_length=5,
        help_text=_("36xxx for marketing, 38xxx for alerts (art. 14). Without one, no campaign can leave by it."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    price_eur = forms.CharField(
        label=_("Price of an SMS (€ before VAT)"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    purposes = forms.MultipleChoiceField(
        label=_("Carries"),
        choices=[("marketing", _("Marketing")), ("alert", _("Alerts"))],
        widget=forms.CheckboxSelectMultiple,
    )
    alphabets = forms.MultipleChoiceField(
        label=_("Alphabets the operator takes"),
        choices=[("gsm7", "GSM 03.38"), ("latin1", "Latin-1"), ("ucs2", "UCS-2")],
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Texts are counted in those that all routes of a short code take. UCS-2 carries what the others lack."
        ),
    )

    def __init__(self, *args: Any, channel: str = "sms", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channel != "sms":  # an agent or a number of another channel knows itself where people answer
            del self.fields["short_code"], self.fields["alphabets"]
            self.fields["price_eur"].label = _("Price of a message (€ before VAT)")

    def clean_price_eur(self) -> Decimal:
        try:
            return read_price(self.cleaned_data["price_eur"])
        except Refused as refused:
            raise forms.ValidationError(problems.sentence(refused)) from None


class StopFileForm(AddressFileForm):
    """A regulator's file of numbers nobody may write to."""

    field_order = ("name", "reason", "file", "password")
    name = forms.CharField(
        label=_("Which list"), max_length=60, help_text=_("As the regulator calls it: Bloctel, AF2M…")
    )
    reason = forms.CharField(
        label=_("Why these numbers are stopped"),
        max_length=200,
        help_text=_("The text, letter or ticket it rests on. It goes into the platform’s journal: name nobody."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("File (CSV, TXT, XLSX or ODS)")


class WithdrawForm(forms.Form):
    """Why a file is taken back."""

    reason = forms.CharField(
        label=_("Why it is taken back"),
        max_length=200,
        help_text=_("It goes into the platform’s journal: name the ticket, no person."),
    )


def type_label(name: str) -> str:
    """What a type of event is called, with its own name."""
    others = {
        "message.inbound": _("Answer of a person"),
        "template.updated": _("Template approved, refused or paused"),
        "fraud.suspected": _("Fraud suspected"),
        "webhook.test": _("Test"),
    }
    label = others.get(name) or statuses.look(name.partition(".")[2]).label
    return f"{label} ({name})"


class WebhookForm(forms.Form):
    """Where a program is, and what it is told."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2_000,
        help_text=_("Of your program, as https://shop.example/hooks/sofy. It answers 2xx within 15 seconds."),
        widget=forms.URLInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=_("What it is told"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a choice: everything, and whatever is added later."),
    )
    batch = forms.IntegerField(
        label=_("Events in one request, at most"),
        min_value=1,
        max_value=MOST_EVENTS,
        initial=1,
        help_text=_("1: each event by itself. More: the body is a list, for programs that hear of many messages."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["events"].choices = [(name, type_label(name)) for name in TYPES]  # type: ignore[attr-defined]


class ReplayForm(forms.Form):
    """From when on what was given up is told once more."""

    since = forms.DateField(
        label=_("Given up since"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class SmppAccountForm(forms.Form):
    """What an SMPP account may do."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The software that will use it, as in “till 3”.")
    )
    networks = forms.CharField(
        label=_("From which addresses (optional)"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("One per line: 203.0.113.7, or a block such as 203.0.113.0/24. Left empty: from anywhere."),
    )
    senders = forms.CharField(
        label=_("Senders (optional)"),
        required=False,
        max_length=400,
        help_text=_(
            "Registered names, separated by spaces; a message that names none shows the first. Left empty: all of the"
            " client’s."
        ),
    )
    max_binds = forms.IntegerField(label=_("Binds at once"), min_value=1, max_value=100, initial=5)
    per_s = forms.IntegerField(label=_("Messages a second"), min_value=1, max_value=100_000, initial=100)

    def clean_networks(self) -> list[str]:
        try:
            return read_networks(re.split(r"[\s,;]+", self.cleaned_data["networks"]))
        except Refused as refused:
            raise forms.ValidationError(problems.sentence(refused)) from None

    def clean_senders(self) -> list[str]:
        return list(dict.fromkeys(self.cleaned_data["senders"].split()))


class NewSmppAccountForm(SmppAccountForm):
    """A new one: what it is for is said once and for all."""

    field_order = ("name", "purpose", "networks", "senders", "max_binds", "per_s", "language")
    purpose = forms.ChoiceField(
        label=_("What it is for"),
        choices=[("alert", _("Alerts")), ("marketing", _("Marketing"))],
        help_text=_("It stays so: whoever sends both has two accounts."),
    )
    language = forms.ChoiceField(
        label=_("Language of explanations"), choices=[("fr", "Français"), ("en", "English")], initial="fr"
    )
