"""The one door in."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from sofy.engine import bulkcopy, db, intake, permissions
from sofy.engine.tests.conftest import House
from sofy.kernel import clock, ids


def campaign_of(house: House, count: int, **fields: Any) -> list[intake.MessageIn]:
    return [house.message(**fields) for _ in range(count)]


def load(house: House, campaign: Any, messages: list[intake.MessageIn], chunk: int = 100) -> int:
    batches = [messages[start : start + chunk] for start in range(0, len(messages), chunk)]
    return sum(intake.bulk([house.conn], house.client, batches, keys=house.keys(), campaign_id=campaign))


@pytest.mark.parametrize("price", ["0", "0.045", "1", "12.340000", "10000.5", "0.000001", "123456.654321"])
def test_bulk_and_submit_store_the_same(price: str, house: House):
    campaign = ids.uuid7()
    fields = {
        "unit_price_eur": Decimal(price), "variant": "A", "zone": "Indian/Reunion", "reference": "r1",
        "contact_id": ids.uuid7(), "establishment_id": ids.uuid7(), "due_at": clock.now() + timedelta(hours=1),
        "text": "Été à -20% STOP SMS 36123",
    }  # fmt: skip
    one, other = house.message(campaign_id=campaign, **fields), house.message(campaign_id=campaign, **fields)

    house.submit(one)
    load(house, campaign, [other])

    for table, key, own in (
        ("engine_message", "id", ("id", "recipient_index", "payload")),
        ("engine_state", "message_id", ("message_id", "recipient_index")),
        ("engine_queue", "message_id", ("message_id",)),
    ):
        cursor = house.conn.cursor(row_factory=psycopg.rows.dict_row)
        rows = [cursor.execute(f"SELECT * FROM {table} WHERE {key} = %s", (m.id,)).fetchone() for m in (one, other)]
        stripped = [{name: value for name, value in row.items() if name not in own} for row in rows if row]
        assert stripped[0] == stripped[1]
    ((payload,),) = house.conn.execute("SELECT payload FROM engine_message WHERE id = %s", (other.id,)).fetchall()
    assert other.id is not None
    opened = intake.decode_payload(house.keys().unseal("engine_message", "payload", other.id, payload))
    assert (opened.to, opened.text) == (other.to, other.text)


@pytest.mark.parametrize("door", ["submit", "bulk"])
@pytest.mark.parametrize(
    ("_case", "routes", "counted"),
    [
        ("no route yet", [], (2, "ucs2")),
        ("the usual alphabets", [("{gsm7,ucs2}", "active")], (2, "ucs2")),
        ("Latin-1", [("{gsm7,latin1,ucs2}", "active")], (1, "latin1")),
        ("one that stands in has no Latin-1", [("{latin1,ucs2}", "active"), ("{gsm7,ucs2}", "paused")], (2, "ucs2")),
        ("one that only listens", [("{latin1,ucs2}", "active"), ("{gsm7,ucs2}", "draining")], (1, "latin1")),
    ],
)
def test_a_text_is_counted_in_the_alphabets_of_its_routes(
    _case: str, routes: list[tuple[str, str]], counted: tuple[int, str], door: str, house: House
):
    house.add_route("elsewhere", "0.01", short_code="36999", encodings="{latin1,ucs2}")
    for encodings, state in routes:
        house.add_route(encodings, encodings=encodings, state=state)
    campaign = ids.uuid7()
    message = house.message(text="ê" * 60 + " STOP SMS 36123", campaign_id=campaign)

    if door == "submit":
        house.submit(message)
    else:
        load(house, campaign, [message])

    stored = house.conn.execute("SELECT parts, encoding FROM engine_message").fetchone()
    assert (message.parts, message.encoding) == stored == counted


def test_who_submits_without_an_id_is_told_it(house: House):
    (told,) = intake.submit(house.conn, house.client, [message := house.message(id=None)], keys=house.keys())

    assert house.queue()[0][0] == told == message.id


def test_a_campaign_is_given_its_ids(house: House):
    campaign = ids.uuid7()

    load(house, campaign, campaign_of(house, 3, id=None, campaign_id=campaign))

    rows = house.conn.execute("SELECT id, payload FROM engine_message").fetchall()
    assert len({house.keys().unseal("engine_message", "payload", *row) for row in rows}) == 3
    assert {row[0] for row in rows} == {row[0] for row in house.queue()}


def test_a_repeated_expansion_adds_only_who_is_missing(house: House):
    campaign = ids.uuid7()
    messages = campaign_of(house, 250, campaign_id=campaign)
    assert load(house, campaign, messages[:130]) == 130

    again = [house.message(to=m.to, campaign_id=campaign) for m in messages]

    assert load(house, campaign, again) == 120
    assert house.conn.execute("SELECT count(*) FROM engine_queue").fetchone() == (250,)
    assert house.conn.execute("SELECT count(*) FROM engine_message").fetchone() == (250,)


def test_one_person_twice_in_a_chunk_gets_one_message(house: House):
    campaign = ids.uuid7()
    message = house.message(campaign_id=campaign)

    assert load(house, campaign, [message, house.message(to=message.to, campaign_id=campaign)]) == 1


def test_batches_stored_beside_one_another_give_one_message_to_each_person(house: House):
    campaign = ids.uuid7()
    there = campaign_of(house, 300, campaign_id=campaign)
    back = [house.message(to=message.to, campaign_id=campaign) for message in there[::-1]]

    with db.connect(house.engine_url, autocommit=True) as beside:
        conns, batches = [house.conn, beside], [there, back, there[:5]]
        added = list(intake.bulk(conns, house.client, batches, keys=house.keys(), campaign_id=campaign))

    assert (len(added), sum(added)) == (3, 300)
    rows = house.conn.execute("SELECT count(*), count(DISTINCT recipient_index) FROM engine_state").fetchone()
    assert rows == (300, 300)
    assert house.conn.execute("SELECT count(*) FROM engine_message").fetchone() == (300,)
    assert len(house.queue()) == 300


def test_a_deadlock_with_the_batch_beside_costs_nothing(house: House, monkeypatch: pytest.MonkeyPatch):
    campaign, write, tries = ids.uuid7(), bulkcopy.write, list[int]()

    def once_locked(conn: Any, copy: bulkcopy.Packed) -> None:
        write(conn, copy)
        tries.append(1)
        if len(tries) == 1:
            raise psycopg.errors.DeadlockDetected("deadlock detected")

    monkeypatch.setattr(bulkcopy, "write", once_locked)

    assert load(house, campaign, campaign_of(house, 20, campaign_id=campaign)) == 20
    assert len(tries) == 2
    assert len(house.queue()) == 20


def test_a_person_may_get_two_campaigns_and_any_number_of_alerts(house: House):
    to = house.number()

    house.submit(house.message(to=to, campaign_id=ids.uuid7()), house.message(to=to, campaign_id=ids.uuid7()))
    house.submit(*[house.message(to=to, purpose="alert", text="Code") for _ in range(2)])

    assert len(house.queue()) == 4


def test_a_rolled_back_transaction_leaves_nothing(house: House):
    with pytest.raises(RuntimeError), house.conn.transaction():
        intake.submit(house.conn, house.client, [house.message()], keys=house.keys())
        raise RuntimeError

    assert house.queue() == []
    assert house.conn.execute("SELECT count(*) FROM lane_backlog").fetchone() == (0,)


def test_the_web_role_submits_for_its_own_client_only(house: House):
    other = house.new_client()
    with psycopg.connect(house.web_url) as conn:
        conn.execute("SELECT set_config('sofy.client_id', %s, true)", (str(house.client),))
        intake.submit(conn, house.client, [house.message()], keys=house.keys())
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            intake.submit(conn, other, [house.message()], keys=house.keys(other))
        conn.execute("SELECT set_config('sofy.client_id', %s, true)", (str(other),))
        assert conn.execute("SELECT count(*) FROM engine_message").fetchone() == (0,)


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_the_latest_word_of_a_person_wins(house: House):
    to, now = house.number(), clock.now()
    index = house.keys().index("phone", to)

    def write(state: Any, since: Any) -> None:
        row = permissions.Permission(index, "sms", "marketing", state, since)
        permissions.write_permissions(house.conn, house.client, [row])

    write("opposed", now)
    write("granted", now - timedelta(days=1))

    assert house.conn.execute("SELECT state FROM gate_permission").fetchone() == ("opposed",)


def test_what_is_not_said_of_a_client_stays(house: House):
    permissions.write_client(house.conn, house.client, budget_eur=Decimal(5), contact_answer="Allo")
    permissions.write_client(house.conn, house.client, state="suspended")
    permissions.write_client(house.conn, house.client, hours={"opens": "09:00"})

    row = house.conn.execute("SELECT state, hours, budget_eur, contact_answer FROM gate_client").fetchone()

    assert row == ("suspended", {"opens": "09:00"}, Decimal(5), "Allo")
