"""The demo: a messy contact file becomes delivered SMS, STOP answers and a report, with the processes of production.

A new client each time; the clock starts on a Tuesday at 14:30 in Paris and jumps when only deferred messages are left,
so that no run depends on the hour it was started. The operator is simulated; everything else is the product.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.project import demo_year, people, runtime, stack
from sofy.project.processes import write_json
from sofy.project.progress import Still, say
from sofy.project.speech import gettext as _
from sofy.project.supervisor import AlreadyRunning, Supervisor

if TYPE_CHECKING:
    from sofy.soreach.models import Campaign

ACTOR = "demo"
SENDER = "BLGMARTIN"
TEXT = (
    "{{ prenom|default('Bonjour') }}, votre boulangerie Martin vous offre une baguette ce week-end"
    " sur présentation de ce SMS : https://boulangerie-martin.example/offre STOP SMS " + stack.SHORT_CODE
)
#: Receipts, replies and opened links of the simulated phones take at most seven seconds; after this long, silence is an
#: answer.
QUIET_S = 9.0
LONGEST_S = 240.0


@dataclass
class Outcome:
    """The last line of the demo."""

    imported: int
    updated: int
    rejected: int
    reachable: int
    withheld: int
    accepted: int
    delivered: int
    failed: int
    unknown: int
    stops: int
    lost: int
    duplicates: int
    seconds: float
    messages_per_second: float

    def problems(self) -> list[str]:
        """What must hold after every run, and does not."""
        wrong = []
        if self.lost:
            wrong.append(_("{number} people without a state").format(number=self.lost))
        if self.duplicates:
            wrong.append(_("{number} people served twice").format(number=self.duplicates))
        if self.reachable != self.accepted + self.withheld:
            wrong.append(_("reachable ≠ handed over + withheld"))
        if self.accepted != self.delivered + self.failed + self.unknown:
            wrong.append(_("handed over ≠ received + failed + without a receipt"))
        return wrong


def run(contacts: Path | None = None) -> int:
    """Run the whole demo; answers the exit status."""
    began = time.monotonic()
    path = contacts or Path(str(files("sofy.project") / "demo_data" / "contacts.csv"))
    if not path.is_file():
        raise Refused("file_missing", 404, file=str(path))
    with Still(_("Preparing the database")):
        config = runtime.prepare()
        moved = stack.sandbox_clock(config)
        config = runtime.open_django()
        from sofy.audience.services import imports

        imports.check_file(path)  # a file that cannot be used leaves no client behind
    moved.advance_to(start_of_run(clock.now()))
    ports = stack.Ports.choose(config)
    with processes(stack.supervisor(config, ports)) as started:
        if started:
            stack.save_sandbox_routes(config, ports)
        outcome, client, campaign = _campaign(path, began, moved.advance_to, stack.accepted_log(config))
    var = Path(config.var_dir)
    login = people.login_of(client)
    write_json(var / "demo" / "last.json", {"email": login.email, "client": login.client, "campaign": campaign.id})
    with Still(_("Writing the report")):
        written = write_report(client, campaign, var)
    outcome.seconds = round(time.monotonic() - began, 1)
    summarise(outcome, written)
    year = demo_year.run(var)
    demo_year.summarise(year)
    figures = {key: value for key, value in asdict(outcome).items() if key != "unknown"}
    print(json.dumps({**figures, "contract": year.figures()}), flush=True)
    return 1 if outcome.problems() or year.valid < len(year.written) else 0


def start_of_run(now: datetime) -> datetime:
    """The next Tuesday at 14:30 in Paris, never before the last run's: time only goes forward."""
    earliest = max(now, clock.DEMO_START).astimezone(clock.PARIS)
    tuesday = earliest + timedelta(days=(1 - earliest.weekday()) % 7)
    tuesday = tuesday.replace(hour=14, minute=30, second=0, microsecond=0)
    return tuesday if tuesday >= earliest else tuesday + timedelta(days=7)


