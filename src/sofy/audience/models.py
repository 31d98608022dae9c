"""Contacts and what they agreed to.

The tables that grow with the number of people (`PersonRow`) have composite keys that start with `client_id`, so that
a client can live on one shard, and carry no foreign key: each one would cost a look-up and a row lock per inserted
row, and these rows are written by the services of this room only, up to a million at a time, under one lock per
client. Keeping clients apart is the work of row-level security, not of foreign keys.
"""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit.fields import IndexField, SealedTextField
from sofy.kit.models import ClientOwned
from sofy.kit.rls import current_client


class PersonRow(models.Model):
    """A row of a table that grows with the number of people: composite key, no foreign key."""

    client_id = models.UUIDField(default=current_client, editable=False)

    class Meta:
        abstract = True


class Book(ClientOwned):
    """A contact book: what a shop calls "my customers" or "people met at the fair"."""

    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "audience_book"
        constraints: ClassVar = [models.UniqueConstraint(fields=["client_id", "id"], name="book_id_per_client")]

    def __str__(self) -> str:
        return self.name


class Reach(models.IntegerChoices):
    """Whether a contact can be written to on one channel for marketing; the best of their identities.

    Derived from identities, consent and suppression, and kept on the contact so that a count over a million contacts
    reads one table.
    """

    NONE = 0, "no identity for this channel"
    INVALID = 1, "only invalid identities"
    NO_CONSENT = 2, "nothing was said"
    REACHABLE = 3, "consent given"
    OPTED_OUT = 4, "refused, opposed or suppressed"


class Contact(PersonRow):
    """One person of one client. Phones and addresses are identities: several, or none."""

    class Title(models.TextChoices):
        NONE = "", ""
        MRS = "mrs", "Mme"
        MR = "mr", "M."

    pk = models.CompositePrimaryKey("client_id", "id")
    id = models.UUIDField(default=uuid7)
    title = models.CharField(max_length=4, blank=True, default="", choices=Title.choices)
    first_name = SealedTextField(null=True)
    last_name = SealedTextField(null=True)
    birth_date = models.DateField(null=True)  # in clear: segments on age need it
    language = models.CharField(max_length=5, blank=True, default="")
    street = SealedTextField(null=True)
    postcode = models.CharField(max_length=12, blank=True, default="")  # in clear: segments by place
    town = models.CharField(max_length=80, blank=True, default="")
    town_key = models.CharField(max_length=80, blank=True, default="")  # folded: found without accents
    latitude = models.FloatField(null=True)  # in clear: radius around an establishment
    longitude = models.FloatField(null=True)
    establishment_id = models.UUIDField(null=True)
    zone = models.CharField(max_length=40, null=True)  # IANA name; wins over the zones of the number
    sms = models.SmallIntegerField(choices=Reach.choices, default=Reach.NONE)
    email = models.SmallIntegerField(choices=Reach.choices, default=Reach.NONE)
    merged_into = models.UUIDField(null=True)
    import_id = models.UUIDField(null=True)  # the import that created it
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)  # also moves when consent or an identity changes
    deleted_at = models.DateTimeField(null=True)  # a merged contact is deleted too, and comes back by unmerge

    class Meta:
        db_table = "audience_contact"
        indexes: ClassVar = [
            models.Index(fields=["client_id", "postcode", "id"], name="contact_postcode"),
            models.Index(fields=["client_id", "town_key", "id"], name="contact_town"),
            models.Index(
                fields=["client_id", "establishment_id", "id"],
                name="contact_establishment",
                condition=models.Q(establishment_id__isnull=False),
            ),
            models.Index(
                fields=["client_id", "latitude", "longitude"],
                name="contact_position",
                condition=models.Q(latitude__isnull=False),
            ),
        ]


