"""The simulated suppliers beside the operator: how each runs, where it answers, and the route that leads to it."""

import secrets
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from sofy.kernel.config import Config
from sofy.project.processes import write_json

RCS_AGENT: Final = "sofy_agent"
_SIGNED_WITH: Final = "simulated-rbm"
_SUBSCRIPTION: Final = "subscription.json"
_HOOK: Final = "hook.json"
#: So that every channel costs something in a demo. Unit: EUR before VAT per message.
_PRICES_EUR: Final = {"rcs": Decimal("0.06"), "whatsapp": Decimal("0.08"), "email": Decimal("0.002")}


class Simulator(NamedTuple):
    """One supplier. `place` names its address: sandbox.<place>; `port` is the one it takes when it is free.

    `serve` runs it on a port in one of the profiles that `sofy sandbox` knows. `connect`, told its address and that of
    the API, saves the route that leads to it and has it call back.
    """

    connector: str
    place: str
    port: int
    serve: Callable[[Config, int, str], Coroutine[Any, Any, None]]
    connect: Callable[[Config, str, str], None]


def folder(config: Config, connector: str) -> Path:
    """What a simulator keeps: its own data, none of ours."""
    return Path(config.var_dir) / "sandbox" / connector


def _serve_rbm(config: Config, port: int, profile: str) -> Coroutine[Any, Any, None]:
    from sofy.sandbox.google_rbm.profile import PROFILES, SandboxConfig
    from sofy.sandbox.google_rbm.server import serve
    from sofy.sandbox.smpp.profile import Curve

    # Nobody waits a minute in a demo for a phone that is off.
    brisk = msgspec.structs.replace(
        PROFILES["demo"], delivery=Curve(1.2, 0.6, 6.0), reading=Curve(2.0, 0.6, 7.0), back=Curve(10.0, 0.8, 30.0)
    )
    profiles = {**PROFILES, "brisk": brisk}
    kept = folder(config, "google_rbm")
    return serve(SandboxConfig(port=port, folder=kept, agent_id=RCS_AGENT, profile=profiles[profile]))


def _connect_rbm(config: Config, url: str, api_url: str) -> None:
    from sofy.project import routing
    from sofy.sandbox.google_rbm.oauth import account

    kept = folder(config, "google_rbm")
    owner = account(kept)
    route_id = routing.save_route(
        code="sandbox-rcs",
        name="RCS simulé",
        connector="google_rbm",
        values={
            "base_url": url,
            "token_url": f"{url}/token",
            "agent_id": RCS_AGENT,
            "client_email": owner.client_email,
            "private_key": owner.private_key,
            "client_token": _SIGNED_WITH,
        },
        short_code=None,
        price_eur=_PRICES_EUR["rcs"],
    )
    callback = f"{api_url}/hooks/google_rbm/{route_id}"
    wanted = [{"agentId": RCS_AGENT, "url": callback, "clientToken": _SIGNED_WITH}]
    write_json(kept / "webhooks.json", wanted)


def _serve_meta(config: Config, port: int, profile: str) -> Coroutine[Any, Any, None]:
    from sofy.sandbox.smpp.profile import Curve
    from sofy.sandbox.whatsapp_cloud.profile import PROFILES, SandboxConfig
    from sofy.sandbox.whatsapp_cloud.server import serve

    brisk = msgspec.structs.replace(
        PROFILES["demo"], delivered=Curve(1.2, 0.6, 6.0), read=Curve(2.0, 0.6, 7.0), reply=Curve(2.0, 0.6, 7.0)
    )
    profiles = {**PROFILES, "brisk": brisk}
    kept = folder(config, "whatsapp_cloud")
    return serve(
        SandboxConfig(
            port=port,
            subscription=kept / _SUBSCRIPTION,
            log=kept / "accepted.log",
            profile=profiles[profile],
            environment=config.environment,
        )
    )


def _connect_meta(config: Config, url: str, api_url: str) -> None:
    from sofy.project import routing
    from sofy.sandbox.whatsapp_cloud.profile import SandboxConfig

    meta = SandboxConfig()
    route_id = routing.save_route(
        code="sandbox-whatsapp",
        name="WhatsApp simulé",
        connector="whatsapp_cloud",
        values={
            "base_url": url,
            "phone_number_id": meta.phone_number_id,
            "business_account_id": meta.business_account_id,
            "access_token": meta.access_token,
            "app_secret": meta.app_secret,
            "verify_token": meta.verify_token,
            "authentication_templates": ["code_de_connexion"],
        },
        short_code=None,
        price_eur=_PRICES_EUR["whatsapp"],
    )
    callback = f"{api_url}/hooks/whatsapp_cloud/{route_id}"
    write_json(
        folder(config, "whatsapp_cloud") / _SUBSCRIPTION,
        {"callback_url": callback, "verify_token": meta.verify_token},
    )


def _serve_mailboxes(config: Config, port: int, profile: str) -> Coroutine[Any, Any, None]:
    from sofy.sandbox.email_smtp.server import EmailSandboxConfig
    from sofy.sandbox.email_smtp.serving import PROFILES, serve

    kept = folder(config, "email_smtp") / _HOOK
    return serve(EmailSandboxConfig(port=port + 1 if port else 0, hook_file=kept, profile=PROFILES[profile]), port)


def _connect_mailboxes(config: Config, url: str, api_url: str) -> None:
    from sofy.connectors.email_smtp.pacing import Pace
    from sofy.project import routing
    from sofy.wire.email import dkim

    secret = secrets.token_urlsafe(24)
    values = {
        "host": "127.0.0.1",
        "port": (urlsplit(url).port or 0) + 1,  # mailboxes are looked at on one port, filled on the next
        "envelope_domain": "retours.sofy.example",
        "hook_secret": secret,
        "dkim_selector": "sofy1",
        "dkim_domain": "mail.sofy.example",
        "dkim_private_key": dkim.new_key(),
        "pacing": {"*": msgspec.to_builtins(Pace())},
    }
    route_id = routing.save_route(
        code="sandbox-email",
        name="E-mail simulé",
        connector="email_smtp",
        values=values,
        short_code=None,
        price_eur=_PRICES_EUR["email"],
    )
    hook = {"url": f"{api_url}/hooks/email_smtp/{route_id}", "secret": secret}
    write_json(folder(config, "email_smtp") / _HOOK, hook)


SIMULATORS: Final = (
    Simulator("google_rbm", "rcs", 8045, _serve_rbm, _connect_rbm),
    Simulator("whatsapp_cloud", "whatsapp", 8035, _serve_meta, _connect_meta),
    Simulator("email_smtp", "email", 8055, _serve_mailboxes, _connect_mailboxes),
)
