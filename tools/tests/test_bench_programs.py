"""The benches of the API, on a handful of messages: what they send, what they count, and what they answer."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from tools.bench import campaign, lanes, load, processes, programs, route, simulator, single

from sofy.engine.alphabets import Alphabets
from sofy.ingest.shapes import Message
from sofy.kernel import phone, sms_text

FIELDS = {"seconds", "per_second", "p50_ms", "p99_ms", "rss_mb", "cpu_s"}
AGREED_AT = datetime(2026, 9, 1, tzinfo=UTC)
ANSWER = b'HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\n{"id":"a"}'


def _plan(**given: Any) -> load.Plan:
    return load.Plan(programs=[load.Program("one"), load.Program("two")], connections=2, **given)


def test_every_message_of_the_load_is_one_sms_of_its_own_to_a_number_given_to_nobody():
    plan = _plan(messages=400, short_code="36105", consented_at=AGREED_AT)

    sent = [msgspec.convert(load.message(plan, n), Message) for n in range(plan.messages)]
    measured = [sms_text.measure(each.text, Alphabets().of(each.purpose, None)) for each in sent]

    assert len({each.to for each in sent}) == len({each.text for each in sent}) == 400
    assert all(isinstance(phone.parse(each.to, fictional=True), phone.Number) for each in sent)
    assert {parts for parts, _ in measured} == {1}
    assert [encoding for _, encoding in measured].count("ucs2") == 80


def test_half_of_the_load_is_marketing_and_only_that_has_a_consent_and_the_mention():
    plan = _plan(messages=400, short_code="36105", consented_at=AGREED_AT)

    sent = [msgspec.convert(load.message(plan, n), Message) for n in range(plan.messages)]
    marketing = [each for each in sent if each.purpose == "marketing"]

    assert len(marketing) == 200
    assert all(each.text.endswith(" STOP SMS 36105") for each in marketing)
    assert [each for each in sent if each.consent is not None] == marketing


def test_batches_take_the_clients_in_turn_and_the_last_one_holds_what_is_left():
    plan = _plan(messages=7, batch=3)

    heads, bodies = zip(*(each.split(b"\r\n\r\n") for each in load.requests(plan)), strict=True)

    assert [b"Bearer one\r\n" in head for head in heads] == [True, False, True]
    assert [int(head.rpartition(b": ")[2]) for head in heads] == [len(body) for body in bodies]
    assert [len(msgspec.json.decode(body)["messages"]) for body in bodies] == [3, 3, 1]


class _Wire:
    """A connection's other end that only remembers what was written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


@pytest.mark.parametrize("at_once", [1, 7, 60, 1_000])
async def test_answers_are_read_however_they_arrive(at_once: int):
    run, wire = load.Run([b"first", b"second"]), _Wire()
    connection = load.Connection(run)
    connection.connection_made(wire)  # type: ignore[arg-type]  # all of a transport that is used
    connection.send()

    for body in (b'{"id":"a"}', b'{"code":"sender_none"}'):
        status = b"202 Accepted" if b"id" in body else b"422 Unprocessable Entity"
        answer = b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)
        for start in range(0, len(answer), at_once):
            connection.data_received(answer[start : start + at_once])

    assert wire.written == [b"first", b"second"]
    assert run.over.done()
    assert (run.told.accepted, run.told.refused) == (1, 1)
    assert run.told.refusal == '422 {"code":"sender_none"}'
    assert len(run.told.latencies_ms) == 2


def test_one_message_per_request_answers_with_the_times_of_its_answers(engine_db: Any, tmp_path: Path):
    with programs.fill(engine_db.database.admin_url, tmp_path, 1, single.NOWHERE) as base:
        found = single.measure(base, tmp_path, 30, 3)

    assert set(found) == FIELDS
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["seconds"] * 1000
    assert found["rss_mb"] > 0


def test_the_whole_way_answers_with_what_was_accepted_delivered_and_kept(engine_db: Any, tmp_path: Path):
    with (
        simulator.running(tmp_path) as operator,
        programs.fill(engine_db.database.admin_url, tmp_path, 2, operator.address) as base,
    ):
        plan = route.plan_of(base, 30, 10, 4)
        found = {"n": 30} | route.Route(base, tmp_path, plan, quiet=True).whole(smsc=operator.pid) | operator.count()

    assert set(found) > FIELDS | {"accept_per_second", "ingest_rss_mb"}
    assert route.is_whole(found)
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["seconds"] * 1000
    assert 0 < found["accept_seconds"] <= found["seconds"]


