"""The registry of senders on its pages: asked for by a client, answered by staff, read by nobody else."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging.models import Sender, SenderProof
from sofy.messaging.services import proofs
from sofy.messaging.tests.test_pages import browser

PDF = b"%PDF-1.7 a letter"


@pytest.fixture(autouse=True)
def _committed(engine_db):
    """Two log-ins see what the other one wrote."""


@pytest.fixture
def in_production(monkeypatch, settings):
    monkeypatch.setattr(type(settings.SOFY), "production", True)


def ask(client, name="FLEURS"):
    answer = browser(make_user(client=client)).post(f"/c/{client.slug}/senders/", {"channel": "sms", "name": name})
    assert answer.status_code == 302
    with client_scope(client.pk):
        return Sender.objects.get(name=name)


def add_letter(client, sender, content=PDF, kind="letter"):
    day = f"{clock.today() + timedelta(days=30):%Y-%m-%d}"
    form = {"kind": kind, "file": SimpleUploadedFile("lettre.pdf", content), "expires_on": day}
    return browser(make_user(client=client)).post(f"/c/{client.slug}/senders/{sender.pk}", form)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_name_is_asked_for_shown_with_a_letter_and_approved(in_production, language):
    client, staff = make_client("Fleurs du Port"), make_user(is_operator=True)
    sender = ask(client)
    added = add_letter(client, sender)

    queue = browser(staff, language).get("/op/senders/")
    review = f"/op/senders/{client.pk}/{sender.pk}"
    page = browser(staff, language).get(review)
    with client_scope(client.pk):
        proof = SenderProof.objects.defer("content").get()
    read = browser(staff, language).get(f"/op/senders/{client.pk}/proofs/{proof.pk}")
    answer = browser(staff, language).post(review, {"approve": "yes"})
    after = browser(make_user(client=client), language).get(f"/c/{client.slug}/senders/{sender.pk}")

    assert added.status_code == 302
    assert "FLEURS" in queue.text
    assert "Fleurs du Port" in queue.text
    assert page.status_code == 200
    assert (read.content, read["content-type"]) == (PDF, "application/pdf")
    assert read["content-disposition"].startswith("attachment")
    assert answer.status_code == 302
    assert after.status_code == 200
    with client_scope(client.pk):
        assert Sender.objects.get().state == "approved"
        actions = set(AuditEntry.objects.values_list("action", flat=True))
        assert {"sender.requested", "sender.proof_added", "sender.proof_read", "sender.approved"} <= actions


def test_staff_refuses_with_a_reason_that_the_client_reads(in_production):
    client, staff = make_client(), browser(make_user(is_operator=True))
    sender = ask(client)

    silent = staff.post(f"/op/senders/{client.pk}/{sender.pk}", {"reason": " "})
    staff.post(f"/op/senders/{client.pk}/{sender.pk}", {"reason": "This brand is not yours"})
    page = browser(make_user(client=client)).get(f"/c/{client.slug}/senders/")

    assert silent.status_code == 422
    assert "This brand is not yours" in page.text


@pytest.mark.clause("CGVU 13")
def test_staff_keeps_the_lists_of_operators(in_production):
    client, staff = make_client(), browser(make_user(is_operator=True))

    staff.post("/op/senders/reserved", {"names": "GRANDBOIS\nBELVITALE", "rule": "letter"})
    staff.post("/op/senders/reserved", {"names": "BELVITALE", "rule": "forbidden"})
    forbidden = browser(make_user(client=client)).post(f"/c/{client.slug}/senders/", {"name": "Be1vitale"})
    sender = ask(client, "GRANDBOIS")
    too_early = staff.post(f"/op/senders/{client.pk}/{sender.pk}", {"approve": "yes"})
    rules = {row.name: row for row in proofs.reserved()}
    staff.post(f"/op/senders/reserved/{rules['BELVITALE'].pk}/free")

    assert {name: row.rule for name, row in rules.items()} == {"GRANDBOIS": "letter", "BELVITALE": "forbidden"}
    assert forbidden.status_code == 422
    assert too_early.status_code == 422
    assert [row.name for row in proofs.reserved()] == ["GRANDBOIS"]
    assert staff.post("/op/senders/reserved", {"names": " ", "rule": "letter"}).status_code == 422


@pytest.mark.parametrize(("content", "kind"), [(b"<html>", "letter"), (b"", "letter"), (PDF, "photo")])
def test_a_file_that_is_no_document_is_refused_on_the_form(content, kind):
    client = make_client()
    sender = ask(client)

    answer = add_letter(client, sender, content, kind)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "This was refused (" not in answer.text


def test_a_document_is_removed_by_an_owner_only():
    client = make_client()
    sender = ask(client)
    add_letter(client, sender)
    with client_scope(client.pk):
        proof = SenderProof.objects.defer("content").get()
    url = f"/c/{client.slug}/senders/proofs/{proof.pk}"

    by_marketer = browser(make_user(client=client, role="marketer")).post(f"{url}/remove")
    read = browser(make_user(client=client, role="marketer")).get(url)
    by_owner = browser(make_user(client=client)).post(f"{url}/remove")

    assert (by_marketer.status_code, read.status_code, by_owner.status_code) == (403, 200, 302)
    with client_scope(client.pk):
        assert not SenderProof.objects.exists()


def test_strangers_and_clients_find_nothing_of_others_and_nothing_of_staff():
    client, other = make_client(), make_client()
    sender = ask(client)
    add_letter(client, sender)
    with client_scope(client.pk):
        proof = SenderProof.objects.defer("content").get()
    hostile = browser(make_user(client=other))

    for slug in (client.slug, other.slug):
        for path in (f"{sender.pk}", f"proofs/{proof.pk}"):
            assert hostile.get(f"/c/{slug}/senders/{path}").status_code == 404
        assert hostile.post(f"/c/{slug}/senders/proofs/{proof.pk}/remove").status_code == 404
    for path in ("", f"{client.pk}/{sender.pk}", f"{client.pk}/proofs/{proof.pk}"):
        assert hostile.get(f"/op/senders/{path}").status_code == 404
        assert browser(make_user(client=client)).get(f"/op/senders/{path}").status_code == 404
    assert hostile.post(f"/op/senders/{client.pk}/{sender.pk}", {"reason": "x"}).status_code == 404
    staff = browser(make_user(is_operator=True))
    assert staff.get(f"/op/senders/{other.pk}/{sender.pk}").status_code == 404
    assert staff.get(f"/op/senders/{other.pk}/proofs/{proof.pk}").status_code == 404
