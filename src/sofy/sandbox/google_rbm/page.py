"""A page that shows the messages as phones would: texts, cards, carousels, buttons, and whether they arrived."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from sofy.kernel.clock import PARIS
from sofy.sandbox import phones
from sofy.sandbox.google_rbm.journal import AcceptedLog

_BUBBLES_SHOWN = 20
_LOOKED_AT = 5_000
#: The same looks as the page of the simulated operator.
STYLE = "\n".join((phones.LOOKS, Path(__file__).with_name("cards.css").read_text(encoding="utf-8")))

# The simulator runs without Django, so its few words are here.
_WORDS = {
    "fr": {
        "title": "Téléphones RCS simulés",
        "what": "Ce que recevraient les abonnés RCS. Aucun message ne quitte cette machine.",
        "number": "Numéro",
        "find": "Chercher",
        "none": "Aucun message pour l’instant : les envois RCS de la plateforme apparaîtront ici.",
        "nobody": "Aucun message à ce numéro.",
        "more": "et {n} autres téléphones : cherchez un numéro.",
        "waiting": "en attente",
        "delivered": "reçu",
        "read": "lu",
        "revoked": "rappelé",
        "file": "Fichier",
        "cards": "Cartes",
    },
    "en": {
        "title": "Simulated RCS phones",
        "what": "What RCS subscribers would receive. No message leaves this machine.",
        "number": "Number",
        "find": "Find",
        "none": "No message yet: what the platform sends by RCS will appear here.",
        "nobody": "No message to this number.",
        "more": "and {n} more phones: look for a number.",
        "waiting": "waiting",
        "delivered": "delivered",
        "read": "read",
        "revoked": "called back",
        "file": "File",
        "cards": "Cards",
    },
}


def language(accepted: str) -> str:
    """The first language of the browser that the page speaks; French when there is none."""
    return phones.language(accepted, _WORDS)


def page(log: AcceptedLog, states: Mapping[str, str], number: str = "", spoken: str = "fr") -> str:
    """The page; with a number, only that phone."""
    words = _WORDS[spoken]
    return phones.page(_threads(log, states, words), _bubbles, words=words, spoken=spoken, number=number)


def _bubbles(thread: list[str]) -> str:
    return "".join(thread[-_BUBBLES_SHOWN:])


def _threads(log: AcceptedLog, states: Mapping[str, str], words: Mapping[str, str]) -> "OrderedDict[str, list[str]]":
    """The bubbles of each phone, the phone heard of last first."""
    lines: list[tuple[datetime, str, str]] = []
    for message in list(log.messages.values())[-_LOOKED_AT:]:
        state = words[states.get(message.id, "waiting")]
        small = f"<small>{escape(message.agent)}, {_when(message.at)}, {state}</small>"
        lines.append((message.at, message.to, small + _content(message.content, words)))
    for said in log.said[-_LOOKED_AT:]:
        bubble = f'<small class="me">{_when(said.at)}</small><div class="bubble me">{escape(said.text)}</div>'
        lines.append((said.at, said.number, bubble))
    found: OrderedDict[str, list[str]] = OrderedDict()
    for _, number, bubble in sorted(lines, key=lambda line: line[0]):
        found.setdefault(number, []).append(bubble)
        found.move_to_end(number, last=False)
    return found


def _content(content: Mapping[str, Any], words: Mapping[str, str]) -> str:
    shown = ""
    if text := content.get("text"):
        shown = f'<div class="bubble">{escape(text)}</div>'
    elif card := content.get("richCard"):
        cards = [card["standaloneCard"]["cardContent"]] if "standaloneCard" in card else []
        cards += card.get("carouselCard", {}).get("cardContents", [])
        reach = f' tabindex="0" role="group" aria-label="{words["cards"]}"' if len(cards) > 1 else ""
        shown = f'<div class="cards"{reach}>{"".join(_card(one, words) for one in cards)}</div>'
    elif info := content.get("contentInfo"):
        shown = f'<div class="bubble">{_file(info, words)}</div>'
    return shown + _chips(content.get("suggestions", []))


def _card(card: Mapping[str, Any], words: Mapping[str, str]) -> str:
    media = card.get("media", {}).get("contentInfo")
    picture = f'<div class="media">{_file(media, words)}</div>' if media else ""
    title = f"<strong>{escape(card['title'])}</strong>" if card.get("title") else ""
    text = f"<p>{escape(card['description'])}</p>" if card.get("description") else ""
    return f'<section class="card">{picture}{title}{text}{_chips(card.get("suggestions", []))}</section>'


def _file(info: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The name of a file: a phone would fetch it, and this page fetches nothing."""
    name = str(info["fileUrl"]).rstrip("/").rpartition("/")[2]
    return f"{words['file']} : {escape(name)}" if words is _WORDS["fr"] else f"{words['file']}: {escape(name)}"


def _chips(suggestions: list[Mapping[str, Any]]) -> str:
    chips = (one.get("reply") or one.get("action") or {} for one in suggestions)
    labels = "".join(f"<li>{escape(one.get('text', ''))}</li>" for one in chips)
    return f'<ul class="chips">{labels}</ul>' if labels else ""


def _when(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%d/%m %H:%M}"
