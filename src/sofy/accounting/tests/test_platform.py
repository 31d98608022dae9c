"""Invoices and the approved platform, against the simulated one over real HTTP: once, heard once, collected told."""

import asyncio
import http.client
import threading
from datetime import UTC, date, datetime

import msgspec
import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounting import handlers, tasks
from sofy.accounting.models import Deposit, Said
from sofy.accounting.services import books, platform
from sofy.accounts.tests.factories import make_user
from sofy.billing.einvoice.platform.port import PlatformDown
from sofy.billing.models import Invoice
from sofy.billing.services import events, runs
from sofy.billing.tests.signed import Content, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import staff_scope
from sofy.sandbox.approved_platform import server

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def client(entity):
    made = make_client("Boulangerie Martin")
    signed(made, entity)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    return made


class Simulated:
    """A simulated platform in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.platform = server.SimulatedPlatform(server.Config(client_secret="simulated"))
        asyncio.run_coroutine_threadsafe(self.platform.start(), self.loop).result(10)

    @property
    def ledger(self):
        return self.platform.ledger

    def post(self, path, what):
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, timeout=5)
        connection.request("POST", path, msgspec.json.encode(what), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()

    def close(self):
        asyncio.run_coroutine_threadsafe(self.platform.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def simulated(monkeypatch):
    made = Simulated()
    known = msgspec.structs.replace(
        settings.SOFY, platform_url=made.platform.url, platform_client_id="sofy", platform_client_secret="simulated"
    )
    monkeypatch.setattr(settings, "SOFY", known)
    yield made
    made.close()


def first_of(client):
    with staff_scope():
        return Invoice.objects.using("staff").filter(client_id=client.pk).order_by("number")[0]


def said(client):
    with staff_scope():
        rows = Said.objects.using("staff").filter(client_id=client.pk).order_by("at", "code")
        return [(row.code, row.sent_at is not None) for row in rows]


def test_an_invoice_goes_once_however_often_it_is_asked_for(client, simulated):
    invoice = first_of(client)

    for _time in range(3):
        row = platform.deposit(client.pk, invoice.pk)

    assert (row.state, row.tried) == (Deposit.State.DEPOSITED, 1)
    assert [number for _seller, number in simulated.ledger.numbers] == [invoice.number]


def test_an_answer_that_was_lost_does_not_make_it_go_twice(client, simulated):
    invoice = first_of(client)
    platform.deposit(client.pk, invoice.pk)
    with staff_scope():
        Deposit.objects.using("staff").update(state="waiting", flow_id="")

    row = platform.deposit(client.pk, invoice.pk)

    assert row.state == Deposit.State.DEPOSITED
    assert len(simulated.ledger.numbers) == 1


def test_a_platform_that_is_away_is_asked_again(client, simulated):
    invoice = first_of(client)
    simulated.post("/sandbox/faults", ["500"])

    with pytest.raises(PlatformDown):
        platform.deposit(client.pk, invoice.pk)
    assert platform.deposit_waiting() == 1

    with staff_scope():
        assert Deposit.objects.using("staff").get().state == Deposit.State.DEPOSITED


def test_statuses_are_heard_once(client, simulated):
    platform.deposit(client.pk, first_of(client).pk)

    assert platform.hear() == 3
    assert platform.hear() == 0
    simulated.post("/sandbox/buyer", {"number": first_of(client).number, "status": 210, "reason_code": "DOUBLON",
                                      "reason": "Déjà reçue"})  # fmt: skip
    assert platform.hear() == 1

    assert [code for code, _sent in said(client)] == [200, 202, 203, 210]


def test_an_invoice_the_platform_rejects_is_refused_with_its_words(client, simulated):
    invoice = first_of(client)
    simulated.ledger.numbers["919288548", invoice.number] = "another"

    platform.deposit(client.pk, invoice.pk)
    platform.hear()

    with staff_scope():
        row = Deposit.objects.using("staff").get()
        assert (row.state, bool(row.problem)) == (Deposit.State.REFUSED, True)
    assert 213 in [code for code, _sent in said(client)]


@pytest.mark.clause("CGVU 9.2")
def test_what_was_collected_is_told_once_and_a_return_takes_it_back(client, entity, simulated):
    form_id = first_of(client).order_form_id
    platform.deposit(client.pk, first_of(client).pk)
    events.record(client.pk, form_id, {"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00"},
                  source="bank", source_key="1", actor=ACTOR)  # fmt: skip
    books.catch_up(entity.pk)

    assert platform.tell_collected() == 1
    assert platform.tell_collected() == 0
    sent = [held.content for held in simulated.ledger.flows.values() if held.form == "CDAR" and held.direction == "Out"]
    assert b">1800.00<" in sent[0]

    events.record(client.pk, form_id, {"type": "sepa_return", "at": "2026-05-02", "invoice": first_of(client).number},
                  source="bank", source_key="2", actor=ACTOR)  # fmt: skip
    books.catch_up(entity.pk)
    assert platform.tell_collected() == 1
    with staff_scope():
        amounts = [row.by_rate for row in Said.objects.using("staff").filter(code=212).order_by("message_id")]
    assert amounts == [{"20.00": "1800.00"}, {"20.00": "-1800.00"}]


def test_what_could_not_be_told_is_told_later_as_the_same_message(client, entity, simulated):
    form_id = first_of(client).order_form_id
    platform.deposit(client.pk, first_of(client).pk)
    events.record(client.pk, form_id, {"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00"},
                  source="bank", source_key="1", actor=ACTOR)  # fmt: skip
    books.catch_up(entity.pk)
    simulated.post("/sandbox/faults", ["500"])

    with pytest.raises(PlatformDown):
        platform.tell_collected()
    assert said(client) == [(212, False)]
    assert platform.tell_collected() == 1

    assert said(client) == [(212, True)]


def test_only_documents_between_businesses_in_france_travel(entity, simulated):
    client = make_client()
    form_id = signed(client, entity).pk
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    events.record(client.pk, form_id, {"type": "payment", "at": "2026-06-10", "amount_eur": "2520.00"},
                  source="bank", source_key="1", actor=ACTOR)  # fmt: skip
    runs.run(entity.pk, date(2026, 6, 1), actor=ACTOR, validator=Content())
    with staff_scope():
        note = Invoice.objects.using("staff").filter(client_id=client.pk, kind="debit_note").first()

    assert note is not None
    assert platform.deposit(client.pk, note.pk) is None


def test_without_a_platform_nothing_leaves(client, monkeypatch):
    asked = []
    monkeypatch.setattr(handlers, "defer", lambda *facts, **ids: asked.append(facts))

    handlers.deposit(client_id=client.pk, invoice_id=str(first_of(client).pk))

    assert asked == []
    assert platform.deposit(client.pk, first_of(client).pk) is None
    assert tasks.mail_of_the_platform() == 0


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


@LANGUAGES
def test_the_life_of_an_invoice_is_on_both_pages(client, simulated, language):
    invoice = first_of(client)
    ours = browser(make_user(is_operator=True), language)
    theirs = browser(make_user(client=client), language)
    before = theirs.get(reverse("billing:invoice", args=[client.slug, invoice.pk])).text

    pressed = ours.post(reverse("accounting:deposit", args=[client.slug, invoice.pk]))
    platform.hear()

    heading = {"fr": "Plateforme agréée", "en": "Approved platform"}[language]
    words = {"fr": "203 · Mise à disposition", "en": "203 · Available to the buyer"}[language]
    assert pressed.status_code == 302
    assert heading not in before
    for reader, name in ((ours, "billing:invoice-staff"), (theirs, "billing:invoice")):
        page = reader.get(reverse(name, args=[client.slug, invoice.pk])).text
        assert heading in page
        assert words in page


@LANGUAGES
def test_staff_read_that_no_platform_is_set(client, language):
    page = browser(make_user(is_operator=True), language).get(
        reverse("billing:invoice-staff", args=[client.slug, first_of(client).pk])
    )

    assert "SOFY_PLATFORM_URL" in page.text


def test_a_client_sees_the_life_of_its_own_invoices_only(client, simulated):
    platform.deposit(client.pk, first_of(client).pk)
    other = make_client()

    assert platform.said_of(other.pk, first_of(client).pk, using="default") == (None, [])
    reader = browser(make_user(client=client))
    assert reader.post(reverse("accounting:deposit", args=[client.slug, first_of(client).pk])).status_code == 404
