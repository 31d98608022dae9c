"""Who may bind, how often, and until when."""

import asyncio
import ssl
from datetime import timedelta
from typing import Any

import pytest

from sofy.kernel import clock, ids
from sofy.smsc import accounts
from sofy.smsc.tests.conftest import PASSWORD, Client, House, alert
from sofy.wire.smpp.codes import Command, Status
from sofy.wire.smpp.pdu import encode_sm
from sofy.wire.smpp.session import BindKind, BindRefused, ClientSession, SessionSettings

#: What every log-in asks and checks, in this order.
ASKED = ("smpp_login", "smpp_account", "argon2")


async def refusal(client_of: Any, *given: Any, **more: Any) -> int:
    """The status with which a bind is refused."""
    with pytest.raises(BindRefused) as caught:
        await client_of(*given, **more)
    return caught.value.status


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [("till", "wrong", Status.RINVPASWD), ("till", "", Status.RINVPASWD), ("nobody", PASSWORD, Status.RINVPASWD)],
)
async def test_a_wrong_login_opens_nothing(system_id: str, password: str, status: int, house: House, client_of: Any):
    house.add_account()

    assert await refusal(client_of, system_id, password) == status
    assert house.count("smpp_bind") == 0


@pytest.mark.clause("DPA 7")
async def test_an_unknown_system_id_cannot_be_told_from_a_wrong_password(
    house: House, server: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    house.add_account()
    done: list[str] = []
    link, verify = server.door._accounts._link, accounts.Accounts._verify

    async def rows(name: str, values: Any) -> Any:
        done.append(name)
        return await type(link).rows(link, name, values)

    def checked(self: Any, kept: str, password: str) -> bool:
        done.append("argon2")
        return verify(self, kept, password)

    monkeypatch.setattr(link, "rows", rows)
    monkeypatch.setattr(accounts.Accounts, "_verify", checked)
    seen = []
    for system_id in ("till", "nobody"):
        done.clear()
        seen.append((await refusal(client_of, system_id, "wrong"), [each for each in done if each in ASKED]))

    assert seen[0] == seen[1] == (Status.RINVPASWD, list(ASKED))


async def test_an_account_is_used_from_its_networks_only(house: House, client_of: Any):
    house.add_account("elsewhere", networks=["192.0.2.0/24"])
    house.add_account("here", networks=["192.0.2.0/24", "127.0.0.0/8"])

    assert await refusal(client_of, "elsewhere") == Status.RBINDFAIL
    assert (await client_of("here")).session.bound


async def test_binds_are_counted_across_processes(house: House, serve: Any, client_of: Any):
    house.add_account(max_binds=2)
    other = await serve()
    first = await client_of()
    await client_of(port=other.port, kind=BindKind.RECEIVER)

    assert await refusal(client_of) == Status.RBINDFAIL
    assert await refusal(client_of, port=other.port) == Status.RBINDFAIL

    await first.session.unbind()
    async with asyncio.timeout(10):
        while house.count("smpp_bind") > 1:
            await asyncio.sleep(0.01)
    assert (await client_of(port=other.port)).session.bound


async def test_binds_of_a_process_that_died_stop_counting(house: House, client_of: Any):
    account = house.add_account(max_binds=1)
    house.admin.execute(
        "INSERT INTO smpp_bind (client_id, account_id, id, process, kind, since, lease_until)"
        " VALUES (%s, %s, %s, %s, 'receiver', %s, now() + interval '0.5 s')",
        [house.client, account, ids.uuid7(), ids.uuid7(), clock.now()],
    )

    assert await refusal(client_of) == Status.RBINDFAIL
    await asyncio.sleep(0.6)
    assert (await client_of()).session.bound


@pytest.mark.parametrize(("column", "value"), [("disabled_at", clock.DEMO_START), ("password", "$argon2id$other")])
async def test_an_account_that_ends_is_logged_out_at_once(column: str, value: Any, house: House, till: Client):
    house.change(house.account, column, value)

    async with asyncio.timeout(5):
        await till.session.closed
    assert till.session.reason == "the other end unbound"


async def test_a_disabled_account_does_not_bind(house: House, client_of: Any):
    house.add_account(disabled_at=clock.now())

    assert await refusal(client_of) == Status.RBINDFAIL


async def test_a_rate_that_staff_change_holds_at_once(house: House, till: Client):
    house.change(house.account, "per_s", 1)
    await asyncio.sleep(0.5)

    statuses = [status for status, _ in await till.submit(*[alert()] * 4)]

    assert statuses[0] == 0
    assert statuses[-1] == Status.RTHROTTLED


async def test_an_unbind_is_agreed_to_after_the_answers(house: House, till: Client):
    sequence = till.session.next_sequence()
    till.session.submit([(sequence, sequence, encode_sm(Command.SUBMIT_SM, sequence, alert()))])
    await till.session._request(Command.UNBIND, {})

    assert till.answers[sequence][0] == 0


async def test_a_server_that_stops_answers_first(house: House, serve: Any, client_of: Any):
    house.add_account()
    other = await serve()
    client = await client_of(port=other.port)
    submitted = asyncio.create_task(client.submit(*[alert()] * 300))
    await asyncio.sleep(0)
    while not other.door._tasks:
        await asyncio.sleep(0)

    await other.door.leave(5)

    assert {status for status, _ in await submitted} == {0}
    assert house.count() == 300


async def test_over_tls(house: House, serve: Any):
    house.add_account()
    server = await serve()
    certificate = house.folder / "smpp" / "self-signed.pem"
    context = ssl.create_default_context(cafile=str(certificate))
    settings = SessionSettings(system_id="till", password=PASSWORD)
    client = Client(server.tls_port, "till", PASSWORD, BindKind.TRANSCEIVER)

    _, session = await asyncio.get_running_loop().create_connection(
        lambda: ClientSession(settings, client), "localhost", server.tls_port, ssl=context
    )
    await session.bind()
    client.session = session

    assert [status for status, _ in await client.submit(alert())] == [0]
    await session.unbind()


async def test_the_far_future_is_no_lease(house: House, till: Client):
    """Renewal keeps a bind, however long it stands."""
    await asyncio.sleep(1.5)

    (row,) = house.rows("SELECT lease_until > now() AS held, kind, host(peer) AS peer FROM smpp_bind")
    assert row == {"held": True, "kind": "transceiver", "peer": "127.0.0.1"}
    assert timedelta(0) < house.row("SELECT lease_until - now() AS left FROM smpp_bind")["left"]
