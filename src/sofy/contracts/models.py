"""Order forms, the documents around them, who accepted what, and what was told to whom.

What the operator holds as controller is sealed under the key of its legal entity (`under="entity_id"`), never under a
client's: it survives the end of the client, as the law asks.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.kernel import clock, ids
from sofy.kit.fields import SealedTextField
from sofy.kit.models import ClientOwned


class LegalEntity(models.Model):
    """A company of the operator: it signs, invoices and is paid. `data`: `rules.shapes.Entity` as JSON."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    series = models.CharField(max_length=8, unique=True)
    data = SealedTextField(under="id")
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "contracts_legal_entity"

    def __str__(self) -> str:
        return self.code


class Series(models.Model):
    """How far the numbers of one kind of document went, per legal entity and year: without a gap, never again."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=4)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "contracts_series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entity", "kind", "year"], name="contracts_one_series_per_year")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year} {self.last}"


class OrderForm(ClientOwned):
    """What a client is offered and signs. `content`: what is being written, `rules.signed` says in which form.

    In clear is what SQL needs: dates and term, how many points of sale it licenses. `licences`: how many each line per
    point of sale licenses today, as billing works it out; until it does, as many as were signed.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SENT = "sent", _("Sent to the client")
        ACCEPTED = "accepted", _("Accepted")
        CANCELLED = "cancelled", _("Cancelled")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    version = models.PositiveSmallIntegerField(default=0)
    content = SealedTextField(under="entity_id")
    starts_on = models.DateField(null=True)
    term_months = models.PositiveSmallIntegerField(null=True)
    poi = models.PositiveIntegerField(default=0)
    licences = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contracts_order_form"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="order_form_id_per_client"),
            models.UniqueConstraint(
                fields=["entity", "number"], condition=~models.Q(number=""), name="order_form_number_per_entity"
            ),
        ]

    def __str__(self) -> str:
        return self.number or str(self.pk)


class OrderFormVersion(ClientOwned):
    """What was sent, byte for byte: its hash is what an acceptance names. Written once."""

    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="versions")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    content = SealedTextField(under="entity_id")
    sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField(default=clock.now)
    sent_by = models.CharField(max_length=80)

    class Meta:
        db_table = "contracts_order_form_version"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_form", "version"], name="order_form_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.order_form_id} v{self.version}"


class DocumentVersion(models.Model):
    """The general terms or the data processing agreement as published. Written once; a new version is a new row."""

    class Kind(models.TextChoices):
        CGVU = "cgvu", _("General terms")
        DPA = "dpa", _("Data processing agreement")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    version = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    effective_on = models.DateField()
    substantial = models.BooleanField(default=True)
    published_at = models.DateTimeField(default=clock.now)
    notified_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contracts_document"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "version"], name="contracts_document_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class Acceptance(ClientOwned):
    """Somebody accepted one version of one document for a client. Written once: it is the proof."""

    class Document(models.TextChoices):
        ORDER_FORM = "order_form", _("Order form")
        CGVU = "cgvu", _("General terms")
        DPA = "dpa", _("Data processing agreement")
        AF2M = "af2m", _("AF2M good practice guides")

    class How(models.TextChoices):
        SCREEN = "screen", _("On screen")
        FIRST_ACCESS = "first_access", _("At the first access")
        PAPER = "paper", _("Signed on paper, recorded by staff")

    document = models.CharField(max_length=10, choices=Document.choices)
    version = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    how = models.CharField(max_length=12, choices=How.choices)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, null=True, related_name="acceptances")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, related_name="+")
    signer = SealedTextField(under="entity_id", default=b"", blank=True)
    proof = SealedTextField(under="entity_id", default=b"", blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "contracts_acceptance"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client_id", "document", "version", "sha256"], name="contracts_accepted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.version}"


