"""What the wizard says before a launch is what happens at the launch."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sofy.audience.models import Attribute, ContactAttribute
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import rules, sampling
from sofy.soreach.models import CampaignExclusion, Variant
from sofy.soreach.services import checks, drafts, estimate, lifecycle
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories
from sofy.soreach.views import preview

LONG = "x" * 330


def told(world, campaign, code):
    """The facts of the checks with this code."""
    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, campaign)
    return [dict(check.facts) for check in found if check.code == code]


def ledger(world, campaign):
    """(messages, parts) written for hand-over."""
    with world.database.connect("admin") as admin:
        return admin.execute(
            "SELECT count(*), coalesce(sum(parts), 0) FROM engine_state WHERE campaign_id = %s", [campaign.id]
        ).fetchone()


def test_whoever_lacks_a_value_is_counted_beyond_the_sample(world, monkeypatch):
    monkeypatch.setattr(estimate, "SAMPLE", 4)
    with client_scope(world.client.pk):
        for number in range(20):
            factories.make_contact(world.client, number, first_name="Zoé" if number < 12 else None)
        campaign = factories.make_campaign(world.client, world.route_id)

    assert told(world, campaign, "missing_value") == [{"field": "prenom", "count": 8}]

    with client_scope(world.client.pk):
        lifecycle.launch(world.client, campaign, actor="user:x")
    expand(world.client.pk, campaign.id)
    with client_scope(world.client.pk):
        assert CampaignExclusion.objects.filter(reason="missing_value", detail="prenom").count() == 8


@pytest.mark.parametrize(
    ("_case", "text", "expected"),
    [
        ("a default", "{{ ville|default('ici') }} STOP SMS 36111", []),
        ("asked for", "{% if ville %}{{ ville }}{% endif %} STOP SMS 36111", []),
        ("compared", "{% if ville == 'Lyon' %}a{% else %}b{% endif %} STOP SMS 36111", [("ville", 5)]),
        ("for some", "{% if code_postal == '69001' %}{{ ville }}{% endif %} STOP SMS 36111", [("ville", 2)]),
        ("a field of one's own", "{{ points }} STOP SMS 36111", [("points", 6)]),
        ("an alias", "{{ town }} STOP SMS 36111", [("town", 5)]),
    ],
)
def test_only_whom_the_text_leaves_out_is_counted(_case, world, text, expected):
    with client_scope(world.client.pk):
        Attribute.objects.create(client_id=world.client.pk, name="points", label="Points", kind="number")
        for number in range(8):
            town = "Lyon" if number < 3 else ""
            contact = factories.make_contact(
                world.client, number, town=town, postcode="69001" if number < 5 else "75001"
            )
            if number < 2:
                ContactAttribute.objects.create(
                    client_id=world.client.pk, contact_id=contact.id, name="points", kind="number", number=number
                )
        campaign = factories.make_campaign(world.client, world.route_id, text=text)

    found = told(world, campaign, "missing_value") + told(world, campaign, "missing_value_about")

    assert [(facts["field"], facts["count"]) for facts in found] == expected


def test_numbers_of_contacts_compare_as_numbers(world):
    with client_scope(world.client.pk):
        Attribute.objects.create(client_id=world.client.pk, name="points", label="Points", kind="number")
        for number, points in enumerate(("2", "99", "150", "100.5")):
            contact = factories.make_contact(world.client, number)
            ContactAttribute.objects.create(
                client_id=world.client.pk, contact_id=contact.id, name="points", kind="number", number=Decimal(points)
            )
        text = "{{ points }} {% if points > 100 %}VIP{% else %}std{% endif %} STOP SMS 36111"
        campaign = factories.make_campaign(world.client, world.route_id, text=text)
        made = estimate.compiled(campaign)["A"]
        texts = {
            estimate.render(made, member).split(" STOP")[0] for member in estimate.sample(campaign, made.variables)
        }

    assert texts == {"2 std", "99 std", "150 VIP", "100,5 VIP"}


def test_variants_count_by_their_shares(world):
    campaign = world.draft(5, text="a STOP SMS 36111")
    with client_scope(world.client.pk):
        campaign.variants.update(share=1)
        source = f"{LONG} STOP SMS 36111"
        Variant.objects.create(client_id=world.client.pk, campaign=campaign, label="B", source=source, share=99)
        found = estimate.estimate(campaign, estimate.compiled(campaign))

    assert (found.parts, found.fewest_parts, found.most_parts) == (15, 1, 3)


def test_the_sample_is_not_the_oldest_people(world):
    with client_scope(world.client.pk):
        made = [factories.make_contact(world.client, number).id for number in range(40)]
        campaign = factories.make_campaign(world.client, world.route_id)
        chosen = sampling.spread(campaign, limit=10)

        assert chosen == sampling.spread(campaign, limit=40)[:10]

    assert set(chosen) <= set(made)
    assert set(chosen) != set(made[:10])


@pytest.mark.clause("DPA 6")
def test_a_budget_is_never_exceeded(world):
    """Ten short names and ten long ones: what the estimate could not see is seen while the messages are written."""
    text = "{{ prenom }} https://a.example/x STOP SMS 36111"
    with client_scope(world.client.pk):
        for number in range(20):
            factories.make_contact(world.client, number, first_name="Zoé" if number % 2 else LONG)
        campaign = factories.make_campaign(
            world.client, world.route_id, text=text, status="expanding", launched_at=clock.now(),
            budget_eur=Decimal("1.00"), starts_at=clock.now(),
        )  # fmt: skip

    total = expand(world.client.pk, campaign.id, batch=6)

    messages, parts = ledger(world, campaign)
    campaign = world.reload(campaign)
    assert parts == 22  # 22 × 0.045 € = 0.99 €
    assert total.excluded == {"over_budget": 20 - messages}
    assert campaign.counts["excluded"] == {"over_budget": 20 - messages}
    page = world.browser().get(world.url(campaign, "progress"), follow=True).text
    assert "The budget of this campaign" in page
    assert f"{20 - messages} people were left out" in page


@pytest.mark.clause("DPA 6")
def test_an_expansion_that_is_repeated_pays_nobody_twice(world):
    campaign = world.draft(6, status="expanding", launched_at=clock.now(), budget_eur=Decimal("0.20"))
    first = expand(world.client.pk, campaign.id)
    with client_scope(world.client.pk):
        type(campaign).objects.filter(id=campaign.id).update(expanded_at=None, status="expanding")

    again = expand(world.client.pk, campaign.id)

    assert (first.added, again.added) == (4, 0)
    assert ledger(world, campaign)[1] == 4


@pytest.mark.clause("DPA 6")
@pytest.mark.parametrize(
    ("_case", "budget", "price", "parts"),
    [
        ("none", None, "0.045", None),
        ("a free route", "1", "0", None),
        ("exactly", "0.90", "0.045", 20),
        ("a little less", "0.89", "0.045", 19),
    ],
)
def test_what_a_budget_pays_for(_case, budget, price, parts):
    assert rules.parts_within(Decimal(budget) if budget else None, Decimal(price)) == parts


def test_the_same_people_through_another_segment_are_told(world):
    first = world.draft(3, name="Hier", text="a STOP SMS 36111")
    with client_scope(world.client.pk):
        lifecycle.launch(world.client, first, actor="user:x")
    expand(world.client.pk, first.id)
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 50)
        other = factories.make_segment(world.client, "Autre")
        second = factories.make_campaign(world.client, world.route_id, segment=other, text="b STOP SMS 36111")

    (facts,) = told(world, second, "same_people_recently")
    assert (facts["name"], facts["count"], facts["days"]) == ("Hier", 3, 3)

    clock.install(lambda: clock.DEMO_START + timedelta(days=4))
    assert told(world, second, "same_people_recently") == []


class TestSigns:
    """Signs that make an SMS short, by who wrote them."""

    PLAIN = "Bonjour {{ prenom }}, -20 % chez nous ce samedi et dimanche toute la journée. STOP SMS 36111"

    def phone(self, world, text, first_names, **columns):
        with client_scope(world.client.pk):
            for number, name in enumerate(first_names):
                factories.make_contact(world.client, number, first_name=name)
            campaign = factories.make_campaign(world.client, world.route_id, text=text, **columns)
            return campaign, preview.phones(campaign, 0)["phones"][0]

    def test_those_of_names_are_not_the_authors(self, world):
        _campaign, phone = self.phone(world, self.PLAIN, ["Jérôme", "Zoé", "Élise", "Chloë"])

        assert phone.signs.author == []
        assert phone.signs.fields == {"prenom": 2}
        assert phone.signs.author_saves == 0
        assert phone.signs.fields_save == Decimal("0.09")  # one part less for two people
        assert phone.most_parts == 2

    def test_written_plainly_they_cost_what_was_said(self, world):
        campaign, phone = self.phone(world, self.PLAIN, ["Jérôme", "Zoé", "Élise", "Chloë"])
        before = self.cost(world, campaign)
        with client_scope(world.client.pk):
            campaign = drafts.save_draft(campaign, {"plain_fields": True})
            (after,) = preview.phones(campaign, 0)["phones"]

        assert before - self.cost(world, campaign) == phone.signs.fields_save
        assert after.signs is None
        assert after.most_parts == 1

        with client_scope(world.client.pk):
            lifecycle.launch(world.client, campaign, actor="user:x")
        assert expand(world.client.pk, campaign.id).parts == 4

    def test_those_of_the_author_are_saved_by_the_button(self, world):
        campaign, phone = self.phone(world, self.PLAIN + " Fête", ["Zoé", "Élise"])
        before = self.cost(world, campaign)
        ((text, share),) = preview.reworked([(self.PLAIN + " Fête", 1)], {"plain": "A"}, "36111")
        with client_scope(world.client.pk):
            campaign = drafts.save_draft(campaign, {"contents": [(text, share)]})

        assert (phone.signs.author, phone.signs.fields) == (["ê"], {})
        assert before - self.cost(world, campaign) == phone.signs.author_saves == Decimal("0.09")

    def test_a_saving_that_cannot_be_earned_alone_is_not_promised(self, world):
        _campaign, phone = self.phone(world, self.PLAIN + " Fête", ["Jérôme", "Chloë"])

        assert (phone.signs.author_saves, phone.signs.fields_save) == (0, 0)
        assert phone.signs.both_save == Decimal("0.09")

    def cost(self, world, campaign):
        with client_scope(world.client.pk):
            return estimate.estimate(campaign, estimate.compiled(campaign)).cost_eur
