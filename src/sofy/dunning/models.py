"""What was asked of late payers, with its proof, and what the last replay of each contract said.

All of it is the operator's: sealed under the key of its legal entity (`under="entity_id"`), never under a client's.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sofy.contracts.models import LegalEntity, Notice, OrderForm
from sofy.kernel import clock
from sofy.kit.fields import SealedTextField
from sofy.kit.models import ClientOwned


class Standing(ClientOwned):
    """What the last replay of a contract said of what it owes: the board reads it in one statement.

    It decides nothing and can be lost: `services.standings` works it out again after each event and each day.
    `reminded_on`: when reminders were last looked for. `problem`: why it could not be worked out; then its amounts, and
    access, stay as they were.
    Unit: EUR with VAT.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.OneToOneField(OrderForm, on_delete=models.PROTECT, related_name="standing")
    as_of = models.DateField()
    worked_out_at = models.DateTimeField(default=clock.now)
    not_due_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    late_30_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    late_60_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    late_90_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    late_more_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    contested_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    penalties_eur = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    provisional = models.BooleanField(default=False)
    oldest_due_on = models.DateField(null=True)
    next_due_on = models.DateField(null=True)
    next_act = models.CharField(max_length=20, blank=True, default="")
    next_act_on = models.DateField(null=True)
    suspended = models.BooleanField(default=False)
    insolvent = models.BooleanField(default=False)
    reminded_on = models.DateField(null=True)
    problem = models.CharField(max_length=60, blank=True, default="")
    problem_since = models.DateTimeField(null=True)

    class Meta:
        db_table = "dunning_standing"
        indexes: ClassVar = [models.Index(fields=["as_of"], name="dunning_standing_day")]

    def __str__(self) -> str:
        return f"{self.order_form_id} {self.as_of}"


class Act(ClientOwned):
    """Something that was done about what is owed, with its words, their hash and its proof. Written once.

    `key`: what makes it one, per contract, so that a chore that is killed does not do it twice. `invoices`: numbers.
    """

    class What(models.TextChoices):
        REMINDER = "reminder", _("Reminder")
        FORMAL = "formal", _("Formal notice")
        SECOND = "second", _("Second formal notice")
        WEAK_PROOF = "weak_proof", _("Sign of delivery that proves nothing")
        PROMISE = "promise", _("Promise to pay")
        LIFT_ASKED = "lift_asked", _("Lifting asked for; a second person has to agree")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="dunning_acts")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=120)
    what = models.CharField(max_length=12, choices=What.choices)
    step = models.SmallIntegerField(null=True)
    at = models.DateTimeField()
    invoices = models.JSONField(default=list)
    promised_on = models.DateField(null=True)
    amount_eur = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    text = SealedTextField(under="entity_id", default=b"", blank=True)
    paper = SealedTextField(under="entity_id", default=b"", blank=True)
    sha256 = models.CharField(max_length=64)
    proof = SealedTextField(under="entity_id", default=b"", blank=True)
    actor = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "dunning_act"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_form", "key"], name="dunning_act_once")]
        indexes: ClassVar = [models.Index(fields=["client_id", "at"], name="dunning_act_of_client")]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d}"


class Link(ClientOwned):
    """The one-time link by which the recipient of a formal notice says that it was received.

    `token_sha256`: the link itself is kept nowhere. `acknowledged_by`: the name somebody gave with it.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="+")
    token_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    acknowledged_by = SealedTextField(under="entity_id", default=b"", blank=True)

    class Meta:
        db_table = "dunning_link"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "token_sha256"], name="dunning_link_once")
        ]

    def __str__(self) -> str:
        return f"{self.notice_id}"
