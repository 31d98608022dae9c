"""Formal notices: what proves their receipt, what does not, and the one-time link."""

import hashlib
import re

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.billing.services import facts
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import Notice
from sofy.contracts.services import records
from sofy.contracts.tests.factories import ACTOR
from sofy.dunning.models import Act, Link
from sofy.dunning.services import notices, standings
from sofy.dunning.tests.late import at, late_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

PERSON = "user:7"
pytestmark = pytest.mark.clause("CGVU 7.2")


@pytest.fixture
def late(engine_db):
    made = late_client()
    make_user(client=made.client, email="owner@example.test", language="fr")
    return made


def gave(late, **changes):
    """Notice is given, and the worker takes it into the contract's log."""
    row = notices.send(late.client.pk, late.form.pk, actor=PERSON, **changes)
    facts.notice_recorded(late.client.pk, row.pk)
    return row


def link_of(mail):
    (address,) = re.findall(r"https?://[^/]+(/n/\S+)", mail.body)
    return address


def position(late):
    with staff_scope():
        return standings.work_out(late.client.pk, late.form.pk).position


def test_a_notice_leaves_with_its_letter_and_is_kept_word_for_word(late, mailoutbox):
    at("2026-05-04T10:00")
    mailoutbox.clear()

    row = gave(late)

    (mail,) = mailoutbox
    name, pdf, kind = mail.attachments[0]
    assert (mail.to, kind, pdf[:5]) == (["owner@example.test"], "application/pdf", b"%PDF-")
    assert mail.subject.startswith("Mise en demeure de payer MD-")
    with staff_scope():
        kept = Act.objects.using("staff").get(order_form=late.form, what="formal")
        told = Notice.objects.using("staff").get(pk=row.pk)
        token = link_of(mail).rsplit("/", 1)[1]
        assert str(told.text) == mail.body.replace(token, "…") == str(kept.text)
    assert kept.sha256 == hashlib.sha256(pdf).hexdigest()
    assert kept.invoices == told.about.split(",") == late.numbers
    assert name == f"{kept.key.removeprefix('notice/')}.pdf"
    assert position(late).notice.state == "sent"


def test_opening_the_link_proves_nothing_and_the_button_begins_the_days(late, mailoutbox):
    at("2026-05-04T17:02")
    row = gave(late)
    robot, address = Browser(), link_of(mailoutbox[-1])

    for read in (robot.get, robot.head, robot.get):
        assert read(address).status_code == 200
    with staff_scope():
        assert Notice.objects.using("staff").get(pk=row.pk).delivered_at is None
    unnamed = robot.post(address, {"name": " "})
    assert unnamed.status_code == 422

    at("2026-05-05T09:12")
    done = Browser(headers={"accept-language": "fr"}).post(address, {"name": "N. Benali"})
    facts.notice_delivered(late.client.pk, row.pk)

    assert "Sa réception est confirmée" in done.text
    with staff_scope():
        told = Notice.objects.using("staff").get(pk=row.pk)
        link = Link.objects.using("staff").get(notice=row)
        assert (told.delivered_at, told.proof_kind, str(link.acknowledged_by)) == (
            clock.now(), "acknowledgement", "N. Benali",
        )  # fmt: skip
    # Tuesday 5 May is day 0; the 8th is a holiday: 6, 7, 11, 12, 13
    assert late.on("2026-05-13T23:59") == ("active", "")
    assert late.on("2026-05-14T00:00") == ("suspended", "default")


def test_the_link_counts_once(late, mailoutbox):
    at("2026-05-04T17:02")
    row = gave(late)
    address = link_of(mailoutbox[-1])
    Browser().post(address, {"name": "N. Benali"})
    with staff_scope():
        first = Notice.objects.using("staff").get(pk=row.pk).delivered_at
    at("2026-05-06T09:00")

    again = Browser().post(address, {"name": "Somebody Else"})

    assert again.status_code == 200
    with staff_scope():
        assert str(Link.objects.using("staff").get(notice=row).acknowledged_by) == "N. Benali"
        assert Notice.objects.using("staff").get(pk=row.pk).delivered_at == first


def test_a_link_that_is_forged_old_or_of_another_client_leads_nowhere(late, mailoutbox):
    at("2026-05-04T17:02")
    gave(late)
    address = link_of(mailoutbox[-1])
    token, other = address.rsplit("/", 1)[1], make_client()

    assert Browser().get(address[:-1] + "_").status_code == 404
    assert Browser().get(f"/n/{other.pk}/{token}").status_code == 404
    assert Browser().post(f"/n/{other.pk}/{token}", {"name": "X"}).status_code == 404
    at("2026-08-05T17:02")
    assert Browser().get(address).status_code == 404
    assert Browser().post(address, {"name": "X"}).status_code == 404


