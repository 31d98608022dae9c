"""The processes: `sofy web`, `ingest`, `worker`, `engine`, `notify`, `sandbox`, all under `sofy up`; `sofy status`."""

import argparse
import asyncio
import resource
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from sofy.engine.db import role_url
from sofy.kernel.config import Config
from sofy.kernel.errors import Refused
from sofy.project import runtime, watching
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, leaf, port
from sofy.project.processes import PAGES
from sofy.project.simulators import SIMULATORS
from sofy.project.supervisor import answers, status

#: To the API. Connections that say nothing need no key: with a thousand at most, anybody could fill the house.
MOST_CONNECTIONS = 10_000


def add(commands: Commands) -> None:
    leaf(commands, "web", "Serve the pages.", web, json=False)
    leaf(commands, "ingest", "Answer the API: messages of clients' own software.", ingest, json=False)
    leaf(commands, "smpp", "Serve SMPP: messages of clients' own software.", smpp, json=False)
    leaf(commands, "worker", "Run jobs and deliver events between the rooms.", worker, json=False)
    leaf(commands, "engine", "Move messages: gate, routes, receipts.", engine, json=False)
    leaf(commands, "notify", "Tell webhooks of clients what happened.", notify, json=False)
    sandbox = leaf(
        commands, "sandbox", "A simulated supplier, on loopback: an operator, or another.", run_sandbox, json=False
    )
    sandbox.add_argument(
        "supplier", nargs="?", default="smpp", choices=["smpp", *(one.connector for one in SIMULATORS)],
        help="whose place it takes: the connector that speaks to it",
    )  # fmt: skip
    sandbox.add_argument("--port", type=port, default=0, help="where it listens; 0 picks a port")
    sandbox.add_argument(
        "--page-port", type=port, default=0, help="smpp: port of the page that shows phones; 0: no page"
    )
    sandbox.add_argument(
        "--profile", default="demo", choices=["demo", "brisk", "plain", "hostile"], help="how it behaves"
    )
    leaf(commands, "up", "Everything on this machine, with the simulated operator, until Ctrl-C.", up, json=False)
    leaf(commands, "status", "Processes, addresses and health.", show_status)


def _as_role(role: str) -> Config:
    """The settings of a process that serves, after making sure it has no more rights than its role."""
    from sofy.kit.rls import refuse_excess_rights

    config = runtime.prepare()
    with psycopg.connect(role_url(config, role)) as connection:
        refuse_excess_rights(connection, role)
    return config


def _serve(application: str, config: Config, port: int, **options: Any) -> Answer:
    """Answer HTTP until SIGTERM, in one child that is started again when it dies."""
    from granian import Granian
    from granian.log import LogLevels

    from sofy.project import logs

    Granian(
        application,
        address=config.host,
        port=port,
        workers=1,
        log_level=LogLevels.warning,
        log_dictconfig=logs.logging_config(config.log_level.upper()),
        respawn_failed_workers=True,
        **options,
    ).serve()
    return Answer()


def web(_arguments: argparse.Namespace) -> Answer:
    from granian.constants import Interfaces

    from sofy.kit.live import STREAMS

    config = _as_role("sofy_web")
    return _serve(
        "sofy.project.wsgi:application",
        config,
        config.web_port,
        interface=Interfaces.WSGI,
        blocking_threads=PAGES + STREAMS,  # threads start when they are needed; project/wsgi.py says which do what
        workers_kill_timeout=5,  # pages in the making are finished, streams are not waited for
    )


def ingest(_arguments: argparse.Namespace) -> Answer:
    from granian.constants import Interfaces, Loops

    config = _as_role("sofy_engine")
    return _serve(
        "sofy.project.asgi:application",
        config,
        config.api_port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        backpressure=_allow_open(MOST_CONNECTIONS),
        workers_kill_timeout=15,  # what was accepted is on disk before the answer: it is waited for
    )


