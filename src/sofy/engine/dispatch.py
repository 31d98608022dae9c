"""From claimed batches to connectors: alerts first, clients in turn, every message through the gate as it leaves."""

import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from sofy.connectors.base import Outgoing
from sofy.engine.fraud.watch import Watch
from sofy.engine.gate import Facts, Message, Verdict, judge
from sofy.engine.item import FOREVER, SENT_AGAIN, Batch, Item
from sofy.engine.metrics import LANE_DELAY
from sofy.engine.outcomes import Ledger
from sofy.engine.pgarray import micros
from sofy.engine.routes import Route, RouteTable, Running
from sofy.kernel import clock
from sofy.kernel.channels import LANES, of_lane

#: Messages of one client before it is the next one's turn.
_TURN: Final = 100
#: What the gate knows is read again when it is older than this.
FACTS_AGE_S: Final = 2.0
#: A refusal heard of is remembered longer than any facts may be old.
_REFUSALS_KEPT_S: Final = 60.0
#: How long a message waits for the route chosen for it, while that one works; then it takes the next one with room.
PATIENCE_S: Final = {"alert": 0.25, "marketing": 30.0}
#: Of one client in a lane whose routes are mostly one client's.
_ENOUGH: Final = 500
_MICRO: Final = Decimal(1_000_000)
_NOTHING: Final = Decimal(0)


class Refusals:
    """People who said no a moment ago: the barrier between a claim and its hand-over."""

    def __init__(self) -> None:
        self._since: dict[bytes, float] = {}

    def add(self, client: bytes, recipient: bytes) -> None:
        moment = time.monotonic()
        self._since[client + recipient] = moment
        if len(self._since) > 10_000:
            self._since = {key: since for key, since in self._since.items() if moment - since < _REFUSALS_KEPT_S}

    def stands(self, item: Item) -> bool:
        return bool(self._since) and item.client + item.recipient in self._since

    def forget_old(self) -> None:
        moment = time.monotonic()
        self._since = {key: since for key, since in self._since.items() if moment - since < _REFUSALS_KEPT_S}


class Leaving(NamedTuple):
    """A message the gate let through whose sender is being noted; only then may it go to its connector."""

    batch: Batch
    read_at: float
    item: Item
    outgoing: Outgoing


