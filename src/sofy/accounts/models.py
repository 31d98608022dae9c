"""Users and API keys."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from sofy.accounts import sealing
from sofy.kernel import clock, ids
from sofy.kernel.text import one_line
from sofy.kit.models import ClientOwned


class UserManager(BaseUserManager["User"]):
    """Makes users whose e-mail address is written in one way only."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new user; without a password nobody can log in as them yet."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail address, however it is written."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who logs in with an e-mail address; what they may do is their membership of each client."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    email = models.EmailField(_("E-mail address"), unique=True)
    sealed_name = models.BinaryField(default=b"")
    language = models.CharField(_("Language"), max_length=5, blank=True)
    is_operator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)
    left_at = models.DateTimeField(null=True)  # since when the daily look finds no place for them: retention.py

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "accounts_user"

    def __str__(self) -> str:
        return str(self.id)

    @property
    def full_name(self) -> str:
        """The person's name; sealed at rest under the accounts' own key, since a user belongs to no single client."""
        return sealing.open_text(bytes(self.sealed_name), self._name_place())

    @full_name.setter
    def full_name(self, value: str) -> None:
        self.sealed_name = sealing.seal_text(one_line(value), self._name_place())

    def _name_place(self) -> str:
        return f"accounts_user/sealed_name/{self.id}"

    @property
    def actor(self) -> str:
        """How audit chains name this person: never by e-mail address."""
        return f"user:{self.id}"


class ApiKey(ClientOwned):
    """A key of a client's own software: 256 random bits, shown once, kept as SHA-256.

    The process that answers the API reads its own row of it (`engine.permissions.write_api_key`), which also says when
    the key was used last.
    """

    name = models.CharField(_("Name"), max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    networks = models.JSONField(
        default=list
    )  # from where it may be used, as rules.read_networks writes it; none: anywhere
    per_10s = models.IntegerField(null=True)  # requests answered in ten seconds; none: the product's own limit
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_api_key"
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["client_id", "id"], name="api_key_id_per_client")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.name}"
