"""The page docs/tutorials/first-message.md, command by command as it is printed."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.browser import ROOT
from tests.e2e.conftest import Up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGE = ROOT / "docs" / "tutorials" / "first-message.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.M | re.S)
#: Where each message of the page ends up: by which channel, and in which of these states.
ENDS = {
    "order-1234": ("sms", {"delivered"}),
    "order-1235": ("rcs", {"delivered", "read"}),
    "order-1236": ("whatsapp", {"delivered", "read"}),
    "order-1237": ("email", {"submitted"}),
    "order-1238": ("sms", {"delivered"}),
    "order-1239": ("sms", {"delivered"}),
    "order-1241": ("sms", {"delivered"}),
}


def script() -> str:
    """The commands of the page in one terminal; a program is written to the file that its first line names."""
    lines = ["set -eu"]
    for language, text in BLOCK.findall(PAGE.read_text()):
        if language == "python":
            name = text.split("\n", 1)[0].removeprefix("# ")
            lines.append(f"cat > {name} <<'PROGRAM'\n{text}PROGRAM")
        else:
            lines.append(text)
    return "\n".join([*lines, 'echo "$API $KEY"'])


def standing(api: str, key: str, reference: str) -> dict[str, object]:
    url = f"{api}/v1/messages?reference={reference}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - this machine
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: list[dict[str, object]] = json.load(answer)["messages"]
    return found[0] if found else {"channel": "", "status": "refused"}


def ended(api: str, key: str) -> dict[str, tuple[object, object]]:
    """Channel and status of each message, once all have ended or half a minute is over."""
    deadline = time.monotonic() + 30
    while True:
        found = {name: standing(api, key, name) for name in ENDS}
        shown = {name: (one["channel"], one["status"]) for name, one in found.items()}
        if time.monotonic() > deadline or all(shown[name][1] in ENDS[name][1] for name in ENDS):
            return shown
        time.sleep(0.5)


def test_every_command_of_the_page_works_and_every_channel_carries_a_message(up: Up, tmp_path: Path):
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "var").symlink_to(up.demo.var)

    done = subprocess.run(
        ["/bin/bash", "-c", script()],
        cwd=tmp_path,
        env=up.demo.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    api, key = done.stdout.splitlines()[-1].split()
    found = ended(api, key)
    assert {name: one[0] for name, one in found.items()} == {name: channel for name, (channel, _) in ENDS.items()}
    assert [(name, one) for name, one in found.items() if one[1] not in ENDS[name][1]] == []
    ladder = standing(api, key, "order-1238")["ladder"]
    assert [(one["channel"], one["status"]) for one in ladder] == [("rcs", "failed"), ("sms", "delivered")]  # type: ignore[attr-defined]
    assert "told: message.delivered order-1239" in done.stdout
    assert "idempotent-replayed: true" in done.stdout
    assert '"status": "cancelled"' in done.stdout
    assert '"code": "stop_mention_missing"' in done.stdout
    assert "order-1242 was refused: " in done.stdout
    assert "stored as " in done.stdout
    assert "stat:DELIVRD" in done.stdout
