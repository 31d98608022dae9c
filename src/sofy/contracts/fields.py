"""Fields of forms that contracts ask for: amounts, numbers with check digits, days, lines."""

import re
from typing import Any, Final

from django import forms
from django.forms import BaseFormSet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sofy.contracts.rules import identifiers

AMOUNT: Final = re.compile(r"\d{1,10}(\.\d{1,6})?")


class Amount(forms.CharField):
    """Euros or a rate as people write it, 30,50 or 30.50; kept as a string, never a float."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "num", "autocomplete": "off"})

    def to_python(self, value: Any) -> str:
        """The amount with a point."""
        text = re.sub(r"[\s€%]", "", super().to_python(value) or "").replace(",", ".")
        if text and not AMOUNT.fullmatch(text):
            raise forms.ValidationError(_("Write a number, as 30.50: at most six digits after the point."))
        return text

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field, with a comma for a French reader."""
        return value.replace(".", ",") if isinstance(value, str) and get_language() == "fr" else value


class Number(forms.CharField):
    """A number with check digits (SIREN, VAT, IBAN...)."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, **kwargs)
        self.kind = kind

    def to_python(self, value: Any) -> str:
        """The number without spaces."""
        try:
            return identifiers.checked(self.kind, super().to_python(value) or "")
        except ValueError:
            raise forms.ValidationError(_("This number is not valid: check its digits.")) from None


def day(**kwargs: Any) -> forms.DateField:
    """A day, with the calendar of the browser."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class Lines(BaseFormSet):  # type: ignore[type-arg]
    """Lines; an empty one is none. `removed` says which were taken away."""

    def kept(self) -> list[dict[str, Any]]:
        """The lines that hold something, without the ones marked as removed."""
        return [
            {name: value for name, value in form.cleaned_data.items() if name != "DELETE"}
            for form in self.forms
            if form.has_changed() and form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
