"""Forms of staff around mandates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.clients.models import Client
from sofy.contracts.fields import Number, day
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Mandate


class MandateForm(forms.Form):
    """A mandate that a client signed on paper."""

    client = forms.SlugField(
        label=_("Client"), max_length=60, help_text=_("Its address, as boulangerie-martin in the address of its pages.")
    )
    entity = forms.ChoiceField(label=_("Legal entity"))
    reference = forms.CharField(
        label=_("Reference of the SEPA mandate"), max_length=35, help_text=_("Also called RUM.")
    )
    signed_on = day(label=_("Signed on"))
    debtor = forms.CharField(label=_("Name on the account"), max_length=70)
    iban = Number("iban", label=_("IBAN"))
    scheme = forms.ChoiceField(
        label=_("Scheme"),
        choices=Mandate.Scheme.choices,
        help_text=_("CORE unless the client’s bank has registered a B2B mandate."),
    )
    once = forms.BooleanField(label=_("For one debit only"), required=False)

    def __init__(self, *args: Any, entities: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entity"].choices = entities  # type: ignore[attr-defined]
        self.fields["iban"].required = True

    def clean_client(self) -> Client:
        """The client of this address."""
        with staff_scope():
            found = Client.objects.using("staff").filter(slug=self.cleaned_data["client"]).first()
        if found is None:
            raise forms.ValidationError(_("No client has this address."))
        return found


class AmendForm(forms.Form):
    """What changed in a mandate; empty: nothing of that."""

    iban = Number("iban", label=_("New IBAN"))
    debtor = forms.CharField(label=_("New name on the account"), max_length=70, required=False)
    reference = forms.CharField(label=_("New reference"), max_length=35, required=False)


class DayForm(forms.Form):
    """A day that is over, or today."""

    on = day(label=_("Day"))
