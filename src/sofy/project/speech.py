"""What the command says at a terminal: in French, unless the terminal asks for English (LC_ALL, LC_MESSAGES, LANG).

Works before Django does: the first lines of `sofy up` come while the database starts.
"""

import gettext as catalogues
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sofy.kernel.errors import Refused
from sofy.project.words import REFUSALS

LOCALE = Path(__file__).resolve().parent / "locale"


def language(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the terminal: `en` when it says so, else `fr`."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "en" if said.lower().startswith("en") else "fr"


def gettext(text: str) -> str:
    """An English text in the language of the terminal."""
    return _catalogue(language()).gettext(text)


@cache
def _catalogue(spoken: str) -> catalogues.NullTranslations:
    return catalogues.translation("django", LOCALE, languages=[spoken], fallback=True)


def sentence(error: Refused) -> str:
    """What a refusal says: the command's own words, else those of the pages, else its code with what it is about."""
    said = _own(error) or _of_the_pages(error)
    if said is None:
        facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items() if name != "problems")
        said = gettext("This was refused: {code}.").format(code=error.code.replace("_", " "))
        said += f" ({facts})" if facts else ""
    return " ".join([said, *_details(error)])


def _own(error: Refused) -> str | None:
    pattern = REFUSALS.get(error.code)
    shown = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
    try:
        return gettext(pattern).format(**{"shown": shown, **error.facts}) if pattern else None
    except (KeyError, IndexError):  # the same code of another room, with other facts
        return None


def _of_the_pages(error: Refused) -> str | None:
    from django.apps import apps
    from django.utils import translation

    if not apps.ready:
        return None
    from sofy.ui import problems

    try:
        with translation.override(language()):
            return problems.sentence(error) if problems.knows(error.code) else None
    except (KeyError, IndexError):
        return None


def _details(error: Refused) -> list[str]:
    """What stops a campaign or spoils a segment, each in its own sentence."""
    found: list[Any] = error.facts.get("problems") or []
    if not isinstance(found, list) or not found:
        return []
    from django.utils import translation

    from sofy.soreach.rules import Check
    from sofy.soreach.words import check_text

    with translation.override(language()):
        if error.code == "campaign_checks":
            return [check_text(Check(each["code"], "stop", each["facts"])) for each in found]
        if error.code == "segment_invalid":
            return [_place(each.row, sentence(Refused(each.code))) for each in found]
    return []


def _place(row: str, said: str) -> str:
    return gettext("Row {row}: {problem}").format(row=row, problem=said) if row else said
