"""Forms of this room."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

FIELDS = (
    ("client", _("Clients")),
    ("sales", _("Services, taxed in France")),
    ("sales_abroad", _("Services, without French VAT")),
    ("discount", _("Discounts for paying early")),
    ("late_fees", _("Penalties and the 40 euros")),
    ("vat", _("VAT due")),
    ("vat_waiting", _("VAT that waits for the payment")),
    ("bank", _("Bank")),
    ("write_off", _("Payments a little short")),
)


class AccountsForm(forms.Form):
    """Accounts of the general chart, and when the year begins."""

    year_begins = forms.IntegerField(label=_("Month in which the financial year begins"), min_value=1, max_value=12)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name, label in FIELDS:
            self.fields[name] = forms.CharField(label=label, max_length=12)
        self.order_fields([*(name for name, _label in FIELDS), "year_begins"])
