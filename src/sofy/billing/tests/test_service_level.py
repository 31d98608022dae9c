"""What befell the Applications counts in every contract that has them; the client claims its credit on its own page."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.billing import queries, tasks
from sofy.billing.models import Invoice
from sofy.billing.services import cases, events, freezing, service_level, tables
from sofy.billing.tests.signed import Content, signed
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client, make_member
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

pytestmark = pytest.mark.clause("CGVU 28")
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
#: 230 minutes of 43,200 in April: 99.4676 %.
AWAY = {
    "type": "incident", "at": "2026-04-10T08:00", "until": "2026-04-10T11:50", "application": "soview",
    "cause": "Power cut",
}  # fmt: skip


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def form():
    made = signed(make_client(), make_entity())
    freezing.catch_up(made.client_id, made.pk, as_of=NOW.date(), validator=Content())
    return made


def of(form):
    with client_scope(form.client_id):
        return queries.credits(form.client_id)


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def test_time_away_counts_in_every_contract_that_has_the_application_and_in_no_other(form):
    other = signed(make_client(), make_entity(), items=[{"code": "m", "product": "messaging", "unit_price_eur": "9"}])

    tables.record("incident", AWAY, actor=ACTOR)

    (line,) = of(form)
    assert (line.told["month"], line.look, line.told["amount_eur"]) == ("2026-04", "credit_claimable", "30.00")
    assert line.told["claim_until"] == date(2026, 5, 15)
    assert of(other) == []


def test_an_incident_written_down_again_counts_as_it_is_then_said(form):
    tables.record("incident", AWAY, actor=ACTOR)
    tables.record("incident", AWAY | {"until": AWAY["at"]}, actor=ACTOR)

    assert of(form) == []


def test_a_shared_incident_does_not_make_a_contract_look_changed_while_it_is_invoiced(form):
    tables.record("incident", AWAY, actor=ACTOR)

    with staff_scope():
        contract = cases.load(form.client_id, form.pk)
    caught = freezing.catch_up(form.client_id, form.pk, as_of=NOW.date(), validator=Content())

    assert (contract.happened, len(contract.case.events)) == (0, 1)
    assert caught.frozen == []


def test_announced_maintenance_is_no_time_away(form):
    work = {"type": "maintenance", "starts_at": "2026-04-10T08:00", "ends_at": "2026-04-10T12:00"}
    tables.record("incident", AWAY, actor=ACTOR)
    tables.record("maintenance", work | {"at": "2026-04-08T08:00"}, actor=ACTOR)

    assert [line.look for line in of(form)] == ["credit_none"]


def test_a_claim_in_time_becomes_a_credit_note_over_the_months_invoice(form):
    tables.record("incident", AWAY, actor=ACTOR)

    for _again in range(2):
        service_level.claim(form.client_id, form.pk, "2026-04", "soview", actor="user:owner")
    freezing.catch_up(form.client_id, form.pk, as_of=NOW.date(), validator=Content())

    with staff_scope():
        (note,) = Invoice.objects.using("staff").filter(order_form=form, kind="credit_note")
        assert len(events.of(form)) == 1
    assert (note.net_eur, note.gross_eur) == (Decimal(30), Decimal(36))
    assert of(form)[0].told["credit_note"] == note.number


@pytest.mark.parametrize(
    ("month", "application", "at", "said"),
    [
        ("2026-04", "soreach", NOW, "credit_none"),
        ("2026-03", "soview", NOW, "credit_none"),
        ("2026-04", "soview", datetime(2026, 5, 15, 22, 0, tzinfo=UTC), "credit_too_late"),
    ],
)
def test_what_cannot_be_claimed_is_refused_with_its_reason(form, month, application, at, said):
    tables.record("incident", AWAY, actor=ACTOR)
    clock.install(lambda: at)

    assert of(form)[0].look == ("credit_lapsed" if said == "credit_too_late" else "credit_claimable")
    with pytest.raises(Refused, match=said):
        service_level.claim(form.client_id, form.pk, month, application, actor="user:owner")


def count(engine_db, client_id, **messages):
    """A day of April as the service level counted it."""
    with engine_db.connect("admin", autocommit=True) as admin:
        for verdict, number in messages.items():
            values = [client_id, verdict, number]
            admin.execute("INSERT INTO service_day VALUES (%s, '2026-04-03', 'alert', 'sms', %s, '', %s)", values)


def test_a_month_of_routing_below_its_promise_is_told_once_and_gives_nothing_back(form, engine_db):
    client, quiet = make_client(), make_client()
    kept = signed(client, make_entity())
    count(engine_db, form.client_id, reached=998_700, withheld=100, lost=1_200, excluded=50, open=7)
    count(engine_db, client.pk, reached=1_000, lost=1)
    signed(quiet, make_entity())

    told = [tasks.routing_of_last_month() for _again in range(2)]

    assert told == [2, 0]
    (line,) = of(form)
    assert (line.look, str(line.reached_percent), line.amount_eur) == ("credit_breach", "99.88", 0)
    assert [one.look for one in of(kept)] == ["credit_none"]


def test_the_month_waits_until_its_receipts_are_in(form, engine_db):
    count(engine_db, form.client_id, reached=10)
    clock.install(lambda: datetime(2026, 5, 3, 21, 59, tzinfo=UTC))

    assert tasks.routing_of_last_month() == 0


@pytest.mark.parametrize(
    ("language", "button", "granted"), [("en", "Claim it", "Credited"), ("fr", "Le demander", "Créditée")]
)
def test_an_owner_sees_what_was_not_kept_and_claims_it(form, language, button, granted):
    tables.record("incident", AWAY, actor=ACTOR)
    with staff_scope():
        client = Client.objects.using("staff").get(pk=form.client_id)
    owner = browser(make_user(client=client), language)
    path = f"/c/{client.slug}/invoices/credits"

    page = unescape(owner.get(path).text)
    answer = owner.post(f"{path}/{form.pk}/2026-04/soview")
    freezing.catch_up(form.client_id, form.pk, as_of=NOW.date(), validator=Content())
    after = unescape(owner.get(path).text)

    assert answer.status_code == 302
    assert button in page
    assert {"en": "April 2026", "fr": "avril 2026"}[language] in page
    assert button not in after
    assert granted in after


def test_only_an_owner_claims_and_nobody_claims_for_another(form):
    tables.record("incident", AWAY, actor=ACTOR)
    with staff_scope():
        client = Client.objects.using("staff").get(pk=form.client_id)
    other = make_client()
    stranger, marketer = browser(make_user(client=other)), browser(make_member(client, "marketer"))

    marketer.post(f"/c/{client.slug}/invoices/credits/{form.pk}/2026-04/soview")
    stranger.post(f"/c/{client.slug}/invoices/credits/{form.pk}/2026-04/soview")
    answer = stranger.post(f"/c/{other.slug}/invoices/credits/{form.pk}/2026-04/soview")

    assert answer.status_code == 404
    assert stranger.get(f"/c/{client.slug}/invoices/credits").status_code == 404
    with staff_scope():
        assert events.of(form) == ()


@pytest.mark.parametrize(("language", "said"), [("en", "Power cut"), ("fr", "Panne de courant")])
def test_staff_write_down_what_befell_an_application(form, language, said):
    staff = browser(make_user(is_operator=True), language)
    given = {"incident-at": "2026-04-10T08:00", "incident-until": "2026-04-10T11:50", "incident-fault": "operator"}
    work = {"maintenance-at": "2026-04-01T08:00", "maintenance-starts_at": "2026-04-05T22:00",
            "maintenance-ends_at": "2026-04-05T23:00"}  # fmt: skip

    empty = staff.get("/op/invoices/incidents")
    wrong = staff.post(
        "/op/invoices/incidents",
        {"what": "incident", **given, "incident-application": "soview", "incident-until": "2026-04-09T08:00",
         "incident-cause": said},
    )  # fmt: skip
    right = staff.post(
        "/op/invoices/incidents",
        {"what": "incident", **given, "incident-application": "soview", "incident-cause": said},
    )
    planned = staff.post("/op/invoices/incidents", {"what": "maintenance", **work})
    page = unescape(staff.get("/op/invoices/incidents").text)

    edges = [
        staff.post("/op/invoices/incidents", {"what": "incident", **given, "incident-application": "soview",
                                              "incident-cause": said, "incident-at": f"{year}-01-01T00:00"})
        for year in ("0001", "9999")
    ]  # fmt: skip

    assert [one.status_code for one in (empty, wrong, right, planned, *edges)] == [200, 422, 302, 302, 422, 422]
    assert said in page
    assert [line.look for line in of(form)] == ["credit_claimable"]
    assert browser(make_user(client=make_client())).get("/op/invoices/incidents").status_code == 404
