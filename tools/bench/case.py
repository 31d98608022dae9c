"""How long a loaded case takes: three years and 500 events replayed in process, and `sofy case run` from cold.

    sofy bench case [--rounds N] [--events N] [--file CASE.json] [--json]

The case is made beforehand: two lines per point of sale and an annual one, monthly usage of four channels, payments in
time, late, in part and returned, notices with their proofs, increases and decreases, incidents with claims, a revision
each year. In process: from the bytes of the file to the answer (reading, replay, state), `p50_ms` and `p95_ms`. From
cold: a new process for each, with its answer on a pipe, `cold_p50_ms` and `cold_p95_ms`; wanted are 50 and 400 ms.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tools.bench import options
from tools.bench.database import peak_mb

WANTED_MS, WANTED_COLD_MS = 50.0, 400.0
USUAL_EVENTS, MOST_EVENTS, ROUNDS, COLD_ROUNDS = 500, 20_000, 200, 20
FIRST, YEARS = date(2024, 1, 1), 3
LAST = date(2026, 12, 31)


def loaded(events: int) -> dict[str, Any]:
    """A contract of three years to which much happens."""
    pick = random.Random(7)
    days = (LAST - FIRST).days

    def on(day: int, kind: str, **facts: Any) -> dict[str, Any]:
        return {"at": str(FIRST + timedelta(days=day)), "type": kind, **facts}

    months = [(FIRST.replace(year=2024 + n // 12, month=n % 12 + 1) - FIRST).days for n in range(36)]
    happened = []
    for n, month in enumerate(months):
        number = f"FA-{2024 + n // 12}-{n % 12 + 1:06d}"
        happened.append(on(month + 5 + pick.choice([0, 10, 45]), "payment", amount_eur="2100.00", invoices=[number]))
    happened += [on(60, "notice_sent"), on(61, "notice_delivered", proof="acknowledgement")]
    happened += [on(90, "incident", until=str(FIRST + timedelta(days=91)), application="soview")]
    happened += [on(124, "credit_claim", month="2024-03"), on(200, "poi_activated", count=5)]
    happened += [on(400, "poi_decrease", count=3), on(500, "sepa_return", invoice="FA-2025-000003", reason="AM04")]
    channels = ("sms", "rcs", "whatsapp", "email")
    while len(happened) < events:
        day, channel = pick.randrange(days), pick.choice(channels)
        happened.append(on(day, "usage", channel=channel, quantity=pick.randint(1, 5_000)))
    items = [
        {"code": "view", "product": "soview", "per": "poi", "quantity": 20, "unit_price_eur": "30.00"},
        {"code": "reach", "product": "soreach", "per": "poi", "quantity": 20, "unit_price_eur": "45.00"},
        {"code": "option", "product": "option", "quantity": 1, "unit_price_eur": "1200.00", "every": "year"},
    ]
    return {
        "format": 1,
        "entity": {"name": "OPTIMA FRANCE", "siren": "919288548"},
        "client": {"name": "Client", "siren": "552100554", "address": {"postcode": "44000", "town": "Nantes"}},
        "order_form": {
            "number": "BC-2024-0001", "signed_at": str(FIRST), "starts_on": str(FIRST), "term_months": 36,
            "items": items, "revision": {"confirmed": True},
            "usage_prices": [{"channel": channel, "unit_price_eur": "0.0551"} for channel in channels],
        },
        "tables": {
            "index": [
                {"month": f"{2023 + n}-10", "value": f"{309 + 4 * n}.5", "published_on": f"{2023 + n}-12-15"}
                for n in range(4)
            ],
            "legal_rate": [{"half": "2024-H1", "percent": "5.07"}, {"half": "2026-H2", "percent": "2.62"}],
        },
        "events": happened,
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    parser = options.Parser("sofy bench case", __doc__)
    parser.add_argument("--rounds", type=options.whole(100_000), default=ROUNDS)
    parser.add_argument("--events", type=options.whole(MOST_EVENTS), default=USUAL_EVENTS)
    parser.add_argument("--file", type=Path, help="another case than the one that is made")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        file = asked.file or Path(folder) / "case.json"
        if asked.file is None:
            file.write_text(json.dumps(loaded(asked.events)))
        options.tell(measured(file, asked), json_only=asked.json)


def measured(file: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Both measurements of one file."""
    from sofy.billing.case.answer import answer
    from sofy.billing.case.shapes import Unreadable, read

    data = file.read_bytes()
    try:
        told = answer(read(data), LAST)
    except Unreadable as error:
        print(f"sofy bench case: {error.path}: {error.message}", file=sys.stderr)
        raise SystemExit(2) from None
    warm = sorted(timed(lambda: answer(read(data), LAST)) for _ in range(asked.rounds))
    command = [sys.executable, "-m", "sofy.project.cli", "case", "run", str(file), "--as-of", str(LAST)]
    cold = sorted(timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(COLD_ROUNDS))
    return {
        "bench": "case",
        "events": len(json.loads(data)["events"]),
        "documents": len(told["invoices"]),
        "p50_ms": share(warm, 50),
        "p95_ms": share(warm, 95),
        "cold_p50_ms": share(cold, 50),
        "cold_p95_ms": share(cold, 95),
        "rss_mb": peak_mb(),
        "wanted_ms": WANTED_MS,
        "wanted_cold_ms": WANTED_COLD_MS,
        "reached": share(warm, 95) < WANTED_MS and share(cold, 95) < WANTED_COLD_MS,
    }


def timed(work: Any) -> float:
    """Unit: milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def share(values: list[float], percent: int) -> float:
    """The value below which so many percent lie."""
    return round(values[min(len(values) - 1, len(values) * percent // 100)], 1)


if __name__ == "__main__":
    main()
