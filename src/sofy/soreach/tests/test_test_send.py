from typing import Any

import pytest

from sofy.engine.intake import decode_payload
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach.models import TestSend
from sofy.soreach.services.test_send import send_test
from sofy.soreach.tests import factories

TEXT = "Bonjour {{ prenom }} https://a.example STOP SMS 36111"


def send(world, campaign, numbers=("06 39 98 55 01",), **more):
    given: dict[str, Any] = {"variant": "A", "as_contact": 0, "actor": "user:x", "asked": True} | more
    with client_scope(world.client.pk):
        return send_test(world.client, campaign, numbers=numbers, **given)


def test_a_chosen_phone_gets_the_text_of_a_real_contact(world):
    campaign = world.draft(text=TEXT)

    (message_id,) = send(world, campaign)

    with world.database.connect("admin") as admin:
        row = admin.execute(
            "SELECT payload, campaign_id, purpose FROM engine_message WHERE id = %s", [message_id]
        ).fetchone()
    payload = decode_payload(keys_for(world.client.pk).unseal("engine_message", "payload", message_id, row[0]))
    assert (payload.to, payload.text) == ("+33639985501", "Bonjour Prénom0 https://a.example STOP SMS 36111")
    assert row[1:] == (None, "marketing")  # a test is in no report, and under the same rules
    with client_scope(world.client.pk):
        assert TestSend.objects.get().message_id == message_id


@pytest.mark.clause("CGVU 17")
def test_somebody_who_said_stop_gets_no_test(world):
    campaign = world.draft(text=TEXT)
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 77, state="opposed")

    with pytest.raises(Refused, match="number_opposed"):
        send(world, campaign, ("+33639980077",))


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_nobody_gets_a_test_without_having_agreed_or_asked(world):
    campaign = world.draft(text=TEXT)

    with pytest.raises(Refused, match="test_not_asked"):
        send(world, campaign, asked=False)

    with world.database.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_message").fetchone() == (0,)


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_what_was_asked_is_in_the_consent_ledger(world):
    campaign = world.draft(text=TEXT)

    send(world, campaign, asked=True)

    index = keys_for(world.client.pk).index("phone", "+33639985501")
    with world.database.connect("admin") as admin:
        row = admin.execute(
            "SELECT state, source, detail, actor FROM audience_consent_event WHERE identity_index = %s", [index]
        ).fetchone()
        gate = admin.execute("SELECT state FROM gate_permission WHERE recipient_index = %s", [index]).fetchone()
    assert row == ("granted", "screen", "test send", "user:x")
    assert gate == ("granted",)


@pytest.mark.parametrize(
    ("_case", "text", "numbers", "more", "code"),
    [
        pytest.param(
            "no mention", "Bonjour", ["0639985501"], {}, "stop_mention_missing", marks=pytest.mark.clause("CGVU 14.1")
        ),
        ("no number", TEXT, [], {}, "test_numbers"),
        ("too many", TEXT, [f"063998550{n}" for n in range(6)], {}, "test_numbers"),
        ("a fixed line", TEXT, ["01 99 00 12 34"], {}, "number_invalid"),
        ("no number at all", TEXT, ["bonjour"], {}, "number_invalid"),
        ("a variant that is none", TEXT, ["0639985501"], {"variant": "D"}, "not_found"),
        ("a hole", "{{ ville }} STOP SMS 36111", ["0639985501"], {}, "test_value_missing"),
        ("a mistake", "{{ x }} STOP SMS 36111", ["0639985501"], {}, "content_field_unknown"),
    ],
)
def test_refused(_case, world, text, numbers, more, code):
    campaign = world.draft(text=text)

    with pytest.raises(Refused) as refused:
        send(world, campaign, numbers, **more)

    assert refused.value.code == code


def test_a_refusal_never_quotes_the_number(world):
    with pytest.raises(Refused) as refused:
        send(world, world.draft(text=TEXT), ["0199001234"])

    assert "0199001234" not in str(refused.value)


def test_from_the_page(world):
    campaign = world.draft(text=TEXT)

    answer = world.browser().post(
        world.url(campaign, "test"),
        {"numbers": "06 39 98 55 01\n06 39 98 55 02", "variant": "A", "asked": "on"},
        follow=True,
    )

    assert "2 test messages are on their way" in answer.text
