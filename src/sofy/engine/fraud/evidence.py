"""What speaks for fraud: each reason with its points and the figures behind it. Pure.

Points are natural logarithms of how much likelier fraud makes what was seen, cut off so that no single weak reason
decides alone.
"""

from math import log
from typing import Final, NamedTuple

from sofy.engine.fraud.memory import CROWD_S, SUSPICION_S, Crowd, Habits, Range
from sofy.engine.fraud.ranges import FICTION, country, remoteness

#: A code that should have been used and was not; one that was. Pumping may fake one in five.
_FAKED: Final = 0.2
USED_POINTS: Final = log(_FAKED)


#: Over so many ranges of ten thousand numbers at once the numbers are those of a contact book; pumping owns fewer.
_BOOK: Final = 10
#: So many neighbours, a family's or a small company's, are found in many places of a contact book.
_NEIGHBOURS: Final = 12
#: For so long after a range was closed others are looked at more closely.
_AFTER_S: Final = 1800.0
#: A client is known long enough to say at which hours it never writes.
_DAYS_S: Final = 2 * 86400.0

#: How much less a burst of somebody unknown says at home, while there are so few numbers.
_STRANGER: Final = 0.02
_FEW: Final = 150
#: Up to so many times its mean pace a client writes as much as ever: days have their noon, weeks their Monday.
_AS_EVER: Final = 3.5
#: More of a client's messages than this in one range: its own people live there.
_MOST: Final = 0.3
#: So many messages of earlier hours make a range of a thousand numbers the client's own, so many one of ten thousand.
_OWN, _OWN_PLACE = 20, 100
#: Over so many ranges of ten thousand numbers of one country, each as busy as the others, its people are written to.
_ALL_OVER: Final = 20
#: So many clients may come to write to ten thousand numbers abroad within an hour; more of them say so much at most.
_ALONE, _CROWDED = 2, 6.0
#: A range with less than this of the fresh numbers of its country is one of many.
_PIECE: Final = 0.2
#: Less than this of what goes out to a contact book is its people abroad and no burst; they come last in a sorted one.
_PART, _LAST_PART = 0.05, 0.5


class Reason(NamedTuple):
    """One thing that speaks for fraud, with what it rests on."""

    code: str
    points: float
    seen: float
    usual: float


def unused_points(habits: Habits, share: float, abroad: bool) -> float:
    """What one unused code says when `share` of all codes would be used by now; nothing of a client that tells none."""
    if not habits.tells:
        return 0.0
    likely = min(0.95, habits.rate * share * (0.7 if abroad else 0.9))
    return log((1 - _FAKED * likely) / (1 - likely))


def lives_there(habits: Habits, place: Range) -> bool:
    """Whether the people of a client live in one range of ten thousand numbers, as those of a telecom shop do: rows and
    bursts within it are its own.
    """
    settled = place.settled(habits.seen_at)
    return settled >= _OWN_PLACE and settled > _MOST * habits.all.usually(habits.seen_at)


def velocity(habits: Habits, key: str, level: int, kept: Range, place: Range) -> Reason | None:
    """More fresh numbers in one range than this client's share of it explains, at once or over hours."""
    fiction = key.startswith(FICTION)
    if level and fiction:
        return None
    burst = _burst(habits, key, kept, habits.ranges.of(key[:8]) if fiction else habits.all)
    drip = _drip(habits, key, kept)
    found = drip if drip is not None and (burst is None or drip.points > burst.points) else burst
    return None if found is None or (not level and lives_there(habits, place)) else found


