"""Every day by itself: what is due is issued on its day, and numbers that invoices wait for are asked about."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sofy.billing import tasks
from sofy.billing.models import Event, Invoice, Problem, Run
from sofy.billing.services import runs, vat_checks
from sofy.billing.tests.ledger import wrote
from sofy.billing.tests.signed import Content, bought, signed
from sofy.billing.vies import HttpRegister
from sofy.clients.tests.factories import make_client
from sofy.contracts.rules.values import PARIS
from sofy.contracts.services import acceptances, order_forms
from sofy.contracts.tests.factories import ACTOR, content, make_entity
from sofy.kernel import clock
from sofy.kit.jobs import chores
from sofy.kit.rls import staff_scope
from sofy.wire import vies

BELGIAN = "BE0202239951"


@pytest.fixture(autouse=True)
def committed(engine_db):
    at(1)


def at(day: int, hour: int = 7, month: int = 5) -> None:
    moment = datetime(2026, month, day, hour, tzinfo=PARIS).astimezone(UTC)
    clock.install(lambda: moment)


def issued(client) -> list[tuple[date, str]]:
    with staff_scope():
        rows = Invoice.objects.using("staff").filter(client_id=client.pk).order_by("frozen_at", "id")
        return [(row.issued_on, f"{row.net_eur}") for row in rows]


def test_documents_bear_the_day_on_which_they_are_due(engine_db):
    client = make_client()
    prices = [{"channel": "sms", "unit_price_eur": "0.05"}]
    signed(client, make_entity(), items=bought(onboarding=False), usage_prices=prices)
    at(1, month=4)
    runs.catch_up_today(validator=Content())
    wrote(engine_db, client.pk, datetime(2026, 4, 12, 12, tzinfo=PARIS), parts=20)
    at(1)

    runs.catch_up_today(validator=Content())

    assert issued(client) == [(date(2026, 4, 1), "600.00"), (date(2026, 5, 1), "601.00")]


def test_before_six_yesterday_is_not_counted_yet():
    client = make_client()
    signed(client, make_entity(), items=bought(onboarding=False))
    at(1, 5)

    assert runs.catch_up_today(validator=Content()) == 0
    assert issued(client) == []


def test_a_day_is_issued_once_and_one_that_was_cut_off_goes_on(monkeypatch):
    client, entity = make_client(), make_entity()
    signed(client, entity, items=bought(onboarding=False))
    with monkeypatch.context() as patched:
        patched.setattr(runs, "_issue", lambda *_args: 1 / 0)
        assert runs.catch_up_today(validator=Content()) == 0

    assert runs.catch_up_today(validator=Content()) == 2
    with monkeypatch.context() as patched:
        patched.setattr(runs, "run", lambda *_args, **_more: 1 / 0)
        assert runs.catch_up_today(validator=Content()) == 0
    with staff_scope():
        row = Run.objects.using("staff").get(entity=entity)
    assert (row.as_of, row.actor) == (date(2026, 5, 1), "worker")


def test_an_entity_that_fails_hinders_no_other(monkeypatch):
    clients, entities = [make_client(), make_client()], [make_entity(), make_entity()]
    for client, entity in zip(clients, entities, strict=True):
        signed(client, entity, items=bought(onboarding=False))
    real = runs.run

    def run(entity_id: Any, *args: Any, **more: Any) -> Any:
        if entity_id == entities[0].pk:
            raise RuntimeError
        return real(entity_id, *args, **more)

    monkeypatch.setattr(runs, "run", run)

    assert runs.catch_up_today(validator=Content()) == 2
    assert [len(issued(client)) for client in clients] == [0, 2]


def test_the_worker_does_all_of_it():
    assert {tasks.invoices_of_today, tasks.vat_numbers, tasks.count_usage} <= set(chores())


class Answers:
    """A register that answers what it is told to."""

    def __init__(self, valid: bool | None) -> None:
        self.valid, self.asked = valid, 0

    def ask(self, vat_id: str, requester: str) -> vies.Answered:
        self.asked += 1
        if self.valid is None:
            raise vies.NoAnswer("MS_UNAVAILABLE")
        return vies.Answered(self.valid, consultation="WAPI1")


@pytest.fixture
def belgian():
    client, entity = make_client(), make_entity()
    given = content(items=bought(onboarding=False))
    given["client"] = {
        "name": "Chocolaterie de Namur", "vat_id": BELGIAN, "email": "compta@chocolaterie.example",
        "address": {"street": "Rue de Fer 10", "town": "Namur", "postcode": "5000", "country": "BE"},
    }  # fmt: skip
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=given, actor=ACTOR)
    order_forms.send(client.pk, form.pk, actor=ACTOR)
    acceptances.record_signature(
        client.pk, form.pk, signed_on=date(2026, 4, 1), signer="An Peeters", proof=b"%PDF-1.7", actor=ACTOR
    )  # fmt: skip
    return client


def checks(client) -> list[str]:
    with staff_scope():
        rows = Event.objects.using("staff").filter(client_id=client.pk, source="vies").order_by("at", "id")
        return [row.source_key.split("/")[1] for row in rows]


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize(("valid", "gross"), [(True, "600.00"), (False, "720.00")])
def test_an_answer_issues_what_waited_with_its_vat(belgian, valid, gross):
    at(1, month=4)
    runs.catch_up_today(validator=Content())
    before = issued(belgian)

    answered = vat_checks.ask_all(Answers(valid), validator=Content())

    with staff_scope():
        row = Invoice.objects.using("staff").get(client_id=belgian.pk)
    assert (before, answered) == ([], 1)
    assert f"{row.gross_eur}" == gross
    assert checks(belgian) == ["valid" if valid else "invalid"]


@pytest.mark.clause("CGVU 9.2")
def test_a_register_that_is_away_is_asked_again_and_means_nothing(belgian):
    at(1, month=4)
    away = Answers(None)
    for hour in (8, 9, 10):
        at(1, hour, month=4)
        vat_checks.ask_all(away, validator=Content())

    assert away.asked == 3
    assert checks(belgian) == ["unavailable"]
    assert issued(belgian) == []


def test_after_ten_days_a_person_is_told_until_the_answer_comes(belgian):
    for day in (10, 11):
        at(day, month=4)
        vat_checks.ask_all(Answers(None), validator=Content())
        with staff_scope():
            told = Problem.objects.using("staff").filter(client_id=belgian.pk, solved_at=None)
            assert told.count() == (day == 11)
    vat_checks.ask_all(Answers(True), validator=Content())

    with staff_scope():
        assert not Problem.objects.using("staff").filter(client_id=belgian.pk, solved_at=None).exists()


def test_each_month_has_an_answer_of_its_own(belgian):
    register = Answers(True)
    at(2, month=4)
    vat_checks.ask_all(register, validator=Content())
    vat_checks.ask_all(register, validator=Content())
    at(1)
    vat_checks.ask_all(register, validator=Content())

    assert register.asked == 2
    assert checks(belgian) == ["valid", "valid"]


def test_two_contracts_of_one_number_ask_once(belgian):
    register = Answers(True)
    with staff_scope():
        found = Event._meta.get_field("order_form").related_model.objects.using("staff").get(client_id=belgian.pk)
    answers: dict[Any, Any] = {}
    for _time in range(2):
        vat_checks._ask(belgian.pk, found.pk, register, answers, Content())

    assert register.asked == 1


def test_nobody_is_asked_outside_of_production_unless_the_settings_say_so():
    def config(environment: str, url: str = "") -> Any:
        return SimpleNamespace(environment=environment, vies_url=url)

    assert vat_checks.register_of(config("training")) is None
    assert isinstance(vat_checks.register_of(config("production")), HttpRegister)
    assert isinstance(vat_checks.register_of(config("demo", "http://127.0.0.1:9")), HttpRegister)


def test_french_clients_are_nobodys_question():
    client = make_client()
    signed(client, make_entity(), items=bought(onboarding=False))
    register = Answers(True)

    vat_checks.ask_all(register, validator=Content())

    assert register.asked == 0
