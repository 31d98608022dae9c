"""Files that people send on WhatsApp: fetched from the simulated Meta, sealed on disk, one client's own."""

import json

import msgspec
import pytest

from sofy.audience import vault
from sofy.clients.tests.factories import make_client
from sofy.connectors.whatsapp_cloud import graph
from sofy.kernel import ids
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.messaging.services import whatsapp_files
from sofy.messaging.tests.test_whatsapp_templates import meta  # noqa: F401

INVOICE = b"%PDF-1.7 facture de Camille"


def sent_back(engine_db, client, said):
    """A message of a person, as the engine keeps it."""
    inbound_id = ids.uuid7()
    with client_scope(client.pk):
        payload = keys_for(client.pk).seal("engine_inbound", "payload", inbound_id, json.dumps(said))
    with engine_db.connect("admin", autocommit=True) as admin:
        (route_id,) = admin.execute("SELECT id FROM engine_route WHERE code = 'wa'").fetchone()
        admin.execute(
            "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, payload, at)"
            " VALUES (%s, %s, %s, '\\x01', %s, now())",
            [client.pk, inbound_id, route_id, payload],
        )
    return inbound_id


def with_file(media_id):
    media = {"kind": "document", "id": media_id, "mime_type": "application/pdf", "filename": "facture.pdf"}
    return {"from": "+33639980001", "text": "", "kind": "media", "detail": {"media": media}}


def test_a_file_is_kept_sealed_and_read_back_with_its_name(engine_db, meta):  # noqa: F811
    client = make_client()
    inbound_id = sent_back(engine_db, client, with_file(meta.keep_file(INVOICE, "application/pdf")))

    kept = whatsapp_files.keep(client.pk, inbound_id)
    again = whatsapp_files.keep(client.pk, inbound_id)

    on_disk = (vault.folder(client.pk) / str(inbound_id)).read_bytes()
    with client_scope(client.pk), whatsapp_files.open_file(client.pk, inbound_id) as stored:
        assert stored.read() == INVOICE
        assert vault.name_of(keys_for(client.pk), inbound_id) == "facture.pdf"
    assert kept
    assert again
    assert b"facture" not in on_disk
    assert b"%PDF" not in on_disk


@pytest.mark.parametrize("said", [{"from": "+33639980001", "text": "Bonjour"}, with_file("999"), with_file("../me")])
def test_what_has_no_file_and_what_meta_has_not_any_more_is_left(engine_db, meta, said):  # noqa: F811
    client = make_client()

    assert not whatsapp_files.keep(client.pk, sent_back(engine_db, client, said))


@pytest.mark.parametrize("trouble", ["away", "token"])
def test_what_meta_cannot_give_for_now_is_asked_for_again(engine_db, meta, trouble):  # noqa: F811
    client = make_client()
    inbound_id = sent_back(engine_db, client, with_file(meta.keep_file(INVOICE, "application/pdf")))
    before = meta.meta.profile, meta.config
    if trouble == "away":
        meta.meta.profile = msgspec.structs.replace(before[0], away="503")
    else:
        meta.config = msgspec.structs.replace(before[1], access_token="another")

    with pytest.raises(graph.GraphFailed):
        whatsapp_files.keep(client.pk, inbound_id)
    meta.meta.profile, meta.config = before

    assert whatsapp_files.keep(client.pk, inbound_id)


def test_another_client_gets_nothing_of_it(engine_db, meta):  # noqa: F811
    client, other = make_client(), make_client()
    inbound_id = sent_back(engine_db, client, with_file(meta.keep_file(INVOICE, "application/pdf")))

    stolen = whatsapp_files.keep(other.pk, inbound_id)
    whatsapp_files.keep(client.pk, inbound_id)

    assert not stolen
    with client_scope(other.pk), pytest.raises(Refused, match="file_gone"):
        whatsapp_files.open_file(other.pk, inbound_id)


@pytest.mark.parametrize(("channel", "jobs"), [("whatsapp", 1), ("sms", 0)])
def test_the_worker_fetches_it_when_somebody_wrote_on_whatsapp(engine_db, channel, jobs):
    client = make_client()
    inbound_id = ids.uuid7()
    with client_scope(client.pk):
        outbox.publish("sms.inbound", client.pk, inbound_id=inbound_id, channel=channel, message_id=None)

    outbox.dispatch()

    with engine_db.connect("admin", autocommit=True) as admin:
        rows = admin.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'messaging.keep_whatsapp_file'"
            " AND args ->> 'inbound_id' = %s",
            [str(inbound_id)],
        ).fetchall()
    assert len(rows) == jobs
