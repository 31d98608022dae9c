"""A hundred thousand random moments through the gate, judged by the operator's log and a table written by hand."""

import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from sofy.connectors.base import Outgoing
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.encoder import Encoder
from sofy.engine.gate import Facts, Message, judge
from sofy.kernel import clock, ids
from sofy.kernel.hours import HoursPolicy
from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.profile import PROFILES, SandboxConfig
from sofy.wire.smpp.pdu import Sm, decode_sm
from tests.faults import by_hand

CASES = 100_000
_NUMBERS = [
    *["+336399800{:02d}"] * 4, "+337000000{:02d}", "+324701234{:02d}", "+5906900012{:02d}", "+5946942012{:02d}",
    "+5966962012{:02d}", "+2626921234{:02d}", "+2626933312{:02d}", "+2626396012{:02d}", "+2626000000{:02d}",
    "+5087084012{:02d}", "+6877512{:02d}", "+6818212{:02d}", "+689871234{:02d}",
]  # fmt: skip
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 3 * 365


class Case(NamedTuple):
    number: str
    recorded: str | None
    instant: datetime
    opens: str
    closes: str
    days: tuple[int, ...]


class Session:
    """A bind nobody listens on."""

    system_id = "s"

    def answer(self, sequence: int, status: int, message_id: str = "") -> None: ...


def _case(chance: random.Random) -> Case:
    known = chance.random() > 0.005
    number = (chance.choice(_NUMBERS) if known else "+9991234{:02d}").format(chance.randrange(100))
    recorded = chance.choice([None] * 4 + list(by_hand.RECORDED))
    day = _FIRST + timedelta(days=chance.randrange(_DAYS))
    if chance.random() < 0.5:
        instant = day + timedelta(seconds=chance.randrange(86_400))
    else:  # around the full and half hours, where the doors are
        instant = day + timedelta(minutes=30 * chance.randrange(48), seconds=chance.randint(-90, 90))
    opens, closes = "08:00", "20:00"
    days = tuple(range(1, 8))
    if chance.random() < 0.5:
        opens, closes = f"{chance.randint(8, 12):02d}:{chance.choice(('00', '30'))}", f"{chance.randint(13, 19):02d}:15"
        days = tuple(sorted(chance.sample(range(1, 8), chance.randint(3, 7))))
    return Case(number, recorded, instant, opens, closes, days)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.clause("CGVU 14.1")
async def test_nothing_the_operator_took_was_in_a_forbidden_minute(tmp_path: Path):
    chance = random.Random(os.environ.get("SOFY_TEST_SEED", "7"))
    cases = [_case(chance) for _ in range(CASES)]
    log = tmp_path / "accepted.log"
    profile = msgspec.structs.replace(PROFILES["plain"], lost=1.0)
    operator = SimulatedOperator(SandboxConfig(port=0, log=log, profile=profile))
    await operator.start()

    last_moments = _send(operator, cases)
    await operator.stop()

    lines = [line.split() for line in log.read_text().splitlines()]
    took = {int(bytes.fromhex(line[5]).split()[0]): line for line in lines}
    assert len(took) == len(lines) == len(last_moments)
    wrong = []
    for n, line in took.items():
        case, at = cases[n], datetime.fromisoformat(line[6])
        assert (at, "+" + line[2].lstrip("+")) == (case.instant, case.number)
        for moment in (at, last_moments[n] - timedelta(seconds=1)):
            if not by_hand.permitted(moment, case.number, case.recorded, case.opens, case.closes, case.days):
                wrong.append((case, moment))
    assert not wrong
    assert all(last_moments[n] - cases[n].instant <= timedelta(hours=12) for n in took)
    # Nor is it right because it is silent: what the table permits leaves, but for the last half minute.
    missed = [case for n, case in enumerate(cases) if n not in took and _clearly(case)]
    assert not missed
    assert 0.1 * CASES < len(took) < 0.6 * CASES


def _send(operator: SimulatedOperator, cases: list[Case]) -> dict[int, datetime]:
    """Everything the gate lets through, as it leaves; answers until when the operator may deliver each of them."""
    encoder = Encoder(Config(host="127.0.0.1", port=1, system_id="s", password="p"))
    session = cast(Any, Session())
    until: dict[int, datetime] = {}
    for n, case in enumerate(cases):
        clock.install(lambda case=case: case.instant)  # type: ignore[misc]
        text = f"{n} Bonjour STOP SMS 36123"
        policy = HoursPolicy(opens=case.opens, closes=case.closes, days=case.days)
        message = Message("marketing", case.number, text, "MARTIN", "36123", case.recorded, Decimal(0))
        verdict = judge(message, Facts(policy=policy, permission="granted"), clock.now())
        if verdict.action != "send":
            continue
        (part,) = encoder.parts(
            Outgoing(
                message_id=ids.uuid7(), client_id=ids.uuid7(), to=case.number, sender="MARTIN", text=text,
                validity_until=verdict.until,
            )
        )  # fmt: skip
        sm = decode_sm(part.frame(1)[16:])
        until[n] = _validity(sm)
        operator.on_submits(session, [(n + 1, sm)])
    return until


def _validity(sm: Sm) -> datetime:
    return datetime.strptime(sm.validity_period, "%y%m%d%H%M%S000+").replace(tzinfo=UTC)


def _clearly(case: Case) -> bool:
    """Permitted now and for a minute more."""
    rest = (case.number, case.recorded, case.opens, case.closes, case.days)
    return all(by_hand.permitted(case.instant + timedelta(seconds=s), *rest) for s in (0, 60))


def test_the_table_shares_nothing_with_the_product():
    assert "sofy" not in Path(by_hand.__file__).read_text()


@pytest.mark.parametrize(
    ("_case", "instant", "number", "shown"),
    [
        ("Paris in winter", "2026-03-29T00:59:59+00:00", "+33639980001", "01:59"),
        ("Paris in summer", "2026-03-29T01:00:00+00:00", "+33639980001", "03:00"),
        ("Paris in winter again", "2026-10-25T01:00:00+00:00", "+33639980001", "02:00"),
        ("Saint-Pierre in summer", "2026-03-08T05:00:00+00:00", "+508708401200", "03:00"),
        ("Saint-Pierre in winter", "2026-11-01T04:00:00+00:00", "+508708401200", "01:00"),
        ("the Marquesas among others", "2026-06-01T12:00:00+00:00", "+68987123400", "02:00 02:30 03:00"),
    ],
)
def test_the_table_itself(_case: str, instant: str, number: str, shown: str):
    at = datetime.fromisoformat(instant)

    assert " ".join(f"{by_hand.local(at, place):%H:%M}" for place in by_hand.places(number, None)) == shown
