"""People who log in, for tests."""

from itertools import count
from typing import Any

from sofy.accounts.models import User
from sofy.accounts.services import create_user, ensure_totp
from sofy.clients.models import Client
from sofy.clients.services import add_member

_numbers = count(1)
PASSWORD = "correct horse battery 9"


def make_user(*, client: Client | None = None, role: str = "owner", secured: bool = True, **fields: Any) -> User:
    """A person, in the team of a client when one is given, with a second factor unless told otherwise."""
    establishments = fields.pop("establishments", ())
    fields.setdefault("email", f"person{next(_numbers)}@example.test")
    user = create_user(password=PASSWORD, **fields)
    if secured:
        ensure_totp(user)
    if client is not None:
        add_member(client, user=user, role=role, establishments=establishments)
    return user
