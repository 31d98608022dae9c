"""Every page of the room: in both languages, for whom it is, and nothing for a stranger."""

import re

import pytest
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients.models import Client
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign, Variant
from sofy.soreach.tests import factories

WIZARD = ("audience", "content", "schedule", "checks", "confirm")
AFTER = ("progress", "report", "report/people?figure=recipients", "cancel", "report.csv", "report.xlsx", "report.pdf")
POSTS = (
    "duplicate",
    "delete",
    "test",
    "pause",
    "resume",
    "recall",
    "approve",
    "cancel",
    "confirm",
    "audience",
    "content",
)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_open_in_both_languages(world, language):
    draft, sent = world.draft(), world.sent(name="Partie")
    browser = world.browser(language=language)
    pages = [world.url(), world.url(page="new"), *(world.url(draft, page) for page in WIZARD)]
    pages += [world.url(sent, page) for page in AFTER if "." not in page]

    for page in pages:
        answer = browser.get(page)

        assert answer.status_code == 200, page
        assert f'lang="{language}"' in answer.text
        assert "style=" not in re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL), page


def test_an_empty_list_teaches(world):
    answer = world.browser().get(world.url())

    assert "Write to your customers" in answer.text


def test_a_stranger_learns_nothing(world):
    draft, sent = world.draft(), world.sent(name="Partie")
    other = factories.make_client("Autre")
    hostile = world.browser(user=make_user(client=other))
    pages = [world.url(), world.url(page="new")]
    pages += [world.url(c, page) for c in (draft, sent) for page in (*WIZARD, *AFTER)]
    elsewhere = [page.replace(world.client.slug, other.slug) for page in pages[2:]]

    for page in pages + elsewhere:
        assert hostile.get(page).status_code == 404, page
    for page in POSTS:
        assert hostile.post(world.url(draft, page)).status_code == 404, page
        assert hostile.post(world.url(draft, page).replace(world.client.slug, other.slug)).status_code == 404, page
    assert world.reload(draft).status == Campaign.Status.DRAFT


@pytest.mark.parametrize(
    ("_case", "role", "page", "status"),
    [
        ("an auditor reads the list", "auditor", "", 200),
        ("an auditor prepares nothing", "auditor", "new", 403),
        ("a store manager prepares", "store_manager", "new", 200),
        ("a developer sees no campaigns", "developer", "", 403),
    ],
)
def test_permissions_of_the_list(_case, world, role, page, status):
    assert world.browser(role).get(world.url(page=page)).status_code == status


@pytest.mark.parametrize(
    ("_case", "role", "page", "status"),
    [
        ("a store manager launches nothing", "store_manager", "confirm", 403),
        ("a store manager exports nothing", "store_manager", "report.csv", 403),
        ("an auditor exports nothing", "auditor", "report.pdf", 403),
        ("a marketer reports", "marketer", "report", 200),
    ],
)
def test_permissions_of_a_campaign(_case, world, role, page, status):
    campaign = world.draft() if page == "confirm" else world.sent()

    assert world.browser(role).get(world.url(campaign, page)).status_code == status


def test_from_a_name_to_the_launch(world):
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 1)
        segment = factories.make_segment(world.client)
        factories.Sender.objects.create(client_id=world.client.pk, name="FLEURS", created_by="user:x")
    browser = world.browser()
    here = browser.post(world.url(page="new"), {"name": "Samedi"}).url
    with client_scope(world.client.pk):
        campaign = Campaign.objects.get()
    assert here == world.url(campaign, "audience")

    browser.post(world.url(campaign, "audience"), {"segment_ids": [str(segment.id)]})
    browser.post(
        world.url(campaign, "content"),
        {"text_A": "Bonjour {{ prenom }}", "sender": "FLEURS", "route_id": str(world.route_id), "mention": "A"},
    )
    browser.post(world.url(campaign, "schedule"), {"timing": "now", "late": "next_opening"})
    browser.post(world.url(campaign, "checks"), {"topics": []})
    answer = browser.post(world.url(campaign, "confirm"))

    assert answer.status_code == 302, answer.text
    campaign = world.reload(campaign)
    assert (campaign.status, campaign.confirmed_count) == (Campaign.Status.EXPANDING, 1)
    with client_scope(world.client.pk):
        assert Variant.objects.get().source == "Bonjour {{ prenom }} STOP SMS 36111"


