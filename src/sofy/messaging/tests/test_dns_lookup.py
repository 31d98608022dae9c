"""What DNS servers answer, whole and broken, over a socket."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.rrset
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sofy.messaging import dns_lookup
from sofy.messaging.email_dns import NoAnswer

ANSWERS = {"TXT": '"v=spf1 include:" "spf.example -all"', "MX": "10 mx.lefour.example.", "CNAME": "mx.lefour.example."}


class Server:
    """A DNS server that writes other bytes into its answers: (place, byte), and so many bytes less."""

    def __init__(self) -> None:
        self.port = 0
        self.wrong: list[tuple[int, int]] = []
        self.shorter_by = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            asked, whom = self._socket.recvfrom(2000)
            if not asked:
                self._socket.close()
                return
            query = dns.message.from_wire(asked)
            answer = dns.message.make_response(query)
            name, kind = query.question[0].name, query.question[0].to_text().split()[-1]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, ANSWERS[kind]))
            told = bytearray(answer.to_wire())
            for place, byte in self.wrong:
                told[2 + place % (len(told) - 2)] = byte  # with another number it is nobody's answer
            self._socket.sendto(bytes(told[: len(told) - self.shorter_by % (len(told) - 2)]), whom)

    def stop(self) -> None:
        """An empty question ends it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(dns_lookup, "_WITHIN_S", 0.1)
    made = Server()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("kind", "said"),
    [("TXT", "v=spf1 include:spf.example -all"), ("MX", "mx.lefour.example"), ("CNAME", "mx.lefour.example")],
)
def test_what_a_server_says_is_read(server: Server, kind: str, said: str) -> None:
    assert dns_lookup.Lookup(f"127.0.0.1:{server.port}")("lefour.example", kind) == [said]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(ANSWERS)),
    wrong=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4),
    shorter_by=st.sampled_from([0, 0, 0, 1, 5, 17]),
)
def test_whatever_bytes_come_back_is_an_answer_or_none(
    server: Server, kind: str, wrong: list[tuple[int, int]], shorter_by: int
) -> None:
    server.wrong, server.shorter_by = wrong, shorter_by

    try:
        found = dns_lookup.Lookup(f"127.0.0.1:{server.port}")("lefour.example", kind)
    except NoAnswer:
        found = []

    assert all(isinstance(each, str) for each in found)
