"""Our connector bound to servers that nobody here wrote: smpp34, npm smpp, and the server Kannel tests its own with."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import smpp34

from sofy.connectors.base import Accepted
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.project.processes import free_port

ROOT = Path(__file__).parents[5]
DRIVE_SMPP = Path("/usr/lib/kannel/test/drive_smpp")
LONG = "Votre commande est prête à être retirée, dans votre magasin. " * 4


async def bound(port: int, engine: Engine, **settings: Any) -> SmppConnector:
    login = {"system_id": "sofy", "password": "secret", "reconnect_s": 0.2}
    connector = SmppConnector(Config(host="127.0.0.1", port=port, **login | settings), engine)  # type: ignore[arg-type]
    await connector.start()
    await engine.until(lambda: connector.health().binds_up > 0)
    return connector


async def test_smpp34_takes_and_delivers():
    port, engine, taken = free_port(), Engine(), []
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()

    async def serve() -> None:
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                taken.append(event.destination_addr)
                event.accept(f"A{len(taken)}")
                receipt = f"id:A{len(taken)} sub:001 dlvrd:001 submit date:2611241430 done date:2611241430 stat:DELIVRD"
                await esme.deliver_sm(
                    event.source_addr, receipt.encode(), source_addr=event.destination_addr, esm_class=4
                )

    serving = asyncio.create_task(serve())
    connector = await bound(port, engine)
    connector.submit([outgoing(), outgoing(text=LONG)])
    await engine.until(lambda: len(engine.receipts) == 1 + outgoing(text=LONG).parts)
    await connector.stop()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await server.stop()

    assert len(engine.of(Accepted)) == len(taken) == len(engine.receipts)
    assert set(taken) == {"33639980001"}
    assert {receipt.status for receipt in engine.receipts} == {"delivered"}


NODE = """
const smpp = require("smpp");
const port = Number(process.argv[2]);
let n = 0;
const server = smpp.createServer((session) => {
  session.on("bind_transceiver", (pdu) => session.send(pdu.response({ system_id: "npm" })));
  session.on("submit_sm", (pdu) => {
    n += 1;
    const id = `B${n}`;
    if (pdu.destination_addr.endsWith("2")) {
      session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
      return;
    }
    session.send(pdu.response({ message_id: id }));
    session.deliver_sm({ source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      receipted_message_id: id, message_state: 2, short_message: `id:${id} stat:DELIVRD` });
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(port, () => console.log(JSON.stringify("ready")));
"""


async def test_npm_smpp_takes_refuses_and_delivers(tmp_path: Path):
    if not (ROOT / "node_modules" / "smpp").exists():
        pytest.skip("npm smpp is not installed: python3.11 tools/setup.py --tests does it")
    from tools.browser import node

    port, engine = free_port(), Engine()
    program = tmp_path / "server.cjs"
    program.write_text(NODE)
    environment = {"NODE_PATH": str(ROOT / "node_modules"), "PATH": "/usr/bin:/bin"}
    running = await asyncio.create_subprocess_exec(
        node(), str(program), str(port), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert json.loads(await running.stdout.readline()) == "ready"
        connector = await bound(port, engine)
        connector.submit([outgoing(), outgoing(to="+33639980002")])
        await engine.until(lambda: len(engine.receipts) == 1 and len(engine.outcomes) == 2)
        await connector.stop()
    finally:
        running.terminate()
        await running.communicate()

    assert len(engine.of(Accepted)) == 1
    assert [receipt.status for receipt in engine.receipts] == ["delivered"]


@pytest.mark.skipif(not DRIVE_SMPP.exists(), reason="Kannel's test server is missing: apt-get install kannel-extras")
async def test_kannels_server_takes_what_the_connector_sends():
    """It speaks SMPP 3.3, knows no unbind, and closes when it has had as many messages as it was told."""
    port, engine = free_port(), Engine()
    command = [str(DRIVE_SMPP), "-v", "0", "-p", str(port), "-m", "1"]
    running = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await asyncio.sleep(0.5)
        connector = await bound(port, engine, bind_type="transmitter")
        connector.submit([outgoing()])
        await engine.until(lambda: len(engine.outcomes) == 1)
        await connector.stop(0.5)
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()

    assert len(engine.of(Accepted)) == 1