def test_the_preview_shows_the_text_of_a_real_contact(world):
    draft = world.draft()

    answer = world.browser().post(
        world.url(draft, "content"),
        {"text_A": "Salut {{ prenom }} STOP SMS 36111", "sender": "FLEURS"},
        headers={"hx-request": "true"},
    )

    assert re.search(r"Salut Prénom\d+ STOP SMS 36111", answer.text)
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("_case", "text", "shown"),
    [
        ("a mistake", "{{ prenon }}", "Did you mean “prenom”?"),
        ("a loop", "{% for a in b %}", "“for” is not possible"),
        ("a sign that costs", "Fête STOP SMS 36111", "<mark>ê</mark>"),
        ("no mention", "Bonjour", "mention STOP SMS 36111 is missing"),
    ],
)
def test_the_preview_explains(_case, world, text, shown):
    answer = world.browser().post(world.url(world.draft(), "content"), {"text_A": text}, headers={"hx-request": "true"})

    assert shown in answer.text.replace("&quot;", '"')


def test_a_running_campaign_is_not_edited(world):
    campaign = world.sent()
    browser = world.browser()

    for page in WIZARD:
        assert browser.post(world.url(campaign, page), {"text_A": "autre"}).status_code == 302
    with client_scope(world.client.pk):
        assert Variant.objects.get().source.startswith("{{ prenom }}")


def test_a_launch_that_lacks_the_mention_is_refused(world):
    draft = world.draft(text="Bonjour")

    answer = world.browser().post(world.url(draft, "confirm"))

    assert answer.status_code == 422
    assert world.reload(draft).status == Campaign.Status.DRAFT


def test_the_last_steps_say_what_stops_a_campaign(world):
    draft, browser = world.draft(sender="PROMO"), world.browser()
    with client_scope(world.client.pk):
        Client.objects.filter(pk=world.client.pk).update(state="suspended")

    checks = browser.get(world.url(draft, "checks")).text
    confirm = browser.get(world.url(draft, "confirm")).text
    pressed = browser.post(world.url(draft, "confirm"))

    levels = re.findall(r'<li class="check-(\w+)">', checks)
    assert levels[:2] == ["stop", "stop"]
    assert "stop" not in levels[2:]
    assert pressed.status_code == 422
    assert "would receive this message" in confirm
    assert "will receive this message" not in confirm
    for page in (checks, confirm, pressed.text):
        told = [text for text in re.findall(r'notice-text">(.*?)</div>', page) if "cannot leave" in text]
        assert len(told) == 1
        assert "PROMO is a general word" in told[0]
        assert "Your account is suspended: nothing leaves." in told[0]
        assert "see the checks" not in page


def test_progress_is_a_fragment_that_stops_at_the_end(world):
    campaign = world.sent()
    browser = world.browser()

    answer = browser.get(world.url(campaign, "progress"), headers={"hx-request": "true"})

    assert 'id="standing"' in answer.text
    assert "<html" not in answer.text
    assert "data-live" not in answer.text
    assert world.reload(campaign).status == Campaign.Status.FINISHED


def test_a_figure_leads_to_its_people(world):
    campaign = world.sent()
    browser = world.browser()

    failed = browser.get(world.url(campaign, "report/people?figure=reason:failed:absent_subscriber"))
    left_out = browser.get(world.url(campaign, "report/people?figure=excluded:no_consent"))
    unknown = browser.get(world.url(campaign, "report/people?figure=nothing"))

    assert "Prénom9 Nom9" in failed.text
    assert "Prénom9000 Nom9000" in left_out.text
    assert unknown.status_code == 404


