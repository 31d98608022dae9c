"""The audit chain: whole under concurrency, and broken visibly by whoever touches it."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from sofy.kernel import clock, ids
from sofy.kit import audit, rls
from sofy.kit.models import AuditEntry, AuditHead

ALICE, BOB = ids.uuid7(), ids.uuid7()


@pytest.fixture
def chain(engine_db):
    with rls.client_scope(ALICE):
        for number in range(4):
            audit.append(ALICE, "campaign.launched", "user:7", {"number": number, "é": ["à", 1.5, None]})
    return engine_db


def _verdict(client_id=ALICE):
    with rls.client_scope(client_id):
        return audit.verify(client_id)


@pytest.mark.clause("DPA 2", "DPA 3")
def test_an_untouched_chain_is_intact(chain):
    verdict = _verdict()

    assert (verdict.intact, verdict.entries) == (True, 4)


@pytest.mark.clause("DPA 2")
def test_many_entries_at_once_make_the_same_chains_as_one_after_the_other(chain):
    with rls.staff_scope():
        made = audit.append_all(
            [(BOB, "a", {"n": 1}), (ALICE, "b", {"n": 2}), (BOB, "c", {"n": 3})], "user:7", using="staff"
        )
        audit.append(ALICE, "d", "user:7", using="staff")

    assert [(entry.client_id, entry.seq) for entry in made] == [(BOB, 1), (ALICE, 5), (BOB, 2)]
    assert (_verdict().intact, _verdict().entries) == (True, 6)
    assert (_verdict(BOB).intact, _verdict(BOB).entries) == (True, 2)


def test_a_client_without_entries_is_intact(engine_db):
    assert _verdict(BOB) == audit.Verdict(0)


@pytest.mark.parametrize(
    ("_case", "statement", "broken_at", "reason"),
    [
        ("fact changed", "update kit_audit set facts = '{}' where seq = 2", 2, "altered"),
        ("actor changed", "update kit_audit set actor = 'user:8' where seq = 3", 3, "altered"),
        ("moment changed", "update kit_audit set at = at + interval '1 microsecond' where seq = 1", 1, "altered"),
        ("entry removed", "delete from kit_audit where seq = 2", 2, "missing"),
        ("end cut off", "delete from kit_audit where seq = 4", 4, "truncated"),
        ("all removed", "delete from kit_audit", 1, "truncated"),
        ("link changed", "update kit_audit set previous_hash = hash where seq = 3", 3, "unlinked"),
        ("head removed", "delete from kit_audit_head", 5, "truncated"),
    ],
)
def test_tampering_is_found(chain, _case, statement, broken_at, reason):
    with chain.connect("admin") as admin:
        admin.execute(statement)

    verdict = _verdict()

    assert (verdict.broken_at, verdict.reason) == (broken_at, reason)


def test_the_web_role_cannot_change_an_entry(chain):
    for attempt in (
        lambda: AuditEntry.objects.update(actor="nobody"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditHead.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), rls.client_scope(ALICE):
            attempt()


def test_concurrent_writers_never_fork_the_chain(engine_db):
    start = threading.Barrier(6)
    failures = []

    def write(writer):
        try:
            start.wait()
            for number in range(8):
                with rls.client_scope(ALICE):
                    audit.append(ALICE, "consent.changed", f"user:{writer}", {"number": number})
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()

    verdict = _verdict()

    assert failures == []
    assert (verdict.intact, verdict.entries) == (True, 48)


def test_a_rolled_back_decision_leaves_no_entry(engine_db):
    with pytest.raises(ValueError, match="changed my mind"), rls.client_scope(ALICE), transaction.atomic():
        audit.append(ALICE, "campaign.launched", "user:7")
        raise ValueError("changed my mind")

    assert _verdict() == audit.Verdict(0)


def test_time_comes_from_the_house_clock(db):
    clock.install(lambda: datetime(2026, 11, 24, 13, 30, tzinfo=UTC))

    with rls.client_scope(ALICE):
        entry = audit.append(ALICE, "client.opened", "user:1")

    assert entry.at == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
