"""A client's software: it sends by the API and by SMPP until it is answered, and is told by webhook and by receipt."""

import asyncio
import contextlib
import http.client
import json
import random
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final

from sofy.wire.smpp.codes import Command
from sofy.wire.smpp.pdu import Sm, encode_sm
from sofy.wire.smpp.session import BindRefused, ClientSession, SessionSettings
from tests.faults.soak.house import LOGIN, PASSWORD, SENDER, SHORT_CODE

_STOP: Final = f" STOP SMS {SHORT_CODE}"
_CONSENT: Final = {"source": "till", "at": "2026-11-02T10:15:00+01:00", "text_version": "card-2026"}
_SMPP_WINDOW: Final = 20
#: Of requests of the API whose line is cut before the answer; of moments at which an SMPP line is cut, or silent.
_UNHEARD: Final = 0.02
_CUTS: Final = 0.005


class Numbers:
    """Nobody is written to twice, so that a supplier's log says which message it took."""

    def __init__(self) -> None:
        self._next = count()

    def phone(self) -> str:
        return f"+337000{next(self._next) % 100_000:05d}"

    def address(self) -> str:
        return f"p{next(self._next)}@example.org"


def drawn(chance: random.Random, numbers: Numbers) -> dict[str, Any]:
    """Some message that the API takes."""
    marketing = chance.random() < 0.5
    message: dict[str, Any] = {"to": numbers.phone(), "purpose": "marketing" if marketing else "alert"}
    message["valid_for_s"] = 7200
    if marketing:
        message["consent"] = _CONSENT
    text = "Une baguette offerte samedi !" + _STOP if marketing else "Votre commande est prête."
    kind = chance.choices(["sms", "auto", "ladder", "whatsapp", "email"], [40, 15, 10, 15, 20])[0]
    if kind == "whatsapp":
        name, body = ("soldes", ["Camille", "-20 %"]) if marketing else ("rappel_rendez_vous", ["Camille", "3 mai"])
        template = {"name": name, "language": "fr", "body": body}
        if marketing:
            template["buttons"] = ["STOP"]
        return message | {"channel": "whatsapp", "content": {"template": template}}
    if kind == "email":
        words = "Bonjour, samedi tout est à moitié prix. {{unsubscribe_url}}" if marketing else text
        return message | {"to": numbers.address(), "content": {"subject": "Samedi", "text": words}}
    message["text"] = text
    if kind == "auto":
        message["channel"] = "auto"
    elif kind == "ladder":
        message |= {"channel": "rcs", "fallback": [{"channel": "sms", "after_s": 30}]}
    return message