class processes:
    """The supervisor, ticking in a thread; when the processes of this checkout run already, those are used."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self._ended = Event()
        self._thread = Thread(target=self._tick, daemon=True)

    def __enter__(self) -> bool:
        try:
            self.supervisor.start()
        except AlreadyRunning:
            say(_("The processes run already: they serve the demo too."))
            self._ended.set()
            return False
        self._thread.start()
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        self.supervisor.stop()

    def _tick(self) -> None:
        while not self._ended.wait(0.25):
            self.supervisor.tick()


def _campaign(
    path: Path, began: float, advance_to: Callable[[datetime], None], log: Path
) -> tuple[Outcome, Any, "Campaign"]:
    from sofy.soreach.services import estimate

    with Still(_("Making a client with its points of sale")):
        client = people.new_client("Boulangeries Martin")
        shops = open_shops(client)
    log_from = log.stat().st_size if log.exists() else 0
    imported = import_contacts(client, path)
    book_id = imported.book_id
    say(
        _("  {imported} new contacts, {updated} updated, {rejected} rows rejected").format(
            imported=imported.imported, updated=imported.updated, rejected=imported.rejected
        )
    )
    with Still(_("Preparing the campaign")):
        campaign = prepare_campaign(client, book_id)
        save_neighbours(client, shops[0])
        with _scope(client):
            reach = estimate.reach(campaign)
        others = other_numbers(client, book_id)
    say(
        _("  {number} mobiles that may be written to by SMS ({reach})").format(
            number=imported.reachable_sms, reach=_reach(reach)
        )
    )
    if others:
        say(_("  {number} are somebody’s second number, who is written to once: withheld").format(number=others))
    launched_at = time.monotonic()
    campaign = launch(client, campaign, reach.get("reachable", 0))
    last_submit = follow(client, campaign, advance_to)
    with _scope(client):
        outcome = count(campaign, imported, others, log, log_from)
    spent = max(last_submit - launched_at, 0.001)
    outcome.messages_per_second = round(outcome.accepted / spent, 1)
    return outcome, client, campaign


def _scope(client: Any) -> AbstractContextManager[None]:
    from sofy.kit.rls import client_scope

    return client_scope(client.pk) if client is not None else nullcontext()


def _reach(reach: dict[str, int]) -> str:
    return ", ".join(f"{state}: {number}" for state, number in reach.items())


def other_numbers(client: Any, book_id: UUID) -> int:
    """Mobiles with consent beyond the first of each person, to whom a campaign writes once."""
    from django.db import connection

    with _scope(client), connection.cursor() as cursor:
        cursor.execute(_OTHER_NUMBERS, {"client": client.pk, "book": book_id})
        return int(cursor.fetchone()[0])


_OTHER_NUMBERS = """
SELECT coalesce(sum(numbers - 1), 0) FROM (
    SELECT count(*) AS numbers FROM audience_membership m
      JOIN audience_identity i ON i.client_id = m.client_id AND i.contact_id = m.contact_id AND i.kind = 'phone'
                              AND i.mobile AND i.valid AND i.deleted_at IS NULL
      JOIN audience_consent_state s ON s.client_id = m.client_id AND s.identity_index = i.index
                                   AND s.channel = 'sms' AND s.purpose = 'marketing' AND s.state = 'granted'
     WHERE m.client_id = %(client)s AND m.book_id = %(book)s GROUP BY m.contact_id) AS of_a_person
