"""Access is what the contract says: closed after a proved notice and its five business days, open on collection."""

import pytest

from sofy.clients import queries
from sofy.clients import services as clients
from sofy.clients.models import Cause, Client, State
from sofy.contracts.rules.access import CONSEQUENCES
from sofy.contracts.tests.factories import ACTOR
from sofy.dunning.models import Standing
from sofy.dunning.rules.carrying_out import Said, Stands, follows
from sofy.dunning.services import access, standings
from sofy.dunning.tests.late import at, late_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

ACTIVE, DEFAULT = ("active", ""), ("suspended", "default")


@pytest.fixture
def late(engine_db):
    return late_client()


def gate(engine_db, client):
    with engine_db.connect("admin") as admin:
        return admin.execute("SELECT state FROM gate_client WHERE client_id = %s", [client.pk]).fetchone()[0]


@pytest.mark.clause("CGVU 7.2")
def test_access_ends_after_the_fifth_business_day_and_not_before(late, engine_db):
    late.noticed()  # Thursday 30 April: the 1st and the 8th of May are holidays

    assert late.on("2026-05-11T23:59") == ACTIVE
    assert late.on("2026-05-12T00:00") == DEFAULT
    assert gate(engine_db, late.client) == "suspended"


@pytest.mark.clause("CGVU 7.2")
@pytest.mark.parametrize("proof", [None, "smtp", "dsn", "read_receipt"])
def test_without_a_proof_of_delivery_access_never_ends(late, proof):
    late.noticed("2026-04-30T09:12" if proof else None, proof or "")

    assert late.on("2026-07-31T12:00") == ACTIVE


@pytest.mark.clause("CGVU 22")
def test_an_overdue_invoice_alone_never_ends_access(late):
    assert late.on("2026-07-31T12:00") == ACTIVE


@pytest.mark.clause("CGVU 7.2")
def test_money_booked_on_the_fifth_day_keeps_the_access(late):
    late.noticed()
    at("2026-05-11T22:55")
    late.happens("payment", "2026-05-11T22:50", amount_eur="1800.00", invoices=late.numbers[:1])

    assert late.on("2026-05-12T00:05") == ACTIVE


@pytest.mark.clause("CGVU 22")
def test_what_is_collected_opens_access_at_once(late, engine_db):
    late.noticed()
    late.on("2026-05-12T00:00")
    late.happens("payment", "2026-06-20T10:00", amount_eur="1800.00", invoices=late.numbers[:1])

    assert late.on("2026-06-20T10:01") == ACTIVE
    assert gate(engine_db, late.client) == "active"


@pytest.mark.clause("CGVU 22")
def test_money_booked_in_time_and_told_late_opens_access_again(late):
    late.noticed()
    late.on("2026-05-12T00:00")
    late.happens("payment", "2026-05-11", amount_eur="1800.00", invoices=late.numbers[:1])

    assert late.on("2026-05-13T09:00") == ACTIVE


@pytest.mark.clause("CGVU 22")
def test_a_part_of_the_money_opens_nothing(late):
    late.noticed()
    late.on("2026-05-12T00:00")
    late.happens("payment", "2026-05-13", amount_eur="1799.99", invoices=late.numbers[:1])

    assert late.on("2026-05-13T09:00") == DEFAULT


@pytest.mark.clause("CGVU 7.2")
def test_a_debit_that_comes_back_does_not_end_access_by_itself(late):
    late.noticed()
    late.happens("payment", "2026-05-04", amount_eur="1800.00", invoices=late.numbers[:1])
    late.happens("sepa_return", "2026-05-12", invoice=late.numbers[0])

    assert late.on("2026-05-20T09:00") == ACTIVE


def test_a_second_run_changes_nothing(late):
    late.noticed()
    late.on("2026-05-12T00:00")
    with client_scope(late.client.pk):
        before = AuditEntry.objects.filter(client_id=late.client.pk).count()

    assert late.on("2026-05-12T00:10") == DEFAULT

    with client_scope(late.client.pk):
        assert AuditEntry.objects.filter(client_id=late.client.pk).count() == before


def test_a_run_that_is_killed_is_done_by_the_next_one(late, monkeypatch):
    late.noticed()
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(clients, "_tell_gate", lambda row: (_ for _ in ()).throw(KeyboardInterrupt))
        late.on("2026-05-12T00:00")

    assert late.stands() == ACTIVE
    assert late.on("2026-05-12T00:05") == DEFAULT


def test_a_contract_that_cannot_be_worked_out_changes_nothing_and_is_a_task(late, monkeypatch):
    late.noticed()
    with monkeypatch.context() as broken:
        broken.setattr(standings, "position", lambda *_: 1 / 0)
        assert late.on("2026-05-12T00:00") == ACTIVE

    with staff_scope():
        task = Standing.objects.using("staff").get(order_form=late.form)
    assert (task.problem, task.problem_since) == ("ZeroDivisionError", clock.now())
    assert late.on("2026-05-12T00:05") == DEFAULT
    with staff_scope():
        assert Standing.objects.using("staff").get(order_form=late.form).problem == ""


def test_the_chore_works_each_contract_out_once_a_day(late, monkeypatch):
    late.noticed()
    at("2026-05-12T00:01")

    assert access.carry_out_waiting() == 1
    assert late.stands() == DEFAULT
    assert access.carry_out_waiting() == 0
    at("2026-05-13T00:01")
    assert access.carry_out_waiting() == 1


