"""What a person fills in for a route of e-mails."""

import ssl
from typing import Annotated, Literal

import msgspec

from sofy.connectors.base import Action, Secret
from sofy.connectors.email_smtp.pacing import PACES, Pace
from sofy.wire.email import dkim

Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
LEAST_SECRET = 16
_DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
_HERE = ("127.0.0.1", "::1", "localhost")


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes our mails. Unit: seconds for `_s`, mails per second for rate_per_s (0: no limit of ours).

    `tls` "auto": none to this machine, STARTTLS to any other. `envelope_domain` is where mails come back to: its mails
    go to `sofy bounce`; without one they go to the sender. `hook_secret` is what whoever posts returned mails must
    know; it signs the address each mail comes back to as well: after a change older mails are not known any more. Mails
    are signed with `dkim_private_key` for the domain of their sender, which points at the public key by the selector;
    without a key they are not signed. `dkim_domain` is where that key is published. `binds` is how many connections,
    `window` how many mails may wait here. `pacing` replaces rows of the usual paces, by the provider's name, by domain,
    or "*" for all others. `errors`: what to do about a code, in place of the table.
    """

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    tls: Literal["auto", "starttls", "tls", "none"] = "auto"
    tls_ca_file: str = ""
    tls_server_name: str = ""
    user: Annotated[str, msgspec.Meta(max_length=320)] = ""
    password: Secret = ""
    hello: str = "localhost"
    envelope_domain: Annotated[str, msgspec.Meta(pattern=f"^({_DOMAIN})?$")] = ""
    hook_secret: Annotated[Secret, msgspec.Meta(max_length=200)] = ""
    dkim_selector: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$")] = ""
    dkim_domain: Annotated[str, msgspec.Meta(pattern=f"^({_DOMAIN})?$")] = ""
    dkim_private_key: Secret = ""
    reply_to: str = ""
    binds: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    mails_per_connection: Count = 1_000
    window: Count = 500
    rate_per_s: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0
    pacing: Annotated[dict[str, Pace], msgspec.Meta(examples=[{"gmail": {"rate_per_s": 20, "at_once": 5}}])] = {}
    errors: Annotated[dict[str, Action], msgspec.Meta(examples=[{"5.7.1": "other_route"}])] = {}
    tries: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    connect_timeout_s: Seconds = 15.0
    response_timeout_s: Seconds = 120.0
    reconnect_s: Seconds = 1.0
    reconnect_max_s: Seconds = 60.0

    def __post_init__(self) -> None:
        if bool(self.dkim_private_key) != bool(self.dkim_selector):
            raise ValueError("dkim_private_key and dkim_selector go together")
        if self.dkim_private_key:
            try:
                dkim.load_key(self.dkim_private_key)
            except dkim.BadKey as error:
                raise ValueError(f"dkim_private_key: {error}") from None
        if self.envelope_domain and len(self.hook_secret) < LEAST_SECRET:
            raise ValueError(f"hook_secret: mails that come back need one of at least {LEAST_SECRET} characters")
        if self.user and self.tls == "none" and self.host not in _HERE:
            raise ValueError("tls: a password is not sent in clear over a network")

    def paces(self) -> dict[str, Pace]:
        """The usual paces with the route's own."""
        return PACES | self.pacing

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings, or None on a plain link. Raises: OSError, ssl.SSLError for files that are not right."""
        if self.tls == "none" or (self.tls == "auto" and self.host in _HERE):
            return None
        context = ssl.create_default_context(cafile=self.tls_ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
