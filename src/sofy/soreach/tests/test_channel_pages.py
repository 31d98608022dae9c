from datetime import timedelta
from uuid import UUID

import pytest

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import report
from sofy.soreach.models import Variant
from sofy.soreach.services import checks, drafts
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories

NEXT = UUID("018f0000-0000-7000-8000-000000000001")


@pytest.fixture
def agents(world):
    factories.make_agent(world.database.database.admin_url)
    factories.make_agent(world.database.database.admin_url, channel="email", price="0.002")


def test_where_there_is_only_sms_nothing_asks_how_it_travels(world):
    page = world.browser().get(world.url(world.draft(), "content")).text

    assert "How it travels" not in page
    assert 'name="text_A"' in page


def test_rcs_and_then_sms_is_one_choice_and_one_switch(world, agents):
    campaign = world.draft()
    browser = world.browser()
    page = browser.get(world.url(campaign, "content")).text

    browser.post(
        world.url(campaign, "content"),
        {"channel": "rcs", "also_sms": "on", "after_hours": "2", "text_A": factories.TEXT, "sender": "FLEURS"},
    )

    assert "And by SMS to whom RCS does not reach" in page
    campaign = world.reload(campaign)
    assert campaign.channels == ["rcs", "sms"]
    assert campaign.ladder[0]["after_s"] == 7_200
    assert (campaign.ladder[0]["sender"], campaign.ladder[0]["price_eur"]) == ("fournil", "0.050000")
    assert 'name="rcs_text_A"' in browser.get(world.url(campaign, "content")).text


def test_choosing_another_way_brings_its_fields_at_once_and_typing_only_the_preview(world, agents):
    campaign = world.draft()
    browser, address = world.browser(), world.url(campaign, "content")
    chosen = {"channel": "email", "text_A": factories.TEXT, "sender": "FLEURS"}

    whole = browser.post(address, chosen, headers={"hx-request": "true", "hx-target": "content-form"}).text
    part = browser.post(address, chosen, headers={"hx-request": "true", "hx-target": "preview"}).text

    assert 'name="email_subject_A"' in whole
    assert 'id="content-form"' in whole
    assert 'id="preview"' in part
    assert 'id="content-form"' not in part


def test_what_is_written_for_rcs_is_kept_and_shown_on_a_phone(world, agents):
    campaign = world.draft(channels=("rcs", "sms"), others={})
    browser = world.browser()

    page = browser.post(
        world.url(campaign, "content"),
        {
            "channel": "rcs", "also_sms": "on", "text_A": factories.TEXT, "sender": "FLEURS",
            "rcs_text_A": "Bonjour {{ prenom }}", "rcs_button1_label_A": "Appeler", "rcs_button1_kind_A": "call",
            "rcs_button1_value_A": "06 39 98 00 01",
        },
        headers={"hx-request": "true"},
    ).text  # fmt: skip

    assert "Bonjour Prénom" in page
    assert "<li>Appeler</li><li>STOP</li>" in page
    with client_scope(world.client.pk):
        said = Variant.objects.get(campaign=campaign).others["rcs"]
    assert said["buttons"] == [{"label": "Appeler", "kind": "call", "value": "06 39 98 00 01"}]


def test_what_is_wrong_in_an_e_mail_is_said_beside_it(world, agents):
    campaign = world.draft(channels=("email",), others={"email": {"text": "Bonjour"}})

    page = world.browser().get(world.url(campaign, "content")).text

    assert "The e-mail has no subject." in page


def test_an_e_mail_is_shown_before_there_is_an_audience(world, agents):
    campaign = world.draft(channels=("email",))
    with client_scope(world.client.pk):
        campaign.segment_ids = []
        campaign.save()

    page = world.browser().get(world.url(campaign, "content/mail") + "?variant=A").text

    assert "Bonjour prenom" in page


