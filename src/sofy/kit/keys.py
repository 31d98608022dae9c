"""The client keys of this process: one key store, opened at the first sealed value."""

from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from sofy.kernel.crypto import ClientKeys

if TYPE_CHECKING:
    from sofy.engine.keystore import KeyStore


@cache
def keystore() -> "KeyStore":
    """The key store named by the configuration."""
    from sofy.engine.keystore import KeyStore

    return KeyStore(settings.SOFY)


def keys_for(client_id: UUID) -> ClientKeys:
    """The keys of one client, or of a legal entity of the operator, from the store's cache after the first time."""
    return keystore().client(client_id)