class Identity(PersonRow):
    """One way to reach a contact: a phone number in E.164, an e-mail address, later a WhatsApp or RCS id."""

    class Kind(models.TextChoices):
        PHONE = "phone", "phone"
        EMAIL = "email", "e-mail"
        WHATSAPP = "whatsapp", "WhatsApp id"
        RCS = "rcs", "RCS id"

    pk = models.CompositePrimaryKey("client_id", "id")
    id = models.UUIDField(default=uuid7)
    contact_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = SealedTextField()
    index = IndexField()  # blind index of the canonical value: the same as the engine's recipient_index
    valid = models.BooleanField(default=True)
    mobile = models.BooleanField(default=False)  # a phone that takes SMS
    position = models.SmallIntegerField(default=0)  # 0 is the preferred one of its kind
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audience_identity"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client_id", "kind", "index"],
                name="identity_once_per_client",
                condition=models.Q(deleted_at__isnull=True),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["client_id", "contact_id"], name="identity_contact")]


class NameToken(PersonRow):
    """A keyed token of a name (first 3 letters, first 5, whole word): found by prefix without a name in clear."""

    pk = models.CompositePrimaryKey("client_id", "token", "contact_id")
    token = IndexField()  # 8 bytes
    contact_id = models.UUIDField()

    class Meta:
        db_table = "audience_name_token"


class Membership(PersonRow):
    """A contact is in a book."""

    pk = models.CompositePrimaryKey("client_id", "book_id", "contact_id")
    book_id = models.UUIDField()
    contact_id = models.UUIDField()
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "audience_membership"


class ContactMerge(PersonRow):
    """Two contacts that turned out to be one person; kept so that it can be taken apart again."""

    pk = models.CompositePrimaryKey("client_id", "id")
    id = models.UUIDField(default=uuid7)
    winner_id = models.UUIDField()
    loser_id = models.UUIDField()
    image = models.BinaryField()  # sealed: what moved and what was filled in
    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=64, blank=True, default="")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audience_contact_merge"
        indexes: ClassVar = [models.Index(fields=["client_id", "winner_id"], name="contact_merge_winner")]


class Attribute(ClientOwned):
    """A field the client added to its contacts, typed once for all contacts."""

    class Kind(models.TextChoices):
        TEXT = "text", "text"
        NUMBER = "number", "number"
        DATE = "date", "date"
        BOOL = "bool", "yes or no"
        CHOICE = "choice", "one of a list"

    name = models.CharField(max_length=60)  # folded identifier, as used in messages and segments
    label = models.CharField(max_length=120)  # as written in the client's file
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    private = models.BooleanField(default=False)  # looks like personal data: sealed, not segmentable
    choices = models.JSONField(default=list)  # of a choice: the values there are, in the order they are offered
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "audience_attribute"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "name"], name="attribute_name_per_client")
        ]


class ContactAttribute(PersonRow):
    """The value of one attribute for one contact; one typed column is filled, `text` for a choice, `sealed` if private.

    Rows with typed columns, never jsonb: row-level security turns off the indexes of operators that are not leakproof.
    """

    pk = models.CompositePrimaryKey("client_id", "contact_id", "name")
    contact_id = models.UUIDField()
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Attribute.Kind.choices)
    text = models.CharField(max_length=250, null=True)
    number = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    date = models.DateField(null=True)
    bool = models.BooleanField(null=True)
    sealed = models.BinaryField(null=True)

    class Meta:
        db_table = "audience_contact_attribute"
        indexes: ClassVar = [
            models.Index(
                fields=["client_id", "name", "text", "contact_id"],
                name="attribute_text",
                condition=models.Q(text__isnull=False),
            ),
            models.Index(
                fields=["client_id", "name", "number", "contact_id"],
                name="attribute_number",
                condition=models.Q(number__isnull=False),
            ),
            models.Index(
                fields=["client_id", "name", "date", "contact_id"],
                name="attribute_date",
                condition=models.Q(date__isnull=False),
            ),
        ]


