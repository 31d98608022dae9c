"""The pages of the stop list: for staff with a second factor, in both languages, step by step."""

from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_client
from sofy.kernel import clock, ids
from sofy.messaging.services import stop_list

PAGE = "/op/stop-list/"
FILE = "Mobile\n06 39 98 00 01\n12\n06 39 98 00 02\n"


@pytest.fixture(autouse=True)
def platform(engine_db: Any) -> None:
    clock.install(lambda: clock.DEMO_START)


def browser(language: str = "en", **fields: Any) -> Browser:
    made = Browser(headers={"accept-language": language})
    made.force_login(make_user(**fields), "allauth.account.auth_backends.AuthenticationBackend")
    return made


@pytest.fixture
def staff() -> Browser:
    return browser(is_operator=True)


def send(staff: Browser, text: str = FILE, **fields: str) -> Any:
    file = SimpleUploadedFile("numeros.csv", text.encode())
    data = {"list-name": "Bloctel", "list-reason": "Ticket 12", "list-file": file, **fields}
    return staff.post(f"{PAGE}upload", data, follow=True)


def only_file() -> Any:
    (row,) = stop_list.files()
    return row


@pytest.mark.parametrize(("language", "nothing"), [("fr", "Aucune liste"), ("en", "No list yet")])
def test_the_empty_page_teaches_in_both_languages(language, nothing):
    answer = browser(language, is_operator=True).get(PAGE)

    assert answer.status_code == 200
    assert nothing in answer.text
    assert f'lang="{language}"' in answer.text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_file_is_looked_through_confirmed_and_taken_back(language):
    staff = browser(language, is_operator=True)
    page = send(staff)
    row = only_file()
    assert page.redirect_chain == [(f"{PAGE}{row.id}", 302)]
    assert page.status_code == 200
    assert stop_list.total() == 0

    assert "phone_too_short" not in page.text  # in words
    answer = staff.post(f"{PAGE}{row.id}/confirm", follow=True)
    assert answer.status_code == 200
    assert stop_list.total() == 2
    refused = staff.post(f"{PAGE}{row.id}/withdraw", {"reason": ""})
    assert refused.status_code == 422
    assert stop_list.total() == 2
    answer = staff.post(f"{PAGE}{row.id}/withdraw", {"reason": "Ticket 13"}, follow=True)

    assert answer.status_code == 200
    assert "Ticket 13" in answer.text
    assert stop_list.total() == 0
    assert staff.get(PAGE).status_code == 200


def test_a_refused_row_is_told_with_its_number_and_its_reason(staff):
    page = send(staff)

    assert "Row 3" in page.text
    assert "Add 2 numbers and addresses to the list" in page.text


@pytest.mark.parametrize(
    ("language", "button", "hint", "stopped"),
    [
        ("fr", "Ajouter 2 numéros et adresses", ">numéros et adresses<", "2 numéros et adresses bloqués"),
        ("en", "Add 2 numbers and addresses", ">numbers and addresses<", "2 numbers and addresses stopped"),
    ],
)
def test_an_address_is_not_counted_as_a_number(language, button, hint, stopped):
    staff = browser(language, is_operator=True)

    page = send(staff, "Mobile;E-mail\n06 39 98 00 01;zoe@exemple.fr\n")

    assert button in page.text
    assert hint in page.text
    staff.post(f"{PAGE}{only_file().id}/confirm")
    assert stopped in staff.get(PAGE).text


def test_a_file_can_be_thrown_away(staff):
    send(staff)

    answer = staff.post(f"{PAGE}{only_file().id}/discard", follow=True)

    assert answer.status_code == 200
    assert stop_list.files() == []


def test_the_same_file_again_leads_to_the_one_that_is_there(staff):
    send(staff)
    row = only_file()
    staff.post(f"{PAGE}{row.id}/confirm")

    page = send(staff)

    assert page.redirect_chain == [(f"{PAGE}{row.id}", 302)]
    assert "has this very file already" in page.text
    assert only_file().id == row.id


