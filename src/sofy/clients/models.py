"""Clients, their establishments, and who works in them."""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sofy.clients import rules
from sofy.kernel import clock, ids
from sofy.kit.fields import SealedTextField
from sofy.kit.models import ClientOwned


class Role(models.TextChoices):
    """What a person is to a client."""

    OWNER = rules.OWNER, _("Owner")
    MARKETER = rules.MARKETER, _("Marketer")
    STORE_MANAGER = rules.STORE_MANAGER, _("Store manager")
    DEVELOPER = rules.DEVELOPER, _("Developer")
    AUDITOR = rules.AUDITOR, _("Auditor (reads only)")


class State(models.TextChoices):
    """Whether messages of a client may leave."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class Cause(models.TextChoices):
    """Why a client is suspended: the codes of `contracts.rules.access`, whose table says what each one means."""

    DEFAULT = "default", _("Unpaid invoice, after notice (art. 7.2)")
    FRAUD = "fraud", _("Fraud (art. 7.2)")
    SECURITY = "security", _("Risk for the platform (art. 11)")
    MISSING_STOP = "missing_stop", _("STOP mention missing (art. 14.1)")
    AF2M = "af2m", _("AF2M rules broken (art. 13)")
    OPERATOR_FAULT = "operator_fault", _("Our own fault (art. 11)")
    COURT_ORDER = "court_order", _("Court order (art. 12)")


class Client(models.Model):
    """A business customer of the operator: everything else of the product belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("Name"), max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    suspension_cause = models.CharField(max_length=16, choices=Cause.choices, default="", blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(_("Time zone"), max_length=40, default="Europe/Paris")
    approval_required = models.BooleanField(_("A second person approves each campaign"), default=False)
    cap_messages = models.PositiveSmallIntegerField(_("Marketing messages per person, at most"), null=True, blank=True)
    cap_days = models.PositiveSmallIntegerField(_("in how many days"), default=7)
    hours = models.JSONField(null=True, blank=True)
    budget_eur = models.DecimalField(_("Budget (€ before VAT)"), max_digits=12, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "clients_client"

    def __str__(self) -> str:
        return self.name

    #: What the person of this request is here; set by `services.resolve_client`.
    viewer_role: str | None = None
    viewer_establishments: frozenset[UUID] | None = None
    support_visit: "SupportVisit | None" = None

    def can(self, permission: str) -> bool:
        """Whether the person this client was resolved for holds a permission."""
        return rules.can(self.viewer_role, permission)

    def sees_establishment(self, establishment_id: UUID | None) -> bool:
        """Whether that person works with an establishment; store managers see theirs only."""
        return self.viewer_establishments is None or establishment_id in self.viewer_establishments


class Establishment(ClientOwned):
    """A licensed point of sale."""

    name = models.CharField(_("Name"), max_length=120)
    code = models.CharField(_("Your own code"), max_length=40, blank=True)
    street = SealedTextField(default=b"", blank=True)
    postcode = models.CharField(_("Postcode"), max_length=10, blank=True)
    town = models.CharField(_("Town"), max_length=80, blank=True)
    insee = models.CharField(_("INSEE code of the town"), max_length=5, blank=True)
    latitude = models.FloatField(_("Latitude"), null=True, blank=True)
    longitude = models.FloatField(_("Longitude"), null=True, blank=True)
    timezone = models.CharField(_("Time zone"), max_length=40, default="Europe/Paris")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "clients_establishment"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="establishment_id_per_client"),
            models.UniqueConstraint(
                fields=["client_id", "code"], condition=~models.Q(code=""), name="establishment_code_per_client"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(ClientOwned):
    """A person who works for a client, in one role."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "clients_membership"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="membership_id_per_client"),
            models.UniqueConstraint(fields=["client_id", "user"], name="one_membership_per_client"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class MembershipEstablishment(ClientOwned):
    """An establishment a store manager works with."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="places")
    establishment = models.ForeignKey(Establishment, on_delete=models.CASCADE, related_name="managers")

    class Meta:
        db_table = "clients_membership_establishment"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "establishment"], name="one_place_per_membership")
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.establishment_id}"


class Invitation(ClientOwned):
    """A place in the team that waits for somebody; the link in the e-mail opens it once."""

    email = SealedTextField()
    role = models.CharField(max_length=20, choices=Role.choices)
    establishment_ids = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "clients_invitation"

    def __str__(self) -> str:
        return f"{self.id} {self.role}"

    @property
    def is_open(self) -> bool:
        """Whether somebody can still take the place."""
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > clock.now()


class SupportVisit(ClientOwned):
    """The operator's staff in a client's workspace: who, why, until when. Only the staff login writes it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "clients_supportvisit"
        indexes: ClassVar = [
            models.Index(fields=["user", "client_id"], condition=models.Q(ended_at=None), name="clients_support_open")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.user_id}"
