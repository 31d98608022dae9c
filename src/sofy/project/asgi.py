"""The ASGI application that `sofy ingest` serves."""

import gc
import multiprocessing
import os
import signal
from pathlib import Path

from sofy.ingest.app import create
from sofy.kernel.config import Config
from sofy.project import logs, runtime, watching
from sofy.project.processes import die_with_parent

config = Config.load(os.environ, read_file=lambda path: Path(path).read_text())
logs.configure_plain(config.log_level)
runtime.install_clock(config)
application = create(config)
watching.start("ingest", config, "sofy_engine")
# Requests live for a moment and point at nothing that points back: collecting cycles over them is wasted time.
gc.freeze()
gc.set_threshold(50_000, 20, 20)
# The server runs this module in a child of its own: a killed parent must not leave one that holds the port.
if (_server := multiprocessing.parent_process()) is not None and _server.pid is not None:
    die_with_parent(_server.pid, signal.SIGTERM)
