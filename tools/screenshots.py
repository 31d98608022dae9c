"""Make the pictures of the documentation again: docs/img/*.png, in French, from the demo of this checkout.

Usage: .venv/bin/python tools/screenshots.py (after `make demo`). It starts the product as `sofy up` does, prepares and
launches one more campaign to the demo's contacts, and stops everything at the end.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402 - the line above makes the tests' own steps importable
from tests.e2e.browser import DESKTOP, open_browser, person  # noqa: E402
from tests.e2e.pages import Visitor  # noqa: E402

FOLDER = ROOT / "docs" / "img"
LARGEST_BYTES = 150_000
SOFY = [sys.executable, "-m", "sofy.project.cli"]
STAFF = "captures@example.org"
FILE = """Civilité;Prénom;Nom;Tél. mobile;Né(e) le;CP;Ville;Accord SMS
Mme;Zoé;Lefèvre;06 39 98 90 01;12/03/1980;29000;Quimper;oui
M.;Loïc;Le Goff;+33 (0)6.39.98.90.02;04/11/1972;56000;Vannes;oui
Mme;Maëlle;Bérenger;639989003;23/07/1991;29200;Brest;x
M.;Noël;N’Diaye;0033 639 98 90 04;;35000;Rennes;STOP
Mme;Anaïs;Müller;06-39-98-90-05;30/01/1988;69003;Lyon;1
M.;Théo;Garcia;12;17/09/1999;75011;Paris;oui
Mme;Inès;Rossi;06 39 98 90 07;08/12/1965;13006;Marseille;non
"""
MAIL = {
    "code": "galette", "name": "Galette", "subject": "Samedi, la galette à moitié prix",
    "0-text": "Samedi, c’est galette",
    "1-html": "Bonjour {{prenom}}, la galette des <b>Boulangeries Martin</b> est à moitié prix samedi.",
    "2-label": "Voir les horaires", "2-href": "https://www.example.fr/horaires",
    "3-legal": "Boulangeries Martin, 1 place Bellecour, 69002 Lyon",
}  # fmt: skip
TEXT = "{{ prenom|default('Bonjour') }}, samedi la galette des Boulangeries Martin est à moitié prix."


@dataclass(frozen=True)
class Place:
    """Where the product runs, and who gets in."""

    url: str
    email: str
    password: str


@contextmanager
def running() -> Iterator[Place]:
    """`sofy up`, until the pictures are made."""
    process = subprocess.Popen([*SOFY, "up"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said = ""
    try:
        assert process.stdout
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        url = re.search(r"^http://localhost:\d+", said, re.M)
        if url is None:
            raise SystemExit(f"sofy up did not start:\n{said}")
        email, password = (re.findall(rf"{word}\s+(\S+)", said)[0] for word in ("e-mail", "(?:password|mot de passe)"))
        yield Place(url[0], email, password)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def sofy(*arguments: str) -> str:
    """What a command of `sofy` answers."""
    return subprocess.run([*SOFY, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def code_of(email: str) -> Callable[[], str]:
    """The second-factor codes of somebody, none twice."""
    used: set[str] = set()

    def fresh() -> str:
        while (shown := sofy("user", "code", email).strip()[-6:]) in used:
            time.sleep(1)
        used.add(shown)
        return shown

    return fresh


def picture(page: Page, name: str, *, tallest: int = 1000) -> None:
    """Keep what the page shows, down to where it gets long."""
    page.wait_for_load_state("load")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(600)
    height = min(tallest, page.evaluate("document.querySelector('main').getBoundingClientRect().bottom"))
    page.set_viewport_size({"width": DESKTOP, "height": max(640, round(height))})
    path = FOLDER / f"{name}.png"
    path.write_bytes(smaller(page.screenshot()))
    page.set_viewport_size({"width": DESKTOP, "height": 900})
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {size // 1000} kB", flush=True)
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path} is larger than {LARGEST_BYTES // 1000} kB.")


def smaller(png: bytes) -> bytes:
    """The same picture, compressed as far as zlib goes."""
    head, body, at = png[:8], b"", 8
    chunks: list[tuple[bytes, bytes]] = []
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IDAT":
            body += data
        elif kind in (b"IHDR", b"IEND"):
            chunks.append((kind, data))
    packed = zlib.compress(zlib.decompress(body), 9)
    kept = [chunks[0], (b"IDAT", packed), chunks[-1]]
    made = head + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big") for kind, data in kept
    )
    return min(made, png, key=len)


def of_the_owner(browser: Browser, place: Place) -> None:
    """What the team of a shop sees, in the order of their work."""
    page = person(browser, language="fr").new_page()
    visitor = Visitor(page, place.url)
    visitor.give_password(place.email, place.password)
    visitor.give_code(code_of(place.email))
    visitor.speak("fr")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clients fidèles.csv"
        file.write_text(FILE, "cp1252")
        visitor.offer_file(file)
    visitor.say_where_it_comes_from("Carte de fidélité", "Formulaire en boutique, janvier 2026")
    picture(page, "import")
    visitor.build_segment("Clients de Lyon", "Lyon")
    picture(page, "segment", tallest=900)
    visitor.start_campaign("Galette du samedi")
    visitor.choose_audience("Tous les clients")
    visitor.write_text(TEXT)
    picture(page, "wizard", tallest=820)
    visitor.choose_moment()
    visitor.read_checks()
    visitor.launch(visitor.answer_for_it())
    page.wait_for_function("() => document.querySelector('#standing .flow-delivered')?.getAttribute('width') > 200")
    picture(page, "progress")
    visitor.open("campaigns")
    visitor.press("main tbody th a >> text=Baguette offerte")
    picture(page, "report", tallest=1200)
    of_programs(page, visitor)
    visitor.open("")  # by now the receipts of the new campaign are in
    picture(page, "home")


def of_programs(page: Page, visitor: Visitor) -> None:
    """What developers of the shop see: a message that took a second channel, and the e-mail of a template."""
    key = json.loads(sofy("apikey", "create", f"Captures {time.time():.0f}", "--client", visitor.client,
                          "--scope", "messages:send", "--json"))["secret"]  # fmt: skip
    send(page, key, {"to": "+33639980007", "channel": "rcs", "purpose": "alert", "text": "Votre commande 1238 attend.",
               "fallback": [{"channel": "sms"}], "reference": "commande-1238"})  # fmt: skip
    time.sleep(8)
    visitor.open("messages/?reference=commande-1238")
    visitor.press("main tbody a")
    picture(page, "message")
    visitor.open("templates/mail/new")
    for field, value in MAIL.items():
        page.fill(f'[name="{field}"]', value)
    page.locator("[name=screen]").first.click()
    page.wait_for_timeout(2_000)
    picture(page, "mail", tallest=860)


def send(page: Page, key: str, message: dict[str, object]) -> None:
    """Give the API a message."""
    address = json.loads(sofy("status", "--json"))["addresses"]["api"]
    answer = page.request.post(f"{address}/v1/messages", data=message, headers={"Authorization": f"Bearer {key}"})
    assert answer.status == 202, answer.text()


def of_staff(browser: Browser, place: Place) -> None:
    """The console of the operator's engineers."""
    page = person(browser, language="fr").new_page()
    visitor = Visitor(page, place.url)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(place.password)
        file.flush()
        email = STAFF.replace("@", f"-{int(time.time())}@")
        sofy(
            "user", "create", email, "--staff", "--name", "Noé Régie", "--language", "fr", "--password-file", file.name
        )
    visitor.open("/account/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", place.password)
    visitor.press("main form button.btn-primary")
    visitor.set_up_second_factor()
    visitor.open("/op/routes/")
    picture(page, "routes")


def main() -> int:
    """Make every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running() as place, open_browser() as browser:
        of_the_owner(browser, place)
        of_staff(browser, place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
