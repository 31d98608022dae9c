"""What the supplier of a channel would refuse of a content, said before anything is stored."""

import re
from typing import Final
from uuid import UUID

import msgspec

from sofy.connectors.base import Outgoing
from sofy.connectors.google_rbm import rendering as rbm
from sofy.connectors.whatsapp_cloud import rendering as whatsapp
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.ingest.problems import Fault
from sofy.ingest.words import SHOWN
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content

_NOBODY: Final = UUID(int=0)
#: What these checks ask of a number; nothing is sent with it.
_ANY_NUMBER: Final = msgspec.convert(
    dict.fromkeys(("phone_number_id", "business_account_id", "access_token", "app_secret", "verify_token"), "1"), Config
)
#: Where what is wrong stands, by the words of the supplier's code.
_PLACES: Final = (
    (re.compile("button|label"), "/content/buttons"),
    (re.compile("card|carousel|title"), "/content/cards"),
    (re.compile("file|media|caption"), "/content/media"),
    (re.compile("template"), "/content/template"),
    (re.compile("large"), "/content"),
)


@clause("CGVU 3.4")
def check(channel: str, to: str, text: str, content: Content | None, purpose: str, pointer: str) -> None:
    """Raises: Fault not_shown, when no route of this channel could show it."""
    message = Outgoing(
        message_id=_NOBODY, client_id=_NOBODY, to=to, sender="", text=text, purpose=purpose, content=content
    )
    code = ""
    try:
        if channel == "rcs":
            rbm.content_of(message)
        elif channel == "whatsapp":
            whatsapp.request(message, _ANY_NUMBER, None)
    except (rbm.Unsendable, whatsapp.NotSendable) as error:
        code = error.code
    if code:
        where = next((place for words, place in _PLACES if words.search(code)), "/content/text")
        place = "/text" if content is None else where
        raise Fault("not_shown", pointer=f"{pointer}{place}", channel=channel, problem=SHOWN[code])
