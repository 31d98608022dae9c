"""What leaves is what RBM takes, and what it would refuse never leaves."""

from typing import Any

import msgspec
import pytest

from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.rendering import Unsendable, content_of, traffic_type
from sofy.connectors.google_rbm.tests.factories import outgoing
from sofy.kernel.content import Button, Card, Content, Media
from sofy.sandbox.google_rbm import schema

IMAGE = Media(kind="image", url="https://cdn.example.com/galette.jpg")
STOP = Button(label="STOP", value="STOP")


def sent(content: Content | None = None, **changes: Any) -> Any:
    """The request's content, once the strict schema has taken the whole."""
    shown = content_of(outgoing(content, **changes))
    body = msgspec.json.encode(wire.AgentMessage(content_message=shown, message_traffic_type="PROMOTION", ttl="600s"))
    schema.read_message(body)
    return msgspec.json.decode(msgspec.json.encode(shown))


def test_a_text_leaves_as_it_is() -> None:
    assert sent(text="Été : -20 % 👍, STOP") == {"text": "Été : -20 % 👍, STOP"}


def test_buttons_reply_open_a_page_and_dial() -> None:
    buttons = [
        STOP,
        Button(kind="url", label="La carte", value="https://example.com/carte"),
        Button(kind="call", label="Appeler", value="+33 6 39 98 00 01"),
    ]

    content = sent(Content(text="Bonjour", buttons=buttons))

    assert content["suggestions"] == [
        {"reply": {"text": "STOP", "postbackData": "STOP"}},
        {
            "action": {
                "text": "La carte",
                "postbackData": "https://example.com/carte",
                "openUrlAction": {"url": "https://example.com/carte"},
            }
        },
        {
            "action": {
                "text": "Appeler",
                "postbackData": "+33 6 39 98 00 01",
                "dialAction": {"phoneNumber": "+33639980001"},
            }
        },
    ]


def test_one_card_stands_alone_with_the_text_above_its_own() -> None:
    card = Card(title="Galettes", text="Jusqu'à samedi", media=IMAGE, buttons=[Button(label="Oui", value="yes")])

    content = sent(Content(text="Bonjour, STOP", cards=[card], buttons=[STOP]))

    assert content == {
        "richCard": {
            "standaloneCard": {
                "cardOrientation": "VERTICAL",
                "cardContent": {
                    "title": "Galettes",
                    "description": "Bonjour, STOP\n\nJusqu'à samedi",
                    "media": {"height": "MEDIUM", "contentInfo": {"fileUrl": "https://cdn.example.com/galette.jpg"}},
                    "suggestions": [{"reply": {"text": "Oui", "postbackData": "yes"}}],
                },
            }
        },
        "suggestions": [{"reply": {"text": "STOP", "postbackData": "STOP"}}],
    }


@pytest.mark.parametrize("cards", [2, 10])
def test_several_cards_make_a_carousel(cards: int) -> None:
    content = sent(Content(cards=[Card(title=f"Carte {n}", media=IMAGE) for n in range(cards)], buttons=[STOP]))

    carousel = content["richCard"]["carouselCard"]
    assert carousel["cardWidth"] == "MEDIUM"
    assert [card["title"] for card in carousel["cardContents"]] == [f"Carte {n}" for n in range(cards)]


def test_a_file_goes_alone_and_a_picture_with_words_in_a_card() -> None:
    document = Media(kind="document", url="https://cdn.example.com/carte.pdf")

    assert sent(Content(media=document))["contentInfo"] == {"fileUrl": "https://cdn.example.com/carte.pdf"}
    card = sent(Content(text="Bonjour, STOP", media=IMAGE))["richCard"]["standaloneCard"]["cardContent"]
    assert card["description"] == "Bonjour, STOP"
    assert card["media"]["contentInfo"] == {"fileUrl": IMAGE.url}


def _label(label: str, value: str = "x", kind: Any = "reply") -> Content:
    return Content(text="Bonjour", buttons=[Button(kind=kind, label=label, value=value)])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content(text="x" * 3073), "rcs_text_too_long"),
        (Content(text=" "), "rcs_empty"),
        (Content(text="x", buttons=[STOP] * 12), "rcs_too_many_buttons"),
        (Content(cards=[Card(title="x", buttons=[STOP] * 5)]), "rcs_too_many_buttons"),
        (_label("x" * 26), "rcs_label_too_long"),
        (_label("x", "y" * 2049), "rcs_button_too_long"),
        (_label("x", "javascript:alert(1)", "url"), "rcs_button_address"),
        (_label("x", "3949", "call"), "rcs_button_number"),
        (Content(cards=[Card(title="x" * 201)]), "rcs_title_too_long"),
        (Content(cards=[Card(text="x" * 2001)]), "rcs_card_text_too_long"),
        (Content(text="x" * 1500, cards=[Card(text="x" * 499)]), "rcs_card_text_too_long"),
        (Content(cards=[Card()]), "rcs_empty_card"),
        (Content(cards=[Card(title="x")] * 11), "rcs_too_many_cards"),
        (Content(text="STOP", cards=[Card(title="x")] * 2), "rcs_text_beside_carousel"),
        (Content(media=IMAGE, cards=[Card(title="x")]), "rcs_file_beside_card"),
        (Content(text="STOP", media=Media(kind="document", url="https://a.example/x.pdf")), "rcs_text_beside_file"),
        (Content(cards=[Card(media=Media(kind="audio", url="https://a.example/x.mp3"))]), "rcs_file_in_card"),
    ],
)
def test_what_rbm_would_refuse_is_refused_here(content: Content, code: str) -> None:
    with pytest.raises(Unsendable) as refused:
        content_of(outgoing(content))

    assert refused.value.code == code


def test_a_message_beyond_250_kb_is_refused() -> None:
    cards = [
        Card(text="é" * 2000, buttons=[Button(label="x", value="\U0001f600" * 2048) for _ in range(4)])
        for _ in range(10)
    ]

    with pytest.raises(Unsendable) as refused:
        content_of(outgoing(Content(cards=cards)))

    assert refused.value.code == "rcs_too_large"


@pytest.mark.parametrize(
    ("purpose", "use_case", "traffic"),
    [
        ("marketing", "multi_use", "PROMOTION"),
        ("alert", "multi_use", "TRANSACTION"),
        ("alert", "otp", "AUTHENTICATION"),
        ("service", "multi_use", "SERVICEREQUEST"),
    ],
)
def test_google_is_told_what_a_message_is_for(purpose: str, use_case: Any, traffic: str) -> None:
    assert traffic_type(purpose, use_case) == traffic
