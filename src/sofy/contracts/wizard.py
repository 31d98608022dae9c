"""The steps of an order form: each reads its part of the draft and writes it back, complete or not."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.forms import formset_factory
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sofy.contracts.fields import AMOUNT, Amount, Lines, Number, day
from sofy.contracts.rules.identifiers import french_vat_of
from sofy.contracts.rules.shapes import TERMS

Content = dict[str, Any]

PRODUCTS: Final = [
    ("soview", "SoView"),
    ("soconnect", "SoConnect"),
    ("soreach", "SoReach"),
    ("messaging", _("Messaging")),
    ("onboarding", _("Onboarding")),
    ("option", _("Option")),
]
EVERY: Final = [("month", _("a month")), ("quarter", _("a quarter")), ("year", _("a year")), ("once", _("once"))]
CHANNELS: Final = [("sms", "SMS"), ("rcs", "RCS"), ("whatsapp", "WhatsApp"), ("email", _("E-mail"))]
COUNTRIES: Final = (
    "FR", "MC", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "GB", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "US", "XI",
)  # fmt: skip


class Step(forms.Form):
    """A step made of single fields. `read` says where they stand in the draft."""

    def into(self, content: Content) -> Content:
        """The draft with what was written here."""
        raise NotImplementedError

    @classmethod
    def data_of(cls, content: Content) -> dict[str, Any]:
        """What was written here before, as the browser would send it."""
        raise NotImplementedError


class PartiesStep(Step):
    """The client as it signs."""

    name = forms.CharField(label=_("Name of the company"), max_length=140)
    siren = Number("siren", label=_("SIREN"))
    siret = Number("siret", label=_("SIRET"))
    vat_id = Number("vat", label=_("VAT number"), help_text=_("With its country, as FR68919288548."))
    street = forms.CharField(label=_("Street"), max_length=140, required=False)
    street2 = forms.CharField(label=_("Rest of the address"), max_length=140, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    town = forms.CharField(label=_("Town"), max_length=80)
    country = forms.ChoiceField(label=_("Country"))
    electronic_address = forms.CharField(
        label=_("Electronic address for invoices"),
        max_length=125,
        required=False,
        help_text=_("In the directory of e-invoicing: the SIREN, unless the client gave another one."),
    )
    email = forms.EmailField(label=_("E-mail for invoices"), required=False)
    iban = Number("iban", label=_("IBAN"), help_text=_("For direct debits."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from sofy.ui import formats

        names = [(code, formats.country(code, get_language())) for code in COUNTRIES]
        self.fields["country"].choices = names  # type: ignore[attr-defined]

    def clean(self) -> Any:
        """A French company has a SIREN, which its VAT number follows from: its invoices cannot go without it."""
        given = self.cleaned_data
        siren, vat_id = given.get("siren"), given.get("vat_id") or ""
        if siren and vat_id.startswith("FR") and vat_id != french_vat_of(siren):
            self.add_error("vat_id", _("It does not belong to this SIREN, whose number is %s.") % french_vat_of(siren))
        if given.get("country") == "FR" and not given.get("siren") and "siren" not in self.errors:
            self.add_error("siren", _("A French company has a SIREN: its invoices need it."))
        return given

    def into(self, content: Content) -> Content:
        """The client, its address apart."""
        given = dict(self.cleaned_data)
        address = {name: given.pop(name) for name in ("street", "street2", "postcode", "town", "country")}
        given["electronic_address"] = given["electronic_address"] or given["siren"]
        return content | {"client": {**given, "address": address}}

    @classmethod
    def data_of(cls, content: Content) -> dict[str, Any]:
        """The client, its address among its other fields."""
        party = dict(content.get("client") or {})
        return {"country": "FR", **(party.pop("address", None) or {}), **party}


class ItemForm(forms.Form):
    """A line of the order form."""

    code = forms.CharField(required=False, widget=forms.HiddenInput())
    product = forms.ChoiceField(label=_("Product"), choices=PRODUCTS, initial="soview")
    label = forms.CharField(label=_("As it is called"), max_length=80, required=False)
    per = forms.ChoiceField(
        label=_("Per"), choices=[("poi", _("point of sale")), ("flat", _("contract"))], required=False, initial="poi"
    )
    quantity = forms.IntegerField(label=_("Quantity"), min_value=0, max_value=100_000)
    unit_price_eur = Amount(label=_("Price each (€ before VAT)"))
    list_price_eur = Amount(label=_("List price"), required=False)
    every = forms.ChoiceField(label=_("Due"), choices=EVERY, initial="month")
    billed = forms.ChoiceField(
        label=_("Billed"),
        choices=[("advance", _("in advance")), ("arrears", _("in arrears"))],
        required=False,
        initial="advance",
    )

    def clean(self) -> Any:
        """Onboarding is due once, at signature."""
        given = self.cleaned_data
        if given.get("product") == "onboarding":
            given["every"], given["per"] = "once", "flat"
        return given


class UsageForm(forms.Form):
    """What a message costs this client."""

    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS, initial="sms")
    purpose = forms.ChoiceField(
        label=_("For"),
        required=False,
        choices=[("", _("Marketing and alerts")), ("marketing", _("Marketing")), ("alert", _("Alerts"))],
    )
    country = forms.RegexField(
        "^([A-Z]{2})?$", label=_("Country"), required=False, help_text=_("Two letters; empty: everywhere")
    )
    unit_price_eur = Amount(label=_("Price each (€ before VAT)"))


ItemLines = formset_factory(ItemForm, formset=Lines, extra=1, can_delete=True, max_num=60)
UsageLines = formset_factory(UsageForm, formset=Lines, extra=1, can_delete=True, max_num=60)


class ProductsStep:
    """What is ordered, and what messages cost. Looks like a form: it has `is_valid`, `errors` and `into`."""

    def __init__(self, data: Mapping[str, Any] | None = None, initial: Mapping[str, Any] | None = None) -> None:
        given = initial or {}
        self.items: Any = ItemLines(data, prefix="items", initial=given.get("items") or [])
        self.usage: Any = UsageLines(data, prefix="usage", initial=given.get("usage") or [])
        self.is_bound = data is not None

    def is_valid(self) -> bool:
        """Whether each line can be kept."""
        return bool(self.items.is_valid() and self.usage.is_valid())

    @property
    def errors(self) -> dict[str, Any]:
        """What is wrong, line by line."""
        both: Any = (("items", self.items), ("usage", self.usage)) if self.is_bound else ()
        return {
            f"{name}-{place}-{field}": said
            for name, lines in both
            for place, wrong in enumerate(lines.errors)
            for field, said in wrong.items()
        }

    def into(self, content: Content) -> Content:
        """The draft with these lines; a line gets a code of its own when it has none."""
        items, taken = self.items.kept(), {line["code"] for line in self.items.kept() if line["code"]}
        for line in items:
            line["code"] = line["code"] or next(code for code in _codes(line["product"]) if code not in taken)
            taken.add(line["code"])
            line["label"] = line["label"] or str(dict(PRODUCTS)[line["product"]])
            line["list_price_eur"] = line["list_price_eur"] or None
            line["per"], line["billed"] = line["per"] or "flat", line["billed"] or "advance"
        form = dict(content.get("order_form") or {})
        return content | {"order_form": form | {"items": items, "usage_prices": self.usage.kept()}}

    @classmethod
    def data_of(cls, content: Content) -> dict[str, Any]:
        """The lines that are there already."""
        form = content.get("order_form") or {}
        return {"items": form.get("items") or [], "usage": form.get("usage_prices") or []}


def _codes(product: str) -> Iterator[str]:
    yield product
    yield from (f"{product}-{number}" for number in range(2, 100))


class TermStep(Step):
    """From when, for how long, and what happens to the number of points of sale."""

    starts_on = day(label=_("First day"))
    term_months = forms.TypedChoiceField(
        label=_("Firm term"), coerce=int, choices=[(months, _("%(n)s months") % {"n": months}) for months in TERMS]
    )
    renewal_months = forms.TypedChoiceField(
        label=_("Renewed for"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            ("", _("no fixed time: it ends at any anniversary, with 45 days’ notice")),
            *((months, _("%(n)s months") % {"n": months}) for months in TERMS),
        ],
    )
    extra_poi = forms.ChoiceField(
        label=_("A point of sale beyond the order (art. 4)"),
        choices=[("increase", _("is added at the tariff of the day")), ("block", _("is not opened"))],
    )
    decrease = forms.ChoiceField(
        label=_("Fewer points of sale"),
        choices=[("period_end", _("from the next period on")), ("at_once", _("at once"))],
    )
    periods = forms.ChoiceField(
        label=_("Periods of invoices"),
        choices=[("calendar", _("calendar months and years")), ("contract", _("from the first day on"))],
    )
    revision = forms.BooleanField(
        label=_("Prices follow the SYNTEC index each year (art. 9.1)"),
        required=False,
        help_text=_("The terms name no formula: without this, prices stay as they are."),
    )
    base_month = forms.RegexField(
        r"^\d{4}-(0[1-9]|1[0-2])$",
        label=_("Index it begins with"),
        required=False,
        help_text=_("As 2026-01; empty: the last one published at signature."),
    )

    FIELDS = ("term_months", "renewal_months", "extra_poi", "decrease", "periods")

    def into(self, content: Content) -> Content:
        """The term, with the revision as the shapes have it."""
        given = self.cleaned_data
        form = dict(content.get("order_form") or {}) | {name: given[name] for name in self.FIELDS}
        form["starts_on"] = given["starts_on"].isoformat()
        base = {"base_month": given["base_month"]} if given["base_month"] else {}
        form["revision"] = {"confirmed": True, **base} if given["revision"] else None
        return content | {"order_form": form}

    @classmethod
    def data_of(cls, content: Content) -> dict[str, Any]:
        """The term, with the revision as a tick."""
        form = content.get("order_form") or {}
        revision = form.get("revision") or {}
        usual = {"term_months": 12, "extra_poi": "increase", "decrease": "period_end", "periods": "calendar"}
        written = {name: form[name] for name in (*cls.FIELDS, "starts_on") if form.get(name) is not None}
        more = {"revision": "on", "base_month": revision.get("base_month", "")} if revision else {}
        return usual | written | more


class PaymentStep(Step):
    """How invoices are paid and what is promised, where it differs from the terms."""

    means = forms.ChoiceField(
        label=_("Means of payment (art. 10.1)"),
        choices=[("transfer", _("Transfer")), ("sepa_debit", _("SEPA direct debit"))],
    )
    days = forms.IntegerField(label=_("Days to pay"), min_value=0, max_value=60)
    discount_percent = Amount(label=_("Discount for early payment (%)"))
    discount_days = forms.IntegerField(label=_("if paid within (days)"), min_value=0, max_value=60)
    penalty_multiple = Amount(label=_("Penalties: times the legal rate"))
    prenotification_days = forms.IntegerField(
        label=_("Direct debit announced (days before)"), min_value=1, max_value=60
    )
    mandate = forms.CharField(label=_("Reference of the SEPA mandate"), max_length=35, required=False)
    claim_days = forms.IntegerField(label=_("Days to claim a credit (art. 28)"), min_value=1, max_value=365)
    maintenance_hours = forms.IntegerField(label=_("Maintenance announced (hours before)"), min_value=1, max_value=720)
    tiers = forms.CharField(
        label=_("Credits"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One per line: availability below which, share of the fee that comes back. As 99.5 5"),
    )

    MONEY = (
        "means",
        "days",
        "discount_percent",
        "discount_days",
        "penalty_multiple",
        "prenotification_days",
        "mandate",
    )
    SERVICE = ("claim_days", "maintenance_hours")
    USUAL: Final = {
        "means": "transfer", "days": 30, "discount_percent": "1", "discount_days": 8, "penalty_multiple": "3",
        "prenotification_days": 14, "claim_days": 15, "maintenance_hours": 48,
    }  # fmt: skip
    USUAL_TIERS: Final = [("99.5", "5"), ("98", "15"), ("95", "30")]

    def clean_tiers(self) -> list[dict[str, str]]:
        """Pairs of percentages."""
        found = []
        for line in self.cleaned_data["tiers"].splitlines():
            pair = [part.strip("%").replace(",", ".") for part in line.split()]
            if not pair:
                continue
            if len(pair) != 2 or not all(AMOUNT.fullmatch(part) and float(part) <= 100 for part in pair):
                raise forms.ValidationError(_("“%(line)s”: write two percentages, as 99.5 5."), params={"line": line})
            found.append({"below": pair[0], "credit": pair[1]})
        return found

    def clean(self) -> Any:
        """A discount is within the days of payment."""
        given = self.cleaned_data
        if given.get("discount_days", 0) > given.get("days", 60):
            self.add_error("discount_days", _("The discount ends before the payment is due."))
        return given

    def into(self, content: Content) -> Content:
        """Payment and service level."""
        given = self.cleaned_data
        form = dict(content.get("order_form") or {})
        form["payment"] = (form.get("payment") or {}) | {name: given[name] for name in self.MONEY}
        form["service_level"] = (form.get("service_level") or {}) | {
            **{name: given[name] for name in self.SERVICE},
            "tiers": given["tiers"],
        }
        return content | {"order_form": form}

    @classmethod
    def data_of(cls, content: Content) -> dict[str, Any]:
        """Payment and service level, else what the terms say."""
        form = content.get("order_form") or {}
        service = dict(form.get("service_level") or {})
        tiers = service.pop("tiers", None)
        pairs = [(each["below"], each["credit"]) for each in tiers] if tiers is not None else cls.USUAL_TIERS
        lines = "\n".join(f"{below} {credit}" for below, credit in pairs)
        return {**cls.USUAL, **(form.get("payment") or {}), **service, "tiers": lines}


STEPS: Final[dict[str, type[Step] | type[ProductsStep]]] = {
    "parties": PartiesStep,
    "products": ProductsStep,
    "term": TermStep,
    "payment": PaymentStep,
}
NAMES: Final = {
    "parties": _("Parties"),
    "products": _("Products and prices"),
    "term": _("Term"),
    "payment": _("Payment and service level"),
    "check": _("Check and send"),
}


def form_of(step: str, content: Content, data: Mapping[str, Any] | None = None) -> Any:
    """The form of a step, with what was written before."""
    kind = STEPS[step]
    return kind(data) if data is not None else kind(initial=kind.data_of(content))


def missing(content: Content) -> dict[str, list[str]]:
    """What each step still lacks, in the words of its form; steps that are complete are left out."""
    wrong: dict[str, list[str]] = {}
    for name, kind in STEPS.items():
        if kind is ProductsStep:
            said = [] if (content.get("order_form") or {}).get("items") else [str(_("Nothing is ordered yet."))]
        else:
            form = kind(kind.data_of(content))
            said = [] if form.is_valid() else [_said(form, field, errors) for field, errors in form.errors.items()]
        if said:
            wrong[name] = said
    return wrong


def _said(form: Any, field: str, errors: Any) -> str:
    label = form.fields[field].label if field in form.fields else ""
    return f"{label}: {' '.join(errors)}" if label else " ".join(errors)


class BeginForm(forms.Form):
    """For whom, and by which company of the operator."""

    client = forms.ChoiceField(label=_("Client"))
    entity = forms.ChoiceField(label=_("Legal entity that signs"))

    def __init__(
        self, clients: list[tuple[str, str]], entities: list[tuple[UUID, str]], *args: Any, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.fields["client"].choices = clients  # type: ignore[attr-defined]
        self.fields["entity"].choices = entities  # type: ignore[attr-defined]