def _allow_open(connections: int) -> int:
    """How many connections may be open at once: so many, or what the machine allows this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = connections + 500 if hard == resource.RLIM_INFINITY else min(hard, connections + 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(128, files - 500)


def worker(_arguments: argparse.Namespace) -> Answer:
    config = runtime.open_django(_as_role("sofy_web"))
    watching.start("worker", config, "sofy_web")
    from sofy.project import worker as process

    asyncio.run(process.main())
    return Answer()


def engine(_arguments: argparse.Namespace) -> Answer:
    config = _as_role("sofy_engine")
    from sofy.project import logs

    logs.configure_plain(config.log_level)
    runtime.install_clock(config)
    watching.start("engine", config, "sofy_engine")
    from sofy.engine import process

    _run_loop(process.main(config))
    return Answer()


def notify(_arguments: argparse.Namespace) -> Answer:
    config = _as_role("sofy_engine")
    from sofy.project import logs

    logs.configure_plain(config.log_level)
    runtime.install_clock(config)
    watching.start("notify", config, "sofy_engine")
    from sofy.webhooks import process

    _run_loop(process.main(config))
    return Answer()


def smpp(_arguments: argparse.Namespace) -> Answer:
    config = _as_role("sofy_engine")
    from sofy.project import logs

    logs.configure_plain(config.log_level)
    runtime.install_clock(config)
    _allow_open(MOST_CONNECTIONS)
    from sofy.smsc import process

    # A monitor is answered once it listens.
    _run_loop(process.main(config, ready=lambda _server: watching.start("smpp", config, "sofy_engine")))
    return Answer()


def run_sandbox(arguments: argparse.Namespace) -> Answer:
    config = runtime.prepare()
    if config.production:
        raise Refused("sandbox_in_production")
    from sofy.project import logs, stack
    from sofy.sandbox.smpp.profile import PROFILES, Curve, SandboxConfig
    from sofy.sandbox.smpp.server import serve

    logs.configure_plain(config.log_level)
    runtime.install_clock(config)
    watching.start("sandbox", config)
    for one in SIMULATORS:
        if one.connector == arguments.supplier:
            _run_loop(one.serve(config, arguments.port, arguments.profile))
            return Answer()
    # The demo's operator is the one of training in a hurry: nobody waits a quarter of a minute for an answer.
    brisk = msgspec.structs.replace(
        PROFILES["demo"],
        receipt=Curve(1.2, 0.6, 6.0),
        reply=Curve(2.0, 0.6, 7.0),
        opening=Curve(1.5, 0.6, 6.0),
    )
    profiles = {**PROFILES, "brisk": brisk}
    settings = SandboxConfig(
        port=arguments.port,
        http_port=arguments.page_port or None,
        log=stack.accepted_log(config),
        profile=profiles[arguments.profile],
    )
    _run_loop(serve(settings))
    return Answer()


def _run_loop(main: object) -> None:
    import uvloop

    uvloop.run(main)  # type: ignore[arg-type]


def up(_arguments: argparse.Namespace) -> Answer:
    from sofy.project.up import run

    run()
    return Answer()


def show_status(_arguments: argparse.Namespace) -> Answer:
    config = runtime.prepare()
    rows = status(Path(config.var_dir))
    for row in rows:
        row["healthy"] = row["alive"] and (not row["health"] or answers(row["health"]))
    try:
        with psycopg.connect(role_url(config, "sofy_web"), connect_timeout=3) as connection:
            connection.execute("select 1")
        database = True
    except (psycopg.Error, FileNotFoundError):
        database = False
    state = {True: "up", False: "down"}
    lines = [(row["name"], row["pid"] or "-", row["address"], state[row["healthy"]], row["restarts"]) for row in rows]
    lines.append(("database", "-", config.database_url or "", state[database], "-"))
    addresses = {name: address for row in rows for name, address in row.get("addresses", {}).items()}
    metrics = {row["name"]: row["metrics"] for row in rows if row.get("metrics")}
    text = table(lines, "process", "pid", "address", "state", "restarts")
    healthy = database and all(row["healthy"] for row in rows)
    told = {"healthy": healthy, "database": database, "addresses": addresses, "metrics": metrics, "processes": rows}
    return Answer(text, told, 0 if healthy else 1)
