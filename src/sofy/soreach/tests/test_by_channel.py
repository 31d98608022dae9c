"""The report of a campaign by several channels: what came back, who wants no more, per channel and per try."""

import csv
import io
import re
import zipfile

import pytest
from django.db import connection
from django.utils.translation import override

from sofy.connectors.email_smtp.failures import TABLE
from sofy.kernel import bounces, clock, ids, opt_out
from sofy.kit import outbox
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope
from sofy.messaging.services import opt_out as saying_no
from sofy.soreach import by_channel, channel_tables, export, files, queries, report
from sofy.soreach.models import Unsubscribe
from sofy.soreach.services import retention
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories

#: A mail -> status and code of the server.
CAME_TO = (
    ("delivered", None), ("failed", "5.1.1"), ("failed", "5.2.2"), ("expired", "4.4.7"), ("failed", "550"),
    ("submitted", None), ("submitted", None),
)  # fmt: skip


@pytest.fixture
def agents(world):
    for channel, price in (("rcs", "0.05"), ("whatsapp", "0.09"), ("email", "0.002")):
        factories.make_agent(world.database.database.admin_url, channel=channel, price=price)
    with client_scope(world.client.pk):
        factories.approve(world.client)


def by_mail(world):
    """A campaign by e-mail whose mails came to what CAME_TO says; answers it and the ids of its messages."""
    with client_scope(world.client.pk):
        for number in range(len(CAME_TO)):
            contact = factories.make_contact(world.client, number, state="")
            factories.give_email(world.client, contact, f"p{number}@fournil.example")
        campaign = factories.make_campaign(
            world.client, world.route_id, status="expanding", launched_at=clock.now(), starts_at=clock.now(),
            channels=("email",),
        )  # fmt: skip
    expand(world.client.pk, campaign.id)
    with world.database.connect("admin", autocommit=True) as admin:
        rows = admin.execute("SELECT message_id FROM engine_state ORDER BY contact_id").fetchall()
        for (message_id,), (status, code) in zip(rows, CAME_TO, strict=True):
            admin.execute(
                "UPDATE engine_state SET status = %s, supplier_code = %s, rank = 50, submitted_at = now()"
                " WHERE message_id = %s",
                [status, code, message_id],
            )
        admin.execute("DELETE FROM engine_queue")
    return world.reload(campaign), [row[0] for row in rows]


def complain(world, message_id):
    """Somebody calls it spam: as the engine records it."""
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, message_id, payload, keyword, at,"
            " channel, supplier_id) SELECT client_id, %s, %s, recipient_index, message_id, '', 'stop', %s, 'email', %s"
            " FROM engine_state WHERE message_id = %s",
            [ids.uuid7(), world.route_id, clock.now(), f"complaint-{message_id.hex}", message_id],
        )


def unsubscribe(world, message_id):
    """Somebody follows the link of a mail, twice, as mail programs do."""
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM audience_consent_state WHERE channel = 'email'")  # no ledger is behind these
    token = opt_out.make(keystore().entity(opt_out.KEY), world.client.pk, message_id)
    for _ in range(2):
        offer = saying_no.find(token)
        assert offer is not None
        saying_no.say_no(offer)
    outbox.dispatch()
    outbox.dispatch()


@pytest.mark.clause("CGVU 3.3", "CGVU 17")
def test_a_report_counts_what_came_back_of_mails_and_who_wants_no_more(world, agents):
    campaign, messages = by_mail(world)
    complain(world, messages[5])
    unsubscribe(world, messages[6])

    with client_scope(world.client.pk):
        built = report.build(campaign)
        behind = {name: len(report.people(campaign, name) or ()) for name in
                  ("hard", "soft", "complaints", "unsubscribed", "sent-by:email", "failed-by:email")}  # fmt: skip

    (mails,) = built.channels
    assert (mails.sent, mails.received, mails.failed) == (7, 1, 4)
    assert (mails.hard, mails.soft, mails.complaints, mails.unsubscribed, mails.stops) == (2, 2, 1, 1, 0)
    assert behind == {
        "hard": 2, "soft": 2, "complaints": 1, "unsubscribed": 1, "sent-by:email": 7, "failed-by:email": 4,
    }  # fmt: skip
    assert built.tries == ()
    page = world.browser().get(world.url(campaign, "report")).text
    assert "Hard bounces" in page
    assert "Soft bounces" in page
    assert "figure=unsubscribed" in page
    assert "Rejets définitifs" in world.browser(language="fr").get(world.url(campaign, "report")).text
    listed = world.browser().get(world.url(campaign, "report/people") + "?figure=complaints").text
    assert "Spam complaints" in listed
    assert "E-mail" in listed


