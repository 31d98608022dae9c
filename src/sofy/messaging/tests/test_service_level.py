"""The count of routing success: from the ledger, page by page, again and again with the same answer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from sofy.clients.models import Client
from sofy.clients.services import create_client
from sofy.engine import intake, permissions
from sofy.engine.fraud.watch import TEXT_KIND
from sofy.engine.intake import MessageIn
from sofy.engine.rungs import Rung
from sofy.engine.service_level import count, month
from sofy.kernel import clock, ids, misuse
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging.services import fraud, service_level, service_records
from sofy.messaging.services.service_records import NewRecord
from sofy.messaging.tests.test_fraud import suspect

pytestmark = pytest.mark.clause("CGVU 28")

NOW = clock.DEMO_START
MONTH = "2026-11"
OFFER = "Soldes, -50 % en magasin"


@pytest.fixture
def client(engine_db: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    clock.install(lambda: NOW)
    monkeypatch.setattr(ids, "_last", 0)  # ids never go back: tests before may have been later in the month
    return create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")


def send(client: Client, number: int = 1, **more: Any) -> UUID:
    given = {"purpose": "alert", "to": f"+336399800{number:02}", "text": "Votre code", "sender": "FLEURS"} | more
    with client_scope(client.pk):
        (message,) = intake.submit(connection.connection, client.pk, [MessageIn(**given)], keys=keys_for(client.pk))
    return message


def becomes(engine_db: Any, message: UUID, status: str, *, after_s: float = 1, **more: Any) -> None:
    """What the engine writes of a message."""
    at = NOW + timedelta(seconds=after_s)
    handed = status not in ("withheld", "cancelled", "held", "queued") and more.get("reason") != "refused_suppress"
    values = {"status": status, "final_at": at, "submitted_at": at if handed else None} | more
    columns = ", ".join(f"{name} = %({name})s" for name in values)
    with engine_db.connect(autocommit=True) as engine:
        engine.execute(
            f"UPDATE engine_state SET {columns} WHERE message_id = %(id)s",
            values | {"id": message},
        )
        if status == "held":
            engine.execute(
                "INSERT INTO engine_event (client_id, message_id, kind, at, detail)"
                " SELECT client_id, message_id, 'held', %s, jsonb_build_object('reason', reason)"
                " FROM engine_state WHERE message_id = %s",
                [at, message],
            )


def passes(**more: float) -> datetime:
    later = clock.now() + timedelta(**more)
    clock.install(lambda: later)
    return later


def told(client: Client) -> month.ServiceLevel:
    service_level.count_month(client.pk, MONTH)
    with client_scope(client.pk):
        return service_level.of_month(client.pk, MONTH)


def test_each_message_counts_once_and_each_lost_point_has_its_evidence(client: Client, engine_db: Any) -> None:
    good, late, dead = send(client, 1), send(client, 2), send(client, 3)
    becomes(engine_db, good, "delivered")
    becomes(engine_db, late, "delivered", after_s=90)
    becomes(engine_db, dead, "failed", reason="refused_suppress")
    passes(minutes=5)

    found = told(client)

    assert (found.accepted, found.reached, found.lost, found.excluded) == (3, 1, 1, 1)
    assert found.success_percent == 50.0
    (point,) = found.lost_points
    assert (point.message, point.reason, point.deadline_at) == (late, "late", NOW + timedelta(seconds=60))


def test_counted_again_a_day_says_the_same(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client), "delivered", after_s=90)
    passes(minutes=5)

    first = told(client)
    again = told(client)

    assert (again.days, again.lost_points) == (first.days, first.lost_points)


def test_a_day_longer_than_a_page_is_counted_whole(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "PAGE", 2)
    for number in range(5):
        send(client, number)
    passes(minutes=5)

    found = told(client)

    assert (found.accepted, found.lost, len(found.lost_points)) == (5, 5, 5)


def test_a_ladder_is_one_message_judged_by_the_channel_it_stands_on(client: Client, engine_db: Any) -> None:
    said: dict[str, Any] = {"to": "+33639980001", "text": "Votre code", "parts": 1}
    rcs = Rung(channel="rcs", sender="AGENT", encoding="utf8", after_s=60, **said)
    sms = Rung(channel="sms", sender="FLEURS", encoding="gsm7", **said)
    until = NOW + timedelta(minutes=1)
    head = send(client, channel="rcs", parts=1, encoding="utf8", ladder=(rcs, sms), expires_at=until)
    becomes(engine_db, head, "withheld", after_s=60, reason="too_late", superseded=True)
    passes(seconds=61)
    second = send(client, channel="sms", head_id=head, rung=1)
    becomes(engine_db, second, "delivered", after_s=62)
    with engine_db.connect(autocommit=True) as engine:
        engine.execute("UPDATE engine_ladder SET message_id = %s WHERE head_id = %s AND rung = 1", [second, head])
    passes(minutes=5)

    found = told(client)

    assert (found.accepted, found.reached, found.lost) == (1, 1, 0)


def test_a_suspicion_that_a_person_releases_makes_its_holds_failures(client: Client, engine_db: Any) -> None:
    message = send(client)
    becomes(engine_db, message, "withheld", reason="fraud_blocked")
    suspicion = suspect(client, engine_db, message)
    passes(minutes=5)
    assert told(client).withheld == 1

    fraud.decide(suspicion, decision="release", actor="staff")
    while service_level.count_next(client.pk):
        pass
    with client_scope(client.pk):
        found = service_level.of_month(client.pk, MONTH)

    assert (found.withheld, [each.reason for each in found.lost_points]) == (0, ["held_wrongly"])


def test_a_hold_that_was_let_go_is_a_failure(client: Client, engine_db: Any) -> None:
    message = send(client)
    becomes(engine_db, message, "held", reason="alert_reads_like_marketing")
    becomes(engine_db, message, "delivered", after_s=30)
    passes(minutes=5)

    assert [each.reason for each in told(client).lost_points] == ["held_wrongly"]


@pytest.mark.parametrize("said", [{"text": OFFER}, {"text": "", "content": Content(text=OFFER)}])
def test_a_text_that_was_refused_and_then_let_go_is_a_failure(client: Client, engine_db: Any, said: Any) -> None:
    message = send(client, **said)
    becomes(engine_db, message, "withheld", reason="alert_is_marketing")
    passes(minutes=5)
    assert told(client).withheld == 1

    text = keys_for(client.pk).index(TEXT_KIND, misuse.skeleton(OFFER))
    with engine_db.connect(autocommit=True) as engine:
        engine.execute(
            "INSERT INTO gate_misuse (client_id, text_hash, verdict, score, reasons, first_at, last_at)"
            " VALUES (%s, %s, 'released', 8, '[]', %s, %s)",
            [client.pk, text, NOW, NOW],
        )

    assert [each.reason for each in told(client).lost_points] == ["held_wrongly"]


def test_a_pause_of_the_campaign_is_the_client_s_own_time(client: Client, engine_db: Any) -> None:
    campaign = ids.uuid7()
    with client_scope(client.pk):
        permissions.start_campaign(connection.connection, client.pk, campaign)
    message = send(client, purpose="marketing", campaign_id=campaign)
    passes(hours=1)
    with client_scope(client.pk):
        permissions.pause_campaign(connection.connection, client.pk, campaign)
    passes(days=1)
    with client_scope(client.pk):
        permissions.resume_campaign(connection.connection, client.pk, campaign)
    becomes(engine_db, message, "delivered", after_s=26 * 3600)
    passes(days=1)

    assert told(client).reached == 1


def test_what_is_sent_later_waits_until_then(client: Client) -> None:
    send(client, due_at=NOW + timedelta(hours=3))
    passes(hours=2)

    assert told(client).open == 1

    passes(hours=2)

    assert [each.due_at for each in told(client).lost_points] == [NOW + timedelta(hours=3)]


def test_a_dated_outage_excuses_and_withdrawn_excuses_no_more(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client), "failed", reason="refused_retry", submitted_at=None)
    passes(minutes=5)
    assert told(client).lost == 1

    record = service_records.note_record(outage(ends_at=clock.now()), actor="staff")
    assert service_level.count_next(client.pk)
    with client_scope(client.pk):
        excused = service_level.of_month(client.pk, MONTH)

    assert (excused.lost, excused.excluded, [each.id for each in excused.records]) == (0, 1, [record])

    service_records.withdraw_record(record, actor="staff")
    assert told(client).lost == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "maintenance", "announced_at": NOW - timedelta(hours=47)}, "record_notice"),
        ({"kind": "maintenance", "announced_at": None}, "record_notice"),
        (
            {
                "kind": "maintenance",
                "announced_at": NOW + timedelta(hours=1),
                "begins_at": NOW + timedelta(days=9),
                "ends_at": NOW + timedelta(days=10),
            },
            "record_notice",
        ),
        ({"ends_at": NOW + timedelta(minutes=1)}, "record_dates"),
        ({"begins_at": NOW + timedelta(hours=1), "ends_at": NOW + timedelta(hours=2)}, "record_dates"),
        ({"begins_at": NOW - timedelta(days=401)}, "record_dates"),
        ({"ends_at": NOW - timedelta(hours=1)}, "record_dates"),
        ({"proof": " "}, "record_proof"),
        ({"party": " "}, "record_proof"),
        ({"party": "SOFY SAS"}, "record_ours"),
        ({"channel": None}, "record_channel"),
    ],
)
def test_what_excuses_nothing_is_no_record(client: Client, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        service_records.note_record(outage(**changes), actor="staff")

    assert service_records.records() == []


def test_a_correction_withdraws_what_was_wrong_and_both_stay_to_be_read(client: Client) -> None:
    wrong = service_records.note_record(outage(party="Meta"), actor="user:1")

    right = service_records.note_record(outage(party="Google"), actor="user:2", instead_of=wrong)

    rows = {row.id: row for row in service_records.records()}
    assert (rows[wrong].withdrawn_by, rows[right].withdrawn_at) == ("user:2", None)
    with pytest.raises(Refused, match="record_unknown"):
        service_records.note_record(outage(), actor="user:2", instead_of=wrong)
    assert len(service_records.records()) == 2
    with staff_scope():
        entries = AuditEntry.objects.using("staff").filter(action__startswith="service_record.").order_by("seq")
        actions = list(entries.values_list("action", flat=True))
    assert actions == ["service_record.noted", "service_record.withdrawn", "service_record.noted"]


def outage(**changes: Any) -> NewRecord:
    given: dict[str, Any] = {
        "kind": "outage", "party": "Meta", "channel": "sms", "begins_at": NOW - timedelta(minutes=1), "ends_at": NOW,
        "proof": "status page 4711",
    } | changes  # fmt: skip
    return NewRecord(**given)


def test_the_worker_finds_days_by_itself_and_leaves_settled_ones_alone(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client), "delivered")
    passes(days=5)
    assert not service_level.count_next(create_client(name="Autre", slug=f"c{ids.base58(8).lower()}").pk)

    assert service_level.count_next(client.pk)
    assert not service_level.count_next(client.pk)
    with client_scope(client.pk):
        assert service_level.of_month(client.pk, MONTH).reached == 1


def test_the_worker_counts_every_client_one_after_the_other(client: Client, engine_db: Any) -> None:
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")
    for one in (client, other):
        becomes(engine_db, send(one), "delivered")
    passes(minutes=5)

    assert service_level.count_all() >= 2

    for one in (client, other):
        with client_scope(one.pk):
            assert service_level.of_month(one.pk, MONTH).reached == 1


def test_the_figures_of_a_client_are_its_own(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client), "delivered", after_s=90)
    passes(minutes=5)
    told(client)
    hostile = create_client(name="Curieux", slug=f"c{ids.base58(8).lower()}")

    with client_scope(hostile.pk):
        found = service_level.of_month(client.pk, MONTH)

    assert (found.accepted, found.lost_points) == (0, [])


def test_staff_sees_the_month_of_every_client(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client), "delivered")
    passes(minutes=5)
    told(client)

    rows = {line.id: figures for line, figures in service_level.every_client(MONTH, actor="user:1")}

    assert rows[client.pk].success_percent == 100.0
    with staff_scope():
        assert AuditEntry.objects.using("staff").get(action="staff.read").facts["query"] == "service_level"


def test_months_in_short_say_what_the_month_says(client: Client, engine_db: Any) -> None:
    becomes(engine_db, send(client, 1), "delivered")
    becomes(engine_db, send(client, 2), "delivered", after_s=90)
    passes(minutes=5)
    found = told(client)

    with client_scope(client.pk):
        (shown,) = service_level.months(client.pk)

    assert (shown.month, shown.messages, shown.lost) == (MONTH, 2, 1)
    assert (shown.success_percent, shown.kept) == (found.success_percent, found.kept)


def test_evidence_comes_page_by_page_and_by_reason(client: Client, engine_db: Any) -> None:
    late = [send(client, number) for number in range(3)]
    for message in late:
        becomes(engine_db, message, "delivered", after_s=90)
    waiting = send(client, 9)
    passes(minutes=5)
    told(client)

    with client_scope(client.pk):
        first = service_level.evidence(client.pk, MONTH, most=2)
        rest = service_level.evidence(client.pk, MONTH, most=5, before=first[-1].message)
        only = service_level.evidence(client.pk, MONTH, why="waiting")

    assert [each.message for each in first + rest] == [waiting, *reversed(late)]
    assert [each.message for each in only] == [waiting]


@pytest.mark.parametrize("hour", [0, 1, 23])
def test_a_day_is_a_day_in_paris(hour: int) -> None:
    moment = datetime(2026, 10, 25, hour, 30, tzinfo=clock.PARIS)  # the day of 25 hours

    begins, ends = count.bounds(moment.date())

    assert begins <= moment < ends
    assert ends - begins == timedelta(hours=25)


_ENDS = datetime(2026, 10, 6, tzinfo=clock.PARIS)


@pytest.mark.parametrize(
    ("_case", "now", "changing", "took_s", "again"),
    [
        ("while messages come in", "-05:00", None, 1, "-04:58"),
        ("as seldom as counting takes a tenth of the time", "-05:00", None, 108, "-04:42"),
        ("an hour after its end at the latest", "-00:10", None, 3600, "+01:00"),
        ("when a deadline passes", "+00:10", "+00:20", 1, "+00:20"),
        ("when a deadline passes, of very many", "+00:10", "+00:20", 108, "+00:28"),
        ("three days after its end", "+02:00", None, 1, "+72:00"),
        ("nothing changes any more", "+73:00", None, 1, None),
    ],
)
def test_a_day_is_counted_again_when_it_may_have_changed_and_more_seldom_the_longer_it_takes(
    _case: str, now: str, changing: str | None, took_s: int, again: str | None
) -> None:
    def at(text: str | None) -> datetime | None:
        if text is None:
            return None
        hours, minutes = text[1:].split(":")
        apart = timedelta(hours=int(hours), minutes=int(minutes))
        return _ENDS - apart if text[0] == "-" else _ENDS + apart

    began = at(now)
    assert began is not None
    assert count.next_look(began, _ENDS, at(changing), timedelta(seconds=took_s)) == at(again)
