"""What one has to know of each channel."""

import pytest

from sofy.kernel import channels, sms_text
from sofy.kernel.content import Button, Card, Content, Template, flat


@pytest.mark.parametrize(
    ("to", "kind"),
    [("+33639980001", "phone"), ("marie@example.org", "email"), ("FR.1A2b3C", "channel")],
)
def test_an_address_says_what_it_is(to: str, kind: str):
    assert channels.identity(to) == kind


def test_who_is_known_by_an_address_only_is_at_home():
    assert channels.zones("marie@example.org") == ("Europe/Paris",)
    assert channels.zones("+262639980001") != ("Europe/Paris",)


def test_alerts_of_every_channel_leave_before_marketing():
    purposes = [channels.of_lane(lane)[0] for lane in channels.LANES]

    assert purposes == ["alert"] * 4 + ["marketing"] * 4
    assert {channels.of_lane(channels.lane(p, c)) for p in ("alert", "marketing") for c in channels.CHANNELS} == {
        (p, c) for p in ("alert", "marketing") for c in channels.CHANNELS
    }


STOPS = Button(label="STOP", value="STOP")
SAYS: list[tuple[str, str, Content | None, bool]] = [
    ("sms", "Promo STOP SMS 36123", None, True),
    ("sms", "Promo STOP", None, False),
    ("rcs", "Promo. Repondez STOP", None, True),
    ("rcs", "Ouvert non-stop", None, False),
    ("rcs", "", Content(text="Promo", buttons=[STOPS]), True),
    ("rcs", "", Content(cards=[Card(title="Promo", buttons=[STOPS])]), True),
    ("rcs", "", Content(text="Promo", buttons=[Button(kind="url", label="STOP", value="https://example.org")]), False),
    ("whatsapp", "", Content(template=Template(name="promo", buttons=["STOP"])), True),
    ("whatsapp", "", Content(template=Template(name="promo", body=["Marie"])), False),
    ("email", "", Content(subject="Promo", html='<a href="{{unsubscribe_url}}">x</a>'), True),
    ("email", "", Content(subject="Promo", html="<p>x</p>", text="{{unsubscribe_url}}"), False),
    ("email", "", Content(subject="Promo", text="x {{unsubscribe_url}}"), True),
    ("email", "Promo", None, False),
]


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(("channel", "text", "content", "says"), SAYS)
def test_each_channel_says_in_its_way_how_to_stop(channel: str, text: str, content: Content | None, says: bool):
    assert channels.says_how_to_stop(channel, text, content, "36123") is says


@pytest.mark.clause("CGVU 14.1")
def test_only_the_word_in_capitals_names_what_to_answer():
    assert sms_text.names_stop("Repondez STOP.")
    assert not any(map(sms_text.names_stop, ("stop", "STOPPER", "non-stop", "")))


def test_a_content_is_said_in_words_where_there_is_nothing_else():
    content = Content(
        text="Bonjour",
        cards=[Card(title="Pain", text="Au levain")],
        buttons=[Button(label="Oui", value="yes"), Button(kind="url", label="Voir", value="https://example.org/x")],
    )

    assert flat(content) == "Bonjour\nPain\nAu levain\nVoir https://example.org/x"
