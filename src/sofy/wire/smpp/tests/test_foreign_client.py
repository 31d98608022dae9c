"""Another implementation as client of the server end."""

import asyncio
import threading
from typing import Any

import pytest
import smpplib.client
import smpplib.consts

from sofy.wire.smpp.codes import Command, Status
from sofy.wire.smpp.pdu import Pdu, Sm
from sofy.wire.smpp.server import Delivered, ServerSession, ServerSettings, Submission
from sofy.wire.smpp.tests.factories import hang_up


class Echo:
    """Accepts a message and sends it back."""

    async def authenticate(self, session: ServerSession, system_id: str, password: str) -> Status:
        return Status.ROK if (system_id, password) == ("sofy", "secret") else Status.RBINDFAIL

    def on_submits(self, session: ServerSession, submissions: list[Submission]) -> None:
        for sequence, sm in submissions:
            session.answer(sequence, 0, "4f2a")
            session.deliver(Sm(sm.source, sm.short_message, sm.destination), None)

    def on_delivered(self, session: ServerSession, delivered: list[Delivered]) -> None: ...

    def on_request(self, session: ServerSession, request: Pdu) -> Pdu | None:
        fields = {"message_id": request.fields["message_id"], "final_date": "", "message_state": 2, "error_code": 0}
        return Pdu(Command.QUERY_SM_RESP, request.sequence, 0, fields)

    def on_lost(self, session: ServerSession, undelivered: list[Any]) -> None: ...


def _converse(port: int, heard: dict[str, Any]) -> None:
    client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: heard.update(id=pdu.message_id))

    def delivered(pdu: Any) -> int:
        heard.update(text=pdu.short_message, source=pdu.source_addr)
        return 0

    client.set_message_received_handler(delivered)
    client.connect()
    client.bind_transceiver(system_id="sofy", password="secret")
    client.send_message(
        source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
        source_addr="SOFY",
        dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
        destination_addr="33639980001",
        short_message=b"Bonjour",
    )
    while "text" not in heard or "id" not in heard:
        client.read_once()
    client.unbind()
    client.disconnect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_smpplib_binds_sends_and_receives() -> None:
    loop = asyncio.get_running_loop()
    ends: list[ServerSession] = []

    def accept() -> ServerSession:
        ends.append(session := ServerSession(ServerSettings(), Echo()))
        return session

    server = await loop.create_server(accept, "127.0.0.1", 0)
    heard: dict[str, Any] = {}

    thread = threading.Thread(target=_converse, args=(server.sockets[0].getsockname()[1], heard), daemon=True)
    thread.start()
    async with asyncio.timeout(10):
        while thread.is_alive():
            await asyncio.sleep(0.01)

    assert heard == {"id": b"4f2a", "text": b"Bonjour", "source": b"33639980001"}
    await hang_up(server, ends)
