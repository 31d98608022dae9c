"""Messages are found by person, reference, campaign, state, channel and day; as a file they are for whoever asked."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from sofy.accounts.tests.factories import make_user
from sofy.audience import vault
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock, ids
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging import search, tasks, words
from sofy.messaging.models import LogFile
from sofy.messaging.search import Wanted
from sofy.messaging.services import log_files
from sofy.messaging.tests.test_pages import browser, send

CAMPAIGN = ids.uuid7()


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    return make_client("Fleurs du Port")


def found(client, **wanted):
    with client_scope(client.pk):
        return [line.id for line in search.find(client.pk, Wanted(**wanted)).rows]


def at(moment):
    clock.install(lambda: moment)


def later():
    """A moment after every id that this process made: they never go back."""
    return max(clock.now(), ids.moment(ids.uuid7())) + timedelta(hours=1)


def change(engine_db, message_id, **values):
    with engine_db.connect("admin", autocommit=True) as admin:
        for column, value in values.items():
            table, key = ("engine_state", "message_id") if column == "status" else ("engine_message", "id")
            admin.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [value, message_id])


def test_each_field_finds_its_messages(client, engine_db):
    plain, other = send(client, "+33639980001"), send(client, "+33639980002", reference="commande-1")
    change(engine_db, other, status="delivered", channel="rcs", campaign_id=CAMPAIGN)

    assert found(client) == [other, plain]
    assert found(client, who=("phone", "+33639980001")) == [plain]
    assert found(client, reference="commande-1") == [other]
    assert found(client, campaign=CAMPAIGN) == [other]
    assert found(client, status="delivered") == [other]
    assert found(client, channel="rcs") == [other]
    assert found(client, channel="sms", status="accepted", purpose="alert") == [plain]
    assert found(client, purpose="marketing") == []
    assert found(client, who=("phone", "+33639980001"), status="delivered") == []


def test_days_bound_what_is_found(client):
    start, days = later(), []
    for day in range(3):
        at(start + timedelta(days=day))
        days.append(send(client))

    assert found(client, since=start + timedelta(hours=1)) == [days[2], days[1]]
    assert found(client, until=start + timedelta(hours=1)) == [days[0]]
    assert found(client, since=start + timedelta(hours=1), until=start + timedelta(hours=30)) == [days[1]]


def test_a_look_reads_a_stretch_and_says_how_far_it_went(client, engine_db, monkeypatch):
    monkeypatch.setattr(search, "STRETCH", 3)
    start, sent = later(), []
    for hour in range(7):
        at(start + timedelta(hours=hour))
        sent.append(send(client))
    change(engine_db, sent[0], status="failed")

    with client_scope(client.pk):
        first = search.find(client.pk, Wanted(status="failed"))
        second = search.find(client.pk, Wanted(status="failed"), before=first.after or search.FIRST)
        third = search.find(client.pk, Wanted(status="failed"), before=second.after or search.FIRST)
        whole = [line.id for batch in search.every(client.pk, Wanted(status="failed")) for line in batch]

    assert (first.rows, first.back_to) == ([], start + timedelta(hours=4))
    assert (second.rows, second.back_to) == ([], start + timedelta(hours=1))
    assert ([line.id for line in third.rows], third.after) == ([sent[0]], None)
    assert whole == [sent[0]]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_searches_by_everything_and_keeps_numbers_out_of_addresses(client, language):
    wanted, other = send(client, reference="commande-1"), send(client, "+33639980002")
    reader = browser(make_user(client=client), language)
    url = f"/c/{client.slug}/messages/"

    by_reference = reader.post(url, {"reference": "commande-1"}, follow=True)
    by_person = reader.post(url, {"number": "06 39 98 00 02"})
    day = f"{ids.moment(wanted).astimezone(clock.PARIS):%Y-%m-%d}"
    by_day = reader.get(f"{url}?since={day}&until={day}&channel=sms")
    wrong = reader.post(url, {"since": "hier"})

    assert str(wanted) in by_reference.text
    assert str(other) not in by_reference.text
    assert "39980002" not in by_person["location"]
    assert str(other) in reader.get(by_person["location"]).text
    assert str(wanted) in by_day.text
    assert wrong.status_code == 422
    assert reader.get(f"{url}?campaign=none&since=1&until=9999-12-31").status_code == 422
    assert reader.get(f"{url}?since=0001-01-01&until=9999-12-31&reference=%00").status_code in (200, 400, 422)


def test_an_e_mail_address_is_looked_for_by_its_own_index(client, engine_db):
    message_id = send(client)
    index = keys_for(client.pk).index("email", "zoe@example.com")
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_state SET recipient_index = %s", [index])

    answer = browser(make_user(client=client)).post(
        f"/c/{client.slug}/messages/", {"number": "Zoe@Example.com"}, follow=True
    )

    assert str(message_id) in answer.text
    assert 'value="zoe@example.com"' in answer.text


def test_what_is_searched_is_taken_as_a_file_by_whoever_asked(client):
    wanted, _other = send(client, reference="=1+1"), send(client, "+33639980002")
    owner = make_user(client=client)
    url = f"/c/{client.slug}/messages/"

    asked = browser(owner).post(f"{url}export?reference=%3D1%2B1")
    with client_scope(client.pk):
        row = LogFile.objects.get()
    waiting = browser(owner).get(asked["location"])
    early = browser(owner).get(f"{asked['location']}/content")
    log_files.write(client.pk, row.pk)
    log_files.write(client.pk, row.pk)
    content = b"".join(browser(owner).get(f"{asked['location']}/content").streaming_content)
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))

    assert (asked.status_code, waiting.status_code, early.status_code) == (302, 200, 404)
    assert len(lines) == 2
    assert (lines[1][0], lines[1][5], lines[1][-1]) == (str(wanted), "06 39 98 00 01", "'=1+1")
    assert browser(make_user(client=client)).get(asked["location"]).status_code == 404
    assert browser(make_user(client=client, role="developer")).post(f"{url}export").status_code == 403
    with client_scope(client.pk):
        assert AuditEntry.objects.filter(action="messages.exported").count() == 1


def test_a_file_is_sealed_and_goes_after_a_week(client):
    send(client)
    with client_scope(client.pk):
        row = log_files.ask(client.pk, Wanted(who=("phone", "+33639980001")), language="fr", actor="user:x")
    log_files.write(client.pk, row.pk)
    stored = (vault.folder(client.pk) / str(row.pk)).read_bytes()
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT asked FROM messaging_log_file")
        asked = bytes(cursor.fetchone()[0])
    at(clock.DEMO_START + timedelta(days=8))

    gone = tasks.forget_log_files()

    assert b"39 98" not in stored
    assert b"39980001" not in asked
    assert gone == 1
    assert not (vault.folder(client.pk) / str(row.pk)).exists()


def test_strangers_find_nothing_and_cannot_take_it(client):
    send(client, reference="commande-1")
    other = make_client()
    with client_scope(client.pk):
        row = log_files.ask(client.pk, Wanted(), language="fr", actor="user:x")
    hostile = browser(make_user(client=other))

    for slug in (client.slug, other.slug):
        assert hostile.get(f"/c/{slug}/messages/files/{row.pk}").status_code == 404
        assert hostile.get(f"/c/{slug}/messages/files/{row.pk}/content").status_code == 404
    assert hostile.post(f"/c/{client.slug}/messages/export").status_code == 404
    with client_scope(other.pk):
        assert search.find(client.pk, Wanted(reference="commande-1")).rows == []


MANY = """
INSERT INTO engine_message (client_id, id, purpose, recipient_index, sender, payload, parts, encoding, created_at,
                            reference, campaign_id)