class Notice(ClientOwned):
    """Something one party told the other that a deadline hangs on, with the proofs of sending and of delivery."""

    class Kind(models.TextChoices):
        NONRENEWAL = "nonrenewal", _("Non-renewal")
        FORMAL = "formal_notice", _("Formal notice")
        SECOND = "second_notice", _("Second formal notice")
        MAINTENANCE = "maintenance", _("Maintenance")
        TERMS = "terms", _("Change of the terms")
        REFUSAL = "terms_refused", _("Refusal of changed terms")
        TERMINATION = "termination", _("Termination")
        OTHER = "other", pgettext_lazy("notice", "Other")

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        REGISTERED = "registered", _("Registered letter")
        E_REGISTERED = "e_registered", _("Qualified registered e-mail")
        MAILBOX = "mailbox", _("E-mail to the termination mailbox")
        SCREEN = "screen", _("On screen")

    class Proof(models.TextChoices):
        ACKNOWLEDGEMENT = "acknowledgement", _("Acknowledged by the recipient")
        QUALIFIED = "qualified_registered", _("Qualified registered e-mail")
        REGISTERED = "registered_letter", _("Receipt of a registered letter")

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, null=True, related_name="notices")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    from_client = models.BooleanField(default=False)
    about = models.CharField(max_length=400, blank=True)
    text = SealedTextField(under="entity_id", default=b"", blank=True)
    sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    sent_proof = SealedTextField(under="entity_id", default=b"", blank=True)
    delivered_at = models.DateTimeField(null=True)
    proof_kind = models.CharField(max_length=24, choices=Proof.choices, blank=True)
    proof = SealedTextField(under="entity_id", default=b"", blank=True)
    actor = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "contracts_notice"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="contracts_notice_id_per_client")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sent_at:%Y-%m-%d}"


class InsuranceCertificate(models.Model):
    """Proof that a party is insured; without a `client_id` it is the operator's entity, which every client sees."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    client_id = models.UUIDField(null=True, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    insurer = SealedTextField(under="entity_id")
    policy = SealedTextField(under="entity_id")
    expires_on = models.DateField()
    recorded_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "contracts_insurance"

    def __str__(self) -> str:
        return f"{self.expires_on}"


class OnboardingStep(ClientOwned):
    """A step of what the onboarding fee pays for, and when it was done."""

    class Step(models.TextChoices):
        AUDIT = "audit", _("Audit of needs")
        SET_UP = "set_up", _("Set-up of the accounts")
        IMPORT = "import", _("Import of the contact files")
        TRAINING = "training", _("Training of the administrators")

    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=10, choices=Step.choices)
    place = models.PositiveSmallIntegerField()
    done_on = models.DateField(null=True)
    done_by = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "contracts_onboarding"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_form", "step"], name="onboarding_step_once")]

    def __str__(self) -> str:
        return self.step


class TransferConsent(ClientOwned):
    """The operator's written consent that a client hands its contract to somebody else."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    order_form = models.ForeignKey(OrderForm, on_delete=models.PROTECT, related_name="transfers")
    to = SealedTextField(under="entity_id")
    consented_on = models.DateField()
    proof = SealedTextField(under="entity_id")
    actor = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "contracts_transfer_consent"

    def __str__(self) -> str:
        return f"{self.consented_on}"


class QuotaDrift(ClientOwned):
    """More points of sale than the order forms license: a task for staff until it is settled."""

    licensed = models.PositiveIntegerField()
    active = models.PositiveIntegerField()
    since = models.DateTimeField()
    noticed_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contracts_quota_drift"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client_id"], condition=models.Q(ended_at=None), name="contracts_one_open_drift"
            )
        ]

    def __str__(self) -> str:
        return f"{self.active}/{self.licensed}"


class ProductChange(models.Model):
    """A change of the product, as every client is told of it. Written once; the same for all of them."""

    class Kind(models.TextChoices):
        UPDATE = "update", _("Update, included")
        REMOVAL = "removal", _("Function that goes away")
        MODULE = "module", _("New optional module")

    class Product(models.TextChoices):
        SOVIEW = "soview", "SoView"
        SOCONNECT = "soconnect", "SoConnect"
        SOREACH = "soreach", "SoReach"
        MESSAGING = "messaging", _("Messaging")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    product = models.CharField(max_length=10, choices=Product.choices)
    title = models.CharField(max_length=120)
    text = models.TextField()
    equivalence = models.TextField(blank=True)
    price_eur = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    effective_on = models.DateField()
    announced_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "contracts_product_change"

    def __str__(self) -> str:
        return self.title


class Contact(ClientOwned):
    """Whom the operator writes to at a client about one matter; the client says who. One per matter."""

    class Kind(models.TextChoices):
        BILLING = "billing", _("Invoices and payments")
        SECURITY = "security", _("Security and incidents")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = SealedTextField()
    email = SealedTextField()
    phone = SealedTextField(default=b"", blank=True)
    changed_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "contracts_contact"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "kind"], name="contracts_one_contact_per_matter")
        ]

    def __str__(self) -> str:
        return self.kind
