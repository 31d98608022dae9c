"""What a person fills in for a WhatsApp route."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sofy.connectors.base import Secret

#: The version whose request and answer bodies the types of `wire.py` follow.
API_VERSION = "v23.0"

Count = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[float, Meta(gt=0)]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,32}$")]
#: How many people a portfolio may write to first in any 24 hours; 0: as many as it wants.
PortfolioLimit = Literal[250, 2_000, 10_000, 100_000, 0]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A WhatsApp Business number. Unit: seconds for `_s`, messages per second for rate_per_s.

    `app_secret` signs what Meta calls back with, `verify_token` is the word both sides agree on when that is set up.
    `portfolio_limit` is how many people may be written to first in any 24 hours (0: no limit). `list_label` is on the
    button that opens a list of choices. `authentication_templates` are those that carry a code. `send_ttl`: say with
    each template how long it may be tried; without, what the template itself says holds. `closed_s`: when Meta
    is asked again after it said that it serves nobody of this account.
    """

    base_url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")] = "https://graph.facebook.com"
    api_version: Annotated[str, Meta(pattern=r"^v[0-9]{1,2}\.[0-9]$")] = API_VERSION
    phone_number_id: Digits
    business_account_id: Digits
    access_token: Secret
    app_secret: Secret
    verify_token: Secret
    rate_per_s: Annotated[float, Meta(ge=0, le=10_000)] = 80
    window: Count = 100
    pair_pause_s: Annotated[float, Meta(ge=0)] = 6.0
    portfolio_limit: PortfolioLimit = 0
    send_ttl: bool = True
    authentication_templates: Annotated[frozenset[str], Meta(examples=[["code_de_connexion"]])] = frozenset()
    list_label: Annotated[str, Meta(min_length=1, max_length=20)] = "Choisir"
    retries: Count = 20
    closed_s: Seconds = 60.0
    connect_timeout_s: Seconds = 10.0
    response_timeout_s: Seconds = 30.0
    media_bytes: Annotated[int, Meta(ge=1)] = 100 * 1024 * 1024

    def url(self, path: str) -> str:
        """The address of something in the Graph."""
        return f"{self.base_url.rstrip('/')}/{self.api_version}/{path}"