SELECT %(client)s, ('0193f000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'alert', decode(md5(n::text), 'hex'),
       'M', '', 1, 'gsm7', %(now)s, 'ref-' || n, CASE WHEN n %% 1000 = 0 THEN %(campaign)s::uuid END
  FROM generate_series(1, 200000) n;
INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at, updated_at)
SELECT client_id, id, recipient_index, 'delivered', 50, 1, %(now)s, %(now)s FROM engine_message
"""


def test_no_search_walks_a_whole_ledger(client, engine_db):
    values = {"client": client.pk, "now": clock.now(), "campaign": CAMPAIGN}
    with engine_db.connect("admin", autocommit=True) as admin:
        for statement in MANY.split(";\n"):
            admin.execute(statement, values)
        admin.execute("VACUUM ANALYZE engine_message")
        admin.execute("VACUUM ANALYZE engine_state")
    middle = ids.moment(ids.before(clock.DEMO_START))
    searches = {
        "all": Wanted(), "who": Wanted(who=("phone", "+33639980001")), "reference": Wanted(reference="ref-5"),
        "status": Wanted(status="failed"), "campaign": Wanted(campaign=CAMPAIGN), "channel": Wanted(channel="rcs"),
        "days": Wanted(status="failed", until=middle), "both": Wanted(campaign=CAMPAIGN, status="delivered"),
    }  # fmt: skip

    for name, wanted in searches.items():
        with client_scope(client.pk), connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0] == "sofy_web"
            with CaptureQueriesContext(connection) as ran:
                search.find(client.pk, wanted)
            for query in ran.captured_queries:
                if "FROM engine_" in query["sql"] or "FROM (SELECT" in query["sql"]:
                    cursor.execute("EXPLAIN (ANALYZE) " + query["sql"])
                    plan = "\n".join(row[0] for row in cursor.fetchall())
                    assert "Seq Scan" not in plan, (name, plan)
                    read = [int(each) for each in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
                    assert sum(read) <= search.STRETCH, (name, plan)


def test_a_phone_without_rcs_is_said_so_and_not_blamed_on_an_operator():
    with override("fr"):
        assert words.reason_text("refused_permanent", "rcs", "not_rcs") == "ce téléphone n’a pas le RCS"
        assert words.reason_text("refused_permanent", "rcs") == "refusé par le service RCS"
        assert words.reason_text("unknown_subscriber", "email") == "adresse inexistante"
