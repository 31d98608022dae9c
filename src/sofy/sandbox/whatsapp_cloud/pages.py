"""A page that shows the messages as phones would, in the browser's language. Loopback only."""

from collections import OrderedDict
from datetime import datetime
from html import escape

from sofy.kernel.clock import PARIS
from sofy.sandbox import phones
from sofy.sandbox.whatsapp_cloud.journal import AcceptedLog, Seen

_BUBBLES_SHOWN = 20
#: The same looks as the pages of the other simulated phones, in the green of WhatsApp.
STYLE = f"{phones.LOOKS}\n:root {{ --out: #1b6e45; }}\n"
# The simulator runs without Django, so its few words are here.
_WORDS = {
    "fr": {
        "title": "WhatsApp simulé",
        "what": "Ce que recevraient les abonnés. Aucun message ne quitte cette machine.",
        "number": "Numéro",
        "find": "Chercher",
        "none": "Aucun message pour l’instant : les envois de la plateforme apparaîtront ici.",
        "nobody": "Aucun message à ce numéro.",
        "more": "et {n} autres téléphones : cherchez un numéro.",
    },
    "en": {
        "title": "Simulated WhatsApp",
        "what": "What people would receive. No message leaves this machine.",
        "number": "Number",
        "find": "Find",
        "none": "No message yet: what the platform sends will appear here.",
        "nobody": "No message to this number.",
        "more": "and {n} more phones: look for a number.",
    },
}


def language(accepted: str) -> str:
    """The first language of the browser that the page speaks; French when there is none."""
    return phones.language(accepted, _WORDS)


def page(log: AcceptedLog, spoken: str, number: str = "") -> str:
    """The whole page; with a number, only the phones that begin with it."""
    threads: OrderedDict[str, list[Seen]] = OrderedDict()
    for seen in log.shown:
        threads.setdefault(seen.who, []).append(seen)
        threads.move_to_end(seen.who, last=False)
    return phones.page(threads, _bubbles, words=_WORDS[spoken], spoken=spoken, number=number)


def _bubbles(thread: list[Seen]) -> str:
    return "".join(_bubble(one) for one in thread[-_BUBBLES_SHOWN:])


def _bubble(one: Seen) -> str:
    me = " me" if one.from_phone else ""
    at = datetime.fromisoformat(one.at).astimezone(PARIS)
    return f'<small class="{me.strip()}">{at:%d/%m %H:%M}</small><div class="bubble{me}">{escape(one.what)}</div>'
