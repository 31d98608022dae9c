"""Who may call: keys, their rights, from where, and how often."""

import asyncio
import base64
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.engine import permissions
from sofy.ingest import callers
from sofy.ingest.problems import Fault, language_of
from sofy.ingest.reading import Reader
from sofy.ingest.tests.conftest import Api, House, Program, alert
from sofy.kernel import clock, ids

pytestmark = pytest.mark.clause("DPA 7")

NOBODY = "019ab000-0000-7000-8000-000000000007"
DOORS = [
    ("POST", "/v1/messages", "messages:send"),
    ("POST", "/v1/messages/batch", "messages:send"),
    ("GET", "/v1/messages", "messages:read"),
    ("GET", f"/v1/messages/{NOBODY}", "messages:read"),
    ("DELETE", f"/v1/messages/{NOBODY}", "messages:send"),
    ("POST", f"/v1/messages/{NOBODY}/conversion", "messages:send"),
    ("POST", "/v1/route-plan", "messages:send"),
]
PLACE = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
BAD_KEYS = {
    "empty": "",
    "another kind": "Basic c29meTpzZWNyZXQ=",
    "kind alone": "Bearer",
    "kind and blanks": "Bearer    ",
    "key alone": f"sofy_{PLACE}.secret",
    "not ours": "Bearer hello",
    "another start": f"Bearer other_{PLACE}.secret",
    "no secret": f"Bearer sofy_{PLACE}",
    "no client": "Bearer sofy_.secret",
    "short client": "Bearer sofy_AAAA.secret",
    "long client": f"Bearer sofy_{PLACE}AAAA.secret",
    "client of signs": "Bearer sofy_!!!!!!!!!!!!!!!!!!!!!!.secret",
    "accents": "Bearer sofy_é.secret",
    "unknown client": f"Bearer sofy_{PLACE}.secret",
    "twice": f"Bearer sofy_{PLACE}.secret sofy_{PLACE}.secret",
}