@pytest.mark.clause("CGVU 14.1")
def test_an_e_mail_is_previewed_under_rules_of_its_own_that_let_its_styles_hold_and_nothing_run(world, agents):
    campaign = world.draft(channels=("email",), others={"email": {"subject": "Soldes", "text": "Bonjour"}})
    browser = world.browser()

    around = browser.get(world.url(campaign, "content"))
    page = browser.get(world.url(campaign, "content/mail") + "?variant=A")
    none = browser.get(world.url(campaign, "content/mail") + "?variant=Z")

    assert "content/mail?variant=A&amp;as=0" in around.text
    assert "frame-src 'self'" in around["content-security-policy"]
    rules = page["content-security-policy"]
    assert "Bonjour" in page.text
    assert "script-src 'none'" in rules
    assert "style-src 'unsafe-inline'" in rules
    assert page["x-frame-options"] == "SAMEORIGIN"
    assert (none.status_code, none.text) == (200, "")


def test_a_test_of_an_e_mail_asks_for_addresses(world, agents):
    campaign = world.draft(channels=("email",), others={"email": {"subject": "Soldes", "text": "Bonjour"}})

    page = world.browser().get(world.url(campaign, "checks")).text

    assert "E-mail addresses, one per line" in page
    assert "Mobile numbers, one per line" not in page


def test_the_checks_say_what_happens_on_each_branch_and_what_each_costs(world, agents):
    campaign = world.draft(4, channels=("rcs", "sms"))

    with client_scope(world.client.pk):
        found, estimate = checks.run_checks(world.client, campaign)

    assert [one.code for one in found if one.level == "stop"] == []
    assert {"stop_said_rcs", "then_sms", "stop_mention", "cost_between"} <= {one.code for one in found}
    assert [(one.channel, one.people, str(one.cost_eur)) for one in estimate.branches] == [
        ("rcs", 4, "0.20"), ("sms", 4, "0.18"),
    ]  # fmt: skip
    assert (str(estimate.least_eur), str(estimate.cost_eur)) == ("0.18", "0.20")
    page = world.browser().get(world.url(campaign, "checks")).text
    assert "Whoever is not reached in 4 hours gets the SMS. Nobody gets both." in page
    assert "RCS → SMS" in world.browser().get(world.url(campaign, "confirm")).text


KNOWN = """
INSERT INTO engine_capability (client_id, recipient_index, agent, capable, known_at, until)
SELECT %(client)s, index, %(agent)s, n > 1, %(at)s::timestamptz + n * interval '1 minute', %(until)s
  FROM (SELECT index, row_number() OVER (ORDER BY contact_id) AS n FROM audience_identity
         WHERE kind = 'phone' AND deleted_at IS NULL ORDER BY contact_id LIMIT %(n)s) AS phones
ON CONFLICT (client_id, recipient_index, agent) DO UPDATE SET until = excluded.until
"""


def test_the_estimate_says_how_many_phones_are_known_to_have_rcs_and_since_when(world, agents):
    campaign = world.draft(4, channels=("rcs", "sms"))
    at, later = clock.now() - timedelta(hours=3), clock.now() + timedelta(hours=1)
    browser, address = world.browser(), world.url(campaign, "checks")

    def note(**values):
        with world.database.connect("admin", autocommit=True) as admin:
            admin.execute(
                KNOWN, {"client": world.client.pk, "agent": "fournil", "at": at, "until": later, "n": 3} | values
            )

    def told():
        with client_scope(world.client.pk):
            return checks.run_checks(world.client, campaign)[1].branches

    before, page_before = told(), browser.get(address).text
    note(client=NEXT)
    note(agent="another")
    others = told()
    note()
    known, page = told(), browser.get(address).text
    note(until=clock.now() - timedelta(seconds=1))

    assert (before[0].capable.people, before[1].capable) == (0, None)
    assert "Which phones have RCS is asked when the campaign leaves." in page_before
    assert others == before
    assert (known[0].capable.people, known[0].capable.capable) == (3, 2)
    assert (known[0].capable.first_at, known[0].capable.last_at) == (
        at + timedelta(minutes=1), at + timedelta(minutes=3),
    )  # fmt: skip
    assert "2 of the 3 phones asked about have RCS. Oldest answer: " in page
    assert told()[0].capable.people == 0


@pytest.mark.clause("CGVU 13")
def test_nothing_leaves_by_e_mail_without_an_address_of_the_client(world, agents):
    campaign = world.draft(channels=("email",))
    with client_scope(world.client.pk):
        factories.Sender.objects.filter(channel="email").delete()
        found, _ = checks.run_checks(world.client, campaign)

    assert "channel_sender_email" in [one.code for one in found if one.level == "stop"]


