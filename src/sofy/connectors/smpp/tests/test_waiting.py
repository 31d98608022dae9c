"""Which part leaves next."""

from uuid import UUID

from sofy.connectors.smpp.encoder import Encoder, Part
from sofy.connectors.smpp.tests.factories import CLIENT, outgoing
from sofy.connectors.smpp.tests.test_encoder import config
from sofy.connectors.smpp.waiting import Waiting

OTHER = UUID(int=2)


def add(waiting: Waiting, name: str, client: UUID = CLIENT, purpose: str = "alert", parts: int = 1) -> None:
    """A message that is known by whom it goes to."""
    text = "x" * (160 if parts == 1 else 153 * parts)
    waiting.add(Encoder(config()).parts(outgoing(to=name, text=text, client_id=client, purpose=purpose)))


def order(waiting: Waiting) -> list[str]:
    """To whom parts leave, until nothing waits."""
    return [waiting.next()[1].message.to for _ in range(len(waiting))]


def test_clients_of_a_lane_take_turns_and_who_comes_late_waits_for_one_message():
    waiting = Waiting()
    for n in range(3):
        add(waiting, f"+3363998000{n}")

    add(waiting, "+33639980009", OTHER)

    assert order(waiting) == ["+33639980000", "+33639980009", "+33639980001", "+33639980002"]


def test_parts_of_one_message_leave_together_and_alerts_first():
    waiting = Waiting()
    add(waiting, "+33639980001", purpose="marketing")
    add(waiting, "+33639980002", parts=2)
    add(waiting, "+33639980003", OTHER, parts=2)
    add(waiting, "+33639980004")

    left = order(waiting)

    assert left == [f"+3363998000{n}" for n in (2, 2, 3, 3, 4, 1)]
    assert len(waiting) == 0


def test_what_was_throttled_goes_first_and_what_is_called_back_does_not_go():
    waiting = Waiting()
    for n in range(3):
        add(waiting, f"+3363998000{n}")
    throttled: Part = waiting.next()[1]
    called_back = next(part for part in waiting if part.message.to == "+33639980001")

    waiting.again(throttled)
    waiting.drop({called_back.message.message_id})

    assert order(waiting) == ["+33639980000", "+33639980002"]
