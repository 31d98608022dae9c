"""Which processes run together on one machine, and where: shared by `sofy up` and the demo."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.kernel.config import Config
from sofy.project import runtime
from sofy.project.processes import free_port
from sofy.project.simulators import SIMULATORS
from sofy.project.supervisor import Child, Supervisor, sofy

SHORT_CODE = "36105"
SANDBOX_ROUTE = "sandbox"
SANDBOX_LOGIN = ("sofy", "sandbox")
#: One SMS part, in euros before VAT, as the demo's route charges it.
SANDBOX_PRICE_EUR = Decimal("0.045")


@dataclass(frozen=True)
class Ports:
    """Free ports of this run."""

    web: int
    api: int
    smpp: int
    smpps: int
    smsc: int
    phones: int
    #: Of the simulated suppliers beside the operator, by their connector.
    simulated: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def choose(cls, config: Config) -> "Ports":
        """The configured port of the pages when it is free, and any others."""
        return cls(
            free_port(config.web_port, config.host),
            free_port(config.api_port, config.host),
            free_port(config.smpp_port, config.smpp_host),
            free_port(config.smpps_port, config.smpps_host),
            free_port(2775),
            free_port(8025),
            {one.connector: free_port(one.port) for one in SIMULATORS},
        )


def sandbox_clock(config: Config) -> FileClock:
    """The clock that demo and training share; it goes on where the last run left it."""
    path = runtime.clock_path(config)
    os.environ["SOFY_CLOCK_FILE"] = str(path)
    os.environ.setdefault("SOFY_ENVIRONMENT", "demo")
    moved = FileClock(path, environment="demo")
    clock.install(moved)
    return moved


def accepted_log(config: Config) -> Path:
    """What the simulated operator says it accepted: the operator's own file, not one of ours."""
    return Path(config.var_dir) / "sandbox" / "accepted.log"


def supervisor(config: Config, ports: Ports) -> Supervisor:
    """All processes, with the simulated operator."""
    base_url = f"http://localhost:{ports.web}"
    api_url = f"http://localhost:{ports.api}"
    os.environ.update(SOFY_WEB_PORT=str(ports.web), SOFY_BASE_URL=base_url)
    os.environ.update(SOFY_API_PORT=str(ports.api), SOFY_API_URL=api_url)
    os.environ.update(SOFY_SMPP_PORT=str(ports.smpp), SOFY_SMPPS_PORT=str(ports.smpps))
    phones = f"http://localhost:{ports.phones}"
    sandbox = ["sandbox", "--port", str(ports.smsc), "--page-port", str(ports.phones), "--profile", "brisk"]
    sandboxes = {"sandbox.smpp": f"127.0.0.1:{ports.smsc}", "sandbox.phones": phones}
    of_programs = {"smpp": f"127.0.0.1:{ports.smpp}", "smpps": f"127.0.0.1:{ports.smpps}"}
    children = [
        Child("sandbox", sofy(*sandbox), phones, addresses=sandboxes),
        *_simulated(ports),
        Child("engine", sofy("engine")),
        Child("worker", sofy("worker")),
        Child("notify", sofy("notify")),
        Child("ingest", sofy("ingest"), api_url, health=f"{api_url}/healthz", addresses={"api": api_url}),
        Child("smpp", sofy("smpp"), of_programs["smpp"], addresses=of_programs),
        Child("web", sofy("web"), base_url, health=f"{base_url}/healthz", addresses={"web": base_url}),
    ]
    for child in children:
        child.metrics_port = free_port()
        if child.name == "smpp":
            child.health = f"http://127.0.0.1:{child.metrics_port}/readyz"
    return Supervisor(Path(config.var_dir), children, runtime.embedded_server())


def _simulated(ports: Ports) -> list[Child]:
    children = []
    for one in SIMULATORS:
        if one.connector not in ports.simulated:
            continue
        port, url = ports.simulated[one.connector], _simulator_url(ports, one.connector)
        command = sofy("sandbox", one.connector, "--port", str(port), "--profile", "brisk")
        place = f"sandbox.{one.place}"
        children.append(Child(f"sandbox-{one.place}", command, url, health=f"{url}/", addresses={place: url}))
    return children


def _simulator_url(ports: Ports, connector: str) -> str:
    return f"http://127.0.0.1:{ports.simulated[connector]}"


def save_sandbox_routes(config: Config, ports: Ports) -> None:
    """Point the routes to the simulated suppliers at where they listen this time."""
    _save_operator(ports)
    for one in SIMULATORS:
        if one.connector in ports.simulated:
            one.connect(config, _simulator_url(ports, one.connector), f"http://127.0.0.1:{ports.api}")


def _save_operator(ports: Ports) -> None:
    from sofy.project import routing

    system_id, password = SANDBOX_LOGIN
    values = {
        "host": "127.0.0.1",
        "port": ports.smsc,
        "system_id": system_id,
        "password": password,
        "binds": 2,
        "window": 200,
    }
    routing.save_route(
        code=SANDBOX_ROUTE,
        name="Opérateur simulé",
        connector="smpp",
        values=values,
        short_code=SHORT_CODE,
        price_eur=SANDBOX_PRICE_EUR,
    )
