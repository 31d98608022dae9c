"""How long people wait for a page when their client has a million contacts.

`sofy bench pages [--contacts N] [--rounds N] [--fresh] [--json]`. Each page is asked of the product's WSGI application
by a logged-in owner with a second factor, as role sofy_web under row-level security. A page's time is the time of
everything its reader waits for: redirects are followed, and what the page loads at once by HTMX is loaded. The
contacts, names, numbers and places asked for change from round to round.
"""

import io
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit
from wsgiref.util import setup_testing_defaults

from tools.bench import data, imports, options
from tools.bench.database import peak_mb, percentile

MEDIAN_MS, P95_MS = 100.0, 200.0
WARM_UP = 2
SOME = 40
NEARBY = "Autour de Lyon"
TREE = {
    "is": "all",
    "of": [
        {"is": "near", "km": 40, "latitude": 45.76, "longitude": 4.84},
        {"is": "any", "of": [{"is": "language", "values": ["fr"]}, {"is": "age", "at_least": 18, "at_most": 35}]},
        {"is": "behaviour", "what": "clicked", "days": 30, "not": True},
    ],
}
AT_ONCE = re.compile(r'<[^>]*hx-get="([^"]+)"[^>]*hx-trigger="load[^>]*>')


class Reader:
    """Somebody with a browser: cookies, redirects, and what a page loads by itself."""

    def __init__(self, email: str) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client as Browser

        from sofy.project.wsgi import application

        browser = Browser()
        user = get_user_model().objects.get(email=email)
        browser.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        self.cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        self.application = application

    def open(self, path: str, form: dict[str, str] | None = None) -> float:
        """Milliseconds until the whole page is there."""
        began = time.perf_counter()
        body = self._get(path, form)
        for part in AT_ONCE.findall(body):
            self._get(unescape(part), htmx=True)
        return (time.perf_counter() - began) * 1000

    def _get(self, path: str, form: dict[str, str] | None = None, *, htmx: bool = False) -> str:
        status, headers, body = self._ask(path, form, htmx)
        if status in (301, 302, 303):
            return self._get(headers["Location"])
        assert status == 200, f"{path} answered {status}"
        return body

    def _ask(self, path: str, form: dict[str, str] | None, htmx: bool) -> tuple[int, dict[str, str], str]:
        address = urlsplit(path)
        environ: dict[str, Any] = {
            "REMOTE_ADDR": "127.0.0.1",
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HTTP_ACCEPT_LANGUAGE": "fr",
            **({"HTTP_HX_REQUEST": "true"} if htmx else {}),
        }
        setup_testing_defaults(environ)
        if form is not None:
            content = urlencode({**form, "csrfmiddlewaretoken": self.cookies["csrftoken"]}).encode()
            environ |= {
                "REQUEST_METHOD": "POST",
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
                "CONTENT_LENGTH": str(len(content)),
                "wsgi.input": io.BytesIO(content),
            }
        answered: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _problem: Any = None) -> None:
            answered.update(status=int(status[:3]), headers=headers)

        body = self.application(environ, start_response)
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        for name, value in answered["headers"]:
            if name == "Set-Cookie":
                cookie, _, kept = value.split(";", 1)[0].strip().partition("=")
                self.cookies[cookie] = kept
        return answered["status"], dict(answered["headers"]), content.decode()


@dataclass(frozen=True)
class Page:
    """One of the main pages: what is asked each round."""

    name: str
    address: Callable[[], str]
    form: Callable[[], dict[str, str]] | None = None


