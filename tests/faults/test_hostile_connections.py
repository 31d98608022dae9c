"""Connections that say nothing, or never finish, keep nobody else out."""

import http.client
import json
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sofy.ingest.bodies import SLOWEST_BODY_S
from tests.faults.test_ingest import IngestProcess, a_client
from tests.faults.test_ingest import ingest as ingest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
MANY = 1300


@pytest.fixture
def files() -> Iterator[None]:
    """Enough open files for the connections of this test."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3 * MANY), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("with_body", [False, True])
def test_connections_that_wait_keep_nobody_out(with_body: bool, engine_db: Any, ingest: IngestProcess, files: None):
    (_, slow), (_, key) = a_client(engine_db), a_client(engine_db)
    ingest.start()
    begun = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {slow}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    ).encode()
    idle = [socket.create_connection(("127.0.0.1", ingest.port), timeout=5) for _ in range(MANY)]
    for each in idle if with_body else []:
        each.sendall(begun)

    connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=8)
    message = {"to": "+33700000001", "purpose": "alert", "text": "Bonjour"}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/messages", json.dumps(message), headers)
    answer = connection.getresponse()

    assert (answer.status, bool(answer.read())) == (202, True)
    connection.close()
    for each in idle:
        each.close()


def test_a_body_that_stops_coming_is_given_up_in_its_time(engine_db: Any, ingest: IngestProcess):
    _, key = a_client(engine_db)
    ingest.start()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    ).encode()
    lines = [socket.create_connection(("127.0.0.1", ingest.port), timeout=SLOWEST_BODY_S + 10) for _ in range(3)]
    began = time.monotonic()

    for line, begun in zip(lines, (b"", b"{", b'{"to": "+337'), strict=True):
        line.sendall(head + begun)
    answers = [line.recv(65_536) for line in lines]

    assert SLOWEST_BODY_S - 1 < time.monotonic() - began < SLOWEST_BODY_S + 8
    for line, answer in zip(lines, answers, strict=True):
        assert answer.startswith(b"HTTP/1.1 408 ")
        line.close()
