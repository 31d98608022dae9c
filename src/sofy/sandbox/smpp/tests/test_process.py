"""The simulated operator as a process, its page and its clock."""

import asyncio
import base64
import hashlib
import json
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.connectors.smpp.tests.test_texts import TEXT, parts_of
from sofy.engine.shifted_clock import FileClock
from sofy.sandbox import phones
from sofy.sandbox.smpp.journal import AcceptedLog
from sofy.sandbox.smpp.phones import PhonesPage, page
from sofy.wire.smpp.pdu import Sm


async def test_it_runs_as_a_process_on_the_shared_clock(tmp_path: Path) -> None:
    FileClock(tmp_path / "clock", environment="test").advance_to(datetime(2026, 11, 24, 13, 30, tzinfo=UTC))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sofy.sandbox.smpp", "--port", "0", "--log", str(tmp_path / "accepted.log"),
        "--clock-file", str(tmp_path / "clock"), "--set", "seed=3", "--set", 'answer={"median_s": 0}',
        stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    engine = Engine()
    config = Config(host="127.0.0.1", port=ready["port"], system_id="sofy", password="secret")
    connector = SmppConnector(config, engine)

    await connector.start()
    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.outcomes))
    await connector.stop()
    process.send_signal(signal.SIGTERM)
    summary = json.loads(await process.stdout.readline())
    await process.communicate()

    assert ready["ready"] is True
    assert (summary["binds"], summary["accepted"]) == (1, 1)
    instant = datetime.fromisoformat((tmp_path / "accepted.log").read_text().split()[-1])
    assert timedelta(0) <= instant - datetime(2026, 11, 24, 13, 30, tzinfo=UTC) < timedelta(minutes=1)


def _log() -> AcceptedLog:
    log = AcceptedLog(None)
    log.accepted([("1", Sm("33639980001", "Soldes <b>& plus</b>".encode("latin-1"), "SOFY", data_coding=3))])
    log.replied(Sm("36105", "Arrêt".encode("utf-16-be"), "33639980001", data_coding=8))
    log.accepted([("2", part) for part in parts_of(TEXT)])
    return log


def test_the_page_shows_phones_as_threads() -> None:
    html = page(_log(), "06 39 98 00 01")

    assert "06 39 98 00 01" in html
    assert "Soldes &lt;b&gt;&amp; plus&lt;/b&gt;" in html
    assert '<div class="bubble me">Arrêt</div>' in html


def test_a_long_message_is_one_bubble() -> None:
    assert TEXT in page(_log(), "36105")


def test_an_empty_page_says_what_will_come() -> None:
    assert "Aucun message pour l’instant" in page(AcceptedLog(None))
    assert "Aucun message à ce numéro" in page(_log(), "07 00 00 00 00")


def test_phones_keep_their_messages_when_the_simulator_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "accepted.log"
    log = AcceptedLog(path)
    log.accepted([("1", Sm("33639980001", "Été à -20 %".encode("latin-1"), "LE FOUR", data_coding=3))])
    log.accepted([("2", part) for part in parts_of(TEXT)])
    log.close()
    with path.open("a") as file:
        file.write("3 SOFY 3363998")  # cut by a kill

    again = AcceptedLog(path)
    html = page(again)
    again.close()

    assert "Été à -20 %" in html
    assert "de LE FOUR, " in html
    assert TEXT in html


async def test_the_page_is_served_and_nothing_else() -> None:
    pages = PhonesPage(_log())
    port = await pages.start("127.0.0.1", 0)

    async def get(line: str, language: str = "") -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{line} HTTP/1.1\r\nHost: x\r\nAccept-Language: {language}\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        return answer

    assert "Téléphones simulés" in await get("GET /?number=0639980001")
    assert '<html lang="en">' in await get("GET /", "de-DE, en-GB;q=0.9, fr;q=0.8")
    assert (await get("GET /style.css")).startswith("HTTP/1.1 200")
    assert (await get("GET /etc/passwd")).startswith("HTTP/1.1 404")
    assert (await get("POST /")).startswith("HTTP/1.1 405")
    assert "default-src 'none'" in await get("GET /")
    await pages.stop()


def test_the_page_is_read_again_by_the_one_script_its_policy_knows() -> None:
    script = page(_log()).partition("<script>")[2].partition("</script>")[0]

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "typed !== document.activeElement" in script  # who types a number keeps it
    assert f"script-src 'sha256-{digest}'" in phones.POLICY


@pytest.mark.parametrize("turns", range(6))
async def test_a_visitor_who_says_nothing_is_shown_out_at_the_end(turns: int) -> None:
    pages = PhonesPage(_log())
    port = await pages.start("127.0.0.1", 0)

    with socket.create_connection(("127.0.0.1", port)):
        for _ in range(turns):
            await asyncio.sleep(0)
        await pages.stop()

        assert vars(pages._server)["_active_count"] == 0
