"""The rows of the segment builder: one small form per condition, each row a piece of a sentence."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.audience.segments import tree
from sofy.audience.segments.names import Names
from sofy.audience.segments.sentence import language_name

Text = str | Promise
LANGUAGES = ("fr", "en", "de", "es", "it", "nl", "pt", "ar", "pl", "ro", "tr", "zh")
IS = (pgettext_lazy("segment", "is"), pgettext_lazy("segment", "is not"))


def several(**options: Any) -> forms.MultipleChoiceField:
    """A choice of one or more that stays small: a list of three lines."""
    return forms.MultipleChoiceField(widget=forms.SelectMultiple(attrs={"size": 3}), **options)


class Words(forms.CharField):
    """Several short texts, separated by commas."""

    def to_python(self, value: Any) -> Any:
        """The words without the commas."""
        return [word.strip() for word in str(value or "").split(",") if word.strip()]


class ConditionForm(forms.Form):
    """Base of all rows. `verbs`: how the row reads as it is, and negated."""

    label: ClassVar[Text]
    node: ClassVar[type]
    verbs: ClassVar[tuple[Text, Text]] = IS
    #: What stands behind a field in the sentence.
    after: ClassVar[dict[str, Text]] = {}

    def __init__(self, *args: Any, names: Names, **kwargs: Any) -> None:
        kwargs["use_required_attribute"] = False
        super().__init__(*args, **kwargs)
        self.names = names
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "builder-control")
        self.offer()

    def offer(self) -> None:
        """Fill the choices that depend on the client."""

    def facts(self) -> dict[str, Any]:
        """The fields of the condition, from valid data."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}

    def parts(self) -> list[tuple[forms.BoundField, Text]]:
        """The fields with what stands behind them."""
        return [(field, self.after.get(field.name, "")) for field in self]

    @classmethod
    def initial_of(cls, node: Any) -> dict[str, Any]:
        """What the fields show for a condition."""
        shown = {name: getattr(node, name) for name in cls.base_fields if hasattr(node, name)}
        words = {name for name, field in cls.base_fields.items() if isinstance(field, Words)}
        return {name: ", ".join(value) if name in words else value for name, value in shown.items()}


class TitleForm(ConditionForm):
    """Addressed as."""

    label, node = _("Title"), tree.IsTitle
    TITLES: ClassVar = [
        ("mrs", pgettext_lazy("title", "Mrs")),
        ("mr", pgettext_lazy("title", "Mr")),
        ("unknown", _("Not known")),
    ]
    values = several(label="", choices=TITLES)


class LanguageForm(ConditionForm):
    """Preferred language."""

    label, node = _("Language"), tree.IsLanguage
    values = several(label="")

    def offer(self) -> None:
        self.fields["values"].choices = [(code, language_name(code)) for code in LANGUAGES]  # type: ignore[attr-defined]


class AgeForm(ConditionForm):
    """Age in years."""

    label, node, after = _("Age"), tree.IsAged, {"at_most": pgettext_lazy("segment", "years")}
    at_least = forms.IntegerField(label=pgettext_lazy("segment", "from"), min_value=0, max_value=130, required=False)
    at_most = forms.IntegerField(label=pgettext_lazy("segment", "to"), min_value=0, max_value=130, required=False)


class PostcodeForm(ConditionForm):
    """Beginnings of postcodes."""

    label, node = _("Postcode"), tree.InPostcode
    verbs = (pgettext_lazy("segment", "begins with"), pgettext_lazy("segment", "does not begin with"))
    prefixes = Words(label="", help_text=_("Several: 75, 92"), max_length=400)


class TownForm(ConditionForm):
    """Beginnings of towns."""

    label, node = _("Town"), tree.InTown
    verbs = (pgettext_lazy("segment", "begins with"), pgettext_lazy("segment", "does not begin with"))
    prefixes = Words(label="", help_text=_("Several: Lyon, Bron"), max_length=400)