@pytest.mark.parametrize(("method", "path", "scope"), DOORS)
async def test_every_door_asks_for_a_key(method, path, scope, api: Api):
    answer = await api.ask(method, path, alert())

    assert (answer.status, answer.code) == (401, "key_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "scope"), DOORS)
async def test_every_door_asks_for_its_right(method, path, scope, api: Api, house: House):
    others = [each for each in ("messages:send", "messages:read") if each != scope]
    program = Program(api, house.add_key(scopes=others))

    answer = await program.ask(method, path, alert())

    assert (answer.status, answer.code) == (403, "scope_missing")
    assert scope in answer.json["detail"]
    assert house.count() == 0


@pytest.mark.parametrize("case", BAD_KEYS)
async def test_a_key_that_is_none_opens_nothing(case, api: Api):
    answer = await api.ask("POST", "/v1/messages", alert(), headers=[("authorization", BAD_KEYS[case])])

    assert answer.status == 401
    assert answer.code in ("key_missing", "key_unknown")
    assert "secret" not in answer.body.decode()


async def test_a_key_with_another_secret_opens_nothing(api: Api, house: House):
    key = house.add_key()

    assert (await Program(api, key).send()).status == 202
    assert (await Program(api, key + "x").send()).code == "key_unknown"
    assert (await Program(api, key[:-1]).send()).code == "key_unknown"


async def test_a_key_of_one_client_does_not_open_another(api: Api, house: House):
    key, other = house.add_key(), house.new_client()
    place = base64.urlsafe_b64encode(other.bytes).decode().rstrip("=")

    answer = await Program(api, f"sofy_{place}.{key.partition('.')[2]}").send()

    assert answer.code == "key_unknown"


async def test_the_kind_of_a_key_is_read_in_any_case(api: Api, house: House):
    for kind in ("bearer", "BEARER", "Bearer  "):
        headers = [("authorization", f"{kind} {house.add_key(secret=kind.strip())}")]
        assert (await api.ask("POST", "/v1/messages", alert(), headers=headers)).status == 202


@given(header=st.text(max_size=80) | st.binary(max_size=40).map(lambda b: "Bearer sofy_" + b.decode("latin-1")))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_no_header_is_read_as_more_than_a_key_or_a_refusal(header: str):
    assert _read_status(header) in (None, 401)
    assert language_of(header) in ("fr", "en")


def _read_status(header: str) -> int | None:
    try:
        callers._read(header)
    except Fault as fault:
        return fault.status
    return None


async def test_a_revoked_key_opens_nothing_at_once(house: House, start: Callable[..., Any], monkeypatch: Any):
    """In two processes, which would believe the key for an hour."""
    monkeypatch.setattr("sofy.ingest.callers._TRUSTED_S", 3600.0)
    key_id = ids.uuid7()
    programs = [Program(await start(), key) for key in [house.add_key(key_id=key_id)] for _ in range(2)]
    await _listened_to(house, 2)
    assert [(await each.send()).status for each in programs] == [202, 202]

    permissions.end_api_key(house.admin, house.client, key_id)

    async with asyncio.timeout(5):
        while [(await each.send()).code for each in programs if (await each.send()).status != 202] != [
            "key_unknown"
        ] * 2:
            await asyncio.sleep(0.02)


async def _listened_to(house: House, processes: int) -> None:
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
    async with asyncio.timeout(5):
        while house.row(query)["n"] < processes:
            await asyncio.sleep(0.02)


async def test_a_revoked_key_opens_nothing_when_the_notice_is_lost(program: Program, house: House, monkeypatch: Any):
    assert (await program.send()).status == 202
    house.admin.execute("UPDATE gate_api_key SET revoked_at = now()")  # and nobody is told

    monkeypatch.setattr("sofy.ingest.callers._TRUSTED_S", 0.0)

    assert (await program.send()).code == "key_unknown"


async def test_when_a_key_was_used_is_known_to_the_minute(house: House, start: Callable[..., Any]):
    from sofy.ingest.app import create

    app = create(house.config(), house.engine_url)
    async with app.router.lifespan_context(app):
        await Program(Api(app), house.add_key()).send()

    assert house.row("SELECT last_used_at FROM gate_api_key")["last_used_at"] == clock.DEMO_START


FROM = [
    ("192.0.2.7", ["192.0.2.0/24"], True),
    ("192.0.3.7", ["192.0.2.0/24"], False),
    ("192.0.3.7", ["192.0.2.0/24", "192.0.3.7/32"], True),
    ("2001:db8::1", ["2001:db8::/32"], True),
    ("2001:db9::1", ["2001:db8::/32"], False),
    ("::ffff:192.0.2.7", ["192.0.2.0/24"], True),
    ("192.0.2.7", ["2001:db8::/32"], False),
    ("unix", ["192.0.2.0/24"], False),
    ("", ["0.0.0.0/0"], False),
]


@pytest.mark.parametrize(("address", "networks", "allowed"), FROM)
async def test_a_key_is_used_from_its_networks_only(address, networks, allowed, api: Api, house: House):
    program = Program(api, house.add_key(networks=networks))

    answer = await program.ask("POST", "/v1/messages", alert(), address=address)

    assert answer.status == (202 if allowed else 403)
    assert allowed or answer.code == "key_network"


async def test_without_a_proxy_of_ours_nobody_is_believed_about_addresses(api: Api, house: House):
    program = Program(api, house.add_key(networks=["192.0.2.0/24"]))

    answer = await program.ask(
        "POST", "/v1/messages", alert(), address="203.0.113.9", headers=[("x-forwarded-for", "192.0.2.7")]
    )

    assert answer.code == "key_network"


FORWARDED = [
    (1, ["192.0.2.7"], True),
    (1, ["203.0.113.9, 192.0.2.7"], True),
    (1, ["192.0.2.7, 203.0.113.9"], False),  # what the caller wrote is left of what the proxy saw
    (1, ["192.0.2.7,"], False),
    (1, ["192.0.2.7:443"], False),
    (1, [""], False),
    (1, [], False),
    (2, ["192.0.2.7, 10.0.0.1"], True),
    (2, ["192.0.2.7, 203.0.113.9, 10.0.0.1"], False),
    (2, ["192.0.2.7"], False),
]


@pytest.mark.parametrize(("proxies", "lines", "allowed"), FORWARDED)
async def test_behind_proxies_what_the_outermost_saw_counts(
    proxies, lines, allowed, house: House, start: Callable[..., Any]
):
    program = Program(await start(SOFY_PROXIES=str(proxies)), house.add_key(networks=["192.0.2.0/24"]))

    answer = await program.ask(
        "POST", "/v1/messages", alert(), address="10.0.0.2", headers=[("x-forwarded-for", each) for each in lines]
    )

    assert answer.status == (202 if allowed else 403)


@pytest.mark.parametrize("lines", [["192.0.2.7", "203.0.113.9"], ["192.0.2.7, 192.0.2.7", "203.0.113.9"]])
async def test_a_line_of_the_callers_own_is_not_believed(lines, house: House, start: Callable[..., Any]):
    program = Program(await start(SOFY_PROXIES="1"), house.add_key(networks=["192.0.2.0/24"]))

    answer = await program.ask(
        "POST", "/v1/messages", alert(), address="10.0.0.2", headers=[("x-forwarded-for", each) for each in lines]
    )

    assert answer.status == 403


async def test_a_key_asks_so_often_and_no_more(api: Api, house: House, monkeypatch: pytest.MonkeyPatch):
    now = 1003.0
    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: now))
    program, other = Program(api, house.add_key(per_10s=2)), Program(api, house.add_key(secret="other"))
    await _listened_to(house, 1)  # keys are forgotten, with their counts, when listening begins

    first, second, third = [await program.send() for _ in range(3)]

    assert [each.status for each in (first, second, third)] == [202, 202, 429]
    assert first.headers["ratelimit-policy"] == '"requests";q=2;w=10'
    assert [each.headers["ratelimit"] for each in (first, second)] == ['"requests";r=1;t=7', '"requests";r=0;t=7']
    assert third.headers["retry-after"] == "7"
    assert (third.code, third.json["facts"]) == ("rate_exceeded", {"limit": 2, "window": 10, "seconds": 7})
    assert (await other.send()).status == 202
    now = 1010.0
    assert (await program.send()).status == 202
    assert house.count() == 4


