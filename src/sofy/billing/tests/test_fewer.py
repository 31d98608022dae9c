"""A client asks for fewer points of sale: from the end of the period, nothing comes back, more later counts at once."""

import re
from datetime import UTC, date, datetime
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.billing.services import cases, events
from sofy.billing.tests.signed import signed
from sofy.billing.tests.test_happened import hidden
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client, make_member
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import staff_scope

pytestmark = pytest.mark.clause("CGVU 8.3")
NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def form():
    return signed(make_client("Boulangerie Martin"), make_entity())


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def client_of(form):
    with staff_scope():
        return Client.objects.using("staff").get(pk=form.client_id)


def licensed(form, day):
    with staff_scope():
        return cases.load(form.client_id, form.pk).played(day).licence.licensed("soview", day)


@pytest.mark.parametrize(
    ("language", "day"), [("en", "From 1 April 2027, SoView"), ("fr", "À partir du 1 avril 2027, SoView")]
)  # fmt: skip
def test_an_owner_sees_from_when_then_asks_once(form, language, day):
    client = client_of(form)
    owner, path = browser(make_user(client=client), language), f"/c/{client.slug}/invoices/fewer/{form.pk}"

    key = hidden("key", owner.get(path).text)
    given = {"item": "soview", "count": "3", "key": key}
    shown = unescape(owner.post(path, given | {"step": "preview"}).text)
    for _again in range(2):
        owner.post(path, given | {"step": "record", "seen": "3/soview"})
    after = unescape(owner.get(path).text)
    more = {"type": "poi_activated", "at": "2026-06-10", "count": 2}
    events.record(form.client_id, form.pk, more, source="staff", source_key="1", actor=ACTOR)

    assert re.sub("<[^>]+>", "", shown).count(day) == 1
    assert re.sub("<[^>]+>", "", after).count(day) == 1
    assert (licensed(form, date(2026, 6, 11)), licensed(form, date(2027, 4, 1))) == (22, 19)


def test_more_than_there_is_cannot_be_given_up(form):
    client = client_of(form)
    owner, path = browser(make_user(client=client)), f"/c/{client.slug}/invoices/fewer/{form.pk}"

    answer = owner.post(path, {"item": "soview", "count": "21", "step": "record", "seen": "21/soview"})

    assert answer.status_code == 422
    assert "does not allow it" in answer.text
    assert licensed(form, date(2027, 4, 1)) == 20


def test_only_an_owner_asks_and_nobody_for_another(form):
    client, other = client_of(form), make_client()
    given = {"item": "soview", "count": "3", "step": "record", "seen": "3/soview", "key": str(uuid4())}
    hostile, member = browser(make_user(client=other)), browser(make_member(client, "marketer"))

    member.post(f"/c/{client.slug}/invoices/fewer/{form.pk}", given)

    for slug in (client.slug, other.slug):
        assert hostile.get(f"/c/{slug}/invoices/fewer/{form.pk}").status_code == 404
        assert hostile.post(f"/c/{slug}/invoices/fewer/{form.pk}", given).status_code == 404
    assert licensed(form, date(2027, 4, 1)) == 20
