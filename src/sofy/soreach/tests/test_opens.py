"""Openings of e-mails: all together by default, one person only after they agreed to it."""

import re
from datetime import timedelta

import pytest
from django.test import Client as Browser

from sofy.audience.models import Identity
from sofy.audience.services import consent
from sofy.engine.intake import decode_payload
from sofy.kernel import clock
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach import opens, report
from sofy.soreach.models import Campaign, OpenCount, OpenImage, ShortLink
from sofy.soreach.services.expand import expand
from sofy.soreach.services.retention import expire
from sofy.soreach.tests import factories

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
APPLE = "Mozilla/5.0"
IMAGE = re.compile(r'<img src="([^"]+/o/(\w+)\.gif)" width="1" height="1" alt=""')


@pytest.fixture
def mails(world):
    """Make a campaign by e-mail to so many people, expanded; answers it and its people."""
    factories.make_agent(world.database.database.admin_url, channel="email", price="0.002")

    def made(people: int = 3, agreed: int = 0, **columns):
        with client_scope(world.client.pk):
            contacts = [factories.make_contact(world.client, number, state="") for number in range(people)]
            for number, contact in enumerate(contacts):
                factories.give_email(world.client, contact, f"personne{number}@fournil.example", state="")
        for contact in contacts:
            says(world, contact, "granted", "marketing")
        for contact in contacts[:agreed]:
            says(world, contact, "granted")
        with client_scope(world.client.pk):
            campaign = factories.make_campaign(
                world.client, world.route_id, channels=("email",), status="expanding", launched_at=clock.now(),
                starts_at=clock.now(), **columns,
            )  # fmt: skip
        expand(world.client.pk, campaign.id)
        return campaign, contacts

    return made


def says(world, contact, state, purpose="opens", **more):
    with client_scope(world.client.pk):
        identity = contact_mail(world, contact)
        consent.record(
            client_id=world.client.pk, identity_id=identity, purpose=purpose, state=state, source="screen",
            actor="user:test", **more,
        )  # fmt: skip


def contact_mail(world, contact):
    return Identity.objects.get(client_id=world.client.pk, contact_id=contact.id, kind="email").id


def codes(world, campaign):
    """Contact -> the code of the image in the e-mail that waits for them."""
    with world.database.connect("admin") as admin:
        rows = admin.execute(
            "SELECT contact_id, id, payload FROM engine_message WHERE campaign_id = %s", [campaign.id]
        ).fetchall()
    keys, found = keys_for(world.client.pk), {}
    for contact, message, payload in rows:
        html = decode_payload(keys.unseal("engine_message", "payload", message, payload)).content.html
        images = IMAGE.findall(html)
        assert len(images) <= 1
        found[contact] = images[0][1] if images else None
    return found


def fetch(code, agent=PHONE, **more):
    return Browser(headers={"user-agent": agent}).get(f"/o/{code}.gif", **more)


def counted(world):
    with client_scope(world.client.pk):
        return list(OpenCount.objects.values_list("variant", "fetched", "early"))


def opened(world):
    with world.database.connect("admin") as admin:
        return [row[0] for row in admin.execute("SELECT contact_id FROM engine_event WHERE kind = 'opened'").fetchall()]


@pytest.mark.clause("DPA 5")
def test_every_e_mail_has_the_same_image_unless_the_campaign_asks_otherwise(world, mails):
    campaign, contacts = mails(3, agreed=2)

    found = codes(world, campaign)

    assert campaign.opens == "together"
    assert len(found) == 3
    assert len(set(found.values())) == 1
    with client_scope(world.client.pk):
        (image,) = OpenImage.objects.all()
    assert (image.variant, image.contact_id, image.identity_index) == ("A", None, None)
    assert not any(str(contact.id)[:8] in image.code for contact in contacts)


