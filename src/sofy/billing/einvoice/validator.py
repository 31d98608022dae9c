"""Whether an e-invoice is valid: XML schema, EN 16931 and the French rules, asked of one child process.

A child, because Saxon is native code that takes its process with it when it dies, and dies when two threads open it.
It compiles the rules once and keeps them; documents go to it one after the other, from any number of threads. No answer
is never a yes: whoever gets `NotValidated` has an invoice that must not leave.
"""

import atexit
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Self

import msgspec

from sofy.billing.einvoice.rule_sets import RULE_SETS, RuleSet, Syntax

#: The child's memory may not pass this: an invoice that needs more is refused. 20 lines need 190 MB, 3,000 need 350.
MEMORY_MB = 500

#: Above this it is replaced before the next document, which costs half a second.
TIRED_MB = 380

_START_S = 60.0
_HEAD = 4
_LARGEST = 20 << 20


class Finding(msgspec.Struct, frozen=True):
    """What a rule says against a document. `where`: an XPath, or a line. Not fatal: a warning."""

    rule: str
    where: str
    text: str
    fatal: bool


class Question(msgspec.Struct, frozen=True):
    """One document for the child."""

    syntax: Syntax
    xml: bytes


class Answer(msgspec.Struct, frozen=True):
    """What the child found, or why it cannot tell; and how much memory it has."""

    findings: tuple[Finding, ...] = ()
    trouble: str = ""
    memory_mb: int = 0


class NotValidated(RuntimeError):
    """There is no answer: the document counts as refused. The text says why, without what the document says."""


def rule_sets() -> tuple[RuleSet, ...]:
    """The rules that are applied, with their versions and sums."""
    return RULE_SETS


class Validator:
    """One child and the queue before it. Use it as a context manager, or close it."""

    def __init__(self, *, limit_s: float = 30.0, memory_mb: int = MEMORY_MB, tired_mb: int = TIRED_MB) -> None:
        """`limit_s`: for one document; `memory_mb` and `tired_mb`: as above."""
        self._limit_s = limit_s
        self._memory_mb = memory_mb
        self._tired_mb = tired_mb
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="einvoice-validator")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child. What waits in the queue is not validated."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._end()

    def findings(self, xml: bytes, syntax: Syntax) -> list[Finding]:
        """What is wrong with a document; empty when all rules are content.

        Raises: NotValidated
        """
        return self.submit(xml, syntax).result()

    def submit(self, xml: bytes, syntax: Syntax) -> "Future[list[Finding]]":
        """Put a document in the queue, to make the next one meanwhile.

        Raises: NotValidated when the validator is closed.
        """
        try:
            return self._thread.submit(self._asked, Question(syntax=syntax, xml=xml))
        except RuntimeError as error:
            raise NotValidated("the validator is closed") from error

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives, for measurements."""
        return self._child.pid if self._child else None

    def _asked(self, question: Question) -> list[Finding]:
        answer = self._once(question, tries=2)
        if answer.memory_mb > self._tired_mb:
            self._end()
        if answer.trouble:
            raise NotValidated(answer.trouble)
        return list(answer.findings)

    def _once(self, question: Question, *, tries: int) -> Answer:
        """An answer. A child that dies is replaced; the same document gets a second child, not a third."""
        try:
            child = self._started()
            _write(child, msgspec.msgpack.encode(question), self._limit_s)
            return msgspec.msgpack.decode(_read(child, self._limit_s), type=Answer)
        except TimeoutError:
            self._end()
            raise NotValidated(f"no answer within {self._limit_s:g} s") from None
        except (EOFError, OSError, msgspec.DecodeError):
            self._end()
            if tries > 1:
                return self._once(question, tries=tries - 1)
            raise NotValidated("the validator died twice over this document") from None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None:
            return self._child
        command = [sys.executable, "-m", "sofy.billing.einvoice.validator_child", str(self._memory_mb)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        hello = msgspec.msgpack.decode(_read(self._child, _START_S), type=Answer)
        if hello.trouble:
            self._end()
            raise NotValidated(hello.trouble)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            pipe.close()


@lru_cache(maxsize=1)
def shared() -> Validator:
    """The validator of this process: its child starts with the first invoice and ends with the process.

    A process that was forked gets one of its own.
    """
    one = Validator()
    atexit.register(one.close)
    return one


os.register_at_fork(after_in_child=shared.cache_clear)


def fatal(findings: Iterable[Finding]) -> list[Finding]:
    """Those that forbid to send the document."""
    return [finding for finding in findings if finding.fatal]


def _environment() -> dict[str, str]:
    """What the child needs to find its modules: no secret of this process goes along."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _write(child: subprocess.Popen[bytes], body: bytes, limit_s: float) -> None:
    """Raises: TimeoutError, OSError"""
    assert child.stdin is not None
    pipe, left = child.stdin.fileno(), memoryview(len(body).to_bytes(_HEAD, "big") + body)
    until = time.monotonic() + limit_s
    while left:
        _wait(until, writing=pipe)
        left = left[os.write(pipe, left) :]


def _read(child: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """Raises: TimeoutError, EOFError, OSError"""
    assert child.stdout is not None
    pipe, until = child.stdout.fileno(), time.monotonic() + limit_s
    size = int.from_bytes(_exactly(pipe, _HEAD, until), "big")
    if size > _LARGEST:
        raise EOFError("the child's answer has no sense")
    return _exactly(pipe, size, until)


def _exactly(pipe: int, size: int, until: float) -> bytes:
    got = bytearray()
    while len(got) < size:
        _wait(until, reading=pipe)
        chunk = os.read(pipe, size - len(got))
        if not chunk:
            raise EOFError("the child has gone")
        got += chunk
    return bytes(got)


def _wait(until: float, *, reading: int | None = None, writing: int | None = None) -> None:
    """Poll, not select: a process may have more than 1,024 files open.

    Raises: TimeoutError
    """
    poll = select.poll()
    if reading is not None:
        poll.register(reading, select.POLLIN)
    if writing is not None:
        poll.register(writing, select.POLLOUT)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError
