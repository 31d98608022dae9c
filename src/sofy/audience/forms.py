"""Forms of the contact pages."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.audience.models import Attribute, Contact
from sofy.audience.segments.forms import LANGUAGES
from sofy.audience.segments.sentence import language_name
from sofy.audience.services import attributes
from sofy.audience.services.imports import Preview
from sofy.clients import queries as clients
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.text import words

KINDS: dict[str, Any] = {
    "text": _("Text"),
    "number": _("Number"),
    "date": _("Date"),
    "bool": _("Yes or no"),
    "choice": _("One of a list"),
}


class Lines(forms.CharField):
    """One text per line."""

    def __init__(self, *, rows: int = 2, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), required=False, **options)

    def to_python(self, value: Any) -> Any:
        """The lines that are not blank."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


def own_field(field: Attribute) -> forms.Field:
    """The control for one of the client's own fields."""
    shared: dict[str, Any] = {"label": field.label, "required": False}
    if field.kind == Attribute.Kind.NUMBER:
        step = forms.NumberInput(attrs={"step": "any"})
        return forms.DecimalField(max_digits=20, decimal_places=6, widget=step, **shared)
    if field.kind == Attribute.Kind.DATE:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **shared)
    if field.kind == Attribute.Kind.BOOL:
        return forms.ChoiceField(
            choices=[("", pgettext_lazy("value", "Not known")), ("yes", _("yes")), ("no", _("no"))], **shared
        )
    if field.kind == Attribute.Kind.CHOICE:
        listed = [(choice, choice) for choice in field.choices]
        return forms.ChoiceField(choices=[("", pgettext_lazy("value", "Not known")), *listed], **shared)
    return forms.CharField(max_length=2000 if field.private else 250, **shared)


def _own_value(field: Attribute, value: Any) -> Any:
    if field.kind == Attribute.Kind.BOOL:
        return {"yes": True, "no": False}.get(value)
    return None if value == "" else value


