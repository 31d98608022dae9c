"""Until when a business may write freely to somebody on WhatsApp, and until when that costs nothing.

Source: Meta, WhatsApp Business Platform, "Customer service windows" and "Free entry point" (pricing since 2025-07-01).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

SERVICE_WINDOW: Final = timedelta(hours=24)
FREE_ENTRY: Final = timedelta(hours=72)


class PersonWrote(NamedTuple):
    """A message of the person. `from_advert`: it came from the button of an advertisement or of a page."""

    at: datetime
    from_advert: bool = False


class Window(NamedTuple):
    """`free_form_until`: only templates from then on. `free_of_charge_until`: Meta bills nothing before."""

    free_form_until: datetime | None
    free_of_charge_until: datetime | None

    def takes_free_form(self, at: datetime) -> bool:
        """Whether a message without a template may leave at this instant."""
        return self.free_form_until is not None and at < self.free_form_until


def window(inbound: Iterable[PersonWrote], replies: Iterable[datetime] = ()) -> Window:
    """The window as these messages of the person, and these of the business, leave it; in any order.

    Each message of the person opens 24 hours. One from an advertisement that the business answers within 24 hours
    makes everything free for 72 hours from that answer; words without a template still need the 24 hours.
    """
    written = sorted(inbound)
    answered = sorted(replies)
    last = written[-1].at if written else None
    free_until = None
    for entry in written:
        if not entry.from_advert:
            continue
        first = next((at for at in answered if entry.at <= at < entry.at + SERVICE_WINDOW), None)
        if first is not None:
            free_until = max(first + FREE_ENTRY, free_until or first)
    return Window(last + SERVICE_WINDOW if last is not None else None, free_until)
