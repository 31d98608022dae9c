"""Something happened to a contract: what follows is shown first, and is what then follows."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.billing import queries
from sofy.billing.services import events, foresight, freezing
from sofy.billing.services.foresight import Trial
from sofy.billing.tests.signed import Content, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import OrderForm
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 4, 16, 8, 0, tzinfo=UTC)
MORE = {"type": "poi_activated", "at": "2026-04-16", "count": 5}
LESS = {"type": "poi_decrease", "at": "2026-04-16", "count": 3}


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def form():
    made = signed(make_client("Boulangerie Martin"), make_entity())
    caught_up(made)
    return made


def caught_up(form, day=date(2026, 4, 16)):
    freezing.catch_up(form.client_id, form.pk, as_of=day, validator=Content())


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def foreseen(form, **tried):
    return foresight.foresee(form.client_id, form.pk, Trial(**tried))


def recorded(form, event, key=None):
    return foresight.record(form.client_id, form.pk, event, key=key or uuid4(), actor=ACTOR)


def hidden(name, page):
    found = re.search(f'name="{name}" value="([^"]+)"', page)
    assert found
    return found[1]


def log(form):
    with staff_scope():
        return [type(one).__name__ for one in events.of(form)]


@pytest.mark.clause("CGVU 4")
def test_what_is_shown_is_what_then_follows(form):
    found = foreseen(form, event=MORE)
    shown = [(paper.state, paper.told["kind"], paper.told["gross_eur"]) for paper in found.papers]

    recorded(form, MORE)
    caught_up(form)

    with client_scope(form.client_id):
        issued = queries.invoices(form.client_id)
    assert shown[0] == ("new", "invoice", "96.00")  # 5 x 32.00 x 15/30, with VAT
    assert issued[0].gross_eur == Decimal("96.00")
    assert [line["because"]["article"] for line in found.papers[0].told["lines"]] == ["CGVU 4"]
    assert {state for state, _, _ in shown[1:]} == {"changed"}  # each month to come is dearer
    assert foreseen(form, event=LESS | {"count": 1}).papers[0].told["issued_on"] == "2027-04-01"


@pytest.mark.clause("CGVU 8.3")
def test_fewer_points_of_sale_count_from_the_end_of_the_period_and_nothing_comes_back(form):
    found = foreseen(form, event=LESS)

    (quota,) = [one.entry for one in found.changes]
    assert (quota["from"], quota["before"], quota["after"]) == ("2027-04-01", 20, 17)
    assert quota["because"]["article"] == "CGVU 8.3"
    assert [(paper.state, paper.told["issued_on"]) for paper in found.papers] == [("changed", "2027-04-01")]
    assert log(form) == []


def test_what_was_frozen_and_what_is_not_are_told_apart(form):
    found = foreseen(form, event={"type": "terminated", "at": "2026-04-16", "reason": "ethics", "decided_by": "Léa"})

    assert {paper.state for paper in found.papers} == {"gone"}
    assert [paper.number for paper in found.papers] == [""] * 12
    assert [one.entry["reason"] for one in found.changes if one.part == "ends"] == ["ethics"]


@pytest.mark.clause("CGVU 7.2")
def test_what_the_contract_refuses_is_said_with_its_article_and_not_recorded(form):
    event = {"type": "terminated", "at": "2026-04-16", "reason": "default", "decided_by": "Léa"}

    (refused,) = foreseen(form, event=event).refused
    with pytest.raises(Refused, match="event_refused"):
        recorded(form, event)

    assert (refused["why"], refused["because"]["article"]) == ("second_notice_needed", "CGVU 7.2")
    assert log(form) == []


@pytest.mark.parametrize(
    ("event", "gross_eur"),
    [
        ({"type": "charge", "at": "2026-04-16", "label": "Training", "amount_eur": "100"}, ["120.00"]),
        ({"type": "fine", "at": "2026-04-16", "amount_eur": "10000", "authority": "CNIL"}, ["10000.00", "1800.00"]),
        ({"type": "solicitation", "at": "2026-04-16", "yearly_pay_eur": "48000"}, ["24000.00"]),
        ({"type": "indemnity", "at": "2026-04-16", "amount_eur": "100"}, []),
    ],
)
def test_each_event_shows_its_document(form, event, gross_eur):
    found = foreseen(form, event=event)

    assert [paper.told["gross_eur"] for paper in found.papers] == gross_eur
    assert found.nothing is not bool(gross_eur)


@pytest.mark.clause("CGVU 21.1")
def test_a_damage_shows_what_can_be_asked_at_most(form):
    paid = {"type": "payment", "at": "2026-04-10", "amount_eur": "1800.00"}
    events.record(form.client_id, form.pk, paid, source="bank", source_key="1", actor=ACTOR)

    (cap,) = [one.entry for one in foreseen(form, event={"type": "damage", "at": "2026-04-16"}).changes]

    assert (cap["cap_eur"], cap["because"]["article"]) == ("1500.00", "CGVU 21.1")


def test_a_rate_and_a_reading_are_tried_on_one_contract_and_stay_untried(form):
    clock.install(lambda: datetime(2026, 8, 3, 8, 0, tzinfo=UTC))
    caught_up(form, clock.now().date())

    rate = foreseen(form, row=("legal_rate", {"half": "2026-H2", "percent": "10"}))
    reading = foreseen(form, reading={"onboarding_due": "net_days"})

    assert rate.penalties
    assert all(row.after_eur > row.before_eur for row in rate.penalties)
    assert rate.papers == []
    assert not reading.nothing or reading.papers == []
    with pytest.raises(Refused, match="table_unreadable"):
        foreseen(form, row=("legal_rate", {"half": "2026-H3", "percent": "10"}))


def test_a_form_sent_twice_counts_once(form):
    key = uuid4()

    told = [recorded(form, MORE, key) for _again in range(2)]

    assert told == [True, False]
    assert log(form) == ["PoiActivated"]
    with staff_scope():
        assert OrderForm.objects.using("staff").get(pk=form.pk).licences == {"soview": 25}


def test_what_is_to_come_is_tried_and_not_recorded(form):
    event = MORE | {"at": "2026-05-01"}

    assert foreseen(form, event=event).papers
    with pytest.raises(Refused, match="event_in_future"):
        recorded(form, event)


@pytest.mark.parametrize(
    ("language", "see", "kept"),
    [("en", "What follows", "It is recorded"), ("fr", "Ce qui s’ensuit", "C’est enregistré")],
)
def test_staff_sees_what_follows_then_records_it(form, language, see, kept):
    staff = browser(make_user(is_operator=True, full_name="Léa Petit"), language)
    path = f"/op/invoices/contract/{form.client_id}/{form.pk}/record"
    given = {"what": "poi_activated", "at": "2026-04-16T00:00", "count": "5", "items": ["soview"]}

    chooser = unescape(staff.get(path).text)
    empty = unescape(staff.get(path, {"what": "poi_activated"}).text)
    key = hidden("key", empty)
    preview = unescape(staff.post(path, given | {"key": key, "step": "preview"}).text)
    seen = hidden("seen", preview)
    changed = unescape(staff.post(path, given | {"key": key, "seen": seen, "count": "6", "step": "record"}).text)
    before = log(form)
    answers = [staff.post(path, given | {"key": key, "seen": seen, "step": "record"}, follow=True) for _ in range(2)]

    assert "?what=terminated" in chooser
    assert see in preview
    assert {"en": "96.00", "fr": "96,00"}[language] in preview
    assert "CGVU 4" in preview
    assert see in changed  # what was not seen is not recorded
    assert before == []
    assert kept in unescape(answers[0].text)
    assert log(form) == ["PoiActivated"]


@pytest.mark.parametrize(
    "what", ["charge", "fine", "damage", "indemnity", "solicitation", "terminated", "poi_decrease"]
)
def test_an_end_is_decided_by_who_is_logged_in_and_every_form_can_be_read(form, what):
    staff = browser(make_user(is_operator=True, full_name="Léa Petit"))
    path = f"/op/invoices/contract/{form.client_id}/{form.pk}/record"
    given = {"what": what, "at": "2026-04-16T09:00", "amount_eur": "10,50", "label": "Training", "authority": "CNIL",
             "yearly_pay_eur": "48 000", "reason": "ethics", "count": "1", "step": "preview"}  # fmt: skip

    page = staff.post(path, given)
    wrong = staff.post(path, {"what": what, "step": "preview"})

    assert page.status_code == 200
    assert ("Decided by: Léa Petit" in page.text) == (what == "terminated")
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("legal_rate", {"half": "2026-H2", "percent": "4,5"}),
        ("index", {"month": "2026-08", "value": "318", "published_on": "2026-10-30"}),
        ("reading", {"reading": "second_notice=false"}),
    ],
)
def test_what_is_of_all_contracts_is_only_tried(form, what, given):
    staff = browser(make_user(is_operator=True))
    path = f"/op/invoices/contract/{form.client_id}/{form.pk}/record"

    page = staff.post(path, given | {"what": what, "step": "record"})

    assert page.status_code == 200
    assert "What follows" in page.text
    assert 'value="record"' not in page.text


@pytest.mark.clause(
    "CGVU 4", "CGVU 7.2", "CGVU 8.3", "CGVU 13", "CGVU 16", "CGVU 19", "CGVU 21.1", "CGVU 21.2", "CGVU 29"
)
def test_only_staff_records_and_an_unknown_contract_is_not_there(form):
    path = f"/op/invoices/contract/{form.client_id}/{form.pk}/record"
    with staff_scope():
        owner = browser(make_user(client=make_client()))
    staff = browser(make_user(is_operator=True))

    assert staff.get(path).status_code == 200
    assert owner.get(path).status_code == 404
    assert owner.post(path, {"what": "charge"}).status_code == 404
    assert staff.get(f"/op/invoices/contract/{make_client().pk}/{form.pk}/record").status_code == 404
    assert staff.get(f"/op/invoices/contract/{form.client_id}/{uuid4()}/record").status_code == 404