def _shown_value(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


class FieldLabelForm(forms.Form):
    """What a field is called."""

    label = forms.CharField(
        label=_("Name of the field"),
        max_length=120,
        help_text=_("As people read it. Messages and segments keep the name it was created with."),
    )
    choices = Lines(
        label=_("Values"), rows=6, max_length=10_000, help_text=_("One per line, in the order they are offered.")
    )

    def __init__(self, *args: Any, field: Attribute, **kwargs: Any) -> None:
        kwargs["initial"] = {"label": field.label, "choices": "\n".join(field.choices)}
        super().__init__(*args, **kwargs)
        if field.kind != Attribute.Kind.CHOICE:
            del self.fields["choices"]


class FieldForm(forms.Form):
    """A new field of all contacts."""

    label = forms.CharField(label=_("Name of the field"), max_length=120)
    kind = forms.ChoiceField(label=_("Type"), choices=list(KINDS.items()))
    choices = Lines(
        label=_("Values"),
        rows=4,
        max_length=10_000,
        help_text=_("Of a field that is one of a list: one value per line."),
    )
    private = forms.BooleanField(
        label=_("Sealed"),
        required=False,
        help_text=_("For what identifies somebody: kept encrypted, and used neither in segments nor in messages."),
    )

    def clean(self) -> dict[str, Any]:
        """Yes or no, or one of a list, identifies nobody; a list has values."""
        data = super().clean() or {}
        if data.get("private") and data.get("kind") in attributes.NEVER_SEALED:
            self.add_error("private", _("A field that is yes or no, or one of a list, cannot be sealed."))
        if data.get("kind") == Attribute.Kind.CHOICE and not data.get("choices"):
            self.add_error("choices", _("Write the values that can be chosen, one per line."))
        return data


class ContactForm(forms.Form):
    """One person."""

    title = forms.ChoiceField(
        label=_("Title"),
        required=False,
        choices=[("", _("Not known")), ("mrs", pgettext_lazy("title", "Mrs")), ("mr", pgettext_lazy("title", "Mr"))],
    )
    first_name = forms.CharField(label=_("First name"), max_length=80, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=80, required=False)
    phones = Lines(label=_("Phone numbers"), max_length=400, help_text=_("One per line, the preferred one first."))
    emails = Lines(label=_("E-mail addresses"), max_length=2000, help_text=_("One per line, the preferred one first."))
    birth_date = forms.DateField(
        label=_("Birth date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    street = forms.CharField(label=_("Street"), max_length=200, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    town = forms.CharField(label=_("Town"), max_length=80, required=False)
    establishment_id = forms.ChoiceField(label=_("Preferred point of sale"), required=False)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = {f"own_{each.name}": each for each in attributes.definitions(client.pk)}
        self.fields.update({name: own_field(each) for name, each in self.own.items()})
        shops = [(str(shop.pk), shop.name) for shop in clients.visible_establishments(client)]
        limited = client.viewer_establishments is not None
        languages = [("", _("Not known")), *((code, language_name(code)) for code in LANGUAGES)]
        self.fields["establishment_id"].required = limited
        self.fields["establishment_id"].choices = shops if limited else [("", _("None")), *shops]  # type: ignore[attr-defined]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]

    def clean_birth_date(self) -> Any:
        """Nobody is born tomorrow."""
        day = self.cleaned_data["birth_date"]
        if day is not None and not (day.year >= 1900 and day <= clock.now().astimezone(clock.PARIS).date()):
            raise forms.ValidationError(_("A birth date is between 1900 and today."))
        return day

    def columns(self) -> dict[str, Any]:
        """What becomes of the columns of the contact."""
        left_out = {"phones", "emails", *self.own}
        data = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        data["establishment_id"] = UUID(data["establishment_id"]) if data["establishment_id"] else None
        for name in ("first_name", "last_name", "street"):
            data[name] = data[name] or None
        return data

    def own_values(self) -> dict[str, Any]:
        """What becomes of the client's own fields, by their names; None where nothing was written."""
        return {each.name: _own_value(each, self.cleaned_data[name]) for name, each in self.own.items()}

    @staticmethod
    def initial_of(contact: Contact, phones: list[str], emails: list[str]) -> dict[str, Any]:
        """What the form shows for a contact."""
        own = attributes.values_of(contact.client_id, [contact.id]).get(contact.id, {})
        names = ("title", "first_name", "last_name", "birth_date", "language", "street", "postcode", "town")
        shown = {name: getattr(contact, name) for name in names}
        shown |= {f"own_{name}": _shown_value(value) for name, value in own.items()}
        shop = str(contact.establishment_id or "")
        return shown | {"phones": "\n".join(phones), "emails": "\n".join(emails), "establishment_id": shop}


class ConsentForm(forms.Form):
    """One word of a person about one of their addresses."""

    identity = forms.ChoiceField(label=_("Address"))
    purpose = forms.ChoiceField(
        label=_("About"),
        choices=[
            ("marketing", _("marketing")),
            ("alert", _("alerts")),
            ("opens", _("counting when this person opens e-mails")),
        ],
    )
    state = forms.ChoiceField(
        label=_("The person"),
        choices=[("granted", _("agrees")), ("withdrawn", _("withdraws their consent")), ("opposed", _("opposes"))],
    )
    source = forms.ChoiceField(
        label=_("Said"),
        choices=[("screen", _("to us, in person or by phone")), ("paper", _("on paper")), ("form", _("in a form"))],
    )
    text = forms.CharField(
        label=_("Text the person was shown"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with its fingerprint: it is the proof of what was agreed to."),
    )
    evidence = forms.CharField(
        label=_("What proves it"),
        required=False,
        max_length=400,
        help_text=_("Needed when the person had refused before: reference of the form, of the scan, of the message."),
    )

    def __init__(self, *args: Any, identities: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identity"].choices = identities  # type: ignore[attr-defined]


class SuppressionForm(forms.Form):
    """Addresses nobody may write to."""

    REASONS = (
        ("manual", _("The person asked us")),
        ("complaint", _("Complaint")),
        ("opt_out_list", _("List of opt-outs")),
        ("invalid", _("Wrong address")),
    )
    addresses = Lines(
        label=_("Phone numbers and e-mail addresses"),
        max_length=100_000,
        help_text=_("One per line; paste a column from Excel."),
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=REASONS)
    source = forms.CharField(label=_("Where this comes from"), max_length=120, required=False)


class AddressFileForm(forms.Form):
    """A file of addresses nobody may write to, and its password if it has one."""

    prefix = "list"
    file = forms.FileField(
        label=_("File (CSV, XLSX or ODS)"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.ods"}),
        help_text=_("Every column of phone numbers or e-mail addresses counts; the others are not read."),
        error_messages={"required": _("Choose a file first.")},
    )
    password = forms.CharField(
        label=_("Password of the file, if it has one"),
        required=False,
        max_length=255,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Used once to open it, kept nowhere."),
    )


class OptOutFileForm(AddressFileForm):
    """A client's own file of people who said no."""

    reason = forms.ChoiceField(label=_("Reason"), choices=SuppressionForm.REASONS, initial="opt_out_list")
    source = forms.CharField(label=_("Where this comes from"), max_length=120, required=False)


class MappingForm(forms.Form):
    """What each column of a file is, where its people go, and why they may be written to."""

    book = forms.ChoiceField(label=_("Contact book"), required=False)
    new_book = forms.CharField(label=_("Name of the new book"), required=False, max_length=120)
    legal_basis = forms.ChoiceField(
        label=_("Why may these people be written to?"),
        required=False,
        choices=[
            ("", _("Not said: they enter as not contactable")),
            ("consent", _("They agreed (opt-in)")),
            ("customer", _("They are customers, for similar products")),
            ("contract", _("Service messages of a contract: alerts only")),
        ],
    )
    source = forms.CharField(
        label=_("Where does their consent come from?"),
        required=False,
        max_length=120,
        help_text=_("For example: loyalty card form, January 2026."),
    )
    consent_text = forms.CharField(
        label=_("Text they were shown"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with its fingerprint: it is the proof of what was agreed to."),
    )

    also = forms.MultipleChoiceField(
        label=_("Everybody in the file also agreed to"),
        required=False,
        choices=[("whatsapp", _("messages by WhatsApp")), ("opens", _("counting when they open e-mails"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Agreed to apart from SMS and e-mail. A column that says who did counts before this."),
    )

    def __init__(self, *args: Any, preview: Preview, books: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preview = preview
        self.fields["book"].choices = [("", _("New book")), *books]  # type: ignore[attr-defined]
        self.fields["book"].initial = books[0][0] if len(books) == 1 else ""
        if not books:
            del self.fields["book"]
        there = {own.field: _("Own field: %(name)s") % {"name": own.header} for own in preview.own}
        for number, column in enumerate(preview.columns):
            own = dict(there)
            if column.field.startswith("attribute:"):
                own.setdefault(column.field, _("New field: %(name)s") % {"name": column.header or column.field[10:]})
            elif name := "_".join(words(column.header))[:50]:
                own.setdefault(f"attribute:{name}", _("New field: %(name)s") % {"name": column.header})
            choices = [("", _("Leave out")), *FIELD_WORDS.items(), *own.items()]
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=column.header or _("Column %(n)s") % {"n": number + 1},
                choices=choices,
                required=False,
                initial=column.field,
            )

    def mapping(self) -> list[str]:
        """One word per column."""
        return [self.cleaned_data[f"column_{number}"] for number in range(len(self.preview.columns))]

    def clean(self) -> dict[str, Any]:
        """A book is chosen or named; a basis comes with its source."""
        data = super().clean() or {}
        if not data.get("book") and not str(data.get("new_book", "")).strip():
            self.add_error("new_book", _("Choose a contact book, or give the new one a name."))
        if data.get("legal_basis") and not str(data.get("source", "")).strip():
            self.add_error("source", _("Say where the consent comes from: without it nobody becomes contactable."))
        return data

    def settings(self) -> list[forms.BoundField]:
        """The fields that are about the whole file."""
        names = ("book", "new_book", "legal_basis", "source", "consent_text", "also")
        return [self[name] for name in names if name in self.fields]


FIELD_WORDS: dict[str, Any] = {
    "title": _("Title"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "full_name": _("Whole name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "birth_date": _("Birth date"),
    "language": _("Language"),
    "street": _("Street"),
    "postcode": _("Postcode"),
    "town": _("Town"),
    "latitude": _("Latitude"),
    "longitude": _("Longitude"),
    "establishment": _("Point of sale"),
    "zone": _("Time zone"),
    "consent": _("Consent to SMS and e-mail"),
    "consent_sms": _("Consent to SMS"),
    "consent_email": _("Consent to e-mail"),
    "consent_whatsapp": _("Consent to WhatsApp"),
    "consent_opens": _("Consent to counting openings of e-mails"),
    "consent_date": _("Date of consent"),
    "optout": _("Opt-out, all channels"),
    "optout_sms": _("Opt-out from SMS"),
    "optout_email": _("Opt-out from e-mail"),
    "optout_whatsapp": _("Opt-out from WhatsApp"),
    "optout_opens": _("Opt-out from counting openings"),
    "refusal": _("Status, of which only refusals count"),
}
