"""Kannel on the same SMSC, in the same run: what a well-known gateway makes of the same machine at the same moment.

Its bearerbox and smsbox run with a spool (a file per message), one bind with a window of 200 and receipts, and take one
message per HTTP request over 50 connections. Seconds are counted from the first request to the last receipt it matched.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sofy.project.processes import free_port
from tools.bench import load

CONNECTIONS = 50
_START_S, _LONGEST_S = 20.0, 600.0
_CONFIG = """
group = core
admin-port = {admin}
admin-password = x
smsbox-port = {inner}
box-allow-ip = 127.0.0.1
store-type = spool
store-location = {folder}/spool
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 4

group = smsc
smsc = smpp
smsc-id = sink
host = {host}
port = {port}
transceiver-mode = true
smsc-username = sofy
smsc-password = sofy
system-type = ""
max-pending-submits = 200
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
log-file = {folder}/smsbox.log
log-level = 4

group = sendsms-user
username = {user}
password = {user}
max-messages = 10
concatenation = true
"""
USER = "bench"
_SENT = re.compile(r"<sms>.*?<sent>\s*<total>(\d+)</total>", re.S)
_RECEIPTS = re.compile(r"<dlr>.*?<received>\s*<total>(\d+)</total>", re.S)


class Figures(NamedTuple):
    """What it did. `seconds`: to the last receipt; `accepted_seconds`: to the last answer over HTTP."""

    messages: int
    seconds: float
    accepted_seconds: float
    receipts: int


def is_installed() -> bool:
    """Whether both of its programs are here."""
    return all(map(_program, ("bearerbox", "smsbox")))


def measure(smsc: tuple[str, int], folder: Path, messages: int, *, first: int) -> Figures:
    """One run. `first`: the number of the first recipient, so that nobody is served twice.

    Raises: SystemExit when it does not bind, or stands still.
    """
    with _running(smsc, folder) as (http, admin):
        plan = load.Plan(
            programs=[load.Program(key=USER)],
            messages=messages,
            connections=CONNECTIONS,
            first=first,
            form="sendsms",
        )
        with load.ready(plan, http) as sender:
            started = time.perf_counter()
            load.begin(sender)
            told = load.told(sender)
            ended, receipts = _wait_receipts(admin, messages)
    return Figures(messages, ended - started, told.seconds, receipts)


def _program(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin")


@contextlib.contextmanager
def _running(smsc: tuple[str, int], folder: Path) -> Iterator[tuple[int, int]]:
    """Both programs, bound to the SMSC; answers where it takes messages and where it is watched."""
    (folder / "spool").mkdir()
    ports = {name: free_port() for name in ("admin", "inner", "http")}
    config = folder / "kannel.conf"
    config.write_text(_CONFIG.format(host=smsc[0], port=smsc[1], folder=folder, user=USER, **ports))
    boxes: list[subprocess.Popen[bytes]] = []
    try:
        for name, port in (("bearerbox", ports["admin"]), ("smsbox", ports["http"])):
            command = [str(_program(name)), "-v", "4", str(config)]
            boxes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            _wait(partial(_listens, port), f"{name} does not listen")
        _wait(partial(_is_bound, ports["admin"]), "no bind")
        yield ports["http"], ports["admin"]
    finally:
        for box in reversed(boxes):
            box.terminate()
        for box in boxes:
            try:
                box.wait(20)
            except subprocess.TimeoutExpired:
                box.kill()


def _is_bound(admin: int) -> bool:
    return "<status>online" in _status(admin)


def _listens(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_so: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + _START_S
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"Kannel: {problem}")
        time.sleep(0.1)


def _status(admin: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/status.xml?password=x", timeout=5) as answer:
        return str(answer.read().decode())


def _wait_receipts(admin: int, messages: int) -> tuple[float, int]:
    """When the last receipt came, and how many did."""
    deadline = time.monotonic() + _LONGEST_S
    last, moved = -1, time.perf_counter()
    while time.monotonic() < deadline:
        status = _status(admin)
        sent, receipts = (int(found[1]) if (found := one.search(status)) else 0 for one in (_SENT, _RECEIPTS))
        if receipts != last:
            last, moved = receipts, time.perf_counter()
        if (sent >= messages and receipts >= messages) or time.perf_counter() - moved > 10:
            break
        time.sleep(0.1)
    return moved, last
