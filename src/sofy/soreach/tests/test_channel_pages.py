import pytest

from sofy.kit.rls import client_scope
from sofy.soreach.models import Variant
from sofy.soreach.services import checks
from sofy.soreach.tests import factories


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


@pytest.mark.clause("CGVU 14.1")
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
    assert "Whom that does not reach in 4 hours gets the SMS. Nobody gets both." in page
    assert "RCS → SMS" in world.browser().get(world.url(campaign, "confirm")).text


@pytest.mark.clause("CGVU 13")
def test_nothing_leaves_by_e_mail_without_an_address_of_the_client(world, agents):
    campaign = world.draft(channels=("email",))
    with client_scope(world.client.pk):
        factories.Sender.objects.filter(channel="email").delete()
        found, _ = checks.run_checks(world.client, campaign)

    assert "channel_sender_email" in [one.code for one in found if one.level == "stop"]


def test_a_copy_takes_the_channels_and_what_they_say(world, agents):
    from sofy.soreach.services import drafts

    campaign = world.draft(channels=("rcs", "sms"))

    with client_scope(world.client.pk):
        copy = drafts.duplicate(campaign, name="Dimanche", actor="user:test")

        assert copy.channels == ["rcs", "sms"]
        assert copy.variants.get().others == {"rcs": factories.RCS, "email": factories.MAIL}
