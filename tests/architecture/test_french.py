"""The French of all rooms is one: pages read their catalogues merged, so that a second translation is never seen."""

import re
from collections import defaultdict
from pathlib import Path

from babel.messages.pofile import read_po
from django.template import Context, Template
from django.utils import translation

from sofy.soreach.models import Campaign
from sofy.ui.statuses import LOOKS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sofy"
#: The command at a terminal reads its own catalogue only.
APART = {"project"}
CATALOGUES = {path.parents[3].name: path for path in sorted(SOURCE.glob("*/locale/fr/LC_MESSAGES/django.po"))}


def _forms(words: str | tuple[str, ...]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else words


def _french() -> dict[tuple[str | None, str], dict[str, str]]:
    """What each room says for a text and its context."""
    said: dict[tuple[str | None, str], dict[str, str]] = defaultdict(dict)
    for room, path in CATALOGUES.items():
        with path.open("rb") as stream:
            for message in read_po(stream):
                said[message.context, str(message.id)][room] = " / ".join(_forms(message.string))
    return {key: rooms for key, rooms in said.items() if key[1]}


def test_a_text_has_one_french_in_all_rooms():
    together = {
        key: {room: words for room, words in rooms.items() if room not in APART} for key, rooms in _french().items()
    }

    assert len(together) > 1000
    assert [(key, rooms) for key, rooms in together.items() if len(set(rooms.values())) > 1] == []


def test_one_kind_of_space_keeps_words_together():
    wrong = re.compile(r"[\u2009\u202f]|\bart\. \d|« | »")

    assert [words for rooms in _french().values() for words in rooms.values() if wrong.search(words)] == []


def test_the_tutorial_names_what_is_on_the_screens():
    text = (ROOT / "docs" / "tutorials" / "first-campaign.md").read_text()
    named = [re.sub(r"[ \n]+", " ", words) for words in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text)]
    shown = "\n".join(words for rooms in _french().values() for words in rooms.values())

    def on_a_screen(words: str) -> bool:
        """Three dots stand for what the page fills in."""
        pattern = ".*".join(re.escape(part.strip(" ")) for part in words.split("…"))
        return re.search(rf"(?m)(^|/ ){pattern}($| /)", shown) is not None

    assert len(named) > 20
    assert [words for words in named if not on_a_screen(words)] == []


def test_every_state_of_a_campaign_has_a_look_and_agrees_with_its_noun():
    assert {Campaign(status=state).look for state in Campaign.Status} <= set(LOOKS)

    with translation.override("fr"):
        shown = [str(Campaign.Status(state).label) for state in ("finished", "cancelled", "refused", "scheduled")]
        badge = Template("{% load ui %}{% status campaign.look campaign.get_status_display %}").render(
            Context({"campaign": Campaign(status="refused")})
        )

    assert shown == ["Terminée", "Annulée", "Refusée", "Programmée"]
    assert "Refusée" in badge