class Dispatcher:
    """Buffers of claimed batches per lane, emptied as connectors have room.

    A message that may be answered (it has a short code) leaves in two steps: what the gate let through is given to
    `announce`, which notes in `mo_lookup` whose it is and calls `release` when that is committed. One group per lane
    is on its way at a time, so that groups grow with the load.
    """

    def __init__(
        self,
        table: RouteTable,
        ledger: Ledger,
        refusals: Refusals,
        watch: Watch,
        refresh: Callable[[Batch], None],
        announce: Callable[[str, list[Leaving]], None],
        opt_out_url: Callable[[Item], str],
    ) -> None:
        self.ready: dict[str, deque[Batch]] = {lane: deque() for lane in LANES}
        self.leaving: dict[str, list[Leaving]] = {lane: [] for lane in LANES}
        self.exposure: dict[bytes, int] = {}
        self._table = table
        self._ledger = ledger
        self._refusals = refusals
        self._watch = watch
        self._refresh = refresh
        self._announce = announce
        self._opt_out_url = opt_out_url
        self._flowing: dict[bytes, bool] = {}

    def waiting(self, lane: str) -> int:
        return sum(len(batch.items) for batch in self.ready[lane])

    def take(self, lane: str, batch: Batch, *, first: bool = False) -> None:
        """A batch that was claimed. `first`: before those of clients who have much here already."""
        ready = self.ready[lane]
        (ready.appendleft if first else ready.append)(batch)

    def busy(self, lane: str) -> frozenset[bytes]:
        """Clients who wait for their own number or agent in a lane: what they have here is enough for it."""
        if of_lane(lane)[1] == "sms":
            return frozenset()
        waiting = Counter[bytes]()
        for batch in self.ready[lane]:
            waiting[batch.client] += len(batch.items)
        return frozenset(client for client, count in waiting.items() if count >= _ENOUGH)

    def run(self) -> None:
        """Hand over as much as there is room for."""
        chosen: dict[bytes, list[Outgoing]] = {}
        now, moment = clock.now(), time.monotonic()
        self._flowing.clear()
        for lane in LANES:
            queue, leaving = self.ready[lane], list[Leaving]()
            room = self._room(lane, chosen) if queue else {}
            if all(left <= 0 for left in room.values()):
                continue
            idle = 0
            while queue and idle < len(queue):
                batch = queue[0]
                if not batch.items:
                    queue.popleft()
                    continue
                if not batch.refreshing and moment - batch.read_at > FACTS_AGE_S:
                    self._refresh(batch)
                moved = 0 if batch.refreshing else self._turn(batch, room, chosen, leaving, now)
                idle = 0 if moved else idle + 1
                queue.rotate(-1)
            if leaving:
                self.leaving[lane] = leaving
                self._announce(lane, leaving)
        self._submit(chosen)

    def _room(self, lane: str, chosen: dict[bytes, list[Outgoing]]) -> dict[bytes, int]:
        """How many parts of this lane each connector has room for, beside what is on its way to it.

        Marketing makes room for alerts, never the other way round.
        """
        purpose, channel = of_lane(lane)
        running = self._table.running.items()
        room = {key: one.connector.capacity_for(purpose) for key, one in running if one.route.channel == channel}
        for ahead in LANES if purpose == "marketing" else (lane,):
            for one in self.leaving[ahead]:
                if one.item.route in room:
                    room[one.item.route] -= one.item.parts
        for key, messages in chosen.items():
            if key in room:
                room[key] -= sum(message.parts for message in messages)
        return room

    def release(self, lane: str) -> None:
        """The senders of a group are noted: hand it over, but for what must be judged again."""
        group, self.leaving[lane] = self.leaving[lane], []
        chosen: dict[bytes, list[Outgoing]] = {}
        again: list[Leaving] = []
        moment = time.monotonic()
        for one in group:
            item = one.item
            refused = item.purpose == "marketing" and self._refusals.stands(item)
            if item.route not in self._table.running or refused or moment - one.read_at > FACTS_AGE_S:
                again.append(one)
            else:
                chosen.setdefault(item.route, []).append(one.outgoing)
        self._put_back(lane, again)
        self._submit(chosen)

    def put_back(self, lane: str) -> None:
        """The senders of a group could not be noted: its messages wait again."""
        group, self.leaving[lane] = self.leaving[lane], []
        self._put_back(lane, group)

    def uncount(self, item: Item) -> None:
        """What this message may cost is committed, or not spent after all."""
        left = self.exposure.get(item.client, 0) - item.exposed
        item.exposed = 0
        if left > 0:
            self.exposure[item.client] = left
        else:
            self.exposure.pop(item.client, None)

    def _put_back(self, lane: str, group: list[Leaving]) -> None:
        """In batches of their own: the old ones may be in the middle of reading their facts again, without them."""
        batches: dict[int, Batch] = {}
        for batch, read_at, item, _ in group:
            self.uncount(item)
            item.route = None
            if id(batch) not in batches:
                fresh = Batch(batch.client, lane, deque(), batch.facts, batch.campaigns, batch.claimed_at, read_at)
                batches[id(batch)] = fresh
            batches[id(batch)].items.append(item)
        self.ready[lane].extendleft(batches.values())

    def _submit(self, chosen: dict[bytes, list[Outgoing]]) -> None:
        for key, messages in chosen.items():
            self._table.running[key].connector.submit(messages)

    def drop_late(self, batch: Batch) -> None:
        """What waits here for room and is wanted no more: nobody waits for it to be handed over."""
        now = clock.now()
        late = [item for item in batch.items if item.expires_at is not None and item.expires_at <= now]
        if late and not batch.refreshing:
            batch.items = deque(item for item in batch.items if item not in late)
            for item in late:
                facts = self._facts(batch, item)
                enter(item, judge(_message(item, facts), facts, now), now)
                self._ledger.changed(item)

    def drop(self, item: Item) -> bool:
        """Whether a message waited here for room; it does no more."""
        for batch in self.ready[item.lane]:
            if item in batch.items:
                batch.items.remove(item)
                return True
        return False

    def take_back(self, batch: Batch) -> None:
        """Return a batch nobody could hand over to the queue, for whoever can."""
        at = micros(clock.now())
        while batch.items:
            item = batch.items.popleft()
            item.due = at
            self._ledger.changed(item)

    def _turn(
        self,
        batch: Batch,
        room: dict[bytes, int],
        chosen: dict[bytes, list[Outgoing]],
        leaving: list[Leaving],
        now: datetime,
    ) -> int:
        items, busy = batch.items, bool(self.leaving[batch.lane])
        moved, moment = 0, time.monotonic()
        patient = moment - batch.claimed_at < PATIENCE_S[of_lane(batch.lane)[0]]
        while items and moved < _TURN:
            item = items[0]
            if item.attempt >= SENT_AGAIN and not self._has_another(item):
                items.popleft()
                self._give_up(item, now)
                continue
            found = self._route_for(item, room, patient)
            asks = item.short_code is not None or (found is not None and found[1] != "")
            if found is None or (asks and busy):
                break
            running, shown = found
            items.popleft()
            moved += 1
            facts = self._facts(batch, item)
            verdict = judge(_message(item, facts), facts, now)
            if verdict.action == "send":
                item.route, item.given_at, item.article = running.route.id, moment, verdict.article
                room[running.route.id] -= item.parts
                if moved == 1:  # one of a turn is enough to know how long a lane waits
                    LANE_DELAY.labels(batch.lane).observe(max(0.0, now.timestamp() - item.due_s))
                if batch.facts.left_micro is not None:
                    item.exposed = item.price_micro * item.parts
                    self.exposure[item.client] = self.exposure.get(item.client, 0) + item.exposed
                outgoing = Outgoing(
                    message_id=item.uid,
                    client_id=item.uid_client,
                    to=item.to,
                    sender=shown or item.sender,
                    text=item.text,
                    purpose=item.purpose,
                    encoding=item.encoding,
                    parts=item.parts,
                    validity_until=verdict.until,
                    content=item.content,
                    opt_out_url=self._opt_out_url(item) if item.channel == "email" else "",
                    answers=item.answers[1] if item.answers and item.answers[0] == running.route.id else "",
                    absent=item.reach is not None and not item.in_doubt and _is_absent(item.reach, running.route),
                )
                if shown:  # whoever answers the number that is shown means this client
                    item.short_code = shown
                if asks:
                    leaving.append(Leaving(batch, batch.read_at, item, outgoing))
                else:
                    chosen.setdefault(running.route.id, []).append(outgoing)
            elif item.attempt >= SENT_AGAIN:
                self._give_up(item, now)
            else:
                enter(item, verdict, now)
                self._ledger.changed(item)
        return moved

    def _has_another(self, item: Item) -> bool:
        return any(running.route.id != item.avoid for running, _ in self._table.choose(item))

    def _give_up(self, item: Item, now: datetime) -> None:
        """What a route did not deliver can leave by no other: it failed, which its sender has not heard yet."""
        item.status, item.reason, item.at = "failed", "receipt", micros(now)
        self._ledger.changed(item)

    def _route_for(self, item: Item, room: dict[bytes, int], patient: bool) -> tuple[Running, str] | None:
        """The first route of its plan with room; the one that refused the last attempt only when there is no other.

        Who is patient waits for a route that is full for a moment: the next one costs more, or is another's share.
        """
        last: tuple[Running, str] | None = None
        chosen = self._table.choose(item)
        for found in chosen:
            running, avoided = found[0], found[0].route.id == item.avoid
            if room.get(running.route.id, 0) > 0:
                if not avoided:
                    return found
                last = found if item.attempt < SENT_AGAIN else None
            elif patient and not avoided and len(chosen) > 1 and self._flows(running):
                return None
        return last

    def _flows(self, running: Running) -> bool:
        """Whether a route that has no room now will have some in a moment."""
        known = self._flowing.get(running.route.id)
        if known is None:
            health = running.connector.health()
            known = self._flowing[running.route.id] = bool(health.binds_up) and not health.paused
        return known

    def _facts(self, batch: Batch, item: Item) -> Facts:
        facts = batch.facts
        left = None
        if facts.left_micro is not None:
            left = (facts.left_micro - self.exposure.get(item.client, 0)) / _MICRO
        permission = item.permission
        if item.purpose == "marketing" and self._refusals.stands(item):
            permission = "opposed"
        campaign = batch.campaigns.get(item.campaign) if item.campaign is not None else None
        return Facts(
            facts.suspended, facts.policy, left, campaign, permission, item.suppressed, item.platform_suppressed,
            facts.channels_off, self._watch.fraud(item), self._watch.misuse(item), item.wrote_at,
        )  # fmt: skip


