"""Domains that clients write e-mails from: what their DNS must say, asked of a DNS server on this machine."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_client
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.messaging import email_dns
from sofy.messaging.dns_lookup import resolver
from sofy.messaging.email_dns import NoAnswer, Route, look
from sofy.messaging.models import EmailDomain
from sofy.messaging.services import email_domains as services

ROUTE = Route("sofy1", "mail.sofy.example", "retours.sofy.example")
KEY = "v=DKIM1; k=rsa; p=MIIB"
GOOD = {
    ("sofy1._domainkey.lefour.example", "CNAME"): ["sofy1._domainkey.mail.sofy.example."],
    ("sofy1._domainkey.mail.sofy.example", "TXT"): [KEY],
    ("lefour.example", "TXT"): ["google-site-verification=x", "v=spf1 include:retours.sofy.example ~all"],
    ("_dmarc.lefour.example", "TXT"): ["v=DMARC1; p=none; rua=mailto:x@lefour.example"],
}


class Zone:
    """A DNS server for a few names, over UDP on loopback."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            raw, who = self._socket.recvfrom(4096)
            if not raw:
                return
            query = dns.message.from_wire(raw)
            answer = dns.message.make_response(query)
            answer.flags |= 0x80
            if self.silent:
                answer.set_rcode(dns.rcode.SERVFAIL)
            else:
                name, kind = query.question[0].name.to_text(True), dns.rdatatype.to_text(query.question[0].rdtype)
                for target in self.records.get((name, "CNAME"), []):
                    answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", target))
                    name = target.rstrip(".")
                texts = [f'"{one}"' if kind == "TXT" else one for one in self.records.get((name, kind), [])]
                if texts:
                    answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *texts))
                elif not answer.answer and not any(known == name for known, _ in self.records):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), who)


@pytest.fixture
def zone() -> Iterator[Zone]:
    made = Zone()
    yield made
    made.stop()


def states(zone: Zone) -> dict[str, str]:
    return {each.record.check: each.state for each in look("lefour.example", [ROUTE], resolver(zone.address))}


def test_a_domain_that_says_everything_is_ok(zone):
    zone.records = dict(GOOD)

    assert states(zone) == {"dkim-sofy1": "ok", "spf": "ok", "dmarc": "ok"}


def test_the_key_itself_pasted_as_text_is_as_good(zone):
    zone.records = {**GOOD, ("sofy1._domainkey.lefour.example", "TXT"): ["v=DKIM1;k=rsa;p=MI IB"]}
    del zone.records["sofy1._domainkey.lefour.example", "CNAME"]

    assert states(zone)["dkim-sofy1"] == "ok"


@pytest.mark.parametrize(
    ("check", "name", "texts", "state", "value"),
    [
        ("dkim-sofy1", "sofy1._domainkey.lefour.example", ["v=DKIM1; k=rsa; p=other"], "wrong", None),
        ("spf", "lefour.example", ["unrelated"], "missing", "v=spf1 include:retours.sofy.example ~all"),
        ("spf", "lefour.example", ["v=spf1 mx -all"], "wrong", "v=spf1 mx include:retours.sofy.example -all"),
        ("spf", "lefour.example", ["v=spf1 mx"], "wrong", "v=spf1 mx include:retours.sofy.example ~all"),
        ("spf", "lefour.example", ["v=spf1 include:retours.sofy.example -all", "v=spf1 mx -all"], "wrong", None),
        ("dmarc", "_dmarc.lefour.example", ["v=DMARC1; rua=mailto:x@x.example"], "wrong", "v=DMARC1; p=quarantine"),
        ("dmarc", "_dmarc.lefour.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "wrong", None),
    ],
)
def test_what_is_not_right_comes_with_the_record_to_paste(zone, check, name, texts, state, value):
    zone.records = {key: there for key, there in GOOD.items() if key[0] != name} | {(name, "TXT"): texts}

    (found,) = [one for one in look("lefour.example", [ROUTE], resolver(zone.address)) if one.record.check == check]

    assert found.state == state
    assert value is None or found.record.value == value


def test_an_empty_domain_lacks_everything(zone):
    zone.records = {("sofy1._domainkey.mail.sofy.example", "TXT"): [KEY]}

    assert set(states(zone).values()) == {"missing"}


def test_a_server_that_does_not_answer_says_nothing(zone):
    zone.silent = True

    assert set(states(zone).values()) == {"unknown"}


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_dns_says_is_judged(texts):
    found = look("lefour.example", [ROUTE], lambda name, kind: texts)

    assert {one.state for one in found} <= {"ok", "missing", "wrong"}


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    with engine_db.connect("admin", autocommit=True) as admin:
        config = {"dkim_selector": "sofy1", "dkim_domain": ROUTE.domain, "envelope_domain": ROUTE.returns}
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, channel, config, price_eur, created_at, updated_at)"
            " VALUES (%s, 'mails', 'Mails', 'email_smtp', 'email', %s, 0, now(), now())",
            [ids.uuid7(), Jsonb(config)],
        )
    return create_client(name="Le Four", slug=f"c{ids.base58(8).lower()}")


