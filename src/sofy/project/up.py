"""`sofy up`: everything on this machine, and where to log in."""

from pathlib import Path

from sofy.project import people, runtime, stack
from sofy.project.answers import table
from sofy.project.processes import read_json
from sofy.project.progress import Still
from sofy.project.speech import gettext as _


def run() -> None:
    """Start all processes, say where to log in, and keep them alive until Ctrl-C."""
    with Still(_("Preparing the database")):
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
        with Still(_("Starting the processes")):
            stack.save_sandbox_routes(config, ports)
            login = people.demo_login(read_json(Path(config.var_dir) / "demo" / "last.json"))
            supervisor.wait_until_healthy()
        rows = [(child.name, child.address or "-") for child in supervisor.children]
        print(table(rows, _("process"), _("address")), flush=True)
        print(f"\nhttp://localhost:{ports.web}")
        again = _("a new one every 30 s: {command}").format(command=f".venv/bin/sofy user code {login.email}")
        ways = {_("e-mail"): login.email, _("password"): login.password, _("code"): people.code(login.email)}
        for name, value in ways.items():
            print(f"  {name:<12}  {value}" + (f"   ({again})" if name == _("code") else ""))
        print("\n" + _("Ctrl-C ends everything."), flush=True)
    except BaseException:
        supervisor.stop()
        raise
    supervisor.run_forever()
