"""The WSGI application that `sofy web` serves."""

import multiprocessing
import os
import signal
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from sofy.project import runtime
from sofy.project.processes import PAGES, die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sofy.project.settings")

_django = get_wsgi_application()
_pages = ThreadPoolExecutor(PAGES, thread_name_prefix="page")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Run every page in one of a few threads, which keep their connections to the database.

    The server's own threads only carry bytes: one that carries a stream of minutes takes no page's place and holds no
    connection.
    """
    answer: Iterable[bytes] = _pages.submit(_django, environ, start_response).result()
    return answer


runtime.install_clock(settings.SOFY)
# The server runs this module in a child of its own. A killed parent must not leave a child that holds the port, as one
# would that ends in good order and waits for its streams.
if (_server := multiprocessing.parent_process()) is not None and _server.pid is not None:
    die_with_parent(_server.pid, signal.SIGKILL)
