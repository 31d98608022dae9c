"""What is the application's own in messaging; messages, routes and states belong to the engine."""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit.fields import IndexField, SealedTextField
from sofy.kit.models import ClientOwned


class Sender(ClientOwned):
    """A name that a client's messages of one channel may show: asked for, then approved or refused by staff."""

    class State(models.TextChoices):
        REQUESTED = "requested", "requested"
        APPROVED = "approved", "approved"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn"

    channel = models.CharField(max_length=10, default="sms")
    name = models.CharField(max_length=254)
    state = models.CharField(max_length=10, choices=State.choices, default=State.APPROVED)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why it was refused, or must be shown again
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["channel", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="messaging_sender_id_per_client"),
            models.UniqueConstraint(
                fields=["client_id", "channel", "name"],
                condition=models.Q(withdrawn_at=None),
                name="messaging_sender_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SenderProof(ClientOwned):
    """A document that shows that a client may use a name: a letter of the brand, a trademark, its registration."""

    class Kind(models.TextChoices):
        LETTER = "letter", "letter"
        TRADEMARK = "trademark", "trademark"
        COMPANY = "company", "company"
        OTHER = "other", "other"

    sender = models.ForeignKey(Sender, on_delete=models.CASCADE, related_name="proofs")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    media_type = models.CharField(max_length=40)
    size = models.IntegerField()
    content = SealedTextField()  # base64
    expires_on = models.DateField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)

    class Meta:
        db_table = "messaging_sender_proof"
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class ReservedName(models.Model):
    """A name on a list of the operators: nobody may use it, or only with a letter of the brand. Kept by staff."""

    class Rule(models.TextChoices):
        FORBIDDEN = "forbidden", "forbidden"
        LETTER = "letter", "letter"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=40)
    likeness = models.CharField(max_length=40, unique=True)  # how it looks: `kernel.senders.likeness`
    rule = models.CharField(max_length=10, choices=Rule.choices)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)

    class Meta:
        db_table = "messaging_reserved_name"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Template(ClientOwned):
    """A message that is written once and filled for each person, with a content for each channel it has."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=10)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "code"], name="messaging_template_code"),
            models.UniqueConstraint(fields=["client_id", "id"], name="messaging_template_id_per_client"),
        ]

    def __str__(self) -> str:
        return self.code


class TemplateVersion(ClientOwned):
    """What a template said at one time; every save makes one, and none is changed."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    contents = SealedTextField()  # JSON: channel -> kernel.content.Content
    samples = SealedTextField()  # JSON: place -> a value for previews
    design = SealedTextField(null=True)  # JSON: the blocks that the e-mail was made of (email_blocks.Design)
    restored_from = models.IntegerField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)

    class Meta:
        db_table = "messaging_template_version"
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "template", "number"], name="messaging_template_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.number}"


class WhatsappTemplate(ClientOwned):
    """Where a template stands at WhatsApp, which approves each before it may be sent outside of a conversation."""

    class State(models.TextChoices):
        SUBMITTING = "submitting", "submitting"
        PENDING = "pending", "pending"
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"
        PAUSED = "paused", "paused"
        DISABLED = "disabled", "disabled"
        ARCHIVED = "archived", "archived"
        UNSENT = "unsent", "unsent"  # WhatsApp could not take it for days

    template = models.OneToOneField(Template, on_delete=models.CASCADE, related_name="whatsapp")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=10, default="fr")
    category = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SUBMITTING)
    event = models.CharField(max_length=40, blank=True)  # what WhatsApp said last, in its word
    reason = models.CharField(max_length=300, blank=True)
    quality = models.CharField(max_length=20, blank=True)
    supplier_id = models.CharField(max_length=80, blank=True)
    version = models.IntegerField()  # which one was submitted
    submitted_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)  # while it is submitted: when that was last tried

    class Meta:
        db_table = "messaging_whatsapp_template"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "name", "language"], name="messaging_whatsapp_template_name")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class LogFile(ClientOwned):
    """Messages that somebody searched, as a file: encrypted under the client's key, for whoever asked, for a week."""

    asked = SealedTextField()  # JSON: what was searched
    language = models.CharField(max_length=5)
    actor = models.CharField(max_length=80)
    rows = models.IntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_log_file"

    def __str__(self) -> str:
        return str(self.id)


class StopFile(models.Model):
    """A file of numbers nobody may write to, as a regulator gave it; its numbers are in `platform_suppression`.

    It belongs to the platform: only the staff login reads or writes it. `remarks` are the first rows that could not be
    used, by their number and the codes of what is wrong.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "checking"
        CHECKED = "checked", "checked"
        ADDING = "adding", "adding"
        ACTIVE = "active", "active"
        WITHDRAWING = "withdrawing", "withdrawing"
        WITHDRAWN = "withdrawn", "withdrawn"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # that of the sealed upload too
    name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CHECKING)
    digest = IndexField()  # keyed hash of the content: the same file is known again
    file_format = models.CharField(max_length=4)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    numbers = models.IntegerField(default=0)  # different ones
    added = models.IntegerField(default=0)  # of these, on no list before
    known = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)  # rows
    problems = models.JSONField(default=dict)
    remarks = models.JSONField(default=list)
    error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=80, blank=True)
    withdrawn_for = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class EmailDomain(ClientOwned):
    """A domain that a client writes e-mails from, and what its DNS said when it was looked at last.

    `findings`: state and what was found, by the name of the check. `verified_at`: since when mails from it are signed
    so that others believe them.
    """

    domain = models.CharField(max_length=253)
    findings = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_email_domain"
        ordering: ClassVar = ["domain"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "domain"], name="messaging_email_domain_once"),
        ]

    def __str__(self) -> str:
        return self.domain
