"""The channels of a campaign: in which order, from whom, for how long each is tried, and what each costs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sofy.kernel.channels import may_follow
from sofy.kernel.errors import Refused
from sofy.messaging import queries as messaging
from sofy.soreach.models import Campaign

#: How long a channel is tried before the next one, when nobody said. Unit: seconds.
AFTER_S: Final = 4 * 3600
MOST_AFTER_S: Final = 72 * 3600
#: What the wizard offers. A channel is named once, and the first one a person can be reached on is tried first;
#: WhatsApp is the last wherever it is (`kernel.channels.may_follow`).
ORDERS: Final = (
    ("sms",), ("rcs",), ("email",), ("whatsapp",), ("rcs", "sms"), ("sms", "email"), ("email", "sms"),
    ("rcs", "email"), ("rcs", "sms", "email"), ("rcs", "whatsapp"), ("sms", "whatsapp"), ("email", "whatsapp"),
    ("rcs", "sms", "whatsapp"),
)  # fmt: skip


def steps(campaign: Campaign) -> list[dict[str, Any]]:
    """The steps of a ladder with everything a message needs; none when SMS is the only channel."""
    return [_of_sms(campaign, step) if step["channel"] == "sms" else step for step in campaign.ladder]


def _of_sms(campaign: Campaign, step: dict[str, Any]) -> dict[str, Any]:
    return step | {
        "sender": campaign.sender,
        "short_code": campaign.short_code,
        "price_eur": str(campaign.unit_price_eur),
    }


def prices_eur(campaign: Campaign) -> dict[str, Decimal]:
    """Channel -> what one part costs. Unit: EUR before VAT."""
    found = {step["channel"]: Decimal(step["price_eur"]) for step in steps(campaign)}
    return found or {"sms": campaign.unit_price_eur}


def dearest_eur(campaign: Campaign) -> Decimal:
    """The most that one part of a message costs, whatever channel it takes. Unit: EUR before VAT."""
    return max(prices_eur(campaign).values())


def take(campaign: Campaign, channels: Sequence[str], after_s: int = AFTER_S) -> None:
    """Let a draft take these channels, with the sender and the price of each as of today; the caller saves it.

    Raises: Refused channels_unknown, channels_time, whatsapp_last.
    """
    order = tuple(channels)
    if not may_follow("marketing", order):
        raise Refused("whatsapp_last")
    if order not in ORDERS:
        raise Refused("channels_unknown")
    if not 60 <= after_s <= MOST_AFTER_S:
        raise Refused("channels_time", most=MOST_AFTER_S // 3600)
    if order == ("sms",):
        campaign.ladder = []
        return
    offers = messaging.channel_offers(campaign.client_id)
    campaign.ladder = [
        _step(offers.get(channel), channel, 0 if place == len(order) - 1 else after_s)
        for place, channel in enumerate(order)
    ]


def _step(offer: messaging.ChannelOffer | None, channel: str, after_s: int) -> dict[str, Any]:
    return {
        "channel": channel,
        "after_s": after_s,
        "sender": offer.sender if offer else "",
        "short_code": offer.short_code if offer else "",
        "price_eur": str(offer.price_eur) if offer else "0",
    }
