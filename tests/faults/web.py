"""`sofy web` as a process of its own on the database of a test, and pages that listen to its streams."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client as Browser

from sofy.project.processes import free_port
from sofy.project.supervisor import answers

CSRF = "a" * 32


class WebProcess:
    """The web process: started, asked, killed, started again on the same port."""

    def __init__(self, database_url: str, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "web.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "SOFY_DATABASE_URL": database_url,
            "SOFY_WEB_PORT": str(self.port),
            "SOFY_BASE_URL": self.url,
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.listeners: list[Listener] = []

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "sofy.project.cli", "web"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not answers(f"{self.url}/healthz"):
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """As the kernel does when memory is short: no last word."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> float:
        """Ask it to end; answers how long that took. Unit: seconds."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        return time.monotonic() - began

    def get(self, path: str, session: str = "", timeout_s: float = 20, **headers: str) -> tuple[int, str, float]:
        """Status, text and seconds of one page."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        began = time.monotonic()
        try:
            cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
            connection.request("GET", path, headers={**cookie, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace"), time.monotonic() - began
        finally:
            connection.close()

    def post(self, path: str, session: str, **data: str) -> tuple[int, str]:
        """Send the form of a page; answers the status and where the answer leads."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"
        headers = {
            "Cookie": cookies,
            "X-CSRFToken": CSRF,
            "Origin": self.url,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request("POST", path, body=urlencode(data), headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Location", "")
        finally:
            connection.close()

    def listen(self, path: str, session: str) -> "Listener":
        """Open the stream of an address, as a page does."""
        self.listeners.append(Listener(self.port, path, session))
        return self.listeners[-1]


class Listener:
    """One page that listens: the lines that came so far."""

    def __init__(self, port: int, path: str, session: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Accept: text/event-stream\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        self.heard = ""

    def hears(self, words: str, within_s: float) -> bool:
        """Whether these words come in time, not counting those that were heard before."""
        found = ""
        self.socket.settimeout(0.1)
        deadline = time.monotonic() + within_s
        while words not in found and time.monotonic() < deadline:
            try:
                part = self.socket.recv(65_536).decode(errors="replace")
            except TimeoutError:
                continue
            if not part:
                break
            found += part
        self.heard += found
        return words in found

    def close(self) -> None:
        self.socket.close()


@contextmanager
def serving(database_url: str, folder: Path, **environment: str) -> Iterator[WebProcess]:
    """A web process for the length of a block."""
    web = WebProcess(database_url, folder, **environment)
    try:
        web.start()
        yield web
    finally:
        for listener in web.listeners:
            listener.close()
        web.stop()


def session_of(user: Any) -> str:
    """The cookie of somebody who is logged in."""
    browser = Browser()
    browser.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)
