"""A page that shows the messages as phones would, in the browser's language. Loopback only."""

from collections import OrderedDict
from html import escape

from sofy.sandbox.whatsapp_cloud.journal import AcceptedLog, Seen

_PHONES_SHOWN = 60
# The simulator runs without Django, so its few words are here.
_WORDS = {
    "fr": {
        "title": "WhatsApp simulé",
        "what": "Ce que recevraient les abonnés. Aucun message ne quitte cette machine.",
        "none": "Aucun message pour l’instant : les envois de la plateforme apparaîtront ici.",
    },
    "en": {
        "title": "Simulated WhatsApp",
        "what": "What people would receive. No message leaves this machine.",
        "none": "No message yet: what the platform sends will appear here.",
    },
}
_STYLE = """
body{font-family:system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;background:#efeae2;color:#111}
section{background:#fff;border-radius:.5rem;padding:1rem;margin:1rem 0}h2{font-size:1rem;margin:0 0 .5rem}
p.bubble{background:#d9fdd3;border-radius:.5rem;padding:.5rem .75rem;margin:.25rem 20% .25rem 0;white-space:pre-wrap}
p.me{background:#f0f2f5;margin:.25rem 0 .25rem 20%}
"""


def page(log: AcceptedLog, language: str) -> str:
    """The whole page."""
    code = "en" if language.strip().lower().startswith("en") else "fr"
    words = _WORDS[code]
    threads: OrderedDict[str, list[Seen]] = OrderedDict()
    for seen in log.shown:
        threads.setdefault(seen.who, []).append(seen)
        threads.move_to_end(seen.who, last=False)
    shown = "".join(_thread(who, seen) for who, seen in list(threads.items())[:_PHONES_SHOWN])
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{words["title"]}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{words['title']}</h1><p>{words['what']}</p>"
        f"{shown or '<p>' + words['none'] + '</p>'}</body></html>"
    )


def _thread(who: str, seen: list[Seen]) -> str:
    bubbles = "".join(
        f'<p class="bubble{" me" if one.from_phone else ""}">{escape(one.what)}</p>' for one in seen[-20:]
    )
    return f"<section><h2>{escape(who)}</h2>{bubbles}</section>"
