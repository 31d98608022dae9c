"""How long the invoices of a month take: usage counted in the ledger, contracts replayed, checked, numbered, written.

    sofy bench invoices [--contracts N] [--usage-rows N] [--json]

N contracts of one entity, each of a client of its own, with 16 lines and messages of four channels, an equal share of
the rows of the ledger: an invoice of 20 lines. First the ledger is counted and told to the contracts (`metering_s`), as
a run does. The run is that of `sofy invoices run`: every contract replayed, its document through the oracle and, in one
child process, the official rules, then its number and its frozen bytes in a transaction of its own. Meanwhile another
process writes the files of what is frozen, as the worker does. `minutes_for_10000` is from the first row to the last
file at this speed; wanted are 12 minutes and 600 MB (`rss_mb`: the run and its child; `files_mb`: who writes files).
Not in it: making contracts and rows, and the worker's queue.
"""

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from tools.bench import options
from tools.bench.database import peak_mb, private_database

USUAL, MOST = 500, 10_000
#: Of 10,000 contracts; by default fewer have as many rows each.
USUAL_ROWS, MOST_ROWS = 10_000_000, 50_000_000
WANTED_MIN, WANTED_MB = 12.0, 600
MONTH = date(2026, 5, 1)
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LINES = 16
CHANNELS = ("sms", "rcs", "whatsapp", "email")
_MESSAGES = """
WITH made AS (
    INSERT INTO engine_message (client_id, id, channel, purpose, recipient_index, sender, payload, parts, encoding,
                                destination, created_at)
    SELECT client,
           (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008'
            || lpad(to_hex(n), 15, '0'))::uuid,
           (%(channels)s::text[])[1 + n %% 4], 'marketing', int8send(n), 'SHOP', '\\x01', 1, 'gsm7', 'FR', at
      FROM unnest(%(clients)s::uuid[]) AS c (client), generate_series(1, %(each)s::bigint) AS n,
           LATERAL (SELECT timestamptz '2026-04-15 12:00+02' + (n * 15 / %(each)s) * interval '1 day' AS at) AS day
    RETURNING *
)
INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at, submitted_at,
                          final_at, updated_at)
SELECT client_id, id, recipient_index, 'delivered', 50, 1, created_at, created_at, created_at, created_at FROM made"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = options.Parser("sofy bench invoices", __doc__)
    parser.add_argument("--contracts", type=options.whole(MOST), default=USUAL)
    parser.add_argument("--usage-rows", type=options.whole(MOST_ROWS), help="rows of the ledger (1,000 a contract)")
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
    from django.db.models import Sum

    from sofy.billing.models import Invoice, UsageTold
    from sofy.billing.services import metering, runs
    from sofy.kernel import clock
    from sofy.kit.rls import staff_scope

    clock.install(lambda: NOW)
    rows = asked.usage_rows if asked.usage_rows is not None else USUAL_ROWS * asked.contracts // MOST
    each = max(rows // asked.contracts, len(CHANNELS))
    entity_id = contracts(asked.contracts)
    ledger(each)
    context = multiprocessing.get_context("fork")
    told, over = context.SimpleQueue(), context.Event()
    connections.close_all()
    writer = context.Process(target=write_files, args=(entity_id, over, told))
    writer.start()
    begun = time.perf_counter()
    metering.meter_all(entity_id, MONTH)
    metering_s = time.perf_counter() - begun
    row = runs.run(entity_id, MONTH, actor="bench")
    run_s = time.perf_counter() - begun - metering_s
    run_mb = round(peak_mb())
    over.set()
    files, files_mb = told.get()
    whole_s = time.perf_counter() - begun
    with staff_scope():
        found = list(Invoice.objects.using("staff").filter(entity_id=entity_id).values_list("number", flat=True))
        told = UsageTold.objects.using("staff").aggregate(Sum("quantity"))["quantity__sum"]
    numbers = sorted(int(number[-6:]) for number in found)
    minutes = whole_s / len(found) * 10_000 / 60
    writer.join()
    return {
        "bench": "invoices",
        "contracts": asked.contracts,
        "invoices": row.issued,
        "refused": row.refused,
        "usage_rows": each * asked.contracts,
        "usage_told": told,
        "metering_s": round(metering_s, 1),
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
    """Signed contracts that begin with the month; answers the entity's id."""
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
    return entity.pk


def ledger(each: int) -> None:
    """So many messages of every client in the second half of April, as engines leave them."""
    import psycopg

    from sofy.clients.models import Client
    from sofy.kit.rls import staff_scope

    with staff_scope():
        clients = list(Client.objects.using("staff").values_list("pk", flat=True))
    with psycopg.connect(os.environ["SOFY_DATABASE_URL"], autocommit=True) as admin:
        for place in range(0, len(clients), 50):
            admin.execute(_MESSAGES, {"clients": clients[place : place + 50], "each": each, "channels": list(CHANNELS)})
        admin.execute("ANALYZE engine_message, engine_state")


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
