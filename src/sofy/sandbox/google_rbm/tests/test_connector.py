"""The connector against the simulated platform: nothing lost, nothing twice, and never a request RBM refuses."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from sofy.connectors.base import Accepted, Action, NotSent, Refused, Throttled, Unknown
from sofy.connectors.google_rbm.tests.factories import outgoing
from sofy.connectors.smpp.tests.factories import Engine
from sofy.kernel import clock
from sofy.kernel.content import Button, Card, Content, Media
from sofy.sandbox.google_rbm.profile import PROFILES, Range
from sofy.sandbox.google_rbm.server import SimulatedRbm
from sofy.sandbox.google_rbm.tests.conftest import Make


def turn(rbm: SimulatedRbm, **changes: Any) -> None:
    rbm.platform.profile = msgspec.structs.replace(rbm.platform.profile, **changes)


def outcomes(engine: Engine) -> list[Any]:
    return [one.outcome for one in engine.outcomes if not isinstance(one.outcome, Throttled)]


async def test_a_message_is_taken_under_our_own_identifier(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect()
    message = outgoing(text="Bonjour, STOP")

    connector.submit([message])
    await engine.until(lambda: bool(engine.outcomes))

    assert outcomes(engine) == [Accepted(str(message.message_id))]
    assert [record.message_id for record in engine.journal] == [message.message_id]
    (taken,) = rbm.platform.log.messages.values()
    assert (taken.id, taken.to, taken.content) == (str(message.message_id), message.to, {"text": "Bonjour, STOP"})
    assert taken.traffic == "PROMOTION"


async def test_every_kind_of_content_is_taken(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect()
    image = Media(kind="image", url="https://cdn.example.com/a.jpg")
    stop = Button(label="STOP", value="STOP")
    contents = [
        Content(text="x" * 3072, buttons=[stop] * 11),
        Content(text="STOP", cards=[Card(title="t" * 200, media=image, buttons=[stop] * 4)]),
        Content(cards=[Card(title="Une", media=image, buttons=[stop])] * 10, buttons=[stop]),
        Content(media=Media(kind="document", url="https://cdn.example.com/a.pdf"), buttons=[stop]),
        Content(text="Bonjour, STOP", media=image),
    ]

    connector.submit([outgoing(content) for content in contents])
    await engine.until(lambda: len(engine.outcomes) == len(contents))

    assert all(isinstance(one, Accepted) for one in outcomes(engine))


async def test_what_rbm_would_refuse_is_refused_before_it_is_asked(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    connector = await connect()

    connector.submit([outgoing(text="x" * 3073)])
    await engine.until(lambda: bool(engine.outcomes))

    assert outcomes(engine) == [Refused("rcs_text_too_long", Action.PERMANENT)]
    assert not engine.journal
    assert not rbm.platform.stats["requests"]


# time limits


@pytest.mark.clause("CGVU 14.1")
async def test_nothing_may_arrive_after_its_time(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(response_timeout_s=10.0)
    until = clock.now() + timedelta(hours=2)

    connector.submit([outgoing(validity_until=until), outgoing()])
    await engine.until(lambda: len(engine.outcomes) == 2)

    limited, free = rbm.platform.log.messages.values()
    assert limited.until is not None
    assert free.until is not None
    assert timedelta(seconds=9) <= until - limited.until <= timedelta(seconds=12)
    assert free.until - clock.now() <= timedelta(days=1)


async def test_a_message_whose_time_is_over_is_never_asked_for(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    connector = await connect()
    now = clock.now()

    connector.submit([outgoing(validity_until=now), outgoing(validity_until=now + timedelta(seconds=1))])
    await engine.until(lambda: len(engine.outcomes) == 2)

    assert outcomes(engine) == [NotSent("too_late"), NotSent("too_late")]
    assert not rbm.platform.stats["requests"]


# answers


async def test_a_phone_without_rcs_is_a_final_refusal_and_one_known_to_be_is_not_tried(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, no_rcs=1.0)
    connector = await connect()

    connector.submit([outgoing()])
    await engine.until(lambda: len(engine.outcomes) == 1)
    connector.submit([outgoing(absent=True)])
    await engine.until(lambda: len(engine.outcomes) == 2)

    assert outcomes(engine) == [Refused("not_rcs", Action.PERMANENT)] * 2
    assert rbm.platform.stats["requests"] == 1


async def test_an_error_is_asked_again_under_the_same_identifier(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    """Every other error of the simulator took the message: the repeat is answered 409, which means taken."""
    turn(rbm, error_every=2)
    connector = await connect(window=1, error_retries=8)
    messages = [outgoing(to=f"+3363998{n:04}") for n in range(20)]

    connector.submit(messages)
    await engine.until(lambda: len(engine.outcomes) == 20)

    assert all(isinstance(one, Accepted) for one in outcomes(engine))
    assert list(rbm.platform.log.messages) == [str(message.message_id) for message in messages]
    assert rbm.platform.stats["repeated"] > 0


@pytest.mark.parametrize("fault", ["silent_every", "lost_every"])
async def test_silence_is_asked_again_and_then_unknown(
    fault: str, rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, **{fault: 1})
    connector = await connect(response_timeout_s=0.1, error_retries=1)
    message = outgoing()

    connector.submit([message])
    await engine.until(lambda: bool(engine.outcomes))

    taken = fault == "silent_every"
    assert outcomes(engine) == [Accepted(str(message.message_id)) if taken else Unknown("no answer in time")]
    assert rbm.platform.stats["requests"] == 2
    assert len(engine.journal) == 1


async def test_a_message_of_which_nobody_knows_is_not_given_back_as_unsent(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, lost_every=1)
    connector = await connect(response_timeout_s=0.1, error_retries=5, error_wait_s=30.0)
    message = outgoing()

    connector.submit([message])
    await engine.until(lambda: rbm.platform.stats["requests"] == 1)
    await asyncio.sleep(0.3)

    assert connector.withdraw([message.message_id]) == []
    await connector.stop(0.1)
    assert outcomes(engine) == [Unknown("stopping")]


async def test_too_many_requests_slow_the_link_and_lose_nothing(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, rate_per_s=100.0, retry_after_s=0.0)
    connector = await connect()
    messages = [outgoing(to=f"+3363998{n:04}") for n in range(60)]

    connector.submit(messages)
    await engine.until(lambda: len(outcomes(engine)) == 60)

    assert all(isinstance(one, Accepted) for one in outcomes(engine))
    assert rbm.platform.stats["fault_throttle"] > 0
    assert len(rbm.platform.log.messages) == 60


async def test_google_says_how_long_to_wait(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    turn(rbm, throttle_every=1, retry_after_s=30.0)
    connector = await connect()

    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.of(Throttled)))

    assert connector.health().paused
    assert connector.capacity() == 0
    assert connector.health().queued == 1


async def test_waiting_messages_can_be_taken_back_and_are_given_back_at_the_end(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, throttle_every=1, retry_after_s=30.0)
    connector = await connect(window=1)
    messages = [outgoing() for _ in range(3)]

    connector.submit(messages)
    await engine.until(lambda: bool(engine.of(Throttled)))
    withdrawn = connector.withdraw([messages[1].message_id])
    await connector.stop()

    assert withdrawn == [messages[1].message_id]
    assert {one.message_id: one.outcome for one in engine.outcomes if one.outcome == NotSent("stopping")} == {
        messages[0].message_id: NotSent("stopping"),
        messages[2].message_id: NotSent("stopping"),
    }


async def test_nothing_leaves_that_the_journal_does_not_hold(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    engine.journal_works = False
    connector = await connect()
    forgotten, kept = outgoing(), outgoing()
    engine.forgotten = {forgotten.message_id}

    connector.submit([forgotten, kept])
    await asyncio.sleep(0.1)
    asked = rbm.platform.stats["requests"]
    engine.journal_works = True
    await engine.until(lambda: bool(engine.outcomes))

    assert asked == 0
    assert list(rbm.platform.log.messages) == [str(kept.message_id)]


async def test_a_platform_that_is_away_keeps_messages_here(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(base_url="http://127.0.0.1:9")
    message = outgoing()

    connector.submit([message])
    await engine.until(lambda: bool(engine.of(Throttled)))

    assert connector.health().binds_up == 0
    assert connector.withdraw([message.message_id]) == [message.message_id]


# tokens


async def test_one_token_serves_many_requests_at_once(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect()

    connector.submit([outgoing() for _ in range(40)])
    await engine.until(lambda: len(engine.outcomes) == 40)

    assert rbm.platform.grants.given == 1


async def test_a_token_that_is_believed_no_more_is_replaced_once(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, token_every=3)
    connector = await connect(window=1)

    connector.submit([outgoing() for _ in range(5)])
    await engine.until(lambda: len(engine.outcomes) == 5)

    assert all(isinstance(one, Accepted) for one in outcomes(engine))
    assert rbm.platform.grants.given == 3  # one that was forgotten after another


async def test_a_token_is_replaced_before_its_end(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    turn(rbm, token_life_s=1.0)
    connector = await connect()

    connector.submit([outgoing()])
    await engine.until(lambda: len(engine.outcomes) == 1)
    await asyncio.sleep(0.6)
    connector.submit([outgoing()])
    await engine.until(lambda: len(engine.outcomes) == 2)

    assert rbm.platform.grants.given == 2
    assert all(isinstance(one, Accepted) for one in outcomes(engine))


async def test_an_account_google_does_not_know_sends_nothing(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(client_email="somebody@else.example.com")

    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.of(Throttled)))

    assert connector.health().binds_up == 0
    assert connector.health().last_error == "token: HTTP 400"
    assert not rbm.platform.stats["requests"]


async def test_another_agent_is_our_own_mistake(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(agent_id="another")

    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.outcomes))

    assert outcomes(engine) == [Refused("permission_denied", Action.CONFIGURATION)]


# calling back, looking up


async def test_what_has_not_arrived_can_be_called_back(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    turn(rbm, ranges=(Range("+336399800", "offline"),))
    connector = await connect()
    away, home = outgoing(to="+33639980001"), outgoing(to="+33639981001")

    connector.submit([away, home])
    await engine.until(lambda: len(engine.outcomes) == 2)
    await engine.until(lambda: rbm.platform.states[str(home.message_id)] == "delivered")
    answers = await connector.revoke({away.message_id: away.to, home.message_id: home.to, UUID(int=7): away.to})

    assert answers == {away.message_id: "revoked", home.message_id: "delivered", UUID(int=7): "delivered"}
    assert rbm.platform.states[str(away.message_id)] == "revoked"


async def test_phones_are_looked_up_one_by_one_or_many_at_once(
    rbm: SimulatedRbm, engine: Engine, connect: Make
) -> None:
    turn(rbm, ranges=(Range("+336399800", "no_rcs"),))
    connector = await connect()
    phones = [f"+3363998{n:04}" for n in range(0, 2000, 100)]

    one = await connector.look_up(phones[:1])
    many = await connector.look_up([*phones, phones[0]])

    assert not one[phones[0]].there
    assert [many[phone].there for phone in phones] == [False] + [True] * 19
    assert not any(reach.features for reach in many.values())
    assert (rbm.platform.stats["capability_requests"], rbm.platform.stats["batch_requests"]) == (1, 1)


async def test_one_phone_is_asked_about_with_what_it_can_show(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(capability_age_s=600.0)

    said = await connector.look_up(["+33639981001"])

    assert "RICHCARD_CAROUSEL" in said["+33639981001"].features
    assert connector.capability_age_s == 600.0


async def test_ten_thousand_phones_are_one_question(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    turn(rbm, ranges=(Range("+336399800", "no_rcs"),))
    connector = await connect()

    said = await connector.look_up([f"+3363998{n:04}" for n in range(10_000)])

    assert (len(said), sum(reach.there for reach in said.values())) == (10_000, 9_900)
    assert rbm.platform.stats["batch_requests"] == 1


async def test_a_platform_that_is_away_says_nothing_of_phones(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    connector = await connect(base_url="http://127.0.0.1:9")

    assert await connector.look_up(["+33639981001", "+33639981002"]) == {}
    assert await connector.revoke({UUID(int=7): "+33639981001"}) == {UUID(int=7): "unknown"}


async def test_bad_days_of_every_kind_lose_nothing(rbm: SimulatedRbm, engine: Engine, connect: Make) -> None:
    rbm.platform.profile = msgspec.structs.replace(
        PROFILES["plain"], throttle_every=7, error_every=5, silent_every=23, lost_every=29, retry_after_s=0.0
    )  # fmt: skip
    connector = await connect(response_timeout_s=0.2, window=20)
    messages = [outgoing(to=f"+3363998{n:04}") for n in range(200)]

    connector.submit(messages)
    await engine.until(lambda: len(outcomes(engine)) == 200)

    accepted = {one.message_id for one in engine.of(Accepted)}
    unknown = {one.message_id for one in engine.of(Unknown)}
    asked_later = {one.message_id for one in engine.of(Refused)}  # under the same identifier
    taken = {UUID(one) for one in rbm.platform.log.messages}
    assert accepted <= taken
    assert taken <= accepted | unknown | asked_later
    assert len(accepted) + len(unknown) + len(asked_later) == 200
    assert len(unknown | asked_later) <= 6
