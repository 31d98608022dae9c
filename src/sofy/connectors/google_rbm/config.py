"""What a person fills in for an RCS agent at Google."""

from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sofy.connectors.base import Secret

Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
UseCase = Literal["otp", "transactional", "promotional", "multi_use"]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$", max_length=300)]

_GIVES_TOKENS: Final = "https://oauth2.googleapis.com/token"
#: Google keeps what it cannot deliver for so long at most.
LONGEST_TTL_S: Final = 30 * 86_400


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An RCS agent at Google. Unit: seconds for `_s`, requests per second for rate_per_s (0: no limit of ours).

    `client_email` and `private_key` are those of the service account's JSON file; `client_token` is the one the
    callback address was set up with. `use_case` is what Google has approved the agent for. `ttl_s` is for messages
    that say nothing of how long they are worth. `capability_age_s`: how long an answer about a phone is believed.
    `retries`: how often a message is sent again that Google did not take; `error_retries`: one of which nobody knows.
    """

    base_url: _Url = "https://europe-rcsbusinessmessaging.googleapis.com"
    token_url: _Url = _GIVES_TOKENS
    agent_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.@-]{1,100}$")]
    client_email: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    private_key: Secret
    client_token: Secret = ""
    use_case: UseCase = "multi_use"
    ttl_s: Annotated[int, msgspec.Meta(ge=10, le=LONGEST_TTL_S)] = 86_400
    window: Count = 50
    rate_per_s: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0
    retries: Count = 100
    error_retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    error_wait_s: Seconds = 1.0
    connect_timeout_s: Seconds = 5.0
    response_timeout_s: Seconds = 10.0
    capability_age_s: Seconds = 86_400.0

    def __post_init__(self) -> None:
        try:
            key = load_pem_private_key(self.key_pem, None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("private_key: this is not the RSA private key of a service account (PEM, PKCS 8)")

    @property
    def key_pem(self) -> bytes:
        """The private key; whoever copies it out of the JSON file brings its line ends as backslash and n."""
        return self.private_key.replace("\\n", "\n").encode()

    @property
    def agent(self) -> str:
        """The agent's identifier as events write it too: some have the address of the agent, with its domain."""
        return self.agent_id.removesuffix("@rbm.goog")
