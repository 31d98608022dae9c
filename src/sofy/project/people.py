"""The account of the demo: a new owner for each run, so that logging in opens the client of that run."""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sofy.kernel import ids
from sofy.project import demo_contract, places, runtime

#: What the client of the demo orders; it opens four of them.
POINTS_OF_SALE = 5
_emails: dict[UUID, str] = {}


@dataclass(frozen=True)
class Login:
    """What somebody types to get in."""

    email: str
    password: str
    client: str


def password() -> str:
    """The password of all demo accounts of this checkout, made at the first run."""
    path = runtime.secrets_dir() / "demo_password"
    if not path.exists():
        places.write_private(path, f"sofy-{secrets.token_urlsafe(9)}")
    return path.read_text().strip()


def new_client(name: str, *, signed: bool = True) -> Any:
    """A client with an owner who has a second factor; `login_of` says how that owner gets in."""
    from sofy.accounts import services as accounts
    from sofy.clients import services as clients

    client = clients.create_client(name=name, actor="demo")
    email = f"demo-{ids.base58(5).lower()}@example.org"
    user = accounts.create_user(email=email, full_name="Camille Demo", password=password(), language="fr")
    accounts.ensure_totp(user)
    clients.add_member(client, user=user, role="owner", actor="demo")
    if signed:
        demo_contract.sign(client, poi=POINTS_OF_SALE, signer=user.full_name, actor=user.actor)
    _emails[client.pk] = email
    return client


def login_of(client: Any) -> Login:
    """How the owner of a client that `new_client` made gets in."""
    return Login(_emails[client.pk], password(), client.slug)


def demo_login(last: dict[str, Any] | None) -> Login:
    """The account of the last demo, or a new client to look around in when there was none."""
    from sofy.accounts.models import User

    if last and User.objects.filter(email=last.get("email", "")).exists():
        return Login(last["email"], password(), last["client"])
    return login_of(new_client("Boulangeries Martin"))


def code(email: str) -> str:
    """The present second-factor code."""
    from sofy.accounts import services

    return services.current_totp_code(email)