class AttributeForm(ConditionForm):
    """A field of the client's own."""

    label, node = _("Your own field"), tree.HasAttribute
    TESTS: ClassVar = [
        ("equals", pgettext_lazy("segment", "equal to")),
        ("differs", pgettext_lazy("segment", "other than")),
        ("starts_with", pgettext_lazy("segment", "beginning with")),
        ("above", pgettext_lazy("segment", "above")),
        ("below", pgettext_lazy("segment", "below")),
        ("between", pgettext_lazy("segment", "between")),
        ("one_of", pgettext_lazy("segment", "one of")),
        ("filled", pgettext_lazy("segment", "filled in")),
    ]
    LIST_TESTS: ClassVar = TESTS[-2:]  # of a field that is one of a list
    name = forms.ChoiceField(label="")
    test = forms.ChoiceField(label="", choices=TESTS)
    value = forms.CharField(
        label=pgettext_lazy("segment", "value"),
        required=False,
        max_length=2000,
        help_text=pgettext_lazy("segment", "for “one of”: separated by commas"),
    )
    to = forms.CharField(
        label=pgettext_lazy("segment", "and"),
        required=False,
        max_length=200,
        help_text=pgettext_lazy("segment", "for “between” only"),
    )
    values = several(label=pgettext_lazy("segment", "value"), required=False)

    def offer(self) -> None:
        fields: dict[str, Any] = self.fields
        fields["name"].choices = [(name, label) for name, (label, _kind) in self.names.attributes.items()]
        asked = self.data.get(self.add_prefix("name")) or next(iter(self.names.attributes), "")
        listed = self.names.choices.get(asked)
        if listed is None:
            del fields["values"]
            if self.names.attributes.get(asked, ("", ""))[1] != "text":
                fields["test"].choices = [each for each in self.TESTS if each[0] != "one_of"]
                fields["value"].help_text = ""
            return
        del fields["value"], fields["to"]
        fields["test"].choices = self.LIST_TESTS
        fields["values"].choices = [(value, value) for value in listed]
        if self.is_bound:
            self.data = self._as_list(self.data)

    def _as_list(self, data: Any) -> Any:
        """What was asked of a field of another type, or by the API, as it is asked of a list."""
        test, value, values = (self.add_prefix(name) for name in ("test", "value", "values"))
        if data.get(test) in dict(self.LIST_TESTS):
            return data
        data = data.copy()
        data[test] = "one_of"
        if data.get(value) in dict(self.fields["values"].choices):  # type: ignore[attr-defined]
            data.setlist(values, [data[value]])
        return data

    def facts(self) -> dict[str, Any]:
        facts = super().facts()
        if facts["test"] != "one_of":
            facts.pop("values", None)
        elif words := facts.pop("value", ""):
            facts["values"] = [word.strip() for word in words.split(",") if word.strip()]
        return facts

    @classmethod
    def initial_of(cls, node: Any) -> dict[str, Any]:
        return super().initial_of(node) | ({"value": ", ".join(node.values)} if node.values else {})


class BookForm(ConditionForm):
    """Contact books."""

    label, node, verbs = (
        _("Contact book"),
        tree.InBook,
        (pgettext_lazy("segment", "is one of"), pgettext_lazy("segment", "is none of")),
    )
    books = several(label="")

    def offer(self) -> None:
        self.fields["books"].choices = _choices(self.names.books)  # type: ignore[attr-defined]


class EstablishmentForm(ConditionForm):
    """Preferred establishment."""

    label, node, verbs = (
        _("Point of sale"),
        tree.OfEstablishment,
        (pgettext_lazy("segment", "is one of"), pgettext_lazy("segment", "is none of")),
    )
    establishments = several(label="")

    def offer(self) -> None:
        self.fields["establishments"].choices = _choices(self.names.establishments)  # type: ignore[attr-defined]


class NearForm(ConditionForm):
    """Distance to a shop or to a point."""

    label, node, verbs = (
        _("Distance"),
        tree.Near,
        (pgettext_lazy("segment", "is within"), pgettext_lazy("segment", "is beyond")),
    )
    after: ClassVar = {"km": pgettext_lazy("segment", "km")}
    km = forms.FloatField(label="", min_value=0.1, max_value=1000, initial=10)
    establishment = forms.ChoiceField(label=pgettext_lazy("segment", "of"), required=False)
    latitude = forms.FloatField(
        label=pgettext_lazy("segment", "or latitude"), required=False, min_value=-90, max_value=90
    )
    longitude = forms.FloatField(
        label=pgettext_lazy("segment", "longitude"), required=False, min_value=-180, max_value=180
    )

    def offer(self) -> None:
        choices = [("", _("choose a shop")), *_choices(self.names.establishments)]
        self.fields["establishment"].choices = choices  # type: ignore[attr-defined]


class ConsentForm(ConditionForm):
    """Consent for a channel and a purpose."""

    label, node = _("Consent"), tree.HasConsent
    state = forms.ChoiceField(
        label="",
        choices=[
            ("granted", pgettext_lazy("segment", "given")),
            ("refused", pgettext_lazy("segment", "refused")),
            ("unknown", pgettext_lazy("segment", "never asked")),
        ],
    )
    channel = forms.ChoiceField(
        label=pgettext_lazy("segment", "by"), choices=[("sms", "SMS"), ("whatsapp", "WhatsApp"), ("email", _("e-mail"))]
    )
    purpose = forms.ChoiceField(
        label=pgettext_lazy("segment", "for"),
        choices=[("marketing", pgettext_lazy("segment", "marketing")), ("alert", pgettext_lazy("segment", "alerts"))],
    )


