"""Templates: versions, what programs may use of them, and nothing for another client."""

import msgspec
import pytest
from django.db import connection

from sofy.clients.tests.factories import make_client
from sofy.kernel import channels
from sofy.kernel.content import Button, Content
from sofy.kernel.errors import Refused
from sofy.kernel.templates import prepare
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging import template_rules as rules
from sofy.messaging.models import TemplateVersion
from sofy.messaging.services import templates

pytestmark = pytest.mark.django_db(databases=["default", "staff"])

READY = {"sms": Content(text="Bonjour {{prenom}}, votre commande est prête.")}
OTHER = {"sms": Content(text="Bonjour {{prenom}} !"), "email": Content(text="Prête", subject="Commande {{numero}}")}


def save(client, contents=READY, code="order_ready", **more):
    with client_scope(client.pk):
        more = {"purpose": "alert", "actor": "user:x"} | more
        return templates.write(client.pk, code=code, contents=contents, **more)


def known_to_the_api(client, code="order_ready", scope=None):
    """Channel -> version, state and text, as the engine keeps them."""
    with client_scope((scope or client).pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT channel, id, version, state, content FROM gate_template WHERE client_id = %s AND code = %s",
            [client.pk, code],
        )
        rows = cursor.fetchall()
    keys = keys_for(client.pk)
    return {
        channel: (version, state, msgspec.json.decode(keys.unseal("gate_template", "content", row_id, blob))["text"])
        for channel, row_id, version, state, blob in rows
    }


def test_every_save_makes_a_version_and_programs_get_the_latest():
    client = make_client()

    first = save(client, samples={"prenom": "Zoé", "inconnu": "x"})
    second = save(client, OTHER, samples={"prenom": "Zoé", "numero": "12"})

    with client_scope(client.pk):
        kept = list(TemplateVersion.objects.values_list("number", flat=True))
        assert templates.contents_of(TemplateVersion.objects.get(number=1)) == READY
        assert templates.samples_of(TemplateVersion.objects.get(number=1)) == {"prenom": "Zoé"}
        assert AuditEntry.objects.filter(action__startswith="template.").count() == 2
    assert (first.number, second.number, kept) == (1, 2, [2, 1])
    assert known_to_the_api(client) == {
        "sms": (2, "ready", "Bonjour {{prenom}} !"),
        "email": (2, "ready", "Prête"),
    }


def test_saving_the_same_again_makes_no_version():
    client = make_client()

    first, again = save(client), save(client)

    assert again.pk == first.pk


def test_an_old_version_comes_back_as_a_new_one():
    client = make_client()
    save(client)
    template = save(client, OTHER).template

    with client_scope(client.pk):
        back = templates.restore(client.pk, template.pk, 1, actor="user:x")

    assert (back.number, back.restored_from) == (3, 1)
    assert known_to_the_api(client) == {"sms": (3, "ready", READY["sms"].text)}


def test_an_archived_template_is_used_by_nobody_until_it_comes_back():
    client = make_client()
    template = save(client).template

    with client_scope(client.pk):
        templates.archive(client.pk, template.pk, actor="user:x")
    gone = known_to_the_api(client)
    with pytest.raises(Refused, match="template_archived"):
        save(client, OTHER)
    with client_scope(client.pk):
        templates.unarchive(client.pk, template.pk, actor="user:x")

    assert gone == {}
    assert known_to_the_api(client) == {"sms": (1, "ready", READY["sms"].text)}


def test_a_copy_has_a_code_of_its_own():
    client = make_client()
    template = save(client, name="Commande prête").template

    with client_scope(client.pk):
        copies = [templates.duplicate(client.pk, template.pk, actor="user:x") for _ in range(2)]

    assert [each.code for each in copies] == ["order_ready_2", "order_ready_3"]
    assert known_to_the_api(client, "order_ready_3") == known_to_the_api(client)


def test_nothing_of_a_template_is_there_for_another_client():
    client, other = make_client(), make_client()
    template = save(client).template
    save(other, OTHER)

    with client_scope(other.pk):
        for act in (templates.archive, templates.duplicate, templates.unarchive):
            with pytest.raises(Refused, match="not_found"):
                act(client.pk, template.pk, actor="user:x")
            with pytest.raises(Refused, match="not_found"):
                act(other.pk, template.pk, actor="user:x")
        with pytest.raises(Refused, match="not_found"):
            templates.restore(client.pk, template.pk, 1, actor="user:x")

    assert known_to_the_api(client, scope=other) == {}
    assert known_to_the_api(client) == {"sms": (1, "ready", READY["sms"].text)}