class Channel(models.TextChoices):
    """How somebody is written to; the engine uses the same words."""

    SMS = "sms", "SMS"
    EMAIL = "email", "e-mail"
    WHATSAPP = "whatsapp", "WhatsApp"
    RCS = "rcs", "RCS"


class Purpose(models.TextChoices):
    """Why somebody is written to; the engine uses the same words."""

    MARKETING = "marketing", "marketing"
    ALERT = "alert", "alert"
    OPENS = "opens", "openings told apart"


class ConsentEvent(PersonRow):
    """One fact about consent, never changed afterwards: the proof that a person agreed or refused (DPA 5).

    It names the identity by its keyed index only, so that it stays when the contact is erased.
    """

    class State(models.TextChoices):
        GRANTED = "granted", "granted"
        WITHDRAWN = "withdrawn", "withdrawn"
        OPPOSED = "opposed", "opposed"
        # Takes a recorded consent back without a word of the person: undo, correction.
        CLEARED = "cleared", "cleared"

    pk = models.CompositePrimaryKey("client_id", "id")
    id = models.UUIDField(default=uuid7)
    identity_index = IndexField()
    contact_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    purpose = models.CharField(max_length=9, choices=Purpose.choices)
    state = models.CharField(max_length=9, choices=State.choices)
    lifts = models.BooleanField(default=False)  # an explicit new opt-in with its evidence: ends earlier opt-outs
    at = models.DateTimeField()  # when the person decided
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=12)  # sofy.audience.rules.SOURCES
    detail = models.CharField(max_length=120, blank=True, default="")  # keyword, form, file source: nothing personal
    import_id = models.UUIDField(null=True)
    line = models.IntegerField(null=True)
    text_hash = models.BinaryField(null=True)  # version of the text shown: ConsentText
    evidence = models.BinaryField(null=True)  # sealed: what proves it (address of the connection, scan reference)
    actor = models.CharField(max_length=64, blank=True, default="")  # user id, api key id or process name

    class Meta:
        db_table = "audience_consent_event"
        indexes: ClassVar = [models.Index(fields=["client_id", "identity_index", "id"], name="consent_event_identity")]


class ConsentText(PersonRow):
    """A text that was shown when consent was asked, under its SHA-256."""

    pk = models.CompositePrimaryKey("client_id", "hash")
    hash = models.BinaryField()
    text = models.TextField()
    first_used_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "audience_consent_text"


class ConsentState(PersonRow):
    """What the ledger comes to for one identity, channel and purpose.

    Each column after `since` is the latest instant of its sort of event; `state` follows from them alone
    (`sofy.audience.rules.current`), so the order in which events arrive does not matter.
    """

    pk = models.CompositePrimaryKey("client_id", "identity_index", "channel", "purpose")
    identity_index = IndexField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    purpose = models.CharField(max_length=9, choices=Purpose.choices)
    state = models.CharField(max_length=9, choices=ConsentEvent.State.choices)
    since = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)  # recorded, so that a consent after an undo counts again
    cleared_at = models.DateTimeField(null=True)  # recorded
    withdrawn_at = models.DateTimeField(null=True)  # decided
    opposed_at = models.DateTimeField(null=True)  # decided
    lifted_at = models.DateTimeField(null=True)  # decided
    left_at = models.DateTimeField(null=True)  # since when nobody has the address: services/proofs.py

    class Meta:
        db_table = "audience_consent_state"
        _left = models.Q(left_at__isnull=False)
        indexes: ClassVar = [models.Index(fields=["client_id", "left_at"], condition=_left, name="consent_state_left")]


class Suppression(PersonRow):
    """An identity this client must not write to on a channel.

    Each row is backed by an `opposed` event per purpose, but those whose messages came back (`services.unreachable`).
    """

    pk = models.CompositePrimaryKey("client_id", "channel", "identity_index")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    identity_index = IndexField()
    reason = models.CharField(max_length=20)  # opt_out_list, complaint, invalid, erased, manual, `bounces.REASONS`
    source = models.CharField(max_length=120, blank=True, default="")
    import_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "audience_suppression"


