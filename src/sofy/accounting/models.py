"""What the books were last worked out from, for lists and sums that no request could replay.

It follows from the log of contracts and from frozen invoices and is written anew from them: it may be thrown away.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sofy.billing.models import Invoice
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.kernel import clock, ids
from sofy.kit.fields import SealedTextField
from sofy.kit.models import ClientOwned


class Chart(models.Model):
    """The accounts and the financial year of a legal entity. `accounts`: `rules.accounts.Accounts` as JSON."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.OneToOneField(LegalEntity, on_delete=models.PROTECT, related_name="+")
    accounts = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "accounting_chart"

    def __str__(self) -> str:
        return str(self.entity_id)


class Booked(ClientOwned):
    """Up to which event and invoice the books of a contract were worked out. `problem`: why they could not be."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.OneToOneField(OrderForm, on_delete=models.PROTECT, related_name="booked")
    happened = models.PositiveIntegerField()
    issued = models.PositiveIntegerField()
    problem = models.CharField(max_length=40, blank=True, default="")
    worked_out_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "accounting_booked"

    def __str__(self) -> str:
        return f"{self.order_form_id} {self.happened}/{self.issued}"


class Due(ClientOwned):
    """VAT of one category and rate that fell due, or went back, on a day: by an invoice, or by money that came in.

    Unit: EUR; `base_eur` before VAT. `piece`: the number of the document. What was forgiven (a payment a little short)
    is here too, without VAT: its base is with VAT.
    """

    class On(models.TextChoices):
        ISSUE = "issue"
        RECEIPT = "receipt"
        FORGIVEN = "forgiven"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="+")
    on = models.CharField(max_length=9, choices=On.choices)
    day = models.DateField()
    piece = models.CharField(max_length=35)
    category = models.CharField(max_length=2)
    rate = models.DecimalField(max_digits=5, decimal_places=2)
    base_eur = models.DecimalField(max_digits=12, decimal_places=2)
    vat_eur = models.DecimalField(max_digits=12, decimal_places=2)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "accounting_due"
        indexes: ClassVar = [models.Index(fields=["entity", "day"], name="accounting_due_of_period")]

    def __str__(self) -> str:
        return f"{self.day} {self.piece} {self.vat_eur}"


class Sale(ClientOwned):
    """What a document sold of one product, before VAT; below zero for a credit note. Unit: EUR."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    piece = models.CharField(max_length=35)
    product = models.CharField(max_length=40)
    net_eur = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        db_table = "accounting_sale"
        indexes: ClassVar = [models.Index(fields=["entity", "day"], name="accounting_sale_of_period")]

    def __str__(self) -> str:
        return f"{self.day} {self.piece} {self.net_eur}"


class Deposit(ClientOwned):
    """An invoice on its way through the approved platform. `tracking_id`: our name for it there: it goes once."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for the platform")
        DEPOSITED = "deposited", _("Deposited at the platform")
        REFUSED = "refused", _("Not taken by the platform")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="deposit")
    number = models.CharField(max_length=35)
    tracking_id = models.CharField(max_length=60, unique=True)
    flow_id = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    problem = SealedTextField(under="entity_id", default=b"", blank=True)
    tried = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "accounting_deposit"
        indexes: ClassVar = [models.Index(fields=["number"], name="accounting_deposit_number")]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"


class Said(ClientOwned):
    """A status of an invoice that the platform or the buyer said, or that we said to them (212, collected).

    `by_rate`: what was collected since it was last said, VAT included, by rate. `sent_at`: when ours left.
    `message_id`: a message counts once, however often it comes.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="said")
    message_id = models.CharField(max_length=80)
    code = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    reason_code = models.CharField(max_length=40, blank=True, default="")
    reason = SealedTextField(under="entity_id", default=b"", blank=True)
    by_rate = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounting_said"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deposit", "message_id", "code"], name="accounting_said_once")
        ]

    def __str__(self) -> str:
        return f"{self.deposit_id} {self.code}"


class Mailbox(models.Model):
    """Up to when news of a platform were read. `url`: of the platform."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    url = models.CharField(max_length=300, unique=True)
    since = models.DateTimeField()

    class Meta:
        db_table = "accounting_mailbox"

    def __str__(self) -> str:
        return f"{self.since}"


class Health(ClientOwned):
    """How a client stands, as it was last worked out. `rank`: how much it needs somebody; the highest first.

    Unit: EUR with VAT; `used`: messages of the month. `dated_on`: the day its next deadline was worked out.
    """

    rank = models.PositiveSmallIntegerField(default=0)
    licensed = models.PositiveIntegerField(default=0)
    active = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    open_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    overdue_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    oldest_due_on = models.DateField(null=True)
    access = models.CharField(max_length=12, blank=True, default="")
    problems = models.PositiveSmallIntegerField(default=0)
    deadline = models.CharField(max_length=20, blank=True, default="")
    deadline_on = models.DateField(null=True)
    insured_until = models.DateField(null=True)
    dated_on = models.DateField(null=True)
    worked_out_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "accounting_health"
        constraints: ClassVar = [models.UniqueConstraint(fields=["client_id"], name="accounting_one_health")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.rank}"
