"""The connector and its twin: everything a content can be, errors as the Graph gives them, limits, faults."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, NotSent, Outgoing, Refused, Throttled, Unknown, own_key
from sofy.connectors.testkit import missing_parts
from sofy.connectors.whatsapp_cloud.tests.factories import message, template
from sofy.kernel import clock
from sofy.kernel.content import Button, Card, Content, Media, Template
from sofy.sandbox.smpp.profile import Curve
from sofy.sandbox.whatsapp_cloud.profile import Range
from sofy.sandbox.whatsapp_cloud.tests.factories import PHONE, Line

PICTURE = "https://example.com/a.jpg"
BUTTONS = [Button(label=f"Choix {n}", value=f"c{n}") for n in range(10)]

CONTENTS = [
    Content(text="Bonjour"),
    Content(text="Voyez https://example.com"),
    *(Content(media=Media(kind=kind, url=PICTURE)) for kind in ("image", "video", "audio", "document")),
    Content(text="Voici", media=Media(kind="document", url=PICTURE, caption="Facture", filename="facture.pdf")),
    Content(text="?", buttons=BUTTONS[:3]),
    Content(text="?", buttons=BUTTONS[:3], media=Media(kind="image", url=PICTURE)),
    Content(text="?", buttons=BUTTONS),
    Content(text="Voyez", buttons=[Button(kind="url", label="Site", value="https://example.com")]),
    Content(cards=[Card(title="Pull", media=Media(kind="image", url=PICTURE), buttons=BUTTONS[:2])]),
    Content(text="Soldes", cards=[Card(title="Pull"), Card(title="Robe")]),
    Content(template=Template(name="hello_world", language="en_US")),
    Content(template=Template(name="rappel_rendez_vous", body=["Camille", "3 mai"])),
    Content(template=Template(name="code_de_connexion", body=["123456"], buttons=["123456"])),
]


def test_the_connector_is_complete() -> None:
    assert missing_parts("whatsapp_cloud") == []


async def send(line: Line, *messages: Outgoing) -> list[Any]:
    """What became of them, in their order."""
    before = len(line.engine.outcomes)
    line.connectors[0].submit(list(messages))
    await line.until(
        lambda: len([one for one in line.engine.outcomes[before:] if not_later(one.outcome)]) == len(messages)
    )
    found = {one.message_id: one.outcome for one in line.engine.outcomes[before:] if not_later(one.outcome)}
    return [found[one.message_id] for one in messages]


def not_later(outcome: object) -> bool:
    return not isinstance(outcome, Throttled)


async def test_everything_a_content_can_be_is_taken_and_delivered(line: Line) -> None:
    await line.up(reads=1.0)
    line.open_window()

    outcomes = await send(line, *(message(content=content, text="", answers="wamid.X") for content in CONTENTS))
    keys = [one.supplier_id for one in outcomes]
    await line.until(lambda: all(set(line.ear.statuses_of(key)) >= {"submitted", "delivered", "read"} for key in keys))

    assert all(isinstance(one, Accepted) and one.supplier_id.startswith("wamid.") for one in outcomes)
    assert line.ear.refused == 0


async def test_a_marketing_template_goes_its_own_way_with_twelve_hours_at_least(line: Line) -> None:
    connector = await line.up()
    soon = clock.now() + timedelta(hours=1)

    (outcome,) = await send(line, template("soldes", "Camille", "-20 %", purpose="marketing", validity_until=soon))

    assert isinstance(outcome, Accepted)
    assert line.graph.meta.log.shown[-1].what.startswith("Bonjour Camille, profitez de -20 % dans votre magasin.")
    (utility,) = await send(line, template(purpose="marketing"))
    assert utility == Refused("100", Action.CONFIGURATION)  # not a marketing template
    assert connector.health().last_error == "100"


async def test_who_has_no_number_is_written_to_and_answers_under_their_id(line: Line) -> None:
    await line.up(user_names=1.0)
    line.open_window()
    await line.until(lambda: bool(line.ear.heard.inbound))
    sender = line.ear.heard.inbound[0].sender

    (outcome,) = await send(line, message(to=sender))
    await line.until(lambda: "delivered" in line.ear.statuses_of(outcome.supplier_id))

    assert sender.startswith("FR.")
    assert {one.identity for one in line.ear.heard.receipts} == {sender}
    assert {one.phones for one in line.ear.heard.receipts} == {()}


async def test_the_number_and_the_id_of_a_person_are_told_together_once_they_were_written_to(line: Line) -> None:
    await line.up(user_names=1.0, delivered=Curve())

    await send(line, template())
    line.open_window()
    await line.until(lambda: bool(line.ear.heard.inbound) and bool(line.ear.heard.receipts))

    receipt, inbound = line.ear.heard.receipts[0], line.ear.heard.inbound[0]
    assert receipt.phones == (PHONE,)
    assert receipt.identity == inbound.sender


async def test_words_outside_the_window_fail_and_say_why(line: Line) -> None:
    await line.up()

    one = message()
    (outcome,) = await send(line, one)
    await line.until(lambda: bool(line.ear.heard.receipts))

    (receipt,) = line.ear.heard.receipts
    assert (receipt.status, receipt.code, receipt.keys) == (
        "failed",
        "131047",
        (outcome.supplier_id, own_key(one.message_id)),
    )


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (131026, Action.PERMANENT),
        (131047, Action.PERMANENT),
        (132001, Action.CONFIGURATION),
        (132016, Action.CONFIGURATION),
        (130497, Action.CONFIGURATION),
        (200, Action.CONFIGURATION),
        (131000, Action.RETRY),
        (2, Action.RETRY),
        (424242, Action.OTHER_ROUTE),
    ],
)
async def test_an_error_is_known_by_its_code(line: Line, code: int, action: Action) -> None:
    await line.up(ranges=(Range(prefix=PHONE, code=code, at_once=True),))

    (outcome,) = await send(line, template())

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.action) == (str(code), action)


@pytest.mark.parametrize("code", [190, 368, 131042, 131048])
async def test_an_account_that_is_closed_burns_no_message_and_is_asked_again(line: Line, code: int) -> None:
    connector = await line.up({"window": 1, "closed_s": 0.3}, ranges=(Range(prefix=PHONE, code=code, at_once=True),))
    messages = [template() for _ in range(3)]

    first, *others = await send(line, *messages)
    closed = connector.health(), connector.capacity()
    line.graph.change(ranges=())
    await line.until(lambda: connector.health().binds_up == 1)
    (again,) = await send(line, messages[1])

    assert first == Refused(str(code), Action.OTHER_ROUTE)
    assert others == [NotSent("stopping")] * 2
    assert (closed[0].binds_up, closed[0].last_error, closed[1]) == (0, str(code), 0)
    assert isinstance(again, Accepted)
    assert connector.health().last_error == ""


async def test_who_stopped_marketing_is_recorded_as_saying_no(line: Line) -> None:
    await line.up(ranges=(Range(prefix=PHONE, code=131050, at_once=True),))
    one = template("soldes", "Camille", "x", purpose="marketing")

    (outcome,) = await send(line, one)

    assert outcome == Refused("131050", Action.PERMANENT)
    (inbound,) = line.engine.inbound
    assert (inbound.sender, inbound.opts_out, inbound.supplier_id) == (one.to, True, f"131050:{one.message_id}")


async def test_an_opposition_that_cannot_be_recorded_is_asked_for_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sofy.connectors.whatsapp_cloud.connector._RECORD_AGAIN_S", 0.1)
    connector = await line.up(ranges=(Range(prefix=PHONE, code=131050, at_once=True),))
    line.engine.database_works = False

    connector.submit([template("soldes", "Camille", "x", purpose="marketing")])
    await line.until(lambda: bool(line.engine.of(Throttled)))
    line.engine.database_works = True
    await line.until(lambda: bool(line.engine.of(Refused)))

    assert len(line.engine.inbound) == 1


@pytest.mark.parametrize("code", [131049, 130472, 131026])
async def test_who_had_enough_gets_no_marketing_for_a_day_and_still_alerts(line: Line, code: int) -> None:
    await line.up(ranges=(Range(prefix=PHONE, code=code, at_once=True),))
    marketing = [template("soldes", "Camille", "x", purpose="marketing") for _ in range(2)]

    first = await send(line, marketing[0])
    errors = line.graph.meta.stats[f"error_{code}"]
    again = await send(line, marketing[1])
    await send(line, template())

    assert first == [Refused(str(code), Action.PERMANENT, rest_s=24 * 3600.0)]
    assert again == [Refused(str(code), Action.PERMANENT)]  # the day does not begin anew
    assert errors == 1
    assert line.graph.meta.stats[f"error_{code}"] == 2  # the alert alone was asked for


async def test_one_person_is_written_to_in_turns_and_holds_nobody_up(line: Line) -> None:
    await line.up({"pair_pause_s": 0.4, "window": 1}, pair_s=0)
    line.open_window(PHONE)
    line.open_window("33639980002")
    messages = [message(text="1"), message(text="2"), message(text="b", to="+33639980002")]

    began = asyncio.get_running_loop().time()
    await send(line, *messages)

    assert asyncio.get_running_loop().time() - began >= 0.35
    assert [one.message_id for one in line.engine.of(Accepted)] == [messages[n].message_id for n in (0, 2, 1)]


async def test_too_soon_for_meta_waits_longer_each_time(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.connectors.whatsapp_cloud.limits._FIRST_BACK_OFF_S", 0.05)
    await line.up(pair_s=0.1, pair_burst=1)
    line.open_window()

    outcomes = await send(line, message(text="1"), message(text="2"))

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert {one.outcome for one in line.engine.of(Throttled)} == {Throttled("131056")}


async def test_a_number_that_is_too_fast_slows_down_and_loses_nothing(line: Line) -> None:
    connector = await line.up({"rate_per_s": 500}, rate_per_s=40)
    messages = [template(to=f"+3363998{n:04}") for n in range(100)]

    outcomes = await send(line, *messages)

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert line.engine.of(Throttled)
    assert connector.health().rate_per_s < 500
    assert line.graph.meta.stats["accepted"] == 100


async def test_no_more_people_are_written_to_first_than_the_portfolio_may(line: Line) -> None:
    await line.up({"portfolio_limit": 250}, portfolio_limit=250)
    people = [f"+3363998{n:04}" for n in range(251)]
    await send(line, *(template(to=one) for one in people[:250]))

    over, known = await send(line, template(to=people[250]), template(to=people[0]))

    assert over == Refused("portfolio_limit", Action.OTHER_ROUTE)
    assert isinstance(known, Accepted)
    assert line.graph.meta.stats["portfolio_limited"] == 0


async def test_a_lost_answer_leaves_doubt_until_a_status_names_our_message(line: Line) -> None:
    await line.up(lost_answers=1.0)
    one = template()

    (outcome,) = await send(line, one)
    await line.until(lambda: bool(line.ear.heard.receipts))

    assert isinstance(outcome, Unknown)
    assert own_key(one.message_id) in line.ear.heard.receipts[0].keys
    assert line.graph.meta.stats["accepted"] == 1


@pytest.mark.parametrize(
    ("_case", "profile", "outcome"),
    [
        ("a gateway in between", {"unreadable": 1.0}, Unknown("http_502")),
        ("away, said by a gateway", {"away": "503"}, Unknown("http_503")),
        ("its own error", {"fails": 1.0}, Refused("131000", Action.RETRY)),
        ("no answer in time", {"silent": 1.0}, Unknown("timeout")),
    ],
)
async def test_bad_days(line: Line, _case: str, profile: dict[str, Any], outcome: object) -> None:
    await line.up({"response_timeout_s": 0.5}, **profile)

    assert await send(line, template()) == [outcome]


async def test_a_full_api_gets_everything_when_it_is_not_any_more(line: Line) -> None:
    connector = await line.up({"rate_per_s": 500}, throttles=1.0)

    connector.submit([template()])
    await line.until(lambda: bool(line.engine.of(Throttled)))
    line.graph.change(throttles=0.0)
    await line.until(lambda: bool(line.engine.of(Accepted)))

    assert line.engine.of(Throttled)[0].outcome == Throttled("130429")


async def test_a_message_that_waited_too_long_is_given_back(line: Line) -> None:
    await line.up()

    assert await send(line, message(validity_until=clock.now())) == [NotSent("too_late")]


async def test_what_cannot_be_asked_for_never_leaves(line: Line) -> None:
    await line.up()

    assert await send(line, message(text="a" * 5000)) == [Refused("text_too_long", Action.PERMANENT)]
    assert line.engine.journal == []


async def test_an_answer_without_a_name_is_taken_all_the_same(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    await line.up()
    monkeypatch.setattr(line.graph.meta, "take", lambda body, way: {"messaging_product": "whatsapp"})

    assert await send(line, template()) == [Accepted("")]


async def test_doubled_and_shuffled_callbacks_say_the_same(line: Line) -> None:
    await line.up(
        reads=1.0, doubled=1.0, shuffled=1.0, batch=10, sent=Curve(0.02), delivered=Curve(0.02), read=Curve(0.02)
    )

    outcomes = await send(line, *(template(to=f"+3363998{n:04}") for n in range(20)))
    wanted = {(one.supplier_id, status) for one in outcomes for status in ("submitted", "delivered", "read")}

    def told() -> set[tuple[str, str]]:
        return {(one.keys[0], one.status) for one in line.ear.heard.receipts}

    await line.until(lambda: told() == wanted and line.graph.meta.pending == 0)

    assert len(line.ear.heard.receipts) > len(wanted)
