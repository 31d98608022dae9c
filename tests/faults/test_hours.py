"""The permitted hours judged from outside: what a simulated operator was given, and a table written by hand.

A hundred thousand messages of clients with hours of their own go through an engine and a socket, on a clock that jumps
from one random moment to the next. Only the operator's log is looked at.
"""

import random
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from sofy.connectors.base import Outgoing
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.encoder import Encoder
from sofy.engine import intake, permissions
from sofy.engine.gate import Facts, Message, judge
from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock, ids
from sofy.kernel.hours import HoursPolicy
from sofy.wire.smpp.pdu import decode_sm
from tests.faults import by_hand
from tests.faults.field import Field, dice

STEPS, CLIENTS, EACH = 30, 10, 340
_NUMBERS = [
    *["+336399800{:02d}"] * 4, "+337000000{:02d}", "+324701234{:02d}", "+5906900012{:02d}", "+5946942012{:02d}",
    "+5966962012{:02d}", "+2626921234{:02d}", "+2626933312{:02d}", "+2626396012{:02d}", "+2626000000{:02d}",
    "+5087084012{:02d}", "+6877512{:02d}", "+6818212{:02d}", "+689871234{:02d}",
]  # fmt: skip
_ABROAD = "+9991234{:02d}"
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 3 * 365
#: Until what falls due within this time has left, the clock does not jump.
_NEAR = timedelta(seconds=10)
_MINUTE = timedelta(minutes=1)
#: Two moments: however long the machine takes over one, it is over before the next.
_APART = timedelta(minutes=30)


class Hours(NamedTuple):
    """When one client writes to people."""

    opens: str
    closes: str
    days: tuple[int, ...]
    holidays: str


class Person(NamedTuple):
    """Somebody to write to; `recorded` is the zone of the contact's own record."""

    number: str
    recorded: str | None


def _number(chance: random.Random) -> str:
    return (chance.choice(_NUMBERS) if chance.random() > 0.005 else _ABROAD).format(chance.randrange(100))


def _hours(chance: random.Random) -> Hours:
    holidays = chance.choice(["", *by_hand.OF_THE_PLACE])
    if chance.random() < 0.4:
        return Hours("08:00", "20:00", tuple(range(1, 8)), holidays)
    opens, closes = f"{chance.randint(8, 12):02d}:{chance.choice(('00', '30'))}", f"{chance.randint(13, 19):02d}:15"
    return Hours(opens, closes, tuple(sorted(chance.sample(range(1, 8), chance.randint(3, 7)))), holidays)


def _instants(chance: random.Random, count: int) -> list[datetime]:
    """Moments of three years in their order: half of them beside the doors, many on holidays or the day beside one."""
    days = [_FIRST + timedelta(days=n) for n in range(_DAYS)]
    feasts = [day for day in days if by_hand.is_holiday(f"{day:%Y-%m-%d}", "alsace-moselle")]
    found: list[datetime] = []
    while len(found) < count:
        day = chance.choice(days)
        if chance.random() < 0.4:
            day = chance.choice(feasts) + timedelta(days=chance.randint(-1, 1))
        if chance.random() < 0.5:
            at = day + timedelta(seconds=chance.randrange(86_400))
        else:  # around the full and half hours, where the doors are
            beside = chance.choice((chance.randint(-90, -20), chance.randint(0, 90)))
            at = day + timedelta(minutes=30 * chance.randrange(48), seconds=beside)
        if all(abs(at - other) > _APART for other in found):
            found.append(at)
    return sorted(found)


def _permitted(at: datetime, who: Person, hours: Hours) -> bool:
    return by_hand.permitted(at, who.number, who.recorded, hours.opens, hours.closes, hours.days, hours.holidays)


class Shops:
    """Clients of one field, who write to the same people at hours of their own."""

    def __init__(self, field: Field, chance: random.Random) -> None:
        self.field, self.chance = field, chance
        self.clients = [ids.uuid7() for _ in range(CLIENTS)]
        #: Message number -> who it is for and whose it is; client -> since when it keeps which hours.
        self.sent: list[tuple[Person, UUID]] = []
        self.kept: dict[UUID, list[tuple[datetime, Hours]]] = {client: [] for client in self.clients}
        numbers = [each.format(n) for each in (*_NUMBERS, _ABROAD) for n in range(100)]
        for client in self.clients:
            field.keystore.create(client)
            keys = field.keystore.client(client)
            indexes = [keys.index("phone", number) for number in numbers]
            rows = [permissions.Permission(index, "sms", "marketing", "granted", _FIRST) for index in indexes]
            permissions.write_permissions(field.conn, client, rows)

    def write(self, at: datetime) -> None:
        """Everybody chooses new hours and writes to some people."""
        for client in self.clients:
            hours = _hours(self.chance)
            self.kept[client].append((at, hours))
            permissions.write_client(self.field.conn, client, state="active", hours=hours._asdict())
            messages = []
            for _ in range(EACH):
                person = Person(_number(self.chance), self.chance.choice([None] * 4 + list(by_hand.RECORDED)))
                messages.append(
                    intake.MessageIn(
                        purpose="marketing", to=person.number, text=f"{len(self.sent)} Bonjour STOP SMS 36123",
                        sender="MARTIN", short_code="36123", zone=person.recorded,
                    )
                )  # fmt: skip
                self.sent.append((person, client))
            with self.field.conn.transaction():
                intake.submit(self.field.conn, client, messages, keys=self.field.keystore.client(client))

    def permitted(self, n: int, at: datetime) -> bool:
        """What the table says of a message at a moment, by the hours its client kept then."""
        person, client = self.sent[n]
        (hours,) = [hours for since, hours in self.kept[client] if since <= at][-1:]
        return _permitted(at, person, hours)


