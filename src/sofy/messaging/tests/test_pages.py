"""The message log, the senders, the route console: for whom they are, in both languages, nothing for a stranger."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.template import Context, Template
from django.test import Client as Browser
from django.utils import translation

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_client
from sofy.engine import intake
from sofy.engine.intake import MessageIn
from sofy.engine.statuses import RANK
from sofy.kernel import clock, ids
from sofy.kernel.content import Button, Card, Content, Media
from sofy.kernel.content import Template as Approved
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import queries, routes, search, words
from sofy.messaging.forms import LogForm
from sofy.messaging.models import Sender
from sofy.messaging.search import Wanted
from sofy.messaging.services import senders


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    return create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")


@pytest.fixture
def route_id(engine_db):
    route_id = ids.uuid7()
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, short_code, price_eur, created_at, updated_at)"
            " VALUES (%s, 'r1', 'Route One', 'smpp', '36111', 0.045, now(), now())",
            [route_id],
        )
        admin.execute("INSERT INTO engine_instance VALUES (%s, 'here', 1, now(), now())", [route_id])
        for seconds, handed_over in ((5, 50), (15, 100)):
            admin.execute(
                "INSERT INTO engine_route_health VALUES (%s, %s::timestamptz - %s * interval '1 second', %s,"
                " 2, 0, 7, 9, %s, %s, 1, 2, 3, 0, 4, 10.0, NULL)",
                [route_id, clock.now(), seconds, route_id, handed_over, handed_over],
            )
    return route_id


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def send(client, number="+33639980001", text="Bonjour", **more):
    with client_scope(client.pk):
        given = {"purpose": "alert", "to": number, "text": text, "sender": "FLEURS"} | more
        (message_id,) = intake.submit(connection.connection, client.pk, [MessageIn(**given)], keys=keys_for(client.pk))
    return message_id


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_open_in_both_languages(client, route_id, language):
    owner, staff = make_user(client=client), make_user(is_operator=True)
    message_id = send(client)

    for path in ("messages/", f"messages/{message_id}", "senders/", "messages/?status=accepted&purpose=alert"):
        answer = browser(owner, language).get(f"/c/{client.slug}/{path}")
        assert answer.status_code == 200, path
        assert f'lang="{language}"' in answer.text
    answer = browser(staff, language).get("/op/routes/")
    assert answer.status_code == 200
    assert "Route One" in answer.text


def test_a_message_says_its_reason_in_the_words_of_its_channel(client):
    line = {"status": "failed", "reason": "refused_permanent"}
    shown = Template("{% load messaging ui %}{% why reason channel code %}|{% status 'submitted' channel=channel %}")

    with translation.override("fr"):
        mail = shown.render(Context(line | {"channel": "email"}))
        rcs = shown.render(Context(line | {"channel": "rcs", "code": "not_rcs"}))

    assert mail.startswith("refusé par le serveur de messagerie|")
    assert "Remis au serveur de messagerie" in mail
    assert rcs.startswith("ce téléphone n’a pas le RCS|")
    assert "Remis au service RCS" in rcs


def test_a_message_that_waits_for_its_moment_says_when_it_leaves(client):
    later, now = send(client, due_at=clock.now() + timedelta(days=2)), send(client, number="+33639980002")
    reader = browser(make_user(client=client), "fr")

    with client_scope(client.pk):
        moments = [queries.opened_message(client.pk, each).leaves_at for each in (later, now)]

    assert moments == [clock.now() + timedelta(days=2), None]
    assert "Départ" in reader.get(f"/c/{client.slug}/messages/{later}").text
    assert "Départ" not in reader.get(f"/c/{client.slug}/messages/{now}").text


def test_a_long_sender_may_break_and_a_short_one_does_not(client):
    send(client)
    send(client, number="+33639980002", sender="FLEURSETFLEURSE0")
    send(client, to="zoe@example.org", channel="email", sender="bonjour@my-shop.example", content=Content(subject="Ok"))

    page = browser(make_user(client=client), "fr").get(f"/c/{client.slug}/messages/").text

    assert "<td>FLEURS</td>" in page
    assert '<td class="text-break">FLEURSETFLEURSE0</td>' in page
    assert "<td>bonjour<wbr>@my-shop.example</td>" in page


TERMS = {
    "name": "Route Deux", "short_code": "36112", "price_eur": "0,0451", "purposes": ["marketing", "alert"],
    "alphabets": ["gsm7", "latin1", "ucs2"],
}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_staff_change_what_a_route_costs_answers_to_and_writes_in(client, route_id, language):
    staff = browser(make_user(is_operator=True), language)
    page = staff.get(f"/op/routes/{route_id}")

    answer = staff.post(f"/op/routes/{route_id}", TERMS)

    assert page.status_code == 200
    assert ("0,045" if language == "fr" else "0.045") in page.text
    assert answer.status_code == 302
    route = routes.find(route_id)
    assert (route.name, route.short_code, route.price_eur) == ("Route Deux", "36112", Decimal("0.0451"))
    assert (route.purposes, route.encodings) == (["alert", "marketing"], ["gsm7", "latin1", "ucs2"])
    assert route.state == "active"
    assert queries.alphabets("marketing", "36112") == {"gsm7", "latin1", "ucs2"}
    with staff_scope():
        assert AuditEntry.objects.using("staff").filter(action="route.saved").count() == 1


@pytest.mark.clause("CGVU 14.1", "CGVU 14.2")
@pytest.mark.parametrize(
    ("_case", "changes"),
    [
        ("a short code of another range", {"short_code": "12345"}),
        ("a short code for alerts", {"short_code": "38123"}),
        ("a short code for marketing", {"short_code": "36123", "purposes": ["alert"]}),
        ("a price below zero", {"price_eur": "-5"}),
        ("a price that is none", {"price_eur": "NaN"}),
        ("a price out of the world", {"price_eur": "1e30"}),
        ("nothing carried", {"purposes": []}),
        ("an unknown purpose", {"purposes": ["gift"]}),
        ("without UCS-2", {"alphabets": ["gsm7"]}),
        ("an unknown alphabet", {"alphabets": ["ascii", "ucs2"]}),
        ("no name", {"name": " "}),
    ],
)
def test_a_route_keeps_its_bounds_on_the_screen(_case, changes, client, route_id):
    staff = browser(make_user(is_operator=True))

    answer = staff.post(f"/op/routes/{route_id}", TERMS | changes)

    assert answer.status_code == 422
    assert "This was refused (" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert routes.find(route_id).name == "Route One"


def test_a_route_of_another_channel_keeps_where_people_answer(client, route_id, engine_db):
    with engine_db.connect("admin") as admin:
        admin.execute("UPDATE engine_route SET channel = 'rcs', short_code = 'martin_agent'")
    staff = browser(make_user(is_operator=True))

    page = staff.get(f"/op/routes/{route_id}").text
    answer = staff.post(f"/op/routes/{route_id}", {"name": "RCS Martin", "price_eur": "0,06", "purposes": ["alert"]})

    assert 'name="short_code"' not in page
    assert 'name="alphabets"' not in page
    assert answer.status_code == 302
    route = routes.find(route_id)
    assert (route.name, route.short_code, route.price_eur) == ("RCS Martin", "martin_agent", Decimal("0.06"))


def test_a_stranger_learns_nothing(client, route_id):
    message_id = send(client)
    with client_scope(client.pk):
        sender = senders.add_sender(client.pk, name="FLEURS", actor="user:x")
    other = create_client(name="Autre")
    hostile = browser(make_user(client=other))

    for slug in (client.slug, other.slug):
        assert hostile.get(f"/c/{slug}/messages/{message_id}").status_code == 404
        assert hostile.post(f"/c/{slug}/senders/{sender.id}/withdraw").status_code == 404
    assert hostile.get(f"/c/{client.slug}/messages/").status_code == 404
    assert hostile.get(f"/c/{client.slug}/senders/").status_code == 404
    assert hostile.get("/op/routes/").status_code == 404
    assert hostile.post(f"/op/routes/{route_id}/state", {"state": "paused"}).status_code == 404
    assert hostile.get(f"/op/routes/{route_id}").status_code == 404
    assert hostile.post(f"/op/routes/{route_id}", TERMS).status_code == 404
    with client_scope(client.pk):
        assert Sender.objects.get().withdrawn_at is None


@pytest.mark.parametrize(
    ("_case", "role", "path", "status"),
    [
        ("a developer reads messages", "developer", "messages/", 200),
        ("an auditor reads senders", "auditor", "senders/", 200),
        ("a marketer reads senders", "marketer", "senders/", 200),
    ],
)
def test_who_reads(_case, client, role, path, status):
    assert browser(make_user(client=client, role=role)).get(f"/c/{client.slug}/{path}").status_code == status


def test_only_an_owner_adds_a_sender(client):
    url = f"/c/{client.slug}/senders/"

    assert browser(make_user(client=client, role="marketer")).post(url, {"name": "FLEURS"}).status_code == 403
    assert browser(make_user(client=client)).post(url, {"name": "FLEURS"}).status_code == 302
    with client_scope(client.pk):
        assert Sender.objects.get().name == "FLEURS"
        assert AuditEntry.objects.filter(action="sender.added").count() == 1


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize(
    ("_case", "name", "code"),
    [
        ("twelve letters", "FLEURSDUPORT", "sender_too_long"),
        ("a space", "FLEURS 1", "sender_characters"),
        ("a general word", "PROMO", "sender_generic"),
        ("digits", "12345678", "sender_only_digits"),
        ("a mobile", "0639980001", "sender_mobile_number"),
    ],
)
def test_a_bad_sender_is_refused_with_its_reason(_case, client, name, code):
    with client_scope(client.pk), pytest.raises(Refused) as refused:
        senders.add_sender(client.pk, name=name, actor="user:x")

    assert refused.value.code == code
    answer = browser(make_user(client=client)).post(f"/c/{client.slug}/senders/", {"name": name})
    assert answer.status_code == 422


def test_the_log_is_newest_first_and_in_pages(client):
    sent = [send(client, f"+336399800{n:02d}") for n in range(5)]

    with client_scope(client.pk):
        first = search.find(client.pk, Wanted(), limit=3)
        rest = search.find(client.pk, Wanted(), before=first.after or search.FIRST, limit=3)

    assert [line.id for line in first.rows + rest.rows] == sent[::-1]


def test_a_number_is_found_however_it_is_typed(client):
    wanted = send(client, "+33639980001")
    send(client, "+33639980002")
    reader = browser(make_user(client=client))

    found = reader.post(f"/c/{client.slug}/messages/", {"number": "06 39 98 00 01"}, follow=True)
    none = reader.post(f"/c/{client.slug}/messages/", {"number": "06 39 98 00 09"}, follow=True)
    wrong = reader.post(f"/c/{client.slug}/messages/", {"number": "bonjour"})

    assert str(wanted) in found.text
    assert found.text.count("/messages/0") == 1
    assert 'value="06 39 98 00 01"' in found.text
    assert "No message fits" in none.text
    assert "neither a phone number" in wrong.text


def test_a_number_that_is_looked_for_is_in_no_address(client):
    send(client, "+33639980001")
    reader, stranger = browser(make_user(client=client)), create_client(name="Other")
    page = reader.get(f"/c/{client.slug}/messages/").text

    answer = reader.post(f"/c/{client.slug}/messages/", {"number": "06 39 98 00 01", "status": "accepted"})
    elsewhere = browser(make_user(client=stranger)).get(
        answer["Location"].replace(client.slug, stranger.slug), follow=True
    )

    assert '<form class="search-row flex-wrap" method="post"' in page
    assert "status=accepted" in answer["Location"]
    assert "39980001" not in answer["Location"]
    assert "39 98 00 01" not in elsewhere.text
    assert "neither a phone number" in reader.get(f"/c/{client.slug}/messages/", {"number": "0639980001"}).text


def test_text_and_number_show_only_when_opened(client):
    message_id = send(client, text="Code 4312 <b>")
    reader = browser(make_user(client=client))

    log = reader.get(f"/c/{client.slug}/messages/").text
    opened = reader.get(f"/c/{client.slug}/messages/{message_id}").text

    assert "4312" not in log
    assert "39 98 00 01" not in log.replace("\u00a0", " ")
    assert "639980001" not in log
    assert "Code 4312 &lt;b&gt;" in opened
    assert "06 39 98 00 01" in opened.replace("\u00a0", " ")


def test_a_message_tells_every_step_also_of_two_that_were_written_together(client, engine_db):
    message_id = send(client)
    at = clock.DEMO_START
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_event (client_id, message_id, kind, at, submitted_at)"
            " VALUES (%(client)s, %(message)s, 'delivered', %(later)s, %(at)s),"
            " (%(client)s, %(message)s, 'clicked', %(later)s + interval '1 minute', NULL),"
            " (%(client)s, gen_random_uuid(), 'replied', %(later)s, NULL)",
            {"client": client.pk, "message": message_id, "at": at, "later": at + timedelta(seconds=3)},
        )

    page = browser(make_user(client=client)).get(f"/c/{client.slug}/messages/{message_id}")

    steps = [(kind, when) for kind, when, _ in page.context["opened"].events]
    assert [kind for kind, _ in steps] == ["accepted", "submitted", "delivered", "clicked"]
    assert steps[1][1] == at


def test_an_end_that_overtook_the_hand_over_comes_after_it(client, engine_db):
    message_id = send(client)
    at = clock.DEMO_START
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_event (client_id, message_id, kind, at) VALUES (%(client)s, %(message)s, 'failed',"
            " %(at)s), (%(client)s, %(message)s, 'submitted', %(later)s), (%(client)s, %(message)s, 'stop', %(last)s)",
            {
                "client": client.pk,
                "message": message_id,
                "at": at,
                "later": at + timedelta(seconds=1),
                "last": at + timedelta(seconds=9),
            },
        )

    page = browser(make_user(client=client)).get(f"/c/{client.slug}/messages/{message_id}")

    steps = [kind for kind, _, _ in page.context["opened"].events]
    assert steps == ["accepted", "submitted", "failed", "stop"]


def test_messages_are_found_by_every_state_they_can_have(client):
    assert set(LogForm.STATUSES) == set(RANK)


def test_each_step_of_a_message_says_why(client, engine_db):
    message_id = send(client)
    verdict = json.dumps({"reason": "no_consent", "article": "CGVU 17"})
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_event (client_id, message_id, kind, at, detail) VALUES (%s, %s, 'withheld', %s, %s)",
            [client.pk, message_id, clock.DEMO_START, verdict],
        )

    page = browser(make_user(client=client)).get(f"/c/{client.slug}/messages/{message_id}")

    (_, _, detail) = page.context["opened"].events[-1]
    assert detail["article"] == "CGVU 17"
    assert f'<div class="row-note">{words.reason_text("no_consent", "sms", "")} CGVU 17' in page.text


def test_what_a_template_and_a_mail_without_a_text_say_is_shown_and_nothing_is_said_to_be_erased(client, engine_db):
    agent = ids.uuid7()
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, channel, connector, short_code, price_eur, created_at,"
            " updated_at) VALUES (%s, 'wa', 'Fleurs on WhatsApp', 'whatsapp', 'whatsapp_cloud', '106540352242922',"
            " 0.08, now(), now())",
            [agent],
        )
    template = Approved(name="rappel_rendez_vous", body=["Camille", "3 mai"])
    by_whatsapp = send(
        client, channel="whatsapp", text="", sender="106540352242922", content=Content(template=template)
    )
    mail = send(
        client, to="zoe@example.org", channel="email", text="", sender="a@my-shop.example",
        content=Content(subject="Ok", html="<h1>Bonjour</h1><p>Elle attend</p>"),
    )  # fmt: skip
    reader = browser(make_user(client=client))

    log = reader.get(f"/c/{client.slug}/messages/").text
    pages = [reader.get(f"/c/{client.slug}/messages/{each}").text for each in (by_whatsapp, mail)]

    assert "<td>Fleurs on WhatsApp</td>" in log.replace(' class="text-break"', "")
    assert "Template rappel_rendez_vous (fr)" in pages[0]
    assert ">3 mai</li>" in pages[0]
    assert "Fleurs on WhatsApp" in pages[0]
    assert "Elle attend" in pages[1]
    assert not any("erased" in page for page in pages)


@pytest.mark.parametrize(("language", "heading"), [("en", ">Content<"), ("fr", ">Contenu<")])
def test_cards_and_suggestions_are_shown_as_such(client, language, heading):
    picture = Media(kind="image", url="https://www.example.org/galette.jpg")
    bring = Button(kind="url", label="Y aller", value="https://www.example.org/plan")
    cards = [Card(title="Galette", text="Pour six", media=picture, buttons=[bring]), Card(title="Brioche")]
    content = Content(text="Samedi", cards=cards, buttons=[Button(label="Je réserve", value="oui")])
    message_id = send(client, channel="rcs", text="", content=content)

    page = browser(make_user(client=client), language).get(f"/c/{client.slug}/messages/{message_id}").text

    assert heading in page
    for said in ("Samedi", "Galette", "Pour six", "galette.jpg", "Y aller", "example.org/plan", "Brioche"):
        assert said in page
    assert "<li>Je réserve</li>" in page
    assert page.count("<strong") == 2


def test_a_message_shows_the_channels_it_may_take_and_leads_to_those_that_were_tried(client, engine_db):
    first, second = send(client), send(client)
    with engine_db.connect("admin", autocommit=True) as admin:
        for rung, (channel, message) in enumerate((("rcs", first), ("whatsapp", second), ("email", None))):
            admin.execute(
                "INSERT INTO engine_ladder (client_id, head_id, rung, channel, message_id, payload)"
                " VALUES (%s, %s, %s, %s, %s, '')",
                [client.pk, first, rung, channel, message],
            )
    reader = browser(make_user(client=client))

    page = reader.get(f"/c/{client.slug}/messages/{second}").text
    alone = reader.get(f"/c/{client.slug}/messages/{send(client)}").text

    assert f"/messages/{first}" in page
    assert "not needed so far" in page
    assert [page.index(name) for name in ("RCS", "<strong>WhatsApp", "<strong>E-mail")] == sorted(
        page.index(name) for name in ("RCS", "<strong>WhatsApp", "<strong>E-mail")
    )
    assert "Channels, in order" not in alone


@pytest.mark.parametrize(
    ("kind", "word"), [("clicked", "Lien ouvert"), ("replied", "Réponse reçue"), ("stop", "STOP reçu")]
)
def test_what_somebody_did_with_a_message_is_said_in_words(kind, word, client, engine_db):
    message_id = send(client)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_event (client_id, message_id, kind, at) VALUES (%s, %s, %s, %s)",
            [client.pk, message_id, kind, clock.DEMO_START],
        )

    page = browser(make_user(client=client), "fr").get(f"/c/{client.slug}/messages/{message_id}").text

    assert word in page


@pytest.mark.parametrize(
    ("status", "shown"), [("withheld", "CGVU 14.1"), ("deferred", "CGVU 14.1"), ("delivered", ""), ("failed", "")]
)
def test_an_article_is_named_only_for_what_a_rule_stopped_or_put_off(client, engine_db, status, shown):
    message_id = send(client)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "UPDATE engine_state SET status = %s, reason = 'x', article = 'CGVU 14.1' WHERE message_id = %s",
            [status, message_id],
        )

    with client_scope(client.pk):
        (line,) = search.find(client.pk, Wanted()).rows

    assert line.article == shown


def test_the_console_sums_the_last_minutes(client, route_id):
    (route,) = routes.console()

    assert (route.health, route.binds_up, route.in_flight, route.waiting) == ("up", 2, 7, 9)
    assert (route.accepted, route.per_second) == (150, 0.5)
    assert max(route.series) == 10.0


@pytest.mark.parametrize(
    ("_case", "up", "problem", "health"),
    [
        ("every link is up", 2, None, "up"),
        ("one link of several is down", 1, "cut", "partly"),
        ("no link is up", 0, "cut", "down"),
        ("no link is up, and nobody knows why", 0, None, "down"),
    ],
)
def test_a_route_with_a_link_left_is_not_called_down(route_id, engine_db, _case, up, problem, health):
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_route_health SET binds_up = %s, problem = %s", [up, problem])

    (route,) = routes.console()

    assert route.health == health


def test_without_an_engine_health_is_unknown(client, route_id):
    clock.install(lambda: clock.DEMO_START.replace(hour=20))

    (route,) = routes.console()

    assert route.health == "none"


def test_an_engine_that_ended_in_order_counts_no_longer(client, route_id, engine_db):
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_instance")

    (route,) = routes.console()

    assert (route.health, route.accepted) == ("none", 150)


def test_staff_pause_and_open_a_route(client, route_id):
    staff = browser(make_user(is_operator=True))

    for state in ("paused", "active"):
        assert staff.post(f"/op/routes/{route_id}/state", {"state": state}).status_code == 302
        assert [route.state for route in routes.console()] == [state]
    assert staff.post(f"/op/routes/{ids.uuid7()}/state", {"state": "paused"}).status_code == 404
    assert staff.get(f"/op/routes/{route_id}/state").status_code == 405


def test_a_client_sees_what_a_route_costs_and_not_how_it_is_reached(client, route_id):
    with client_scope(client.pk):
        (offer,) = queries.route_offers()

        assert (offer.short_code, str(offer.price_eur)) == ("36111", "0.045000")
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            connection.cursor().execute("SELECT config FROM engine_route")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_command_bar_finds_messages_by_reference_and_pages_by_other_words(client, language):
    send(client, reference="order 12/34")
    stranger = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")
    mine, theirs = (
        browser(make_user(client=each), language).post(f"/c/{each.slug}/find", {"q": "order 12/34"}).text
        for each in (client, stranger)
    )
    word = {"en": "fraud", "fr": "fraude"}[language]
    by_word = browser(make_user(client=client), language).post(f"/c/{client.slug}/find", {"q": word}).text

    assert "messages/?reference=order+12%2F34" in mine
    assert "messages/?reference" not in theirs
    assert f"/c/{client.slug}/protection/" in by_word
