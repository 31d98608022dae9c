"""Clients that nobody here wrote, bound to our server: smpplib, smpp34, npm smpp and Kannel."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.gsm

from sofy.smsc.process import Server
from sofy.smsc.tests.conftest import PASSWORD, SENDER, House


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ROOT = Path(__file__).parents[4]
LONG = "Bonjour, votre commande 1234 est prête à être retirée. " * 5
TO = "33639980001"

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


async def beside(work: Callable[[], Any], timeout_s: float = 40) -> Any:
    """Run a blocking client in a thread while the server serves here."""
    told: dict[str, Any] = {}

    def run() -> None:
        try:
            told["answer"] = work()
        except BaseException as error:
            told["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    async with asyncio.timeout(timeout_s):
        while thread.is_alive():
            await asyncio.sleep(0.01)
    if "error" in told:
        raise told["error"]
    return told["answer"]


async def all_stored(house: House, count: int) -> None:
    async with asyncio.timeout(20):
        while house.count() < count:
            await asyncio.sleep(0.02)


def deliver_all(house: House) -> None:
    """Every message arrives."""
    for row in house.rows("SELECT message_id FROM engine_state WHERE rank < 20"):
        house.end(str(row["message_id"]), "delivered")


async def test_smpplib_sends_long_messages_and_hears_of_each_part(house: House, server: Server):
    house.add_account()
    names: list[str] = []
    heard: list[str] = []
    client = smpplib.client.Client("127.0.0.1", server.port, allow_unknown_opt_params=True, timeout=20)
    client.set_message_sent_handler(lambda pdu: names.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: heard.append(pdu.receipted_message_id.decode().rstrip("\0")) or 0)

    def submit() -> None:
        client.connect()
        client.bind_transceiver(system_id="till", password=PASSWORD)
        parts, coding, esm_class = smpplib.gsm.make_parts(LONG)
        for part in parts:
            client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM, source_addr=SENDER,
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr=TO,
                short_message=part, data_coding=coding, esm_class=esm_class, registered_delivery=True,
            )  # fmt: skip
        while len(names) < len(parts):
            client.read_once()

    def hear() -> None:
        while len(heard) < len(names):
            client.read_once()
        client.unbind()
        client.disconnect()

    await beside(submit)
    assert house.texts() == [LONG]
    deliver_all(house)
    await beside(hear)

    assert len(names) > 1
    assert sorted(heard) == sorted(names)


async def test_the_program_of_the_tutorial_runs_as_it_stands(house: House, server: Server, tmp_path: Path):
    house.add_account()
    page = (ROOT / "docs" / "tutorials" / "first-message.md").read_text()
    (text,) = (part for part in page.split("```python\n") if part.startswith("# var/first_bind.py"))
    program = tmp_path / "first_bind.py"
    program.write_text(text.partition("```")[0])
    given = {"SMPP": f"127.0.0.1:{server.port}", "SYSTEM_ID": "till", "PASSWORD": PASSWORD, "SENDER": SENDER}
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(program), env={**os.environ, **given}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )

    await all_stored(house, 1)
    deliver_all(house)
    async with asyncio.timeout(30):
        said, _ = await running.communicate()

    (row,) = house.rows("SELECT id FROM engine_message")
    assert running.returncode == 0, said
    assert f"stored as {row['id']}" in said.decode()
    assert f"id:{row['id']} " in said.decode()
    assert house.texts() == ["Votre commande 1243 attend."]


async def test_smpp34_sends_and_hears(house: House, server: Server):
    house.add_account()
    client = smpp34.Client("127.0.0.1", server.port, "till", PASSWORD, bind_type="TRX")
    smsc = await client.connect()

    taken, refused = await asyncio.gather(
        *(
            smsc.submit_sm(
                TO, "Commande prête".encode("utf-16-be"), source_addr=source, source_addr_ton=5, dest_addr_ton=1,
                data_coding=8, registered_delivery=1,
            )
            for source in (SENDER, "Nobody")
        )
    )  # fmt: skip
    deliver_all(house)
    async with asyncio.timeout(20):
        receipt = await smsc.next()
    await client.stop()

    assert house.texts() == ["Commande prête"]
    assert (taken.is_success, refused.command_status) == (True, smpp34.ESME_RINVSRCADR)
    assert taken.message_id is not None
    assert f"id:{taken.message_id} ".encode() in receipt.short_message
    assert {tlv.tag for tlv in receipt.tlvs} == {smpp34.TLV_RECEIPTED_MESSAGE_ID, smpp34.TLV_MESSAGE_STATE}


NODE = """
const smpp = require("smpp");
const [port, password, source, to, text] = process.argv.slice(2);
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}`, auto_enquire_link_period: 10000 });
const say = (what) => console.log(JSON.stringify(what));
session.on("connect", () => session.bind_transceiver({ system_id: "till", password }, (bound) => {
  say({ bound: bound.command_status });
  session.submit_sm({ source_addr: "Nobody", destination_addr: to, short_message: "x" }, (pdu) =>
    say({ refused: pdu.command_status }));
  session.submit_sm({ source_addr: source, destination_addr: to, dest_addr_ton: 1, registered_delivery: 1,
    message_payload: text }, (pdu) => {
    say({ id: pdu.message_id, status: pdu.command_status });
    session.query_sm({ message_id: pdu.message_id }, (found) => say({ state: found.message_state }));
  });
}));
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  say({ receipt: pdu.receipted_message_id, state: pdu.message_state, esm: pdu.esm_class });
  session.unbind(() => { say({ unbound: true }); session.close(); process.exit(0); });
});
session.on("error", (error) => { say({ error: error.message }); process.exit(1); });
"""


async def test_npm_smpp_sends_a_payload_queries_and_hears(house: House, server: Server, tmp_path: Path):
    if not (ROOT / "node_modules" / "smpp").exists():
        pytest.skip("npm smpp is not installed: python3.11 tools/setup.py --tests does it")
    from tools.browser import node

    house.add_account()
    program = tmp_path / "client.cjs"
    program.write_text(NODE)
    environment = {"NODE_PATH": str(ROOT / "node_modules"), "PATH": "/usr/bin:/bin"}
    command = [node(), str(program), str(server.port), PASSWORD, SENDER, TO, LONG]
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert running.stdout is not None
    await all_stored(house, 1)
    await asyncio.sleep(0.3)
    deliver_all(house)
    async with asyncio.timeout(30):
        said = [json.loads(line) for line in (await running.stdout.read()).splitlines()]
        await running.wait()

    told = {name: value for line in said for name, value in line.items()}
    (name,) = (str(row["id"]) for row in house.rows("SELECT id FROM engine_message"))
    assert (told["bound"], told["status"], told["refused"]) == (0, 0, 0x0A), said
    assert (told["id"], told["receipt"].rstrip("\0"), told["unbound"]) == (name, name, True)
    assert (told["state"], told["esm"]) == (2, 4)
    assert house.texts() == [LONG]


KANNEL = """
group = core
admin-port = {admin}
admin-password = x
smsbox-port = {inner}
box-allow-ip = 127.0.0.1
log-file = {folder}/bearerbox.log
log-level = 0

group = smsc
smsc = smpp
smsc-id = sofy
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = till
smsc-password = {password}
system-type = ""
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1
enquire-link-interval = 10

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
log-file = {folder}/smsbox.log

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true
"""


async def test_kannel_sends_long_messages_and_hears(house: House, server: Server, tmp_path: Path):
    bearerbox, smsbox = (shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("bearerbox", "smsbox"))
    if not bearerbox or not smsbox:
        pytest.skip("Kannel is not installed: apt-get install kannel (tools/setup.py --tests does it as root)")
    house.add_account()
    ports = {name: free_port() for name in ("admin", "inner", "http")}
    config = tmp_path / "kannel.conf"
    config.write_text(KANNEL.format(port=server.port, password=PASSWORD, folder=tmp_path, **ports))
    heard = free_port()
    told: list[bytes] = []

    async def receipt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(receipt, "127.0.0.1", heard)
    boxes = [await asyncio.create_subprocess_exec(bearerbox, "-v", "4", str(config), stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL)]  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not house.count("smpp_bind"):
                await asyncio.sleep(0.1)
        boxes.append(await asyncio.create_subprocess_exec(smsbox, "-v", "4", str(config), stdout=subprocess.DEVNULL,
                                                          stderr=subprocess.DEVNULL))  # fmt: skip
        query = {
            "username": "u", "password": "p", "from": SENDER, "to": "+" + TO, "text": LONG, "charset": "UTF-8",
            "coding": "2", "dlr-mask": "31", "dlr-url": f"http://127.0.0.1:{heard}/?what=%d",
        }  # fmt: skip
        url = f"http://127.0.0.1:{ports['http']}/cgi-bin/sendsms?{urlencode(query)}"

        def send() -> int:
            for _ in range(100):
                try:
                    with urllib.request.urlopen(url, timeout=5) as answer:
                        return int(answer.status)
                except OSError:
                    threading.Event().wait(0.2)
            raise AssertionError((tmp_path / "smsbox.log").read_text()[-2000:])

        assert await beside(send) == 202
        await all_stored(house, 1)
        assert house.texts() == [LONG]
        deliver_all(house)
        async with asyncio.timeout(30):
            while not any(b"what=1" in each for each in told):
                await asyncio.sleep(0.1)
    finally:
        for box in reversed(boxes):
            box.terminate()
        for box in boxes:
            await asyncio.wait_for(box.wait(), 20)
        listening.close()
        await listening.wait_closed()
    assert house.count("engine_notice") == 0
