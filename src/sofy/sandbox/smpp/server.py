"""Running the simulated operator: SMPP port, log, phones page."""

import asyncio
from collections.abc import Callable

from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.phones import PhonesPage
from sofy.sandbox.smpp.profile import SandboxConfig


async def serve(config: SandboxConfig, on_ready: Callable[[SimulatedOperator], None] | None = None) -> None:
    """Run until cancelled; `on_ready` is called once it listens, with the operator (its `.port`, its `.stats`)."""
    operator = SimulatedOperator(config)
    await operator.start()
    pages = None
    if config.http_port is not None:
        pages = PhonesPage(operator.log)
        await pages.start(config.host, config.http_port)
    try:
        if on_ready is not None:
            on_ready(operator)
        await asyncio.get_running_loop().create_future()
    finally:
        if pages is not None:
            await pages.stop()
        await operator.stop()
