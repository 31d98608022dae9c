"""The pages of routing success: what a client's people read of a month, what staff sees of every client, records."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from sofy.accounts.tests.factories import make_user
from sofy.clients.models import Client
from sofy.clients.services import create_client, create_establishment
from sofy.clients.tests.factories import make_member
from sofy.engine.service_level import count
from sofy.engine.service_level.month import LostPoint, ServiceRecord
from sofy.kernel import clock, ids
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging import service_figures
from sofy.messaging.services import service_level, service_records
from sofy.messaging.tests.test_pages import browser
from sofy.messaging.tests.test_service_level import MONTH, NOW, becomes, client, outage, passes, send, told

pytestmark = pytest.mark.clause("CGVU 28")
FIXTURES = (client,)
STAFF_PAGES = (
    "/op/service-level/", "/op/service-level/records/new", "/op/clients/{slug}/service-level/",
    "/op/clients/{slug}/service-level/export",
)  # fmt: skip


@pytest.fixture
def staff() -> Any:
    return make_user(is_operator=True)


def late(client: Client, engine_db: Any, number: int = 1, **more: Any) -> Any:
    """A message that left half a minute after its deadline."""
    message = send(client, number, **more)
    becomes(engine_db, message, "delivered", after_s=90)
    return message


def counted(client: Client) -> None:
    passes(minutes=5)
    told(client)


def page(client: Client, query: str = "", language: str = "en") -> str:
    answer = browser(make_member(client, "marketer"), language).get(f"/c/{client.slug}/service-level/{query}")
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "1 message of 2 was not dealt with in time."), ("fr", "1 message sur 2 n’a pas été traité à temps.")],
)
def test_the_page_opens_with_the_figure_and_each_lost_message_opens(client, engine_db, language, said):
    becomes(engine_db, send(client, 2), "delivered")
    lost = late(client, engine_db)
    counted(client)

    text = page(client, f"?month={MONTH}", language)

    assert said in text
    assert f"/c/{client.slug}/messages/{lost}" in text
    assert "50.00%" in text or "50,00\u00a0%" in text
    assert "30 s too late" in text or "30\u00a0s de retard" in text


@pytest.mark.parametrize(
    ("language", "said"), [("en", "counted anew every two minutes"), ("fr", "recompté toutes les deux minutes")]
)
def test_the_page_says_from_when_its_figures_are_and_how_often_they_are_counted(client, engine_db, language, said):
    becomes(engine_db, send(client), "delivered")
    counted(client)
    with engine_db.connect("admin", autocommit=True) as admin:  # an earlier day nothing happens to any more
        admin.execute(
            "INSERT INTO service_slice (client_id, day, counted_at) VALUES (%s, %s, %s)",
            [client.pk, NOW.date() - timedelta(days=3), NOW - timedelta(days=2)],
        )

    text = page(client, language=language)

    assert timedelta(minutes=2) == count._FRESH
    sentence = text[text.index("lead-sentence") : text.index("grid-stats")]
    assert f"{(NOW - timedelta(days=2)).isoformat()}" not in sentence
    with client_scope(client.pk):
        assert str(service_level.last_counted(client.pk, MONTH).isoformat()) in sentence
    assert said in text
    assert text.index("lead-sentence") < text.index(said) < text.index("grid-stats")


def test_a_kept_promise_is_said_in_one_sentence_and_nothing_is_listed(client, engine_db):
    for number in (1, 2):
        becomes(engine_db, send(client, number), "delivered")
    counted(client)

    text = page(client)

    assert "All 2 messages were dealt with in time." in text
    assert "Promise kept" in text
    assert 'id="lost"' not in text


@pytest.mark.parametrize(("language", "said"), [("en", "No message this month"), ("fr", "Aucun message ce mois-ci")])
def test_a_month_without_messages_says_so_and_leads_to_the_last_one_that_has_some(client, engine_db, language, said):
    becomes(engine_db, send(client), "delivered")
    counted(client)

    text = page(client, "?month=2026-10", language)

    assert said in text
    assert f"?month={MONTH}" in text


@pytest.mark.parametrize("query", ["?month=2026-13", "?month=x"])
def test_what_is_no_month_is_not_there(client, query):
    answer = browser(make_member(client, "marketer")).get(f"/c/{client.slug}/service-level/{query}")

    assert answer.status_code == 404


def test_a_reason_and_a_place_that_nobody_knows_show_nothing_and_break_nothing(client, engine_db):
    late(client, engine_db)
    counted(client)

    assert "None of this kind." in page(client, "?why=nothing")
    assert "What happened" in page(client, "?after=nowhere")


def test_more_lost_messages_than_fit_have_a_next_page(client, engine_db, monkeypatch):
    monkeypatch.setattr("sofy.messaging.views.service_level.PER_PAGE", 2)
    sent = [late(client, engine_db, number) for number in range(3)]
    counted(client)

    text = page(client)

    assert str(sent[0]) not in text
    assert f"after={sent[1]}" in text
    assert str(sent[0]) in page(client, f"?after={sent[1]}")


def test_what_a_record_excuses_is_shown_with_its_proof_and_its_messages(client, engine_db):
    lost = late(client, engine_db)
    service_records.note_record(outage(begins_at=NOW, ends_at=passes(minutes=5)), actor="staff")
    counted(client)

    text, behind = page(client), page(client, "?why=outage")

    assert "status page 4711" in text
    assert str(lost) not in text
    assert str(lost) in behind


def test_another_client_reads_nothing_of_it(client, engine_db):
    lost = late(client, engine_db)
    service_records.note_record(outage(begins_at=NOW, ends_at=passes(minutes=5)), actor="staff")
    late(client, engine_db, 2)
    counted(client)
    hostile = create_client(name="Curieux", slug=f"c{ids.base58(8).lower()}")
    them = browser(make_user(client=hostile))

    own = them.get(f"/c/{hostile.slug}/service-level/?month={MONTH}").text
    file = them.get(f"/c/{hostile.slug}/service-level/export?month={MONTH}").text

    assert str(lost) not in own + file
    assert "4711" not in own + file
    for path in ("", "export"):
        assert them.get(f"/c/{client.slug}/service-level/{path}").status_code == 404


def test_who_may_not_see_messages_does_not_see_their_deadlines(client):
    place = create_establishment(client, name="Quai Sud")
    person = make_user(client=client, role="store_manager", establishments=[place.pk])

    answer = browser(person).get(f"/c/{client.slug}/service-level/")

    assert answer.status_code == 403


@pytest.mark.parametrize(("language", "head", "why"), [("en", "Reason", "left after its deadline"),
                                                       ("fr", "Motif", "parti après l’échéance")])  # fmt: skip
def test_the_evidence_is_a_file_with_a_row_for_each_lost_and_excused_message(
    client, engine_db, monkeypatch, language, head, why
):
    monkeypatch.setattr("sofy.messaging.views.service_level.AT_ONCE", 2)
    excused = send(client, 9)
    becomes(engine_db, excused, "failed", reason="refused_retry", submitted_at=None)
    sent = [late(client, engine_db, number) for number in range(5)]
    passes(minutes=5)
    ends = NOW + timedelta(seconds=20)
    service_records.note_record(outage(begins_at=NOW, ends_at=ends, proof="=cmd()"), actor="staff")
    counted(client)

    answer = browser(make_member(client, "marketer"), language).get(f"/c/{client.slug}/service-level/export")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    column = list(rows[0])
    assert head in column
    assert [row["Message"] for row in rows] == [str(each) for each in [*reversed(sent), excused]]
    assert rows[0][head] == why
    assert rows[-1][column[-1]] == "'=cmd()"
    assert f"service-level-{MONTH}.csv" in answer["Content-Disposition"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_staff_sees_every_client_the_worst_first_and_the_evidence_without_messages(client, engine_db, staff, language):
    lost = late(client, engine_db)
    counted(client)
    good = create_client(name="Aux Bons Envois", slug=f"c{ids.base58(8).lower()}")
    becomes(engine_db, send(good), "delivered")
    told(good)
    desk = browser(staff, language)

    every = desk.get(f"/op/service-level/?month={MONTH}").text
    one = desk.get(f"/op/clients/{client.slug}/service-level/?month={MONTH}").text

    assert every.index(client.name) < every.index(good.name)
    assert str(lost) in one
    assert "/messages/" not in one
    with client_scope(client.pk):
        assert AuditEntry.objects.filter(client_id=client.pk, action="staff.read").count() == 1


def test_staff_takes_the_evidence_as_a_file_and_the_client_reads_that_it_did(client, engine_db, staff):
    lost = late(client, engine_db)
    counted(client)

    answer = browser(staff).get(f"/op/clients/{client.slug}/service-level/export?month={MONTH}")

    assert str(lost) in answer.text
    with client_scope(client.pk):
        assert AuditEntry.objects.filter(client_id=client.pk, action="staff.read").exists()


RECORD = {
    "kind": "outage", "party": "Meta", "channel": "whatsapp", "begins_at": "2026-11-24T13:00",
    "ends_at": "2026-11-24T14:00", "proof": "status.example 4711",
}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_record_is_noted_in_hours_of_paris_corrected_and_withdrawn(client, staff, language):
    desk = browser(staff, language)

    noted = desk.post("/op/service-level/records/new", RECORD)
    (first,) = service_records.records()
    shown = desk.get(f"/op/service-level/records/{first.id}")
    corrected = desk.post(f"/op/service-level/records/{first.id}", RECORD | {"ends_at": "2026-11-24T13:30"})
    second = next(row for row in service_records.records() if row.withdrawn_at is None)
    listed = desk.get("/op/service-level/").text
    withdrawn = desk.post(f"/op/service-level/records/{second.id}/withdraw")

    assert [each.status_code for each in (noted, shown, corrected, withdrawn)] == [302, 200, 302, 302]
    assert first.begins_at.astimezone(clock.PARIS).hour == 13
    assert 'value="2026-11-24T13:00"' in shown.text
    assert second.ends_at.astimezone(clock.PARIS).minute == 30
    assert listed.count("status.example 4711") == 2
    assert all(row.withdrawn_at for row in service_records.records())
    assert desk.post(f"/op/service-level/records/{ids.uuid7()}/withdraw").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"party": "Sofy"}, {"channel": ""}, {"proof": ""}, {"ends_at": "2026-11-24T12:00"}, {"kind": "holiday"},
        {"kind": "maintenance", "announced_at": "2026-11-22T14:00"}, {"begins_at": "soon"},
        {"kind": "maintenance", "announced_at": ""}, {"route_id": "nothing"},
        {"begins_at": "0001-01-01T00:00"}, {"kind": "maintenance", "announced_at": "0001-01-01T00:00"},
    ],
)  # fmt: skip
def test_what_is_no_record_is_said_on_the_form_and_nothing_is_noted(client, staff, change):
    answer = browser(staff).post("/op/service-level/records/new", RECORD | change)

    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert service_records.records() == []


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_pages_of_staff_are_not_there_for_a_client(client, path):
    owner = browser(make_user(client=client))

    assert owner.get(path.format(slug=client.slug)).status_code == 404
    assert owner.post("/op/service-level/records/new", RECORD).status_code == 404
    assert service_records.records() == []


def test_a_month_nobody_sent_anything_in_is_empty_for_staff(client, staff):
    text = browser(staff).get("/op/service-level/?month=2026-03").text

    assert "No message this month" in text
    assert browser(staff).get("/op/service-level/?month=20").status_code == 404


@pytest.mark.parametrize(
    ("percent", "said"), [(100.0, "100%"), (99.9999, "99.99%"), (99.9, "99.90%"), (0.0, "0.00%"), (None, "–")]
)
def test_no_rounding_makes_a_figure_better(percent, said):
    with override("en"):
        assert service_figures.percent(percent) == said


@pytest.mark.parametrize(
    ("deadline_s", "left_s", "said"),
    [(60, 95, "35 s too late: it had 60 s"), (60, None, "it had 60 s"), (7200, 8400, "20 min too late: it had 2 h"),
     (None, 3, ""), (4 * 86_400, 40, "it had 4 d"), (60, 60.4, "1 s too late: it had 60 s")],
)  # fmt: skip
def test_a_lost_message_says_how_late_it_was(deadline_s, left_s, said):
    deadline, left = (None if each is None else NOW + timedelta(seconds=each) for each in (deadline_s, left_s))
    point = LostPoint(ids.uuid7(), "alert", "sms", "lost", "late", NOW, deadline, NOW, None, left)

    with override("en"):
        assert service_figures.timing(point) == said


@pytest.mark.parametrize(("today", "until"), [(NOW, date(2026, 12, 15)), (NOW + timedelta(days=22), None)])
def test_a_credit_can_be_asked_for_until_fifteen_days_after_the_month(client, engine_db, today, until):
    late(client, engine_db)
    counted(client)
    clock.install(lambda: today)
    with client_scope(client.pk):
        found = service_level.of_month(client.pk, MONTH)

    assert service_figures.claim_until(found) == until


def test_a_file_says_which_record_excuses_a_message():
    record = ServiceRecord(ids.uuid7(), "outage", "Meta", "sms", NOW, NOW, None, "ticket 7")
    point = LostPoint(ids.uuid7(), "alert", "sms", "excluded", "outage", NOW, NOW, NOW, record.id)

    (row,) = csv.DictReader(
        io.StringIO(service_figures.to_csv([point], [record]).decode("utf-8-sig")), delimiter=";"
    )  # fmt: skip

    assert "Meta" in row.values()
    assert "ticket 7" in row.values()
