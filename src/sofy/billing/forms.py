"""Forms of staff: what befell the Applications, and what happened to one contract."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.billing.services.foresight import Trial
from sofy.billing.told_words import READINGS
from sofy.contracts.fields import Amount, day
from sofy.contracts.forms import of_this_century
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.values import PARIS
from sofy.kernel import clock
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
    at = ParisMoment(label=_("From (hour of Paris)"), validators=[of_this_century])
    until = ParisMoment(label=_("To (hour of Paris)"), validators=[of_this_century])
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
        validators=[of_this_century],
        label=_("Announced to clients by e-mail on"),
        help_text=_("At least 48 hours before it begins, or it counts as time away (art. 28)."),
    )
    starts_at = ParisMoment(label=_("From (hour of Paris)"), validators=[of_this_century])
    ends_at = ParisMoment(label=_("To (hour of Paris)"), validators=[of_this_century])


# --- something happened: forms of one contract ------------------------------------------------------------------------


class Tried(_Happened):
    """Something that is tried on a contract first. `title`: what it is called; `article`: what it follows from.

    `records`: whether it can be recorded of this contract; a row of a table or a reading is of all contracts.
    """

    title: "str | Promise" = ""
    article = ""
    records = True

    def __init__(self, *args: Any, items: Sequence[Item] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "items" in self.fields:
            choices = [(item.code, item.label or item.code) for item in items]
            self.fields["items"].choices = choices  # type: ignore[attr-defined]

    def trial(self, decided_by: str) -> Trial:
        """What is different with it. `decided_by`: the person who is logged in."""
        return Trial(event=self.event())


def _at(label: "str | Promise" = "") -> ParisMoment:
    return ParisMoment(label=label or _("On (hour of Paris)"), initial=clock.now, validators=[of_this_century])


class _Sites(Tried):
    at = _at()
    count = forms.IntegerField(label=_("How many points of sale"), min_value=1, max_value=100_000, initial=1)
    items = forms.MultipleChoiceField(
        label=_("Of which line"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every line per point of sale."),
    )  # fmt: skip


class PoiActivatedForm(_Sites):
    """Points of sale that opened and were not declared."""

    type, title, article = "poi_activated", _("Points of sale opened, declared later"), "CGVU 4"


class PoiDecreaseForm(_Sites):
    """Fewer points of sale."""

    type, title, article = "poi_decrease", _("Fewer points of sale"), "CGVU 8.3"


class ChargeForm(Tried):
    """Something that is invoiced once."""

    type, title, article = "charge", _("Something to be invoiced once"), "CGVU 10.2"
    at = _at()
    label = forms.CharField(label=_("As the invoice says it"), max_length=140)
    amount_eur = Amount(label=_("Amount (€ before VAT)"))


class FineForm(Tried):
    """A fine of a regulator."""

    type, title, article = "fine", _("A regulator fined us for the client’s messages"), "CGVU 13"
    at = _at()
    amount_eur = Amount(label=_("Amount of the fine (€)"), help_text=_("15% for our costs is added (art. 13)."))
    authority = forms.CharField(label=_("Authority"), max_length=120)


class DamageForm(Tried):
    """The client asks for compensation."""

    type, title, article = "damage", _("The client asks for compensation"), "CGVU 21.1"
    at = _at()
    excepted = forms.BooleanField(
        label=_("Gross negligence, bodily harm or a grave breach of the GDPR: no limit"), required=False
    )
    indirect = forms.BooleanField(label=_("Indirect damage: lost profit, image (nothing is owed)"), required=False)


class IndemnityForm(Tried):
    """A compensation that was paid."""

    type, title, article = "indemnity", _("We paid a compensation"), "CGVU 21.2"
    at = _at()
    amount_eur = Amount(label=_("Amount paid (€)"))


class SolicitationForm(Tried):
    """The client hired somebody of ours."""

    type, title, article = "solicitation", _("The client hired somebody of ours"), "CGVU 19"
    at = _at()
    yearly_pay_eur = Amount(
        label=_("Gross yearly pay, bonuses included (€)"), help_text=_("Six months of it are owed (art. 19).")
    )


class TerminatedForm(Tried):
    """A person ends the contract."""

    type, title, article = "terminated", _("We end the contract"), "CGVU 7.2"
    at = _at()
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[
            ("default", _("It does not pay, after a second notice (art. 7.2)")),
            ("ethics", _("Serious breach of ethics (art. 29)")),
            ("infringement", _("Copying or reverse engineering (art. 16)")),
            ("af2m", _("Shut off for good by the AF2M (art. 13)")),
        ],
        help_text=_("You decide it: your name is kept with it. Nothing that was paid comes back."),
    )

    def trial(self, decided_by: str) -> Trial:
        """With the name of who decides."""
        return Trial(event={**self.event(), "decided_by": decided_by})


class LegalRateForm(Tried):
    """Another legal rate."""

    type, title, article, records = "legal_rate", _("If the legal rate were another one"), "CGVU 7.1", False
    half = forms.RegexField("^20[0-9]{2}-H[12]$", label=_("Half-year"), help_text=_("As 2026-H2."))
    percent = Amount(label=_("Rate (%)"))

    def trial(self, decided_by: str) -> Trial:
        """As a row of the table."""
        return Trial(row=(self.type, self.cleaned_data))


class IndexForm(Tried):
    """A value of the index."""

    type, title, article, records = "index", _("If the SYNTEC index came out at a value"), "CGVU 9.1", False
    month = forms.RegexField("^20[0-9]{2}-(0[1-9]|1[0-2])$", label=_("Month"), help_text=_("As 2026-08."))
    value = Amount(label=_("Value"))
    published_on = day(label=_("Published on"))

    def trial(self, decided_by: str) -> Trial:
        """As a row of the table."""
        given = self.cleaned_data
        return Trial(row=(self.type, {**given, "published_on": given["published_on"].isoformat()}))


class ReadingForm(Tried):
    """The terms read another way, where they are silent."""

    type, title, article, records = "reading", _("If the terms were read another way"), "CGVU 1", False
    reading = forms.ChoiceField(
        label=_("Reading"),
        choices=READINGS,
        help_text=_("The first of each is how the house reads it (docs/reference/case.md)."),
    )

    def trial(self, decided_by: str) -> Trial:
        """By its name and value."""
        name, _sep, value = self.cleaned_data["reading"].partition("=")
        return Trial(reading={name: value == "true" if value in ("true", "false") else value})


#: What can be recorded of a contract, and what can only be tried on it, in the order of the page.
TRIED: dict[str, type[Tried]] = {
    form.type: form
    for form in (
        PoiActivatedForm, PoiDecreaseForm, ChargeForm, FineForm, DamageForm, IndemnityForm, SolicitationForm,
        TerminatedForm, LegalRateForm, IndexForm, ReadingForm,
    )
}  # fmt: skip


class FewerForm(forms.Form):
    """Points of sale a client gives up, of one line."""

    item = forms.ChoiceField(label=_("Of which line"))
    count = forms.IntegerField(label=_("How many fewer"), min_value=1, max_value=100_000, initial=1)

    def __init__(self, *args: Any, items: Sequence[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(item.code, item.label or item.code) for item in items]
        self.fields["item"].choices = choices  # type: ignore[attr-defined]

    def event(self) -> dict[str, Any]:
        """As a case writes it, asked for now."""
        at = clock.now().astimezone(PARIS).isoformat()
        return {"type": "poi_decrease", "at": at, "count": self.cleaned_data["count"],
                "items": [self.cleaned_data["item"]]}  # fmt: skip
