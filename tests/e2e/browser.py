"""A real browser, and eyes: what every page must stand, in any language, at any width, light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    TimeoutError,
    sync_playwright,
)
from tools import browser as machine

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "var" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE, SMALLEST = 1280, 390, 320
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    # Renders text alike on every machine, so that pictures and contrasts do not depend on fonts' smoothing.
    "--font-render-hinting=none",
]
NO_BROWSER = os.environ.get("SOFY_NO_BROWSER") == "1"

_OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return "";
  const out = [...document.body.querySelectorAll("*")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width && box.right > wide + 1 && !node.closest(".table-responsive, [hidden], .visually-hidden");
  });
  return out.slice(0, 4).map((node) => `${node.tagName.toLowerCase()}.${node.className}`).join(", ") || "the page";
}"""
_AXE = """async (rules) => {
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false, ...rules });
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 4).map((node) => {
      const data = node.any[0]?.data;
      const colours = data?.contrastRatio ? ` ${data.fgColor} on ${data.bgColor} ${data.contrastRatio}` : "";
      return node.target.join(" ") + colours;
    }).join(" | ")}`);
}"""
#: Axe takes longest: of pages seen in both languages it looks at the French ones in light, the English ones in dark.
SHADES = {"fr": ("light",), "en": ("dark",)}
CONTRAST_ONLY = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser of this machine, started. Raises: AssertionError when there is none."""
    program = machine.find()
    assert program, "No browser: install chromium, name one in SOFY_BROWSER, or set SOFY_NO_BROWSER=1."
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(program), args=arguments, env=dict(machine.environment())
        )
        try:
            yield started
        finally:
            started.close()


def person(
    browser: Browser, *, language: str, width: int = DESKTOP, javascript: bool = True, state: Any = None
) -> BrowserContext:
    """Somebody with a screen, a language and perhaps no scripts; `state` is where another visit left the cookies."""
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width > 600 else 844},
        locale={"fr": "fr-FR", "en": "en-GB"}[language],
        timezone_id="Europe/Paris",
        java_script_enabled=javascript,
        reduced_motion="reduce",
        color_scheme="light",
        accept_downloads=True,
        storage_state=state,
    )
    context.set_default_timeout(30_000)
    return context


@dataclass
class Eyes:
    """Looks at pages, keeps pictures of them and remembers everything that was wrong."""

    series: str
    shades: tuple[str, ...] = ("light", "dark")
    problems: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Hear what the page complains about: errors, refusals of its policy, missing files."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._wrong(page, f"script: {error}"))
        page.on("response", self._response)

    def look(self, page: Page, name: str, *, closely: bool = False) -> None:
        """Check one page at every width; closely also means by axe: light on a desk, dark on a phone."""
        self.looked.append(name)
        shape = page.viewport_size or {"width": DESKTOP, "height": 900}
        self._scripts_done(page)
        if page.locator("h1").count() != 1:
            self._wrong(page, f"{name}: {page.locator('h1').count()} headings of the first level")
        for width in (DESKTOP, PHONE, SMALLEST):
            self._resize(page, width)
            if out := self._too_wide(page):
                self._wrong(page, f"{name}: wider than {width} px: {out}")
            if width != SMALLEST:
                self._picture(page, f"{name}-{width}")
            if closely and width == DESKTOP and "light" in self.shades:
                self._judge(page, name, {})
        if closely and "dark" in self.shades:
            page.emulate_media(color_scheme="dark")
            self._resize(page, PHONE)
            self._scripts_done(page)
            self._judge(page, f"{name}, dark, on a phone", CONTRAST_ONLY if "light" in self.shades else {})
            page.emulate_media(color_scheme="light")
        page.set_viewport_size(shape)

    @staticmethod
    def _too_wide(page: Page) -> str:
        """What sticks out sideways; charts draw themselves again a moment after the window has changed."""
        for _look in range(15):
            if not (out := str(page.evaluate(_OVERFLOW))):
                break
            page.wait_for_timeout(100)
        return out

    @staticmethod
    def _resize(page: Page, width: int) -> None:
        page.set_viewport_size({"width": width, "height": 900 if width > 600 else 844})

    def _judge(self, page: Page, name: str, rules: dict[str, Any]) -> None:
        # The browser's own door for tools: the policy of the page stays as strict as it is.
        page.evaluate(f"() => {{ if (!window.axe) {{ {AXE.read_text('utf-8')} }} }}")
        for violation in page.evaluate(_AXE, rules):
            self._wrong(page, f"{name}: {violation}")

    def _picture(self, page: Page, name: str) -> None:
        folder = PICTURES / self.series
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{len(self.looked):02}-{name}.jpg"
        try:
            page.screenshot(path=path, type="jpeg", quality=85, full_page=True, timeout=10_000)
        except TimeoutError:  # now and then a browser without a screen draws nothing until it is asked again
            page.screenshot(path=path, type="jpeg", quality=85, full_page=True)

    @staticmethod
    def _scripts_done(page: Page) -> None:
        page.wait_for_load_state("load")
        page.wait_for_timeout(150)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.location.get('url')}: console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.url}: answered {response.status}")

    def _wrong(self, page: Page, what: str) -> None:
        self.problems.append(f"{page.url}: {what}")
