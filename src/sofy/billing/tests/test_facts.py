"""What contracts tells becomes an event of a contract's log, once, and what follows from it follows by replay."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from sofy.billing import tasks
from sofy.billing.case.answer import told
from sofy.billing.models import Event, Problem
from sofy.billing.services import cases, events, facts, freezing
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries as contracts
from sofy.contracts.services import answers, quota, records
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.models import OutboxRow
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
TODAY = date(2026, 5, 20)
TOPICS: dict[str, Any] = {"notice.recorded": facts.notice_recorded, "notice.delivered": facts.notice_delivered,
          "quota.exceeded": facts.opened}  # fmt: skip
SMALL = [
    {"code": "soview", "product": "soview", "label": "SoView", "per": "poi", "quantity": 2, "unit_price_eur": "30.00",
     "list_price_eur": "32.00"},
    {"code": "soconnect", "product": "soconnect", "label": "SoConnect", "per": "poi", "quantity": 1,
     "unit_price_eur": "10.00"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


def log_of(form):
    with staff_scope():
        return list(events.of(form))


def told_of(form, day=TODAY):
    with staff_scope():
        return told(cases.load(form.client_id, form.pk).played(day))


def deliver(form):
    """What the worker does with the events of a client; what fails is not put off but fails the test."""
    with client_scope(form.client_id):
        rows = list(OutboxRow.objects.filter(client_id=form.client_id).order_by("due_at", "id"))
    for row in rows:
        if row.topic in TOPICS:
            TOPICS[row.topic](form.client_id, **{name: UUID(value) for name, value in row.payload.items()})


def notice(form, kind="formal_notice", channel="email", **changes):
    given: dict[str, Any] = {"text": "Payez.", "sent_at": NOW - timedelta(hours=1), "actor": ACTOR} | changes
    return records.record_notice(form.client_id, kind=kind, channel=channel, order_form_id=form.pk, **given)


@pytest.mark.clause("CGVU 7.2")
def test_a_formal_notice_and_its_acknowledgement_begin_the_five_days():
    form = signed(make_client(), make_entity())
    freezing.catch_up(form.client_id, form.pk, as_of=TODAY, validator=Content())
    row = notice(form)

    deliver(form)
    answers.acknowledge(form.client_id, row.pk, actor="user:owner")
    deliver(form)

    (found,) = told_of(form)["notices"]
    assert (found["kind"], found["state"], found["proof"]) == ("formal", "running", "acknowledgement")
    assert found["last_day"] == "2026-05-28"


@pytest.mark.clause("CGVU 7.2")
def test_told_again_a_notice_counts_once():
    form = signed(make_client(), make_entity())
    freezing.catch_up(form.client_id, form.pk, as_of=TODAY, validator=Content())
    row = notice(form, about="A-1, A-2")
    records.record_delivery(
        form.client_id, row.pk, delivered_at=NOW, proof_kind="registered_letter", proof="AR 1", actor=ACTOR
    )

    for _again in range(2):
        facts.notice_recorded(form.client_id, row.pk)
        facts.notice_delivered(form.client_id, row.pk)

    assert [type(one).__name__ for one in log_of(form)] == ["NoticeSent", "NoticeDelivered"]
    assert log_of(form)[0].invoices == ("A-1", "A-2")


@pytest.mark.clause("CGVU 8.2")
@pytest.mark.parametrize(
    ("channel", "reads"),
    [("registered", "registered_letter"), ("e_registered", "registered_letter"), ("mailbox", "mailbox")],
)
def test_a_non_renewal_ends_the_contract_with_its_period(channel, reads):
    form = signed(make_client(), make_entity())

    notice(form, kind="nonrenewal", channel=channel)
    deliver(form)

    (event,) = log_of(form)
    assert (event.channel, event.by) == (reads, "client")
    assert told_of(form)["ends"][0]["last_day"] == "2027-03-31"


@pytest.mark.clause("CGVU 27")
def test_changed_terms_are_told_to_every_contract_of_a_client_and_its_refusal_ends_them():
    client, entity = make_client(), make_entity()
    forms = [signed(client, entity), signed(client, entity, items=bought(onboarding=False))]
    notice(forms[0], kind="terms", about="2026-03-24")
    notice(forms[0], kind="terms_refused", text="The price rises.", sent_at=NOW)

    deliver(forms[0])

    for form in forms:
        assert [type(one).__name__ for one in log_of(form)] == ["TermsNotified", "TermsRefused"]
        assert told_of(form)["ends"][0]["reason"] == "terms_refused"


def test_a_notice_nothing_follows_from_is_no_event():
    form = signed(make_client(), make_entity())

    notice(form, kind="other")
    deliver(form)

    assert log_of(form) == []


def test_what_a_contract_cannot_take_is_a_problem_staff_sees(monkeypatch):
    form = signed(make_client(), make_entity())
    row = notice(form, kind="nonrenewal", channel="mailbox", sent_at=datetime(2026, 3, 1, tzinfo=UTC))

    facts.notice_recorded(form.client_id, row.pk)

    assert log_of(form) == []
    with staff_scope():
        (problem,) = Problem.objects.using("staff").filter(order_form=form)
    assert problem.key == f"notice:{row.pk}:sent"
    assert str(problem.reasons) == "Nonrenewal: event_before_contract"


@pytest.mark.clause("CGVU 4")
def test_one_more_point_of_sale_is_one_more_invoiced_on_the_lines_that_license_the_most():
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)
    for name in ("Quai", "Gare", "Port", "Halles"):
        create_establishment(client, name=name)

    deliver(form)

    assert [(one["item"], one["before"], one["after"]) for one in told_of(form)["quota"]] == [
        ("soview", 2, 3), ("soview", 3, 4),
    ]  # fmt: skip
    with client_scope(client.pk):
        found = contracts.quota(client.pk)
    assert (found.active, found.licensed, found.over) == (4, 4, 0)
    assert found.by_product == {"soview": 4, "soconnect": 1}


@pytest.mark.clause("CGVU 4")
def test_a_point_of_sale_opens_in_the_place_of_one_that_closed_without_an_increase():
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)
    opened = [create_establishment(client, name=name) for name in ("Quai", "Gare", "Port")]
    deliver(form)
    with client_scope(client.pk):
        opened[0].delete()

    create_establishment(client, name="Halles")
    deliver(form)
    facts.opened(client.pk, opened[1].pk)

    assert [one["after"] for one in told_of(form)["quota"]] == [3]


@pytest.mark.clause("CGVU 8.3")
def test_what_was_given_up_goes_with_the_period_and_a_drift_is_told():
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)
    for name in ("Quai", "Gare"):
        create_establishment(client, name=name)
    decrease = {"type": "poi_decrease", "at": "2026-05-10", "items": ["soview"]}
    events.record(client.pk, form.pk, decrease, source="test", source_key="1", actor=ACTOR)

    later = datetime(2027, 4, 1, 8, 0, tzinfo=UTC)
    for at, licensed in ((NOW, 2), (later, 1)):
        clock.install(partial(lambda moment: moment, at))
        assert tasks.licences_today() == 0
        with client_scope(client.pk):
            assert contracts.quota(client.pk).licensed == licensed


@pytest.mark.clause("CGVU 8.3")
def test_a_contract_that_is_over_licenses_nothing():
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)
    notice(form, kind="nonrenewal", channel="mailbox")
    deliver(form)

    clock.install(lambda: datetime(2027, 4, 1, 8, 0, tzinfo=UTC))
    tasks.licences_today()
    create_establishment(client, name="Quai")
    deliver(form)

    with client_scope(client.pk):
        assert contracts.quota(client.pk).licensed == 0
    assert told_of(form)["quota"] == []


def test_licences_of_a_contract_nobody_can_read_stay_as_they_were(monkeypatch):
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)

    def unreadable(*args, **kwargs):
        raise Refused("contract_unreadable")

    monkeypatch.setattr("sofy.billing.services.licences.cases.load", unreadable)

    assert tasks.licences_today() == 1
    with client_scope(client.pk):
        assert contracts.quota(client.pk).licensed == 2
    quota.settle(client.pk, form.pk, {"soview": 7, "soconnect": 1})
    with client_scope(client.pk):
        assert contracts.quota(client.pk).licensed == 7


def test_the_worker_hands_them_on(monkeypatch):
    client = make_client()
    form = signed(client, make_entity(), items=SMALL)
    freezing.catch_up(client.pk, form.pk, as_of=TODAY, validator=Content())
    row = notice(form)
    for name in ("Quai", "Gare", "Port"):
        create_establishment(client, name=name)
    answers.acknowledge(client.pk, row.pk, actor="user:owner")

    asked: list[Any] = []
    for job in (tasks.take_notice, tasks.take_delivery, tasks.take_opening):
        monkeypatch.setattr(job, "defer", lambda job=job, **ids: asked.append((job, ids)))

    outbox.dispatch()
    for job, ids in asked:
        job.func(**ids)

    assert sorted(type(one).__name__ for one in log_of(form)) == ["NoticeDelivered", "NoticeSent", "PoiActivated"]


def test_many_facts_are_recorded_whole_or_not_at_all_and_once():
    client, other = make_client(), make_client()
    form, foreign = signed(client, make_entity()), signed(other, make_entity())

    def paid(key, at="2026-05-02", form_id=None):
        event = {"type": "payment", "at": at, "amount_eur": "10.00"}
        return events.Fact(client.pk, form_id or form.pk, event, key)

    groups = [
        [paid("a"), paid("b")], [paid("c"), paid("d", at="2026-03-01")], [paid("a")], [],
        [paid("e", form_id=foreign.pk)],
    ]  # fmt: skip
    said = [events.record_all(groups, source="bank", actor=ACTOR) for _twice in range(2)]

    codes = [None, "event_before_contract", None, None, "contract_unknown"]
    assert [[one and one.code for one in answers] for answers in said] == [codes, codes]
    with staff_scope():
        rows = Event.objects.using("staff").filter(source="bank").order_by("source_key")
        assert [(row.client_id, row.source_key) for row in rows] == [(client.pk, "a"), (client.pk, "b")]
        told = OutboxRow.objects.using("staff").filter(client_id=client.pk, topic="contract_event.recorded")
        assert [row.payload["what"] for row in told] == ["payment"]
        assert audit.verify(client.pk, using="staff").intact
