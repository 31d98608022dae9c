"""`sofy client|establishment|audit`: customers, their points of sale, and what was decided."""

import argparse
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf

if TYPE_CHECKING:
    from sofy.clients.models import Client

ACTOR = "command"
#: What recomputing a chain may find, by the reason of its verdict.
BROKEN = {
    "altered": "{client}: entry {broken_at} was changed after it was written; the {entries} before it are whole.",
    "missing": "{client}: entry {broken_at} is gone; the {entries} before it are whole.",
    "unlinked": "{client}: entry {broken_at} does not follow from the one before it; {entries} are whole.",
    "truncated": "{client}: entries are gone at the end, from {broken_at} on; the {entries} before are whole.",
}
#: What `establishment add` takes besides the name: fields of the form on the page.
_PLACE = ("code", "street", "postcode", "town", "insee", "latitude", "longitude", "timezone")


def add(commands: Commands) -> None:
    customers = group(commands, "client", "Customers.")
    client = leaf(customers, "create", "Create a client with its keys.", create_client)
    client.add_argument("name", help="a client of this name that exists is answered as it is")
    client.add_argument("--slug", default="", help="its address in the pages; made from the name when not given")

    channels = leaf(
        customers, "channels", "Which channels a client does without (DPA 9), and which `auto` takes.", show_channels
    )
    channels.add_argument("client")
    channels.add_argument("--off", action="append", default=[], help="do without this channel from now on")
    channels.add_argument("--on", action="append", default=[], help="use this channel again")
    channels.add_argument("--ladder", help="in order: rcs,sms, or with seconds: rcs:600,sms; `default`: RCS, then SMS")

    shops = group(commands, "establishment", "Points of sale of a client.")
    shop = leaf(shops, "add", "Add a point of sale; the same code twice is the same one.", add_establishment)
    shop.add_argument("name")
    shop.add_argument("--client", required=True)
    shop.add_argument("--code", required=True, help="what the client calls it; `user create --establishment` takes it")
    shop.add_argument("--timezone", default="Europe/Paris")
    for field in ("street", "postcode", "town", "insee", "latitude", "longitude"):
        shop.add_argument(f"--{field}", default="")

    audit = leaf(group(commands, "audit", "The chains of decisions."), "verify", "Recompute the chains.", verify)
    audit.add_argument("--client", help="one client only; all of them when not given")


def find_client(reference: str) -> "Client":
    """A client by slug or id, read as the operator. Raises: Refused."""
    try:
        found = _first(pk=UUID(reference))
    except ValueError:
        found = _first(slug=reference)
    if found is None:
        raise Refused("client_unknown", 404, client=reference)
    return found


def _first(**wanted: Any) -> "Client | None":
    from sofy.clients.models import Client
    from sofy.kit.rls import staff_scope

    with staff_scope():
        found = Client.objects.using("staff").filter(**wanted).order_by("created_at").first()
    if found is not None:
        found._state.db = "default"
    return found


def create_client(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients import services

    known = _first(slug=arguments.slug) if arguments.slug else _first(name=one_line(arguments.name))
    if known is not None:
        data = {"id": known.pk, "slug": known.slug, "new": False}
        return Answer(f"{known.name} exists already: {known.slug} ({known.pk})", data)
    client = services.create_client(name=arguments.name, slug=arguments.slug, actor=ACTOR)
    return Answer(f"{client.name}: {client.slug} ({client.pk})", {"id": client.pk, "slug": client.slug, "new": True})


def show_channels(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import channels

    client, ladder = find_client(arguments.client), _ladder(arguments.ladder)
    on, off = set(arguments.on), set(arguments.off)
    if both := sorted(on & off):
        raise Refused("channel_on_and_off", channel=", ".join(both))
    held = channels.chosen(client.pk)
    if on or off or ladder is not None:
        held = channels.choose(client.pk, actor=ACTOR, off=(held.off | off) - _known(on), ladder=ladder)
    order = [{"channel": channel, "after_s": after_s} for channel, after_s in held.ladder]
    said = ", ".join(sorted(held.off)) or "none"
    tried = " > ".join(channel for channel, _after_s in held.ladder) or "rcs > sms"
    text = f"Switched off: {said}. Order of auto: {tried}."
    return Answer(text, {"client": client.slug, "off": sorted(held.off), "ladder": order})


def _known(names: set[str]) -> set[str]:
    from sofy.kernel.channels import CHANNELS

    for name in sorted(names - set(CHANNELS)):
        raise Refused("channel_unknown", channel=name, known=", ".join(CHANNELS))
    return names


def _ladder(text: str | None) -> list[tuple[str, int]] | None:
    """What `--ladder` says. Raises: Refused ladder_unreadable."""
    from sofy.messaging.services.channels import AFTER_S

    if text is None or text == "default":
        return None if text is None else []
    steps = []
    for step in text.split(","):
        channel, _colon, after_s = step.strip().partition(":")
        if after_s and not (after_s.isascii() and after_s.isdecimal() and len(after_s) < 9):
            raise Refused("ladder_unreadable", ladder=text[:60])
        steps.append((channel, int(after_s) if after_s else AFTER_S))
    return steps


def add_establishment(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients import queries, services
    from sofy.clients.forms import EstablishmentForm
    from sofy.kit.rls import client_scope

    client = find_client(arguments.client)
    form = EstablishmentForm({"name": arguments.name, **{field: getattr(arguments, field) for field in _PLACE}})
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Refused("field_invalid", field=field, problem=" ".join(str(each) for each in problems))
    with client_scope(client.pk):
        known = queries.establishments(client.pk).filter(code=form.cleaned_data["code"]).first()
        if known is None:
            establishment = form.save(commit=False)
            establishment.street = form.cleaned_data["street"]
            known = services.save_establishment(client, actor=ACTOR, establishment=establishment)
            return Answer(f"{known.name}: {known.code} ({known.pk})", {"id": known.pk, "code": known.code, "new": True})
    if known.name != form.cleaned_data["name"]:
        raise Refused("establishment_code_taken", 409, shop_code=known.code)
    data = {"id": known.pk, "code": known.code, "new": False}
    return Answer(f"{known.name} exists already: {known.code} ({known.pk})", data)


def verify(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients.models import Client
    from sofy.kit import audit
    from sofy.kit.rls import staff_scope

    rows: list[dict[str, Any]] = []
    with staff_scope():
        chains = [(audit.PLATFORM, "(platform)")] if not arguments.client else []
        clients = Client.objects.using("staff").order_by("slug")
        for client in [find_client(arguments.client)] if arguments.client else clients:
            chains.append((client.pk, client.slug))
        for client_id, slug in chains:
            verdict = audit.verify(client_id, using="staff")
            rows.append(
                {
                    "client": slug,
                    "entries": verdict.entries,
                    "intact": verdict.intact,
                    "broken_at": verdict.broken_at,
                    "reason": verdict.reason,
                }
            )
    broken = [row for row in rows if not row["intact"]]
    lines = [BROKEN[row["reason"]].format(**row) for row in broken]
    if broken:
        lines.append("Keep a copy of the database before anything else is changed, and ask who could write to it.")
    lines.append(f"Chains read: {len(rows)}, broken: {len(broken)}.")
    return Answer("\n".join(lines), {"ok": not broken, "chains": rows}, 1 if broken else 0)
