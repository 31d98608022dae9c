"""GET /v1/service-level: what a program hears of its client's month, and of nobody else's."""

from typing import Any
from uuid import UUID

import pytest

from sofy.ingest.tests.conftest import Api, House, Program
from sofy.kernel import clock, ids

pytestmark = pytest.mark.clause("CGVU 28")


def counted(house: House, client: UUID, record: UUID | None = None) -> UUID:
    """A day of a client as the worker writes it: one message in a thousand was lost."""
    day, message = clock.DEMO_START.date(), ids.uuid7()
    house.admin.execute("INSERT INTO service_slice VALUES (%s, %s, %s, NULL)", [client, day, clock.DEMO_START])
    for verdict, reason, count in (("reached", "", 998), ("withheld", "no_consent", 1), ("lost", "late", 1)):
        values = [client, day, verdict, reason, count]
        house.admin.execute("INSERT INTO service_day VALUES (%s, %s, 'alert', 'sms', %s, %s, %s)", values)
    house.admin.execute(
        "INSERT INTO service_lost VALUES (%s, %s, %s, 'alert', 'sms', 'lost', 'late', %s, %s, %s, %s)",
        [client, day, message, clock.DEMO_START, clock.DEMO_START, clock.DEMO_START, record],
    )
    return message


async def asked(program: Program, query: str = "month=2026-11") -> Any:
    return await program.ask("GET", "/v1/service-level", query=query)


async def test_a_month_is_told_with_its_evidence(program: Program, house: House):
    message = counted(house, house.client)

    answer = await asked(program)

    told = answer.json
    assert answer.status == 200
    assert (told["success_percent"], told["kept"], told["accepted"]) == (99.9, True, 1000)
    assert told["days"] == [{"day": "2026-11-24", "reached": 998, "withheld": 1, "lost": 1, "excluded": 0, "open": 0}]
    assert [each["message"] for each in told["lost_points"]] == [str(message)]


async def test_an_exclusion_is_told_with_its_record(program: Program, house: House):
    record, at = ids.uuid7(), clock.DEMO_START
    counted(house, house.client, record)
    house.admin.execute(
        "INSERT INTO service_record (id, kind, party, channel, begins_at, ends_at, proof, noted_at, noted_by)"
        " VALUES (%s, 'outage', 'Meta', 'whatsapp', %s, %s + interval '1 h', 'status page', %s, 'staff')",
        [record, at, at, at],
    )

    told = (await asked(program)).json

    assert [(each["id"], each["party"]) for each in told["records"]] == [(str(record), "Meta")]
    assert told["lost_points"][0]["record"] == str(record)


async def test_a_program_sees_the_month_of_its_own_client_only(program: Program, house: House):
    counted(house, house.new_client())

    told = (await asked(program)).json

    assert (told["accepted"], told["success_percent"], told["lost_points"]) == (0, None, [])


async def test_without_a_month_it_is_the_present_one(program: Program):
    assert (await asked(program, "")).json["month"] == "2026-11"


@pytest.mark.parametrize("month", ["2026-13", "november", "2026-11%00", "%EF%BC%92026-11", "99999999999"])
async def test_what_is_no_month_is_said_so(program: Program, month: str):
    answer = await asked(program, f"month={month}")

    assert (answer.status, answer.code) == (400, "month_unreadable")


async def test_a_key_that_may_only_send_reads_no_service_level(api: Api, house: House):
    sender = Program(api, house.add_key(scopes=("messages:send",)))

    assert (await asked(sender)).status == 403