@pytest.mark.clause("CGVU 17")
def test_a_test_goes_by_the_channel_that_is_tried_to_who_agreed_to_it(world, agents):
    campaign = world.draft(channels=("rcs", "sms", "email"))
    browser = world.browser()
    asked = {"variant": "A", "asked": "on", "as": "0"}

    browser.post(world.url(campaign, "test"), asked | {"channel": "rcs", "numbers": "06 39 98 77 77"})
    browser.post(world.url(campaign, "test"), asked | {"channel": "email", "numbers": "essai@fournil.example"})
    browser.post(world.url(campaign, "test"), asked | {"channel": "email", "numbers": "06 39 98 77 77"})

    with world.database.connect("admin") as admin:
        sent = admin.execute(
            "SELECT channel, sender, short_code FROM engine_message ORDER BY created_at, id"
        ).fetchall()
        agreed = admin.execute(
            "SELECT channel FROM audience_consent_event WHERE detail = 'test send' ORDER BY id"
        ).fetchall()
    assert sent == [("rcs", "fournil", "fournil"), ("email", "bonjour@fournil.example", None)]
    assert sorted(agreed) == [("email",), ("sms",)]


def test_a_copy_takes_the_channels_and_what_they_say(world, agents):
    campaign = world.draft(channels=("rcs", "sms"))

    with client_scope(world.client.pk):
        copy = drafts.duplicate(campaign, name="Dimanche", actor="user:test")

        assert copy.channels == ["rcs", "sms"]
        assert copy.variants.get().others == {
            "rcs": factories.RCS,
            "whatsapp": factories.WHATSAPP,
            "email": factories.MAIL,
        }


@pytest.mark.clause("CGVU 3.3")
def test_a_report_counts_each_person_once_and_says_what_each_channel_did(world, agents):
    campaign = world.draft(
        3, channels=("rcs", "sms"), status="expanding", launched_at=clock.now(), starts_at=clock.now()
    )
    expand(world.client.pk, campaign.id)
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_queue")
        admin.execute(
            "UPDATE engine_state SET status = 'read', rank = 60, submitted_at = now(), final_at = now()"
            " WHERE contact_id <> (SELECT min(contact_id::text)::uuid FROM engine_state)"
        )
        admin.execute(
            "UPDATE engine_state SET status = 'expired', rank = 50, submitted_at = now(), final_at = now(),"
            " superseded = true WHERE status = 'accepted'"
        )
        admin.execute(
            "INSERT INTO engine_message (client_id, id, channel, purpose, campaign_id, contact_id, recipient_index,"
            " sender, payload, parts, encoding, unit_price_eur, created_at) SELECT client_id, %(new)s, 'sms',"
            " 'marketing', campaign_id, contact_id, recipient_index, 'FLEURS', payload, 2, 'gsm7', 0.045, now()"
            " FROM engine_message WHERE id = (SELECT message_id FROM engine_state WHERE superseded)",
            {"new": NEXT},
        )
        admin.execute(
            "INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, recipient_index, status, rank,"
            " parts, parts_done, rung, accepted_at, updated_at, submitted_at, final_at) SELECT client_id, %(new)s,"
            " campaign_id, contact_id, recipient_index, 'delivered', 50, 2, 2, 1, now(), now(), now(), now()"
            " FROM engine_state WHERE superseded",
            {"new": NEXT},
        )
    campaign = world.reload(campaign)

    with client_scope(world.client.pk):
        built = report.build(campaign)
        passed = report.people(campaign, "passed-by:rcs")
        received = report.people(campaign, "received")

    assert (built.progress.recipients, built.progress.received, built.progress.failed) == (3, 3, 0)
    by_rcs, by_sms = built.channels
    assert (by_rcs.channel, by_rcs.sent, by_rcs.received, by_rcs.read, by_rcs.failed, by_rcs.passed) == (
        "rcs", 3, 2, 2, 1, 1,
    )  # fmt: skip
    assert (by_sms.channel, by_sms.sent, by_sms.received, str(by_sms.cost_eur)) == ("sms", 1, 1, "0.090000")
    assert str(built.cost_eur) == "0.24"
    assert (len(passed or ()), len(received or ())) == (1, 3)
    page = world.browser().get(world.url(campaign, "report")).text
    assert "Then another" in page
    assert "figure=passed-by:rcs" in page
