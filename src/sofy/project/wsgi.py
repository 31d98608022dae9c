"""The WSGI application that `sofy web` serves."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from prometheus_client import Counter, Histogram

from sofy.project import runtime, watching
from sofy.project.processes import PAGES, die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sofy.project.settings")

_django = get_wsgi_application()
_answers = Counter("sofy_web_answers_total", "Answers to browsers", ["status"])
_seconds = Histogram("sofy_web_page_seconds", "From a request to its page")
_pages = ThreadPoolExecutor(PAGES, thread_name_prefix="page")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Run every page in one of a few threads, which keep their connections to the database.

    The server's own threads only carry bytes: one that carries a stream of minutes takes no page's place and holds no
    connection.
    """
    began = time.perf_counter()

    def start(status: str, *rest: Any) -> Any:
        _answers.labels(status[:3]).inc()
        return start_response(status, *rest)

    answer: Iterable[bytes] = _pages.submit(_django, environ, start).result()
    _seconds.observe(time.perf_counter() - began)
    return answer


runtime.install_clock(settings.SOFY)
watching.start("web", settings.SOFY, "sofy_web")
# The server runs this module in a child of its own. A killed parent must not leave a child that holds the port, as one
# would that ends in good order and waits for its streams.
if (_server := multiprocessing.parent_process()) is not None and _server.pid is not None:
    die_with_parent(_server.pid, signal.SIGKILL)
