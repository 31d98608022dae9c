"""The outbox: an event is delivered with its fact or not at all, and a bad one holds up nobody."""

from datetime import timedelta

import pytest
from django.db import transaction

from sofy.kernel import clock, ids
from sofy.kit import outbox, rls
from sofy.kit.models import OutboxRow

ALICE, BOB = ids.uuid7(), ids.uuid7()


@pytest.fixture
def received(monkeypatch):
    monkeypatch.setattr(outbox, "_handlers", {})
    events = []

    @outbox.handler("test.happened")
    def note(*, client_id, thing):
        if thing == "bad":
            raise ValueError("no")
        events.append((client_id, rls.current_client(), thing))

    return events


def _publish(client_id, thing):
    with rls.client_scope(client_id):
        outbox.publish("test.happened", client_id, thing=thing)


def test_events_of_every_client_reach_their_handler_in_its_scope(engine_db, received):
    _publish(ALICE, "a")
    _publish(BOB, "b")

    done = outbox.dispatch()

    assert done == 2
    assert sorted(received) == sorted([(ALICE, ALICE, "a"), (BOB, BOB, "b")])
    assert outbox.dispatch() == 0


def test_a_rolled_back_fact_tells_nothing(engine_db, received):
    with pytest.raises(RuntimeError), rls.client_scope(ALICE):
        outbox.publish("test.happened", ALICE, thing="never")
        raise RuntimeError

    assert outbox.dispatch() == 0
    assert received == []


def test_a_failing_event_waits_and_the_others_go_on(engine_db, received):
    _publish(ALICE, "bad")
    _publish(ALICE, "good")

    outbox.dispatch()

    assert [thing for *_, thing in received] == ["good"]
    with rls.client_scope(ALICE):
        waiting = OutboxRow.objects.get(done_at=None)
    assert waiting.attempts == 1
    later = clock.now() + timedelta(minutes=1)
    clock.install(lambda: later)
    outbox.dispatch()
    with rls.client_scope(ALICE):
        assert OutboxRow.objects.get(done_at=None).attempts == 2


def test_the_engine_writes_events_and_reads_none(engine_db, received):
    with engine_db.connect("sofy_engine") as engine:
        engine.execute(
            "insert into kit_outbox (client_id, id, topic, payload, created_at)"
            """ values (%s, %s, 'test.happened', '{"thing": "stop"}', %s)""",
            [ALICE, ids.uuid7(), clock.now()],
        )

    outbox.dispatch()

    assert received == [(ALICE, ALICE, "stop")]


def test_a_delivered_event_and_its_effects_commit_together(engine_db, received, monkeypatch):
    _publish(ALICE, "a")

    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.dispatch()
        raise RuntimeError("killed before the commit")

    assert outbox.dispatch() == 1
