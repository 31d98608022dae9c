from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from sofy.engine import permissions
from sofy.engine.intake import decode_payload
from sofy.engine.rungs import decode_rung, row_id
from sofy.kernel import clock
from sofy.kernel.content import OPT_OUT_URL
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign, CampaignExclusion, ShortLink
from sofy.soreach.services import lifecycle
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    factories.make_agent(engine_db.database.admin_url)
    factories.make_agent(engine_db.database.admin_url, channel="email", price="0.002")
    return factories.make_client()


@pytest.fixture
def route_id(engine_db):
    return factories.make_route(engine_db.database.admin_url)


def draft(client, route_id, channels, **columns):
    return factories.make_campaign(
        client, route_id, status="expanding", launched_at=clock.now(), starts_at=clock.now(), channels=channels,
        **columns,
    )  # fmt: skip


def heads(engine_db, client, campaign):
    """What is written of a campaign, in the order of contacts: id, channel, lane, expiry, what is said."""
    with engine_db.connect("admin") as admin:
        rows = admin.execute(
            "SELECT m.id, m.channel, q.lane, m.expires_at, m.payload FROM engine_message m"
            " JOIN engine_queue q ON q.message_id = m.id WHERE m.campaign_id = %s ORDER BY m.contact_id",
            [campaign.id],
        ).fetchall()
    keys = keys_for(client.id)
    return [(*row[:4], decode_payload(keys.unseal("engine_message", "payload", row[0], row[4]))) for row in rows]


def rungs(engine_db, client, head):
    with engine_db.connect("admin") as admin:
        rows = admin.execute(
            "SELECT rung, payload, deadline_at, message_id FROM engine_ladder WHERE head_id = %s ORDER BY rung", [head]
        ).fetchall()
    keys = keys_for(client.id)
    return [
        (
            decode_rung(keys.unseal("engine_ladder", "payload", UUID(bytes=row_id(head, row[0])), row[1]).encode()),
            row[2],
            row[3],
        )
        for row in rows
    ]


@pytest.mark.clause("CGVU 3.3")
def test_everybody_gets_rcs_with_the_sms_behind_it(engine_db, client, route_id):
    with client_scope(client.id):
        factories.make_contact(client, 1, first_name="Élise")
        campaign = draft(client, route_id, ("rcs", "sms"))

    total = expand(client.id, campaign.id)

    assert total.added == 1
    ((head, channel, lane, expires_at, payload),) = heads(engine_db, client, campaign)
    assert (channel, lane, expires_at) == ("rcs", "marketing.rcs", clock.now() + timedelta(hours=4))
    assert payload.content.text == "Bonjour Élise, -20 % ce samedi"
    assert payload.content.media.url == "https://fournil.example/brioche.png"
    assert [(one.kind, one.label) for one in payload.content.buttons] == [("url", "La carte"), ("reply", "STOP")]
    (first, deadline, begun), (then, no_deadline, not_begun) = rungs(engine_db, client, head)
    assert (first.channel, first.sender, deadline, begun) == ("rcs", "fournil", clock.now() + timedelta(hours=4), head)
    assert (then.channel, then.sender, then.short_code, no_deadline, not_begun) == (
        "sms",
        "FLEURS",
        "36111",
        None,
        None,
    )
    assert then.text == "Bonjour Élise, -20 % chez nous ce samedi. STOP SMS 36111"
    with client_scope(client.id):
        (link,) = ShortLink.objects.all()
    assert payload.content.buttons[0].value.endswith(f"/l/{link.code}")


def test_an_expansion_that_is_repeated_writes_no_second_ladder(engine_db, client, route_id):
    with client_scope(client.id):
        for number in range(5):
            factories.make_contact(client, number)
        campaign = draft(client, route_id, ("rcs", "sms"))
    expand(client.id, campaign.id, batch=2)
    with client_scope(client.id):
        Campaign.objects.update(status="expanding", expanded_at=None)

    again = expand(client.id, campaign.id, batch=2)

    assert again.added == 0
    with engine_db.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_ladder").fetchone() == (10,)


