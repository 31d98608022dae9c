"""Campaigns by WhatsApp: an approved template, its places filled, a consent of its own, the night said before."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from sofy.engine import gate, permissions
from sofy.kernel import channels, clock
from sofy.kernel.content import Button, Content
from sofy.kernel.errors import Refused
from sofy.kernel.hours import HoursPolicy
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach import people, rules
from sofy.soreach.models import CampaignExclusion, ShortLink, Variant
from sofy.soreach.rich import compile_rich
from sofy.soreach.services import checks, drafts, ladders, test_send
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories
from sofy.soreach.tests.test_ladders import heads, rungs

ALL = ("rcs", "whatsapp", "email")


@pytest.fixture
def agents(world):
    for channel, price in (("rcs", "0.05"), ("whatsapp", "0.09"), ("email", "0.002")):
        factories.make_agent(world.database.database.admin_url, channel=channel, price=price)
    with client_scope(world.client.pk):
        factories.approve(world.client)


def launched(world, channel_names, **columns):
    return factories.make_campaign(
        world.client, world.route_id, status="expanding", launched_at=clock.now(), starts_at=clock.now(),
        channels=channel_names, **columns,
    )  # fmt: skip


@pytest.mark.clause("CGVU 3.3", "CGVU 14.1", "CGVU 3.4")
def test_an_approved_template_goes_to_who_agreed_to_whatsapp_with_their_own_values(world, agents):
    with client_scope(world.client.pk):
        reached = factories.make_contact(world.client, 1, first_name="Élise\nMarie", town="Brest")
        factories.agree_to_whatsapp(world.client, reached)
        by_sms_only = factories.make_contact(world.client, 2)
        refused = factories.make_contact(world.client, 3)
        factories.agree_to_whatsapp(world.client, refused, state="opposed")
        campaign = launched(world, ("whatsapp",))

    total = expand(world.client.pk, campaign.id)

    assert total.added == 1
    ((_, channel, lane, _, payload),) = heads(world.database, world.client, campaign)
    assert (channel, lane, payload.to) == ("whatsapp", "marketing.whatsapp", "+33639980001")
    with client_scope(world.client.pk):
        (link,) = ShortLink.objects.all()
        left_out = dict(CampaignExclusion.objects.values_list("contact_id", "reason"))
    said = payload.content
    assert (said.template.name, said.template.body) == (
        "promo_v1", ["Élise Marie", "-20 % ce samedi à Brest."],
    )  # fmt: skip
    assert said.template.buttons == [link.code, "STOP"]
    assert said.text.startswith("Bonjour Élise Marie, -20 % ce samedi à Brest. Répondez STOP")
    assert left_out == {by_sms_only.id: "no_consent", refused.id: "opposed"}
    message = gate.Message(
        "marketing", payload.to, payload.text, "106540352242922", "106540352242922", None,
        campaign.unit_price_eur, channel="whatsapp", content=said,
    )  # fmt: skip
    assert gate.stop_mention(message, gate.Facts(), clock.now()) is None
    assert gate.conversation(message, gate.Facts(), clock.now()) is None


def test_whatsapp_comes_after_rcs_for_who_agreed_to_both_and_alone_for_who_agreed_to_it(world, agents):
    with client_scope(world.client.pk):
        both = factories.make_contact(world.client, 1)
        factories.agree_to_whatsapp(world.client, both)
        alone = factories.make_contact(world.client, 2, state="opposed")
        factories.agree_to_whatsapp(world.client, alone)
        factories.make_contact(world.client, 3)
        neither = factories.make_contact(world.client, 4, state="")
        campaign = launched(world, ("rcs", "sms", "whatsapp"))

    expand(world.client.pk, campaign.id)

    found = heads(world.database, world.client, campaign)
    taken = [[rung.channel for rung, _, _ in rungs(world.database, world.client, row[0])] or [row[1]] for row in found]
    assert taken == [["rcs", "sms", "whatsapp"], ["whatsapp"], ["rcs", "sms"]]
    with client_scope(world.client.pk):
        assert dict(CampaignExclusion.objects.values_list("contact_id", "reason")) == {neither.id: "no_consent"}


def test_an_audience_of_three_consents_knows_where_each_person_may_be_written_to(world, agents):
    with client_scope(world.client.pk):
        person = factories.make_contact(world.client, 1)
        factories.agree_to_whatsapp(world.client, person)
        factories.give_email(world.client, person, "elise@fournil.example")
        segment = factories.make_segment(world.client)
        audience = people.Audience(
            world.client.pk, [segment.pk], [], frozenset({"prenom"}), consents=("sms", "whatsapp", "email")
        )
        statement = audience.statement()
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.params)
            (member,) = map(audience.reader(keys_for(world.client.pk)), cursor.fetchall())

    assert (member.number, member.whatsapp, member.email) == ("+33639980001", "+33639980001", "elise@fournil.example")
    assert member.at("whatsapp")[1] == member.at("sms")[1] != member.at("email")[1]
    assert member.values == {"prenom": "Prénom1"}


@pytest.mark.clause("CGVU 14.1")
def test_whatsapp_is_never_an_upper_rung_of_marketing(world, agents):
    campaign = world.draft()

    with client_scope(world.client.pk):
        for order in (("whatsapp", "sms"), ("rcs", "whatsapp", "sms"), ("whatsapp", "email")):
            assert not channels.may_follow("marketing", order)
            with pytest.raises(Refused) as refused:
                ladders.take(campaign, order)
            assert refused.value.code == "whatsapp_last"

    assert channels.may_follow("alert", ("whatsapp", "sms"))
    assert all(channels.may_follow("marketing", order) for order in ladders.ORDERS)
    assert not any(order[:-1].count("whatsapp") for order in ladders.ORDERS)


@pytest.mark.clause("CGVU 14.1")
def test_the_wizard_takes_no_order_with_something_after_whatsapp(world, agents):
    campaign = world.draft(channels=("rcs", "sms"))
    browser = world.browser()
    page = browser.get(world.url(campaign, "content")).text

    answer = browser.post(world.url(campaign, "content"), {"order": "whatsapp,sms", "sender": "FLEURS"})

    assert 'value="rcs,sms,whatsapp"' in page
    assert "whatsapp,sms" not in page
    assert answer.status_code == 422
    assert world.reload(campaign).channels == ["rcs", "sms"]


@pytest.mark.clause("CGVU 14.1")
def test_a_draft_that_has_something_after_whatsapp_all_the_same_does_not_leave(world, agents):
    campaign = world.draft(channels=("rcs", "whatsapp"))

    with client_scope(world.client.pk):
        campaign.ladder = campaign.ladder[::-1]
        campaign.save()
        found, _ = checks.run_checks(world.client, campaign)

    assert "whatsapp_last" in [one.code for one in found if one.level == "stop"]


def paris(text):
    return datetime.fromisoformat(text).replace(tzinfo=clock.PARIS)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("last", "until"),
    [
        ("2026-09-14 07:59", None),
        ("2026-09-14 08:00", "2026-09-14 20:00"),
        ("2026-09-14 18:30", "2026-09-15 06:30"),
        ("2026-10-24 19:00", "2026-10-25 06:00"),  # the night in which clocks go back
    ],
)
def test_what_leaves_so_that_whatsapp_tries_into_the_evening_is_known(last, until):
    assert rules.whatsapp_at_night(paris(last)) == (until and paris(until))


@pytest.mark.parametrize(
    ("begins", "over_s", "last"),
    [
        ("2026-09-14 09:00", 0, "2026-09-14 09:00"),
        ("2026-09-14 09:00", 7_200, "2026-09-14 11:00"),
        ("2026-09-14 18:00", 14_400, "2026-09-15 08:00"),
        ("2026-09-14 22:00", 0, "2026-09-15 08:00"),
    ],
)
def test_the_last_message_leaves_within_the_hours(begins, over_s, last):
    assert rules.whatsapp_leaves_last(paris(begins), over_s, HoursPolicy()) == paris(last)


@pytest.mark.clause("CGVU 14.1")
def test_the_night_is_said_before_the_launch_and_stops_nothing(world, agents, at):
    evening = clock.DEMO_START.astimezone(clock.PARIS).replace(hour=15, minute=0)
    at(evening)
    campaign = world.draft(channels=("rcs", "whatsapp"), others={"rcs": factories.RCS, "whatsapp": factories.WHATSAPP})
    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, campaign)
        only_rcs = world.draft(channels=("rcs",))
        without, _ = checks.run_checks(world.client, only_rcs)

    (night,) = [one for one in found if one.code == "whatsapp_at_night"]
    assert night.level == "warn"
    assert night.facts == {"at": evening + timedelta(hours=4), "until": evening + timedelta(hours=16)}
    assert rules.may_launch(found), [one for one in found if one.level == "stop"]
    assert "whatsapp_at_night" not in [one.code for one in without]
    for page in ("checks", "confirm"):
        assert "nothing can be called back" in world.browser().get(world.url(campaign, page)).text
    assert "rien ne peut être rappelé" in world.browser(language="fr").get(world.url(campaign, "checks")).text


def test_each_place_is_asked_for_and_shown_on_a_phone(world, agents):
    campaign = world.draft(channels=("whatsapp",), others={})
    browser = world.browser()
    before = browser.get(world.url(campaign, "content")).text
    answer = {"channel": "whatsapp", "sender": "FLEURS", "whatsapp_template_A": "promo"}

    browser.post(world.url(campaign, "content"), answer)
    chosen = browser.get(world.url(campaign, "content")).text
    page = browser.post(
        world.url(campaign, "content"),
        answer
        | {
            "whatsapp_value_prenom_A": "{{ prenom }}", "whatsapp_value_offre_A": "-20 % ce samedi.",
            "whatsapp_value_carte_A": "https://fournil.example/carte",
        },
        headers={"hx-request": "true"},
    ).text  # fmt: skip

    assert "Use this template" in before
    assert 'name="whatsapp_value_offre_A"' not in before
    assert 'value="{{ prenom }}" ' in chosen.replace("&#x27;", "'") or "{{ prenom }}" in chosen
    assert 'name="whatsapp_value_offre_A"' in chosen
    assert "Say what stands in the place “offre”" in chosen
    with client_scope(world.client.pk):
        said = Variant.objects.get(campaign=campaign).others["whatsapp"]
        assert said["values"]["offre"] == "-20 % ce samedi."
    assert "-20 % ce samedi. Répondez STOP" in page
    assert "<li>La carte</li><li>STOP</li>" in page


def test_what_a_page_of_before_does_not_ask_stays(world, agents):
    campaign = world.draft(channels=("whatsapp",))

    world.browser().post(
        world.url(campaign, "content"),
        {"channel": "whatsapp", "sender": "FLEURS", "whatsapp_template_A": "promo"},
        headers={"hx-request": "true"},
    )

    with client_scope(world.client.pk):
        assert Variant.objects.get(campaign=campaign).others["whatsapp"] == factories.WHATSAPP


@pytest.mark.clause("CGVU 17")
def test_the_checks_say_whom_whatsapp_reaches_and_what_it_costs(world, agents):
    campaign = world.draft(4, channels=("sms", "whatsapp"))
    with client_scope(world.client.pk):
        for contact in people_of(world)[:3]:
            factories.agree_to_whatsapp(world.client, contact)
        found, estimate = checks.run_checks(world.client, campaign)

    assert [one.code for one in found if one.level == "stop"] == []
    assert {"stop_said_whatsapp", "then_whatsapp", "whatsapp_at_night"} <= {one.code for one in found}
    assert [(one.channel, one.people, str(one.cost_eur)) for one in estimate.branches] == [
        ("sms", 4, "0.18"), ("whatsapp", 3, "0.27"),
    ]  # fmt: skip
    assert "SMS → WhatsApp" in world.browser().get(world.url(campaign, "confirm")).text


def people_of(world):
    return list(factories.Contact.objects.filter(client_id=world.client.pk).order_by("id"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"template": ""}, "whatsapp_template_none"),
        ({"template": "autre"}, "whatsapp_template_gone"),
        ({"values": {"prenom": "x", "offre": " ", "carte": "https://a.example"}}, "whatsapp_value_missing"),
        ({"values": {"prenom": "x", "offre": "y", "carte": "la carte"}}, "whatsapp_value_address"),
        ({"values": {"prenom": "{{ pronom }}", "offre": "y", "carte": "https://a.example"}}, "content_field_unknown"),
    ],
)
def test_what_is_wrong_with_a_template_stops_the_launch(world, agents, changed, code):
    campaign = world.draft(channels=("whatsapp",), others={"whatsapp": factories.WHATSAPP | changed})

    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, campaign)

    assert code in [one.code for one in found if one.level == "stop"]
    assert world.browser().get(world.url(campaign, "content")).status_code == 200


@pytest.mark.parametrize("state", ["pending", "paused", "disabled"])
def test_a_template_that_whatsapp_does_not_let_through_stops_the_launch(world, agents, state):
    campaign = world.draft(channels=("whatsapp",))

    with client_scope(world.client.pk):
        factories.approve(world.client, state=state)
        found, _ = checks.run_checks(world.client, campaign)

    assert "whatsapp_template_gone" in [one.code for one in found if one.level == "stop"]


@pytest.mark.clause("CGVU 14.1")
def test_the_opt_out_is_a_button_or_a_line_of_what_everybody_reads(world, agents):
    button = Content(text="Promo {{offre}}", buttons=[Button(label="Ne plus recevoir", value="STOP")])
    line = Content(text="Promo {{offre}}. Répondez STOP pour ne plus rien recevoir.")
    glued = Content(text="Promo STOP{{offre}} STOP {{offre}}")
    nothing = Content(
        text="Promo {{offre}}", buttons=[Button(kind="url", label="Voir", value="https://a.example/{{stop}}")]
    )
    told = {}

    with client_scope(world.client.pk):
        for name, content in (("button", button), ("line", line), ("glued", glued)):
            factories.approve(world.client, content, code=name)
        templates_say = {"template": "button", "values": {"offre": "STOP"}}
        for name in ("button", "line", "glued"):
            made = compile_rich(world.client.pk, "whatsapp", templates_say | {"template": name}, fields={})
            told[name] = made.says_how_to_stop
        with pytest.raises(Refused) as refused:
            factories.approve(world.client, nothing, code="nothing")

    assert told == {"button": True, "line": True, "glued": True}
    assert refused.value.code == "template_opt_out_whatsapp"


def test_a_text_longer_than_whatsapp_takes_leaves_the_person_out(world, agents):
    long = {"values": factories.WHATSAPP["values"] | {"offre": "x" * 990}}
    with client_scope(world.client.pk):
        person = factories.make_contact(world.client, 1)
        factories.agree_to_whatsapp(world.client, person)
        campaign = launched(world, ("whatsapp",), others={"whatsapp": factories.WHATSAPP | long})

    total = expand(world.client.pk, campaign.id)

    assert (total.added, dict(total.excluded)) == (0, {"too_long": 1})


@pytest.mark.clause("CGVU 17")
def test_a_test_by_whatsapp_records_a_consent_for_whatsapp(world, agents):
    campaign = world.draft(channels=("whatsapp",))

    with client_scope(world.client.pk):
        factories.agree_to_whatsapp(world.client, people_of(world)[0])
        with pytest.raises(Refused) as unasked:
            send_test(world, campaign, asked=False)
        (sent,) = send_test(world, campaign, asked=True)

    assert unasked.value.code == "test_not_asked"
    with world.database.connect("admin") as admin:
        row = admin.execute("SELECT channel, sender, short_code FROM engine_message WHERE id = %s", [sent]).fetchone()
        agreed = admin.execute("SELECT channel FROM audience_consent_event WHERE detail = 'test send'").fetchall()
    assert row == ("whatsapp", "106540352242922", "106540352242922")
    assert agreed == [("whatsapp",)]


def send_test(world, campaign, *, asked):
    return test_send.send_test(
        world.client, campaign, variant="A", numbers=["06 39 98 77 77"], as_contact=0, actor="user:x", asked=asked
    )


@pytest.mark.clause("DPA 9")
@pytest.mark.parametrize("channel_names", [("sms",), ("whatsapp",), ("rcs", "whatsapp")])
def test_a_channel_that_is_switched_off_stops_the_launch_with_its_article(world, agents, channel_names):
    campaign = world.draft(channels=channel_names)
    off = channel_names[-1]

    with client_scope(world.client.pk):
        permissions.write_channels(connection.connection, world.client.pk, off=[off], ladder=[])
        found, _ = checks.run_checks(world.client, campaign)

    stops = {one.code: one.article for one in found if one.level == "stop"}
    assert stops[f"channel_off_{off}"] == "DPA 9"
    assert f"channel_missing_{off}" not in stops


def test_another_clients_template_is_nobodys(world, agents):
    stranger = factories.make_client("Étranger")

    with client_scope(stranger.pk), pytest.raises(Refused) as refused:
        compile_rich(stranger.pk, "whatsapp", factories.WHATSAPP, fields={"prenom": "text", "ville": "text"})

    assert refused.value.code == "whatsapp_template_gone"
    with client_scope(world.client.pk), pytest.raises(Refused):
        compile_rich(stranger.pk, "whatsapp", factories.WHATSAPP, fields={"prenom": "text", "ville": "text"})


def test_a_copy_takes_the_template_and_its_places(world, agents):
    campaign = world.draft(channels=("rcs", "whatsapp"))

    with client_scope(world.client.pk):
        copy = drafts.duplicate(campaign, name="Dimanche", actor="user:test")

        assert (copy.channels, copy.variants.get().others["whatsapp"]) == (["rcs", "whatsapp"], factories.WHATSAPP)
