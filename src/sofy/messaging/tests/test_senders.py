"""Names a client may show: the engine's table of them moves with the client's own."""

import pytest
from django.db import connection

from sofy.clients.tests.factories import make_client
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.messaging.models import Sender
from sofy.messaging.services import senders

pytestmark = pytest.mark.django_db(databases=["default", "staff"])


def known_to_the_api(client, scope=None):
    with client_scope((scope or client).pk), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM gate_sender WHERE client_id = %s ORDER BY name", [client.pk])
        return [name for (name,) in cursor.fetchall()]


def test_a_name_is_known_to_the_api_once_until_it_is_withdrawn():
    client, other = make_client(), make_client()
    with client_scope(client.pk):
        first = senders.add_sender(client.pk, name="FLEURS", actor="user:x")
        again = senders.add_sender(client.pk, name="FLEURS", actor="user:x")
    before = known_to_the_api(client)

    with client_scope(client.pk):
        senders.withdraw_sender(client.pk, first.pk, actor="user:x")

    assert again == first
    assert before == ["FLEURS"]
    assert known_to_the_api(client) == []
    assert known_to_the_api(client, scope=other) == []


def test_a_name_that_comes_back_is_known_again():
    client = make_client()
    with client_scope(client.pk):
        first = senders.add_sender(client.pk, name="FLEURS", actor="user:x")
        senders.withdraw_sender(client.pk, first.pk, actor="user:x")

        second = senders.add_sender(client.pk, name="FLEURS", actor="user:x")

    assert second != first
    assert known_to_the_api(client) == ["FLEURS"]


def test_other_clients_do_not_see_a_name_nor_lose_theirs():
    client, other = make_client(), make_client()
    for each in (client, other):
        with client_scope(each.pk):
            senders.add_sender(each.pk, name="FLEURS", actor="user:x")
    with client_scope(other.pk):
        theirs = Sender.objects.get()

    with client_scope(client.pk), pytest.raises(Refused):
        senders.withdraw_sender(client.pk, theirs.pk, actor="user:x")
    with client_scope(other.pk):
        senders.withdraw_sender(other.pk, theirs.pk, actor="user:x")

    assert known_to_the_api(client) == ["FLEURS"]
    assert known_to_the_api(client, scope=other) == []


@pytest.mark.parametrize("name", ["Zoé", "", "DOUZELETTRES"])
def test_a_name_that_is_refused_is_known_to_nobody(name):
    client = make_client()

    with client_scope(client.pk), pytest.raises(Refused):
        senders.add_sender(client.pk, name=name, actor="user:x")

    assert known_to_the_api(client) == []


def test_a_name_that_could_not_be_written_down_is_not_known_to_the_api_either(monkeypatch):
    client = make_client()

    def fail(*_given):
        raise OSError("disk full")

    monkeypatch.setattr(senders.audit, "append", fail)

    with client_scope(client.pk), pytest.raises(OSError, match="disk full"):
        senders.add_sender(client.pk, name="FLEURS", actor="user:x")

    assert known_to_the_api(client) == []
