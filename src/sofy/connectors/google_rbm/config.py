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
#: People change phones: nothing said of one is believed for longer.
OLDEST_CAPABILITY_S: Final = 30 * 86_400


class ServiceAccount(msgspec.Struct, frozen=True):
    """What is used of the JSON file that Google gives out."""

    client_email: str
    private_key: str
    token_uri: str = _GIVES_TOKENS


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An RCS agent at Google. Unit: seconds for `_s`, requests per second for rate_per_s (0: no limit of ours).

    `service_account` is the text of the account's JSON file; `client_email` and `private_key` say the same where there
    is only those. `client_token` is the one the callback address was set up with. `use_case` is what Google has
    approved the agent for. `ttl_s` is for messages that say nothing of how long they are worth. `capability_age_s`: how
    long an answer about a phone is believed. `retries`: how often a message is sent again that Google did not take;
    `error_retries`: one of which nobody knows.
    """

    base_url: _Url = "https://europe-rcsbusinessmessaging.googleapis.com"
    token_url: _Url | None = None
    agent_id: Annotated[Secret, msgspec.Meta(pattern=r"^[A-Za-z0-9_.@-]{1,100}$")]
    service_account: Secret = ""
    client_email: Secret = ""
    private_key: Secret = ""
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
    capability_age_s: Annotated[float, msgspec.Meta(gt=0, le=OLDEST_CAPABILITY_S)] = 86_400.0

    def __post_init__(self) -> None:
        self.key()

    @property
    def account(self) -> ServiceAccount:
        """Who asks for tokens. Raises: ValueError, without a word of the key."""
        if not self.service_account:
            return ServiceAccount(self.client_email, self.private_key)
        try:
            return msgspec.json.decode(self.service_account, type=ServiceAccount)
        except (msgspec.MsgspecError, UnicodeError):
            raise ValueError("service_account: this is not the JSON file of a service account") from None

    @property
    def grants_at(self) -> str:
        """Where tokens are given out."""
        return self.token_url or self.account.token_uri

    @property
    def agent(self) -> str:
        """The agent's identifier as events write it too: some have the address of the agent, with its domain."""
        return self.agent_id.removesuffix("@rbm.goog")

    def key(self) -> RSAPrivateKey:
        """The private key; whoever copies it out of the JSON file brings its line ends as backslash and n.

        Raises: ValueError.
        """
        account = self.account
        pem = account.private_key.replace("\\n", "\n").encode()
        try:  # to check its primes takes 30 ms, each time settings are read; a wrong one only signs what Google refuses
            key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        except (ValueError, TypeError):
            key = None
        if not account.client_email or not isinstance(key, RSAPrivateKey):
            raise ValueError("service_account, or client_email and private_key: the RSA key of an account is missing")
        return key
