"""Pages of mandates and debits, in both languages: staff makes and answers, a client sees its own."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import staff_scope
from sofy.sandbox.bank import PROFILES, Bank, State
from sofy.treasury.models import Batch, Debit, Mandate
from sofy.treasury.services import debits
from sofy.treasury.tests.factories import IBAN, PAYER, debited, numbers
from sofy.wire import pain

NOW = datetime(2026, 4, 28, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
OTHER = "FR7610107001011234567890129"


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def client(entity):
    made, _form = debited(entity)
    return made


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def staff(language="en"):
    return browser(make_user(is_operator=True), language)


def only(model):
    with staff_scope():
        return model.objects.using("staff").get()


@pytest.mark.clause("CGVU 10.1", "CGVU 10.2")
@LANGUAGES
def test_a_batch_is_previewed_made_once_downloaded_and_answered(entity, client, language):
    reader = staff(language)
    (number,) = numbers(client)

    page = reader.get(reverse("treasury:debits"), {"until": "2026-05-31"}).text
    with staff_scope():
        (one,) = debits.proposed(entity.pk, date(2026, 5, 31))
    chosen = {"entity": "optima", "until": "2026-05-31", "invoice": [str(one.item.id)]}
    made = reader.post(reverse("treasury:debits-make"), chosen, follow=True).text
    twice = reader.post(reverse("treasury:debits-make"), chosen, follow=True).text
    batch = only(Batch)
    content = reader.get(reverse("treasury:batch-file", args=[batch.pk])).content
    bank = Bank(msgspec.structs.replace(PROFILES["plain"], refused={"RUM-1": "AC04"}), State(iban=IBAN))
    answer = SimpleUploadedFile("pain002.xml", bank.take(content, at=NOW))
    address = reverse("treasury:batch-act", args=[batch.pk, "answer"])
    answered = reader.post(address, {"file": answer}, follow=True).text

    assert number in page
    assert {"fr": "4 mai 2026", "en": "4 May 2026"}[language] in page
    assert batch.message_id in made
    assert {"fr": "rien à prélever", "en": "nothing to debit"}[language] in twice
    assert pain.problems(content) == []
    assert {"fr": "Compte clôturé (AC04)", "en": "Account closed (AC04)"}[language] in answered
    assert only(Debit).state == "rejected"
    assert {"fr": "Bloqué", "en": "Blocked"}[language] in reader.get(reverse("treasury:mandates")).text


@LANGUAGES
def test_empty_pages_say_what_comes_there(entity, language):
    reader = staff(language)

    debits_page, mandates_page = (reader.get(reverse(f"treasury:{name}")).text for name in ("debits", "mandates"))

    assert {"fr": "Rien à prélever", "en": "Nothing to debit"}[language] in debits_page
    assert {"fr": "Aucun mandat", "en": "No mandate here"}[language] in mandates_page


def test_a_batch_is_cancelled_and_a_wrong_answer_said(entity, client):
    batch, reader = debits.make(entity.pk, date(2026, 5, 31), actor=ACTOR), staff()

    wrong = SimpleUploadedFile("a.xml", b"<a/>")
    said = reader.post(reverse("treasury:batch-act", args=[batch.pk, "answer"]), {"file": wrong}, follow=True).text
    nothing = reader.post(reverse("treasury:batch-act", args=[batch.pk, "answer"]), follow=True).text
    reader.post(reverse("treasury:batch-act", args=[batch.pk, "cancel"]))

    assert "another kind of file" in said
    assert "The file is empty" in nothing
    assert only(Debit).state == "cancelled"
    assert reader.post(reverse("treasury:batch-act", args=[batch.pk, "nope"])).status_code == 404


@pytest.mark.clause("CGVU 10.1")
def test_a_mandate_is_registered_amended_and_revoked_by_staff(entity):
    client, reader = make_client("Crêperie Le Goff"), staff()
    given = {
        "client": client.slug, "entity": "optima", "reference": "RUM-7", "signed_on": "2026-04-02",
        "debtor": "Crêperie", "iban": PAYER, "scheme": "B2B",
    }  # fmt: skip

    wrong = reader.post(reverse("treasury:mandate-new"), given | {"client": "nobody"})
    late = reader.post(reverse("treasury:mandate-new"), given | {"signed_on": "2030-01-01"})
    page = reader.post(reverse("treasury:mandate-new"), given, follow=True).text
    taken = reader.post(reverse("treasury:mandate-new"), given)
    row = only(Mandate)
    acts = {what: reverse("treasury:mandate-act", args=[row.pk, what]) for what in ("amend", "revoke", "confirm")}
    reader.post(acts["confirm"], {"on": "2026-04-10"})
    bad = reader.post(acts["amend"], {"iban": "FR76"}, follow=True).text
    reader.post(acts["amend"], {"iban": OTHER})
    reader.post(acts["revoke"], {"on": "2026-04-20"})

    assert [answer.status_code for answer in (wrong, late, taken)] == [422, 422, 422]
    assert "Not known to the client’s bank" in page
    assert PAYER not in page
    assert "check its digits" in bad
    row = only(Mandate)
    assert (str(row.iban), row.registered_on, row.revoked_on) == (OTHER, date(2026, 4, 10), date(2026, 4, 20))
    assert "RUM-7" in reader.get(reverse("treasury:mandates"), {"q": "goff"}).text
    assert "RUM-7" not in reader.get(reverse("treasury:mandates"), {"q": "martin"}).text


@pytest.mark.clause("CGVU 10.1")
@LANGUAGES
def test_a_client_sees_its_own_mandate_and_debits(entity, client, language):
    other, _form = debited(entity, "Crêperie", mandate="RUM-2", iban=OTHER)
    batch = debits.make(entity.pk, date(2026, 5, 31), actor=ACTOR)
    assert batch.total_eur == Decimal("1440.00")
    reader = browser(make_user(client=client), language)

    page = reader.get(reverse("treasury:mine", args=[client.slug])).text
    none = browser(make_user(client=(empty := make_client())), language).get(
        reverse("treasury:mine", args=[empty.slug])
    )

    assert "RUM-1" in page
    assert numbers(client)[0] in page
    assert "FR72ZZZ123456" in page
    assert PAYER not in page
    assert PAYER[-4:] in page
    assert "RUM-2" not in page
    assert numbers(other)[0] not in page
    assert {"fr": "Pas de prélèvement", "en": "No direct debit"}[language] in none.text
    assert reader.get(reverse("treasury:mine", args=[other.slug])).status_code == 404


def test_nobody_but_staff_finds_these_pages(entity, client):
    batch, mandate = debits.make(entity.pk, date(2026, 5, 31), actor=ACTOR), only(Mandate)
    reader = browser(make_user(client=client))
    addresses = [reverse(f"treasury:{name}") for name in ("debits", "debits-make", "mandates", "mandate-new")]
    addresses += [reverse(f"treasury:{name}", args=[batch.pk]) for name in ("batch", "batch-file")]
    addresses += [reverse("treasury:mandate", args=[mandate.pk])]
    addresses += [reverse("treasury:batch-act", args=[batch.pk, "cancel"])]
    addresses += [reverse("treasury:mandate-act", args=[mandate.pk, "revoke"])]

    for address in addresses:
        assert {reader.get(address).status_code, reader.post(address).status_code} <= {404, 405}, address
    assert only(Batch).state == "made"
    assert only(Mandate).revoked_on is None