def known(texts):
    return lambda name, kind: texts.get((name, kind), texts.get((name, "TXT"), []))


@pytest.mark.clause("CGVU 3.3")
@pytest.mark.django_db(databases=["default", "staff"])
def test_a_domain_is_verified_and_loses_it(client):
    good = {**GOOD, ("sofy1._domainkey.lefour.example", "TXT"): [KEY]}

    def silence(name: str, kind: str) -> list[str]:
        raise NoAnswer

    with client_scope(client.pk):
        row = services.add(client.pk, domain="LeFour.example", actor="test")
        assert services.routes() == [ROUTE]
        assert not services.is_verified(client.pk, "bonjour@lefour.example")
        services.check(client.pk, row.pk, resolve=known(good))
        assert services.is_verified(client.pk, "bonjour@lefour.example")
        services.check(client.pk, row.pk, resolve=silence)
        assert services.is_verified(client.pk, "bonjour@lefour.example"), "silence changes no verdict"
        services.check(client.pk, row.pk, resolve=known({}))
        assert not services.is_verified(client.pk, "bonjour@lefour.example")


@pytest.mark.django_db(databases=["default", "staff"])
@pytest.mark.parametrize(
    "wrong", ["", "lefour", "a b.example", "le_four.example", "192.0.2.1", "-x.example", "x" * 300]
)
def test_what_is_no_domain_is_refused(client, wrong):
    with client_scope(client.pk), pytest.raises(Refused, match="email_domain"):
        services.add(client.pk, domain=wrong, actor="test")


@pytest.mark.django_db(databases=["default", "staff"])
def test_a_domain_with_accents_is_written_as_dns_has_it(client):
    with client_scope(client.pk):
        assert services.add(client.pk, domain="Café.example", actor="test").domain == "xn--caf-dma.example"


@pytest.mark.django_db(databases=["default", "staff"])
@pytest.mark.parametrize(("language", "heading"), [("en", "E-mail domains"), ("fr", "Domaines d’e-mail")])
def test_the_page_adds_shows_checks_and_removes(client, monkeypatch, language, heading):
    monkeypatch.setattr(services, "resolver", lambda server: known(GOOD))
    browser = Browser(headers={"accept-language": language})
    browser.force_login(make_user(client=client, role="owner"), "allauth.account.auth_backends.AuthenticationBackend")
    address = f"/c/{client.slug}/email-domains/"

    assert browser.post(address, {"domain": "no domain"}).status_code == 422
    assert browser.post(address, {"domain": "lefour.example"}).status_code == 302
    shown = browser.get(address).content.decode()
    assert heading in shown
    assert "sofy1._domainkey.lefour.example" in shown
    with client_scope(client.pk):
        (row,) = EmailDomain.objects.all()
    assert browser.post(f"{address}{row.pk}/check").status_code == 302
    assert "v=spf1 include:retours.sofy.example ~all" in browser.get(address).content.decode()
    assert browser.post(f"{address}{row.pk}/remove").status_code == 302
    assert browser.post(f"{address}{row.pk}/check").status_code == 404


def test_a_name_is_no_domain_without_a_point():
    assert email_dns.DOMAIN.fullmatch("lefour.example")
    assert not email_dns.DOMAIN.fullmatch("example")
