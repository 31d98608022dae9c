"""A second client tries every address of the product with the first client's ids, and learns nothing.

The addresses come from the resolver: one that is added tomorrow is tried tomorrow, and one whose arguments this file
cannot fill fails the test until somebody says how. First the owner gets an answer at the address, so that the hostile
404 means "not yours" and not "nothing there".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from sofy.accounts import services as accounts
from sofy.accounts.tests.factories import make_user
from sofy.audience.models import Contact, Identity, Reach, SavedView
from sofy.audience.queries import Filter
from sofy.audience.services import attributes, bulk_edits, contacts, export, imports, people
from sofy.audience.tests.factories import make_book, person, write_csv
from sofy.billing.services import freezing
from sofy.billing.tests.signed import Content as Agreeing
from sofy.billing.tests.signed import signed as signed_contract
from sofy.clients import services as clients
from sofy.clients.models import Client, Establishment, Membership
from sofy.contracts import queries as order_form_queries
from sofy.contracts.services import entities, order_forms, records
from sofy.contracts.tests import factories as order_form_data
from sofy.kernel import clock
from sofy.kernel.content import Content
from sofy.kernel.ids import uuid7
from sofy.kit.rls import client_scope
from sofy.messaging.search import Wanted
from sofy.messaging.services import email_domains, log_files, proofs, templates, webhooks
from sofy.soreach.models import Campaign
from sofy.soreach.services import exports
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World

NAME = "Poissonnerie Secrète"
OWNER = "owner@example.test"
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")

#: Addresses of nobody in particular: no client's row is behind them.
PUBLIC = ("healthz", "ui/", "account/", "clients/", "invitation/", "l/", "n/", "o/", "op/", "u/")


@dataclass(frozen=True)
class Address:
    """One pattern of the resolver with every argument filled in."""

    pattern: str
    path: str
    by_id: bool


def patterns(resolvers: Any = None, prefix: str = "") -> Iterator[str]:
    """Every route of the product, as the resolver knows it."""
    for entry in get_resolver().url_patterns if resolvers is None else resolvers:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry.url_patterns, route)


def of_a_client() -> list[str]:
    """The routes below a client's address."""
    return sorted({route for route in patterns() if route.startswith("c/<slug:client_slug>/")})


def test_every_other_address_is_known_to_hold_nothing_of_a_client():
    others = {route for route in patterns() if route not in of_a_client()}

    assert not {route for route in others if route and not route.startswith(PUBLIC)}


@pytest.fixture
def victim(engine_db: Any, tmp_path: Any) -> tuple[Client, dict[str, object]]:
    """A client that has one of everything, and the arguments that lead there."""
    clock.install(lambda: clock.DEMO_START)
    world = World(factories.make_client(NAME), factories.make_route(engine_db.database.admin_url), engine_db)
    client = world.client
    campaign = world.sent()
    shop = clients.create_establishment(client, name="Quai Sud")
    invitation, _token = clients.invite_member(client, email="new@example.test", role="marketer", actor="system")
    key, _text = accounts.create_api_key(client, name="till", scopes=["messages:send"])
    member = make_user(client=client, role="marketer")
    book = make_book(client)
    path = write_csv(tmp_path / "file.csv", person(1), person(2, consent="non"), ("", "", "Nul", "12", "", "", "", ""))
    with path.open("rb") as content:
        upload = imports.store_upload(client_id=client.pk, content=content)
    done = imports.import_file(
        client_id=client.pk, book_id=book.pk, path=path, legal_basis="consent", source="card", actor="test"
    )
    with client_scope(client.pk), engine_db.connect("admin") as admin:
        view = SavedView.objects.create(client_id=client.pk, name="Mine")
        kept, gone = (
            contacts.save(client_id=client.pk, fields={"first_name": "A"}, phones=[number], emails=[], actor="test")
            for number in ("+33639989901", "+33639989902")
        )
        field = attributes.create(client_id=client.pk, label="Points", kind="number", private=False, actor="test")
        edit = bulk_edits.start(
            client=client, wanted=Filter(place="nowhere"), verb="remove", book_id=None, actor="test"
        )
        merge_id = people.merge(client_id=client.pk, winner_id=kept.id, loser_id=gone.id, actor="test")
        file_id = export.by_job(client=client, wanted=export.Filter(), actor="test")
        export.write(client_id=client.pk, file_id=file_id, wanted={}, limit=None)
        membership = Membership.objects.get(client_id=client.pk, user=member)
        actor = make_user(client=client, email=OWNER).actor
        report_file = exports.by_job(client, campaign, kind="csv", language="en", actor=actor)
        exports.write(client.pk, report_file.pk)
        row = admin.execute(
            "select message_id, contact_id from engine_state where campaign_id = %s limit 1", [campaign.id]
        ).fetchone()
        sender = admin.execute("select id from messaging_sender where client_id = %s", [client.pk]).fetchone()
        assert row is not None
        assert sender is not None
        domain = email_domains.add(client.pk, domain="secret.example", actor="test")
        proof = proofs.add_proof(
            client.pk, sender[0], kind="letter", content=b"%PDF-1.7", expires_on=None, actor="test"
        )
        content = {"sms": Content(text="Bonjour {{prenom}}")}
        template = templates.write(
            client.pk, code="ready", contents=content, name=NAME, purpose="alert", actor="test"
        ).template
        log_file = log_files.ask(client.pk, Wanted(), language="en", actor=actor)
        webhook_id, _secret = webhooks.add(
            client.pk, url="http://127.0.0.1:9/" + client.slug, events=(), batch=1, actor="test"
        )
        delivery_id = uuid7()
        admin.execute(
            "insert into engine_delivery (client_id, endpoint_id, id, kinds, ats, orders, messages, since, due_at)"
            " values (%s, %s, %s, '{accepted}', array[now()], '{1}', %s, now(), now())",
            [client.pk, webhook_id, delivery_id, [row[0]]],
        )
    log_files.write(client.pk, log_file.pk)
    in_force, invoice = invoiced(client, actor=actor)
    return client, {
        "client_slug": client.slug,
        "campaign_id": campaign.id,
        "segment_id": campaign.segment_ids[0],
        "message_id": row[0],
        "contact_id": row[1],
        "sender_id": sender[0],
        "proof_id": proof.pk,
        "domain_id": domain.pk,
        "template_id": template.pk,
        "log_file_id": log_file.pk,
        "webhook_id": webhook_id,
        "delivery_id": delivery_id,
        "number": 1,
        "establishment_id": shop.pk,
        "invitation_id": invitation.pk,
        "membership_id": membership.pk,
        "key_id": key.pk,
        "view_id": view.pk,
        "merge_id": merge_id,
        "field_id": field.id,
        "bulk_id": edit.id,
        "upload_id": upload,
        "import_id": done.import_id,
        "file_id": file_id,
        "report_file_id": report_file.pk,
        "token": "none",
        "order_form_id": sent_order_form(client, name=NAME, actor=actor),
        "notice_id": told(client, actor=actor),
        "contract_id": in_force,
        "invoice_id": invoice,
        "application": "soview",
        "month": "2026-05",
    }


