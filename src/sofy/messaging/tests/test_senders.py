"""Names a client may show: the engine's table of them moves with the client's own."""

from datetime import timedelta

import pytest
from django.db import connection

from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.messaging import queries, tasks
from sofy.messaging.models import Sender, SenderProof
from sofy.messaging.services import proofs, senders


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""


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


PDF = b"%PDF-1.7 a letter of the brand"
PLATFORM_STAFF = "user:staff"


def reserve(name, rule):
    proofs.reserve(name, rule=rule, actor=PLATFORM_STAFF)


@pytest.fixture
def in_production(monkeypatch, settings):
    monkeypatch.setattr(type(settings.SOFY), "production", True)


def ask(client, name="FLEURS", channel="sms"):
    with client_scope(client.pk):
        return senders.request_sender(client.pk, name=name, channel=channel, actor="user:x")


def test_where_nothing_real_is_sent_a_name_is_approved_at_once():
    client = make_client()

    assert ask(client).state == "approved"
    assert known_to_the_api(client) == ["FLEURS"]


def test_in_production_a_name_waits_for_staff_who_say_yes_or_no(in_production):
    client = make_client()
    asked, other = ask(client), ask(client, "BOUQUET")
    waiting = known_to_the_api(client)

    with client_scope(client.pk):
        senders.approve(client.pk, asked.pk, actor=PLATFORM_STAFF)
        senders.refuse(client.pk, other.pk, reason="No such brand", actor=PLATFORM_STAFF)
        assert [each.name for each in queries.active_senders(client.pk)] == ["FLEURS"]
        refused = Sender.objects.get(name="BOUQUET")
    again = ask(client, "BOUQUET")

    assert (asked.state, waiting) == ("requested", [])
    assert known_to_the_api(client) == ["FLEURS"]
    assert (refused.state, refused.reason) == ("refused", "No such brand")
    assert (again.pk, again.state, again.reason) == (refused.pk, "requested", "")


def test_an_approval_can_be_taken_back(in_production):
    client = make_client()
    asked = ask(client)
    with client_scope(client.pk):
        senders.approve(client.pk, asked.pk, actor=PLATFORM_STAFF)

        senders.refuse(client.pk, asked.pk, reason="Spam", actor=PLATFORM_STAFF)

    assert known_to_the_api(client) == []


@pytest.mark.clause("CGVU 13")
def test_a_forbidden_name_is_nobodys_however_it_is_written():
    client = make_client()
    reserve("BELVITALE", "forbidden")

    for name in ("BELVITALE", "Be1vitale", "BE1V1TALE"):
        with pytest.raises(Refused, match="sender_forbidden"):
            ask(client, name)
        with client_scope(client.pk), pytest.raises(Refused, match="sender_forbidden"):
            senders.add_sender(client.pk, name=name, actor=PLATFORM_STAFF)


@pytest.mark.clause("CGVU 13")
def test_a_reserved_name_waits_for_a_letter_of_the_brand_that_is_good():
    client = make_client()
    reserve("GRANDBOIS", "letter")
    asked = ask(client, "GRANDBOIS")

    with client_scope(client.pk):
        with pytest.raises(Refused, match="sender_letter"):
            senders.approve(client.pk, asked.pk, actor=PLATFORM_STAFF)
        proofs.add_proof(
            client.pk,
            asked.pk,
            kind="letter",
            content=PDF,
            expires_on=clock.today() + timedelta(days=30),
            actor="user:x",
        )
        senders.approve(client.pk, asked.pk, actor=PLATFORM_STAFF)

    assert asked.state == "requested"
    assert known_to_the_api(client) == ["GRANDBOIS"]


