"""Visits of the operator's support: for a reason, for a while, to read one client, and on record."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients import support
from sofy.clients.models import Client, SupportVisit
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope

REASON = "Ticket 4711: the report shows no click"


@pytest.fixture
def client(engine_db: Any) -> Client:
    return make_client("Librairie du Port")


@pytest.fixture
def staff(engine_db: Any) -> Any:
    return make_user(is_operator=True, full_name="Noé Régie")


def browser_of(user: Any, language: str = "en") -> Browser:
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def home(client: Client) -> str:
    return reverse("clients:home", args=[client.slug])


def enter(browser: Browser, client: Client, **data: Any) -> Any:
    data = {"reason": REASON, "minutes": "30", **data}
    return browser.post(reverse("backoffice:enter", args=[client.slug]), data)


def chain(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    with client_scope(client.pk):
        rows = AuditEntry.objects.filter(client_id=client.pk, action__startswith="support.").order_by("seq")
        return [(row.action, row.actor, row.facts) for row in rows]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_of_a_visit_says_that_it_is_one(client, staff, language):
    browser = browser_of(staff, language)
    form = browser.get(reverse("backoffice:enter", args=[client.slug]))

    entered = enter(browser, client)

    assert form.status_code == 200
    assert entered["Location"] == home(client)
    for name in ("home", "establishments", "team", "settings", "journal"):
        page = browser.get(reverse(f"clients:{name}", args=[client.slug]))
        assert page.status_code == 200, name
        assert '<section class="visit" aria-label=' in page.text, name
        assert REASON in page.text
    assert 'class="visit"' not in browser.get(reverse("backoffice:clients")).text


@pytest.mark.clause("DPA 2", "DPA 7")
def test_the_client_reads_who_came_why_and_when_they_left(client, staff):
    owner = browser_of(make_user(client=client))
    browser = browser_of(staff)

    enter(browser, client)
    during = owner.get(reverse("clients:team", args=[client.slug])).text
    left = browser.post(reverse("backoffice:leave", args=[client.slug]))
    after = owner.get(reverse("clients:team", args=[client.slug])).text
    journal = owner.get(reverse("clients:journal", args=[client.slug]) + "?kind=support").text

    assert left.status_code == 302
    assert [(action, actor) for action, actor, _facts in chain(client)] == [
        ("support.entered", staff.actor),
        ("support.left", staff.actor),
    ]
    assert chain(client)[0][2]["reason"] == REASON
    assert REASON in during
    assert REASON not in after
    assert "Noé Régie (Sofy)" in journal
    assert REASON in journal
    with client_scope(client.pk):
        assert audit.verify(client.pk).intact
    assert browser.get(home(client)).status_code == 404


@pytest.mark.parametrize(
    ("_case", "data"),
    [
        ("no reason", {"reason": ""}),
        ("a word is none", {"reason": "ok"}),
        ("too long", {"reason": "x" * 201}),
        ("a day", {"minutes": "1440"}),
        ("no number", {"minutes": "soon"}),
    ],
)
def test_a_visit_without_reason_or_end_does_not_begin(client, staff, _case, data):
    browser = browser_of(staff)

    answer = enter(browser, client, **data)

    assert answer.status_code == 422
    assert browser.get(home(client)).status_code == 404
    assert chain(client) == []


def test_on_a_visit_nothing_is_sent(client, staff):
    browser = browser_of(staff)
    enter(browser, client)

    for name in ("settings", "invite", "establishment-new"):
        assert browser.post(reverse(f"clients:{name}", args=[client.slug]), {"name": "x"}).status_code == 403, name
    for name in ("invite", "establishment-new"):
        assert browser.get(reverse(f"clients:{name}", args=[client.slug])).status_code == 403, name
    assert browser.post(reverse("accounts:key-new", args=[client.slug]), {"name": "x"}).status_code == 403
    assert browser.post(reverse("clients:find", args=[client.slug]), {"q": "team"}).status_code == 200
    assert browser.post(reverse("messaging:messages", args=[client.slug]), {"number": "0"}).status_code == 422
    assert browser.post(reverse("audience:contact-find", args=[client.slug]), {"q": "Zoé"}).status_code == 302
    with client_scope(client.pk):
        client.refresh_from_db()
        assert client.name == "Librairie du Port"


def test_a_visit_opens_one_client_to_one_person(client, staff):
    other = make_client("Autre enseigne")
    colleague = browser_of(make_user(is_operator=True))
    browser = browser_of(staff)
    enter(browser, client)

    assert browser.get(home(client)).status_code == 200
    assert browser.get(home(other)).status_code == 404
    assert colleague.get(home(client)).status_code == 404
    assert colleague.post(reverse("backoffice:leave", args=[client.slug])).status_code == 302
    assert browser.get(home(client)).status_code == 200


def test_a_visit_ends_with_its_time_and_the_client_reads_that_too(client, staff):
    browser = browser_of(staff)
    enter(browser, client, minutes="15")
    began = clock.now()

    clock.install(lambda: began + timedelta(minutes=15, seconds=1))
    late = browser.get(home(client)).status_code
    ended = support.end_expired()

    assert late == 404
    assert ended == 1
    assert support.end_expired() == 0
    assert chain(client)[-1][0] == "support.left"
    assert chain(client)[-1][2]["expired"] is True


def test_who_is_no_longer_staff_is_out_at_once(client, staff):
    browser = browser_of(staff)
    enter(browser, client)

    staff.is_operator = False
    staff.save(update_fields=["is_operator"])

    assert browser.get(home(client)).status_code == 404
    assert enter(browser, client).status_code == 404


def test_nobody_but_staff_comes_in(client):
    other = make_client("Autre enseigne")
    owner_elsewhere = make_user(client=other)

    assert enter(browser_of(owner_elsewhere), client).status_code == 404
    assert enter(Browser(), client).status_code == 302
    with pytest.raises(Refused):
        support.enter(client.pk, user=owner_elsewhere, reason=REASON, minutes=15)
    assert chain(client) == []


def test_a_forged_row_is_refused_by_the_database(client, staff, engine_db):
    other = make_client("Autre enseigne")
    support.enter(client.pk, user=staff, reason=REASON, minutes=15)
    columns = "(client_id, id, user_id, reason, started_at, expires_at)"
    row = [client.pk, client.pk, staff.pk, "forged", clock.now(), clock.now() + timedelta(hours=1)]

    with engine_db.connect("sofy_web") as web:
        web.execute("select set_config('sofy.client_id', %s, true)", [str(client.pk)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"insert into clients_supportvisit {columns} values (%s, %s, %s, %s, %s, %s)", row)
    with engine_db.connect("sofy_web") as web:
        web.execute("select set_config('sofy.client_id', %s, true)", [str(other.pk)])
        assert web.execute("select count(*) from clients_supportvisit").fetchone() == (0,)
    with engine_db.connect("sofy_web") as web:
        assert web.execute("select count(*) from clients_supportvisit").fetchone() == (0,)
        assert web.execute("select count(*) from clients_client").fetchone() == (0,)


def test_coming_in_again_ends_the_visit_before(client, staff):
    browser = browser_of(staff)

    enter(browser, client)
    enter(browser, client, reason="Ticket 4712: something else")

    with client_scope(client.pk):
        assert SupportVisit.objects.filter(ended_at=None).count() == 1
    assert [action for action, _actor, _facts in chain(client)] == [
        "support.entered",
        "support.left",
        "support.entered",
    ]