def pages(base: data.Base, pick: random.Random) -> list[Page]:
    """The main pages of a client, as its people open them."""
    from sofy.audience.models import Contact
    from sofy.audience.segments.models import Segment
    from sofy.kit.rls import client_scope

    here = f"/c/{base.slug}"
    report = f"{here}/campaigns/{base.campaign}/report"
    with client_scope(base.client):
        people = Contact.objects.filter(client_id=base.client).order_by("id").values_list("id", flat=True)
        some = [people[pick.randrange(base.contacts)] for _ in range(SOME)]
        nearby, _made = Segment.objects.get_or_create(client_id=base.client, name=NEARBY, defaults={"tree": TREE})

    def name() -> str:
        return urlencode({"name": pick.choice(imports.LAST_STARTS) + pick.choice(imports.LAST_ENDS)})

    def place() -> str:
        return urlencode({"place": pick.choice(imports.PLACES)[1]})

    def number() -> dict[str, str]:
        return {"q": f"07 00 {pick.randrange(base.contacts):06d}"}

    return [
        Page("home", lambda: f"{here}/"),
        Page("contacts", lambda: f"{here}/contacts"),
        Page("contacts, further on", lambda: f"{here}/contacts?after={pick.choice(some)}"),
        Page("contacts by name", lambda: f"{here}/contacts?{name()}"),
        Page("contacts by place", lambda: f"{here}/contacts?{place()}"),
        Page("contact by phone", lambda: f"{here}/contacts/find", number),
        Page("contact", lambda: f"{here}/contacts/{pick.choice(some)}"),
        Page("segments", lambda: f"{here}/segments"),
        Page("segment", lambda: f"{here}/segments/{nearby.pk}"),
        Page("campaigns", lambda: f"{here}/campaigns/"),
        Page("campaign report", lambda: report),
        Page("people of a figure", lambda: f"{report}/people?figure=failed"),
        Page("imports", lambda: f"{here}/contacts/imports"),
        Page("message log", lambda: f"{here}/messages/"),
        Page("audit", lambda: f"{here}/audit/"),
    ]


def measure(base: data.Base, rounds: int) -> dict[str, Any]:
    """Ask for every page in turn, round after round."""
    pick = random.Random(5)
    asked, reader = pages(base, pick), Reader(data.OWNER)
    taken: dict[str, list[float]] = {page.name: [] for page in asked}
    for number in range(WARM_UP + rounds):
        for page in asked:
            waited = reader.open(page.address(), page.form() if page.form else None)
            if number >= WARM_UP:
                taken[page.name].append(waited)
    every = [waited for waits in taken.values() for waited in waits]
    return {
        "name": "pages",
        "n": base.contacts,
        "requests": len(every),
        "seconds": round(sum(every) / 1000, 2),
        "per_second": round(len(every) * 1000 / sum(every), 1),
        "p50_ms": percentile(every, 0.5),
        "p95_ms": percentile(every, 0.95),
        "p99_ms": percentile(every, 0.99),
        "rss_mb": round(peak_mb(), 1),
        "pages": {
            name: {"p50_ms": percentile(waits, 0.5), "p95_ms": percentile(waits, 0.95), "most_ms": percentile(waits, 1)}
            for name, waits in taken.items()
        },
    }


def run(contacts: int, rounds: int = 40, *, fresh: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Measure on a database with that many contacts."""
    with data.base(contacts, fresh=fresh, quiet=quiet) as base:
        return measure(base, rounds)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench pages", __doc__)
    parser.add_argument("--contacts", type=options.whole(options.RESERVED), default=1_000_000)
    parser.add_argument("--rounds", type=options.whole(options.MOST_ROUNDS), default=40)
    parser.add_argument("--fresh", action="store_true", help="fill the database again")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.contacts, given.rounds, fresh=given.fresh, quiet=given.json)
    if not given.json:
        print(f"{'page':>24}  {'median ms':>10}  {'p95 ms':>8}  {'most ms':>8}")
        for name, waits in result["pages"].items():
            print(f"{name:>24}  {waits['p50_ms']:>10}  {waits['p95_ms']:>8}  {waits['most_ms']:>8}")
        print(f"{'all':>24}  {result['p50_ms']:>10}  {result['p95_ms']:>8}")
        met = all(each["p50_ms"] < MEDIAN_MS and each["p95_ms"] < P95_MS for each in result["pages"].values())
        print(
            f"target: every page under {MEDIAN_MS:.0f} ms median and {P95_MS:.0f} ms p95: {'met' if met else 'MISSED'}"
        )
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
