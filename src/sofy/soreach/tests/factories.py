"""What the tests of this room begin with: a client with contacts who agreed, a route, a sender, a campaign."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from sofy.audience.models import ConsentState, Contact, Identity, Reach
from sofy.audience.segments.models import Segment
from sofy.clients.models import Client
from sofy.clients.services import create_client
from sofy.engine import permissions
from sofy.engine.permissions import Permission
from sofy.kernel import clock, ids
from sofy.kernel.content import Button, Content
from sofy.kit.keys import keys_for
from sofy.messaging import template_rules
from sofy.messaging.models import Sender
from sofy.messaging.services import templates
from sofy.soreach import links
from sofy.soreach.models import Campaign, Variant
from sofy.soreach.services import ladders

TEXT = "Bonjour {{ prenom }}, -20 % chez nous ce samedi. STOP SMS 36111"
EVERYBODY = {"is": "all"}


def make_client(name: str = "Fleurs du Port", slug: str = "") -> Client:
    """A client with its keys."""
    return create_client(name=name, slug=slug or f"c{ids.base58(8).lower()}")


def make_route(admin_url: str, *, code: str = "demo", price: str = "0.045", short_code: str = "36111") -> UUID:
    """A route every client may use; committed, since only staff and the engine may write it."""
    route_id = ids.uuid7()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, short_code, price_eur, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'smpp', %s, %s, now(), now())"
            " ON CONFLICT (code) DO UPDATE SET short_code = excluded.short_code, price_eur = excluded.price_eur",
            [route_id, code, f"Route {code}", short_code, Decimal(price)],
        )
        row = admin.execute("SELECT id FROM engine_route WHERE code = %s", [code]).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def make_agent(admin_url: str, *, channel: str = "rcs", price: str = "0.05") -> UUID:
    """A route of another channel, for every client; committed."""
    route_id = ids.uuid7()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, channel, short_code, price_eur, created_at,"
            " updated_at, encodings) VALUES (%s, %s, %s, 'smpp', %s, %s, %s, now(), now(), '{utf8}')"
            " ON CONFLICT (code) DO UPDATE SET price_eur = excluded.price_eur",
            [route_id, channel, f"Route {channel}", channel, ANSWERS_AT.get(channel), Decimal(price)],
        )
    return route_id


#: Where people answer on the channels that have such a place.
ANSWERS_AT = {"rcs": "fournil", "whatsapp": "106540352242922"}
APPROVED = Content(
    text="Bonjour {{prenom}}, {{offre}} Répondez STOP pour ne plus recevoir ces messages.",
    buttons=[
        Button(kind="url", label="La carte", value=f"{links.base()}{{{{carte}}}}"),
        Button(label="STOP", value="STOP"),
    ],
)
WHATSAPP: dict[str, Any] = {
    "template": "promo",
    "values": {
        "prenom": "{{ prenom }}", "offre": "-20 % ce samedi à {{ ville|default('Lyon') }}.",
        "carte": "https://fournil.example/carte",
    },
}  # fmt: skip


def approve(client: Client, content: Content = APPROVED, *, code: str = "promo", state: str = "ready") -> None:
    """A marketing template that WhatsApp approved, as the engine keeps it."""
    template = templates.write(client.pk, code=code, contents={"whatsapp": content}, actor="user:test").template
    sent = template_rules.as_sent(f"{code}_v1", "fr", content)
    templates.write_gate(template, "whatsapp", sent, number=1, state=state)


def agree_to_whatsapp(client: Client, contact: Contact, *, state: str = "granted") -> None:
    """What somebody said about marketing by WhatsApp to their number."""
    index = Identity.objects.get(client_id=client.pk, contact_id=contact.id, kind="phone").index
    ConsentState.objects.create(
        client_id=client.pk, identity_index=index, channel="whatsapp", purpose="marketing", state=state,
        since=clock.now(),
    )  # fmt: skip
    connection.ensure_connection()
    row = Permission(bytes(index), "whatsapp", "marketing", state, clock.now())  # type: ignore[arg-type]
    permissions.write_permissions(connection.connection, client.pk, [row])


def give_email(client: Client, contact: Contact, address: str, *, state: str = "granted") -> None:
    """An e-mail address of somebody; `state` is what they said about marketing by e-mail."""
    index = keys_for(client.pk).index("email", address)
    Identity(client_id=client.pk, id=ids.uuid7(), contact_id=contact.id, kind="email", value=address, index=index).save(
        force_insert=True
    )
    reach = {"granted": Reach.REACHABLE, "": Reach.NO_CONSENT}.get(state, Reach.OPTED_OUT)
    Contact.objects.filter(client_id=client.pk, id=contact.id).update(email=reach)
    if state:
        ConsentState.objects.create(
            client_id=client.pk, identity_index=index, channel="email", purpose="marketing", state=state,
            since=clock.now(),
        )  # fmt: skip


RCS = {
    "text": "Bonjour {{ prenom }}, -20 % ce samedi",
    "image": "https://fournil.example/brioche.png",
    "buttons": [{"kind": "url", "label": "La carte", "value": "https://fournil.example/carte"}],
}
MAIL = {
    "subject": "{{ prenom }}, ce samedi",
    "preheader": "-20 % sur les brioches",
    "heading": "Ce samedi",
    "text": "Bonjour {{ prenom }},\nvenez tôt.",
    "label": "La carte",
    "link": "https://fournil.example/carte",
}


def make_contact(client: Client, number: int, *, state: str = "granted", **columns: Any) -> Contact:
    """Somebody with the mobile +33639980000 + number; `state` is what they said about marketing."""
    reach = {"granted": Reach.REACHABLE, "": Reach.NO_CONSENT}.get(state, Reach.OPTED_OUT)
    contact = Contact(client_id=client.id, id=ids.uuid7(), sms=reach)
    for name, value in {"first_name": f"Prénom{number}", "last_name": f"Nom{number}", **columns}.items():
        setattr(contact, name, value)
    contact.save(force_insert=True)
    e164 = f"+3363998{number:04d}"
    index = keys_for(client.id).index("phone", e164)
    Identity(
        client_id=client.id, id=ids.uuid7(), contact_id=contact.id, kind="phone", value=e164, index=index, mobile=True
    ).save(force_insert=True)
    if state:
        ConsentState.objects.create(
            client_id=client.id,
            identity_index=index,
            channel="sms",
            purpose="marketing",
            state=state,
            since=clock.now(),
        )
        connection.ensure_connection()
        row = Permission(index, "sms", "marketing", state, clock.now())  # type: ignore[arg-type]
        permissions.write_permissions(connection.connection, client.id, [row])
    return contact


def make_segment(client: Client, name: str = "Tout le monde", tree: dict[str, Any] | None = None) -> Segment:
    """A segment; everybody unless a tree is given."""
    return Segment.objects.create(client_id=client.id, name=name, tree=tree or EVERYBODY)


def make_campaign(client: Client, route: UUID, *, text: str = TEXT, name: str = "Samedi", **columns: Any) -> Campaign:
    """A draft that passes every check."""
    Sender.objects.get_or_create(client_id=client.id, name="FLEURS", defaults={"created_by": "user:test"})
    segment = columns.pop("segment", None) or make_segment(client)
    channels, others = (
        columns.pop("channels", ()),
        columns.pop("others", {"rcs": RCS, "whatsapp": WHATSAPP, "email": MAIL}),
    )
    fields = {
        "segment_ids": [segment.pk],
        "sender": "FLEURS",
        "route_id": route,
        "short_code": "36111",
        "unit_price_eur": Decimal("0.045"),
        "editorial": {"violent": False},
        "author": "user:author",
    }
    if "email" in channels:
        Sender.objects.get_or_create(
            client_id=client.pk, channel="email", name="bonjour@fournil.example", defaults={"created_by": "user:test"}
        )
    campaign = Campaign.objects.create(client_id=client.id, name=name, **(fields | columns))
    if channels:
        ladders.take(campaign, channels)
        campaign.save()
    Variant.objects.create(
        client_id=client.id, campaign=campaign, label="A", source=text, others=others if channels else {}
    )
    return campaign


def play(admin: psycopg.Connection[Any], campaign: Campaign) -> None:
    """Let messages come to something: of twelve, nine are delivered, one failed, one withheld, one unknown."""
    messages = admin.execute(
        "SELECT message_id FROM engine_state WHERE campaign_id = %s ORDER BY contact_id", [campaign.id]
    ).fetchall()
    for number, (message_id,) in enumerate(messages):
        status, reason = {
            9: ("failed", "absent_subscriber"),
            10: ("withheld", "withdrawn"),
            11: ("unknown", "no_receipt"),
        }.get(number % 12, ("delivered", None))
        sent = None if status == "withheld" else clock.now() + timedelta(seconds=number % 50)
        final = None if status == "unknown" else clock.now() + timedelta(seconds=2 + number % 90)
        admin.execute(
            "UPDATE engine_state SET status = %s, reason = %s, rank = 50, submitted_at = %s,"
            " final_at = %s WHERE message_id = %s",
            [status, reason, sent, final, message_id],
        )
    admin.execute("DELETE FROM engine_queue WHERE client_id = %s", [campaign.client_id])


def say_stop(admin: psycopg.Connection[Any], campaign: Campaign, number: int = 0) -> None:
    """One recipient answers STOP."""
    admin.execute(
        "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, message_id, payload, keyword, at)"
        " SELECT client_id, %s, %s, recipient_index, message_id, '', 'stop', %s FROM"
        " engine_state WHERE campaign_id = %s"
        " ORDER BY contact_id OFFSET %s LIMIT 1",
        [ids.uuid7(), campaign.route_id, clock.now(), campaign.id, number],
    )
