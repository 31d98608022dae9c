"""Forms of the collections board."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.contracts.fields import day
from sofy.contracts.forms import of_this_century
from sofy.contracts.models import Notice
from sofy.ui.fields import ParisMoment


class PromiseForm(forms.Form):
    """Somebody said when they pay."""

    on = day(label=_("Will be paid by"))
    amount_eur = forms.DecimalField(
        label=_("Amount (€ with VAT)"), max_digits=12, decimal_places=2, min_value=0, required=False,
        help_text=_("Empty: all of it."),
    )  # fmt: skip
    who = forms.CharField(label=_("Who said it"), max_length=120)
    note = forms.CharField(label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class LetterForm(forms.Form):
    """A notice that was handed over for delivery by another channel than e-mail."""

    channel = forms.ChoiceField(
        label=_("How it went"),
        choices=[(one.value, one.label) for one in (Notice.Channel.REGISTERED, Notice.Channel.E_REGISTERED)],
    )
    sent_proof = forms.CharField(label=_("Number of the deposit"), max_length=200)


class ProofForm(forms.Form):
    """What says that a notice arrived; some of it proves it, and some does not."""

    proof_kind = forms.ChoiceField(
        label=_("Proof"),
        choices=[
            (_("Begins the five business days"), Notice.Proof.choices),
            (
                _("Is kept, and proves nothing"),
                [
                    ("smtp", _("Answer of the mail server (250)")),
                    ("dsn", _("Delivery report of the mail server")),
                    ("read_receipt", _("Automatic read receipt")),
                ],
            ),
        ],
    )
    delivered_at = ParisMoment(label=_("Delivered on (hour of Paris)"), validators=[of_this_century])
    proof = forms.CharField(label=_("Reference of the proof"), max_length=400)
