"""Forms of staff around a contract; the steps of an order form are in `wizard`."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.contracts.fields import Amount, Number, day
from sofy.contracts.models import DocumentVersion, Notice, ProductChange
from sofy.contracts.services.acceptances import LARGEST_PROOF
from sofy.contracts.wizard import PartiesStep
from sofy.ui.fields import ParisMoment


def of_this_century(moment: datetime) -> None:
    """Refuse a slip of the pen; that a moment is not in the future is the services' business."""
    if moment.year < 2000:
        raise forms.ValidationError(_("This year is too long ago."))


class EntityForm(forms.Form):
    """A company of the operator, as its papers name it."""

    code = forms.SlugField(label=_("Short code"), max_length=20, help_text=_("As optima; for commands."))
    series = forms.RegexField(
        "^[A-Z0-9]{1,8}$",
        label=_("Prefix of its numbers"),
        help_text=_("Capitals and digits, as OPT: numbers read BC-OPT-2026-0001."),
    )
    name = forms.CharField(label=_("Name of the company"), max_length=140)
    legal_form = forms.CharField(label=_("Legal form"), max_length=40, initial="SAS")
    capital_eur = Amount(label=_("Capital (€)"))
    rcs = forms.CharField(label=_("Trade register"), max_length=80, help_text=_("As RCS Paris 919 288 548."))
    siren = Number("siren", label=_("SIREN"))
    vat_id = Number("vat", label=_("VAT number"))
    street = forms.CharField(label=_("Street"), max_length=140)
    street2 = forms.CharField(label=_("Rest of the address"), max_length=140, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12)
    town = forms.CharField(label=_("Town"), max_length=80)
    country = forms.ChoiceField(label=_("Country"))
    iban = Number("iban", label=_("IBAN"))
    bic = Number("bic", label=_("BIC"))
    creditor_id = Number("creditor", label=_("Creditor identifier (SEPA)"), help_text=_("For direct debits."))
    email = forms.EmailField(label=_("E-mail for contracts"), required=False)
    dpo = forms.CharField(label=_("Data protection officer"), max_length=140, required=False)
    vat_on = forms.ChoiceField(
        label=_("VAT is due"),
        choices=[("receipts", _("when invoices are paid")), ("debits", _("when they are issued"))],
    )

    ADDRESS: Final = ("street", "street2", "postcode", "town", "country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = PartiesStep().fields["country"].choices  # type: ignore[attr-defined]
        self.fields["siren"].required = True

    def entity(self) -> dict[str, Any]:
        """What is kept of it, in the form of `rules.shapes.Entity`."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("code", "series")}
        address = {name: given.pop(name) for name in self.ADDRESS}
        return {**given, "address": address}


class ContactForm(forms.Form):
    """Somebody at the client whom the operator writes to."""

    name = forms.CharField(label=_("Name"), max_length=140)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False)


class ReasonForm(forms.Form):
    """Why something is given up."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class SignatureForm(forms.Form):
    """A signature on paper."""

    signed_on = day(label=_("Signed on"))
    signer = forms.CharField(label=_("Signed by"), max_length=140, help_text=_("First and last name, and capacity."))
    proof = forms.FileField(label=_("Scan of the signed order form (PDF)"))

    def clean_proof(self) -> bytes:
        """The bytes of the file, when it is no larger than a scan."""
        file = self.cleaned_data["proof"]
        if file.size > LARGEST_PROOF:
            raise forms.ValidationError(_("The file is too large: scan it in black and white."))
        return bytes(file.read())


class NoticeForm(forms.Form):
    """Something that was told to or by the client."""

    kind = forms.ChoiceField(label=_("What it is"), choices=Notice.Kind.choices)
    channel = forms.ChoiceField(label=_("How it went"), choices=Notice.Channel.choices)
    sent_at = ParisMoment(label=_("Sent on (hour of Paris)"), validators=[of_this_century])
    about = forms.CharField(
        label=_("About"), max_length=400, required=False, help_text=_("The version of the terms, or the invoice.")
    )
    text = forms.CharField(
        label=_("What it says"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Word for word: its hash is the proof of what was told."),
    )  # fmt: skip
    sent_proof = forms.CharField(
        label=_("Proof of sending"),
        max_length=400,
        required=False,
        help_text=_("Number of the letter, id of the mail."),
    )


class DeliveryForm(forms.Form):
    """That a notice arrived."""

    delivered_at = ParisMoment(label=_("Delivered on (hour of Paris)"), validators=[of_this_century])
    proof_kind = forms.ChoiceField(label=_("Proof"), choices=Notice.Proof.choices)
    proof = forms.CharField(label=_("Reference of the proof"), max_length=400)


class CertificateForm(forms.Form):
    """An insurance certificate."""

    side = forms.ChoiceField(label=_("Of"), choices=[("client", _("the client")), ("operator", _("our company"))])
    insurer = forms.CharField(label=_("Insurer"), max_length=120)
    policy = forms.CharField(label=_("Policy number"), max_length=60)
    expires_on = day(label=_("Valid until"))


class TransferForm(forms.Form):
    """Consent to hand a contract on."""

    to = forms.CharField(label=_("To whom"), max_length=140)
    consented_on = day(label=_("Consented on"))
    proof = forms.CharField(label=_("Reference of the written consent"), max_length=400)


class ChangeForm(forms.Form):
    """A change of the product."""

    kind = forms.ChoiceField(label=_("What it is"), choices=ProductChange.Kind.choices)
    product = forms.ChoiceField(label=_("Product"), choices=ProductChange.Product.choices)
    title = forms.CharField(label=_("In a line"), max_length=120)
    text = forms.CharField(label=_("What changes"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    equivalence = forms.CharField(
        label=_("What takes over"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For a function that goes away: how its main use stays possible."),
    )  # fmt: skip
    price_eur = Amount(
        label=_("Price a month (€ before VAT)"), required=False, help_text=_("For a new optional module only.")
    )
    effective_on = day(label=_("In force from"))

    def clean_price_eur(self) -> Decimal | None:
        """No price is none, not zero."""
        price = self.cleaned_data["price_eur"]
        return Decimal(price) if price else None


class DocumentForm(forms.Form):
    """A new version of the terms or of the DPA."""

    kind = forms.ChoiceField(label=_("Document"), choices=DocumentVersion.Kind.choices)
    version = forms.CharField(label=_("Version"), max_length=20, help_text=_("As its first day: 2027-01-01."))
    title = forms.CharField(label=_("Title"), max_length=120)
    effective_on = day(label=_("In force from"))
    substantial = forms.BooleanField(
        label=_("The change is substantial (art. 27)"),
        required=False,
        help_text=_("Clients may refuse it, with a reason."),
    )
    text = forms.CharField(label=_("Text"), max_length=200_000, widget=forms.Textarea(attrs={"rows": 16}))
