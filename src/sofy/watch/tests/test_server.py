"""What a monitor is answered."""

import socket
import time
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sofy.watch import server


def ask(port: int, path: str) -> tuple[int, str]:
    """The answer, once the server listens."""
    for _ in range(100):
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers on {port}")


@pytest.fixture
def serving() -> Callable[..., int]:
    def begin(**options: Callable[[], bool]) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        server.serve("test", "127.0.0.1", port, **options)
        return port

    return begin


def test_a_process_that_lives_shows_its_figures(serving: Callable[..., int]) -> None:
    port = serving()

    assert ask(port, "/healthz") == (200, "ok")
    assert ask(port, "/readyz") == (200, "ok")
    status, figures = ask(port, "/metrics")
    assert status == 200
    assert 'sofy_process{process="test"} 1.0' in figures
    assert ask(port, "/anything")[0] == 404


def test_a_process_that_cannot_work_lives_and_is_not_ready(serving: Callable[..., int]) -> None:
    port = serving(ready=lambda: False)

    assert ask(port, "/healthz")[0] == 200
    assert ask(port, "/readyz") == (503, "not ready")


def test_a_port_that_is_still_taken_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_RETRY_S", 0.02)
    with socket.socket() as before:
        before.bind(("127.0.0.1", 0))
        before.listen()
        port = before.getsockname()[1]
        server.serve("test", "127.0.0.1", port)
        time.sleep(0.1)

    assert ask(port, "/healthz") == (200, "ok")


def test_nobody_listens_unless_a_port_is_given(serving: Callable[..., int]) -> None:
    before = {thread.name for thread in server.threading.enumerate()}

    server.serve("test", "127.0.0.1", 0)

    assert {thread.name for thread in server.threading.enumerate()} == before
