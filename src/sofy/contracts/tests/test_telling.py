"""Every client is told of new terms once, whoever is killed in the middle; a DPA binds nobody by being told."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries, tasks
from sofy.contracts.services import answers, records, telling
from sofy.contracts.tests.factories import ACTOR, make_entity, signed_on_paper
from sofy.kernel import clock
from sofy.kit.rls import staff_scope

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
TERMS = pytest.mark.clause("CGVU 27")


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)
    yield
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM contracts_document WHERE version = '2026-10-01'")


@pytest.fixture
def clients():
    entity = make_entity()
    made = [make_client(name) for name in ("Boulangerie Martin", "Fleurs Petit", "Garage Roux")]
    for client in made:
        signed_on_paper(client, date(2026, 4, 1), entity)
        make_user(client=client)
    make_client("Without a contract")
    return made


def published(kind="cgvu", *, substantial=True):
    return records.publish(
        kind=kind, version="2026-10-01", title="CGVU", text="New text", effective_on=date(2026, 10, 1),
        substantial=substantial, actor=ACTOR,
    )  # fmt: skip


def notices(client):
    with staff_scope():
        return [row for row in queries.notices(client.pk, using="staff") if not row.from_client]


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


@TERMS
def test_every_client_with_a_contract_is_told_once(clients, mailoutbox):
    document = published()

    told = [telling.tell_all(document.pk, actor=ACTOR) for _again in range(2)]

    assert told == [3, 0]
    assert len(mailoutbox) == 3
    assert {len(mail.to) for mail in mailoutbox} == {1}
    for client in clients:
        (notice,) = notices(client)
        assert (notice.kind, notice.about, notice.channel) == ("terms", "2026-10-01", "email")
        with staff_scope():
            assert notice.sent_proof in {mail.extra_headers["Message-ID"] for mail in mailoutbox}
    assert {line.binds_from for line in queries.telling(document)} == {date(2026, 10, 1)}


@TERMS
def test_one_that_was_cut_off_goes_on_and_forgets_nobody(clients, mailoutbox, monkeypatch):
    document = published()
    send, left = telling.EmailMessage.send, [True, False, False]

    def cut(mail, *args, **kwargs):
        if not left.pop(0):
            raise OSError("cut")
        return send(mail, *args, **kwargs)

    monkeypatch.setattr(telling.EmailMessage, "send", cut)
    first = telling.tell_all(document.pk, actor=ACTOR)
    untold = [line.client_name for line in queries.telling(document) if line.waits]
    monkeypatch.setattr(telling.EmailMessage, "send", send)
    second = telling.tell_all(document.pk, actor=ACTOR)

    assert (first, second) == (1, 2)
    assert untold == ["Fleurs Petit", "Garage Roux"]
    assert len(mailoutbox) == 3
    assert [len(notices(client)) for client in clients] == [1, 1, 1]


@TERMS
def test_terms_told_late_bind_thirty_days_after(clients):
    document = published()
    clock.install(lambda: datetime(2026, 9, 20, 8, 0, tzinfo=UTC))

    telling.tell_all(document.pk, actor=ACTOR)

    assert {line.binds_from for line in queries.telling(document)} == {date(2026, 10, 20)}


@pytest.mark.clause("DPA 15")
def test_a_dpa_binds_nobody_by_being_told(clients, mailoutbox):
    document = published("dpa")

    assert telling.tell_all(document.pk, actor=ACTOR) == 3

    assert [row.kind for row in notices(clients[0])] == ["other"]
    assert {line.binds_from for line in queries.telling(document)} == {None}
    assert re.search("valid", mailoutbox[0].body)
    clock.install(lambda: datetime(2027, 9, 1, 8, 0, tzinfo=UTC))
    with staff_scope():
        bound = queries.binding(clients[0].pk, "dpa", date(2027, 9, 1), using="staff")
    assert bound.version != "2026-10-01"


@pytest.mark.clause("CGVU 27", "DPA 15")
@pytest.mark.parametrize(("language", "said"), [("en", "3 of 3 clients told"), ("fr", "3 clients informés sur 3")])
def test_staff_tells_every_client_and_sees_what_each_answered(clients, language, said, monkeypatch):
    document = published()
    staff = browser(make_user(is_operator=True), language)
    path = "/op/contracts/documents/cgvu/2026-10-01/told"
    asked = []
    monkeypatch.setattr(tasks.tell_terms, "defer", lambda **facts: asked.append(facts))

    assert staff.get(path).status_code == 200
    assert staff.post(path).status_code == 302
    telling.tell_all(document.pk, actor=ACTOR)
    answers.refuse_terms(clients[0].pk, version="2026-10-01", reason="Too dear", actor="user:owner")
    page = unescape(staff.get(path).text)

    assert [facts["document_id"] for facts in asked] == [str(document.pk)]
    assert said in page
    (first, *_others) = queries.telling(document)
    assert (first.client_name, first.refused_at, first.binds_from) == ("Boulangerie Martin", NOW, None)
    assert staff.get("/op/contracts/documents/cgvu/none/told").status_code == 404


def test_only_staff_tells(clients):
    published()
    owner = browser(make_user(client=clients[0]))

    assert owner.get("/op/contracts/documents/cgvu/2026-10-01/told").status_code == 404
    assert owner.post("/op/contracts/documents/cgvu/2026-10-01/told").status_code == 404
