"""`sofy bounce`: a mail that came back, handed over by the mail server that received it."""

import argparse
import sys
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, leaf

#: What Postfix and others take for "keep it and come again" (sysexits.h).
TRY_AGAIN: Final = 75
_MOST_BYTES: Final = 1_000_000
_TIMEOUT_S: Final = 30.0


def add(commands: Commands) -> None:
    text = "Read a returned mail on standard input and hand it to the API, for a pipe of the mail server."
    made = leaf(commands, "bounce", text, bounce)
    made.add_argument("--route", required=True, metavar="CODE", help="the e-mail route it left by")


def bounce(arguments: argparse.Namespace) -> Answer:
    """Exit status 0 once it is stored, 75 when the mail server should keep it and come again."""
    config = runtime.open_django()
    from sofy.project import routing

    route_id, secret = routing.hook_of(arguments.route, connector="email_smtp")
    mail = sys.stdin.buffer.read(_MOST_BYTES)
    if not mail.strip():
        raise Refused("mail_missing")
    url = f"{config.api_url}/hooks/email_smtp/{route_id}"
    headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {secret}"}
    try:
        with urlopen(Request(url, mail, headers), timeout=_TIMEOUT_S) as answer:  # noqa: S310 - our own API
            status = answer.status
    except HTTPError as error:
        status = error.code
    except (URLError, OSError):
        status = 0
    if not 200 <= status < 300:
        problem = f"The API did not take the mail ({status or 'no answer'} at {config.api_url}): it comes again."
        return Answer(problem, {"stored": False, "status": status}, TRY_AGAIN)
    return Answer("Stored.", {"stored": True, "status": status})
