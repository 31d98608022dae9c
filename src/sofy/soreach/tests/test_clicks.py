import pytest
from django.test import Client as Browser

from sofy.kit.rls import client_scope
from sofy.soreach.models import Click, ShortLink
from sofy.soreach.tests import factories

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
PERSON = {"user-agent": PHONE, "accept-language": "fr-FR"}


@pytest.fixture
def campaign(world):
    return world.sent(people=2, text="https://magasin.example/promo?a=1 STOP SMS 36111")


@pytest.fixture
def code(world, campaign):
    with client_scope(world.client.pk):
        return ShortLink.objects.order_by("contact_id").first().code


def clicks(world):
    with client_scope(world.client.pk):
        return list(Click.objects.order_by("at").values_list("human", "variant"))


def test_a_person_is_led_on_and_counted(world, campaign, code):
    answer = Browser(headers=PERSON).get(f"/l/{code}")

    assert (answer.status_code, answer.url) == (302, "https://magasin.example/promo?a=1")
    assert answer["Cache-Control"] == "no-store"
    assert clicks(world) == [(True, "A")]
    with world.database.connect("admin") as admin:
        events = admin.execute("SELECT kind, campaign_id FROM engine_event WHERE kind = 'clicked'").fetchall()
    assert events == [("clicked", campaign.id)]


def test_a_preview_is_led_on_and_counted_apart(world, code):
    answer = Browser(headers={"user-agent": "WhatsApp/2.24"}).head(f"/l/{code}")

    assert answer.status_code == 302
    assert clicks(world) == [(False, "A")]
    with world.database.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_event WHERE kind = 'clicked'").fetchone() == (0,)


@pytest.mark.parametrize("code", ["zzzzzzzzz", "a", "x" * 300, "%27", "é"])
@pytest.mark.parametrize(
    ("language", "told"), [("fr", "Ce lien ne mène nulle part"), ("en", "This link leads nowhere")]
)
def test_a_link_that_is_none_says_so(world, code, language, told):
    answer = Browser(headers={"accept-language": language}).get(f"/l/{code}")

    assert answer.status_code == 404
    assert told in answer.text


def test_nothing_of_the_visitor_is_kept(world, code):
    Browser(headers=PERSON).get(f"/l/{code}", REMOTE_ADDR="203.0.113.7")

    with world.database.connect("admin") as admin:
        row = str(admin.execute("SELECT * FROM soreach_click").fetchone())
    assert "203.0.113.7" not in row
    assert "iPhone" not in row


def test_a_code_is_not_found_by_another_client(world, code):
    other = factories.make_client("Autre")

    with client_scope(other.pk):
        assert not ShortLink.objects.filter(code=code).exists()
