"""The simulated mailboxes beside the operator: a route that leads to them, and where they post what comes back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from sofy.kernel import config as settings
from sofy.project import runtime
from sofy.project.simulators import SIMULATORS, folder

Sofy = Callable[..., Any]


def test_the_route_to_the_mailboxes_is_saved_with_its_hook(sofy: Sofy, tmp_path: Path):
    (mailboxes,) = (one for one in SIMULATORS if one.connector == "email_smtp")
    sofy("route", "list", "--json")
    here = msgspec.structs.replace(runtime.open_django(), var_dir=tmp_path)
    assert isinstance(here, settings.Config)

    mailboxes.connect(here, "http://127.0.0.1:8055", "http://127.0.0.1:8001")
    mailboxes.connect(here, "http://127.0.0.1:8155", "http://127.0.0.1:8001")

    from sofy.project import routing

    route_id, secret = routing.hook_of("sandbox-email", connector="email_smtp")
    told = json.loads((folder(here, "email_smtp") / "hook.json").read_text())
    assert told == {"url": f"http://127.0.0.1:8001/hooks/email_smtp/{route_id}", "secret": secret}
    _, listed = sofy("route", "list", "--json")
    assert "sandbox-email" in [row["code"] for row in json.loads(listed)["routes"]]