def test_whatsapp_is_told_to_programs_when_it_is_approved_only():
    client = make_client()

    save(client, {"whatsapp": Content(text="Bonjour {{prenom}}")})

    assert known_to_the_api(client) == {}


def test_texts_are_unreadable_at_rest():
    client = make_client()
    save(client, samples={"prenom": "Zoé"})

    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT contents || samples FROM messaging_template_version")
        stored = bytes(cursor.fetchone()[0])

    assert "Zoé".encode() not in stored
    assert b"commande" not in stored


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("channel", "content", "problem"),
    [
        ("sms", Content(text="Promo !"), "template_opt_out_sms"),
        ("sms", Content(text="Promo ! STOP SMS 36111"), None),
        ("email", Content(text="x", subject="Promo", html="<p>Promo</p>"), "template_opt_out_email"),
        ("email", Content(text="{{unsubscribe_url}}", subject="Promo", html="<p>Promo</p>"), "template_opt_out_email"),
        ("email", Content(text="x", subject="Promo", html='<a href="{{ unsubscribe_url }}">x</a>'), None),
        ("email", Content(text="Non : {{unsubscribe_url}}", subject="Promo"), None),
        ("rcs", Content(text="Promo !"), "template_opt_out_rcs"),
        ("rcs", Content(text="Promo !", buttons=[Button(label="Stop", value="stop")]), None),
        ("whatsapp", Content(text="Promo, non-stop"), "template_opt_out_whatsapp"),
        ("whatsapp", Content(text="Promo, stopper"), "template_opt_out_whatsapp"),
        ("whatsapp", Content(text="Répondez STOP"), None),
    ],
)
def test_marketing_says_how_to_refuse_it_and_alerts_need_not(channel, content, problem):
    found = rules.problem_of(channel, content, "marketing")

    assert (found and found.code) == problem
    assert rules.problem_of(channel, content, "alert") is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"code": "Ordre prêt"}, "template_code"),
        ({"purpose": "gift"}, "template_purpose"),
        ({"contents": {}}, "template_empty"),
        ({"contents": {"fax": Content(text="x")}}, "template_channel"),
        ({"contents": {"sms": Content(text=" ")}}, "template_text"),
        ({"contents": {"sms": Content(text="x" * 1601)}}, "template_too_long"),
        ({"contents": {"email": Content(text="x")}}, "template_subject"),
        ({"contents": {"sms": Content(text="{{prénom}}")}}, "place_unreadable"),
        ({"contents": {"email": Content(text="x", subject="x", html="<a href={{a}}>x</a>")}}, "place_unquoted"),
    ],
)
def test_what_cannot_be_sent_is_not_kept(changes, problem):
    client = make_client()

    with pytest.raises(Refused, match=problem):
        save(client, **changes)

    with client_scope(client.pk):
        assert not TemplateVersion.objects.exists()


def test_a_text_for_whatsapp_leaves_as_the_template_they_approved():
    content = Content(
        text="Bonjour {{prenom}}, le {{jour}}. À bientôt {{prenom}}",
        buttons=[Button(kind="url", label="Voir", value="https://example.com/{{code}}")],
    )

    sent = rules.as_sent("rdv_a1b2c3", "fr", content)

    assert sent.template is not None
    assert (sent.template.body, sent.template.buttons) == (["{{prenom}}", "{{jour}}"], ["{{code}}"])


@pytest.mark.clause("CGVU 14.1")
def test_a_button_that_says_no_leaves_with_the_template_so_that_the_gate_sees_it():
    content = Content(
        text="Bonjour {{prenom}}",
        buttons=[
            Button(label="Ne plus recevoir", value="STOP"),
            Button(kind="url", label="Site", value="https://example.com/"),
            Button(kind="url", label="Voir", value="https://example.com/{{code}}"),
        ],
    )

    sent = rules.as_sent("promo_a1b2c3", "fr", content)
    filled = prepare(sent).fill({"prenom": "Zoé", "code": "x1"})

    assert sent.template is not None
    assert sent.template.buttons == ["{{code}}", "STOP", ""]
    assert [button.label for button in sent.buttons] == ["Voir", "Ne plus recevoir", "Site"]
    assert channels.says_how_to_stop("whatsapp", filled.text, filled, None)