async def test_a_steady_load_times_each_from_when_its_request_was_due():
    run = load.Steady([b"first", b"second", b"third", b"fourth"], 100)
    wires = [_Wire(), _Wire()]
    connections = [load.Connection(run) for _ in wires]
    for wire, connection in zip(wires, connections, strict=True):
        connection.connection_made(wire)  # type: ignore[arg-type]  # all of a transport that is used
        run.free(connection)
    driving = asyncio.create_task(run.drive())

    await asyncio.sleep(0.2)
    before = [list(wire.written) for wire in wires]
    for connection in connections:
        connection.data_received(ANSWER)
    await asyncio.sleep(0.05)
    run.stop()
    for connection in connections:
        connection.data_received(ANSWER)
    driving.cancel()

    assert before == [[b"first"], [b"second"]]
    assert [wire.written for wire in wires] == [[b"first", b"third"], [b"second", b"fourth"]]
    assert run.over.done()
    assert run.told.accepted == 4
    assert run.told.latencies_ms[2] > 150


def test_alerts_beside_a_campaign_answer_with_how_long_each_waited(engine_db: Any, tmp_path: Path):
    processes.start_clock(tmp_path)
    with simulator.running(tmp_path) as operator:
        bench = campaign.Bench(engine_db.database, 30, tmp_path, operator.address, link=False)
        try:
            figures, beside = lanes.measure(bench, programs.of(bench.client), 50, quiet=True)
        finally:
            bench.conn.close()
        found = lanes.together(30, 0, {"own": (figures | operator.count(), beside)})

    assert set(found) > FIELDS - {"cpu_s"} | {"own_p99_ms", "own_max_ms", "answer_p99_ms", "ingest_rss_mb"}
    assert found["statuses"] == {"own": {"delivered": 30}}
    assert 0 < found["alerts"] == found["alerts_delivered"] == found["accepted_by_smsc"] - 30
    assert 0 < found["own_p50_ms"] <= found["own_p99_ms"] <= found["own_max_ms"]


def test_alerts_beside_a_flood_of_another_client_are_timed_apart_from_it(engine_db: Any, tmp_path: Path):
    with (
        simulator.running(tmp_path) as operator,
        programs.fill(engine_db.database.admin_url, tmp_path, 2, operator.address) as base,
    ):
        figures, beside = lanes.flooded(base, tmp_path, 30, 50, quiet=True)
        figures |= operator.count()

    assert figures["statuses"] == {"delivered": 30}
    assert 0 < len(beside.waits_ms) == beside.told.accepted == figures["accepted_by_smsc"] - 30
    assert figures["per_second"] == round(30 / figures["seconds"])


def test_the_pace_of_the_slower_campaign_is_told_not_that_of_the_flood():
    told = load.Told(seconds=1.0, accepted=1, refused=0, latencies_ms=[1.0])
    beside = cast(lanes.Beside, SimpleNamespace(waits_ms=[5.0], told=told, rss_mb=1.0))
    figures = {
        whose: {"seconds": s, "per_second": round(9 / s), "statuses": {}, "rss_mb": 1.0, "worker_rss_mb": 1.0}
        for whose, s in (("other", 1.0), ("own", 2.0), ("flood", 3.0))
    }

    found = lanes.together(9, 8, {whose: (each, beside) for whose, each in figures.items()})

    assert (found["seconds"], found["per_second"]) == (2.0, 4)
    assert (found["flood"], found["flood_per_second"], found["flood_p99_ms"]) == (8, 3, 5.0)


@pytest.mark.parametrize(
    ("_case", "found", "whole"),
    [
        ("all as it should be", {}, True),
        ("an alert that did not leave", {"alerts_delivered": 2}, False),
        ("one of the flood that failed", {"statuses": {"flood": {"delivered": 1, "failed": 1}}}, False),
        ("one of a campaign withheld", {"statuses": {"own": {"delivered": 3, "withheld": 1}}}, False),
        ("somebody got two", {"served_twice": 1}, False),
        ("one that the operator does not know", {"accepted_by_smsc": 10}, False),
    ],
)
def test_a_campaign_or_an_alert_that_got_lost_makes_the_run_no_whole_one(
    _case: str, found: dict[str, Any], whole: bool
):
    result = {
        "n": 4,
        "alerts": 3,
        "alerts_delivered": 3,
        "flood": 2,
        "statuses": {"other": {"delivered": 4}, "own": {"delivered": 4}, "flood": {"delivered": 2}},
        "accepted_by_smsc": 13,
        "served_twice": 0,
    }

    assert lanes.is_whole(result | found) is whole


WHOLE = {
    "n": 4,
    "accepted": 4,
    "statuses": {"delivered": 4},
    "consents": 2,
    "consents_wanted": 2,
    "accepted_by_smsc": 4,
    "served_twice": 0,
}


@pytest.mark.parametrize(
    ("_case", "found", "whole"),
    [
        ("all as it should be", {}, True),
        ("not all accepted", {"accepted": 3}, False),
        ("one withheld", {"statuses": {"delivered": 3, "withheld": 1}}, False),
        ("a consent that is not in the ledger", {"consents": 1}, False),
        ("one that the operator does not know", {"accepted_by_smsc": 3}, False),
        ("somebody got two", {"served_twice": 1}, False),
    ],
)
def test_a_run_that_lost_or_doubled_anything_is_not_whole(_case: str, found: dict[str, Any], whole: bool):
    assert route.is_whole(WHOLE | found) is whole
