"""`sofy engine`: one engine process, from settings to an orderly end."""

import asyncio
import gc
import signal

import structlog
import uvloop

from sofy.engine.db import role_url
from sofy.engine.keystore import KeyStore
from sofy.engine.loop import Engine
from sofy.engine.metrics import EngineMetrics
from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.kernel.config import Config

log = structlog.get_logger(__name__)


async def main(config: Config, url: str | None = None) -> None:
    """Run an engine until SIGTERM or SIGINT. `url`: where sofy_engine logs in, when the caller knows it."""
    if config.clock_file is not None:
        clock.install(FileClock(config.clock_file, environment=config.environment))
    spool = config.var_dir / "spool" / "engine"
    engine = Engine(url or role_url(config, "sofy_engine"), KeyStore(config), spool, base_url=config.base_url)
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(error: BaseException | None = None) -> None:
        if not over.done():
            if error is None:
                over.set_result(None)
            else:
                over.set_exception(error)

    engine.on_failure = end
    seen = EngineMetrics(engine)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    # Messages live for a moment and point at nothing that points back: collecting cycles over them is wasted time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    starting = asyncio.ensure_future(engine.start())
    try:
        await asyncio.wait({starting, over}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
        await over
    finally:
        starting.cancel()  # it waits for the database as long as that is away
        await asyncio.gather(starting, return_exceptions=True)
        await engine.stop()
        seen.close()


def run(config: Config, url: str | None = None) -> None:
    """`main` on a fast event loop."""
    uvloop.run(main(config, url))