class Stopped(PersonRow):
    """One of the client's numbers that a list of the platform stops: what the gate would say, kept for counts."""

    pk = models.CompositePrimaryKey("client_id", "identity_index")
    identity_index = IndexField()
    since = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "audience_stopped"


class StoppedCheck(models.Model):
    """How far a client's numbers were compared with the list of the platform, and in which state of that list."""

    client_id = models.UUIDField(primary_key=True)
    version = models.CharField(max_length=40)
    seen = models.UUIDField()

    class Meta:
        db_table = "audience_stopped_check"

    def __str__(self) -> str:
        return self.version


class Import(ClientOwned):
    """One file on its way into a book, with what is needed to resume it, to explain it and to undo it for 30 days."""

    class State(models.TextChoices):
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        UNDONE = "undone", "undone"

    class Basis(models.TextChoices):
        NONE = "", "none given"
        CONSENT = "consent", "consent"
        CUSTOMER = "customer", "existing customer, similar products"
        CONTRACT = "contract", "contract"
        INTEREST = "interest", "legitimate interest"

    book_id = models.UUIDField(null=True)  # none for a list of opt-outs
    kind = models.CharField(max_length=8, default="contacts")  # contacts | optouts
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    file_name = SealedTextField(null=True)  # people put names in file names
    file_format = models.CharField(max_length=4)
    encoding = models.CharField(max_length=20, blank=True, default="")
    delimiter = models.CharField(max_length=1, blank=True, default="")
    upload = models.CharField(max_length=80, blank=True, default="")  # name in the client's upload folder, encrypted
    mapping = models.JSONField(default=list)  # column number -> field; headers are not kept
    legal_basis = models.CharField(max_length=8, choices=Basis.choices, blank=True, default="")
    source = models.CharField(max_length=120, blank=True, default="")
    text_hash = models.BinaryField(null=True)
    actor = models.CharField(max_length=64, blank=True, default="")
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)  # rows written: where a resumed import starts
    imported = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    warnings = models.JSONField(default=dict)  # reason -> count
    alarms = models.JSONField(default=dict)
    error = models.CharField(max_length=40, blank=True, default="")
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audience_import"
        constraints: ClassVar = [models.UniqueConstraint(fields=["client_id", "id"], name="import_id_per_client")]


class ImportRow(PersonRow):
    """What one data row did, and how to take it back."""

    class Action(models.TextChoices):
        CREATED = "created", "created"
        UPDATED = "updated", "updated"
        REJECTED = "rejected", "rejected"

    pk = models.CompositePrimaryKey("client_id", "import_id", "row")
    import_id = models.UUIDField()
    row = models.IntegerField()  # as the spreadsheet shows it: the header is row 1
    action = models.CharField(max_length=8, choices=Action.choices)
    contact_id = models.UUIDField(null=True)
    at = models.DateTimeField()  # equal to the contact's updated_at as long as nobody changed it since
    before = models.BinaryField(null=True)  # sealed image of what an update replaced
    problems = models.CharField(max_length=200, blank=True, default="")  # codes, comma separated

    class Meta:
        db_table = "audience_import_row"


class SavedView(ClientOwned):
    """Columns, order and filter somebody keeps for the list of contacts."""

    name = models.CharField(max_length=80)
    user_id = models.UUIDField(null=True)  # none: shared with the team
    columns = models.JSONField(default=list)
    filter = models.JSONField(default=dict)  # segment tree; values of identities never go here
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "audience_saved_view"


from sofy.audience.bulk_models import BulkEdit as BulkEdit  # noqa: E402  tables of the same app
from sofy.audience.bulk_models import BulkItem as BulkItem  # noqa: E402
from sofy.audience.segments.models import Segment, SegmentMember  # noqa: E402,F401  tables of the same app