def test_what_a_database_takes_for_soft_is_what_the_rule_of_suppression_does():
    codes = {row.code for row in TABLE} | {"5.2.2", "5.2.20", "5.5.2", "552", "5.4.1", "5.4.10", "5.4.7"}
    came_back = [code for code in codes if code[0] == "5" and code not in bounces.NOT_SOFT]

    assert [code for code in came_back if bool(re.search(bounces.SOFT_PATTERN, code)) != bounces.is_soft(code)] == []
    assert all(re.search(bounces.SOFT_PATTERN, code) for code in codes if code[0] == "4")


def test_the_home_page_counts_mails_that_were_taken_for_nobody_is_known_to_have_them(world, agents):
    campaign, _messages = by_mail(world)
    with client_scope(world.client.pk):
        (counted,) = queries.figures(world.client.pk, [campaign]).values()

        left = queries.today(world.client.pk).left

    page = world.browser().get(f"/c/{world.client.slug}/").text
    assert (left.received, left.mails) == (counted.taken, True)
    assert counted.taken > counted.received
    assert "Received, or taken by mail servers" in page


@pytest.mark.clause("DPA 12")
def test_what_is_kept_of_an_unsubscription_goes_with_the_person(world, agents):
    campaign, messages = by_mail(world)
    unsubscribe(world, messages[0])
    with client_scope(world.client.pk):
        (row,) = Unsubscribe.objects.all()
        assert (row.message_id, row.campaign_id) == (messages[0], campaign.id)
        factories.Contact.objects.filter(client_id=world.client.pk, id__in=[row.contact_id]).delete()

    retention.expire(world.client.pk)

    with client_scope(world.client.pk):
        assert not Unsubscribe.objects.exists()


def test_a_second_client_sees_no_unsubscription(world, agents):
    _campaign, messages = by_mail(world)
    unsubscribe(world, messages[0])
    other = factories.make_client("Autre")

    with client_scope(other.pk):
        assert not Unsubscribe.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM soreach_unsubscribe")
            assert cursor.fetchone() == (0,)


def test_a_mail_of_no_campaign_is_counted_nowhere(world, agents):
    _campaign, messages = by_mail(world)
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_state SET campaign_id = NULL WHERE message_id = %s", [messages[0]])

    unsubscribe(world, messages[0])

    with client_scope(world.client.pk):
        assert not Unsubscribe.objects.exists()


def laddered(world):
    """RCS, then WhatsApp: of three people one read by RCS, one got it by WhatsApp next, one by WhatsApp alone."""
    with client_scope(world.client.pk):
        for number, state in ((1, "granted"), (2, "granted"), (3, "opposed")):
            contact = factories.make_contact(world.client, number, state=state)
            factories.agree_to_whatsapp(world.client, contact)
        campaign = factories.make_campaign(
            world.client, world.route_id, status="expanding", launched_at=clock.now(), starts_at=clock.now(),
            channels=("rcs", "whatsapp"),
        )  # fmt: skip
    expand(world.client.pk, campaign.id)
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_queue")
        first, second, third = (
            row[0] for row in admin.execute("SELECT message_id FROM engine_state ORDER BY contact_id").fetchall()
        )
        set_to = "UPDATE engine_state SET status = %s, superseded = %s, submitted_at = now(), final_at = now()"
        admin.execute(f"{set_to} WHERE message_id = %s", ["read", False, first])
        admin.execute(f"{set_to} WHERE message_id = %s", ["expired", True, second])
        admin.execute(f"{set_to} WHERE message_id = %s", ["delivered", False, third])
        after = ids.uuid7()
        admin.execute(
            "INSERT INTO engine_message (client_id, id, channel, purpose, campaign_id, contact_id, recipient_index,"
            " sender, payload, parts, encoding, unit_price_eur, created_at) SELECT client_id, %s, 'whatsapp',"
            " 'marketing', campaign_id, contact_id, recipient_index, 'W', payload, 1, 'utf8', 0.09, now()"
            " FROM engine_message WHERE id = %s",
            [after, second],
        )
        admin.execute(
            "INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, recipient_index, status, rank,"
            " parts, parts_done, rung, accepted_at, updated_at, submitted_at, final_at) SELECT client_id, %s,"
            " campaign_id, contact_id, recipient_index, 'read', 60, 1, 1, 1, now(), now(), now(), now()"
            " FROM engine_state WHERE message_id = %s",
            [after, second],
        )
        admin.execute(
            "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, message_id, payload, keyword, at,"
            " channel) SELECT client_id, %s, %s, recipient_index, message_id, '', 'stop', %s, 'whatsapp'"
            " FROM engine_state WHERE message_id = %s",
            [ids.uuid7(), world.route_id, clock.now(), third],
        )
    return world.reload(campaign)


