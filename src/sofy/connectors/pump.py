"""What a connector does soon and once, however often it is asked for: to write what pace and windows allow."""

import asyncio
from collections.abc import Callable


class Pump:
    """Runs `work` on the loop: once for all who ask within a turn, and again after a delay when it waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        self._loop, self._work = loop, work
        self._due = False
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Run in the next turn of the loop."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._run)

    def later(self, delay_s: float) -> None:
        """Run after a delay; a later word takes the place of an earlier one. Unit: seconds."""
        self.stop()
        self._timer = self._loop.call_later(delay_s, self.soon)

    def stop(self) -> None:
        """Forget the delay."""
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        self._due = False
        self._work()