def _all_wait(field: Field) -> bool:
    """Whether nothing is in the engine's hands or on the wire, and nothing will be in a moment."""
    busy = (
        "SELECT 1 FROM engine_queue WHERE due_at <= %s UNION ALL"
        " SELECT 1 FROM engine_claim c JOIN engine_state s ON s.message_id = ANY(c.messages) AND s.rank = 10 LIMIT 1"
    )
    return not field.rows(busy, [clock.now() + _NEAR])


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.clause("CGVU 14.1")
def test_nothing_the_operator_took_was_in_a_forbidden_minute(field: Field, house_clock: FileClock):
    chance = dice()
    instants = _instants(chance, STEPS)
    house_clock.advance_to(instants[0])
    field.start_operator(lost=1.0)  # without receipts, a message is over when it was taken
    field.make_route(window=500)
    shops = Shops(field, chance)
    field.start_engine()
    assert field.engine_process is not None

    clear: set[int] = set()
    for at in instants:
        house_clock.advance_to(at)
        first = len(shops.sent)
        shops.write(at)
        field.engine_process.send_signal(signal.SIGCONT)
        field.wait(lambda: _all_wait(field))
        _hold(field)
        now = clock.now()
        new = range(first, len(shops.sent))
        clear |= {n for n in new if shops.permitted(n, at) and shops.permitted(n, now + _MINUTE)}
    field.engine_process.send_signal(signal.SIGCONT)

    lines = [line.split() for line in field.log.read_text().splitlines()]
    took = {int(bytes.fromhex(line[5]).split()[0]): line for line in lines}
    instant_of = {n: datetime.fromisoformat(line[6]) for n, line in took.items()}
    assert len(took) == len(lines)
    assert all(line[2].lstrip("+") == shops.sent[n][0].number.lstrip("+") for n, line in took.items())
    assert [(shops.sent[n], at) for n, at in instant_of.items() if not shops.permitted(n, at)] == []
    # Nor is it right because it is silent: what the table permits leaves at once.
    assert clear <= took.keys()
    assert len(shops.sent) >= 100_000
    assert len(clear) > len(shops.sent) / 10


def _hold(field: Field) -> None:
    """Stop the engine while it has nothing in its hands: no message is on the wire when the clock jumps."""
    assert field.engine_process is not None
    while True:
        field.engine_process.send_signal(signal.SIGSTOP)
        if _all_wait(field):
            return
        field.engine_process.send_signal(signal.SIGCONT)
        field.wait(lambda: _all_wait(field))


@pytest.mark.clause("CGVU 14.1")
def test_the_operator_may_not_deliver_in_a_forbidden_minute_either():
    chance, left = dice(), 0
    encoder = Encoder(Config(host="127.0.0.1", port=1, system_id="s", password="p"))

    for at in _instants(chance, 500):
        hours, number, recorded = _hours(chance), _number(chance), chance.choice([None, *by_hand.RECORDED])
        message = Message("marketing", number, "Bonjour STOP SMS 36123", "MARTIN", "36123", recorded, Decimal(0))
        verdict = judge(message, Facts(policy=HoursPolicy(*hours), permission="granted"), at)
        if verdict.action != "send":
            continue
        left += 1
        outgoing = Outgoing(
            message_id=ids.uuid7(), client_id=ids.uuid7(), to=number, sender="MARTIN", text=message.text,
            validity_until=verdict.until,
        )  # fmt: skip
        (part,) = encoder.parts(outgoing)
        written = decode_sm(part.frame(1)[16:]).validity_period
        until = datetime.strptime(written, "%y%m%d%H%M%S000+").replace(tzinfo=UTC)

        assert at < until <= at + timedelta(hours=12)
        assert _permitted(until - timedelta(seconds=1), Person(number, recorded), hours)
    assert left > 50


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