@pytest.mark.clause("CGVU 3.3")
def test_a_report_says_who_read_by_rcs_and_whatsapp_per_channel_and_per_try(world, agents):
    campaign = laddered(world)

    with client_scope(world.client.pk), override("en"):
        built = report.build(campaign)
        (shown, tries) = channel_tables.tables(built)
        stopped = report.people(campaign, "stops-by:whatsapp")

    by_rcs, by_whatsapp = built.channels
    assert (by_rcs.sent, by_rcs.received, by_rcs.read, by_rcs.failed, by_rcs.passed, by_rcs.stops) == (2, 1, 1, 1, 1, 0)
    assert (by_whatsapp.sent, by_whatsapp.received, by_whatsapp.read, by_whatsapp.stops) == (2, 2, 1, 1)
    assert [(one.rung, one.channel, one.sent) for one in built.tries] == [
        (0, "rcs", 2), (0, "whatsapp", 1), (1, "whatsapp", 1),
    ]  # fmt: skip
    assert str(built.cost_eur) == "0.28"
    assert "Read" in shown.columns
    assert "Unsubscribed" not in shown.columns
    assert [name for name, _ in tries.rows] == ["1. RCS", "1. WhatsApp", "2. WhatsApp"]
    assert len(stopped or ()) == 1
    page = world.browser().get(world.url(campaign, "report")).text
    assert "Try by try" in page
    assert "figure=read-by:whatsapp" in page
    assert "offre = -20 % ce samedi" in page


def test_a_file_of_a_report_says_by_which_channel_each_person_was_reached(world, agents):
    campaign = laddered(world)
    owner = world.client

    with client_scope(world.client.pk), override("en"):
        owner.viewer_establishments = None
        lines = list(csv.reader(io.StringIO(export.to_csv(owner, campaign).decode("utf-8-sig")), delimiter=";"))
        book = zipfile.ZipFile(io.BytesIO(export.to_xlsx(owner, campaign)))
        html = files.to_html(campaign, report.build(campaign))
        pdf = files.to_pdf(campaign, report.build(campaign))

    header, *rows = lines
    place = header.index("Channel")
    assert [(row[place], row[place + 1]) for row in rows] == [
        ("RCS", "Read"),
        ("WhatsApp", "Read"),
        ("WhatsApp", "Received"),
    ]
    assert b"Try by try" in book.read("xl/sharedStrings.xml")
    assert "Try by try" in html
    assert pdf.startswith(b"%PDF")


def test_a_campaign_whose_messages_are_not_written_yet_says_so(world, agents):
    campaign = world.draft(channels=("rcs", "whatsapp"), status="expanding", launched_at=clock.now())

    page = world.browser().get(world.url(campaign, "report")).text

    assert "Nothing has been written yet" in page
    assert "Try by try" not in page
    assert "SMS parts" not in page


def test_by_sms_alone_nothing_is_said_of_channels(world):
    campaign = world.sent()

    page = world.browser().get(world.url(campaign, "report")).text

    assert "By channel" not in page
    assert "Hard bounces" not in page
    with client_scope(world.client.pk):
        assert by_channel.totals(by_channel.read(campaign), campaign.channels)[0].channel == "sms"
