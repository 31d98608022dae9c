"""The twin itself: callbacks that come again, its log, its knobs, its page, and it as a process."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.base import Accepted
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.tests.factories import TOKEN, config, template
from sofy.sandbox.whatsapp_cloud.callbacks import signature, written
from sofy.sandbox.whatsapp_cloud.errors import GraphError
from sofy.sandbox.whatsapp_cloud.journal import AcceptedLog
from sofy.sandbox.whatsapp_cloud.pages import page
from sofy.sandbox.whatsapp_cloud.people import People
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, Profile, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import GraphServer
from sofy.sandbox.whatsapp_cloud.tests.factories import PHONE, Line, sign
from sofy.sandbox.whatsapp_cloud.validation import checked


async def test_a_callback_that_is_not_answered_200_comes_again(line: Line) -> None:
    await line.up(retry_s=0.02)
    line.ear.statuses = [500, 404, 503]

    line.open_window()
    await line.until(lambda: bool(line.ear.bodies))

    assert line.graph.meta.stats["callbacks_refused"] == 3
    assert len(line.ear.heard.inbound) == 1


async def test_nobody_is_called_who_does_not_know_the_word(line: Line) -> None:
    line.ear.config = config(verify_token="another")
    await line.up()

    line.open_window()
    await line.until(lambda: line.graph.meta.stats["subscription_refused"] > 0)

    assert line.ear.bodies == []


async def test_the_octets_that_are_sent_are_those_that_were_signed() -> None:
    body = written([{"id": "1", "changes": [{"value": {"text": "été / 👍"}}]}])

    assert b"\\u00e9t\\u00e9 \\/ \\ud83d\\udc4d" in body
    assert signature("app-secret", body) == sign(body)


async def test_another_address_is_taken_by_override_and_by_file(line: Line, tmp_path: Path) -> None:
    await line.up()
    file = tmp_path / "subscription.json"
    other = GraphServer(SandboxConfig(subscription=file, app_secret="app-secret", profile=PROFILES["plain"]))
    await other.start()
    other.meta.say(PHONE, {"type": "text", "text": {"body": "Bonjour"}})
    await asyncio.sleep(0.05)

    file.write_text(json.dumps({"callback_url": line.ear.url, "verify_token": "verify-me"}))
    await line.until(lambda: bool(line.ear.heard.inbound))
    url = f"{line.graph.url}/v23.0/102290129340398/subscribed_apps"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        good = {"override_callback_uri": f"{line.ear.url}?x=1", "verify_token": "verify-me"}
        async with session.post(url, json=good) as agreed:
            pass
        async with session.post(url, json={**good, "verify_token": "wrong"}) as refused:
            pass
    await other.stop()

    assert (agreed.status, refused.status) == (200, 400)


async def test_what_was_taken_is_on_disk_before_it_is_answered(line: Line, tmp_path: Path) -> None:
    path = tmp_path / "whatsapp.log"
    await line.up()
    line.graph.meta.log = AcceptedLog(path)
    one = template()

    line.connectors[0].submit([one])
    await line.until(lambda: bool(line.engine.outcomes))

    (row,) = [json.loads(text) for text in path.read_text().splitlines()]
    outcome = line.engine.outcomes[0].outcome
    assert isinstance(outcome, Accepted)
    assert (row["id"], row["to"], row["opaque"]) == (outcome.supplier_id, PHONE, str(one.message_id))


async def test_people_read_answer_tap_and_say_stop(line: Line) -> None:
    await line.up(reads=1.0, stop=0.4, taps=0.3, reacts=0.2, wishes_stop=0.1)
    messages = [template("soldes", "Camille", "x", purpose="marketing", to=f"+3363998{n:04}") for n in range(60)]

    line.connectors[0].submit(messages)
    await line.until(lambda: len(line.engine.of(Accepted)) == 60)
    await line.until(lambda: line.graph.meta.pending == 0)

    inbound = line.ear.heard.inbound
    assert {one.kind for one in inbound} == {"text", "reply", "reaction"}
    tapped = [one for one in inbound if one.kind == "reply"]
    assert all(one.opts_out and one.answers.startswith("wamid.") for one in tapped)
    assert any((one.detail or {}).get("preference") == "stop" for one in inbound)


def test_the_same_seed_gives_everybody_the_same_fate() -> None:
    def fates(seed: int) -> list[Any]:
        people = People(Profile(seed=seed))
        return [people.fate(f"3363998{n:04}", is_marketing=True, has_buttons=True) for n in range(50)]

    assert fates(1) == fates(1) != fates(2)


async def test_knobs_turn_while_it_runs_and_wrong_ones_are_refused(line: Line) -> None:
    await line.up()
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{line.graph.url}/sandbox/profile", json={"fails": 1.0}) as turned:
            pass
        async with session.post(f"{line.graph.url}/sandbox/profile", json={"fales": 1.0}) as unknown:
            pass
        said = {"from": f"+{PHONE}", "text": "Bonjour"}
        async with session.post(f"{line.graph.url}/sandbox/say", json=said) as heard:
            pass
        async with session.post(f"{line.graph.url}/sandbox/wish", json={"from": PHONE, "value": "stop"}) as wished:
            pass
        judged = {"name": "soldes", "quality": "RED", "state": "PAUSED", "reason": "NONE"}
        async with session.post(f"{line.graph.url}/sandbox/templates", json=judged) as paused:
            pass
        async with session.get(f"{line.graph.url}/sandbox/stats") as stats:
            counted = await stats.json()
        async with session.get(line.graph.url, headers={"Accept-Language": "en"}) as shown:
            html = await shown.text()
    await line.until(lambda: len(line.ear.heard.templates) == 2 and len(line.ear.heard.inbound) == 2)

    assert [one.status for one in (turned, unknown, heard, wished, paused)] == [200, 400, 200, 200, 200]
    assert line.graph.meta.profile.fails == 1.0
    assert counted["said"] == 1
    assert "Simulated WhatsApp" in html
    assert '<div class="bubble me">Bonjour</div>' in html


def test_the_page_shows_words_as_words() -> None:
    log = AcceptedLog(None)
    assert "Aucun message" in page(log, "fr")

    log.said(PHONE, "<script>alert(1)</script>")

    assert "&lt;script&gt;" in page(log, "fr")
    assert "<script>alert" not in page(log, "fr")


def test_the_page_writes_numbers_as_people_do_and_finds_one() -> None:
    log = AcceptedLog(None)
    log.said("33639980006", "Bonjour")
    log.said("FR.13491208655302741918", "Salut")

    found = page(log, "fr", "06 39 98 00 06")

    assert "06 39 98 00 06</a>" in found
    assert "Salut" not in found
    assert ">FR.13491208655302741918</a>" in page(log, "fr")
    assert "Aucun message à ce numéro" in page(log, "fr", "06 39 98 00 07")


async def test_a_browser_gets_the_page_and_its_looks_without_a_token(line: Line) -> None:
    await line.up()
    async with aiohttp.ClientSession() as session:
        async with session.get(line.graph.url) as shown:
            page = await shown.text()
        async with session.get(f"{line.graph.url}/style.css") as style:
            looks = await style.text()

    assert (shown.status, style.status, style.content_type) == (200, 200, "text/css")
    assert '<link rel="stylesheet" href="/style.css">' in page
    assert ".bubble" in looks


async def test_what_is_not_there_is_said_as_the_graph_says_it(line: Line) -> None:
    await line.up()
    url = f"{line.graph.url}/v23.0/106540352242922"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        async with session.get(f"{line.graph.url}/v23.0/999/messages") as unknown:
            missing = await unknown.json()
        async with session.post(f"{url}/messages", data=b"{") as broken:
            no_json = await broken.json()
        async with session.get(url) as number:
            shown = await number.json()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/messages", json={}) as stranger,
    ):
        refused = await stranger.json()

    assert (missing["error"]["code"], missing["error"]["error_subcode"]) == (100, 33)
    assert no_json["error"]["code"] == 100
    assert (stranger.status, refused["error"]["code"]) == (401, 190)
    assert shown["display_phone_number"] == "+33639980000"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["messaging_product", "to", "type", "text", "body", "template", "name", "interactive", "action"]
                )
                | st.text(max_size=5),
                inner | st.just("whatsapp") | st.just("template") | st.just("interactive"),
                max_size=6,
            )
        ),
        max_leaves=10,
    )
)
def test_any_body_is_taken_or_refused_with_a_code(body: Any) -> None:
    code = 0
    try:
        checked(body)
    except GraphError as error:
        code = error.body()["error"]["code"]

    assert code in (0, 100, 131008, 131009, 131051, 132012)


def test_it_never_runs_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="production"):
        GraphServer(SandboxConfig(environment="production"))


@pytest.mark.parametrize(("environment", "runs"), [("demo", True), ("production", False)])
async def test_it_runs_as_a_process(tmp_path: Path, environment: str, runs: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sofy.sandbox.whatsapp_cloud", "--port", "0", "--log", str(tmp_path / "taken.log"),
        "--profile", "plain", "--set", "seed=3", "--access-token", TOKEN,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path), "SOFY_ENVIRONMENT": environment},
    )  # fmt: skip
    assert process.stdout is not None
    first = await process.stdout.readline()
    if not runs:
        _, complaint = await process.communicate()
        assert (first, process.returncode) == (b"", 1)
        assert b"production" in complaint
        return
    line = Line()
    connector = WhatsAppCloudConnector(config(base_url=json.loads(first)["url"]), line.engine)
    await connector.start()

    connector.submit([template()])
    await line.until(lambda: bool(line.engine.outcomes))
    await connector.stop()
    process.send_signal(signal.SIGTERM)
    summary = msgspec.json.decode(await process.stdout.readline(), type=dict[str, int])
    await process.communicate()

    assert summary["accepted"] == 1
    assert len((tmp_path / "taken.log").read_text().splitlines()) == 1
