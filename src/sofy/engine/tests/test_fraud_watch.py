"""The detector at work: from what came in to what the gate does; alerts that read like marketing."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sofy.engine import db, permissions
from sofy.engine.fraud.analyser import Analyser
from sofy.engine.fraud.watch import RANGE_KIND, TEXT_KIND
from sofy.engine.link import HotLink
from sofy.engine.tests.conftest import House, Machine
from sofy.engine.tests.test_notices import endpoint
from sofy.kernel import clock, ids, misuse
from sofy.kernel.content import Content

pytestmark = pytest.mark.asyncio
OFFER = "Soldes ! -50% sur tout le magasin jusqu'au dimanche, profitez-en : https://shop.example/s"


def _rows(house: House, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return house.conn.execute(statement, values).fetchall()


def _set(house: House, **columns: Any) -> None:
    house.conn.execute("INSERT INTO fraud_setting DEFAULT VALUES ON CONFLICT DO NOTHING")
    for name, value in columns.items():
        house.conn.execute(f"UPDATE fraud_setting SET {name} = %s", [value])


def _watch(house: House, to: str, verdict: str, client: UUID | None = None) -> None:
    hashed = house.keystore.platform().index(RANGE_KIND, to[:-4])
    house.conn.execute(
        "INSERT INTO gate_fraud VALUES (%s, 'alert', %s, %s, %s, %s)",
        [client or house.client, hashed, verdict, ids.uuid7(), clock.now() + timedelta(hours=1)],
    )


@pytest.mark.clause("CGVU 15")
async def test_what_goes_to_a_closed_range_is_withheld_with_its_article(house: House, machine: Machine):
    message = house.message(purpose="alert")
    _watch(house, message.to, "block")
    await machine.engine.watch.refresh()

    house.submit(message)
    await machine.settled(message, status="withheld")

    state = house.state(message)
    assert (state["reason"], state["article"]) == ("fraud_blocked", "CGVU 15")


@pytest.mark.clause("CGVU 15")
async def test_what_goes_to_a_suspected_range_waits_for_a_person(house: House, machine: Machine):
    message = house.message(purpose="alert")
    _watch(house, message.to, "hold")
    await machine.engine.watch.refresh()

    house.submit(message)
    await machine.settled(message, status="held")

    assert house.state(message)["reason"] == "fraud_suspected"


@pytest.mark.clause("CGVU 15")
@pytest.mark.parametrize(("digits", "purpose", "status"), [(1, "alert", "withheld"), (7, "alert", "withheld"),
                                                           (7, "marketing", None)])  # fmt: skip
async def test_a_range_that_staff_closed_is_closed_whatever_its_length(
    house: House, machine: Machine, digits: int, purpose: str, status: str | None
):
    message = house.message(purpose="alert")
    hashed = house.keystore.platform().index(RANGE_KIND, message.to[:digits])
    house.conn.execute(
        "INSERT INTO gate_fraud VALUES (%s, %s, %s, 'block', %s, %s, %s)",
        [house.client, purpose, hashed, ids.uuid7(), clock.now() + timedelta(hours=1), digits],
    )
    await machine.engine.watch.refresh()

    house.submit(message)

    await machine.settled(message, **({"status": status} if status else {}))


async def test_the_detector_does_not_loosen_what_staff_closed(house: House):
    key = {"client": house.client, "purpose": "alert", "hash": b"h", "id": ids.uuid7()}
    later = clock.now() + timedelta(hours=1)
    house.conn.execute(
        "INSERT INTO gate_fraud VALUES (%s, 'alert', %s, 'block', %s, %s, 4)", [house.client, b"h", ids.uuid7(), later]
    )

    for now, verdict in ((clock.now(), "block"), (later + timedelta(hours=1), "hold")):
        values = key | {"now": now, "verdict": "hold", "until": now + timedelta(minutes=15)}
        house.conn.execute(db.sql("watch_range"), values)

        assert _rows(house, "SELECT verdict FROM gate_fraud") == [(verdict,)]


async def test_a_range_closed_for_one_client_is_open_to_another(house: House, machine: Machine):
    message = house.message(purpose="alert")
    _watch(house, message.to, "block", house.new_client())
    await machine.engine.watch.refresh()

    house.submit(message)

    await machine.settled(message)


async def test_nothing_is_stopped_while_verdicts_are_not_carried_out(house: House, machine: Machine):
    message = house.message(purpose="alert")
    _watch(house, message.to, "block")
    _set(house, enforce=False)
    await machine.engine.watch.refresh()

    house.submit(message)

    await machine.settled(message)


@pytest.mark.clause("CGVU 14.2")
async def test_an_alert_whose_content_reads_like_marketing_waits_for_a_person(house: House, machine: Machine):
    await machine.engine.watch.refresh()
    message = house.message(purpose="alert", text="", content=Content(text=OFFER))

    house.submit(message)
    await machine.settled(message, status="held")

    assert house.state(message)["reason"] == "alert_reads_like_marketing"


@pytest.mark.clause("CGVU 14.2")
async def test_a_text_that_may_be_meant_for_one_is_held_when_a_list_is_worked_through(house: House, machine: Machine):
    await machine.engine.watch.refresh()
    text = "PROMO ce samedi chez Optique Lumiere"
    messages = [house.message(purpose="alert", text=text) for _ in range(30)]

    house.submit(*messages)
    await machine.settled(*messages, status=("submitted", "held"))

    assert [house.state(message)["status"] for message in messages].count("held") == 11


@pytest.mark.clause("CGVU 14.2")
async def test_an_alert_that_reads_like_marketing_waits_and_is_noted_once(house: House, machine: Machine):
    messages = [house.message(purpose="alert", text=OFFER) for _ in range(3)]

    house.submit(*messages)
    await machine.settled(*messages, status="held")
    await machine.engine.watch.refresh()

    assert house.state(messages[0])["article"] == "CGVU 14.2"
    assert _rows(house, "SELECT verdict, messages FROM gate_misuse") == [("held", 3)]
    assert len(house.outbox("alert.misuse")) == 1


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize(("verdict", "status"), [("released", "submitted"), ("refused", "withheld")])
async def test_what_people_decided_about_a_text_holds_for_all_that_say_it(
    house: House, machine: Machine, verdict, status
):
    text = house.keys().index(TEXT_KIND, misuse.skeleton(OFFER))
    now = clock.now()
    house.conn.execute(
        "INSERT INTO gate_misuse (client_id, text_hash, verdict, score, reasons, first_at, last_at)"
        " VALUES (%s, %s, %s, 8, '[]', %s, %s)",
        [house.client, text, verdict, now, now],
    )
    await machine.engine.watch.refresh()
    message = house.message(purpose="alert", text=OFFER.replace("-50%", "-40%"))

    house.submit(message)

    await machine.settled(message, status=status)


@pytest.mark.clause("CGVU 14.2")
async def test_what_was_held_while_people_decided_leaves_all_the_same(house: House, machine: Machine):
    message = house.message(purpose="alert", text=OFFER)
    house.submit(message)
    await machine.settled(message, status="held")
    await machine.engine.watch.refresh()
    house.conn.execute("UPDATE gate_misuse SET verdict = 'released'")

    permissions.look_again(house.conn, house.client, "alert_reads_like_marketing")  # sooner than the engine knows

    await machine.settled(message)


@pytest.mark.clause("CGVU 15")
async def test_what_a_suspicion_held_while_it_was_released_leaves_all_the_same(house: House, machine: Machine):
    message = house.message(purpose="alert")
    _watch(house, message.to, "hold")
    await machine.engine.watch.refresh()
    house.submit(message)
    await machine.settled(message, status="held")
    house.conn.execute("DELETE FROM gate_fraud")

    permissions.look_again(house.conn, house.client, "fraud_suspected")

    await machine.settled(message)


def _pumped(house: House, count: int = 250) -> None:
    house.submit(
        *(house.message(purpose="alert", to=f"+99293{n:07d}", text="Votre code", short_code=None) for n in range(count))
    )


def _a_moment_later() -> None:
    """Ids never go back within a process, whatever the clock of the test before."""
    last = datetime.fromtimestamp(int.from_bytes(ids.uuid7().bytes[:6]) / 1000, tz=UTC)
    clock.install(lambda: last + timedelta(seconds=2))


@pytest.fixture
async def analyser(house: House) -> AsyncIterator[Callable[[], Analyser]]:
    links: list[HotLink] = []

    def make() -> Analyser:
        links.append(HotLink(house.engine_url, "house", prepared=False))
        return Analyser(links[-1], house.keystore, ids.uuid7())

    yield make
    for link in links:
        await link.close()


@pytest.mark.clause("CGVU 15")
async def test_pumping_is_noticed_in_what_came_in_and_the_client_is_to_hear_of_it(
    house: House, analyser: Callable[[], Analyser]
):
    _pumped(house)
    _a_moment_later()

    await analyser().look()

    rows = _rows(
        house, "SELECT verdict, country, samples, alert_due_at > first_at FROM fraud_suspicion WHERE state = 'open'"
    )
    assert ("block", "992") in {row[:2] for row in rows}
    assert all(row[2] and row[3] for row in rows)
    assert _rows(house, "SELECT count(*) FROM gate_fraud WHERE verdict = 'block'")[0][0] >= 1
    assert len(house.outbox("fraud.suspected")) == len(rows)


@pytest.mark.clause("CGVU 15")
async def test_programs_hear_once_more_when_what_was_held_is_blocked(house: House, analyser: Callable[[], Analyser]):
    endpoint(house)
    _pumped(house)
    _a_moment_later()
    await analyser().look()
    house.conn.execute("UPDATE fraud_suspicion SET verdict = 'hold'")
    house.conn.execute("DELETE FROM engine_notice")
    _set(house, lease_until="-infinity")

    await analyser().look()
    _set(house, lease_until="-infinity")
    await analyser().look()

    told = _rows(house, "SELECT data ->> 'id', data ->> 'verdict' FROM engine_notice WHERE kind = 'fraud.suspected'")
    blocked = _rows(house, "SELECT id::text, verdict FROM fraud_suspicion WHERE verdict = 'block'")
    assert sorted(told) == sorted(blocked)
    assert len(house.outbox("fraud.suspected")) == len(_rows(house, "SELECT id FROM fraud_suspicion"))


@pytest.mark.clause("CGVU 15")
async def test_of_two_engines_one_looks_and_the_other_goes_on_when_it_dies(
    house: House, analyser: Callable[[], Analyser]
):
    _pumped(house)
    one, other = analyser(), analyser()
    _a_moment_later()
    _set(house, analyser=ids.uuid7(), lease_until="infinity")

    await one.look()
    alone = _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0]
    _set(house, lease_until="-infinity")
    await other.look()

    assert alone == 0
    assert _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0] > 0


async def test_numbers_that_nobody_has_are_looked_at_for_training_only(house: House, analyser: Callable[[], Analyser]):
    messages = [house.message(purpose="alert", text="Votre code", to=f"+33700{n:06d}") for n in range(250)]
    house.submit(*messages)
    _a_moment_later()

    await analyser().look()
    quiet = _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0]
    _set(house, fiction=True, lease_until="-infinity")
    await analyser().look()

    assert quiet == 0
    assert _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0] > 0


async def test_a_safe_country_is_not_looked_at(house: House, analyser: Callable[[], Analyser]):
    hashed = house.keystore.platform().index(RANGE_KIND, "992")  # as the range of a suspicion names a country
    house.conn.execute("INSERT INTO fraud_safe VALUES (%s, %s, 0, 'ours', now(), 'test')", [house.client, hashed])
    _pumped(house)
    _a_moment_later()

    await analyser().look()

    assert _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0] == 0


async def test_safe_ranges_are_not_looked_at(house: House, analyser: Callable[[], Analyser]):
    hashed = house.keystore.platform().index(RANGE_KIND, "+992")
    house.conn.execute("INSERT INTO fraud_safe VALUES (%s, %s, 4, 'ours', now(), 'test')", [house.client, hashed])
    _pumped(house)
    _a_moment_later()

    await analyser().look()

    assert _rows(house, "SELECT count(*) FROM fraud_suspicion")[0][0] == 0
