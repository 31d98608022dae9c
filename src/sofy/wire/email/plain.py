"""The words of a page, for those who read mails without pictures and colours."""

import re
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "ol", "p", "section", "table", "tr", "ul",
})  # fmt: skip
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "table", "blockquote", "ul", "ol"})
_HIDDEN: Final = frozenset({"head", "script", "style", "title", "template"})
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_GAPS: Final = re.compile(r"\n{3,}")
_HIDDEN_STYLE: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_NEVER_CLOSED: Final = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


class _Reader(HTMLParser):
    """Collects words line by line; a link keeps its address, a picture its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._hidden: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _HIDDEN or self._hidden or _HIDDEN_STYLE.search(values.get("style") or ""):
            if tag not in _NEVER_CLOSED:
                self._hidden.append(tag)
            return
        if tag == "br":
            self.lines.append("")
        elif tag in _BLOCKS:
            self._break(tag)
            self.lines[-1] += "- " if tag == "li" else ""
        elif tag == "img":
            self._say(values.get("alt") or "")
        elif tag in ("td", "th"):
            self._say(" ")
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self.lines[-1])))

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                del self._hidden[self._hidden.index(tag) :]
            return
        if tag in _BLOCKS:
            self._break(tag)
        elif tag == "a" and self._links:
            href, start = self._links.pop()
            said = self.lines[-1][start:].strip()
            if href.startswith(("http://", "https://", "mailto:", "tel:", "{{")) and href != said:
                self._say(f" ({href})" if said else href)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._say(data)

    def _say(self, data: str) -> None:
        said = _BLANKS.sub(" ", data)
        line = self.lines[-1]
        self.lines[-1] = line + (said.lstrip(" ") if not line or line.endswith(" ") else said)

    def _break(self, tag: str) -> None:
        if self.lines[-1].strip():
            self.lines.append("")
        if tag in _SPACED and len(self.lines) > 1 and self.lines[-2].strip():
            self.lines.append("")


def text_of(html: str) -> str:
    """What a page says, in lines: links with their addresses, pictures by their words, nothing that is hidden."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "\n".join(line.strip() for line in reader.lines)
    return _GAPS.sub("\n\n", text).strip() + "\n"
