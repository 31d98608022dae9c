"""What happened to contracts, and the documents that followed from it.

All of it is the operator's: sealed under the key of its legal entity (`under="entity_id"`), never under a client's.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sofy.contracts.models import LegalEntity, OrderForm
from sofy.kernel import clock, ids
from sofy.kit.fields import SealedTextField
from sofy.kit.models import ClientOwned


class Event(ClientOwned):
    """Something that happened to a contract; nothing else changes what follows from it. Written once.

    `data`: an event of `billing.case.events` as JSON. `source` and `source_key` name the fact, so that it counts once.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    type = models.CharField(max_length=20)
    data = SealedTextField(under="entity_id")
    source = models.CharField(max_length=20)
    source_key = models.CharField(max_length=120)
    actor = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_event"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_form", "source", "source_key"], name="billing_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.at:%Y-%m-%d}"


class Series(models.Model):
    """How far the numbers of one kind of document went, per entity and year: without a gap, never back in time."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)
    last_issued_on = models.DateField(null=True)

    class Meta:
        db_table = "billing_series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entity", "kind", "year"], name="billing_one_series_per_year")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year} {self.last}"


class Invoice(ClientOwned):
    """A numbered document, frozen. `document`: its canonical bytes (`billing.document`), which `sha256` is of.

    No login may change it; only what was rendered of it is written later. `key`: what it is for, one per contract.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")
        DEBIT_NOTE = "debit_note", _("Debit note")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="invoices")
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    number = models.CharField(max_length=35)
    issued_on = models.DateField()
    due_on = models.DateField()
    net_eur = models.DecimalField(max_digits=12, decimal_places=2)
    vat_eur = models.DecimalField(max_digits=12, decimal_places=2)
    gross_eur = models.DecimalField(max_digits=12, decimal_places=2)
    sha256 = models.CharField(max_length=64)
    document = SealedTextField(under="entity_id")
    frozen_at = models.DateTimeField(default=clock.now)
    rendered_at = models.DateTimeField(null=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, default="")
    xml_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "billing_invoice"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_form", "key"], name="billing_invoice_once"),
            models.UniqueConstraint(fields=["entity", "number"], name="billing_number_once"),
            models.UniqueConstraint(fields=["client_id", "id"], name="billing_invoice_id_per_client"),
        ]
        indexes: ClassVar = [models.Index(fields=["client_id", "issued_on"], name="billing_invoice_issued")]

    def __str__(self) -> str:
        return self.number


class Problem(ClientOwned):
    """A document that was refused, and why: it has no number until somebody puts right what is wrong."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="problems")
    key = models.CharField(max_length=200)
    reasons = SealedTextField(under="entity_id")
    since = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)
    solved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_problem"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_form", "key"], name="billing_problem_once")]

    def __str__(self) -> str:
        return self.key


class TableRow(models.Model):
    """What is the same for all contracts: values of the outside world, how the terms are read, what befell the service.

    Written once: a later row of the same key counts instead. `data`: a row of a table of cases
    (docs/reference/case.md), the value of a reading, or an event.
    """

    class Kind(models.TextChoices):
        LEGAL_RATE = "legal_rate", _("Legal interest rate")
        INDEX = "index", _("SYNTEC index")
        VAT_RATE = "vat_rate", _("VAT rate")
        TARIFF = "tariff", _("Tariff")
        READING = "reading", _("Reading of the terms")
        INCIDENT = "incident", _("Incident")
        MAINTENANCE = "maintenance", _("Maintenance")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=80)
    data = models.JSONField()
    recorded_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "billing_table"
        indexes: ClassVar = [models.Index(fields=["kind", "key"], name="billing_table_row")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Run(models.Model):
    """The invoices of a month and an entity being made, or made. Unit of the counts: documents."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    as_of = models.DateField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    issued = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "billing_run"
        constraints: ClassVar = [models.UniqueConstraint(fields=["entity", "month"], name="billing_run_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Usage(ClientOwned):
    """Messages of one kind of a day in Paris, as the ledger told them when its month was counted last.

    `status`: as docs/reference/case.md says (`refused`: nobody took it); `reason`: why it did not leave. Of what waits
    nothing is here. Unit of `units`: SMS parts; messages of other channels.
    """

    month = models.DateField()
    day = models.DateField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=12)
    country = models.CharField(max_length=2, blank=True)
    network = models.TextField(blank=True)
    establishment_id = models.UUIDField(null=True)
    status = models.CharField(max_length=12)
    reason = models.TextField(blank=True)
    template = models.BooleanField(default=True)
    messages = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    first_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_usage"
        indexes: ClassVar = [models.Index(fields=["client_id", "month"], name="billing_usage_month_rows")]

    def __str__(self) -> str:
        return f"{self.day} {self.channel} {self.status} {self.units}"


class UsageMonth(ClientOwned):
    """How far the usage of a month is: counted, told to the contracts of its client, told for the last time.

    `open_from`: no message that was accepted before can count in a later month. `cuts`: the days on which a price or
    another contract began when it was first told; what comes later is told by the same.
    """

    month = models.DateField()
    counted_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    open_from = models.DateTimeField()
    cuts = models.JSONField(default=list)
    told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_usage_month"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "month"], name="billing_usage_month_once")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class UsageTold(ClientOwned):
    """How much usage of a kind became events of a contract, from a cut of its month on; what is more comes next."""

    month = models.DateField()
    since = models.DateField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=12)
    country = models.CharField(max_length=2, blank=True)
    network = models.TextField(blank=True)
    quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "billing_usage_told"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client_id", "month", "since", "channel", "purpose", "country", "network"],
                name="billing_usage_told_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.since} {self.channel} {self.quantity}"
