"""`sofy service-level` and `sofy fraud settings`: the operator's figures and switches for programs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Sofy = Callable[..., Any]


@pytest.mark.clause("CGVU 28")
def test_the_month_of_every_client_is_told_the_worst_first(sofy: Sofy, engine_db: Any):
    for slug, lost in (("good", 1), ("bad", 50), ("silent", 0)):
        made = json.loads(sofy("client", "create", slug, "--slug", slug, "--json")[1])
        rows = [("reached", "", 1000), ("lost", "late", lost)] if lost else []
        with engine_db.connect("admin", autocommit=True) as admin:
            (client,) = admin.execute("SELECT id FROM clients_client WHERE slug = %s", [made["slug"]]).fetchone()
            for verdict, reason, messages in rows:
                values = [client, verdict, reason, messages]
                admin.execute("INSERT INTO service_day VALUES (%s, '2026-11-20', 'alert', 'sms', %s, %s, %s)", values)

    status, said = sofy("service-level", "--month", "2026-11", "--json")

    told = json.loads(said)
    assert status == 0
    assert [(row["client"], row["lost"], row["kept"]) for row in told["clients"]] == [
        ("bad", 50, False), ("good", 1, True),
    ]  # fmt: skip
    assert "No message" in sofy("service-level", "--month", "2026-03")[1]
    assert json.loads(sofy("service-level", "--month", "2026-13", "--json")[1])["error"] == "month_unreadable"


def test_settings_of_the_detector_are_read_and_changed(sofy: Sofy):
    def settings(*words: str) -> Any:
        return json.loads(sofy("fraud", "settings", *words, "--json")[1])

    assert settings() == {"enforce": True, "fiction": False}
    assert settings("--fiction", "on", "--enforce", "off") == {"enforce": False, "fiction": True}
    assert settings("--enforce", "on") == {"enforce": True, "fiction": True}