def test_a_fetch_is_counted_and_tells_nothing_of_who_made_it(world, mails):
    campaign, _ = mails(2)
    (code,) = set(codes(world, campaign).values())

    answers = [fetch(code, REMOTE_ADDR="203.0.113.7") for _ in range(2)]

    assert (answers[0].status_code, answers[0]["Content-Type"], answers[0].content) == (200, "image/gif", opens.IMAGE)
    assert answers[0]["Cache-Control"] == "no-store, private"
    assert not answers[0].cookies
    assert "Set-Cookie" not in answers[0]
    assert counted(world) == [("A", 2, 0)]
    assert opened(world) == []
    with world.database.connect("admin") as admin:
        kept = str(admin.execute("SELECT * FROM soreach_opencount").fetchall())
    assert "203.0.113.7" not in kept
    assert "iPhone" not in kept


def test_the_moment_of_an_opening_is_kept_to_the_hour(world, mails):
    campaign, _ = mails(1)
    (code,) = codes(world, campaign).values()

    fetch(code)

    with client_scope(world.client.pk):
        hour = OpenCount.objects.get().hour
    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)


@pytest.mark.parametrize("agent", [APPLE, "", "Barracuda Sentinel", "AcmeBot/1.0"])
def test_machines_that_fetch_before_anybody_reads_are_counted_apart(world, mails, agent):
    campaign, _ = mails(1)
    (code,) = codes(world, campaign).values()

    fetch(code, agent)

    assert counted(world) == [("A", 1, 1)]


@pytest.mark.parametrize(
    "agent", [PHONE, "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"]
)
def test_mail_readers_count(agent):
    assert not opens.fetched_early(agent)


def test_looking_at_the_head_of_an_image_counts_nothing(world, mails):
    campaign, _ = mails(1)
    (code,) = codes(world, campaign).values()

    answer = Browser().head(f"/o/{code}.gif")

    assert (answer.status_code, counted(world)) == (200, [])


@pytest.mark.parametrize("code", ["zzzzzzzzz", "a", "x" * 300, "%27", "é"])
def test_an_image_that_is_of_no_campaign_looks_like_any_other(world, code):
    answer = fetch(code)

    assert (answer.status_code, answer.content) == (200, opens.IMAGE)
    assert counted(world) == []


@pytest.mark.clause("DPA 5")
def test_only_who_agreed_is_told_apart_and_only_where_the_campaign_asks(world, mails):
    campaign, (agreed, other, another) = mails(3, agreed=1, opens="each")
    found = codes(world, campaign)

    for contact in (agreed, other):
        fetch(found[contact.id])

    assert found[other.id] == found[another.id] != found[agreed.id]
    assert opened(world) == [agreed.id]
    assert counted(world) == [("A", 2, 0)]
    with client_scope(world.client.pk):
        assert [person.contact_id for person in report.people(campaign, "opened")] == [agreed.id]
        assert report.build(campaign).opens == report.Opens(fetched=2, early=0, people=1)


@pytest.mark.clause("DPA 5")
@pytest.mark.parametrize("purpose", ["opens", "marketing"])
def test_who_takes_it_back_is_told_apart_no_more_in_mails_that_left_already(world, mails, purpose):
    campaign, (person,) = mails(1, agreed=1, opens="each")
    (code,) = codes(world, campaign).values()

    says(world, person, "withdrawn", purpose)
    fetch(code)

    assert opened(world) == []
    assert counted(world) == [("A", 1, 0)]


@pytest.mark.clause("DPA 5")
def test_agreeing_to_be_counted_is_no_consent_to_e_mails_and_lifts_no_opposition(world, mails):
    _, (person,) = mails(1)
    says(world, person, "opposed", "marketing")
    says(world, person, "withdrawn")
    clock.install(lambda: clock.DEMO_START + timedelta(hours=1))

    says(world, person, "granted", evidence="formulaire 12")

    with world.database.connect("admin") as admin:
        kept = dict(admin.execute("SELECT purpose, state FROM gate_permission WHERE channel = 'email'").fetchall())
    assert kept == {"marketing": "opposed", "opens": "granted"}


