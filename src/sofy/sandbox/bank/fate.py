"""What becomes of a debit that was collected: a pure function of the seed and its EndToEndId."""

from hashlib import blake2b

from sofy.sandbox.bank.profile import Profile, Scripted

_STEPS = 1 << 20


def fate(profile: Profile, end_to_end_id: str) -> Scripted | None:
    """Why and when a debit comes back; None when it stays."""
    if end_to_end_id in profile.ends:
        return profile.ends[end_to_end_id]
    digest = blake2b(f"{profile.seed} {end_to_end_id}".encode(), digest_size=12).digest()
    whether, why, when = (int.from_bytes(digest[n : n + 4], "big") % _STEPS for n in (0, 4, 8))
    if whether >= profile.returned * _STEPS:
        return None
    first, last = profile.return_days
    point = why / _STEPS * sum(weight for _, weight in profile.reasons)
    for reason, weight in profile.reasons:
        point -= weight
        if point < 0:
            return Scripted(reason, first + when % (last - first + 1))
    return None