class ChannelForm(ConditionForm):
    """Has an address for a channel."""

    label, node, verbs = (
        _("Can be written to"),
        tree.HasChannel,
        (pgettext_lazy("segment", "has"), pgettext_lazy("segment", "has no")),
    )
    channel = forms.ChoiceField(
        label="",
        choices=[
            ("sms", pgettext_lazy("segment", "mobile number")),
            ("email", pgettext_lazy("segment", "e-mail address")),
        ],
    )


class SinceForm(ConditionForm):
    """A time that ends now."""

    after: ClassVar[dict[str, Text]] = {"days": pgettext_lazy("segment", "days")}
    days = forms.IntegerField(
        label=pgettext_lazy("segment", "in the last"), min_value=1, max_value=tree.MAX_DAYS, required=False
    )
    since = forms.DateField(
        label=pgettext_lazy("segment", "or since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class CreatedForm(SinceForm):
    """Entry into the base."""

    label, node, verbs = (
        _("Entered the base"),
        tree.CreatedSince,
        (pgettext_lazy("segment", "yes,"), pgettext_lazy("segment", "no, not")),
    )


class UpdatedForm(SinceForm):
    """Last change."""

    label, node, verbs = (
        _("Record changed"),
        tree.UpdatedSince,
        (pgettext_lazy("segment", "yes,"), pgettext_lazy("segment", "no, not")),
    )


class ImportForm(ConditionForm):
    """Imports."""

    label, node, verbs = (
        _("Came with an import"),
        tree.ImportedBy,
        (pgettext_lazy("segment", "is one of"), pgettext_lazy("segment", "is none of")),
    )
    imports = several(label="")

    def offer(self) -> None:
        self.fields["imports"].choices = _choices(self.names.imports)  # type: ignore[attr-defined]


class BehaviourForm(SinceForm):
    """What happened with campaigns."""

    label, node, verbs = (
        _("Campaigns"),
        tree.Behaved,
        (pgettext_lazy("behaviour", "has"), pgettext_lazy("behaviour", "has not")),
    )
    what = forms.ChoiceField(
        label="",
        choices=[
            ("clicked", pgettext_lazy("segment", "clicked")),
            ("replied", pgettext_lazy("segment", "replied")),
            ("delivered", pgettext_lazy("segment", "received")),
            ("sent", pgettext_lazy("segment", "been sent")),
            ("silent", pgettext_lazy("segment", "received and stayed silent")),
        ],
    )
    campaign = forms.ChoiceField(label="", required=False)
    field_order = ("what", "campaign", "days", "since")

    def offer(self) -> None:
        choices = [("", _("any campaign")), *_choices(self.names.campaigns)]
        self.fields["campaign"].choices = choices  # type: ignore[attr-defined]


class SegmentForm(ConditionForm):
    """Another segment."""

    label, node, verbs = (
        _("Another segment"),
        tree.InSegment,
        (pgettext_lazy("segment", "is in"), pgettext_lazy("segment", "is not in")),
    )
    segment = forms.ChoiceField(label="")

    def offer(self) -> None:
        self.fields["segment"].choices = _choices(self.names.segments)  # type: ignore[attr-defined]


class SnapshotForm(ConditionForm):
    """A frozen list."""

    label, node, verbs = (
        _("Frozen list"),
        tree.InSnapshot,
        (pgettext_lazy("segment", "is on"), pgettext_lazy("segment", "is not on")),
    )
    segment = forms.ChoiceField(label="")

    def offer(self) -> None:
        self.fields["segment"].choices = _choices(self.names.snapshots)  # type: ignore[attr-defined]


def _choices(names: dict[Any, str]) -> list[tuple[str, str]]:
    return [(str(key), name) for key, name in names.items()]


def kind_of(node: type) -> str:
    """The word of a node in the JSON form."""
    return str(node.__struct_config__.tag)  # type: ignore[attr-defined]


FORMS: dict[str, type[ConditionForm]] = {
    kind_of(form.node): form
    for form in (
        ConsentForm, ChannelForm, NearForm, PostcodeForm, TownForm, EstablishmentForm, AgeForm, TitleForm, LanguageForm,
        BehaviourForm, BookForm, AttributeForm, CreatedForm, UpdatedForm, ImportForm, SegmentForm, SnapshotForm,
    )
}  # fmt: skip
GROUPS: dict[str, Text] = {
    "all": _("all of these hold"),
    "any": _("at least one of these holds"),
    "none": _("none of these holds"),
}


def offered(names: Names) -> list[tuple[str, Text]]:
    """The kinds of rows worth offering: none that could only be empty."""
    needs: dict[str, Callable[[Names], Any]] = {
        "book": lambda n: n.books,
        "establishment": lambda n: n.establishments,
        "attribute": lambda n: n.attributes,
        "import": lambda n: n.imports,
        "segment": lambda n: n.segments,
        "snapshot": lambda n: n.snapshots,
    }
    return [(kind, form.label) for kind, form in FORMS.items() if kind not in needs or needs[kind](names)]
