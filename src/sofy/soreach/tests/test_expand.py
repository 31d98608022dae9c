from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sofy.engine.intake import decode_payload
from sofy.kernel import clock
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach import links, people
from sofy.soreach.models import Campaign, CampaignExclusion, ShortLink, Variant
from sofy.soreach.services import expand as expansion
from sofy.soreach.services.connections import open_as
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    return factories.make_client()


@pytest.fixture
def route_id(engine_db):
    return factories.make_route(engine_db.database.admin_url)


def draft(client, route_id, **columns):
    """An expanding campaign, as the launch leaves it."""
    return factories.make_campaign(
        client, route_id, status="expanding", launched_at=clock.now(), starts_at=clock.now(), **columns
    )


def ledger(engine_db, client, campaign):
    """Every message of a campaign, opened."""
    with engine_db.connect("admin") as admin:
        rows = admin.execute(
            "SELECT m.id, m.contact_id, m.variant, m.payload, m.parts, m.sender,"
            " m.short_code, q.due_at, q.lane, m.recipient_index"
            " FROM engine_message m JOIN engine_state s ON s.message_id = m.id JOIN"
            " engine_queue q ON q.message_id = m.id"
            " WHERE m.campaign_id = %s ORDER BY m.contact_id",
            [campaign.id],
        ).fetchall()
    keys = keys_for(client.id)
    opened = [decode_payload(keys.unseal("engine_message", "payload", row[0], row[3])) for row in rows]
    return [(row, payload) for row, payload in zip(rows, opened, strict=True)]


def test_each_person_gets_their_own_text_or_a_reason(engine_db, client, route_id):
    with client_scope(client.id):
        reached = factories.make_contact(client, 1, first_name="Élise")
        silent = factories.make_contact(client, 2, state="")
        opposed = factories.make_contact(client, 3, state="opposed")
        nameless = factories.make_contact(client, 4, first_name=None)
        campaign = draft(client, route_id)

    total = expand(client.id, campaign.id)

    ((row, payload),) = ledger(engine_db, client, campaign)
    assert (payload.to, payload.text) == ("+33639980001", "Bonjour Élise, -20 % chez nous ce samedi. STOP SMS 36111")
    assert (row[1], row[2], row[5], row[6], row[8]) == (reached.id, "A", "FLEURS", "36111", "marketing")
    assert total.added == 1
    with client_scope(client.id):
        reasons = dict(CampaignExclusion.objects.values_list("contact_id", "reason"))
        campaign.refresh_from_db()
    assert reasons == {silent.id: "no_consent", opposed.id: "opposed", nameless.id: "missing_value"}
    assert campaign.status == Campaign.Status.RUNNING
    assert campaign.counts["recipients"] == 1
    assert campaign.counts["excluded"] == {"no_consent": 1, "opposed": 1, "missing_value": 1}


def test_a_second_run_changes_nothing(engine_db, client, route_id):
    with client_scope(client.id):
        for number in range(30):
            factories.make_contact(client, number)
        campaign = draft(client, route_id, text="{{ prenom }} https://a.example/x STOP SMS 36111")
    expand(client.id, campaign.id, batch=7)
    before = ledger(engine_db, client, campaign)
    with client_scope(client.id):
        Campaign.objects.update(expanded_at=None, status="expanding")

    again = expand(client.id, campaign.id, batch=11)

    assert again.added == 0
    assert ledger(engine_db, client, campaign) == before
    assert len(before) == 30
    with client_scope(client.id):
        assert ShortLink.objects.count() == 30
        assert not CampaignExclusion.objects.exists()


