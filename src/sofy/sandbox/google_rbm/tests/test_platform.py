"""The simulated platform: what it takes and refuses, what becomes of a message, and how it calls back."""

import base64
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from sofy.connectors.google_rbm.tests.factories import AGENT, TOKEN, outgoing
from sofy.connectors.google_rbm.token import GRANT, SCOPE, assertion
from sofy.connectors.smpp.tests.factories import Engine
from sofy.kernel.content import Button, Content
from sofy.sandbox.google_rbm import schema
from sofy.sandbox.google_rbm.fate import Fates
from sofy.sandbox.google_rbm.page import page
from sofy.sandbox.google_rbm.profile import PROFILES, Profile, Range, SandboxConfig
from sofy.sandbox.google_rbm.server import SimulatedRbm
from sofy.sandbox.google_rbm.tests.conftest import House, Make, settings
from sofy.sandbox.google_rbm.webhooks import SetUpFailed, Webhook
from sofy.sandbox.smpp.profile import Curve

PHONE = "+33639980001"
TEXT = {"contentMessage": {"text": "Bonjour"}, "ttl": "600s"}


class Caller:
    """A client written by hand from the reference."""

    def __init__(self, rbm: SimulatedRbm, http: aiohttp.ClientSession) -> None:
        self.rbm = rbm
        self.http = http
        self.token = ""

    async def log_in(self) -> None:
        status, body = await self.ask_token()
        assert status == 200
        self.token = body["access_token"]

    async def ask_token(self, key: RSAPrivateKey | None = None, ago_s: int = 0, **changes: Any) -> tuple[int, Any]:
        config = settings(self.rbm, **changes)
        signed = assertion(config, key or config.key(), int(time.time()) - ago_s)
        form = {"grant_type": GRANT, "assertion": signed}
        async with self.http.post(f"{self.rbm.url}/token", data=form) as answer:
            return answer.status, await answer.json()

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.rbm.url}{path}"
        async with self.http.request(method, url, params=query, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def send(self, body: Any, phone: str = PHONE, agent: str = AGENT, named: str = "") -> tuple[int, Any]:
        named = named or str(uuid4())
        return await self.ask("POST", f"/v1/phones/{phone}/agentMessages", body, messageId=named, agentId=agent)


@pytest.fixture
async def caller(rbm: SimulatedRbm) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as http:
        made = Caller(rbm, http)
        await made.log_in()
        yield made


def turn(rbm: SimulatedRbm, **changes: Any) -> None:
    rbm.platform.profile = msgspec.structs.replace(rbm.platform.profile, **changes)


# tokens


@pytest.mark.parametrize("changes", [{"client_email": "else@example.com"}, {"token_url": "http://127.0.0.1:1/token"}])
async def test_a_claim_about_somebody_or_somewhere_else_gets_no_token(changes: Any, caller: Caller) -> None:
    assert await caller.ask_token(**changes) == (400, {"error": "invalid_grant"})


async def test_a_claim_signed_by_another_key_gets_no_token(caller: Caller) -> None:
    assert await caller.ask_token(generate_private_key(65537, 2048)) == (400, {"error": "invalid_grant"})


async def test_an_old_claim_gets_no_token(caller: Caller) -> None:
    assert (await caller.ask_token(ago_s=4000))[0] == 400


async def test_the_claim_is_the_one_of_the_grant(rbm: SimulatedRbm) -> None:
    config = settings(rbm)

    head, claims, _ = assertion(config, config.key(), 1_800_000_000).split(".")

    assert msgspec.json.decode(base64.urlsafe_b64decode(head + "==")) == {"alg": "RS256", "typ": "JWT"}
    assert msgspec.json.decode(base64.urlsafe_b64decode(claims + "==")) == {
        "iss": config.client_email,
        "scope": SCOPE,
        "aud": config.token_url,
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
    }


async def test_without_a_token_nothing_is_answered(caller: Caller) -> None:
    caller.token = "stolen"

    status, body = await caller.send(TEXT)

    assert (status, body["error"]["status"]) == (401, "UNAUTHENTICATED")


# messages


async def test_a_message_is_answered_as_the_resource(rbm: SimulatedRbm, caller: Caller) -> None:
    named = str(uuid4())

    status, body = await caller.send(TEXT, named=named)

    assert status == 200
    assert body["name"] == f"phones/{PHONE}/agentMessages/{named}"
    assert body["contentMessage"] == {"text": "Bonjour"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", body["expireTime"])


def _with(**content: Any) -> dict[str, Any]:
    return {"contentMessage": content}


_CARD = {"title": "Une"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        _with(),
        _with(text=""),
        _with(text="x" * 3073),
        _with(text="x", richCard={"standaloneCard": {"cardOrientation": "VERTICAL", "cardContent": _CARD}}),
        _with(text="x", surprise=1),
        _with(text="x", suggestions=[{"reply": {"text": "x" * 26, "postbackData": "x"}}]),
        _with(text="x", suggestions=[{"reply": {"text": "x"}}]),
        _with(text="x", suggestions=[{"action": {"text": "x", "postbackData": "x"}}]),
        _with(text="x", suggestions=[{"reply": {"text": "x", "postbackData": "x"}}] * 12),
        _with(richCard={"standaloneCard": {"cardContent": _CARD}}),
        _with(richCard={"standaloneCard": {"cardOrientation": "VERTICAL", "cardContent": {}}}),
        _with(richCard={"standaloneCard": {"cardOrientation": "HORIZONTAL", "cardContent": _CARD}}),
        _with(richCard={"carouselCard": {"cardWidth": "MEDIUM", "cardContents": [_CARD]}}),
        _with(richCard={"carouselCard": {"cardWidth": "MEDIUM", "cardContents": [_CARD] * 11}}),
        _with(richCard={"carouselCard": {"cardContents": [_CARD] * 2}}),
        _with(contentInfo={"fileUrl": "file:///etc/passwd"}),
        {**TEXT, "messageTrafficType": "SPAM"},
        {**TEXT, "ttl": "600"},
        {**TEXT, "ttl": "0s"},
        {**TEXT, "ttl": "99999999s"},
        {**TEXT, "expireTime": "2099-01-01T00:00:00Z"},
        {"contentMessage": {"text": "x"}, "expireTime": "2001-01-01T00:00:00Z"},
        {"contentMessage": {"text": "x"}, "expireTime": "tomorrow"},
    ],
)
async def test_what_rbm_refuses_is_refused(body: Any, rbm: SimulatedRbm, caller: Caller) -> None:
    status, answer = await caller.send(body)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert not rbm.platform.log.messages


async def test_identifiers_agents_and_numbers_are_checked(rbm: SimulatedRbm, caller: Caller) -> None:
    named = str(uuid4())
    turn(rbm, ranges=(Range("+3363998999", "no_rcs"),))

    assert (await caller.send(TEXT, named="42"))[0] == 400
    assert (await caller.send(TEXT, phone="0639980001"))[0] == 400
    assert (await caller.send(TEXT, agent="another"))[0] == 403
    assert (await caller.send(TEXT, phone="+33639989999"))[0] == 404
    assert (await caller.send(TEXT, named=named))[0] == 200
    assert (await caller.send(TEXT, named=named))[0] == 409


async def test_phones_are_told_about_one_by_one_and_in_bulk(rbm: SimulatedRbm, caller: Caller) -> None:
    turn(rbm, ranges=(Range("+3363998999", "no_rcs"),), batch_get_per_min=3)
    users = [f"+3363998{n:04}" for n in range(500)]
    ask = {"users": [PHONE, "+33639989999"], "agentId": AGENT}

    status, body = await caller.ask("GET", f"/v1/phones/{PHONE}/capabilities", requestId="1", agentId=AGENT)
    assert status == 200
    assert "RICHCARD_STANDALONE" in body["features"]
    missing = await caller.ask("GET", "/v1/phones/+33639989999/capabilities", requestId="1", agentId=AGENT)
    assert missing[0] == 404
    assert await caller.ask("POST", "/v1/users:batchGet", ask) == (200, {"reachableUsers": [PHONE]})
    assert (await caller.ask("POST", "/v1/users:batchGet", {**ask, "users": []}))[0] == 400
    assert (await caller.ask("POST", "/v1/users:batchGet", {**ask, "users": ["0639"]}))[0] == 400
    status, body = await caller.ask("POST", "/v1/users:batchGet", {**ask, "users": users})
    assert (body["totalRandomSampleUserCount"], body["reachableRandomSampleUserCount"]) == (375, 375)
    assert (await caller.ask("POST", "/v1/users:batchGet", ask))[0] == 200
    assert (await caller.ask("POST", "/v1/users:batchGet", ask))[0] == 429


async def test_an_identifier_is_still_known_after_a_restart(tmp_path: Path) -> None:
    named = str(uuid4())
    answers = []

    for _ in range(2):
        rbm = SimulatedRbm(SandboxConfig(port=0, agent_id=AGENT, folder=tmp_path, profile=PROFILES["plain"]))
        await rbm.start()
        async with aiohttp.ClientSession() as http:
            caller = Caller(rbm, http)
            await caller.log_in()
            answers.append((await caller.send(TEXT, named=named))[0])
        await rbm.stop()

    assert answers == [200, 409]
    assert len((tmp_path / "accepted.jsonl").read_bytes().splitlines()) == 1
    assert (tmp_path / "account.json").stat().st_mode & 0o077 == 0


async def test_a_platform_that_was_killed_goes_on_where_it_was(
    rbm: SimulatedRbm, house: House, engine: Engine, tmp_path: Path
) -> None:
    profile = msgspec.structs.replace(
        PROFILES["plain"], delivery=Curve(0.3, 0.0), ranges=(Range("+3363998000", "offline"),)
    )
    places = SandboxConfig(port=0, agent_id=AGENT, folder=tmp_path, profile=profile)
    called_back = str(uuid4())

    first = SimulatedRbm(places)
    await first.start()
    async with aiohttp.ClientSession() as http:
        caller = Caller(first, http)
        await caller.log_in()
        await caller.send({**TEXT, "ttl": "0.2s"}, phone="+33639980001")
        await caller.send(TEXT, phone="+33639981001", named=called_back)
        await caller.send(TEXT, phone="+33639981002")
        await caller.ask("DELETE", f"/v1/phones/+33639981001/agentMessages/{called_back}", agentId=AGENT)
    await first.stop()
    (tmp_path / "webhooks.json").write_bytes(msgspec.json.encode([Webhook(AGENT, house.url, TOKEN)]))
    second = SimulatedRbm(places)
    await second.start()
    await engine.until(lambda: len(engine.receipts) == 2)
    await second.stop()

    assert {one.phones: one.status for one in engine.receipts} == {
        ("33639980001",): "expired",
        ("33639981002",): "delivered",
    }
    assert second.platform.states[called_back] == "revoked"


# what becomes of a message


async def test_receipts_come_back_signed(rbm: SimulatedRbm, house: House, engine: Engine, connect: Make) -> None:
    turn(rbm, reads=1.0)
    connector = await connect()
    message = outgoing()

    connector.submit([message])
    await engine.until(lambda: len(engine.receipts) == 2)

    assert [(one.message_id, one.status) for one in engine.receipts] == [
        (message.message_id, "delivered"),
        (message.message_id, "read"),
    ]
    assert all(one.keys[0] == str(message.message_id) for one in engine.receipts)


@pytest.mark.parametrize(("fails", "status"), [(0.0, "expired"), (1.0, "submitted")])
async def test_a_message_whose_time_is_over_is_called_back_or_not(
    fails: float, status: str, rbm: SimulatedRbm, house: House, engine: Engine, caller: Caller
) -> None:
    turn(rbm, ranges=(Range("+336", "offline"),), revoke_failed=fails)

    await caller.send({"contentMessage": {"text": "Bonjour"}, "ttl": "0.2s"})
    await engine.until(lambda: bool(engine.receipts))

    assert [one.status for one in engine.receipts] == [status]
    assert set(rbm.platform.states.values()) == {"revoked" if not fails else "waiting"}


async def test_a_message_that_was_called_back_is_never_delivered(
    rbm: SimulatedRbm, house: House, engine: Engine, caller: Caller
) -> None:
    turn(rbm, delivery=Curve(0.3, 0.0))
    named = str(uuid4())

    await caller.send(TEXT, named=named)
    revoked = await caller.ask("DELETE", f"/v1/phones/{PHONE}/agentMessages/{named}", agentId=AGENT)
    again = await caller.ask("DELETE", f"/v1/phones/{PHONE}/agentMessages/{named}", agentId=AGENT)
    await engine.until(lambda: not rbm.platform.pending)

    assert (revoked[0], again[0]) == (200, 404)
    assert not engine.receipts


@pytest.mark.clause("CGVU 14.1")
async def test_people_say_stop_in_each_of_the_ways_there_are(
    rbm: SimulatedRbm, house: House, engine: Engine, connect: Make
) -> None:
    turn(rbm, ranges=(Range("+336399800", "stops"), Range("+336399801", "unsubscribes")))
    connector = await connect()
    button = Content(text="Bonjour", buttons=[Button(label="Ne plus recevoir", value="STOP")])

    connector.submit([
        outgoing(to="+33639980001"), outgoing(button, to="+33639980002"), outgoing(to="+33639980101"),
    ])  # fmt: skip
    await engine.until(lambda: len(engine.inbound) == 3)

    said = {one.sender: one for one in engine.inbound}
    assert said["33639980001"].kind == "text"
    assert (said["33639980002"].kind, said["33639980002"].opts_out) == ("reply", True)
    assert (said["33639980101"].text, said["33639980101"].opts_out) == ("STOP", True)
    assert len({one.supplier_id for one in engine.inbound}) == 3


async def test_doubled_and_shuffled_events_all_arrive(
    rbm: SimulatedRbm, house: House, engine: Engine, connect: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sofy.sandbox.google_rbm.platform._SHUFFLED_BY_S", 0.3)
    turn(rbm, reads=1.0, doubled=1.0, shuffled=0.5)
    connector = await connect()
    messages = [outgoing(to=f"+3363998{n:04}") for n in range(30)]

    connector.submit(messages)
    await engine.until(lambda: len(engine.receipts) == 120)

    statuses = [one.status for one in engine.receipts]
    assert statuses.count("delivered") == statuses.count("read") == 60
    in_order = sorted(engine.receipts, key=lambda one: one.status)
    assert [one.status for one in in_order] != statuses


# callbacks


async def test_an_address_that_fails_holds_up_all_the_partners_agents(
    rbm: SimulatedRbm, house: House, engine: Engine, caller: Caller
) -> None:
    turn(rbm, webhook_window=1)
    rbm.platform.webhooks._wanted["another"] = Webhook("another", "http://127.0.0.1:9/", "x")
    rbm.platform.webhooks._ready.add("another")

    rbm.platform.webhooks.push("another", {"eventType": "IS_TYPING"})
    await caller.send(TEXT)
    await engine.until(lambda: rbm.platform.stats["events_refused"] >= 2)

    assert not engine.receipts
    rbm.platform.webhooks._ready.discard("another")
    rbm.platform.webhooks._wanted.pop("another")
    await engine.until(lambda: bool(engine.receipts))


async def test_what_is_not_answered_200_comes_again(
    rbm: SimulatedRbm, house: House, engine: Engine, caller: Caller
) -> None:
    house.down = True
    await caller.send(TEXT)
    await engine.until(lambda: rbm.platform.stats["events_refused"] >= 3)

    house.down = False
    await engine.until(lambda: bool(engine.receipts))

    assert len(engine.receipts) == 1


async def test_an_address_is_set_up_in_both_forms_and_refused_in_others(rbm: SimulatedRbm, house: House) -> None:
    house.form = "secret: {}"
    await rbm.platform.webhooks.set_up(Webhook(AGENT, house.url, TOKEN))

    house.form = "yes {}"
    for token in (TOKEN, "guessed"):
        with pytest.raises(SetUpFailed):
            await rbm.platform.webhooks.set_up(Webhook(AGENT, house.url, token))


async def test_an_address_that_is_wanted_is_set_up_when_it_answers(
    rbm: SimulatedRbm, house: House, engine: Engine, tmp_path: Path
) -> None:
    wanted = [Webhook(AGENT, house.url, TOKEN)]
    (tmp_path / "webhooks.json").write_bytes(msgspec.json.encode(wanted))
    other = SimulatedRbm(SandboxConfig(port=0, agent_id=AGENT, folder=tmp_path, profile=PROFILES["plain"]))
    house.form = "not yet {}"

    await other.start()
    await engine.until(lambda: other.platform.stats["set_ups_failed"] > 0)
    other.platform.webhooks.push(AGENT, {"eventType": "UNSUBSCRIBE", "eventId": "e", "senderPhoneNumber": PHONE})
    house.form = "{}"
    await engine.until(lambda: bool(engine.inbound))
    await other.stop()

    assert engine.inbound[0].opts_out


async def test_knobs_turn_while_it_runs(rbm: SimulatedRbm, caller: Caller) -> None:
    status, body = await caller.ask("PATCH", "/sandbox/profile", {"throttle_every": 1})
    assert (status, body["throttle_every"]) == (200, 1)
    assert (await caller.ask("PATCH", "/sandbox/profile", {"throttle_every": "x"}))[0] == 400

    assert (await caller.send(TEXT))[0] == 429
    assert (await caller.ask("GET", "/sandbox/stats"))[1]["fault_throttle"] == 1


# fates and looks


def test_fates_are_the_same_in_every_run() -> None:
    one, two = Fates(PROFILES["demo"]), Fates(PROFILES["demo"])
    numbers = [f"+3363998{n:04}" for n in range(2000)]

    assert [one.of(number, 0) for number in numbers] == [two.of(number, 0) for number in numbers]
    assert one.of(PHONE, 0) != one.of(PHONE, 1)
    without = sum(not one.has_rcs(number) for number in numbers)
    assert 0.15 < without / len(numbers) < 0.25


def test_shares_are_kept() -> None:
    fates = Fates(Profile(stops=0.1, chats=0.1, unsubscribes=0.1, taps=0.2, reads=1.0, offline=0))
    drawn = [fates.of(f"+3363998{n:04}", 0) for n in range(5000)]

    assert 0.17 < sum(bool(one.says) for one in drawn) / 5000 < 0.23
    assert 0.08 < sum(one.unsubscribes for one in drawn) / 5000 < 0.12
    assert 0.17 < sum(one.taps for one in drawn) / 5000 < 0.23
    assert not any(one.unsubscribes and one.taps for one in drawn)


async def test_the_page_shows_what_phones_show(rbm: SimulatedRbm, house: House, engine: Engine, connect: Make) -> None:
    turn(rbm, ranges=(Range("+336399800", "stops"),))
    connector = await connect()
    content = Content(text="Soldes <b>& plus</b>", buttons=[Button(label="Ne plus recevoir", value="STOP")])

    connector.submit([outgoing(content)])
    await engine.until(lambda: bool(engine.inbound))
    html = page(rbm.platform.log, rbm.platform.states, "06 39 98 00 01", "fr")

    assert "Soldes &lt;b&gt;&amp; plus&lt;/b&gt;" in html
    assert "<li>Ne plus recevoir</li>" in html
    assert '<div class="bubble me">Ne plus recevoir</div>' in html
    assert "06 39 98 00 01" in html
    assert "lu</small>" in html
    assert "No message to this number" in page(rbm.platform.log, rbm.platform.states, "07 00 00 00 00", "en")


def test_a_schema_of_its_own_takes_what_the_reference_shows() -> None:
    body = {
        "contentMessage": {
            "richCard": {
                "carouselCard": {
                    "cardWidth": "MEDIUM",
                    "cardContents": [
                        {
                            "title": "Une",
                            "media": {"height": "TALL", "contentInfo": {"fileUrl": "https://a.example/1.jpg"}},
                        },
                        {"description": "Deux", "suggestions": [{"reply": {"text": "Oui", "postbackData": "1"}}]},
                    ],
                }
            }
        },
        "messageTrafficType": "PROMOTION",
        "ttl": "3.5s",
    }

    assert schema.read_message(msgspec.json.encode(body)).ttl == "3.5s"
