"""Transactions that PostgreSQL undid to break a tie."""

import threading

import psycopg
import pytest
from django.db import OperationalError, connection

from sofy.kernel import ids
from sofy.kit import audit, rls, ties

ALICE = ids.uuid7()


def _add(name: str, meet: threading.Barrier, order: tuple[int, int], tries: list[str]) -> None:
    """Lock two things one after the other, the second when the other thread has its first."""

    def work() -> None:
        tries.append(name)
        with rls.client_scope(ALICE):
            for number in order:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
                if len(tries) <= 2 and number == order[0]:
                    meet.wait(10)
            audit.append(ALICE, "campaign.launched", name)

    try:
        ties.again(work)
    finally:
        connection.close()


def test_of_two_transactions_that_wait_for_each_other_both_are_done_once(engine_db):
    tries: list[str] = []
    meet = threading.Barrier(2)
    threads = [
        threading.Thread(target=_add, args=(name, meet, order, tries))
        for name, order in (("user:1", (1, 2)), ("user:2", (2, 1)))
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    with rls.client_scope(ALICE):
        written = sorted(audit.AuditEntry.objects.values_list("actor", flat=True))
    assert written == ["user:1", "user:2"]
    assert len(tries) == 3


def test_it_gives_up_after_a_few_ties_and_at_once_on_anything_else():
    tries: list[str] = []

    def fail(cause: Exception) -> None:
        tries.append(type(cause).__name__)
        raise OperationalError from cause

    with pytest.raises(OperationalError):
        ties.again(lambda: fail(psycopg.errors.DeadlockDetected()))
    with pytest.raises(OperationalError):
        ties.again(lambda: fail(psycopg.errors.AdminShutdown()))

    assert tries == ["DeadlockDetected"] * ties.TRIES + ["AdminShutdown"]


def test_what_is_said_of_a_tie_names_the_table_and_no_value():
    class Diag:
        context = (
            'COPY audience_contact, line 3: "Ada Lovelace"\nwhile locking tuple (0,5) in relation "soreach_campaign"'
        )

    class Tie(psycopg.errors.DeadlockDetected):
        diag = Diag()  # type: ignore[assignment]

    assert ties.where(Tie()) == 'while locking tuple (0,5) in relation "soreach_campaign"'
