"""The same as a statement that is loaded: lines kept, open items replayed, payments recorded in the logs of contracts.

Each contract has one invoice; each line pays a cent of one, by its number in the text, but for one in fifty, which says
nothing and goes to a person. `take_s` is reading and keeping the lines, `match_s` replaying and recording.
"""

import io
import time
from datetime import UTC, date, datetime
from typing import Any

from tools.bench.database import peak_mb, private_database

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
DAY, MONTH = date(2026, 6, 10), date(2026, 4, 1)
UNKNOWN = 50


def run(entries: int, contracts: int) -> dict[str, Any]:
    """One statement of so many lines over so many contracts, in a database of its own."""
    database = private_database()
    try:
        return measured(entries, contracts)
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def measured(entries: int, contracts: int) -> dict[str, Any]:
    """Make contracts and their invoices, then load the statement; what it did must be what was meant."""
    from sofy.billing.models import Event
    from sofy.kernel import clock
    from sofy.kit.rls import staff_scope
    from sofy.treasury.models import Question
    from sofy.treasury.services import files, matching

    clock.install(lambda: NOW)
    entity_id, numbers = invoiced(contracts)
    content = io.BytesIO(statement(entries, numbers))
    begun = time.perf_counter()
    files.take(entity_id, content, name="bench.xml", actor="bench")
    take_s = time.perf_counter() - begun
    matching.match(entity_id, actor="bench")
    seconds = time.perf_counter() - begun
    with staff_scope():
        paid = Event.objects.using("staff").filter(source="bank").count()
        asked = Question.objects.using("staff").count()
    unknown = len(range(0, entries, UNKNOWN))
    if (paid, asked) != (entries - unknown, unknown):
        raise SystemExit(f"{entries - unknown} payments and {unknown} questions were meant: {paid} and {asked}")
    return {
        "name": "bank-load", "n": entries, "contracts": contracts, "file_mb": round(len(content.getvalue()) / 1e6, 1),
        "take_s": round(take_s, 1), "match_s": round(seconds - take_s, 1), "seconds": round(seconds, 1),
        "ms_each": round(seconds * 1000 / entries, 2), "payments": paid, "questions": asked,
        "rss_mb": round(peak_mb(), 1),
    }  # fmt: skip


def invoiced(contracts: int) -> tuple[Any, list[str]]:
    """So many contracts with an invoice each: the entity, and their numbers."""
    from sofy.billing.models import Invoice
    from sofy.billing.services import runs
    from sofy.billing.tests.signed import Content, bought, signed
    from sofy.clients.tests.factories import make_client
    from sofy.contracts.tests.factories import make_entity
    from sofy.kit.rls import staff_scope

    entity = make_entity(series="BEN")
    for number in range(contracts):
        signed(make_client(f"Boutique {number}"), entity, items=bought(onboarding=False))
    runs.run(entity.pk, MONTH, actor="bench", validator=Content())
    with staff_scope():
        return entity.pk, list(Invoice.objects.using("staff").order_by("number").values_list("number", flat=True))


def statement(entries: int, numbers: list[str]) -> bytes:
    """A camt.053 of the account of the entity."""
    from sofy.treasury.tests import factories

    lines = [
        factories.transfer(
            "0.01", "merci" if n % UNKNOWN == 0 else f"Facture {numbers[n % len(numbers)]} part {n}", on=DAY
        )
        for n in range(entries)
    ]
    return factories.statement(*lines)