"""


def open_shops(client: Any) -> list[Any]:
    """The points of sale of a chain of bakeries that does not exist."""
    from sofy.clients.services import create_establishment

    shops = json.loads((files("sofy.project") / "demo_data" / "shops.json").read_text())
    return [create_establishment(client, actor=ACTOR, **shop) for shop in shops]


def save_neighbours(client: Any, shop: Any) -> None:
    """A segment of the people around one of the shops."""
    from sofy.audience.segments import services as segments
    from sofy.audience.segments import tree

    root = tree.All(of=(tree.Near(km=5, establishment=shop.pk), tree.HasConsent()))
    with _scope(client):
        segments.save(client_id=client.pk, name=f"À 5 km de {shop.name}", root=root, actor=ACTOR)


def import_contacts(client: Any, path: Path) -> Any:
    """Bring the file into a new book, with the legal basis a shop would give."""
    from sofy.audience.services import imports

    with Still(_("Importing {file}").format(file=path.name)):
        return imports.import_file(
            client_id=client.pk,
            book_name="Clients des boutiques",
            path=path,
            legal_basis="consent",
            source="Formulaire de fidélité en boutique",
            consent_text="J’accepte de recevoir les offres de la boulangerie par SMS.",
            actor=ACTOR,
        )


def prepare_campaign(client: Any, book_id: UUID, text: str = TEXT) -> "Campaign":
    """A sender, a segment of the whole book, and a draft with this text."""
    from sofy.audience.segments import services as segments
    from sofy.audience.segments import tree
    from sofy.messaging.services.senders import add_sender
    from sofy.soreach.services import drafts

    with _scope(client):
        add_sender(client.pk, name=SENDER, actor=ACTOR)
        root = tree.All(of=(tree.InBook(books=(book_id,)),))
        segment = segments.save(client_id=client.pk, name="Tous les clients", root=root, actor=ACTOR)
        campaign = drafts.create_draft(client, name="Baguette offerte", actor=ACTOR)
        return drafts.save_draft(
            campaign,
            {"segment_ids": [segment.id], "contents": [(text, 1)], "sender": SENDER, "editorial": {}},
        )


def launch(client: Any, campaign: "Campaign", reachable: int) -> "Campaign":
    """Confirm the campaign with the number of people, as its author would type it."""
    from sofy.kit.ties import again
    from sofy.soreach.services import lifecycle

    def confirm() -> "Campaign":
        with _scope(client):
            return lifecycle.launch(client, campaign, actor=ACTOR, typed_count=reachable)

    return again(confirm)


@dataclass
class Seen:
    """Where the campaign stood at the last look."""

    waiting: int = 0
    under_way: int = 0
    received: int = 0
    failed: int = 0
    withheld: int = 0
    stops: int = 0
    expanded: bool = False
    recipients: int = 0

    @property
    def moving(self) -> tuple[int, ...]:
        return (self.waiting, self.under_way, self.received, self.failed, self.withheld, self.stops, self.recipients)


def follow(client: Any, campaign: "Campaign", advance_to: Callable[[datetime], None]) -> float:
    """Watch until every message has its end; answers when the last one left."""
    began = changed_at = said_at = last_submit = time.monotonic()
    before: tuple[int, ...] = ()
    jumped = False
    while True:
        seen, opens = look(client, campaign)
        now = time.monotonic()
        if seen.moving != before:
            if before and seen.waiting != before[0]:
                last_submit = now
            before, changed_at = seen.moving, now
        if now - said_at >= 2:
            said_at = now
            say(
                _(
                    "  to send {waiting}, under way {under_way}, received {received}, failed {failed},"
                    " withheld {withheld}, STOP {stops}"
                ).format(**asdict(seen))
            )
        quiet = now - changed_at
        if seen.expanded and not seen.waiting and (quiet > QUIET_S or jumped):
            if not seen.under_way:
                return last_submit
            if not jumped:
                # The receipts that are still missing were lost: go to the moment when nobody waits for them any more.
                jumped = True
                say(_("  the clock moves to when no receipt is waited for any more"))
                advance_to(clock.now() + timedelta(days=3))
        elif opens is not None and quiet > 2:
            local = opens.astimezone(clock.PARIS)
            say(
                _("  only deferred messages are left: the clock moves to {day} at {hour}").format(
                    day=f"{local:%d/%m}", hour=f"{local:%H:%M}"
                )
            )
            advance_to(opens + timedelta(seconds=1))
            changed_at = now
        if now - began > LONGEST_S:
            raise RuntimeError("The campaign did not end in time; the logs are in var/log.")
        time.sleep(0.25)


def look(client: Any, campaign: "Campaign") -> tuple[Seen, datetime | None]:
    """The present figures, and the next opening when only deferred messages are left."""
    from django.db import connection

    from sofy.soreach import report
    from sofy.soreach.services import lifecycle, tick

    tick.tick_client(client.pk)
    with _scope(client):
        fresh = lifecycle.find(client.pk, campaign.id)
        assert fresh is not None
        shown = report.progress(fresh)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FILTER (WHERE status <> 'deferred' OR not_before <= %s), min(not_before)"
                " FROM engine_state WHERE client_id = %s AND campaign_id = %s"
                " AND status IN ('accepted', 'deferred', 'held', 'queued')",
                [clock.now(), client.pk, campaign.id],
            )
            ready, opens = cursor.fetchone()
    seen = Seen(
        waiting=shown.waiting,
        under_way=shown.under_way,
        received=shown.received,
        failed=shown.failed,
        withheld=shown.by_status.get("withheld", 0),
        stops=shown.stops,
        expanded=fresh.expanded_at is not None,
        recipients=shown.recipients,
    )
    return seen, opens if seen.expanded and shown.waiting and not ready else None


def count(campaign: "Campaign", imported: Any, others: int, log: Path, log_from: int) -> Outcome:
    """The figures of the last line, from the ledger and from the operator's own log.

    `others`: mobiles of people who are written to on another one; one message a person is a rule, so they are withheld.
    """
    from sofy.soreach import report

    shown = report.progress(campaign)
    by_status = shown.by_status
    stopped = by_status.get("withheld", 0) + by_status.get("cancelled", 0)
    return Outcome(
        imported=imported.imported,
        updated=imported.updated,
        rejected=imported.rejected,
        reachable=imported.reachable_sms,
        withheld=stopped + others,
        accepted=shown.recipients - stopped,
        delivered=shown.received,
        failed=shown.failed,
        unknown=by_status.get("unknown", 0),
        stops=shown.stops,
        lost=imported.reachable_sms - others - shown.recipients,
        duplicates=duplicates(log, log_from),
        seconds=0.0,
        messages_per_second=0.0,
    )


def duplicates(log: Path, start: int) -> int:
    """Recipients that the operator's log shows twice: the same text, or part of one, to the same number."""
    served: Counter[tuple[str, int, str]] = Counter()
    with log.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            _id, _source, number, esm_class, _coding, octets, *_rest = line.decode("ascii", "replace").split()
            header = 2 * (int(octets[:2], 16) + 1) if int(esm_class) & 0x40 else 0
            part = int(octets[header - 2 : header], 16) if header else 1
            served[number, part, octets[header:]] += 1
    return len({number for (number, _part, _text), times in served.items() if times > 1})