def test_openings_are_counted_for_e_mail_addresses_only(world):
    with client_scope(world.client.pk):
        contact = factories.make_contact(world.client, 1)
        phone = Identity.objects.get(contact_id=contact.id, kind="phone")

        with pytest.raises(Refused, match="opens_by_email_only"):
            consent.record(
                client_id=world.client.pk, identity_id=phone.id, purpose="opens", state="granted", source="screen",
                actor="user:test",
            )  # fmt: skip


def test_a_machine_that_fetches_early_opens_nothing_for_a_person(world, mails):
    campaign, _ = mails(1, agreed=1, opens="each")
    (code,) = codes(world, campaign).values()

    fetch(code, APPLE)

    assert opened(world) == []


def test_a_campaign_may_measure_nothing(world, mails):
    campaign, _ = mails(2, opens="off")

    assert set(codes(world, campaign).values()) == {None}
    with client_scope(world.client.pk):
        assert report.build(campaign).opens is None
        assert not OpenImage.objects.exists()


def test_an_expansion_that_is_repeated_keeps_its_images(world, mails):
    campaign, _ = mails(3, agreed=1, opens="each")
    before = codes(world, campaign)
    with client_scope(world.client.pk):
        Campaign.objects.update(status="expanding", expanded_at=None)

    expand(world.client.pk, campaign.id, batch=1)

    assert codes(world, campaign) == before
    with client_scope(world.client.pk):
        assert OpenImage.objects.count() == 2


def test_the_report_shows_an_approximate_figure_with_what_it_is_worth(world, mails):
    campaign, _ = mails(2)
    (code,) = set(codes(world, campaign).values())
    fetch(code)
    fetch(code, APPLE)

    english = world.browser().get(world.url(campaign, "report")).text
    french = world.browser(language="fr").get(world.url(campaign, "report")).text

    assert "Opens, approximately" in english
    assert "≈ 1" in english
    assert "Apple Mail Privacy Protection" in english
    assert "Ouvertures, environ" in french


def test_the_author_chooses_how_openings_are_counted(world, mails):
    factories.make_agent(world.database.database.admin_url)
    campaign = world.draft(channels=("email",))
    browser = world.browser()
    page = browser.get(world.url(campaign, "content")).text

    browser.post(world.url(campaign, "content"), {"channel": "email", "opens": "off", "sender": "FLEURS"})

    assert "Counting who opens the e-mail" in page
    assert world.reload(campaign).opens == "off"


def test_the_images_of_a_person_go_with_them_and_a_year_after_the_campaign(world, mails):
    _, (person, _) = mails(2, agreed=1, opens="each")
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM audience_contact WHERE id = %s", [person.id])

    expire(world.client.pk)
    with client_scope(world.client.pk):
        left = list(OpenImage.objects.values_list("contact_id", flat=True))
    clock.install(lambda: clock.DEMO_START.replace(year=clock.DEMO_START.year + 2))
    expire(world.client.pk)

    assert left == [None]
    with client_scope(world.client.pk):
        assert not OpenImage.objects.exists()
        assert not ShortLink.objects.exists()


def test_a_client_sees_no_images_and_no_counts_of_another(world, mails):
    campaign, _ = mails(1)
    fetch(*codes(world, campaign).values())
    other = factories.make_client("Autre")

    with client_scope(other.pk):
        assert not OpenImage.objects.exists()
        assert not OpenCount.objects.exists()


@pytest.mark.parametrize("html", ["<html><body>a</body></html>", "a", "<body></BODY>"])
def test_the_image_stands_once_at_the_end_of_any_page(html):
    made = opens.with_image(Content(html=html), "https://sofy.example/o/x.gif").html

    assert made.count("<img") == 1
    assert made.replace(made[made.index("<img") : made.index(">", made.index("<img")) + 1], "") == html
