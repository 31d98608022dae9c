"""Programs name a template and give its values: filled, counted and refused like any other text."""

from typing import Any

import msgspec
import pytest

from sofy.engine import permissions
from sofy.ingest import templates
from sofy.ingest.tests.conftest import MENTION, House, Program
from sofy.kernel import ids
from sofy.kernel.content import Content

TEXT = "Bonjour {{prenom}}, votre commande {{numero}} est prête."


@pytest.fixture(autouse=True)
def _looked_up_each_time(monkeypatch):
    monkeypatch.setattr(templates, "FRESH_S", -1.0)


def write(house: House, code="order_ready", channel="sms", client=None, **more: Any) -> None:
    given: dict[str, Any] = {"purpose": "alert", "state": "ready", "content": Content(text=TEXT)} | more
    client, row_id = client or house.client, ids.uuid7()
    keys = house.keystore.client(client)
    sealed = keys.seal("gate_template", "content", row_id, msgspec.json.encode(given.pop("content")).decode())
    permissions.write_template(
        house.admin, client, row_id, code=code, channel=channel, version=1, content=sealed, **given
    )  # fmt: skip


def asked(**more):
    values = {"prenom": "Zoé", "numero": "1234"}
    return {"to": "+33639980001", "purpose": "alert", "template": "order_ready", "variables": values} | more


async def test_a_template_is_filled_and_counted_once_it_is_filled(house: House, program: Program):
    write(house)

    short = await program.send(asked())
    long = await program.send(asked(variables={"prenom": "Zoé" * 60, "numero": "1"}))

    shown = (await program.show(short.json["id"])).json
    assert (short.status, long.status) == (202, 202)
    assert shown["text"] == "Bonjour Zoé, votre commande 1234 est prête."
    assert (short.json["parts"], long.json["parts"]) == (1, 4)  # ê takes UCS-2


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"template": "nothing"}, "template_unknown", "/template"),
        ({"template": "Déjà"}, "field_value", "/template"),
        ({"variables": {"prenom": "Zoé"}}, "variable_missing", "/variables/numero"),
        ({"variables": None}, "variable_missing", "/variables/prenom"),
        ({"variables": {"prenom": "a\x00", "numero": "1"}}, "variable_characters", "/variables/prenom"),
        ({"variables": {"prenom": "a" * 1001, "numero": "1"}}, "field_value", "/variables"),
        ({"variables": {"prénom": "a"}}, "field_value", None),
        ({"variables": {"prenom": 12, "numero": "1"}}, "field_value", "/variables"),
        ({"text": "Bonjour"}, "text_or_content", "/text"),
        ({"template": None, "text": "Bonjour"}, "variables_alone", "/variables"),
        ({"purpose": "marketing"}, "template_purpose", "/template"),
    ],
)
async def test_what_is_wrong_with_a_template_or_its_values_is_said_where_it_is(
    house: House, program: Program, changes, code, pointer
):
    write(house)

    answer = await program.send(asked(**changes))

    assert (answer.status, answer.code) == (422, code)
    if pointer is not None:
        assert answer.json["pointer"] == pointer
    assert "Zoé" not in answer.body.decode()


@pytest.mark.clause("CGVU 14.1")
async def test_a_marketing_template_names_the_short_code_that_answers(house: House, program: Program):
    write(house, purpose="marketing", content=Content(text="Promo {{prenom}} ! STOP SMS {{numero}}"))
    consent = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "carte-2026"}
    marketing = asked(purpose="marketing", consent=consent)

    refused = await program.send(marketing)
    taken = await program.send(marketing | {"variables": {"prenom": "Zoé", "numero": MENTION.split()[-1]}})

    assert (refused.status, refused.code) == (422, "stop_mention_missing")
    assert taken.status == 202


async def test_a_template_that_whatsapp_did_not_approve_is_not_sent(house: House, program: Program):
    house.admin.execute("UPDATE engine_route SET channel = 'whatsapp'")
    write(house, channel="whatsapp", state="pending")

    waiting = await program.send(asked(channel="whatsapp"))
    other = await program.send(asked(channel="sms"))

    assert (waiting.status, waiting.code) == (422, "template_not_ready")
    assert "il y est en attente d’approbation" in waiting.json["detail"]
    assert other.status == 422


async def test_a_channel_the_template_does_not_have_is_refused(house: House, program: Program):
    write(house, channel="email", content=Content(text="x", subject="Prête"))

    answer = await program.send(asked(channel="sms"))

    assert (answer.code, answer.json["pointer"]) == ("template_channel", "/template")


async def test_in_a_batch_each_message_has_its_own_values(house: House, program: Program):
    write(house)
    messages = [asked(variables={"prenom": "Zoé", "numero": str(n)}) for n in range(3)]
    messages[1] = asked(variables={})

    answer = await program.batch(messages)

    assert [each["index"] for each in answer.json["accepted"]] == [0, 2]
    assert answer.json["refused"][0]["code"] == "variable_missing"


async def test_templates_of_another_client_do_not_exist(house: House, program: Program):
    write(house, client=house.new_client())

    answer = await program.send(asked())

    assert answer.code == "template_unknown"