@pytest.mark.clause("CGVU 14.1")
def test_an_e_mail_goes_to_who_agreed_to_e_mails_with_the_way_out(engine_db, client, route_id):
    with client_scope(client.id):
        reached = factories.make_contact(client, 1, first_name="<b>Élise", state="")
        factories.give_email(client, reached, "elise@fournil.example")
        by_sms_only = factories.make_contact(client, 2)
        campaign = draft(client, route_id, ("email",))

    expand(client.id, campaign.id)

    ((_, channel, lane, _, payload),) = heads(engine_db, client, campaign)
    assert (channel, lane, payload.to) == ("email", "marketing.email", "elise@fournil.example")
    assert payload.content.subject == "<b>Élise, ce samedi"
    assert "&lt;b&gt;Élise" in payload.content.html
    assert OPT_OUT_URL in payload.content.html
    assert "/l/" in payload.content.html
    assert "fournil.example/carte" not in payload.content.html
    with client_scope(client.id):
        assert dict(CampaignExclusion.objects.values_list("contact_id", "reason")) == {by_sms_only.id: "invalid"}


def test_each_person_begins_on_the_first_channel_that_reaches_them(engine_db, client, route_id):
    with client_scope(client.id):
        both = factories.make_contact(client, 1)
        factories.give_email(client, both, "deux@fournil.example")
        by_phone = factories.make_contact(client, 2)
        by_mail = factories.make_contact(client, 3, state="opposed")
        factories.give_email(client, by_mail, "mail@fournil.example")
        neither = factories.make_contact(client, 4, state="")
        campaign = draft(client, route_id, ("rcs", "sms", "email"))

    expand(client.id, campaign.id)

    found = heads(engine_db, client, campaign)
    taken = [[rung.channel for rung, _, _ in rungs(engine_db, client, row[0])] or [row[1]] for row in found]
    assert taken == [["rcs", "sms", "email"], ["rcs", "sms"], ["email"]]
    with client_scope(client.id):
        assert dict(CampaignExclusion.objects.values_list("contact_id", "reason")) == {neither.id: "no_consent"}
    assert by_phone.id != both.id


def test_a_channel_that_lacks_a_value_is_passed_over(engine_db, client, route_id):
    with client_scope(client.id):
        factories.make_contact(client, 1, first_name=None)
        campaign = draft(client, route_id, ("rcs", "sms"), text="-20 % ce samedi. STOP SMS 36111")

    expand(client.id, campaign.id)

    ((_, channel, _, _, payload),) = heads(engine_db, client, campaign)
    assert (channel, payload.text) == ("sms", "-20 % ce samedi. STOP SMS 36111")


@pytest.mark.clause("CGVU 14.1")
def test_the_time_of_a_channel_runs_from_when_it_may_leave(engine_db, client, route_id):
    night = clock.DEMO_START.replace(hour=22)
    clock.install(lambda: night)
    with client_scope(client.id):
        factories.make_contact(client, 1)
        campaign = draft(client, route_id, ("rcs", "sms"))

    expand(client.id, campaign.id)

    ((head, _, _, expires_at, _),) = heads(engine_db, client, campaign)
    opens_at = expires_at - timedelta(hours=4)
    assert opens_at.astimezone(clock.PARIS).hour == 8
    assert rungs(engine_db, client, head)[0][1] == expires_at


@pytest.mark.clause("DPA 6")
def test_a_budget_pays_for_the_dearest_channel_of_each(engine_db, client, route_id):
    with client_scope(client.id):
        for number in range(4):
            factories.make_contact(client, number)
        campaign = draft(client, route_id, ("rcs", "sms"), budget_eur="0.11")

    total = expand(client.id, campaign.id)

    assert (total.added, total.excluded["over_budget"]) == (2, 2)


def test_a_campaign_goes_on_while_another_channel_may_be_tried(engine_db, client, route_id):
    with client_scope(client.id):
        factories.make_contact(client, 1)
        campaign = draft(client, route_id, ("rcs", "sms"))
        permissions.start_campaign(connection.connection, client.id, campaign.id)
    expand(client.id, campaign.id)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_queue")
        admin.execute("UPDATE engine_state SET status = 'submitted', rank = 30, submitted_at = now()")

    with client_scope(client.id):
        campaign.refresh_from_db()
        still = lifecycle.finish_if_done(campaign).status
        with engine_db.connect("admin", autocommit=True) as admin:
            admin.execute("UPDATE engine_state SET status = 'delivered', rank = 50")
        over = lifecycle.finish_if_done(campaign).status

    assert (still, over) == ("running", "finished")
    with engine_db.connect("admin") as admin:
        assert admin.execute("SELECT expanded_at IS NOT NULL FROM gate_campaign").fetchone() == (True,)
