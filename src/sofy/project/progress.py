"""Lines that tell a person at a terminal that something still goes on."""

import time
from threading import Event, Thread
from types import TracebackType


class Still:
    """Prints a line every few seconds while a step says nothing itself."""

    def __init__(self, what: str, every_s: float = 3.0) -> None:
        self.what, self.every_s = what, every_s
        self._ended = Event()
        self._thread = Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        say(self.what)
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(self.every_s):
            say(f"{self.what} ({time.monotonic() - began:.0f} s)")


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)