def invoiced(client: Client, *, actor: str) -> tuple[Any, Any]:
    """A contract in force, and a document that was issued to the client."""
    entity = entities.keep(data=order_form_data.COMPANY, code="invoices", series="INV", actor=actor)
    form = signed_contract(client, entity, actor=actor, starts_on=f"{freezing.today():%Y-%m-%d}")
    caught = freezing.catch_up(client.pk, form.pk, as_of=freezing.today(), validator=Agreeing())
    return form.pk, caught.frozen[0].pk


def told(client: Client, *, actor: str) -> Any:
    """A notice that the client has not acknowledged."""
    notice = records.record_notice(
        client.pk, kind="other", channel="email", text=NAME, sent_at=clock.now(), actor=actor,
        order_form_id=order_form_queries.all_order_forms()[0].id,
    )  # fmt: skip
    return notice.pk


def sent_order_form(client: Client, *, name: str, actor: str) -> Any:
    """An order form that waits for the client's signature."""
    entity = entities.keep(data=order_form_data.COMPANY, code="ours", series="OUR", actor=actor)
    content = order_form_data.content()
    content["client"]["name"] = name
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=content, actor=actor)
    order_forms.send(client.pk, form.pk, actor=actor)
    return form.pk


def filled(arguments: dict[str, object]) -> list[Address]:
    """Every route of a client with these arguments."""
    found = []
    for route in of_a_client():
        names = ARGUMENT.findall(route)
        unknown = set(names) - set(arguments)
        assert not unknown, f"{route}: say in `victim` how to make {', '.join(sorted(unknown))}"
        path = ARGUMENT.sub(lambda match: str(arguments[match[1]]), route)
        found.append(Address(route, f"/{path}", by_id=bool(set(names) - {"client_slug", "token"})))
    return found


def owner_of(client: Client) -> Any:
    """The person who asked for the files of the victim."""
    return make_user(client=client, email=OWNER)


def browser_of(user: Any) -> Browser:
    made = Browser(headers={"accept-language": "en"})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def test_a_second_client_learns_nothing_at_any_address(victim):
    client, arguments = victim
    other = factories.make_client("Autre enseigne")
    owner, hostile = browser_of(owner_of(client)), browser_of(make_user(client=other))
    foreign = filled(arguments)
    smuggled = [address for address in filled({**arguments, "client_slug": other.slug}) if address.by_id]

    for address in foreign:
        answer = owner.get(address.path)
        answer.close()
        asked = answer.status_code
        assert asked in (200, 302, 303, 405) or (asked == 404 and "<str:token>" in address.pattern), (
            f"the owner got {asked} at {address.pattern}"
        )
    for address in foreign + smuggled:
        answers = [hostile.get(address.path), hostile.post(address.path)]
        assert 404 in [answer.status_code for answer in answers], address.pattern
        for answer in answers:
            # 405 is the same for an id that exists and one that does not: the method was looked at, the row was not.
            assert answer.status_code in (404, 405), f"{answer.status_code} at {address.pattern}"
            assert NAME not in answer.text
            assert client.slug not in answer.text.replace(address.path, "")


