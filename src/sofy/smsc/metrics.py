"""What a monitor reads of the process that serves SMPP."""

from typing import Final

from prometheus_client import Counter, Gauge

SUBMITS: Final = Counter("sofy_smpp_submits_total", "Answers to submits of programs", ["status"])
DELIVERIES: Final = Counter("sofy_smpp_deliveries_total", "Answers of programs to receipts and messages", ["status"])
BINDS: Final = Gauge("sofy_smpp_binds", "Binds that are open here", ["kind"])
REFUSED: Final = Counter("sofy_smpp_binds_refused_total", "Log-ins that were refused", ["code"])
