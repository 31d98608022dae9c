"""How long the invoices of a month take: contracts replayed, checked, numbered and frozen, then written as Factur-X.

    sofy bench invoices [--contracts N] [--json]

N contracts of one entity, each of a client of its own, with 16 lines and four kinds of usage: an invoice of 20 lines.
The run is that of `sofy invoices run`: every contract replayed, its document through the oracle and, in one child
process, the official rules, then its number and its frozen bytes in a transaction of its own. Meanwhile another process
writes the files of what is frozen, as the worker does. `minutes_for_10000` is from the first contract to the last file
at this speed; wanted are 12 minutes and 600 MB (`rss_mb`: the run and its child; `files_mb`: who writes files). Not in
it: counting the usage in the ledger (events are there already) and the worker's queue.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from tools.bench import options
from tools.bench.database import peak_mb, private_database

USUAL, MOST = 500, 10_000
WANTED_MIN, WANTED_MB = 12.0, 600
MONTH = date(2026, 5, 1)
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LINES = 16
CHANNELS = ("sms", "rcs", "whatsapp", "email")


def main(argv: Sequence[str] | None = None) -> None:
    parser = options.Parser("sofy bench invoices", __doc__)
    parser.add_argument("--contracts", type=options.whole(MOST), default=USUAL)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(argv)
    database = private_database()
    try:
        options.tell(measured(asked), json_only=asked.json)
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """Contracts are made, then invoiced, then their files are written."""
    from django.db import connections

    from sofy.billing.models import Invoice
    from sofy.billing.services import runs
    from sofy.kernel import clock
    from sofy.kit.rls import staff_scope

    clock.install(lambda: NOW)
    entity_id = contracts(asked.contracts)
    context = multiprocessing.get_context("fork")
    told, over = context.SimpleQueue(), context.Event()
    connections.close_all()
    writer = context.Process(target=write_files, args=(entity_id, over, told))
    writer.start()
    begun = time.perf_counter()
    row = runs.run(entity_id, MONTH, actor="bench")
    run_s = time.perf_counter() - begun
    run_mb = round(peak_mb())
    over.set()
    files, files_mb = told.get()
    whole_s = time.perf_counter() - begun
    with staff_scope():
        found = list(Invoice.objects.using("staff").filter(entity_id=entity_id).values_list("number", flat=True))
    numbers = sorted(int(number[-6:]) for number in found)
    minutes = whole_s / len(found) * 10_000 / 60
    writer.join()
    return {
        "bench": "invoices",
        "contracts": asked.contracts,
        "invoices": row.issued,
        "refused": row.refused,
        "without_gap": numbers == list(range(1, len(numbers) + 1)),
        "files": files,
        "run_s": round(run_s, 1),
        "whole_s": round(whole_s, 1),
        "ms_each": round(whole_s * 1000 / len(found), 1),
        "rss_mb": run_mb,
        "files_mb": files_mb,
        "minutes_for_10000": round(minutes, 1),
        "wanted_min": WANTED_MIN,
        "wanted_mb": WANTED_MB,
        "reached": minutes < WANTED_MIN and run_mb < WANTED_MB,
    }


def write_files(entity_id: Any, over: Any, told: Any) -> None:
    """Write the files of what is frozen until nothing more comes; tells how many and with how much memory."""
    from sofy.billing.models import Invoice
    from sofy.billing.services import rendering
    from sofy.kit.rls import staff_scope

    count = 0
    while True:
        last = over.is_set()
        with staff_scope():
            rows = Invoice.objects.using("staff").filter(entity_id=entity_id, rendered_at=None).order_by("frozen_at")
            found = list(rows.values_list("client_id", "id")[:50])
        for client_id, invoice_id in found:
            rendering.render(client_id, invoice_id)
            count += 1
        if last and not found:
            break
        if not found:
            time.sleep(0.05)
    told.put((count, own_mb()))


def own_mb() -> int:
    """Resident memory of this process at its highest."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def contracts(count: int) -> Any:
    """Signed contracts that begin with the month, and a month's usage in their logs; answers the entity's id."""
    from sofy.billing.services import events
    from sofy.clients.tests.factories import make_client
    from sofy.contracts.services import acceptances, order_forms
    from sofy.contracts.tests.factories import make_entity

    entity = make_entity(series="BEN")
    for _number in range(count):
        client = make_client()
        form = order_forms.draft(client.pk, entity_id=entity.pk, content=ordered(), actor="bench")
        order_forms.send(client.pk, form.pk, actor="bench")
        acceptances.record_signature(
            client.pk, form.pk, signed_on=date(2026, 4, 15), signer="Claire Martin", proof=b"%PDF-1.7", actor="bench"
        )  # fmt: skip
        for channel in CHANNELS:
            used = {"type": "usage", "at": "2026-04-20", "channel": channel, "quantity": 1000}
            events.record(client.pk, form.pk, used, source="bench", source_key=channel, actor="bench")
    return entity.pk


def ordered() -> dict[str, Any]:
    """What each client orders."""
    items = [
        {"code": f"line{n}", "product": "option", "label": f"Option {n}", "quantity": n, "unit_price_eur": "12.30"}
        for n in range(1, LINES + 1)
    ]
    form = {
        "starts_on": "2026-05-01", "term_months": 12, "renewal_months": 12, "items": items,
        "usage_prices": [{"channel": channel, "unit_price_eur": "0.0551"} for channel in CHANNELS],
    }  # fmt: skip
    address = {"street": "3 rue du Four", "town": "Lyon", "postcode": "69001"}
    return {"client": {"name": "Boulangerie Martin", "siren": "732829320", "address": address}, "order_form": form}


if __name__ == "__main__":
    main()
