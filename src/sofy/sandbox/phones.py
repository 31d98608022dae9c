"""The page of simulated phones, as simulators of several channels show it. They bring their words: no Django here."""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from html import escape
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

LOOKS: Final = Path(__file__).with_name("phones.css").read_text(encoding="utf-8")
_SHOWN: Final = 60
Bubble = TypeVar("Bubble")
#: The page is read again while nobody types in it; it is the only script its policy lets run.
_AGAIN: Final = """
setInterval(() => {
  const typed = document.querySelector("input");
  if (typed !== document.activeElement && typed.value === typed.defaultValue) location.reload();
}, 3000);
"""
_AGAIN_HASH: Final = base64.b64encode(hashlib.sha256(_AGAIN.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'self'; script-src 'sha256-{_AGAIN_HASH}'; form-action 'self'"
_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<noscript><meta http-equiv="refresh" content="3"></noscript>
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1>{title}</h1>
<p>{what}</p>
<form method="get" action="/">
<input name="number" inputmode="tel" aria-label="{label}" placeholder="06 39 98 00 00" value="{number}"
 autocomplete="off">
<button>{find}</button>
</form>
</header>
{empty}<main>{phones}</main>{rest}
<script>{again}</script>
</body>
</html>
"""


def language(accepted: str, known: Collection[str]) -> str:
    """The first language of the browser that the page speaks; French when there is none."""
    asked = (one.strip()[:2].lower() for one in accepted.split(","))
    return next((one for one in asked if one in known), "fr")


def page(
    threads: Mapping[str, list[Bubble]],
    bubbles: Callable[[list[Bubble]], str],
    *,
    words: Mapping[str, str],
    spoken: str,
    number: str,
) -> str:
    """The page; with a number, only the phones that begin with it. `bubbles`: a thread as HTML."""
    wanted = "".join(filter(str.isdigit, number)).removeprefix("00")
    if wanted.startswith("0"):
        wanted = "33" + wanted[1:]
    phones = [one for one in threads if one.lstrip("+").startswith(wanted)]
    articles = "".join(f"<article>{_heading(one)}{bubbles(threads[one])}</article>" for one in phones[:_SHOWN])
    more = len(phones) - _SHOWN
    return _PAGE.format(
        language=spoken,
        title=words["title"],
        what=words["what"],
        label=words["number"],
        find=words["find"],
        number=escape(number),
        phones=articles,
        again=_AGAIN,
        empty="" if articles else f"<p>{words['nobody' if threads else 'none']}</p>",
        rest=f"<p>{words['more'].format(n=more)}</p>" if more > 0 else "",
    )


def _heading(number: str) -> str:
    return f'<h2><a href="/?number={quote(number)}">{escape(_written(number))}</a></h2>'


def _written(number: str) -> str:
    digits = number.lstrip("+")
    if not digits.isdecimal():
        return number  # who goes by a name on WhatsApp
    if digits.startswith("33") and len(digits) == 11:
        national = "0" + digits[2:]
        return " ".join(national[n : n + 2] for n in range(0, 10, 2))
    return "+" + digits
