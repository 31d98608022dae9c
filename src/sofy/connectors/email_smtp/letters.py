"""A message of the engine as a mail: who it is from, what comes with it, and where it comes back to."""

from email.utils import parseaddr
from typing import NamedTuple

from sofy.connectors.base import Outgoing
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.verp import PREFIX, Names
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.content import OPT_OUT_URL, Content, flat
from sofy.wire.email import dkim, mime

_MOST_SIGNERS = 1_000
_SUBJECT_CHARS = 78


class Envelope(NamedTuple):
    """A mail as SMTP takes it."""

    sender: str
    recipient: str
    data: bytes


class Letters:
    """Writes the mails of one route."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._names = Names(config.hook_secret)
        self._key = dkim.load_key(config.dkim_private_key) if config.dkim_private_key else None
        self._signers: dict[str, dkim.Signer] = {}

    def write(self, message: Outgoing) -> Envelope:
        """The mail of a message. Raises: mime.BadAddress when a server could not take it."""
        config, name = self._config, self._names.of(message.message_id)
        sender_name, sender = parseaddr(message.sender)
        sender = mime.address(sender)
        domain = sender.rpartition("@")[2]
        content = message.content or Content(text=message.text)
        letter = mime.Letter(
            sender=sender,
            sender_name=sender_name,
            to=message.to,
            subject=content.subject or flat(content).strip().partition("\n")[0][:_SUBJECT_CHARS],
            text=_with_link(flat(content), message),
            html=_with_link(content.html, message),
            message_id=f"{name}@{config.dkim_domain or config.envelope_domain or domain}",
            at=clock.now(),
            reply_to=config.reply_to,
            unsubscribe_url=message.opt_out_url,
            feedback_id=f"{message.client_id.hex[-12:]}:{message.purpose}:email:sofymail",
            automatic=message.purpose == "alert",
        )
        data = mime.compose(letter, self._signer(domain))
        comes_back = f"{PREFIX}{name}@{config.envelope_domain}" if config.envelope_domain else sender
        return Envelope(comes_back, mime.address(message.to), data)

    def _signer(self, domain: str) -> dkim.Signer | None:
        if self._key is None:
            return None
        signer = self._signers.get(domain)
        if signer is None:
            if len(self._signers) >= _MOST_SIGNERS:
                self._signers.clear()
            signer = dkim.Signer(domain=domain, selector=self._config.dkim_selector, key=self._key)
            self._signers[domain] = signer
        return signer


@clause("CGVU 17")
def _with_link(text: str, message: Outgoing) -> str:
    """The words with the address where this person says no."""
    return text.replace(OPT_OUT_URL, message.opt_out_url) if OPT_OUT_URL in text else text