@pytest.mark.parametrize(
    ("_case", "text", "fields", "sentence"),
    [
        ("no number", "Ville\nParis\n", {}, "No column of this file looks like phone numbers"),
        ("empty", "", {}, "This file is empty"),
        ("no name", FILE, {"list-name": ""}, "This field is required"),
        ("no reason", FILE, {"list-reason": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(staff, _case, text, fields, sentence):
    page = send(staff, text, **fields)

    assert page.status_code == 422
    assert sentence in page.text
    assert stop_list.files() == []


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("06 39 98 00 01", "Bloctel"),
        ("06 39 98 00 09", "Not stopped"),
        ("Dupont", "neither a phone number nor an e-mail"),
    ],
)
def test_a_number_is_looked_up(staff, typed, answer):
    send(staff)
    staff.post(f"{PAGE}{only_file().id}/confirm")

    page = staff.post(PAGE, {"who": typed})

    assert answer in page.text.partition('role="status"')[2].partition("</section>")[0]


def test_a_step_that_was_taken_already_says_so(staff):
    send(staff)
    row = only_file()
    staff.post(f"{PAGE}{row.id}/confirm")

    answer = staff.post(f"{PAGE}{row.id}/confirm")

    assert answer.status_code == 409
    assert stop_list.total() == 2


def test_a_long_file_shows_that_it_is_being_worked_on(staff, monkeypatch):
    monkeypatch.setattr(stop_list, "AT_ONCE", 0)

    page = send(staff)

    assert "Being looked through" in page.text
    assert 'data-live="' in page.text
    fragment = staff.get(f"{PAGE}{only_file().id}", headers={"hx-request": "true"})
    assert fragment.text.strip().startswith('<div id="state"')


@pytest.mark.parametrize(("language", "button"), [("fr", "Reprendre"), ("en", "Go on")])
def test_a_file_whose_worker_was_killed_goes_on_where_it_stood(monkeypatch, language, button):
    staff = browser(language, is_operator=True)
    monkeypatch.setattr("sofy.audience.imports.run.BATCH_ROWS", 1)
    send(staff)
    row = stop_list.accept(only_file().id, actor="test")
    with pytest.raises(KeyboardInterrupt):
        stop_list.add(row.id, progress=killed)
    assert button in staff.get(f"{PAGE}{row.id}").text

    answer = staff.post(f"{PAGE}{row.id}/resume", follow=True)

    assert answer.status_code == 200
    done = only_file()
    assert (done.state, done.added, done.done, stop_list.total()) == ("active", 2, 3, 2)
    assert button not in answer.text
    assert staff.post(f"{PAGE}{row.id}/resume").status_code == 409


def killed(done: int, rows: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize(
    ("_case", "fields", "status"),
    [
        ("owner of a client", {"role": "owner"}, 404),
        ("developer of a client", {"role": "developer"}, 404),
        ("staff without a second factor", {"is_operator": True, "secured": False}, 302),
    ],
)
def test_nobody_but_staff_with_a_second_factor_reaches_any_of_it(staff, _case, fields, status):
    send(staff)
    row = only_file()
    if "role" in fields:
        fields = {**fields, "client": create_client(name="Fleurs", slug=f"c{ids.base58(8).lower()}")}
    stranger = browser(**fields)

    for path in addresses(row.id):
        for answer in (stranger.get(path), stranger.post(path, {"who": "0639980001", "reason": "x"})):
            assert answer.status_code == status, path
            assert "Bloctel" not in answer.text
            assert status != 302 or answer["location"] == "/account/secure/"
    assert stop_list.get(row.id).state == "checked"


def test_an_unknown_file_is_404_for_staff(staff):
    for path in addresses(UUID(int=1))[2:]:
        assert 404 in (staff.get(path).status_code, staff.post(path, {"reason": "x"}).status_code), path


def addresses(file_id: UUID) -> list[str]:
    return [
        PAGE,
        f"{PAGE}upload",
        *(f"{PAGE}{file_id}{step}" for step in ("", "/confirm", "/resume", "/discard", "/withdraw")),
    ]
