"""The connector against a scripted mail server: pace, journal, retries, doubt, and what a mail looks like."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, NotSent, Outgoing, Refused, Throttled, Unknown
from sofy.connectors.email_smtp import link
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.connector import EmailConnector
from sofy.connectors.email_smtp.pacing import PACES, Lane, Lanes, Mail, Pace, provider_of
from sofy.connectors.email_smtp.verp import Names
from sofy.connectors.kinds import discover
from sofy.connectors.smpp.tests.factories import Engine
from sofy.connectors.smpp.tests.factories import outgoing as sms
from sofy.connectors.testkit import missing_parts
from sofy.kernel import clock
from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.wire.email import dkim
from sofy.wire.email.tests.factories import Server
from sofy.wire.email.tests.test_dkim import verifies

FREE = {"*": Pace(0, 0)}
KEY = dkim.new_key()
URL = "https://sofy.example/u/" + "a" * 64


def outgoing(**changes: Any) -> Outgoing:
    content = Content(
        subject="Soldes d'été",
        text=f"Bonjour. Ne plus recevoir : {OPT_OUT_URL}",
        html=f"<p>Bonjour</p><a href='{OPT_OUT_URL}'>Se désinscrire</a>",
    )
    fields = {
        "to": "anna@example.org", "sender": "Le Four <bonjour@lefour.example>", "text": "", "content": content,
        "opt_out_url": URL,
    } | changes  # fmt: skip
    return sms(**fields)


class Route:
    """A connector between an engine and a mail server."""

    def __init__(self) -> None:
        self.engine, self.server = Engine(), Server()

    async def up(self, **changes: Any) -> EmailConnector:
        settings: dict[str, Any] = {
            "tls": "none", "binds": 1, "pacing": FREE, "reconnect_s": 0.05, "response_timeout_s": 2.0,
            "envelope_domain": "retours.example.com", "hook_secret": "0123456789abcdef", **changes,
        }  # fmt: skip
        self.connector = EmailConnector(Config(host="127.0.0.1", port=self.port, **settings), self.engine)
        await self.connector.start()
        await self.engine.until(lambda: self.connector.health().binds_up == settings["binds"])
        return self.connector


@pytest.fixture
async def route() -> AsyncIterator[Route]:
    made = Route()
    made.port = await made.server.start()
    yield made
    await made.connector.stop(0.2)
    await made.server.stop()


def test_nothing_of_the_connector_is_missing():
    assert missing_parts("email_smtp") == []
    assert discover()["email_smtp"] is EmailConnector


async def test_a_message_leaves_as_a_signed_mail(route):
    connector = await route.up(dkim_private_key=KEY, dkim_selector="k1", dkim_domain="mail.example.com")
    message = outgoing()

    connector.submit([message])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    (raw,) = route.server.mails
    mail = message_from_bytes(raw, policy=policy.default)
    name = Names("0123456789abcdef").of(message.message_id)
    assert route.engine.outcomes[0].outcome == Accepted(message.message_id.hex)
    assert f"MAIL FROM:<b-{name}@retours.example.com> SIZE={len(raw)}" in route.server.commands
    assert verifies(raw, KEY), "signed for the sender's own domain"
    assert mail["Message-ID"] == f"<{name}@mail.example.com>"
    assert mail["List-Unsubscribe"] == f"<{URL}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_body(("html",)).get_content().count(URL) == 1
    assert mail.get_body(("plain",)).get_content().count(URL) == 1


async def test_an_alert_has_no_unsubscribe_and_says_that_a_program_wrote_it(route):
    connector = await route.up()

    connector.submit([outgoing(purpose="alert", content=None, text="Votre code : 1234", opt_out_url="")])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    mail = message_from_bytes(route.server.mails[0], policy=policy.default)
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Votre code : 1234", "auto-generated")
    assert "List-Unsubscribe" not in mail


async def test_the_journal_comes_before_the_server(route):
    connector = await route.up()
    route.engine.journal_works = False

    connector.submit([outgoing()])
    await route.engine.until(lambda: connector.health().paused)

    assert not any(line.startswith("MAIL") for line in route.server.commands)
    route.engine.journal_works = True
    await route.engine.until(lambda: bool(route.engine.outcomes))
    assert len(route.engine.journal) == 1


async def test_what_the_engine_does_not_know_is_never_written(route):
    connector = await route.up()
    ours, theirs = outgoing(), outgoing()
    route.engine.forgotten = {theirs.message_id}

    connector.submit([theirs, ours])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    assert [one.message_id for one in route.engine.outcomes] == [ours.message_id]
    assert len(route.server.mails) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", Refused("5.1.1", Action.SUPPRESS)),
        ("552 5.2.2 full", Refused("5.2.2", Action.PERMANENT)),
        ("451 4.7.1 greylisted", Refused("4.7.1", Action.RETRY)),
    ],
)
async def test_a_refusal_at_the_door_is_the_engines(route, answer, outcome):
    connector = await route.up()
    route.server.answers["RCPT"] = answer

    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    assert route.engine.outcomes[0].outcome == outcome


async def test_a_provider_that_is_full_rests_while_others_get_their_mails(route):
    connector = await route.up()
    route.server.answers["RCPT TO:<anna@gmail.example>"] = "421 4.7.28 too fast"
    full = outgoing(to="anna@gmail.example")

    connector.submit([full, outgoing(to="zoe@example.org")])
    await route.engine.until(lambda: bool(route.engine.of(Accepted)))

    assert route.engine.of(Throttled)[0].message_id == full.message_id
    assert connector.health().queued == 1
    del route.server.answers["RCPT TO:<anna@gmail.example>"]
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 2)


async def test_after_the_last_try_the_engine_has_it_again(route):
    connector = await route.up(tries=1)
    route.server.answers["RCPT"] = "452 4.5.3 too many"

    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    assert route.engine.outcomes[0].outcome == Refused("4.5.3", Action.SLOW_LINK)


async def test_a_connection_lost_after_the_text_is_unknown(route):
    connector = await route.up()
    route.server.hang_up_on = "TEXT"

    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.outcomes))

    assert isinstance(route.engine.outcomes[0].outcome, Unknown)


async def test_a_connection_lost_before_the_text_is_tried_again(route):
    connector = await route.up()
    route.server.hang_up_on = "RCPT"

    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.of(Throttled)))
    route.server.hang_up_on = ""
    await route.engine.until(lambda: bool(route.engine.of(Accepted)))

    assert len(route.server.mails) == 1


async def test_what_waits_is_given_back_and_taken_back(route):
    connector = await route.up(pacing={"*": Pace(0.01, 1)})
    first, second, third = outgoing(), outgoing(), outgoing()

    connector.submit([first, second, third])
    await route.engine.until(lambda: bool(route.engine.outcomes))
    taken = connector.withdraw([first.message_id, second.message_id])
    await connector.stop(0.2)

    assert taken == [second.message_id]
    assert [one.message_id for one in route.engine.of(NotSent)] == [third.message_id]
    assert connector.capacity() == 0


async def test_what_came_too_late_or_cannot_be_written_never_leaves(route):
    connector = await route.up()
    late = outgoing(validity_until=clock.now() - timedelta(seconds=1))
    bad = outgoing(to="anna@example.org\r\nRCPT TO:<eve@example.org>")

    connector.submit([late, bad, outgoing(sender="nobody")])
    await route.engine.until(lambda: len(route.engine.outcomes) == 3)

    assert [one.outcome for one in route.engine.outcomes] == [
        NotSent("too_late"), Refused("unencodable", Action.PERMANENT), Refused("unencodable", Action.PERMANENT),
    ]  # fmt: skip
    assert not route.server.mails


async def test_a_connection_is_left_after_its_share(route):
    connector = await route.up(mails_per_connection=2)

    connector.submit([outgoing() for _ in range(5)])
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 5)

    assert sum(line.startswith("EHLO") for line in route.server.commands) >= 3


async def test_connections_nobody_needs_that_the_server_closes_are_no_trouble_and_come_back_at_once(route, monkeypatch):
    monkeypatch.setattr(link, "_RESTED_S", 0.0)
    connector = await route.up(binds=2, reconnect_s=60.0)

    for time in (2, 3):
        route.server.tire()
        await route.engine.until(lambda most=2 * time: greetings(route) == most and connector.health().binds_up == 2)

    assert connector.health().last_error == ""


async def test_a_connection_that_is_closed_at_once_is_trouble_and_is_not_made_again_and_again(route):
    connector = await route.up(reconnect_s=60.0)

    route.server.tire()
    await route.engine.until(lambda: connector.health().binds_up == 0)

    assert connector.health().last_error == "421 4.4.2"
    assert greetings(route) == 1


def greetings(route):
    return sum(line.startswith("EHLO") for line in route.server.commands)


def test_lanes_take_turns_and_keep_their_pace():
    lanes = Lanes({"gmail": Pace(10, 1), "*": Pace(0, 0)})
    for number in range(3):
        lanes.add(Mail(outgoing(to=f"a{number}@gmail.com"), "gmail"), 0.0)
    lanes.add(Mail(outgoing(), "example.org"), 0.0)

    first, second = lanes.next(0.0), lanes.next(0.0)
    assert first is not None

    assert (first.provider, second.provider, lanes.next(0.0)) == ("gmail", "example.org", None)
    lanes.returned(first, 0.1)
    assert lanes.next(0.2).provider == "gmail"


def test_a_provider_rests_twice_as_long_each_time_until_it_takes_a_mail():
    lane, now, rests = Lane(Pace(), 0.0), 0.0, []
    for _ in range(12):
        rests.append(lane.slowed(now))
        assert lane.slowed(now) == rests[-1], "what it refuses while it rests counts once"
        now += rests[-1]
    lane.taken()

    assert rests[:4] == [1, 2, 4, 8]
    assert max(rests) == 900
    assert lane.slowed(now) == 1


@pytest.mark.parametrize(
    ("domain", "provider"),
    [("gmail.com", "gmail"), ("hotmail.fr", "outlook"), ("wanadoo.fr", "orange"), ("lefour.example", "lefour.example")],
)
def test_whose_lane_a_domain_is_in(domain, provider):
    assert provider_of(domain, PACES) == provider
    assert provider_of(domain, {**PACES, domain: Pace(1, 1)}) == domain


@pytest.mark.parametrize(
    "wrong",
    [
        {"envelope_domain": "r.example.com"},
        {"dkim_selector": "k1"},
        {"dkim_selector": "k1", "dkim_private_key": "x"},
        {"user": "u", "tls": "none"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValueError, match=r"dkim|tls|hook"):
        Config(host="mx.example.org", **wrong)
