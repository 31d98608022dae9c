"""Files of banks, their lines, what a person has to decide, mandates and the debits made under them.

All of it is the operator's: sealed under the key of its legal entity (`under="entity_id"`). A client sees its own
mandates and debits, nothing else.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.billing.models import Invoice
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.kernel import clock, ids
from sofy.kit.fields import IndexField, SealedTextField
from sofy.kit.models import ClientOwned


class Account(models.Model):
    """A bank account of a legal entity. `form`: what its statements are, since the first one; lines of another form
    would have other keys and count twice.
    """

    class Form(models.TextChoices):
        NONE = "", _("No statement yet")
        CAMT = "camt", "camt.053"
        CFONB = "cfonb", "CFONB 120"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    iban = SealedTextField(under="entity_id")
    iban_index = IndexField()
    form = models.CharField(max_length=8, choices=Form.choices, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "treasury_account"
        constraints: ClassVar = [models.UniqueConstraint(fields=["entity", "iban_index"], name="treasury_account_once")]

    def __str__(self) -> str:
        return f"…{str(self.iban)[-4:]}"


class BankFile(models.Model):
    """A file that was taken in. `told`: its name, its statements and their balances; `lines`: those it holds, of which
    `known` were there already and `early` only announce. The original is kept beside the database, sealed.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    told = SealedTextField(under="entity_id")
    lines = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    early = models.PositiveIntegerField(default=0)
    taken_at = models.DateTimeField(default=clock.now)
    matched_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "treasury_file"
        constraints: ClassVar = [models.UniqueConstraint(fields=["entity", "sha256"], name="treasury_file_once")]

    def __str__(self) -> str:
        return self.sha256[:12]


class Entry(models.Model):
    """A booked line of an account, known by its key. `line`: what the bank said; `outcome`: what matching made of it.

    Unit: `amount_eur` with its sign, in the currency of the account.
    """

    class State(models.TextChoices):
        NEW = "new", _("Not matched yet")
        WAITING = "waiting", _("Waits for an earlier statement")
        QUEUE = "queue", _("Waits for a person")
        DONE = "done", pgettext_lazy("bank line", "Dealt with")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="entries")
    key = models.CharField(max_length=50)
    place = models.PositiveIntegerField()
    booked_on = models.DateField()
    amount_eur = models.DecimalField(max_digits=18, decimal_places=2)
    line = SealedTextField(under="entity_id")
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW)
    kind = models.CharField(max_length=8, blank=True, default="")
    outcome = SealedTextField(under="entity_id", default=b"", blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "treasury_entry"
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "key"], name="treasury_entry_once")]
        indexes: ClassVar = [
            models.Index(fields=["entity", "id"], name="treasury_entry_undecided", condition=~models.Q(state="done")),
            models.Index(fields=["file", "state"], name="treasury_entry_of_file"),
            models.Index(fields=["entity", "booked_on"], name="treasury_entry_booked"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_eur}"


class Question(models.Model):
    """A payment of a line that a person has to decide. `told`: why, and what the engine suggests; `answer`: what it
    became. Unit: `amount_eur` with its sign.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("bank line", "To be decided")
        LATER = "later", _("Put aside")
        PAID = "paid", _("Given to invoices")
        APART = "apart", _("Not a client’s payment")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="questions")
    place = models.PositiveIntegerField()
    booked_on = models.DateField()
    amount_eur = models.DecimalField(max_digits=18, decimal_places=2)
    told = SealedTextField(under="entity_id")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = SealedTextField(under="entity_id", default=b"", blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        db_table = "treasury_question"
        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "place"], name="treasury_question_once")]
        indexes: ClassVar = [
            models.Index(fields=["state", "booked_on", "id"], name="treasury_question_state"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_eur}"


class Mandate(ClientOwned):
    """The right to debit a client, by its reference (RUM). `blocked`: the code with which a debit came back, until
    somebody has seen to it. When it was last used, and what the bank was told of it then, its debits say.
    """

    class Scheme(models.TextChoices):
        CORE = "CORE", "CORE"
        B2B = "B2B", "B2B"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.CharField(max_length=35)
    scheme = models.CharField(max_length=4, choices=Scheme.choices, default=Scheme.CORE)
    once = models.BooleanField(default=False)
    signed_on = models.DateField()
    debtor = SealedTextField(under="entity_id")
    iban = SealedTextField(under="entity_id")
    closed_on = models.DateField(null=True)
    revoked_on = models.DateField(null=True)
    registered_on = models.DateField(null=True)
    blocked = models.CharField(max_length=10, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "treasury_mandate"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entity", "reference"], name="treasury_mandate_once"),
            models.UniqueConstraint(fields=["client_id", "id"], name="treasury_mandate_id_per_client"),
        ]

    def __str__(self) -> str:
        return self.reference


class Batch(models.Model):
    """A file of direct debits for the bank, as it was made. `content`: pain.008, byte for byte."""

    class State(models.TextChoices):
        MADE = "made", _("Made, not answered")
        TAKEN = "taken", _("Taken by the bank")
        PART = "part", _("Taken in part")
        REFUSED = "refused", pgettext_lazy("batch of debits", "Refused by the bank")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    message_id = models.CharField(max_length=35)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MADE)
    debits_count = models.PositiveIntegerField()
    total_eur = models.DecimalField(max_digits=14, decimal_places=2)
    content = SealedTextField(under="entity_id")
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "treasury_batch"
        constraints: ClassVar = [models.UniqueConstraint(fields=["entity", "message_id"], name="treasury_batch_once")]

    def __str__(self) -> str:
        return self.message_id


class Debit(ClientOwned):
    """A direct debit of one invoice. While it is sent or collected, the invoice is in no other batch.

    `told`: reference, account and creditor as the bank was told them; what differs next time is an amendment.
    """

    class State(models.TextChoices):
        SENT = "sent", pgettext_lazy("direct debit", "In a batch")
        COLLECTED = "collected", pgettext_lazy("direct debit", "Collected")
        RETURNED = "returned", pgettext_lazy("direct debit", "Came back")
        REJECTED = "rejected", pgettext_lazy("direct debit", "Refused by the bank")
        CANCELLED = "cancelled", pgettext_lazy("direct debit", "Cancelled")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="debits")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="debits")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+")
    end_to_end_id = models.CharField(max_length=35)
    payment_id = models.CharField(max_length=35)
    amount_eur = models.DecimalField(max_digits=12, decimal_places=2)
    collect_on = models.DateField()
    sequence = models.CharField(max_length=4)
    told = SealedTextField(under="entity_id")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENT)
    reason = models.CharField(max_length=10, blank=True, default="")
    allocated_eur = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    changed_on = models.DateField(null=True)

    class Meta:
        db_table = "treasury_debit"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entity", "end_to_end_id"], name="treasury_debit_once"),
            models.UniqueConstraint(
                fields=["invoice"], condition=models.Q(state__in=["sent", "collected"]), name="treasury_one_live_debit"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["client_id", "collect_on"], name="treasury_debit_of_client")]

    def __str__(self) -> str:
        return self.end_to_end_id
