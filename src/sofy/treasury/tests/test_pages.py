"""Pages of the bank, in both languages: staff loads, decides and takes back; nobody else finds them."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.billing import queries as billing
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import staff_scope
from sofy.treasury import queries, tasks
from sofy.treasury.models import Question
from sofy.treasury.services import matching
from sofy.treasury.tests.factories import PAYER, file, invoiced, line, numbers, statement, transfer

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
DAY = date(2026, 6, 10)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def client(entity):
    made, _form = invoiced(entity, months=2)
    return made


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def staff(language="en"):
    return browser(make_user(is_operator=True), language)


def open_of(client):
    with staff_scope():
        return [str(one.open_eur) for one in reversed(billing.invoices(client.pk, using="staff"))]


def loaded(entity, *entries):
    matching.load(entity.pk, file(statement(*entries)), name="releve.xml", actor=ACTOR)
    with staff_scope():
        return list(Question.objects.using("staff").filter(entity=entity).order_by("entry__place"))


@pytest.mark.clause("CGVU 10.1", "CGVU 22")
@LANGUAGES
def test_empty_pages_say_what_to_do(language):
    reader = staff(language)

    queue, files = reader.get(reverse("treasury:bank")).text, reader.get(reverse("treasury:files")).text

    assert {"fr": "Rien à décider", "en": "Nothing to decide"}[language] in queue
    assert {"fr": "Aucun fichier", "en": "No file yet"}[language] in files


@LANGUAGES
def test_a_line_is_shown_with_why_and_ideas_and_accepted(entity, client, language):
    (question,) = loaded(entity, transfer("1440.00", "merci", on=DAY, name="Boulangerie Martin", iban=PAYER))
    reader = staff(language)

    page = reader.get(reverse("treasury:bank")).text
    answer = reader.post(reverse("treasury:decide", args=[question.pk]), {"do": "0"}, follow=True).text

    assert {"fr": "1 440,00", "en": "1,440.00"}[language].replace(" ", "\u202f") in page.replace("\xa0", "\u202f")
    assert {"fr": "Ces factures du client font le montant", "en": "These invoices of the client make"}[language] in page
    assert PAYER not in page
    assert {"fr": "enregistré au contrat", "en": "recorded in the client’s contract"}[language] in answer
    assert open_of(client) == ["0.00", "0.00"]
    assert numbers(client)[0] in reader.get(reverse("treasury:bank"), {"state": "paid"}).text


def test_a_payment_is_split_on_its_page(entity, client):
    (question,) = loaded(entity, transfer("1000.00", "acompte", on=DAY))
    reader = staff()
    address = reverse("treasury:question", args=[question.pk])
    first, second = numbers(client)

    found = reader.get(address, {"q": "boulangerie"}).text
    page = reader.get(address, {"client": client.slug}).text
    wrong = {"do": "give", "client": str(client.pk), f"part-{first}": "720,00", f"part-{second}": "200", "credit": "0"}
    refused = reader.post(reverse("treasury:decide", args=[question.pk]), wrong, follow=True).text
    unreadable = reader.post(
        reverse("treasury:decide", args=[question.pk]), wrong | {"credit": "dix"}, follow=True
    ).text
    reader.post(reverse("treasury:decide", args=[question.pk]), wrong | {f"part-{second}": "280.00"})

    assert f"?client={client.slug}" in found
    assert 'value="720.00"' in page
    assert 'value="280.00"' in page
    assert "The parts come to 920.00" in refused
    assert "“dix” is no amount" in unreadable
    assert open_of(client) == ["0.00", "440.00"]


def test_aside_and_apart_are_taken_back_by_the_button_of_the_message(entity):
    first, second = loaded(entity, transfer("5.00", "a", on=DAY), line("9.00", on=DAY, credit=False))
    reader = staff()

    aside = reader.post(reverse("treasury:decide", args=[first.pk]), {"do": "later"}, follow=True).text
    reader.post(reverse("treasury:decide", args=[second.pk]), {"do": "apart", "note": "loyer"})
    apart = reader.get(reverse("treasury:bank"), {"state": "apart"}).text
    assert reverse("treasury:undo", args=[first.pk]) in aside
    assert "loyer" in apart
    assert queries.counts()["open"] == 0
    for question in (first, second):
        reader.post(reverse("treasury:undo", args=[question.pk]))

    assert queries.counts()["open"] == 2


@LANGUAGES
def test_a_file_is_uploaded_read_at_once_and_matched_by_the_worker(entity, client, language, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.match, "defer", lambda **given: asked.append(given))
    reader = staff(language)
    content = statement(transfer("720.00", numbers(client)[0], on=DAY), transfer("1.00", "?", on=DAY))

    def upload(content, entity_code="optima"):
        sent = SimpleUploadedFile("releve.xml", content)
        return reader.post(reverse("treasury:files"), {"entity": entity_code, "file": sent}, follow=True)

    page = upload(content).text
    assert {"fr": "Rapprochement des lignes", "en": "Matching the lines"}[language] in page
    (job,) = asked
    matching.match(entity.pk, actor=job["actor"])
    (row,) = queries.bank_files()
    done = reader.get(reverse("treasury:file", args=[row.id])).text
    again = upload(content)

    assert numbers(client)[0] in done
    assert {"fr": "Le numéro de facture dans le libellé", "en": "The invoice number in the text"}[language] in done
    assert {"fr": "déjà été chargé", "en": "was loaded before"}[language] in again.text
    assert len(asked) == 1
    assert b"".join(reader.get(reverse("treasury:original", args=[row.id])).streaming_content) == content
    assert upload(b"%PDF-1.7").status_code == 422
    assert {"fr": "fichier compressé", "en": "packed file"}[language] in upload(b"%PDF-1.7").text
    assert upload(content, "nobody").status_code == 422
    assert len(queries.bank_files()) == 1


def test_what_was_cut_off_is_carried_on_by_the_worker(entity, client):
    from sofy.treasury.services import files

    files.take(entity.pk, file(statement(transfer("720.00", numbers(client)[0], on=DAY))), name="a", actor=ACTOR)

    tasks.carry_on()

    assert open_of(client) == ["0.00", "720.00"]


def test_nobody_but_staff_finds_these_pages(entity, client):
    (question,) = loaded(entity, transfer("5.00", "a", on=DAY))
    (row,) = queries.bank_files()
    reader = browser(make_user(client=make_client()))
    addresses = [reverse("treasury:bank"), reverse("treasury:files")]
    addresses += [reverse(f"treasury:{name}", args=[question.pk]) for name in ("question", "decide", "undo")]
    addresses += [reverse(f"treasury:{name}", args=[row.id]) for name in ("file", "original")]

    for address in addresses:
        assert {reader.get(address).status_code, reader.post(address).status_code} <= {404, 405}, address
        assert Browser().get(address).status_code in (302, 405)
    assert queries.counts()["open"] == 1
