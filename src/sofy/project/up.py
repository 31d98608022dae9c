"""`sofy up`: everything on this machine, and where to log in."""

import time
from pathlib import Path

from sofy.project import people, runtime, stack
from sofy.project.answers import table
from sofy.project.processes import read_json


def run() -> None:
    """Start all processes, say where to log in, and keep them alive until Ctrl-C."""
    config = runtime.prepare()
    moved = stack.sandbox_clock(config)
    config = runtime.open_django()
    from sofy.kernel import clock

    if clock.now() < clock.DEMO_START:
        moved.advance_to(clock.DEMO_START)
    ports = stack.Ports.choose(config)
    supervisor = stack.supervisor(config, ports)
    supervisor.start()
    try:
        stack.save_sandbox_route(ports)
        login = people.demo_login(read_json(Path(config.var_dir) / "demo" / "last.json"))
        supervisor.wait_until_healthy(beat=_beat())
        rows = [(child.name, child.address or "-") for child in supervisor.children]
        print(table(rows, "process", "address"), flush=True)
        print(f"\nhttp://localhost:{ports.web}")
        print(f"  e-mail    {login.email}")
        print(f"  password  {login.password}")
        print(
            f"  code      {people.code(login.email)}   (a new one every 30 s: .venv/bin/sofy user code {login.email})"
        )
        print("\nCtrl-C ends everything.", flush=True)
    except BaseException:
        supervisor.stop()
        raise
    supervisor.run_forever()


def _beat() -> "Beat":
    return Beat("starting")


class Beat:
    """Says every few seconds that something still goes on."""

    def __init__(self, what: str, every_s: float = 3.0) -> None:
        self.what, self.every_s = what, every_s
        self.began = self.said = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self.said >= self.every_s:
            self.said = now
            print(f"{self.what}, {now - self.began:.0f} s", flush=True)
