"""Clients and their people for tests."""

from itertools import count
from typing import Any

from django.contrib.auth import get_user_model

from sofy.clients.models import Client
from sofy.clients.services import add_member, create_client

_numbers = count(1)


def make_client(name: str = "", **fields: Any) -> Client:
    """A client with its keys."""
    return create_client(name=name or f"Client {next(_numbers)}", **fields)


def make_member(client: Client, role: str = "marketer", **fields: Any) -> Any:
    """A person in the team of a client; without a second factor."""
    establishments = fields.pop("establishments", ())
    fields.setdefault("email", f"member{next(_numbers)}@example.test")
    user = get_user_model().objects.create_user(**fields)
    add_member(client, user=user, role=role, establishments=establishments)
    return user