def test_what_is_recorded_is_carried_out_by_the_worker(late, monkeypatch):
    from sofy.dunning import tasks

    asked = []
    monkeypatch.setattr(tasks.carry_out, "defer", lambda **ids: asked.append(ids["client_id"]))
    late.happens("payment", "2026-05-01", amount_eur="5.00")
    late.happens("incident", "2026-05-01", until="2026-05-01T09:00", application="soview")
    while outbox.dispatch():
        pass

    assert str(late.client.pk) in asked
    assert late.told == 2


# --- decided by people ------------------------------------------------------------------------------------------------


def test_the_codes_of_clients_are_those_of_the_contract():
    assert set(Cause.values) == set(CONSEQUENCES)


def told(late, seq=None):
    """The worker tells the contracts what the chain says of the access."""
    with client_scope(late.client.pk):
        rows = AuditEntry.objects.filter(client_id=late.client.pk, action__in=("client.suspended", "client.active"))
        seqs = list(rows.order_by("seq").values_list("seq", flat=True))
    for one in seqs:
        access.tell_contracts(late.client.pk, one)


@pytest.mark.clause("CGVU 7.2", "CGVU 11", "CGVU 14.1")
@pytest.mark.parametrize("cause", ["fraud", "security", "missing_stop", "court_order"])
def test_other_causes_end_access_at_once_and_until_people_lift_them(late, cause):
    at("2026-05-04T03:12")
    access.suspend(late.client.pk, cause=cause, reason="ticket 812", actor=ACTOR)

    assert late.stands() == ("suspended", cause)
    assert late.on("2026-05-04T03:13") == ("suspended", cause)  # before the contract heard of it
    told(late)
    told(late)
    assert late.on("2026-05-05T00:01") == ("suspended", cause)
    with staff_scope():
        entry = standings.work_out(late.client.pk, late.form.pk).position.shut[0]
    assert (entry.cause, entry.since.isoformat(), entry.evidence) == (cause, "2026-05-04T03:12:00+02:00", "ticket 812")

    at("2026-05-06T10:00")
    access.lift(late.client.pk, reason="settled", actor=ACTOR)
    assert late.stands() == ACTIVE
    told(late)
    assert late.on("2026-05-07T00:01") == ACTIVE


@pytest.mark.clause("CGVU 13")
def test_a_definitive_suspension_takes_two_people_to_lift(late):
    access.suspend(late.client.pk, cause="af2m", reason="ticket 9", actor="user:1")
    told(late)
    at("2026-05-06T10:00")

    for _ in range(2):
        with pytest.raises(Refused, match="second_person_needed"):
            access.lift(late.client.pk, reason="settled", actor="user:1")
    assert late.stands() == ("suspended", "af2m")
    access.lift(late.client.pk, reason="settled", actor="user:2")

    assert late.stands() == ACTIVE


@pytest.mark.clause("CGVU 22")
def test_nobody_suspends_or_lifts_for_an_unpaid_invoice_by_hand(late):
    with pytest.raises(Refused, match="suspension_cause"):
        access.suspend(late.client.pk, cause="default", reason="x", actor=ACTOR)
    late.noticed()
    late.on("2026-05-12T00:00")
    with pytest.raises(Refused, match="lifted_by_collection"):
        access.lift(late.client.pk, reason="x", actor=ACTOR)

    assert late.stands() == DEFAULT


def test_one_cause_that_ends_leaves_the_other(late):
    late.noticed()
    at("2026-05-11T12:00")
    access.suspend(late.client.pk, cause="fraud", reason="t", actor=ACTOR)
    told(late)
    assert late.on("2026-05-12T00:01") == ("suspended", "fraud")

    at("2026-05-12T09:00")
    assert not access.lift(late.client.pk, reason="settled", actor=ACTOR)

    assert late.stands() == DEFAULT
    assert queries.suspension(Client(pk=late.client.pk, state=State.SUSPENDED)).facts["cause"] == "default"


def test_a_client_without_a_contract_is_suspended_and_let_send_as_staff_says(engine_db):
    from sofy.clients.tests.factories import make_client

    client = make_client()
    access.suspend(client.pk, cause="security", reason="t", actor=ACTOR)
    assert access.carry_out(client.pk).state == "suspended"

    assert access.lift(client.pk, reason="t", actor=ACTOR)
    assert access.carry_out(client.pk).state == "active"


@pytest.mark.parametrize(
    ("_case", "stands", "said", "after"),
    [
        ("nothing", Stands(False), [Said(())], None),
        ("unpaid", Stands(False), [Said(("default",))], Stands(True, "default")),
        ("paid", Stands(True, "default", None), [Said(())], Stands(False)),
        ("one of two contracts", Stands(True, "default"), [Said(()), Said(("default",))], None),
        ("of a room below, not told yet", Stands(True, "fraud"), [Said(())], None),
        ("without a cause", Stands(True, ""), [Said(())], None),
        ("without a cause, and unpaid", Stands(True, ""), [Said(("default",))], None),
    ],
)
def test_what_follows(_case, stands, said, after):
    assert follows(stands, said) == after
