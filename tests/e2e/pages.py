"""What somebody does on the pages, with or without scripts, in any language: the steps of the browser tests."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

DIGITS = re.compile(r"\D+")


def one_time_code(secret: str, at: float) -> str:
    """What an authenticator app shows (RFC 6238), computed without the product."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), "sha1").digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def number_in(text: str) -> int:
    """The number that a text shows, whatever separates its thousands."""
    return int(DIGITS.sub("", text))


@dataclass
class Visitor:
    """One person in front of one browser page."""

    page: Page
    url: str
    javascript: bool = True
    client: str = ""

    def open(self, path: str) -> None:
        """Go to an address of the client's workspace, or of the product when it begins with a slash."""
        answer = self.page.goto(self.url + (path if path.startswith("/") else f"/c/{self.client}/{path}"))
        assert answer
        assert answer.status == 200, f"{answer.url}: {answer.status}"

    def press(self, selector: str) -> None:
        """Press a button or follow a link, and wait for the page it leads to."""
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state("load")

    # --- log-in ---------------------------------------------------------------------------------------------------

    def give_password(self, email: str, password: str) -> None:
        """The first page of the log-in; the second asks for the second factor."""
        self.open("/account/login/")
        self.page.fill("[name=login]", email)
        self.page.fill("[name=password]", password)
        self.press("main form button.btn-primary")
        expect(self.page.locator("[name=code]")).to_be_visible()

    def give_code(self, code: Callable[[], str]) -> None:
        """The second factor; one that ran out on the way is given again."""
        for _attempt in range(3):
            self.page.fill("[name=code]", code())
            self.press("main form button.btn-primary")
            if "authenticate" not in self.page.url:
                break
        assert "authenticate" not in self.page.url, self.page.locator("main").inner_text()
        if "/c/" in self.page.url:
            self.client = self.page.url.split("/c/")[1].split("/")[0]

    def set_up_second_factor(self) -> None:
        """What somebody does who is let in nowhere before: an app on the telephone, then the recovery codes."""
        self.press("a[href*='/2fa/totp/activate']")
        for _attempt in range(3):
            secret = self.page.input_value("#authenticator_secret")
            self.page.fill("[name=code]", one_time_code(secret, time.time()))
            self.page.locator("main form .btn-primary").click()
            expect(self.page.locator("#recovery_codes, .invalid-feedback, [aria-invalid=true]").first).to_be_visible()
            if "totp" not in self.page.url:
                return
        raise AssertionError(self.page.locator("main").inner_text())

    def speak(self, language: str) -> None:
        """Choose the language in one's own menu, unless the page speaks it already."""
        if self.page.locator("html").get_attribute("lang") == language:
            return
        menu = self.page.locator(".topbar details.menu")
        menu.locator("summary").click()
        menu.locator(f"button[name=language][value={language}]").click()
        expect(self.page.locator("html")).to_have_attribute("lang", language)

    # --- contacts -------------------------------------------------------------------------------------------------

    def offer_file(self, path: Path) -> None:
        """Upload a contact file, up to the page that asks what its columns are."""
        self.open("contacts/imports/new")
        self.page.set_input_files("input[type=file]", path)
        self.press("main form button.btn-primary")
        expect(self.page.locator("table.mapping")).to_be_visible()

    def say_where_it_comes_from(self, book: str, source: str) -> None:
        """Fill the lower half of the mapping page: book, legal basis and source."""
        self.page.select_option("#id_book", "")
        self.page.fill("#id_new_book", book)
        self.page.select_option("#id_legal_basis", "consent")
        self.page.fill("#id_source", source)

    def check_import(self) -> dict[str, int]:
        """See what would happen: rows, new, updated, refused, reachable, opt-outs kept, in the order of the page."""
        self.press("button[name=do][value=check]")
        expect(self.page.locator("button[value=start]")).to_be_visible()
        values = [number_in(text) for text in self.page.locator(".stat-value").all_inner_texts()]
        return dict(zip(("rows", "imported", "updated", "rejected", "reachable", "kept"), values, strict=True))

    def run_import(self) -> dict[str, int]:
        """Import for good and wait for the end; answers new, updated and refused."""
        self.press("button[name=do][value=start]")
        self.wait_for("form[action$='/undo']")
        values = [number_in(text) for text in self.page.locator(".stat-value").all_inner_texts()]
        return dict(zip(("imported", "updated", "rejected"), values, strict=True))

    # --- segments -------------------------------------------------------------------------------------------------

    def build_segment(self, name: str, town: str) -> int:
        """Consent by SMS and a town: the second row is added, chosen and filled, and the counts follow."""
        page = self.page
        self.open("segments/new")
        page.fill("#segment-name", name)
        page.select_option("[name='r_0-state']", "granted")
        self._counted()
        self.press("button[name=do][value=row]")
        expect(page.locator("[name='r_1-is']")).to_be_visible()
        page.select_option("[name='r_1-is']", "town")
        self._counted()
        page.fill("[name='r_1-prefixes']", town)
        page.locator("[name='r_1-prefixes']").blur()
        self._counted()
        expect(page.locator(".builder-side .builder-sentence")).to_contain_text(town)
        return number_in(page.locator(".builder-side .count strong").inner_text())

    def _counted(self) -> None:
        """Let the counts arrive: by themselves with scripts, by the button without."""
        if self.javascript:
            self.page.wait_for_timeout(400)
            self.page.wait_for_function("() => !document.querySelector('.htmx-request')")
        else:
            self.press("button[name=do][value=count]")

    def save_segment(self) -> None:
        """Keep it; the page of the segment follows."""
        self.press("button[name=do][value=save]")
        self.page.wait_for_url(re.compile(r"/segments/[0-9a-f-]{36}$"))

    # --- campaigns ------------------------------------------------------------------------------------------------

    def start_campaign(self, name: str) -> None:
        """A draft with a name, up to its audience."""
        self.open("campaigns/new")
        self.page.fill("#id_name", name)
        self.press("main form button.btn-primary")
        expect(self.page.locator("#audience-form")).to_be_visible()

    def choose_audience(self, segment: str) -> None:
        """Tick one segment; with scripts the count follows."""
        label = self.page.locator("fieldset").first.locator("label", has_text=segment)
        label.locator("input").check()
        if self.javascript:
            expect(self.page.locator("#reach .reach-total")).to_be_visible()

    def write_text(self, text: str) -> None:
        """Write the text and press the button that adds the STOP mention; the phone shows both."""
        self.press("#audience-form button.btn-primary")
        page = self.page
        page.fill("[name=text_A]", text)
        page.select_option("[name=sender]", index=1)
        if not self.javascript:
            self.press("#content-form .card-footer button:not(.btn-primary)")
        page.locator("button[name=mention]").click()
        expect(page.locator(".bubble").first).to_contain_text("STOP SMS")
        expect(page.locator("button[name=mention]")).to_have_count(0)

    def choose_moment(self) -> None:
        """Go to the schedule and leave it at now."""
        self.press("#content-form button[name=next]")
        self.page.locator("[name=timing][value=now]").check()

    def read_checks(self) -> None:
        """Go to the checks; nothing may stop this campaign."""
        self.press("main .wizard form button.btn-primary")
        expect(self.page.locator(".checks")).to_be_visible()
        expect(self.page.locator(".checks .check-stop")).to_have_count(0)

    def answer_for_it(self) -> int:
        """Go to the confirmation; answers how many people it names."""
        self.press("main .wizard form .btn-primary:not([type=button])")
        return number_in(self.page.locator("form.confirm h2").inner_text())

    def launch(self, people: int) -> None:
        """Type the number when asked, and launch."""
        typed = self.page.locator("form.confirm [name=typed]")
        if typed.count():
            typed.fill(str(people))
        self.press("form.confirm button.btn-primary")
        self.page.wait_for_url("**/progress")

    def wait_for(self, *selectors: str, seconds: float = 60) -> None:
        """Wait until one of these is on the page, which renews itself with scripts and is loaded again without."""
        deadline = time.monotonic() + seconds
        while not any(self.page.locator(selector).count() for selector in selectors):
            assert time.monotonic() < deadline, f"never came: {selectors} on {self.page.url}"
            self.page.wait_for_timeout(500)
            if not self.javascript:
                self.page.reload()
