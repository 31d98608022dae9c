"""A whole campaign in a real browser: in both languages, on a desk and on a phone, with and without scripts.

Pictures of every page are kept under var/screenshots/.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sofy.engine.shifted_clock import FileClock
from tests.e2e.browser import DESKTOP, NO_BROWSER, PHONE, SHADES, Eyes, person
from tests.e2e.conftest import Up
from tests.e2e.pages import Visitor, number_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(NO_BROWSER, reason="SOFY_NO_BROWSER=1"),
]

#: Receipts that the simulated operator loses are waited for this long.
HORIZON = timedelta(days=3)
HEADER = "Civilité;Prénom;Nom;Tél. mobile;E-mail;Né(e) le;CP;Ville;Accord SMS"
TOWN = "Quimperlé"


@dataclass(frozen=True)
class Journey:
    """One way through the product. `prefix` begins the mobile numbers of its file, so that no two files share one."""

    name: str
    language: str
    width: int
    javascript: bool
    prefix: str
    text: str

    def town(self) -> str:
        return f"{TOWN} {self.name}"

    def file(self, folder: Path) -> Path:
        """Eight rows as shops write them: accents of Windows, every way to write a number, one that is none."""
        numbers = [
            f"06 39 98 {self.prefix} 01",
            f"+33 (0)6.39.98.{self.prefix}.02",
            f"63998{self.prefix}03",
            f"0033 639 98 {self.prefix} 04",
            f"06-39-98-{self.prefix}-05",
            "12",
            f"06 39 98 {self.prefix} 07",
            f"0639 98{self.prefix}01",
        ]
        consents = ["oui", "Oui", "1", "x", "STOP", "oui", "non", "yes"]
        rows = [
            f"Mme;Zoë;L’Hœuvre{number};{phone};;12/03/1980;29300;{self.town()};{consent}"
            for number, (phone, consent) in enumerate(zip(numbers, consents, strict=True))
        ]
        path = folder / f"clients été {self.name}.csv"
        path.write_text("\r\n".join([HEADER, *rows, ""]), "cp1252")
        return path


FRENCH = Journey("bureau", "fr", DESKTOP, True, "91", "{{ prenom }}, votre kouign-amann vous attend. Léo")
ENGLISH = Journey("phone", "en", PHONE, True, "92", "{{ prenom|title }}, your kouign-amann is ready. Leo")
PLAIN = Journey("sobre", "fr", PHONE, False, "93", "{{ prenom }}, votre kouign-amann vous attend. Léa")
#: The second figure of the progress page.
HANDED_OVER = "#standing .grid .stat:nth-child(2) .stat-value:has-text('{n}')"
WORDS = {
    "fr": {"title": "Ce qui va se passer", "sentence": "l’ont reçu", "journal": "Journal"},
    "en": {"title": "What will happen", "sentence": "received it", "journal": "Journal"},
}


@pytest.mark.parametrize("journey", [FRENCH, ENGLISH, PLAIN], ids=lambda journey: journey.name)
def test_a_campaign_from_file_to_report(browser: Browser, colleague: Up, tmp_path: Path, journey: Journey):
    eyes = Eyes(journey.name, SHADES[journey.language])
    context = person(browser, language=journey.language, width=journey.width, javascript=journey.javascript)
    page = context.new_page()
    eyes.follow(page)
    visitor = Visitor(page, colleague.url, journey.javascript)
    closely = journey.javascript

    visitor.give_password(colleague.email, colleague.password)
    eyes.look(page, "second-factor", closely=closely)
    visitor.give_code(colleague.code)
    visitor.speak(journey.language)
    expect(page.locator("html")).to_have_attribute("lang", journey.language)
    eyes.look(page, "home", closely=closely)

    imports(visitor, eyes, journey, tmp_path, closely)
    reachable = segment(visitor, eyes, journey, closely)
    assert reachable == 4
    campaign(visitor, eyes, journey, closely)
    follow_to_the_end(visitor, eyes, journey, colleague, closely)

    visitor.open("audit/?verify=1")
    expect(page.locator(".alert-success")).to_be_visible()
    expect(page.locator("h1")).to_contain_text(WORDS[journey.language]["journal"])
    eyes.look(page, "journal", closely=closely)
    context.close()
    assert eyes.problems == []


def imports(visitor: Visitor, eyes: Eyes, journey: Journey, folder: Path, closely: bool) -> None:
    """One file in for good; the same file under another name in and out again."""
    page = visitor.page
    file = journey.file(folder)
    visitor.open("contacts/imports/new")
    eyes.look(page, "import", closely=closely)
    visitor.offer_file(file)
    expect(page.locator("table.mapping")).to_contain_text("L’Hœuvre")
    visitor.say_where_it_comes_from(f"Fournil {journey.name}", "Carte de fidélité")
    eyes.look(page, "import-columns", closely=closely)
    foreseen = visitor.check_import()
    expect(page.locator("h1")).to_have_text(WORDS[journey.language]["title"])
    eyes.look(page, "import-check", closely=closely)
    done = visitor.run_import()
    eyes.look(page, "import-done", closely=closely)
    assert foreseen["rows"] == 8
    assert done == {"imported": 6, "updated": 1, "rejected": 1}
    assert {name: foreseen[name] for name in done} == done

    again = folder / f"essai {journey.name}.csv"
    again.write_text(f"{HEADER}\nM.;Léo;Essai;06 39 98 {journey.prefix} 80;;;75001;Paris;oui\n", "utf-8")
    visitor.offer_file(again)
    visitor.say_where_it_comes_from(f"Fournil {journey.name}", "Carte de fidélité")
    visitor.check_import()
    assert visitor.run_import()["imported"] == 1
    visitor.press("form[action$='/undo'] button")
    visitor.wait_for("main:not(:has(form[action$='/undo']))")
    eyes.look(page, "import-undone", closely=closely)
    visitor.open("contacts/imports")
    eyes.look(page, "imports", closely=closely)
    visitor.open("contacts?place=" + TOWN)
    eyes.look(page, "contacts", closely=closely)


def segment(visitor: Visitor, eyes: Eyes, journey: Journey, closely: bool) -> int:
    """A segment with its counts; answers how many people it holds."""
    count = visitor.build_segment(f"Gourmands {journey.name}", journey.town())
    eyes.look(visitor.page, "segment-builder", closely=closely)
    visitor.save_segment()
    eyes.look(visitor.page, "segment", closely=closely)
    return count


def campaign(visitor: Visitor, eyes: Eyes, journey: Journey, closely: bool) -> None:
    """The wizard up to the launch."""
    page = visitor.page
    visitor.start_campaign(f"Kouign-amann {journey.name}")
    visitor.choose_audience(f"Gourmands {journey.name}")
    eyes.look(page, "campaign-audience", closely=closely)
    visitor.write_text(journey.text)
    expect(page.locator(".bubble").first).to_contain_text("Zoë")
    eyes.look(page, "campaign-content", closely=closely)
    visitor.choose_moment()
    eyes.look(page, "campaign-schedule", closely=closely)
    visitor.read_checks()
    eyes.look(page, "campaign-checks", closely=closely)
    people = visitor.answer_for_it()
    assert people == 4
    eyes.look(page, "campaign-confirm", closely=closely)
    visitor.launch(people)


def follow_to_the_end(visitor: Visitor, eyes: Eyes, journey: Journey, up: Up, closely: bool) -> None:
    """The figures come by themselves; the report says in one sentence what came of it."""
    page = visitor.page
    eyes.look(page, "campaign-progress", closely=False)
    visitor.wait_for(HANDED_OVER.format(n=4), seconds=40)
    settle(visitor, up)
    eyes.look(page, "campaign-ended", closely=closely)
    visitor.press("a[href$='/report']")
    expect(page.locator(".lead-sentence")).to_contain_text(WORDS[journey.language]["sentence"])
    if visitor.javascript:
        expect(page.locator(".chart-canvas canvas, .chart-canvas svg").first).to_be_visible()
        names_give_way_to_bars(page)
    else:
        expect(page.locator(".chart-data table").first).to_be_visible()
    eyes.look(page, "campaign-report", closely=closely)
    visitor.press(".stat-value a")
    eyes.look(page, "campaign-people", closely=closely)


def names_give_way_to_bars(page: Page) -> None:
    """A window that becomes narrow after the charts were drawn leaves their bars as much room as a narrow one does."""
    before = page.viewport_size
    widths = []
    for width in (DESKTOP, PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": before["height"]})
        page.wait_for_timeout(200)
        widths.append(set(page.evaluate(NAME_WIDTHS)))
    page.set_viewport_size(before)
    assert widths == [{260}, {110}, {260}]


def settle(visitor: Visitor, up: Up) -> None:
    """Wait until no receipt is awaited; those the operator lost are given up at their horizon."""
    clock = FileClock(up.demo.var / "demo" / "clock", environment="demo")
    try:
        visitor.page.wait_for_timeout(5000)
        clock.advance_to(clock() + HORIZON)
    finally:
        clock.close()
    visitor.wait_for("#standing:not([data-live])", seconds=40)


#: How much room each chart on the page gives to the names beside its bars, in pixels.
NAME_WIDTHS = """async () => {
  const loaded = performance.getEntriesByType("resource").map((one) => one.name);
  const echarts = await import(loaded.find((name) => name.includes("/echarts")));
  const charts = [...document.querySelectorAll(".chart-canvas")].map((box) => echarts.getInstanceByDom(box));
  return charts.flatMap((chart) => chart.getOption().yAxis ?? []).map((axis) => axis.axisLabel.width).filter(Boolean);
}"""
CLIENT_PAGES = (
    "contacts", "contacts/new", "suppression", "segments", "campaigns", "campaigns/new", "messages/", "senders/",
    "establishments/", "establishments/new", "team/", "team/invite", "settings/", "keys/", "keys/new", "webhooks/",
    "webhooks/new", "developers/", "requests/", "reference/", "smpp/", "templates/", "templates/new", "email-domains/",
    "protection/", "service-level/", "find?q=journal",
)  # fmt: skip
OWN_PAGES = (
    "/clients/",
    "/account/profile/",
    "/account/sessions/",
    "/account/2fa/",
    "/account/password/change/",
    "/ui/",
)
STAFF_PAGES = (
    "/op/clients/", "/op/clients/new", "/op/stop-list/", "/op/audit/", "/op/prices/", "/op/senders/", "/op/fraud/",
    "/op/service-level/", "/op/service-level/records/new",
    "/op/routes/dry-run", "/op/routes/",
)  # fmt: skip


def test_every_other_page(browser: Browser, up: Up, owner: Any):
    state, client = owner
    eyes = Eyes("pages")
    context = person(browser, language="fr", state=state)
    page = context.new_page()
    eyes.follow(page)
    visitor = Visitor(page, up.url, client=client)
    visitor.open("")
    visitor.speak("fr")

    for path in (*CLIENT_PAGES, *OWN_PAGES):
        visitor.open(path)
        eyes.look(page, path.strip("/").replace("/", "-").partition("?")[0], closely=True)
    for listing, first in (
        ("contacts", "table.people tbody a"),
        ("messages/", "main tbody a"),
        ("campaigns", "main tbody a"),
    ):
        visitor.open(listing)
        visitor.press(first)
        eyes.look(page, f"one-of-{listing.strip('/')}", closely=True)
    context.close()

    assert eyes.problems == []


def test_staff_set_up_a_second_factor_and_watch_the_routes(browser: Browser, up: Up, tmp_path: Path):
    (tmp_path / "password").write_text(up.password)
    up.demo.run("user", "create", "ingenieur@example.org", "--staff", "--name", "Noé Régie", "--language", "fr",
                "--password-file", str(tmp_path / "password"))  # fmt: skip
    eyes = Eyes("operator")
    context = person(browser, language="fr")
    page = context.new_page()
    eyes.follow(page)
    visitor = Visitor(page, up.url)

    visitor.open("/account/login/")
    eyes.look(page, "log-in", closely=True)
    page.fill("[name=login]", "ingenieur@example.org")
    page.fill("[name=password]", up.password)
    visitor.press("main form button.btn-primary")
    eyes.look(page, "second-factor-first", closely=True)
    visitor.set_up_second_factor()
    for path in STAFF_PAGES:
        visitor.open(path)
        eyes.look(page, path.strip("/").replace("/", "-"), closely=True)
    visitor.press("main tbody a")
    eyes.look(page, "op-route", closely=True)
    visitor.open("/op/clients/")
    visitor.press("main tbody a")
    eyes.look(page, "op-client", closely=True)
    visit_as_support(visitor, eyes, "fr")
    visitor.speak("en")
    visit_as_support(visitor, eyes, "en")
    context.close()

    assert eyes.problems == []


def visit_as_support(visitor: Visitor, eyes: Eyes, language: str) -> None:
    """From a client's page into its workspace for a reason, around, and out again."""
    page, eyes.shades = visitor.page, SHADES[language]
    visitor.press("a[href$='/enter']")
    eyes.look(page, f"support-enter-{language}", closely=True)
    page.fill("[name=reason]", "Ticket 4711 : le rapport n’affiche aucun clic")
    visitor.press("main form button.btn-primary")
    expect(page.locator(".visit")).to_contain_text("Ticket 4711")
    eyes.look(page, f"support-home-{language}", closely=True)
    visitor.press(".rail a[href$='/team/']")
    expect(page.locator("main .alert")).to_contain_text("Ticket 4711")
    eyes.look(page, f"support-team-{language}", closely=True)
    visitor.press(".rail a[href$='/audit/']")
    expect(page.locator(".visit")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Ticket 4711")
    eyes.look(page, f"support-journal-{language}", closely=True)
    visitor.press(".visit button")
    expect(page.locator(".visit")).to_have_count(0)


def test_thousands_of_people_are_confirmed_by_their_number_and_watched_live(browser: Browser, up: Up, owner: Any):
    state, client = owner
    eyes = Eyes("large")
    context = person(browser, language="fr", state=state)
    page = context.new_page()
    eyes.follow(page)
    streams: list[str] = []
    page.on("response", lambda answer: streams.append(answer.headers.get("content-type", "")))
    visitor = Visitor(page, up.url, client=client)
    visitor.open("")
    visitor.speak("fr")

    visitor.start_campaign("Galette à partager")
    visitor.choose_audience("Tous les clients")
    visitor.write_text("{{ prenom|default('Bonjour') }}, la galette vous attend. Martin.")
    visitor.choose_moment()
    visitor.read_checks()
    people = visitor.answer_for_it()
    assert people > 1000
    eyes.look(page, "confirm", closely=True)
    visitor.launch(people)
    seen = watch(visitor)
    eyes.look(page, "progress", closely=True)
    context.close()

    assert len(seen) > 1, f"the page did not move by itself: {seen}"
    assert "text/event-stream" in streams
    assert seen[-1] > 1000
    assert eyes.problems == []


def watch(visitor: Visitor) -> list[int]:
    """What the page showed as handed over, without being touched, until nobody waits any more."""
    seen: list[int] = []
    waiting, handed_over = (
        visitor.page.locator(f"#standing .grid .stat:nth-child({place}) .stat-value") for place in (1, 2)
    )
    deadline = time.monotonic() + 90
    while not seen or not seen[-1] or number_in(waiting.inner_text()):
        assert time.monotonic() < deadline, f"not all left: {seen}"
        if handed_over.count() and (number := number_in(handed_over.inner_text())) not in seen:
            seen.append(number)
        visitor.page.wait_for_timeout(300)
    if (last := number_in(handed_over.inner_text())) not in seen:  # it moved once more while nobody looked
        seen.append(last)
    return seen
