"""Channels of a client: switched off and on, the order of auto, who may, and what is kept of it."""

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kernel.errors import Refused
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging.services import channels
from sofy.messaging.services.channels import Choice
from sofy.messaging.tests import test_pages

ON = {"on_sms": "on", "on_rcs": "on", "on_whatsapp": "on", "on_email": "on"}


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Staff see what is committed."""


def browser(client=None, *, role="owner", language="en"):
    """Somebody of a client at a browser, or one of the staff."""
    if client is None:
        return test_pages.browser(make_user(is_operator=True), language)
    shops = [create_establishment(client, name="Lyon").pk] if role == "store_manager" else ()
    return test_pages.browser(make_user(client=client, role=role, establishments=shops), language)


def page_of(client):
    return f"/c/{client.slug}/channels/"


def staff_page_of(client):
    return f"/op/clients/{client.slug}/channels/"


def entries(client):
    with client_scope(client.pk):
        return [(row.actor, row.facts) for row in AuditEntry.objects.filter(action="client.channels").order_by("seq")]


@pytest.mark.clause("DPA 9")
def test_what_a_client_does_without_is_kept_with_who_decided_it():
    client = make_client()

    first = channels.choose(client.pk, actor="user:x", off=["whatsapp"])
    again = channels.choose(client.pk, actor="user:x", off=["whatsapp"])
    ordered = channels.choose(client.pk, actor="user:x", ladder=[("rcs", 600), ("sms", 60)])

    assert first == again == Choice(frozenset({"whatsapp"}))
    assert ordered == channels.chosen(client.pk) == Choice(frozenset({"whatsapp"}), (("rcs", 600), ("sms", 60)))
    assert entries(client) == [
        ("user:x", {"off": ["whatsapp"], "order": []}),
        ("user:x", {"off": ["whatsapp"], "order": ["rcs 600 s", "sms 60 s"]}),
    ]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"off": ["fax"]}, "channel_unknown"),
        ({"ladder": [("fax", 60)]}, "channel_unknown"),
        ({"off": ["sms", "rcs", "whatsapp", "email"]}, "channels_all_off"),
        ({"ladder": [("sms", 60), ("sms", 60)]}, "ladder_twice"),
        ({"ladder": [("sms", 1)]}, "ladder_time"),
        ({"off": ["rcs"], "ladder": [("rcs", 60), ("sms", 60)]}, "ladder_channel_off"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(wanted, code):
    client = make_client()

    with pytest.raises(Refused) as refused:
        channels.choose(client.pk, actor="user:x", **wanted)

    assert refused.value.code == code
    assert channels.chosen(client.pk) == Choice()
    assert entries(client) == []


@pytest.mark.clause("DPA 9")
@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "outside the European Union, in the United States"), ("fr", "hors de l’Union européenne, aux États-Unis")],
)
def test_an_owner_reads_what_leaves_the_union_and_switches_it_off(language, told):
    client = make_client()
    owner = browser(client, language=language)
    page = owner.get(page_of(client)).text
    asked = {key: value for key, value in ON.items() if key != "on_whatsapp"}

    saved = owner.post(
        page_of(client), asked | {"rung_0": "rcs", "after_0": "90", "unit_0": "60", "rung_1": "sms", "after_1": ""}
    )
    wrong = owner.post(page_of(client), asked | {"rung_0": "whatsapp"})

    assert told in page
    assert (saved.status_code, wrong.status_code) == (302, 422)
    assert channels.chosen(client.pk) == Choice(frozenset({"whatsapp"}), (("rcs", 5400), ("sms", channels.AFTER_S)))
    shown = owner.get(page_of(client)).context["form"]
    assert [(shown[f"after_{n}"].value(), shown[f"unit_{n}"].value()) for n in (0, 1)] == [(90, 60), (4, 3600)]
    assert owner.get(f"/c/{client.slug}/audit/").status_code == 200


@pytest.mark.parametrize("role", ["marketer", "developer", "store_manager", "auditor"])
def test_nobody_else_of_the_client_switches_anything(role):
    client = make_client()
    somebody = browser(client, role=role)

    read, written = somebody.get(page_of(client)), somebody.post(page_of(client), {"on_sms": "on"})

    assert read.status_code == (200 if role == "auditor" else 403)
    assert written.status_code in (200, 403)
    assert channels.chosen(client.pk) == Choice()


def test_staff_switch_a_channel_of_a_client_and_it_is_in_the_clients_journal():
    client = make_client()
    member = make_user(is_operator=True)
    staff = test_pages.browser(member)

    page = staff.get(staff_page_of(client))
    saved = staff.post(staff_page_of(client), {key: "on" for key in ON if key != "on_rcs"})

    assert (page.status_code, saved.status_code) == (200, 302)
    assert channels.chosen(client.pk).off == {"rcs"}
    assert entries(client)[0][0] == member.actor
    assert "Switched off:" in staff.get(f"/op/clients/{client.slug}").text


def test_a_second_client_neither_sees_nor_changes_them():
    client, other = make_client(), make_client()
    channels.choose(client.pk, actor="user:x", off=["whatsapp"])
    hostile = browser(other)

    answers = [
        getattr(hostile, method)(address)
        for address in (page_of(client), staff_page_of(client), staff_page_of(other))
        for method in ("get", "post")
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert channels.chosen(client.pk).off == {"whatsapp"}
    assert channels.chosen(other.pk) == Choice()