async def test_who_asked_too_often_is_told_the_limit_in_the_headers_too(api: Api, house: House):
    program = Program(api, house.add_key(per_10s=1))

    answers = [await program.send() for _ in range(3)]

    (refused, *_) = [each for each in answers if each.status == 429]
    assert refused.headers["ratelimit-policy"] == '"requests";q=1;w=10'


async def test_a_key_that_is_looked_up_again_is_still_counted(api: Api, house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: 1003.0))
    monkeypatch.setattr(callers, "_TRUSTED_S", -1.0)
    program = Program(api, house.add_key(per_10s=1))
    await _listened_to(house, 1)

    assert [(await program.send()).status for _ in range(2)] == [202, 429]


async def test_a_refusal_says_how_much_is_left_too(program: Program):
    answer = await program.send({})

    assert answer.status == 422
    assert answer.headers["ratelimit"].startswith('"requests";r=99999;')


async def test_the_address_of_the_description_and_of_health_needs_no_key(api: Api):
    for path in ("/v1/openapi.json", "/healthz", "/readyz"):
        assert (await api.ask("GET", path)).status == 200


async def test_a_process_that_ended_leaves_no_connection(house: House, monkeypatch: pytest.MonkeyPatch):
    from sofy.engine.link import HotLink
    from sofy.ingest.app import create

    links: list[HotLink] = []
    monkeypatch.setattr("sofy.ingest.house.HotLink", lambda *a, **m: links.append(HotLink(*a, **m)) or links[-1])
    app = create(house.config(), house.engine_url)
    async with app.router.lifespan_context(app):
        await Program(Api(app), house.add_key()).send()

    opened = [each._connection for each in links if each._connection is not None and not each._connection.closed]
    for connection in opened:
        await connection.close()
    assert opened == []


async def test_with_the_database_away_the_process_says_so(house: House):
    from sofy.ingest.app import create

    app = create(house.config(), "postgresql://nobody@127.0.0.1:1/nowhere")

    answer = await Api(app).ask("GET", "/readyz")

    assert (answer.status, answer.body) == (503, b"database away")


async def test_a_key_that_ends_while_it_is_looked_up_is_not_trusted(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
):
    """Its row was read before it ended, and the notice came before it was remembered."""
    key_id = ids.uuid7()
    program = Program(api, house.add_key(key_id=key_id))
    ordinary = Reader.rows

    async def rows(self: Reader, name: str, values: Any = None) -> Any:
        found = await ordinary(self, name, values)
        if name == "api_key" and found:
            monkeypatch.undo()
            permissions.end_api_key(house.admin, house.client, key_id)
            await asyncio.sleep(0.3)
        return found

    monkeypatch.setattr(Reader, "rows", rows)
    answers = [await program.send(), await program.send()]

    assert [each.status for each in answers] == [202, 401]


async def test_a_key_that_ends_gives_no_other_a_new_window(api: Api, house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: 1003.0))
    ended = ids.uuid7()
    house.add_key(secret="ended", key_id=ended)
    program = Program(api, house.add_key(per_10s=1))
    await program.send()

    permissions.end_api_key(house.admin, house.client, ended)
    await asyncio.sleep(0.3)

    assert (await program.send()).status == 429