def _message(item: Item, facts: Facts) -> Message:
    """Its price is worked out where a budget is held against it."""
    cost = _NOTHING if facts.left_eur is None else item.price_micro * item.parts / _MICRO
    return Message(
        item.purpose, item.to, item.text, item.sender, item.short_code, item.zone, cost, item.expires_at, item.channel,
        item.content,
    )  # fmt: skip


def _is_absent(reach: dict[str, bool], route: Route) -> bool:
    """Whether the supplier said lately that the phone does not have the channel."""
    return reach.get(route.short_code or "") is False


def enter(item: Item, verdict: Verdict, now: datetime) -> None:
    """Note a verdict that keeps a message here.

    What may have left before and does not leave again was not withheld: nobody knows, and no other channel follows.
    What its supplier failed at only has failed, until that supplier says that it arrived (`fate` in the SQL).
    """
    item.at = micros(now)
    if verdict.action == "withhold" and item.in_doubt:
        item.status, item.reason, item.submitted_at = "unknown", "no_answer", item.at
        return
    if verdict.action == "withhold" and item.faulty:
        item.status, item.reason = "failed", "refused_retry"
        return
    item.reason, item.article = verdict.reason, verdict.article
    match verdict.action:
        case "withhold":
            item.status = "withheld"
        case "defer":
            item.status = "deferred"
        case _:
            item.status = "held"
    if verdict.action != "withhold":
        item.due = FOREVER if verdict.until is None else micros(verdict.until)