def _burst(habits: Habits, key: str, kept: Range, world: Range) -> Reason | None:
    """More fresh numbers within minutes than its part of the `world` explains: of all the client writes to, but numbers
    of fiction are a world of their own.

    Somebody unknown is taken to write to ten such ranges; to a hundred once there was time for codes to be used and
    none was. Who writes to many ranges at once writes to a contact book: one that is as full as the others is no sign.
    """
    seen = kept.fresh
    if seen < 4:
        return None
    usual = world.usually(habits.seen_at)
    known = usual >= 100 and habits.width >= 40
    elapsed = habits.seen_at - habits.since
    mute = not habits.tells and elapsed > 30
    distance = remoteness(country(key))
    far = distance >= 2
    if key.startswith(FICTION):
        pieces = 10
    elif far:
        pieces = 2000 if known or habits.spread >= _BOOK else 100
    else:
        pieces = 200 if known else 100 if mute else 30 if distance else 10
    before = kept.usually_before(habits.seen_at) if distance else kept.usually(habits.seen_at)
    share = (before + 0.5) / (usual + 0.5 * pieces)
    expected = max(0.3, share * (world.fresh - 0.7 * seen * (world.fresh > seen * 1.4)))
    if habits.spread >= _BOOK and not far:
        expected = max(expected, habits.squares / habits.all.fresh)
    if seen <= expected:
        return None
    weight = 0.12 if known else _STRANGER if stranger(habits, key) else 0.1
    points = weight * (seen * log(seen / expected) - (seen - expected))
    sure = known or (seen >= 40 if mute else seen >= 60 and (elapsed > 90 or seen > 4 * elapsed))
    cap = 9.0 if sure else 5.0
    if habits.ascending > 0.9 and (kept.runs < 2 or habits.spread >= _BOOK):
        cap, points = 2.0, points * 0.3  # as a contact book has them
    return Reason("velocity", min(cap, points), seen, expected)


def _drip(habits: Habits, key: str, kept: Range) -> Reason | None:
    """More fresh numbers over hours, each of which came by itself: of a client whose past says where its people are,
    and who writes about as much as ever.
    """
    seen, now = kept.apart, habits.seen_at
    if seen < 5 or habits.width < 40:
        return None
    usual, lately = habits.all.usually_before(now), habits.all.hours
    pace = usual / max(1.0, now - habits.since - SUSPICION_S) * SUSPICION_S * 1.44
    if usual < 100 or lately > _AS_EVER * pace:
        return None
    distance = remoteness(country(key))
    before = kept.usually_before(now) if distance else kept.settled(now)
    even = 0.0 if distance >= 2 else lately / habits.width
    expected = max(0.3, (before + 0.5) / (usual + 100) * lately, even)
    if seen <= expected:
        return None
    points = 0.25 * (seen * log(seen / expected) - (seen - expected))
    return Reason("velocity", min(6.0, points), seen, expected)


def stranger(habits: Habits, key: str) -> bool:
    """Somebody nothing is known of yet, who writes to people at home: on its first day a small place or a company's
    phones look like pumping, until there are too many of them.
    """
    if habits.all.fresh > _FEW:
        return False
    return not habits.tells and habits.all.usually(habits.seen_at) < 100 and not remoteness(country(key))


def sequence(habits: Habits, key: str, kept: Range, place: Range) -> Reason | None:
    """Numbers one after the other, or at a small fixed step. Not in a range that the client wrote to before. In a
    contact book, written to in its order or with few neighbours each, and among numbers of fiction that says little.
    """
    if kept.runs <= 2 or kept.settled(habits.seen_at) >= _OWN or lives_there(habits, place):
        return None
    book = habits.spread >= _BOOK and (habits.ascending > 0.9 or kept.fresh < _NEIGHBOURS)
    cap = 5.0 if key.startswith(FICTION) else 3.0 if book or stranger(habits, key) else 8.0
    return Reason("sequence", min(cap, kept.runs), kept.fresh, 0)


def unused(habits: Habits, kept: Range, place: Range) -> Reason | None:
    """Codes nobody used, where this client's codes are used. A range where most of its people are has bad days."""
    if kept.unused <= 1:
        return None
    share = place.settled(habits.seen_at) / (habits.all.usually(habits.seen_at) + 1)
    points = kept.unused * (1 - share) if share > _MOST else kept.unused
    if points <= 1:
        return None
    return Reason("codes_unused", min(14.0, points), max(0.0, kept.sent - kept.used), kept.sent * (1 - habits.rate))


def far_unused(habits: Habits) -> Reason | None:
    """Codes nobody used in far countries together: pumping that never stays in one of them."""
    if habits.far_unused <= 1:
        return None
    return Reason("codes_unused", min(8.0, habits.far_unused), habits.far_left, habits.far_left * (1 - habits.rate))


def attacked(habits: Habits, kept: Range, at: float) -> Reason | None:
    """Other ranges of the client were closed just before, or are still being written to: the more of them, the more it
    says of a range whose codes nobody ever used.
    """
    if at - habits.blocked_at > _AFTER_S:
        return None
    several = habits.tells and kept.used < 0.5
    return Reason("under_attack", min(4.0, 1.5 * max(1.0, habits.closed)) if several else 1.5, habits.closed, 0)


