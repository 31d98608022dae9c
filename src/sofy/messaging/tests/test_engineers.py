"""The routes console, the dry run and the prices: in both languages, for staff only, with what they say."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_client
from sofy.engine.planning import Heard
from sofy.engine.routes import Route
from sofy.kernel import clock, ids
from sofy.kernel.prices import Book, Price
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import queries, replay, routes
from sofy.messaging.replay import Group, compare
from sofy.messaging.tests.test_pages import browser, client, route_id

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
FIXTURES = (client, route_id)
PAGES = ("/op/routes/{}/figures", "/op/routes/dry-run", "/op/prices/")
CHOICE = {"weight": "300", "countries": "FR, BE", "prefixes": "336 337", "sender_policy": "listed", "senders": "MARTIN"}


@pytest.fixture
def staff():
    return make_user(is_operator=True)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_engineers_pages_open_in_both_languages(client, route_id, staff, page, language):
    answer = browser(staff, language).get(page.format(route_id))

    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text
    assert "Route One" in answer.text


@pytest.mark.parametrize("page", [*PAGES, "/op/routes/{}/state"])
def test_engineers_pages_are_not_there_for_others(client, route_id, page):
    hostile = browser(make_user(client=create_client(name="Autre")))

    assert hostile.get(page.format(route_id)).status_code in (404, 405)
    assert hostile.post(page.format(route_id), CHOICE).status_code == 404
    assert routes.find(route_id).weight == 100


def test_the_console_shows_codes_and_the_law_of_the_window(engine_db, client, route_id, staff):
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            'UPDATE engine_route_health SET codes = \'{"refused 0x58": 40, "failed 34": 2}\', factor = 0.25,'
            " in_flight = 10 WHERE handed_over = 100"
        )
        admin.execute(
            "INSERT INTO engine_route_quality VALUES (%s, %s, 'FR', %s, 90, 80, 10)",
            [route_id, clock.now() - timedelta(minutes=7), ids.uuid7()],
        )

    page = browser(staff).get(f"/op/routes/{route_id}/figures").text

    assert "0x58" in page
    assert "Fails more than usual" not in page  # its latest sample is well again
    assert "An answer takes 567 ms" in page  # 10 and 7 under way, each for 5 s, over 150 that were handed over
    assert "FR" in page


def test_how_a_route_is_chosen_is_changed_and_noted(client, route_id, staff):
    answer = browser(staff).post(f"/op/routes/{route_id}/figures", CHOICE)

    assert answer.status_code == 302
    route = routes.find(route_id)
    assert (route.weight, route.countries, route.prefixes) == (300, ["BE", "FR"], ["336", "337"])
    assert (route.sender_policy, route.senders) == ("listed", ["MARTIN"])
    with staff_scope():
        assert AuditEntry.objects.using("staff").filter(action="route.weighed").count() == 1


@pytest.mark.parametrize(
    "change",
    [{"weight": "1001"}, {"countries": "France"}, {"prefixes": "06"}, {"senders": "A-B"}, {"sender_policy": "x"}],
)
def test_what_no_route_may_be_chosen_by_is_refused(client, route_id, staff, change):
    answer = browser(staff).post(f"/op/routes/{route_id}/figures", CHOICE | change)

    assert answer.status_code == 422
    assert routes.find(route_id).weight == 100


def test_a_price_is_added_and_found_by_a_number_that_stays_out_of_the_address(client, route_id, staff):
    desk = browser(staff)
    row = {"owner": "list", "channel": "sms", "purpose": "", "country": "fr", "network": "", "price_eur": "0,0512"}

    added = desk.post("/op/prices/", row | {"valid_from": "2026-01-01"})
    again = desk.post("/op/prices/", row | {"valid_from": "2026-01-02"})
    found = desk.post("/op/prices/", {"number": "06 39 98 00 01", "on": "2026-06-01"})

    assert added.status_code == 302
    assert again.status_code == 422
    assert "in force since" in again.text
    assert "0.0512" in found.text


def routed(code, price="0.03", **changes):
    both = frozenset({"marketing", "alert"})
    kept = Route(code.encode(), code, "sms", None, both, frozenset({"gsm7", "ucs2"}), Decimal(price), "active")
    return kept._replace(**changes)


def test_a_dry_run_says_where_messages_would_leave_and_at_what_cost():
    groups = [
        Group("alert", "gsm7", None, "MARTIN", "FR", 100, 150),
        Group("alert", "gsm7", None, "MARTIN", "BE", 10, 10),
    ]
    before = [routed("a"), routed("b")]
    after = [routed("a", weight=300), routed("b", countries=frozenset({"FR"}))]
    dear = Book([Price(b"a", "sms", "", "BE", "", Decimal("0.10"), date(2026, 1, 1))])

    found = compare(groups, before, after, purchases=dear, heard={}, at=clock.DEMO_START)

    lines = {line.route: line for line in found.lines}
    assert (lines["a"].before, lines["a"].after) == (50, 85)
    assert (lines["b"].before, lines["b"].after) == (60, 25)
    assert found.after_eur - found.before_eur == Decimal("0.7")  # Belgium by the dear route
    assert found.nowhere_after == 0


def test_a_dry_run_counts_what_would_have_had_no_route():
    groups = [Group("marketing", "gsm7", "36123", "MARTIN", "FR", 5, 5)]

    found = compare(groups, [routed("a")], [], purchases=Book(), heard={(b"a", ""): Heard()}, at=clock.DEMO_START)

    assert (found.nowhere_before, found.nowhere_after) == (5, 5)


@pytest.mark.parametrize(("language", "said"), [("en", "No SMS left yesterday"), ("fr", "Aucun SMS n’est parti hier")])
def test_a_dry_run_after_a_day_without_traffic_says_so(client, route_id, staff, language, said):
    answer = browser(staff, language).post("/op/routes/dry-run", {"r1-state": "paused"})

    assert said in answer.text
    assert "0,00" not in answer.text


def test_the_dry_run_of_yesterday_reads_counts_and_changes_nothing(engine_db, client, route_id, staff):
    yesterday = UUID(int=ids.before(clock.DEMO_START - timedelta(days=1)).int | ids.uuid7().int % (1 << 80))
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_message (client_id, id, purpose, recipient_index, sender, payload, parts, encoding,"
            " destination, created_at) VALUES (%s, %s, 'alert', '', 'FLEURS', '', 1, 'gsm7', 'FR', now())",
            [client.pk, yesterday],
        )
        admin.execute(
            "INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at,"
            " submitted_at, updated_at) VALUES (%s, %s, '', 'submitted', 20, 1, now(), now(), now())",
            [client.pk, yesterday],
        )

    answer = browser(staff).post("/op/routes/dry-run", {"r1-state": "paused", "r1-weight": "5", "r1-price_eur": "0,01"})

    assert answer.status_code == 200
    assert "1 message yesterday" in answer.text
    assert "would have had no route" in answer.text
    assert '<th scope="row">Route One</th>' in answer.text  # its name, as above, not its code
    assert routes.find(route_id).state == "active"
    assert replay.yesterday({}).groups == [Group("alert", "gsm7", None, "FLEURS", "FR", 1, 1)]


def test_a_campaign_is_offered_routes_at_what_its_client_pays(engine_db, client, route_id):
    stranger = ids.uuid7()
    with engine_db.connect("admin", autocommit=True) as admin:
        for owner, price in ((None, "0.07"), (client.pk, "0.05"), (stranger, "0.01")):
            admin.execute(
                "INSERT INTO price_sale (id, client_id, channel, country, price_eur, valid_from, created_at)"
                " VALUES (%s, %s, 'sms', 'FR', %s, '2026-01-01', now())",
                [ids.uuid7(), owner, price],
            )

    with client_scope(client.pk):
        offers = queries.route_offers()

    assert [offer.price_eur for offer in offers if offer.code == "r1"] == [Decimal("0.05")]
