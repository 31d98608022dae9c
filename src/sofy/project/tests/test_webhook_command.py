"""`sofy webhook`: a program is added, looked at, tried and removed by commands."""

import json
from collections.abc import Callable
from typing import Any

Sofy = Callable[..., Any]


def test_a_webhook_by_commands(sofy: Sofy):
    def said(*words: str) -> tuple[int, Any]:
        status, told = sofy("webhook", *words, "--json")
        return status, json.loads(told)

    sofy("client", "create", "Fleurs", "--slug", "fleurs", "--json")
    of = ("--client", "fleurs")
    _, made = said("add", *of, "--url", "http://127.0.0.1:9/hook", "--event", "message.delivered", "--batch", "500")
    _, listed = said("list", *of)
    _, rotated = said("rotate", made["id"], *of)
    tested = said("test", made["id"], *of)
    replayed = said("replay", made["id"], *of, "--since", "2026-11-24")
    removed = said("remove", made["id"], *of)
    refused = said("add", *of, "--url", "http://192.168.0.1/")
    unknown = said("enable", made["id"], *of)

    assert made["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert [(row["url"], row["events"], row["batch"]) for row in listed["webhooks"]] == [
        ("http://127.0.0.1:9/hook", ["message.delivered"], 500)
    ]
    assert (tested[0], removed[0], replayed) == (0, 0, (0, {"id": made["id"], "requests": 0}))
    assert (refused[0], refused[1]["error"]) == (1, "webhook_url_private")
    assert (unknown[0], unknown[1]["error"]) == (1, "webhook_unknown")
