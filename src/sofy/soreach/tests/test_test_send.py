from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from sofy.clients.models import State
from sofy.clients.services import set_state
from sofy.engine.intake import decode_payload
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.soreach import content
from sofy.soreach.models import Campaign, Click, TestSend, TrackedLink
from sofy.soreach.services import drafts
from sofy.soreach.services.expand import expand
from sofy.soreach.services.test_send import send_test
from sofy.soreach.tests import factories
from sofy.soreach.views import preview

TEXT = "Bonjour {{ prenom }} https://a.example STOP SMS 36111"


def send(world, campaign, numbers=("06 39 98 55 01",), **more):
    given: dict[str, Any] = {"variant": "A", "as_contact": 0, "actor": "user:x", "asked": True} | more
    with client_scope(world.client.pk):
        return send_test(world.client, campaign, numbers=numbers, **given)


def opened(world, message_id):
    """The number and the text of a message."""
    with world.database.connect("admin") as admin:
        row = admin.execute(
            "SELECT payload, campaign_id, purpose, parts FROM engine_message WHERE id = %s", [message_id]
        ).fetchone()
    return decode_payload(keys_for(world.client.pk).unseal("engine_message", "payload", message_id, row[0])), row[1:]


def test_a_chosen_phone_gets_what_a_recipient_gets(world):
    """A short link instead of a long address: the preview and the test take as many SMS."""
    campaign = world.draft(text="Bonjour {{ prenom }} https://a.example/" + "x" * 150 + " STOP SMS 36111")
    with client_scope(world.client.pk):
        shown = [preview.phones(campaign, number) for number in range(3)]

    for number in range(3):
        (message_id,) = send(world, campaign, as_contact=number)

        payload, (campaign_id, purpose, parts) = opened(world, message_id)
        first_name = shown[number]["person"].split()[0]
        link = payload.text.split()[2]
        assert payload.to == "+33639985501"
        assert payload.text == f"Bonjour {first_name} {link} STOP SMS 36111"
        assert len(link) == content.short_link_length(settings.BASE_URL)
        assert parts == shown[number]["phones"][0].count.parts == 1
        assert (campaign_id, purpose) == (None, "marketing")  # a test is in no report, and under the same rules
    with client_scope(world.client.pk):
        assert TestSend.objects.count() == 3
    assert len({one["person"] for one in shown}) == 3


def test_the_link_of_a_test_leads_on_and_counts_nowhere(world):
    campaign = world.draft(text=TEXT)
    (message_id,) = send(world, campaign)
    link = opened(world, message_id)[0].text.split()[2]

    answer = world.browser().get("/l/" + link.rsplit("/", 1)[1])

    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://a.example"
    with client_scope(world.client.pk):
        assert not Click.objects.exists()


def test_an_address_that_changes_after_a_test_is_the_one_recipients_get(world):
    campaign = world.draft(text=TEXT)
    send(world, campaign)
    with client_scope(world.client.pk):
        drafts.save_draft(campaign, {"contents": [("{{ prenom }} https://b.example STOP SMS 36111", 1)]})
        Campaign.objects.filter(id=campaign.id).update(status="expanding", launched_at=clock.now())

    expand(world.client.pk, campaign.id)

    with client_scope(world.client.pk):
        assert list(TrackedLink.objects.values_list("target", flat=True)) == ["https://b.example"]


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize("said", ["opposed", "withdrawn"])
def test_somebody_who_said_stop_gets_no_test(world, said):
    campaign = world.draft(text=TEXT)
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 77, state=said)

    with pytest.raises(Refused, match="number_opposed"):
        send(world, campaign, ("+33639980077",))


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_nobody_gets_a_test_without_having_agreed_or_asked(world):
    campaign = world.draft(text=TEXT)

    with pytest.raises(Refused, match="test_not_asked"):
        send(world, campaign, asked=False)

    with world.database.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_message").fetchone() == (0,)


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_what_was_asked_is_in_the_consent_ledger(world):
    campaign = world.draft(text=TEXT)

    send(world, campaign, asked=True)

    index = keys_for(world.client.pk).index("phone", "+33639985501")
    with world.database.connect("admin") as admin:
        row = admin.execute(
            "SELECT state, source, detail, actor FROM audience_consent_event WHERE identity_index = %s", [index]
        ).fetchone()
        gate = admin.execute("SELECT state FROM gate_permission WHERE recipient_index = %s", [index]).fetchone()
    assert row == ("granted", "screen", "test send", "user:x")
    assert gate == ("granted",)


