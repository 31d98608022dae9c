"""The channels, and what one has to know of each without knowing its supplier."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, get_args

from sofy.kernel import phone, sms_text
from sofy.kernel.clauses import clause
from sofy.kernel.content import OPT_OUT_URL, Button, Content

Channel = Literal["sms", "rcs", "whatsapp", "email"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
#: What texts of the other channels are written in.
UTF8: Final = "utf8"
#: Where somebody is of whom only an address is known.
_HOME: Final = ("Europe/Paris",)


def lane(purpose: str, channel: str) -> str:
    """Where a message waits: purposes and channels never wait for one another."""
    return purpose if channel == "sms" else f"{purpose}.{channel}"


#: In the order in which they leave.
LANES: Final = tuple(lane(purpose, channel) for purpose in ("alert", "marketing") for channel in CHANNELS)


def of_lane(name: str) -> tuple[str, str]:
    """The purpose and the channel of a lane."""
    purpose, _, channel = name.partition(".")
    return purpose, channel or "sms"


class Traits(NamedTuple):
    """`permission`: the channel under which a consent is given; one for SMS holds for RCS.

    `revocable`: what was handed over can be called back, or ends by itself at a moment the sender chose.
    """

    permission: Channel
    revocable: bool


TRAITS: Final[dict[str, Traits]] = {
    "sms": Traits("sms", revocable=True),
    "rcs": Traits("sms", revocable=True),
    "whatsapp": Traits("whatsapp", revocable=False),
    "email": Traits("email", revocable=False),
}


def identity(to: str) -> str:
    """The kind of an address, as blind indexes name it: phone, email, or the identity a channel gave."""
    if to.startswith("+"):
        return "phone"
    return "email" if "@" in to else "channel"


def zones(to: str) -> tuple[str, ...]:
    """The zones where the person behind an address may be."""
    return phone.zones(to) if to.startswith("+") else _HOME


@clause("CGVU 14.1")
def may_follow(purpose: str, order: Sequence[str]) -> bool:
    """Whether channels may be tried in this order.

    Marketing by WhatsApp is tried by Meta for twelve hours at least and cannot be called back: a channel that came
    after it would reach people twice, so it is the last one or none.
    """
    return purpose != "marketing" or "whatsapp" not in order[:-1]


@clause("CGVU 14.1")
def says_how_to_stop(channel: str, text: str, content: Content | None, short_code: str | None) -> bool:
    """Whether a marketing message says how to receive no more.

    SMS: the mention with the short code that answers. RCS and WhatsApp: the word STOP in the text, or a button that
    sends it. E-mail: the address where one click is enough, in what is shown.
    """
    if channel == "sms":
        return sms_text.has_stop_mention(text, short_code)
    if channel == "email":
        return OPT_OUT_URL in (content.html or content.text if content is not None else text)
    if content is None:
        return sms_text.names_stop(text)
    if content.template is not None and any(map(sms_text.is_stop, content.template.buttons)):
        return True
    words = [content.text, *(card.text for card in content.cards)]
    buttons = [*content.buttons, *(button for card in content.cards for button in card.buttons)]
    return any(map(sms_text.names_stop, words)) or any(map(_stops, buttons))


def _stops(button: Button) -> bool:
    return button.kind == "reply" and (sms_text.is_stop(button.value) or sms_text.is_stop(button.label))