def test_the_token_is_kept_nowhere(late, mailoutbox, engine_db):
    at("2026-05-04T17:02")
    gave(late)
    token = link_of(mailoutbox[-1]).rsplit("/", 1)[1]

    with engine_db.connect("admin") as admin:
        kept = admin.execute("SELECT token_sha256 FROM dunning_link").fetchone()[0]
        rows = str(admin.execute("SELECT payload FROM kit_outbox").fetchall())
        chain = str(admin.execute("SELECT facts FROM kit_audit_entry").fetchall()) if _has(admin) else ""

    assert kept == hashlib.sha256(token.encode()).hexdigest()
    assert token not in rows + chain


def _has(admin):
    return admin.execute("SELECT to_regclass('kit_audit_entry')").fetchone()[0] is not None


@pytest.mark.parametrize("kind", notices.WEAK)
def test_a_sign_that_proves_nothing_is_kept_and_asks_for_another_channel(late, kind):
    at("2026-05-04T10:00")
    row = gave(late)

    notices.weak_proof(late.client.pk, row.pk, proof_kind=kind, proof="250 2.0.0 queued", actor=ACTOR)

    found = position(late)
    assert (found.notice.state, found.notice.acts_from) == ("unproved", None)
    assert late.on("2026-07-01T00:00") == ("active", "")
    with staff_scope():
        told = standings.work_out(late.client.pk, late.form.pk).replay.told.tasks
    assert "second_channel" in [task["what"] for task in told]


def test_a_registered_letter_takes_over_from_a_mail_that_nothing_proves(late):
    at("2026-05-04T10:00")
    gave(late)
    at("2026-05-11T10:00")
    with pytest.raises(Refused, match="deposit_missing"):
        gave(late, channel="registered")
    letter = gave(late, channel="registered", sent_proof="1A 123 456 7890 1")
    at("2026-05-20T15:00")
    records.record_delivery(
        late.client.pk, letter.pk, delivered_at=clock.now(), proof_kind="registered_letter", proof="AR 12", actor=ACTOR
    )
    facts.notice_delivered(late.client.pk, letter.pk)

    # Monday 25 May is a holiday: the fifth business day is Thursday the 28th
    assert late.on("2026-05-28T23:59") == ("active", "")
    assert late.on("2026-05-29T00:00") == ("suspended", "default")


def test_nothing_overdue_no_notice(late):
    late.happens("payment", "2026-05-01", amount_eur="1800.00", invoices=late.numbers[:1])

    with pytest.raises(Refused, match="nothing_to_claim"):
        gave(late)


@pytest.mark.clause("CGVU 22")
def test_what_a_court_froze_is_not_asked_for(late):
    late.happens("insolvency", "2026-05-02")
    at("2026-05-04T10:00")

    with pytest.raises(Refused, match="nothing_to_claim"):
        gave(late)


def test_a_second_notice_comes_by_a_person_and_only_while_access_is_suspended(late):
    at("2026-05-04T10:00")
    with pytest.raises(Refused, match="second_not_yet"):
        gave(late, kind="second")
    late.noticed("2026-04-30T09:12")
    late.on("2026-05-12T00:00")
    with pytest.raises(Refused, match="second_by_a_person"):
        notices.send(late.client.pk, late.form.pk, kind="second", actor="dunning")

    at("2026-05-12T10:00")
    gave(late, kind="second")

    assert position(late).second.state == "sent"


def test_two_clicks_are_one_notice(late, mailoutbox):
    at("2026-05-04T10:00")
    gave(late)
    mailoutbox.clear()

    with pytest.raises(Refused, match="notice_just_sent"):
        gave(late)

    assert mailoutbox == []


def test_a_mail_server_that_is_away_leaves_nothing_behind(late, monkeypatch):
    from django.core.mail import EmailMessage

    at("2026-05-04T10:00")
    monkeypatch.setattr(EmailMessage, "send", lambda self: (_ for _ in ()).throw(ConnectionRefusedError()))

    with pytest.raises(Refused, match="mail_not_taken"):
        gave(late)

    with staff_scope():
        assert not Act.objects.using("staff").exists()
        assert not Notice.objects.using("staff").exists()


def test_a_link_is_used_on_its_own_clients_login(late):
    with client_scope(make_client().pk), pytest.raises(Refused, match="link_unknown"):
        notices.find(late.client.pk, "x")