@pytest.mark.parametrize("page", ["report", "progress"])
def test_each_reason_opens_on_its_own_people(world, page):
    campaign, browser = world.sent(), world.browser()
    with world.database.connect("admin", autocommit=True) as admin:
        for status, people in (("failed", 3), ("expired", 2)):
            admin.execute(
                "UPDATE engine_state SET status = %s, reason = 'receipt' WHERE message_id IN (SELECT message_id"
                " FROM engine_state WHERE campaign_id = %s AND status = 'delivered' LIMIT %s)",
                [status, campaign.id, people],
            )

    shown = browser.get(world.url(campaign, page)).text
    told = re.findall(r'<a href="([^"]+figure=reason:[^"]+)">([^<]+)</a></th><td class="num">(\d+)<', shown)

    assert {("Not delivered, according to the operator", "3"), ("Expired, according to the operator", "2")} <= {
        (label, count) for _href, label, count in told
    }
    assert len(told) == 5
    for href, label, count in told:
        behind = browser.get(href).text
        assert f">{label}</h1>" in behind
        assert behind.count('<th scope="row">') == int(count), label


def test_a_store_manager_sees_names_of_their_shop_only(world):
    campaign = world.sent()
    browser = world.browser("store_manager")

    answer = browser.get(world.url(campaign, "report/people?figure=recipients"))

    assert "Contact of another shop" in answer.text
    assert "Nom1" not in answer.text


def test_home_shows_what_runs(world):
    draft = world.draft()
    with client_scope(world.client.pk):
        Campaign.objects.filter(id=draft.id).update(status="paused", launched_at=factories.clock.now())

    answer = world.browser().get(f"/c/{world.client.slug}/")

    assert world.url(draft, "progress") in answer.text


@pytest.mark.parametrize(("language", "words"), [("en", "Draft of a campaign deleted"), ("fr", "Brouillon")])
def test_a_draft_that_is_deleted_is_in_the_journal(world, language, words):
    owner = make_user(client=world.client)
    draft, browser = world.draft(), world.browser(language=language, user=owner)

    browser.post(world.url(draft, "delete"))

    with client_scope(world.client.pk):
        entry = AuditEntry.objects.get(client_id=world.client.pk, action="campaign.deleted")
        assert (entry.actor, entry.facts) == (owner.actor, {"campaign": str(draft.id)})
        assert not Campaign.objects.exists()
    assert words in browser.get(reverse("clients:journal", args=[world.client.slug])).text


def test_a_store_manager_deletes_the_drafts_they_wrote_and_no_others(world):
    manager = make_user(client=world.client, role="store_manager", establishments=world.shops())
    own, other = world.draft(name="Own", author=manager.actor), world.draft(name="Other")
    browser = world.browser(user=manager)

    pages = [browser.get(world.url(draft, "audience")).text for draft in (own, other)]
    refused = browser.post(world.url(other, "delete"), follow=True)
    browser.post(world.url(own, "delete"))

    assert ["Delete this draft" in page for page in pages] == [True, False]
    assert "Somebody else wrote this draft" in refused.text
    with client_scope(world.client.pk):
        assert list(Campaign.objects.values_list("name", flat=True)) == ["Other"]


@pytest.mark.parametrize("value", ["²", "9" * 5000])
def test_a_number_that_is_none_breaks_no_page_of_a_draft(world, value):
    draft, browser = world.draft(), world.browser()

    for page in ("content", "checks", "confirm", "test"):
        for answer in (
            browser.get(world.url(draft, page), {"as": value}),
            browser.post(world.url(draft, page), {"as": value, "typed": value, "numbers": "0639985501"}),
        ):
            assert answer.status_code in (200, 302, 405, 422), page


@pytest.mark.parametrize("page", ["pause", "resume", "recall", "approve", "duplicate", "delete", "test"])
def test_actions_need_a_post(world, page):
    assert world.browser().get(world.url(world.draft(), page)).status_code == 405


def test_the_home_page_says_how_the_week_went(world):
    quiet = world.browser().get(f"/c/{world.client.slug}/").text
    sent = world.sent(name="Galette")

    busy = world.browser().get(f"/c/{world.client.slug}/").text

    assert "The last seven days" not in quiet
    assert "The last seven days" in busy
    assert world.url(sent) in busy