def test_an_expansion_killed_between_two_batches_goes_on(engine_db, client, route_id, monkeypatch):
    with client_scope(client.id):
        for number in range(20):
            factories.make_contact(client, number)
        campaign = draft(client, route_id)
    steps = iter([False, True])
    monkeypatch.setattr(expansion, "_settle", lambda *_: next(steps) and (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        expand(client.id, campaign.id, batch=5)
    monkeypatch.undo()
    clock.install(lambda: clock.DEMO_START)

    expand(client.id, campaign.id, batch=5)

    assert len(ledger(engine_db, client, campaign)) == 20


def test_an_audience_is_read_in_stretches_as_it_was_at_the_first(engine_db, client, route_id, monkeypatch):
    monkeypatch.setattr(people, "FIRST_STRETCH", 2)
    with client_scope(client.id):
        contacts = [factories.make_contact(client, number).id for number in range(30)]
        segment = factories.make_segment(client)
        audience = people.Audience(client.id, [segment.pk], [], frozenset())
    with open_as("sofy_web") as reader:
        batches = expansion._rows(reader, audience, 100)
        first = next(batches)
        with client_scope(client.id):
            factories.make_contact(client, 31)

        later = list(batches)

    assert [len(batch) for batch in (first, *later)] == [2, 8, 20]
    assert [row[0] for batch in (first, *later) for row in batch] == contacts


def test_a_campaign_cancelled_meanwhile_is_written_no_further(engine_db, client, route_id, monkeypatch):
    with client_scope(client.id):
        for number in range(40):
            factories.make_contact(client, number)
        campaign = draft(client, route_id)
    compose, composed = expansion.compose, []

    def and_cancel(*arguments):
        composed.append(arguments)
        with client_scope(client.id):
            Campaign.objects.filter(id=campaign.id).update(status=Campaign.Status.CANCELLED)
        return compose(*arguments)

    monkeypatch.setattr(expansion, "compose", and_cancel)
    expand(client.id, campaign.id, batch=10)

    assert len(composed) == 1
    assert ledger(engine_db, client, campaign) == []  # what was written before is out of the queue
    with engine_db.connect("admin") as admin:
        statuses = admin.execute("SELECT status, count(*) FROM engine_state GROUP BY 1").fetchall()
    assert statuses == [("cancelled", 10)]


def test_links_lead_from_each_person_to_the_address(engine_db, client, route_id):
    with client_scope(client.id):
        people = [factories.make_contact(client, number) for number in range(3)]
        campaign = draft(client, route_id, text="Voir https://magasin.example/promo STOP SMS 36111")

    expand(client.id, campaign.id)

    texts = [payload.text for _, payload in ledger(engine_db, client, campaign)]
    with client_scope(client.id):
        codes = dict(ShortLink.objects.values_list("contact_id", "code"))
    assert [text.split("/l/")[1].split(" ")[0] for text in texts] == [codes[person.id] for person in people]
    assert len(set(codes.values())) == 3


def test_a_code_somebody_else_has_is_replaced(engine_db, client, route_id, monkeypatch):
    other = factories.make_client("Autre")
    with client_scope(client.id):
        factories.make_contact(client, 1)
        campaign = draft(client, route_id, text="https://a.example STOP SMS 36111")
    taken: dict[str, Any] = {}
    real = links.code_of

    def code_of(keys, link_id, contact_id, salt=0):
        taken.setdefault("code", real(keys, link_id, contact_id, 0))
        if salt == 0 and not taken.get("stored"):
            taken["stored"] = True
            with client_scope(other.id):
                ShortLink.objects.create(
                    code=taken["code"], client_id=other.id, link_id=link_id, campaign_id=link_id, contact_id=link_id
                )
        return real(keys, link_id, contact_id, salt)

    monkeypatch.setattr(links, "code_of", code_of)

    expand(client.id, campaign.id)

    ((_, payload),) = ledger(engine_db, client, campaign)
    with client_scope(client.id):
        (mine,) = ShortLink.objects.values_list("code", flat=True)
    assert mine != taken["code"]
    assert mine in payload.text


def test_variants_share_the_audience(engine_db, client, route_id):
    with client_scope(client.id):
        for number in range(200):
            factories.make_contact(client, number)
        campaign = draft(client, route_id)
        Variant.objects.create(
            client_id=client.id, campaign=campaign, label="B", source="Autre STOP SMS 36111", share=1
        )

    expand(client.id, campaign.id)

    drawn = Counter(row[2] for row, _ in ledger(engine_db, client, campaign))
    assert set(drawn) == {"A", "B"}
    assert 70 < drawn["A"] < 130


def test_a_gradual_campaign_in_local_time(engine_db, client, route_id):
    with client_scope(client.id):
        for number in range(40):
            factories.make_contact(client, number, zone="America/Guadeloupe")
        campaign = draft(client, route_id, local_time=True, spread_hours=2)

    expand(client.id, campaign.id)

    dues = [row[7] for row, _ in ledger(engine_db, client, campaign)]
    opens = clock.DEMO_START + timedelta(hours=5)  # 14:30 in Guadeloupe
    assert min(dues) >= opens
    assert max(dues) < opens + timedelta(hours=2)
    assert len(set(dues)) > 30


def test_a_message_is_worth_nothing_after_its_day_where_the_recipient_is(engine_db, client, route_id):
    with client_scope(client.id):
        for number, zone in enumerate(("Europe/Paris", "America/Guadeloupe", "Indian/Reunion", "Pacific/Noumea")):
            factories.make_contact(client, number, zone=zone)
        dropped = draft(client, route_id, late="drop")
        patient = draft(client, route_id, name="b")

    expand(client.id, dropped.id)
    expand(client.id, patient.id)

    with engine_db.connect("admin") as admin:
        rows = admin.execute("SELECT campaign_id, zone, expires_at FROM engine_message").fetchall()
    paris = clock.DEMO_START.astimezone(clock.PARIS).replace(hour=20, minute=0)  # 14:30 in Paris
    assert {zone: at - paris for campaign, zone, at in rows if campaign == dropped.id} == {
        "Europe/Paris": timedelta(),
        "America/Guadeloupe": timedelta(hours=5),
        "Indian/Reunion": timedelta(hours=-3),
        "Pacific/Noumea": timedelta(hours=14),  # it is half past midnight there: a new day
    }
    assert {at for campaign, _, at in rows if campaign == patient.id} == {None}


def test_the_frequency_cap_counts_all_campaigns(engine_db, client, route_id):
    with client_scope(client.id):
        person = factories.make_contact(client, 1)
        first, second = (draft(client, route_id, name=name, cap_messages=1) for name in ("a", "b"))
    expand(client.id, first.id)

    expand(client.id, second.id)

    assert ledger(engine_db, client, second) == []
    with client_scope(client.id):
        assert CampaignExclusion.objects.get(campaign_id=second.id, contact_id=person.id).reason == "capped"


def test_two_contacts_with_one_number_are_written_to_once(engine_db, client, route_id, monkeypatch):
    with client_scope(client.id):
        first, second = (factories.make_contact(client, number) for number in (1, 2))
        campaign = draft(client, route_id)
    real = expansion.Audience.reader

    def same_number(self, keys):
        read = real(self, keys)
        return lambda row: msgspec.structs.replace(read(row), recipient_index=b"0" * 16, number="+33639980001")

    monkeypatch.setattr(expansion.Audience, "reader", same_number)

    expand(client.id, campaign.id)

    assert [row[1] for row, _ in ledger(engine_db, client, campaign)] == [first.id]
    with client_scope(client.id):
        assert CampaignExclusion.objects.get().reason == "duplicate_number"
        assert CampaignExclusion.objects.get().contact_id == second.id


def test_a_campaign_paused_meanwhile_stays_paused(engine_db, client, route_id):
    with client_scope(client.id):
        factories.make_contact(client, 1)
        campaign = draft(client, route_id)
        Campaign.objects.update(status="paused")

    expand(client.id, campaign.id)

    with client_scope(client.id):
        campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.PAUSED
    assert campaign.expanded_at is not None
    with engine_db.connect("admin") as admin:
        parked = admin.execute("SELECT count(*) FROM engine_queue WHERE due_at = 'infinity'").fetchone()[0]
    assert parked == 1


def test_a_cancelled_campaign_is_not_written(engine_db, client, route_id):
    with client_scope(client.id):
        factories.make_contact(client, 1)
        campaign = draft(client, route_id)
        Campaign.objects.update(status="cancelled")

    expand(client.id, campaign.id)

    assert ledger(engine_db, client, campaign) == []
