"""Something nobody here wrote: pywa, a framework of WhatsApp bots, as client of the twin and reader of its callbacks.

What pywa asks for is taken as Meta takes it; what the twin calls back with is what pywa understands. The connector and
the twin were made by the same people: this is what keeps both honest.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pywa import WhatsApp, errors, types
from pywa.types.templates import (
    BaseParams,
    BodyText,
    Template,
    TemplateCategory,
    TemplateLanguage,
)

from sofy.connectors.whatsapp_cloud.tests.factories import ACCOUNT_ID, NUMBER_ID, SECRET, TOKEN, VERIFY, message
from sofy.kernel.content import Button, Content, Media
from sofy.kernel.content import Template as Sofys
from sofy.sandbox.whatsapp_cloud.profile import Range
from sofy.sandbox.whatsapp_cloud.tests.factories import PHONE, Line

FRENCH = TemplateLanguage.FRENCH
PICTURE = "https://example.com/a.jpg"


class ToTwin(httpx.HTTPTransport):
    """Brings what is meant for Meta to the twin."""

    port = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        request.headers["Host"] = f"127.0.0.1:{self.port}"
        return super().handle_request(request)


class Pywa:
    """The framework, and what its handlers heard."""

    def __init__(self) -> None:
        self.transport = ToTwin()
        self.session = httpx.Client(transport=self.transport)
        self.wa = _framework(self.session)
        self.messages: list[Any] = []
        self.statuses: list[Any] = []
        self.taps: list[Any] = []
        self.wishes: list[Any] = []
        self.templates: list[Any] = []
        self.wa.on_message()(lambda _, told: self.messages.append(told))
        self.wa.on_message_status()(lambda _, told: self.statuses.append(told))
        self.wa.on_callback_button()(lambda _, told: self.taps.append(told))
        self.wa.on_user_marketing_preferences()(lambda _, told: self.wishes.append(told))
        self.wa.on_template_status_update()(lambda _, told: self.templates.append(told))
        self.wa.on_template_quality_update()(lambda _, told: self.templates.append(told))

    def read(self, body: bytes, header: str) -> None:
        """A callback, checked and understood."""
        assert self.wa.webhook_update_validator(body, header) is None
        assert self.wa.webhook_update_handler(body) == ("ok", 200)


def _framework(session: httpx.Client) -> Any:
    """Any: its types do not let its decorators be called as its pages show them."""
    return WhatsApp(
        phone_id=NUMBER_ID,
        token=TOKEN,
        session=session,
        waba_id=ACCOUNT_ID,
        app_secret=SECRET,
        verify_token=VERIFY,
        server=None,
        skip_duplicate_updates=False,
    )


@pytest.fixture
def pywa() -> Iterator[Pywa]:
    made = Pywa()
    yield made
    made.session.close()


@pytest.fixture
async def twin(line: Line, pywa: Pywa) -> Line:
    await line.up(reads=1.0, stop=0, pair_s=0)
    pywa.transport.port = line.graph.port
    return line


def _values(*values: str) -> list[BaseParams]:
    made: Any = BodyText.params
    return [made(*values)]


async def test_what_pywa_asks_for_is_taken(twin: Line, pywa: Pywa) -> None:
    twin.open_window()
    wa = pywa.wa

    def everything() -> list[Any]:
        buttons = [types.Button(title=f"Choix {n}", callback_data=f"c{n}") for n in range(3)]
        rows = [types.SectionRow(title=f"Choix {n}", callback_data=f"c{n}") for n in range(5)]
        choices = types.SectionList(button_title="Choisir", sections=[types.Section(title="Choix", rows=rows)])
        return [
            wa.send_message(to=PHONE, text="Bonjour https://example.com", preview_url=True, tracker="ours"),
            wa.send_message(to=PHONE, text="?", buttons=buttons),
            wa.send_message(to=PHONE, text="?", buttons=choices),
            wa.send_message(to=PHONE, text="?", buttons=types.URLButton(title="Site", url="https://example.com")),
            wa.send_image(to=PHONE, image=PICTURE, caption="Vitrine"),
            wa.send_document(to=PHONE, document=PICTURE, filename="a.pdf", caption="Facture"),
            wa.send_reaction(to=PHONE, emoji="👍", message_id="wamid.X"),
            wa.send_message(to=PHONE, text="Réponse", reply_to_message_id="wamid.X"),
            wa.send_template(to=PHONE, name="rappel_rendez_vous", language=FRENCH, params=_values("Camille", "3 mai")),
            wa.send_template(
                to=PHONE, name="soldes", language=FRENCH, params=_values("Camille", "-20 %"), use_mm_lite_api=True
            ),
        ]

    sent = await asyncio.to_thread(everything)

    assert all(one.id.startswith("wamid.") for one in sent)
    assert twin.graph.meta.stats["accepted"] == len(sent)


class Bodies:
    """Everything the twin is asked for, as it came."""

    def __init__(self, twin: Line) -> None:
        self.seen: list[dict[str, Any]] = []
        self._take = twin.graph.meta.take
        twin.graph.meta.take = self.take  # type: ignore[method-assign]

    def take(self, body: Any, way: str) -> dict[str, Any]:
        self.seen.append(body)
        return self._take(body, way)


REPLIES = [Button(label=f"Choix {n}", value=f"c{n}") for n in range(5)]
TAPS = [types.Button(title=f"Choix {n}", callback_data=f"c{n}") for n in range(3)]
ROWS = [types.SectionRow(title=f"Choix {n}", callback_data=f"c{n}") for n in range(5)]
LIST = types.SectionList(button_title="Choisir", sections=[types.Section(title="Choisir", rows=ROWS)])
SITE = Button(kind="url", label="Site", value="https://example.com")
SITE_TAP = types.URLButton(title="Site", url="https://example.com")
RENDEZ_VOUS = Sofys(name="rappel_rendez_vous", body=["Camille", "3 mai"])


@pytest.mark.parametrize(
    ("_case", "ours", "theirs"),
    [
        ("words", Content(text="Bonjour"), ("send_message", {"text": "Bonjour"})),
        (
            "a picture",
            Content(text="Vitrine", media=Media(kind="image", url=PICTURE)),
            ("send_image", {"image": PICTURE, "caption": "Vitrine"}),
        ),
        (
            "a document",
            Content(media=Media(kind="document", url=PICTURE, filename="a.pdf")),
            ("send_document", {"document": PICTURE, "filename": "a.pdf"}),
        ),
        ("replies", Content(text="?", buttons=REPLIES[:3]), ("send_message", {"text": "?", "buttons": TAPS})),
        ("a list", Content(text="?", buttons=REPLIES), ("send_message", {"text": "?", "buttons": LIST})),
        ("a link", Content(text="?", buttons=[SITE]), ("send_message", {"text": "?", "buttons": SITE_TAP})),
        (
            "a template",
            Content(template=RENDEZ_VOUS),
            ("send_template", {"name": "rappel_rendez_vous", "language": FRENCH, "params": ["Camille", "3 mai"]}),
        ),
    ],
)
async def test_the_connector_asks_as_pywa_does(
    twin: Line, pywa: Pywa, _case: str, ours: Content, theirs: tuple[str, dict[str, Any]]
) -> None:
    twin.open_window()
    bodies = Bodies(twin)
    one = message(content=ours, text="", answers="" if ours.template else "wamid.X")
    verb, words = theirs
    if "params" in words:
        words = {**words, "params": _values(*words["params"])}
    else:
        words = {**words, "reply_to_message_id": "wamid.X"}
    tracker = str(one.message_id)

    twin.connectors[0].submit([one])
    await twin.until(lambda: bool(twin.engine.outcomes))
    await asyncio.to_thread(lambda: getattr(pywa.wa, verb)(to=PHONE, tracker=tracker, **words))

    mine, other = (_plain(body) for body in bodies.seen)
    assert mine == other


def _plain(body: Any) -> Any:
    """Without what says nothing: empty values, and capitals where Meta reads none."""
    if isinstance(body, dict):
        made = {name: _plain(value) for name, value in body.items()}
        if isinstance(made.get("type"), str):
            made["type"] = made["type"].lower()
        made.pop("policy", None)
        return {name: value for name, value in made.items() if value not in (None, False, "", [], {})}
    return [_plain(one) for one in body] if isinstance(body, list) else body


async def test_somebody_without_a_number_is_reached_by_their_id(twin: Line, pywa: Pywa) -> None:
    twin.open_window()
    user_id = twin.graph.meta.people.user_id(PHONE)

    sent = await asyncio.to_thread(pywa.wa.send_message, user_id, "Bonjour")

    assert sent.id.startswith("wamid.")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (131026, errors.MessageUndeliverable),
        (131047, errors.ReEngagementMessage),
        (131056, errors.TooManyMessages),
        (130429, errors.RateLimitHit),
        (132015, errors.TemplatePaused),
        (368, errors.TemporarilyBlocked),
        (190, errors.ExpiredAccessToken),
    ],
)
async def test_an_error_of_the_twin_is_the_one_pywa_knows(
    twin: Line, pywa: Pywa, code: int, kind: type[errors.WhatsAppError]
) -> None:
    twin.graph.change(ranges=(Range(prefix=PHONE, code=code, at_once=True),))

    with pytest.raises(kind) as told:
        await asyncio.to_thread(pywa.wa.send_message, PHONE, "Bonjour")

    assert told.value.code == code


async def test_templates_are_made_listed_and_removed(twin: Line, pywa: Pywa) -> None:
    made = Template(
        name="rentree",
        category=TemplateCategory.MARKETING,
        language=FRENCH,
        components=[BodyText("Bonjour {{1}}", "Camille")],
    )

    created = await asyncio.to_thread(pywa.wa.create_template, made)
    listed = await asyncio.to_thread(lambda: list(pywa.wa.get_templates()))
    removed = await asyncio.to_thread(lambda: pywa.wa.delete_template(template_name="rentree"))

    assert created.status.value == "PENDING"
    assert {"rentree", "soldes"} <= {one.name for one in listed}
    assert removed


async def test_files_go_up_and_come_down(twin: Line, pywa: Pywa) -> None:
    def there_and_back() -> bytes:
        media = pywa.wa.upload_media(b"%PDF-1.7", mime_type="application/pdf", filename="a.pdf")
        return bytes(pywa.wa.get_media_url(media.id).get_bytes())

    assert await asyncio.to_thread(there_and_back) == b"%PDF-1.7"


async def test_what_the_twin_calls_back_with_is_understood(twin: Line, pywa: Pywa) -> None:
    meta = twin.graph.meta
    twin.open_window()
    sent = await asyncio.to_thread(lambda: pywa.wa.send_message(to=PHONE, text="Bonjour", tracker="ours"))
    meta.say(PHONE, {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "là"}})
    meta.say(PHONE, {"type": "location", "location": {"latitude": 47.2, "longitude": -1.5}})
    meta.say(PHONE, {"type": "reaction", "reaction": {"message_id": sent.id, "emoji": "👍"}})
    context = {"context": {"from": "33639980000", "id": sent.id}}
    tapped = {"type": "button_reply", "button_reply": {"id": "c1", "title": "Choix 1"}}
    meta.say(PHONE, {"type": "interactive", "interactive": tapped, **context})
    meta.wish(PHONE, "stop")
    template = meta.templates.find("soldes", "fr")
    assert template is not None
    meta.judge(template, state="PAUSED", quality="RED")
    await twin.until(lambda: meta.pending == 0 and len(twin.ear.bodies) >= 11)

    for body, header in zip(twin.ear.bodies, twin.ear.signatures, strict=True):
        pywa.read(body, header)

    assert {one.status.value for one in pywa.statuses} == {"sent", "delivered", "read"}  # in whatever order
    assert {one.tracker for one in pywa.statuses} == {"ours"}
    kinds = [one.type.value for one in pywa.messages]
    assert kinds == ["text", "image", "location", "reaction"]
    assert {one.from_user.wa_id for one in pywa.messages} == {PHONE}
    assert pywa.taps[0].data == "c1"
    assert [one.value.value for one in pywa.wishes] == ["stop"]
    assert len(pywa.templates) == 2


async def test_somebody_with_a_user_name_is_read_without_a_number(twin: Line, pywa: Pywa) -> None:
    twin.graph.change(user_names=1.0)
    twin.open_window()
    await twin.until(lambda: bool(twin.ear.bodies))

    pywa.read(twin.ear.bodies[0], twin.ear.signatures[0])

    person = pywa.messages[0].from_user
    assert (person.wa_id, person.bsuid) == (None, twin.graph.meta.people.user_id(PHONE))


def test_what_somebody_else_signed_is_refused_by_pywa_too(pywa: Pywa) -> None:
    assert pywa.wa.webhook_update_validator(b"{}", "sha256=0") is not None
