"""What the wizard counts, estimates and prices is what the ledger holds, whatever the alphabets of the route."""

import pytest

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign
from sofy.soreach.services import estimate as estimates
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories

LONG = "Fête des crêpes samedi : une forêt de goûts, août en hiver, chez nous ! Venez tôt. STOP SMS 36111"


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    return factories.make_client()


@pytest.fixture
def route_id(engine_db):
    return factories.make_route(engine_db.database.admin_url)


@pytest.fixture
def campaign(engine_db, client, route_id):
    """A draft for three people, and what its route takes."""

    def made(takes: str, text: str = LONG) -> Campaign:
        with engine_db.connect("admin", autocommit=True) as admin:
            admin.execute("UPDATE engine_route SET encodings = %s", [takes])
        with client_scope(client.pk):
            for number in range(3):
                factories.make_contact(client, number)
            return factories.make_campaign(client, route_id, text=text)

    return made


@pytest.mark.parametrize(
    ("_case", "takes", "encoding", "parts", "forcing", "holds"),
    [
        ("the usual alphabets", "{gsm7,ucs2}", "ucs2", 2, ["ê", "û", "ô"], (70, 160)),
        ("Latin-1 as well", "{gsm7,latin1,ucs2}", "latin1", 1, ["ê", "û", "ô"], (140, 160)),
        ("Latin-1 for want of GSM", "{latin1,ucs2}", "latin1", 1, [], (140, 140)),
        ("UCS-2 alone", "{ucs2}", "ucs2", 2, [], (70, 70)),
    ],
)
def test_the_wizard_counts_as_the_route_sends(
    _case, takes, encoding, parts, forcing, holds, campaign, client, engine_db
):
    draft = campaign(takes)
    with client_scope(client.pk):
        counted = estimates.count_text(LONG, estimates.alphabets(draft))
        told = estimates.estimate(draft, estimates.compiled(draft))
        Campaign.objects.filter(pk=draft.pk).update(status=Campaign.Status.EXPANDING)

    total = expand(client.pk, draft.pk)

    assert (counted.encoding, counted.parts, counted.forcing) == (encoding, parts, forcing)
    assert (counted.alone, counted.instead) == holds
    assert told.parts == total.parts == 3 * parts
    with engine_db.connect("admin") as admin:
        rows = admin.execute("SELECT parts, encoding FROM engine_message").fetchall()
    assert rows == [(parts, encoding)] * 3


def test_the_sign_that_costs_is_the_one_the_route_lacks(campaign, client):
    draft = campaign("{latin1,ucs2}", "Fête à 5 € ! STOP SMS 36111")

    with client_scope(client.pk):
        counted = estimates.count_text("Fête à 5 € ! STOP SMS 36111", estimates.alphabets(draft))

    assert (counted.encoding, counted.forcing, counted.alone, counted.instead) == ("ucs2", ["€"], 70, 140)
