"""The small server of every process that a monitor asks: /metrics, /healthz and /readyz.

It runs in a thread of its own, so that it answers the same way beside an event loop and beside a server of pages.
"""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, disable_created_metrics, generate_latest

log = structlog.get_logger(__name__)

_TEXT: Final = "text/plain; charset=utf-8"
#: Who says nothing for so long is let go: a scrape takes milliseconds.
_SILENCE_S: Final = 5.0
#: The process before may hold the port until it has ended in order.
_RETRY_S: Final = 1.0

_PROCESS: Final = Gauge("sofy_process", "Always 1: which process this is", ["process"])
disable_created_metrics()  # type: ignore[no-untyped-call]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    ready: Callable[[], bool]


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENCE_S
    server: _Server

    def do_GET(self) -> None:
        """Answer one of the three addresses."""
        status, kind, body = self._found()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> tuple[HTTPStatus, str, bytes]:
        match self.path.partition("?")[0]:
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
            case "/healthz":
                return HTTPStatus.OK, _TEXT, b"ok"
            case "/readyz":
                if self.server.ready():
                    return HTTPStatus.OK, _TEXT, b"ok"
                return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"not ready"
            case _:
                return HTTPStatus.NOT_FOUND, _TEXT, b"/metrics /healthz /readyz"

    def log_message(self, *_: object) -> None:
        """A monitor asks every few seconds: nobody wants to read it."""


def serve(process: str, host: str, port: int, ready: Callable[[], bool] = lambda: True) -> None:
    """Answer monitors for as long as this process lives; port 0: not at all.

    `ready` says whether the process can do its work, and is asked in another thread. A port that somebody else has is
    tried again and again: the process before may be about to let it go.
    """
    if not port:
        return
    _PROCESS.labels(process).set(1)
    threading.Thread(target=_run, args=(host, port, ready), name="watch", daemon=True).start()


def _run(host: str, port: int, ready: Callable[[], bool]) -> None:
    told = False
    while True:
        try:
            server = _Server((host, port), _Handler)
            break
        except OSError as error:
            if not told:
                log.warning("watch.port_taken", port=port, error=type(error).__name__)
            told = True
            time.sleep(_RETRY_S)
    server.ready = ready
    server.serve_forever()
