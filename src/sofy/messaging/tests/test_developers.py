"""The developers' pages: requests without anything about people, and the description of the API to read."""

import pytest
from django.utils.translation import override

from sofy.accounts import services as accounts
from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.engine.db import sql
from sofy.ingest import openapi
from sofy.kernel import clock, ids
from sofy.kit.rls import client_scope
from sofy.messaging import api_reference, api_words
from sofy.messaging.tests.test_pages import browser


@pytest.fixture
def client(engine_db):
    return make_client()


def asked(engine_db, client, key, count=1, status=202, code=""):
    lines = {
        "ids": ids.uuid7s(count), "ats": [clock.now()] * count, "keys": [key] * count, "methods": ["POST"] * count,
        "paths": ["/v1/messages"] * count, "statuses": [status] * count, "codes": [code] * count,
        "latencies": [1500] * count,
    }  # fmt: skip
    with engine_db.connect("sofy_engine", autocommit=True) as engine:
        engine.execute(sql("log_requests"), {"client": client.pk, **lines})


@pytest.mark.parametrize("language", ["fr", "en"])
def test_requests_are_shown_with_the_name_of_their_key_to_those_who_may(client, engine_db, language):
    key, _text = accounts.create_api_key(client, name="Caisse", scopes=["messages:send"])
    asked(engine_db, client, key.pk, status=422, code="number_unreadable")
    asked(engine_db, client, key.pk, count=105)
    url = f"/c/{client.slug}/requests/"
    reader = browser(make_user(client=client, role="developer"), language)

    page, fragment = reader.get(url), reader.get(url, headers={"hx-request": "true"})
    after = page.text.split("after=")[1].split('"')[0]
    second = reader.get(f"{url}?after={after}")

    assert page.status_code == 200
    assert page.text.count("/v1/messages<") == 100
    assert "Caisse" in page.text
    assert "<html" not in fragment.text
    assert "number_unreadable" in second.text
    assert second.text.count("/v1/messages<") == 6
    assert browser(make_user(client=client, role="marketer")).get(url).status_code == 403
    assert browser(make_user(client=make_client())).get(url).status_code == 404


def test_requests_of_another_client_are_not_seen_even_by_its_id(client, engine_db):
    asked(engine_db, client, ids.uuid7())
    other = make_client()

    from sofy.messaging import queries, search

    with client_scope(other.pk):
        assert queries.requests(client.pk, before=search.LAST, limit=10) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_reference_has_every_operation_and_every_shape_and_asks_nobody_else(client, language):
    page = browser(make_user(client=client, role="developer"), language).get(f"/c/{client.slug}/reference/")
    document = openapi.describe("https://api.example.com")

    assert page.status_code == 200
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            assert f"{method.upper()} {path}" in page.text
            assert f'id="{told["operationId"]}"' in page.text
    for name in document["components"]["schemas"]:
        assert f'id="shape-{name}"' in page.text
    assert 'src="http' not in page.text


def test_every_word_of_the_reference_is_in_the_catalogue_and_no_other():
    with override("en"):
        shown = api_reference.page("https://api.example.com")

    said = {shown["about"]}
    for operation in shown["operations"]:
        said |= {operation.summary, *(each.text for each in operation.parameters)}
        said |= {text for _status, text, _shape in operation.answers}
    for shape in shown["shapes"]:
        said |= {shape.text, *(field.text for field in shape.fields)}
    assert said - {""} == set(api_words.TEXTS)


def test_the_reference_explains_itself_in_french_with_names_as_code(client):
    page = browser(make_user(client=client, role="developer"), "fr").get(f"/c/{client.slug}/reference/")

    assert "Pourquoi une requête est refusée" in page.text
    assert "Why a request was refused" not in page.text
    assert "<code>refused</code> dit lesquels" in page.text


def test_values_are_said_in_a_few_words():
    shown = api_reference.page("https://api.example.com")
    fields = {f"{shape.name}.{field.name}": field for shape in shown["shapes"] for field in shape.fields}

    assert fields["Message.purpose"].kind == '"alert" | "marketing" | "service"'
    assert fields["Message.to"].required
    assert fields["Batch.messages"].kind == "[Message]"
