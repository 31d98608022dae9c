"""Things the tests of this connector need."""

from typing import Any

from sofy.connectors.base import Outgoing
from sofy.connectors.smpp.tests.factories import outgoing
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.kernel.content import Content, Template

NUMBER_ID, ACCOUNT_ID = "106540352242922", "102290129340398"
TOKEN, SECRET, VERIFY = "EAAJB-token", "app-secret", "verify-me"
TO = "+33639980001"


def config(**changes: Any) -> Config:
    """A route's settings."""
    fields: dict[str, Any] = {
        "phone_number_id": NUMBER_ID,
        "business_account_id": ACCOUNT_ID,
        "access_token": TOKEN,
        "app_secret": SECRET,
        "verify_token": VERIFY,
        "rate_per_s": 0,
        "pair_pause_s": 0,
        "response_timeout_s": 2.0,
        **changes,
    }
    return Config(**fields)


def message(**changes: Any) -> Outgoing:
    """A message ready to leave."""
    return outgoing(**{"to": TO, "text": "Bonjour", "purpose": "alert", **changes})


def template(name: str = "rappel_rendez_vous", *body: str, **changes: Any) -> Outgoing:
    """A template ready to leave."""
    content = Content(template=Template(name=name, language="fr", body=list(body or ("Camille", "3 mai"))))
    return message(**{"content": content, "text": "", **changes})
