"""What is posted, body by body, and what is refused before anything is written."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sofy.connectors.base import Action, Outgoing, Refused
from sofy.connectors.whatsapp_cloud.rendering import is_marketing_template, refusal, request
from sofy.connectors.whatsapp_cloud.tests.factories import TO, config, message, template
from sofy.kernel import clock
from sofy.kernel.content import OPT_OUT_URL, Button, Card, Content, Media, Template

PICTURE = "https://example.com/a.jpg"


def body(one: Outgoing, **changes: Any) -> dict[str, Any]:
    """The body as it is posted."""
    return dict(msgspec.json.decode(msgspec.json.encode(request(one, config(**changes), clock.now()))))


def refused(one: Outgoing, **changes: Any) -> str:
    """The code of the refusal, or nothing."""
    answer = refusal(one, config(**changes))
    assert answer is None or answer.action is Action.PERMANENT
    return answer.code if answer else ""


def reply(n: int, **changes: Any) -> Button:
    return Button(**{"label": f"Choix {n}", "value": f"c{n}", **changes})


def test_a_text_is_posted_as_the_reference_shows_it() -> None:
    one = message(to="+33639980002", text="Bonjour à tous")

    assert body(one) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "33639980002",
        "type": "text",
        "text": {"body": "Bonjour à tous", "preview_url": False},
        "biz_opaque_callback_data": str(one.message_id),
    }


def test_a_link_in_a_text_has_its_preview() -> None:
    assert body(message(text="Voyez https://example.com"))["text"]["preview_url"] is True


@pytest.mark.parametrize("user_id", ["FR.13491208655302741918", "FR.ENT.11815799212886844830"])
def test_somebody_without_a_number_is_written_to_by_their_id(user_id: str) -> None:
    posted = body(message(to=user_id))

    assert posted["recipient"] == user_id
    assert "to" not in posted


def test_a_template_carries_its_values_in_order() -> None:
    content = Content(
        template=Template(
            name="soldes", language="fr_FR", header=["Nantes"], body=["Camille", "-20 %"], buttons=["", "x"]
        )
    )

    assert body(message(content=content))["template"] == {
        "name": "soldes",
        "language": {"code": "fr_FR"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "Nantes"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Camille"}, {"type": "text", "text": "-20 %"}]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "x"}]},
        ],
    }


def test_a_template_may_have_a_picture_above_and_a_reply_below() -> None:
    content = Content(
        template=Template(name="soldes", buttons=["STOP"]),
        media=Media(kind="image", url=PICTURE),
        buttons=[Button(label="Stop", value="STOP")],
    )

    components = body(message(content=content))["template"]["components"]

    assert components[0]["parameters"] == [{"type": "image", "image": {"link": PICTURE}}]
    assert components[1] == {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "0",
        "parameters": [{"type": "payload", "payload": "STOP"}],
    }


def test_a_template_without_places_has_no_components() -> None:
    content = Content(template=Template(name="hello_world", language="en_US"))

    assert "components" not in body(message(content=content))["template"]


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("image", {"link": PICTURE, "caption": "Voyez\nNotre vitrine"}),
        ("video", {"link": PICTURE, "caption": "Voyez\nNotre vitrine"}),
        ("document", {"link": PICTURE, "caption": "Voyez\nNotre vitrine", "filename": "a.pdf"}),
    ],
)
def test_a_file_goes_by_its_address_with_all_its_words(kind: Any, part: dict[str, str]) -> None:
    content = Content(text="Voyez", media=Media(kind=kind, url=PICTURE, caption="Notre vitrine", filename="a.pdf"))

    assert body(message(content=content))[kind] == part


def test_a_sound_with_words_becomes_a_text_with_its_address() -> None:
    alone = body(message(content=Content(media=Media(kind="audio", url=PICTURE)), text=""))
    said = body(message(content=Content(text="Écoutez", media=Media(kind="audio", url=PICTURE))))

    assert alone["audio"] == {"link": PICTURE}
    assert said["text"]["body"] == f"Écoutez\n{PICTURE}"


def test_three_replies_are_buttons_and_more_are_a_list() -> None:
    few = body(message(content=Content(text="?", buttons=[reply(n) for n in range(3)])))["interactive"]
    many = body(message(content=Content(text="?", buttons=[reply(n) for n in range(10)])))["interactive"]

    assert few["type"] == "button"
    assert few["action"]["buttons"][2] == {"type": "reply", "reply": {"id": "c2", "title": "Choix 2"}}
    assert many["type"] == "list"
    assert len(many["action"]["sections"][0]["rows"]) == 10
    assert many["action"]["button"] == "Choisir"


def test_buttons_may_stand_under_a_picture() -> None:
    content = Content(text="?", buttons=[reply(1)], media=Media(kind="image", url=PICTURE))

    assert body(message(content=content))["interactive"]["header"] == {"type": "image", "image": {"link": PICTURE}}


def test_one_link_is_tapped_and_a_second_one_is_said() -> None:
    links = [Button(kind="url", label=f"Site {n}", value=f"https://example.com/{n}") for n in range(2)]

    one = body(message(content=Content(text="Voyez", buttons=links[:1])))["interactive"]
    two = body(message(content=Content(text="Voyez", buttons=links)))

    assert one["action"] == {
        "name": "cta_url",
        "parameters": {"display_text": "Site 0", "url": "https://example.com/0"},
    }
    assert two["text"]["body"] == "Voyez\nSite 0 https://example.com/0\nSite 1 https://example.com/1"


def test_what_whatsapp_does_not_show_beside_replies_is_said_in_words() -> None:
    call = Button(kind="call", label="Appeler", value="+33199000001")

    shown = body(message(content=Content(text="Venez", buttons=[reply(1), call])))["interactive"]

    assert shown["body"]["text"] == "Venez\nAppeler +33199000001"
    assert len(shown["action"]["buttons"]) == 1


def test_one_card_is_a_picture_with_buttons_and_several_are_words() -> None:
    card = Card(title="Pull", text="-20 %", media=Media(kind="image", url=PICTURE), buttons=[reply(1)])

    one = body(message(content=Content(text="Soldes", cards=[card])))["interactive"]
    two = body(message(content=Content(text="Soldes", cards=[card, card])))

    assert one["body"]["text"] == "Soldes\nPull\n-20 %"
    assert one["header"]["type"] == "image"
    assert two["text"]["body"].count("Pull") == 2


def test_a_reply_names_what_it_answers() -> None:
    assert body(message(answers="wamid.X"))["context"] == {"message_id": "wamid.X"}


def test_the_address_to_say_no_is_that_of_the_person() -> None:
    content = Content(text=f"Stop : {OPT_OUT_URL}")
    url = "https://example.com/non?a=é&b=1"

    assert body(message(content=content, opt_out_url=url))["text"]["body"] == f"Stop : {url}"
    assert refused(message(content=content)) == "opt_out_url_missing"


@pytest.mark.parametrize(
    ("_case", "purpose", "left_s", "ttl_s"),
    [
        ("marketing is tried for 12 hours at least", "marketing", 3600, 43_200),
        ("and as long as asked for", "marketing", 86_400, 86_400),
        ("but for 30 days at most", "marketing", 90 * 86_400, 2_592_000),
        ("an alert as long as it is worth something", "alert", 600, 600),
        ("but 30 seconds at least", "alert", 5, 30),
        ("and 12 hours at most", "alert", 86_400, 43_200),
    ],
)
def test_how_long_a_template_is_tried(_case: str, purpose: str, left_s: int, ttl_s: int) -> None:
    now = clock.now()
    until = now + timedelta(seconds=left_s)
    one = template(purpose=purpose, validity_until=until)

    assert request(one, config(), now).message_send_ttl_seconds == ttl_s


def test_a_code_is_tried_for_15_minutes_at_most_and_only_to_a_number() -> None:
    now = clock.now()
    codes = {"authentication_templates": frozenset({"code_de_connexion"})}
    one = template("code_de_connexion", "123456", validity_until=now + timedelta(hours=2))

    assert request(one, config(**codes), now).message_send_ttl_seconds == 900
    assert refused(template("code_de_connexion", "123456", to="FR.13491208655302741918"), **codes) == "131062"


def test_without_an_end_or_when_the_route_says_so_the_template_decides() -> None:
    now = clock.now()
    ends = template(validity_until=now + timedelta(hours=1))

    assert request(template(), config(), now).message_send_ttl_seconds is msgspec.UNSET
    assert request(ends, config(send_ttl=False), now).message_send_ttl_seconds is msgspec.UNSET


def test_only_marketing_templates_go_the_way_of_marketing_messages() -> None:
    assert is_marketing_template(template(purpose="marketing"))
    assert not is_marketing_template(template(purpose="alert"))
    assert not is_marketing_template(message(purpose="marketing"))


@pytest.mark.parametrize(
    ("code", "one"),
    [
        ("text_empty", message(text="  ")),
        ("text_too_long", message(text="a" * 4097)),
        ("text_too_long", message(content=Content(text="a" * 1025, buttons=[reply(1)]))),
        ("caption_too_long", message(content=Content(text="a" * 1025, media=Media(kind="image", url=PICTURE)))),
        ("text_empty", message(text="", content=Content(buttons=[reply(1)]))),
        ("too_many_buttons", message(content=Content(text="?", buttons=[reply(n) for n in range(11)]))),
        ("button_label_too_long", message(content=Content(text="?", buttons=[reply(1, label="a" * 21)]))),
        (
            "button_label_too_long",
            message(content=Content(text="?", buttons=[*map(reply, range(4)), reply(5, label="a" * 25)])),
        ),
        ("button_label_twice", message(content=Content(text="?", buttons=[reply(1, label="a"), reply(2, label="a")]))),
        ("button_value_twice", message(content=Content(text="?", buttons=[reply(1, value="a"), reply(2, value="a")]))),
        ("button_value_too_long", message(content=Content(text="?", buttons=[reply(1, value="a" * 257)]))),
        (
            "media_not_shown",
            message(content=Content(text="?", buttons=[reply(1)], media=Media(kind="audio", url=PICTURE))),
        ),
        ("template_value_empty", template("soldes", "Camille", " ")),
        ("template_value_spaces", template("soldes", "Camille\nMartin", "x")),
        ("template_value_spaces", template("soldes", "Camille     Martin", "x")),
        ("recipient_unreadable", message(to="camille@example.com")),
        ("recipient_unreadable", message(to="FRA.123")),
    ],
)
def test_what_meta_would_refuse_is_refused_before(code: str, one: Outgoing) -> None:
    assert refused(one) == code


def test_what_is_fine_is_not_refused() -> None:
    assert refusal(message(), config()) is None
    assert isinstance(refusal(message(to=""), config()), Refused)
    assert body(message())["to"] == TO.lstrip("+")