def _of_a_book(habits: Habits, seen: float) -> bool:
    """Whether so many fresh numbers are the people abroad of a contact book that is being written to: few among many,
    or the last ones of a sorted one.
    """
    part = _LAST_PART if habits.ascending > 0.9 else _PART
    return habits.spread >= _BOOK and seen < part * habits.all.fresh


def abroad(habits: Habits, code: str, kept: Range) -> Reason | None:
    """A burst to a country this client hardly writes to."""
    distance = remoteness(code)
    if not distance or kept.fresh < 8 or _of_a_book(habits, kept.fresh) or _all_over(habits, distance, kept):
        return None
    usual = habits.all.usually_before(habits.seen_at)
    share = (kept.usually_before(habits.seen_at) + 0.2) / (usual + 40)
    expected = max(0.3, share * habits.all.fresh)
    if kept.fresh <= 2 * expected:
        return None
    points = 0.06 * (kept.fresh * log(kept.fresh / expected) - (kept.fresh - expected))
    return Reason("country", min(distance + 3.0, distance * 0.5 + points), kept.fresh, expected)


def _all_over(habits: Habits, distance: float, kept: Range) -> bool:
    """Whether fresh numbers lie all over a country nearby, as those of guests and neighbours do: of somebody unknown,
    or who always had so many of them.
    """
    if distance >= 2 or kept.fresh * kept.fresh <= _ALL_OVER * kept.squares:
        return False
    usual = habits.all.usually(habits.seen_at)
    return usual < 100 or kept.usually(habits.seen_at) * habits.all.fresh > 0.3 * usual * kept.fresh


def breaker(habits: Habits, code: str, kept: Range, limit: float) -> Reason | None:
    """More written abroad lately than the client's own past and a fixed limit allow: what costs most."""
    distance = remoteness(code)
    if not distance or habits.away < limit or _of_a_book(habits, habits.away) or _all_over(habits, distance, kept):
        return None
    usual = habits.all.usually(habits.seen_at)
    return Reason("spend", 3.0, habits.away, limit) if usual < 50 * habits.away else None


def receipts(habits: Habits, kept: Range, everyone: Range) -> Reason | None:
    """Receipts that come at once where nobody's do, or never where the client's own do."""
    told = kept.told
    if told < 12:
        return None
    for code, mine, all_of_it, world in (
        ("receipts_instant", kept.instant, everyone.instant, everyone),
        ("receipts_missing", kept.silent, habits.all.silent, habits.all),
    ):
        others = max(1.0, world.told - told)
        elsewhere = max(0.0, all_of_it - mine) / others
        if mine / told > 0.9 and elsewhere < 0.4 and others > 20:
            return Reason(code, min(4.0, 1.0 + told / 12), mine / told, elsewhere)
    return None


def repeats(kept: Range, distance: float) -> Reason | None:
    """Few numbers written to again and again: at home perhaps somebody on call, far away hardly."""
    if kept.again <= 20:
        return None
    return Reason("repeats", min(4.0 + 2 * distance, kept.again * (1 + distance / 2) / 10), kept.again, 0)


def crowd(together: Crowd, kept: Range, wide: Range, now: float) -> tuple[Reason, ...]:
    """Several clients began to write to one range abroad within the hour: each has a few of what is pumped. Not one
    that is a small part of what this client writes to its country.
    """
    several = len(together.clients)
    if several <= _ALONE or kept.used > 0.5 or now - together.since > CROWD_S or kept.fresh < _PIECE * wide.fresh:
        return ()
    return (Reason("several_clients", min(_CROWDED, float(several - _ALONE)), several, _ALONE),)


def night(habits: Habits, hour: int) -> Reason | None:
    """An hour at which this client never writes."""
    total = sum(habits.hours)
    if total < 500 or habits.seen_at - habits.since < _DAYS_S or habits.hours[hour] > total * 0.004:
        return None
    return Reason("night", 1.5, habits.hours[hour], total / 24)


def of_country(habits: Habits, code: str, limit: float, at: float) -> list[Reason | None]:
    """What speaks against any range of a country, at this hour."""
    wide = habits.ranges.of(code)
    return [abroad(habits, code, wide), breaker(habits, code, wide, limit), night(habits, int(at // 3600) % 24)]
