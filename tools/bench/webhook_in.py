"""Callbacks of WhatsApp and RCS: how many `sofy ingest` takes a second, each committed before its 200.

    sofy bench webhook-in [--messages N] [--connections N] [--json]

Each callback is a request of its own, signed as its supplier signs, half of either; it says of a message of its own
that it was delivered. An engine reads them meanwhile. `per_second` and `p99_ms` are of the answers; `read_after_s` is
how long after the last answer the engine had read everything, and `matched` how many messages are delivered by then.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from tools.bench import options, processes, programs
from tools.bench.database import percentile

USUAL, CONNECTIONS = 30_000, 50
MOST_CONNECTIONS = 1_000
NOWHERE = ("127.0.0.1", 1)
READ_S = 120.0
_NUMBER_ID, _ACCOUNT_ID, _AGENT = "106540352242922", "102290129340398", "bench_agent"
_APP_SECRET, _TOKEN = "bench-app-secret", "bench-client-token"
_SEED = """
WITH m AS (
    INSERT INTO engine_message (client_id, id, channel, purpose, recipient_index, sender, payload, parts, encoding,
                                created_at)
    SELECT %(client)s, t.id, CASE WHEN t.n %% 2 = 0 THEN 'whatsapp' ELSE 'rcs' END, 'alert',
           decode(md5(t.n::text), 'hex'), 'Fournil', '\\x01', 1, 'utf8', now()
      FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS t (id, n)
    RETURNING id, recipient_index
), s AS (
    INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at, submitted_at,
                              updated_at)
    SELECT %(client)s, id, recipient_index, 'submitted', 20, 1, now(), now(), now() FROM m
)
INSERT INTO receipt_key (route_id, supplier_id, submitted_at, client_id, message_id, part, parts)
SELECT t.route, t.name, now(), %(client)s, t.id, 0, 1
  FROM unnest(%(routes)s::uuid[], %(names)s::text[], %(ids)s::uuid[]) AS t (route, name, id)
"""


def _routes() -> None:
    """A number of WhatsApp and an agent of RCS; nothing is ever sent to their suppliers."""
    from sofy.project import routing

    nowhere = f"http://{NOWHERE[0]}:{NOWHERE[1]}"
    words = dict.fromkeys(("access_token", "verify_token"), "bench")
    number = {"phone_number_id": _NUMBER_ID, "business_account_id": _ACCOUNT_ID, "app_secret": _APP_SECRET}
    agent = {"agent_id": _AGENT, "client_token": _TOKEN, "client_email": "bench@example.org", "private_key": _key()}
    for code, connector, values in (
        ("whatsapp", "whatsapp_cloud", words | number | {"base_url": nowhere}),
        ("rcs", "google_rbm", agent | {"base_url": nowhere, "token_url": nowhere}),
    ):
        routing.save_route(code=code, name=code, connector=connector, values=values, short_code=None)


def _key() -> str:
    """What an agent would log in with."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, bare).decode()


def _whatsapp(name: str, number: str) -> tuple[bytes, str]:
    status = {"id": name, "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": number}
    metadata = {"display_phone_number": "33700000000", "phone_number_id": _NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [status]}
    entry = {"id": _ACCOUNT_ID, "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    return body, "X-Hub-Signature-256: sha256=" + hmac.new(_APP_SECRET.encode(), body, "sha256").hexdigest()


def _rbm(name: str, number: str) -> tuple[bytes, str]:
    event = {"senderPhoneNumber": f"+{number}", "eventType": "DELIVERED", "eventId": name, "messageId": name}
    data = json.dumps(event | {"agentId": _AGENT}).encode()
    signature = base64.b64encode(hmac.digest(_TOKEN.encode(), data, hashlib.sha512)).decode()
    body = json.dumps({"message": {"data": base64.b64encode(data).decode()}}).encode()
    return body, f"X-Goog-Signature: {signature}"


def prepare(conn: Any, messages: int) -> list[bytes]:
    """The messages as they stand after their hand-over, and a request that says of each that it arrived."""
    from sofy.kernel import ids

    _routes()
    found = dict(conn.execute("SELECT connector, id FROM engine_route").fetchall())
    (client,) = conn.execute("SELECT id FROM clients_client LIMIT 1").fetchone()
    requests, routes, names, known = [], [], [], ids.uuid7s(messages)
    for n, uid in enumerate(known):
        kind, made = ("google_rbm", _rbm) if n % 2 == 0 else ("whatsapp_cloud", _whatsapp)
        name = str(uid) if kind == "google_rbm" else f"wamid.{uid.hex}"
        body, signature = made(name, f"3370000{n % 10_000:04d}")
        head = f"POST /hooks/{kind}/{found[kind]} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        requests.append(f"{head}{signature}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        routes.append(found[kind])
        names.append(name)
    uids: list[UUID] = list(known)
    conn.execute(_SEED, {"client": client, "ids": uids, "routes": routes, "names": names})
    conn.execute("VACUUM ANALYZE engine_message, engine_state, receipt_key")
    return requests


async def _send(port: int, requests: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Every request over connections that are kept open; answers the seconds, and milliseconds of each answer."""
    waiting, took = iter(requests), list[float]()

    async def supplier() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            if length:
                await reader.readexactly(length)
            if b" 200 " not in head[:15]:
                raise SystemExit(f"a callback was answered {head[:60]!r}")
            took.append((time.perf_counter() - began) * 1000)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(supplier() for _ in range(connections)))
    return time.perf_counter() - began, took


def run(messages: int, connections: int) -> dict[str, Any]:
    """One run on a database of its own."""
    import uvloop

    with tempfile.TemporaryDirectory(prefix="sofy-bench-") as name, programs.base(Path(name), 1, NOWHERE) as base:
        folder, conn = Path(name), base.conn
        requests = prepare(conn, messages)
        with processes.answering(folder) as (ingest, port), processes.running(folder, "engine") as engine:
            known = "SELECT 1 FROM engine_instance LIMIT 1"
            processes.wait_until(lambda: conn.execute(known).fetchone() is not None, engine, folder / "engine.log")
            spent = processes.Spent(conn, ingest=ingest.pid, engine=engine.pid)
            seconds, took = uvloop.run(_send(port, requests, connections))
            done, delivered = time.monotonic(), 0
            count = "SELECT count(*) FROM engine_state WHERE status = 'delivered'"
            while time.monotonic() - done < READ_S and delivered < messages:
                time.sleep(0.1)
                (delivered,) = conn.execute(count).fetchone() or (0,)
            return {
                "name": "webhook-in",
                "n": messages,
                "seconds": round(seconds, 3),
                "per_second": round(messages / seconds),
                "p50_ms": percentile(took, 0.5),
                "p99_ms": percentile(took, 0.99),
                "read_after_s": round(time.monotonic() - done, 2),
                "matched": delivered,
                "rss_mb": processes.peak_rss_mb(ingest.pid),
                "cpu_s": spent.seconds(),
            }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser: argparse.ArgumentParser = options.Parser("sofy bench webhook-in", __doc__)
    whole = options.whole(options.RESERVED)
    parser.add_argument("--messages", type=whole, default=USUAL, help=f"{USUAL:,} unless said")
    most = options.whole(MOST_CONNECTIONS)
    parser.add_argument("--connections", type=most, default=CONNECTIONS, help="at once, each with one request")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.messages, given.connections)
    options.tell(result, json_only=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