class ApiProgram(threading.Thread):
    """Sends messages one by one and in batches; what is not answered is sent again under its Idempotency-Key."""

    def __init__(self, name: str, port: int, key: str, seed: str, numbers: Numbers, pause_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self.chance = random.Random(seed)
        self.answered: dict[str, dict[str, Any]] = {}
        self.refused: Counter[str] = Counter()
        self.again = 0
        self.done = threading.Event()
        self._port, self._key, self._numbers, self._pause_s = port, key, numbers, pause_s

    def run(self) -> None:
        for n in count():
            if self.done.is_set():
                return
            alone = self.chance.random() < 0.6
            messages = [drawn(self.chance, self._numbers) for _ in range(1 if alone else self.chance.randint(2, 20))]
            for m, message in enumerate(messages):
                message["reference"] = f"{self.name}-{n}-{m}"
            self._send(f"{self.name}-{n}", messages, alone=alone)
            time.sleep(self.chance.uniform(0, self._pause_s * 2 * len(messages)))

    def _send(self, name: str, messages: list[dict[str, Any]], *, alone: bool) -> None:
        path = "/v1/messages" if alone else "/v1/messages/batch"
        body = json.dumps(messages[0] if alone else {"messages": messages})
        while True:
            status, told = self._post(path, name, body)
            if status == 202:
                break
            if status == 422 and alone:
                self.refused[told["code"]] += 1
                return
            assert status in (0, 409, 429, 500, 503), told
            self.again += 1
            time.sleep(0.1)
        if alone:
            self.answered[told["id"]] = messages[0]
            return
        for each in told["accepted"]:
            self.answered[each["id"]] = messages[each["index"]]
        self.refused.update(each["code"] for each in told["refused"])

    def _post(self, path: str, name: str, body: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": name, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        try:
            connection.request("POST", path, body, headers)
            if self.chance.random() < _UNHEARD:
                return 0, None
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()


class SmppProgram(threading.Thread):
    """Submits alerts until they are answered, on whatever connection there is, and counts receipts."""

    def __init__(self, port: int, seed: str, numbers: Numbers, pause_s: float) -> None:
        super().__init__(name="smpp", daemon=True)
        self.chance = random.Random(seed)
        self.answered: dict[str, str] = {}
        self.receipts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.cuts = 0
        self.done, self.over = threading.Event(), threading.Event()
        self._port, self._numbers, self._pause_s = port, numbers, pause_s
        self._left: list[str] = []
        self._flying = 0

    def run(self) -> None:
        asyncio.run(self._run())

    @property
    def quiet(self) -> bool:
        """Whether everything it sent was answered."""
        return not self._left and not self._flying

    async def _run(self) -> None:
        while not self.over.is_set():
            session = await self._connect()
            while session is not None and session.bound and not self.over.is_set():
                self._submit(session)
                self._flying = session.in_flight
                await asyncio.sleep(self._pause_s)
                if not self.done.is_set():
                    await self._bad_line(session)
            self.cuts += not self.over.is_set()

    def _submit(self, session: ClientSession) -> None:
        if not self._left and not self.done.is_set():
            self._left.append(self._numbers.phone())
        some = self._left[: session.room()]
        del self._left[: len(some)]
        numbers = [session.next_sequence() for _ in some]
        frames = [(n, to, encode_sm(Command.SUBMIT_SM, n, _sm(to))) for n, to in zip(numbers, some, strict=True)]
        if frames:
            session.submit(frames)

    async def _bad_line(self, session: ClientSession) -> None:
        """Now and then it is cut, or nothing comes through it for a while."""
        luck = self.chance.random()
        if luck < _CUTS:
            session.abort("cut")
        elif luck < 2 * _CUTS and session.transport is not None:
            session.hold_reading(True)
            await asyncio.sleep(self.chance.uniform(0.5, 3.0))
            session.hold_reading(False)

    async def _connect(self) -> ClientSession | None:
        settings = SessionSettings(system_id=LOGIN, password=PASSWORD, window=_SMPP_WINDOW)
        with contextlib.suppress(OSError, BindRefused, TimeoutError):
            loop = asyncio.get_running_loop()
            made = loop.create_connection(lambda: ClientSession(settings, self), "127.0.0.1", self._port)
            _, session = await asyncio.wait_for(made, 5)
            await asyncio.wait_for(session.bind(), 10)
            return session
        await asyncio.sleep(0.2)
        return None

    def on_answers(self, _session: Any, answers: list[Any]) -> None:
        for to, status, name in answers:
            if status == 0:
                self.answered[name] = to
            else:
                self.refused[f"smpp {status:#x}"] += 1
                self._left.append(to)

    def on_deliveries(self, session: Any, found: list[Any]) -> None:
        for _, sm, _ in found:
            self.receipts[sm.short_message.split(b" ")[0].removeprefix(b"id:").decode()] += 1
        session.acknowledge(found)

    def on_unknown(self, _session: Any, tokens: list[Any], _reason: str) -> None:
        self._left += tokens


def _sm(to: str) -> Sm:
    return Sm(to.lstrip("+"), b"Votre commande est prete.", SENDER, source_ton=5, registered_delivery=1)


class Person(threading.Thread):
    """Somebody at a browser: looks at the page where one logs in, again and again."""

    def __init__(self, port: int) -> None:
        super().__init__(name="person", daemon=True)
        self.shown = self.missed = 0
        self.done = threading.Event()
        self._port = port

    def run(self) -> None:
        while not self.done.wait(0.5):
            if self.is_shown():
                self.shown += 1
            else:
                self.missed += 1

    def is_shown(self) -> bool:
        """Whether the page comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/account/login/", headers={"Accept-Language": "fr"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Hooks(ThreadingHTTPServer):
    """Where the client is told: some requests are answered 500, some lines are cut."""

    daemon_threads = True

    def __init__(self, seed: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.doubled = 0
        #: Message -> (sequence, type) of each event, as they came; an event that came again is counted only.
        self.told: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._seen: set[tuple[str, int]] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def take(self, body: bytes) -> None:
        found = json.loads(body)
        for event in found if isinstance(found, list) else found.get("events", [found]):
            order = event["order"]
            key = order["key"], order["sequence"]
            with self.lock:
                if key in self._seen:
                    self.doubled += 1
                    continue
                self._seen.add(key)
                # The later channels of a message are told under a key of their own; its id is its sender's.
                name = event["data"]["id"] if event["type"] != "message.inbound" else order["key"]
                self.told[name].append((order["sequence"], event["type"]))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Lines that a kill cut."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hooks

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            chance = self.server.chance.random()
        if chance < 0.02:
            self.close_connection = True
            return
        if chance >= 0.04:
            self.server.take(body)
        self.send_response(500 if chance < 0.04 else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