@pytest.mark.clause("CGVU 13")
def test_a_name_whose_letter_expired_waits_for_another():
    client = make_client()
    reserve("GRANDBOIS", "letter")
    asked = ask(client, "GRANDBOIS")
    with client_scope(client.pk):
        letter = proofs.add_proof(
            client.pk,
            asked.pk,
            kind="letter",
            content=PDF,
            expires_on=clock.today() + timedelta(days=3),
            actor="user:x",
        )
        senders.approve(client.pk, asked.pk, actor=PLATFORM_STAFF)
        before = senders.lapse(client.pk)
        SenderProof.objects.filter(pk=letter.pk).update(expires_on=clock.today() - timedelta(days=1))

    tasks.look_after_proofs()

    with client_scope(client.pk):
        sender = Sender.objects.get()
    assert before == 0
    assert (sender.state, sender.reason) == ("requested", "letter_expired")
    assert known_to_the_api(client) == []


@pytest.mark.parametrize(
    ("content", "kind", "days", "problem"),
    [
        (b"", "letter", 3, "proof_empty"),
        (b"<script>alert(1)</script>", "letter", 3, "proof_format"),
        (PDF, "photo", 3, "proof_format"),
        (PDF, "letter", -1, "proof_expired"),
        (PDF + b"x" * proofs.LARGEST, "letter", 3, "proof_too_large"),
    ],
)
def test_what_is_no_document_is_not_kept(content, kind, days, problem):
    client = make_client()
    asked = ask(client)
    day = clock.today() + timedelta(days=days)

    with client_scope(client.pk), pytest.raises(Refused, match=problem):
        proofs.add_proof(client.pk, asked.pk, kind=kind, content=content, expires_on=day, actor="user:x")


def test_a_document_is_sealed_opens_as_it_was_and_for_its_client_only():
    client, other = make_client(), make_client()
    asked = ask(client)
    with client_scope(client.pk):
        proof = proofs.add_proof(client.pk, asked.pk, kind="letter", content=PDF, expires_on=None, actor="user:x")
        opened = proofs.open_proof(client.pk, proof.pk, actor=PLATFORM_STAFF)
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM messaging_sender_proof")
            stored = bytes(cursor.fetchone()[0])

    assert opened[1] == PDF
    assert opened[0].media_type == "application/pdf"
    assert b"letter of the brand" not in stored
    with client_scope(other.pk):
        for client_id in (client.pk, other.pk):
            with pytest.raises(Refused, match="not_found"):
                proofs.open_proof(client_id, proof.pk, actor="user:y")
            with pytest.raises(Refused, match="not_found"):
                senders.approve(client_id, asked.pk, actor="user:y")


def test_documents_of_a_name_that_is_long_gone_go():
    client = make_client()
    asked = ask(client)
    with client_scope(client.pk):
        proofs.add_proof(client.pk, asked.pk, kind="letter", content=PDF, expires_on=None, actor="user:x")
        senders.withdraw_sender(client.pk, asked.pk, actor="user:x")
    tasks.look_after_proofs()
    with client_scope(client.pk):
        kept = SenderProof.objects.count()
        Sender.objects.update(withdrawn_at=clock.now() - timedelta(days=366))

    tasks.look_after_proofs()

    with client_scope(client.pk):
        assert (kept, SenderProof.objects.count()) == (1, 0)


def test_senders_of_other_channels_are_not_offered_to_sms():
    client = make_client()

    asked = ask(client, "bonjour@fournil.example", "email")

    assert asked.state == "approved"
    with client_scope(client.pk):
        assert queries.active_senders(client.pk) == []
        assert [each.name for each in queries.registry(client.pk)] == ["bonjour@fournil.example"]


def test_a_name_that_is_taken_off_its_list_is_free_again():
    client = make_client()
    reserve("AMELI\nIMPOTS GOUV", "forbidden")
    (row,) = [each for each in proofs.reserved() if each.name == "AMELI"]

    proofs.free(row.pk, actor=PLATFORM_STAFF)

    assert [each.name for each in proofs.reserved()] == ["IMPOTS GOUV"]
    with client_scope(client.pk), pytest.raises(Refused, match="sender_generic"):
        senders.add_sender(client.pk, name="AMELI", actor=PLATFORM_STAFF)
