"""The image of an e-mail that tells that somebody opened it: who it may tell apart, and what it looks like.

By default every recipient of a variant gets the same address, so that nobody can be told apart, not even by who runs
the server. Only who agreed to be measured (`opens` in the consent ledger) may get an address of their own, and only
where the campaign asks for that.

Source: CNIL, draft recommendation on tracking pixels in e-mails (consultation of 12 June 2025): the overall rate of
openings needs no consent, the individual one does, and taking it back counts at once, for mails that left already too.
Whether and how it was adopted is to be checked with the CNIL.
"""

import base64
import re
from typing import Final
from uuid import UUID, uuid5

import msgspec

from sofy.kernel.clauses import clause
from sofy.kernel.content import Content
from sofy.kernel.crypto import ClientKeys
from sofy.soreach import links

#: One transparent point. Unit: bytes of a GIF.
IMAGE: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_EVERYBODY: Final = UUID(int=0)
#: Machines of mail services fetch images before anybody reads: Apple's Mail Privacy Protection says "Mozilla/5.0" and
#: nothing else. Gmail's and Yahoo's fetch when somebody opens, and show the image again without asking.
_FETCHES_EARLY: Final = re.compile(
    r"(Mozilla/5\.0)?\s*|.*(bot\b|crawl|spider|scan|preview|barracuda|proofpoint|mimecast).*", re.I
)


def code_for(keys: ClientKeys, campaign_id: UUID, variant: str, contact_id: UUID | None, salt: int = 0) -> str:
    """The code in an image's address: of a campaign and a variant alone when `contact_id` is None."""
    return links.code_of(keys, uuid5(campaign_id, f"opens {variant}"), contact_id or _EVERYBODY, salt)


@clause("DPA 5")
def belongs_to(wanted: str, contact_id: UUID, *, agreed: bool) -> UUID | None:
    """Whose image somebody gets: their own where the campaign asks for it and they agreed, else everybody's (None)."""
    return contact_id if wanted == "each" and agreed else None


def with_image(said: Content, address: str) -> Content:
    """The same e-mail with the image at its very end; it has no text, so readers of screens pass it over."""
    tag = f'<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'
    before, end, after = said.html.rpartition("</body>")
    return msgspec.structs.replace(said, html=f"{before}{tag}{end}{after}" if end else said.html + tag)


def fetched_early(agent: str) -> bool:
    """Whether whoever asks for the image is a machine that does so whether or not anybody reads the mail."""
    return _FETCHES_EARLY.fullmatch(agent.strip()) is not None