def test_a_campaign_sends_twenty_tests_a_day(world, at):
    campaign, numbers = world.draft(text=TEXT), [f"063998550{n}" for n in range(5)]
    for _round in range(3):
        send(world, campaign, numbers)
    send(world, campaign, numbers[:4])

    for language, words in (("en", "at most 20 test messages a day, and 19 have left"), ("fr", "20 messages d’essai")):
        page = world.browser(language=language).post(
            world.url(campaign, "test"),
            {"numbers": "06 39 98 55 01\n06 39 98 55 02", "variant": "A", "asked": "on"},
            follow=True,
        )
        assert words in page.text
    send(world, campaign, numbers[:1])
    with client_scope(world.client.pk):
        assert TestSend.objects.count() == 20

    at(clock.DEMO_START + timedelta(days=1))
    assert len(send(world, campaign, numbers)) == 5


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_a_store_manager_tries_on_numbers_that_agreed_and_declares_nothing_for_others(world):
    campaign, manager = world.draft(text="Bonjour STOP SMS 36111"), world.browser("store_manager")
    fresh, agreed = "06 39 98 55 01", "06 39 98 55 02"
    send(world, campaign, [agreed], asked=True)

    page = manager.get(world.url(campaign, "checks"))
    refused = manager.post(
        world.url(campaign, "test"), {"numbers": f"{fresh}\n{agreed}", "variant": "A", "asked": "on"}, follow=True
    )
    sent = manager.post(world.url(campaign, "test"), {"numbers": agreed, "variant": "A"}, follow=True)

    assert 'name="asked"' not in page.text
    assert "on numbers that agreed" in page.text
    assert "One of these numbers has not agreed" in refused.text
    assert "1 test message is on its way" in sent.text
    index = keys_for(world.client.pk).index("phone", "+33639985501")
    with world.database.connect("admin") as admin:
        query = "SELECT count(*) FROM audience_consent_event WHERE identity_index = %s"
        assert admin.execute(query, [index]).fetchone() == (0,)


@pytest.mark.parametrize(
    ("_case", "text", "numbers", "more", "code"),
    [
        pytest.param(
            "no mention", "Bonjour", ["0639985501"], {}, "stop_mention_missing", marks=pytest.mark.clause("CGVU 14.1")
        ),
        ("no number", TEXT, [], {}, "test_numbers"),
        ("too many", TEXT, [f"063998550{n}" for n in range(6)], {}, "test_numbers"),
        ("a fixed line", TEXT, ["01 99 00 12 34"], {}, "number_invalid"),
        ("no number at all", TEXT, ["bonjour"], {}, "number_invalid"),
        ("a variant that is none", TEXT, ["0639985501"], {"variant": "D"}, "not_found"),
        ("a hole", "{{ ville }} STOP SMS 36111", ["0639985501"], {}, "test_value_missing"),
        ("a mistake", "{{ x }} STOP SMS 36111", ["0639985501"], {}, "content_field_absent"),
    ],
)
def test_refused(_case, world, text, numbers, more, code):
    campaign = world.draft(text=text)

    with pytest.raises(Refused) as refused:
        send(world, campaign, numbers, **more)

    assert refused.value.code == code


@pytest.mark.clause("CGVU 11")
def test_a_suspended_client_tries_nothing(world):
    campaign, browser = world.draft(text=TEXT), world.browser(language="fr")
    set_state(world.client.pk, State.SUSPENDED, actor="user:staff")

    page = browser.get(world.url(campaign, "checks")).text
    answer = browser.post(
        world.url(campaign, "test"), {"numbers": "06 39 98 55 01", "variant": "A", "asked": "on"}, follow=True
    )

    form = page[page.index(f'action="{world.url(campaign, "test")}"') :].split("</form>")[0]
    assert "<fieldset disabled>" in form
    assert "Votre compte est suspendu\N{NO-BREAK SPACE}: rien ne part." in form
    assert "est en route" not in answer.text
    assert (
        answer.text.count("Votre compte est suspendu\N{NO-BREAK SPACE}: rien ne part.")
        == page.count("Votre compte est suspendu\N{NO-BREAK SPACE}: rien ne part.") + 1
    )
    with client_scope(world.client.pk):
        assert not TestSend.objects.exists()
        assert not AuditEntry.objects.filter(action="campaign.tested").exists()
    with world.database.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_message").fetchone() == (0,)
        assert admin.execute("SELECT count(*) FROM audience_consent_event").fetchone() == (0,)


def test_a_refusal_never_quotes_the_number(world):
    with pytest.raises(Refused) as refused:
        send(world, world.draft(text=TEXT), ["0199001234"])

    assert "0199001234" not in str(refused.value)


def test_from_the_page(world):
    campaign = world.draft(text=TEXT)

    answer = world.browser().post(
        world.url(campaign, "test"),
        {"numbers": "06 39 98 55 01\n06 39 98 55 02", "variant": "A", "asked": "on"},
        follow=True,
    )

    assert "2 test messages are on their way" in answer.text


def test_the_page_sends_as_the_person_of_the_preview(world):
    campaign = world.draft(text=TEXT)
    browser = world.browser()
    browser.get(world.url(campaign, "content"), {"as": "2"})

    page = browser.get(world.url(campaign, "checks")).text
    browser.post(world.url(campaign, "test"), {"numbers": "0639985501", "variant": "A", "asked": "on", "as": "2"})

    with client_scope(world.client.pk):
        person = preview.phones(campaign, 2)["person"]
        (sent,) = TestSend.objects.all()
    assert f'<option value="2" selected>{person}</option>' in page
    assert opened(world, sent.message_id)[0].text.startswith(f"Bonjour {person.split()[0]} ")