def write_report(client: Any, campaign: "Campaign", var: Path) -> tuple[Path, ...]:
    """The report of the campaign as a page with pictures and as PDF."""
    from sofy.soreach import files as documents
    from sofy.soreach.services import lifecycle

    with _scope(client):
        fresh = lifecycle.find(client.pk, campaign.id)
        assert fresh is not None
        made = documents.write_report(fresh, var / "reports")
    # One pair of files per run, side by side, each named after its client.
    return tuple(path.rename(path.with_name(f"{client.slug}{path.suffix}")) for path in made)


def summarise(outcome: Outcome, written: tuple[Path, ...]) -> None:
    """What happened, in words."""
    lines = {
        _("Contacts"): _("{imported} imported, {updated} updated, {rejected} rows rejected"),
        _("Audience"): _("{reachable} mobiles with consent and without opposition"),
        _("Sent"): _("{accepted} handed to the operator, {withheld} withheld by a rule, {rate} messages a second"),
        _("Result"): _("{delivered} received, {failed} failed, {unknown} without a receipt, {stops} STOP"),
        _("Check"): _("{lost} lost, {duplicates} twice"),
    }
    say("\n" + _("The campaign ended after {seconds} s.").format(seconds=f"{outcome.seconds:.0f}"))
    for name, line in lines.items():
        say(f"  {name:<9}  " + line.format(rate=f"{outcome.messages_per_second:.0f}", **asdict(outcome)))
    others = [(_("Report"), str(path)) for path in written] + [(_("ERROR"), problem) for problem in outcome.problems()]
    for name, said in others:
        say(f"  {name:<9}  {said}")
    say(_("To look at it: make up") + "\n")
