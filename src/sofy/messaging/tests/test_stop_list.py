"""The stop list: files of regulators come in, are seen through the gate and in the counts, and are taken back."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from sofy.audience import vault
from sofy.audience.models import Contact, Identity, Stopped, Suppression
from sofy.audience.segments import reach
from sofy.audience.segments.models import Segment
from sofy.audience.services import consent, contacts, imports, retention, suppression
from sofy.audience.services.stopped import check
from sofy.clients.services import create_client
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit import audit, jobs
from sofy.kit.audit import PLATFORM
from sofy.kit.keys import keystore
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import tasks
from sofy.messaging.models import StopFile
from sofy.messaging.services import stop_list

ONE, TWO, THREE = "+33639980001", "+33639980002", "+33639980003"
LIST = "Téléphone;E-mail\n06 39 98 00 01;\n0639980002;\n12;\n06 39 98 00 02;\n;stop@exemple.fr\n"

pytestmark = pytest.mark.clause("CGVU 13")


@pytest.fixture
def platform(engine_db: Any) -> Any:
    clock.install(lambda: clock.DEMO_START)
    return engine_db


def uploaded(text: str = LIST, name: str = "Bloctel") -> StopFile:
    content = io.BytesIO(text.encode())
    return stop_list.upload(content=content, name=name, reason="Code de la consommation", actor="test")


def added(text: str = LIST, name: str = "Bloctel") -> StopFile:
    return stop_list.confirm(uploaded(text, name).id, actor="test")


def stopped(*numbers: str) -> list[bool]:
    return stop_list.listed([("email" if "@" in number else "phone", number) for number in numbers])


def files_of_the_platform() -> set[Path]:
    return set(vault.folder(PLATFORM).iterdir())


def journal() -> list[AuditEntry]:
    with staff_scope():
        return list(AuditEntry.objects.using("staff").filter(client_id=PLATFORM).order_by("seq"))


def test_a_file_says_what_it_would_do_and_does_nothing_yet(platform):
    row = uploaded("Mobile\n06 39 98 00 01\n12\n06 39 98 00 01\n")

    assert (row.state, row.rows, row.numbers, row.added, row.known, row.refused) == ("checked", 3, 1, 1, 0, 1)
    assert row.remarks == [[3, ["phone_too_short"]]]
    assert stopped(ONE) == [False]
    assert stop_list.total() == 0


def test_a_confirmed_file_stops_its_numbers_and_its_addresses(platform):
    row = added()

    assert (row.state, row.numbers, row.added, row.known, row.refused) == ("active", 3, 3, 0, 1)
    assert stopped(ONE, TWO, THREE, "stop@exemple.fr") == [True, True, False, True]
    assert stop_list.total() == 3


def test_the_same_file_twice_changes_nothing(platform):
    first = added()
    before, kept = journal(), files_of_the_platform()

    with pytest.raises(Refused, match="stop_file_known") as refused:
        uploaded()

    assert refused.value.facts["file"] == str(first.id)
    assert [row.id for row in stop_list.files()] == [first.id]
    assert stop_list.total() == 3
    assert journal() == before
    assert files_of_the_platform() == kept


def test_the_same_numbers_in_another_file_are_known(platform):
    added()

    row = added("Mobile\n06 39 98 00 01\n06 39 98 00 03\n", name="AF2M")

    assert (row.numbers, row.added, row.known) == (2, 1, 1)
    assert stop_list.total() == 4


def test_adding_twice_and_confirming_twice_is_harmless(platform):
    row = added()

    assert stop_list.add(row.id).added == 3
    with pytest.raises(Refused, match="stop_file_state"):
        stop_list.confirm(row.id, actor="test")
    assert stop_list.total() == 3


@pytest.mark.parametrize(("_case", "long"), [("at once", False), ("by the worker", True)])
@pytest.mark.parametrize("state", ["checking", "adding", "withdrawing"])
def test_every_step_can_be_taken_up_again(platform, monkeypatch, _case, long, state):
    row = added()
    monkeypatch.setattr(stop_list, "AT_ONCE", 0 if long else 5_000)
    with staff_scope():
        StopFile.objects.using("staff").filter(id=row.id).update(state=state)
    queued: list[Any] = []
    monkeypatch.setattr(stop_list, "defer", lambda job, client, **ids: queued.append((client, ids)))
    steps = {"checking": "check", "adding": "add", "withdrawing": "take_back"}
    ran: list[Any] = []
    monkeypatch.setattr(stop_list, steps[state], ran.append)

    stop_list.resume(row.id, actor="test")

    assert (queued, ran) == (([(PLATFORM, {"file_id": row.id})], []) if long else ([], [row.id]))
    assert (journal()[-1].action, journal()[-1].facts) == (
        "stop_list.resumed",
        {"list": "Bloctel", "file": str(row.id)},
    )


def test_two_runs_never_share_a_file(platform, monkeypatch):
    monkeypatch.setattr("sofy.audience.imports.run.BATCH_ROWS", 2)
    row = stop_list.accept(uploaded().id, actor="test")

    def meanwhile(done: int, rows: int) -> None:
        if done == 2:
            stop_list.add(row.id)

    mine = stop_list.add(row.id, progress=meanwhile)

    assert (mine.state, mine.added, mine.done, stop_list.total()) == ("active", 3, 5, 3)
    assert [entry.action for entry in journal()].count("stop_list.imported") == 1


def test_adding_goes_on_where_it_was_killed(platform, monkeypatch):
    monkeypatch.setattr("sofy.audience.imports.run.BATCH_ROWS", 2)
    row = stop_list.accept(uploaded().id, actor="test")
    seen = []

    def dies(done: int, rows: int) -> None:
        seen.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_list.add(row.id, progress=dies)
    assert stop_list.total() == 2

    done = stop_list.add(row.id)

    assert (seen, done.state, done.added, stop_list.total()) == ([2], "active", 3, 3)


def test_a_long_file_is_left_to_the_worker(platform, monkeypatch):
    monkeypatch.setattr(stop_list, "AT_ONCE", 2)
    row = uploaded()
    assert row.state == "checking"
    tasks.check_stop_file(client_id=str(PLATFORM), file_id=str(row.id))
    assert stop_list.confirm(row.id, actor="test").state == "adding"
    tasks.add_stop_file(client_id=str(PLATFORM), file_id=str(row.id))
    assert stopped(ONE) == [True]
    assert stop_list.withdraw(row.id, actor="test", reason="wrong file").state == "withdrawing"

    tasks.take_back_stop_file(client_id=str(PLATFORM), file_id=str(row.id))

    assert stopped(ONE) == [False]
    with platform.connect("admin") as admin:
        queued = admin.execute("select task_name from procrastinate_jobs order by id").fetchall()
    assert [name for (name,) in queued] == [
        "messaging.check_stop_file", "messaging.add_stop_file", "messaging.take_back_stop_file"
    ]  # fmt: skip


def test_a_file_without_numbers_is_refused_and_nothing_is_kept(platform):
    kept = files_of_the_platform()

    with pytest.raises(Refused, match="optouts_no_column"):
        uploaded("Ville\nParis\n")

    assert stop_list.files() == []
    assert files_of_the_platform() == kept


def test_a_file_that_expired_before_the_worker_came_says_so(platform, monkeypatch):
    monkeypatch.setattr(stop_list, "AT_ONCE", 0)
    row = uploaded()
    vault.discard(PLATFORM, row.id)

    tasks.check_stop_file(client_id=str(PLATFORM), file_id=str(row.id))

    assert (stop_list.get(row.id).state, stop_list.get(row.id).error) == ("failed", "file_gone")


def test_taking_a_file_back_keeps_what_another_one_names(platform):
    wrong = added()
    added("Mobile\n06 39 98 00 01\n", name="AF2M")

    stop_list.withdraw(wrong.id, actor="test", reason="ticket 12")

    assert stopped(ONE, TWO) == [True, False]
    assert stop_list.get(wrong.id).state == "withdrawn"
    again = added()
    assert again.id != wrong.id
    assert stopped(TWO) == [True]


def test_taking_back_needs_a_reason(platform):
    row = added()

    with pytest.raises(Refused, match="stop_list_reason"):
        stop_list.withdraw(row.id, actor="test", reason=" ")

    assert stopped(ONE) == [True]


def test_one_number_is_looked_up_with_its_lists_and_its_date(platform):
    row = added()

    found = stop_list.find("06.39.98.00.01", actor="test")

    assert found is not None
    assert (found.since, [each.id for each in found.files]) == (clock.DEMO_START, [row.id])
    assert stop_list.find(THREE, actor="test") is None
    with pytest.raises(Refused, match="stop_list_no_number"):
        stop_list.find("Dupont", actor="test")


@pytest.mark.clause("DPA 7")
def test_the_journal_tells_who_did_what_and_names_nobody(platform):
    row = added()
    stop_list.find(ONE, actor="asker")
    stop_list.withdraw(row.id, actor="other", reason="ticket 12")
    stop_list.discard(uploaded().id, actor="other")

    entries = journal()

    assert [(entry.action, entry.actor) for entry in entries] == [
        ("stop_list.checked", "test"), ("stop_list.imported", "test"), ("stop_list.asked", "asker"),
        ("stop_list.withdrawn", "other"), ("stop_list.checked", "test"), ("stop_list.discarded", "other"),
    ]  # fmt: skip
    told = json.dumps([entry.facts for entry in entries])
    assert "3998" not in told.replace(" ", "")
    assert "exemple.fr" not in told
    with staff_scope():
        assert audit.verify(PLATFORM, using="staff").intact


@pytest.mark.clause("DPA 7")
def test_only_keyed_hashes_are_stored_and_the_file_is_gone(platform):
    row = added()

    with platform.connect("admin") as admin:
        rows = admin.execute("select number_index, t::text from platform_suppression t").fetchall()
        files = str(admin.execute("select t::text from messaging_stopfile t").fetchall())
    assert {bytes(index) for index, _ in rows} >= {keystore().platform().index("phone", ONE)}
    text = "".join(shown for _, shown in rows) + files
    assert "39980001" not in text
    assert ONE.encode().hex() not in text
    with pytest.raises(Refused, match="file_gone"):
        vault.open_file(keystore().platform(), row.id)


@pytest.mark.parametrize("table", ["platform_suppression", "messaging_stopfile"])
@pytest.mark.parametrize(
    "statement",
    ["select 1 from {}", "delete from {}", "select count(*) from {}", "update {0} set id = id"],
)
def test_the_login_that_serves_clients_has_no_right_to_it(platform, table, statement):
    statement = statement.replace("id = id", "number_index = number_index") if "platform" in table else statement

    with platform.connect("sofy_web") as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(statement.format(table))


def test_the_staff_login_sees_it_in_its_named_scope_only(platform):
    added()

    with platform.connect("sofy_staff") as staff:
        assert staff.execute("select count(*) from platform_suppression").fetchone() == (0,)


@pytest.mark.clause("DPA 12")
def test_what_nobody_confirmed_goes_after_a_week(platform):
    waiting = uploaded()
    loose = imports.store_upload(client_id=PLATFORM, content=io.BytesIO(b"x"))  # a crash before it was noted
    kept = added("Mobile\n06 39 98 00 03\n", name="AF2M")
    clock.install(lambda: clock.DEMO_START + timedelta(days=6))
    assert tasks.expire_stop_files() == 0
    clock.install(lambda: clock.DEMO_START + timedelta(days=8))

    assert tasks.expire_stop_files() == 1

    assert [row.id for row in stop_list.files()] == [kept.id]
    with pytest.raises(Refused, match="file_gone"):
        vault.open_file(keystore().platform(), waiting.id)
    with pytest.raises(Refused, match="file_gone"):
        vault.open_file(keystore().platform(), loose)
    assert tasks.expire_stop_files in jobs.chores()


# ---------------------------------------------------------------------------------------------------- counts of clients


@pytest.fixture
def client(platform):
    made = create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")
    with client_scope(made.pk):
        contacts.create_book(client_id=made.pk, name="Tous", actor="test")
    return made


def person(client: Any, *phones: str) -> Contact:
    """Somebody who agreed to marketing."""
    with client_scope(client.pk):
        made = contacts.save(client_id=client.pk, fields={"last_name": "Sœur"}, phones=phones, emails=[], actor="test")
        for identity in Identity.objects.filter(client_id=client.pk, contact_id=made.id):
            consent.record(
                client_id=client.pk, identity_id=identity.id, purpose="marketing", state="granted", source="paper",
                actor="test", text="J’accepte.",
            )  # fmt: skip
    return made


def counts(client: Any) -> dict[str, int]:
    with client_scope(client.pk):
        everybody = Segment.objects.filter(client_id=client.pk).first() or Segment.objects.create(
            client_id=client.pk, name="all", tree={"is": "all", "of": []}
        )
        found = reach.reach_counts(client.pk, [everybody.id])
        statement = reach.members_sql(client.pk, [everybody.id])
        with connection.cursor() as cursor:
            cursor.execute(f"select state, count(*) from ({statement.sql}) m group by 1", statement.params)
            members = dict(cursor.fetchall())
    assert {state: n for state, n in found.items() if n} == members  # the fast count and the expansion agree
    return {state: n for state, n in found.items() if n}


def test_a_campaign_counts_as_suppressed_whom_a_list_stops(client):
    person(client, ONE)
    person(client, THREE)
    added()

    assert tasks.mark_stopped() == 1

    assert counts(client) == {"reachable": 1, "suppressed": 1}
    assert tasks.mark_stopped in jobs.chores()


def test_somebody_with_another_number_stays_reachable_there(client):
    person(client, ONE, THREE)
    added()
    tasks.mark_stopped()

    assert counts(client) == {"reachable": 1}


def test_who_comes_in_after_the_list_is_marked_too(client):
    person(client, THREE)
    added()
    assert tasks.mark_stopped() == 0
    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))
    person(client, ONE)

    assert tasks.mark_stopped() == 1

    assert counts(client) == {"reachable": 1, "suppressed": 1}


def test_a_list_taken_back_gives_the_people_back(client):
    person(client, ONE)
    row = added()
    tasks.mark_stopped()
    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))
    stop_list.withdraw(row.id, actor="test", reason="ticket 12")

    tasks.mark_stopped()

    assert counts(client) == {"reachable": 1}


def test_a_clients_own_list_and_ledger_are_never_touched(client):
    mine = person(client, ONE)
    with client_scope(client.pk):
        suppression.add(client_id=client.pk, phones=[TWO], emails=[], reason="manual", source="", actor="test")
        before = list(Suppression.objects.filter(client_id=client.pk).values_list())
        changed = Contact.objects.get(client_id=client.pk, id=mine.id).updated_at
    row = added()
    tasks.mark_stopped()
    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))
    stop_list.withdraw(row.id, actor="test", reason="ticket 12")
    tasks.mark_stopped()

    with client_scope(client.pk):
        assert list(Suppression.objects.filter(client_id=client.pk).values_list()) == before
        assert Contact.objects.get(client_id=client.pk, id=mine.id).updated_at == changed


def test_nothing_is_opened_when_nothing_came_in(client):
    person(client, ONE)
    added()
    tasks.mark_stopped()

    def never(addresses: Any) -> list[bool]:
        raise AssertionError("asked again")

    assert check(client_id=client.pk, version=stop_list.version(), listed=never) == 0


def test_a_check_goes_on_where_it_was_killed(client, monkeypatch):
    monkeypatch.setattr("sofy.audience.services.stopped.BATCH", 1)
    for number in (ONE, TWO, THREE):
        person(client, number)
    added()
    asked: list[str] = []

    def dies(addresses: Any) -> list[bool]:
        asked.extend(value for _, value in addresses)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return stop_list.listed(addresses)

    with pytest.raises(KeyboardInterrupt):
        check(client_id=client.pk, version=stop_list.version(), listed=dies)
    tasks.mark_stopped()

    assert counts(client) == {"reachable": 1, "suppressed": 2}


def test_another_client_sees_nothing_of_the_marks(client):
    person(client, ONE)
    added()
    tasks.mark_stopped()
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")

    with client_scope(other.pk):
        assert Stopped.objects.count() == 0
    with client_scope(client.pk):
        assert Stopped.objects.count() == 1


@pytest.mark.clause("DPA 12")
def test_the_mark_of_a_number_nobody_has_any_more_goes(client):
    gone = person(client, ONE)
    added()
    tasks.mark_stopped()
    with client_scope(client.pk):
        contacts.remove(client_id=client.pk, ids=[gone.id], actor="test")
    clock.install(lambda: clock.DEMO_START + timedelta(days=31))

    retention.expire(client_id=client.pk)

    with client_scope(client.pk):
        assert Stopped.objects.count() == 0


def test_a_client_whose_keys_are_destroyed_does_not_hold_up_the_others(client):
    gone = create_client(name="Partie", slug=f"c{ids.base58(8).lower()}")
    with client_scope(gone.pk):
        contacts.create_book(client_id=gone.pk, name="Tous", actor="test")
    person(gone, TWO)
    person(client, ONE)
    added()
    keystore().destroy(gone.pk)

    tasks.mark_stopped()

    assert counts(client) == {"suppressed": 1}


def test_an_unknown_file_is_not_found(platform):
    with pytest.raises(Refused, match="not_found"):
        stop_list.get(UUID(int=1))