def test_somebody_without_a_session_is_sent_to_log_in(victim):
    _client, arguments = victim

    for address in filled(arguments):
        answer = Browser().get(address.path)

        assert answer.status_code in (302, 404), address.pattern
        assert NAME not in answer.text
        if answer.status_code == 302:
            assert "/account/login/" in answer["location"]


def test_hostile_posts_changed_nothing(victim, engine_db):
    client, arguments = victim
    hostile = browser_of(make_user(client=factories.make_client("Autre enseigne")))
    before = content_of(engine_db, client)

    for address in filled(arguments):
        hostile.post(address.path, {"name": "x", "role": "owner", "confirm": "1"})

    assert content_of(engine_db, client) == before


@pytest.fixture
def neighbours(victim: Any) -> tuple[Client, dict[str, object], list[str]]:
    """The client of everything with a draft, and what identifies whoever is not of the shop "Quai Sud"."""
    client, arguments = victim
    with client_scope(client.pk):
        place = Establishment.objects.get(pk=arguments["establishment_id"])
        other = clients.create_establishment(client, name="Quai Nord").pk
        mine = {"first_name": "Zacharie", "last_name": "Duquai", "establishment_id": place.pk, "sms": Reach.REACHABLE}
        factories.make_contact(client, 7001, **mine)
        factories.make_contact(client, 7002, first_name="Ysoline", last_name="Dunord", establishment_id=other)
        text = "{{ prenom }} {{ nom }} {{ ville }} {{ magasin }} STOP SMS 36111"
        draft = factories.make_campaign(client, Campaign.objects.latest("created_at").route_id, text=text)
    return client, {**arguments, "draft": draft.id}, list(private_to(client, place.pk))


def private_to(client: Client, place: Any) -> Iterator[str]:
    """Names, numbers in each written form and e-mail addresses of everybody who is not of an establishment."""
    with client_scope(client.pk):
        strangers = Contact.objects.filter(client_id=client.pk).exclude(establishment_id=place)
        for contact in strangers:
            yield from (name for name in (contact.first_name, contact.last_name) if name and len(name) > 3)
        for identity in Identity.objects.filter(client_id=client.pk, contact_id__in=strangers.values("id")):
            yield from written(identity.value) if identity.kind == "phone" else [identity.value]


def written(number: str) -> Iterator[str]:
    """A French number as people and programs write it."""
    pairs = re.findall("..", "0" + number[3:])
    for sign in ("", " ", ".", "-", "\u00a0", "\u202f"):
        yield sign.join(pairs)
    yield from (number, number[1:], "+33 " + " ".join(pairs)[1:], "+33\u00a0" + "\u00a0".join(pairs)[1:])


def test_a_store_manager_reads_nobody_of_another_establishment_or_of_none(neighbours):
    client, arguments, private = neighbours
    person = make_user(client=client, role="store_manager", establishments=[arguments["establishment_id"]])
    manager = browser_of(person)
    here = [address.path for address in filled(arguments)]
    here += [address.path for address in filled({**arguments, "campaign_id": arguments["draft"]})]
    content, audience = f"/c/{client.slug}/campaigns/{arguments['draft']}/content", "audience"
    here += [f"{content}?as={number}" for number in range(10)]

    answers = [(path, read(manager.get(path))) for path in here]
    shown = manager.get(content).text
    whole = {"segment_ids": [str(arguments["segment_id"])]}
    answers.append(("count", read(manager.post(content.replace("content", audience), whole, headers=HTMX))))
    answers += [(f"as {n}", read(manager.post(content, draft_form(arguments, n), headers=HTMX))) for n in range(3)]
    answers += [(path, read(manager.post(path))) for path in here if not path.endswith("/delete")]

    assert "Zacharie Duquai" in shown
    for path, text in answers:
        assert not [each for each in private if each in text], path
    counted = dict(answers)["count"]
    assert re.search(r'reach-total">(?:<a [^>]*>)?1<', counted)


HTMX = {"HX-Request": "true"}


def draft_form(arguments: dict[str, object], number: int) -> dict[str, object]:
    """The content step as the browser sends it while somebody types."""
    return {"text_A": "{{ prenom }} {{ nom }}", "share_A": "1", "sender": "FLEURS", "as": number}


def read(answer: Any) -> str:
    """All of an answer, streams of files included."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return bytes(body).decode("utf-8", "replace")


def content_of(engine_db: Any, client: Client) -> dict[str, str]:
    """A digest of every table's rows of one client."""
    with engine_db.connect("admin") as admin:
        tables = admin.execute(
            "select table_name from information_schema.columns where table_schema = 'public'"
            " and column_name = 'client_id' order by 1"
        ).fetchall()
        rows = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t where client_id = %s"
        return {table: admin.execute(rows.format(table), [client.pk]).fetchone()[0] for (table,) in tables}
