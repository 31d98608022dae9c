"""What an author changes before launch. A campaign that left the draft is never changed again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from sofy.audience.segments.models import Segment
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.messaging import queries as messaging
from sofy.soreach import rules
from sofy.soreach.models import Campaign, Variant
from sofy.soreach.services import ladders

LABELS = "ABCD"


def create_draft(client: Client, *, name: str, actor: str) -> Campaign:
    """Begin a campaign with the client's own sender and the cheapest route that is open, or else the cheapest."""
    senders = messaging.active_senders(client.id)
    campaign = Campaign(client_id=client.id, name=name.strip()[:120], author=actor)
    campaign.sender = senders[0].name if senders else ""
    offers = sorted(messaging.route_offers(), key=lambda offer: offer.state != "active")
    _take_route(campaign, offers[0].id if offers else None)
    campaign.save(force_insert=True)
    Variant.objects.create(client_id=client.id, campaign=campaign, label="A")
    audit.append(client.id, "campaign.created", actor, {"campaign": str(campaign.id)})
    return campaign


def lock(campaign_id: UUID, client_id: UUID) -> Campaign:
    """Take the campaign for a change.

    Raises: Refused not_found.
    """
    found = Campaign.objects.select_for_update(no_key=True).filter(client_id=client_id, id=campaign_id).first()
    if found is None:
        raise Refused("not_found", 404)
    return found


def _draft(campaign: Campaign) -> Campaign:
    locked = lock(campaign.id, campaign.client_id)
    if not locked.is_draft:
        raise Refused("campaign_not_draft", 409, state=locked.status)
    locked.seen_by = campaign.seen_by
    return locked


def save_draft(campaign: Campaign, changes: Mapping[str, Any]) -> Campaign:
    """Write some fields of a draft (the forms' `cleaned_data`); what is not given stays.

    Raises: Refused campaign_not_draft, segment_missing, route_missing.
    """
    with transaction.atomic():
        locked = _draft(campaign)
        for name in ("segment_ids", "excluded_segment_ids"):
            if name in changes:
                setattr(locked, name, _segments(locked.client_id, changes[name]))
        if "route_id" in changes:
            _take_route(locked, changes["route_id"])
        if "channels" in changes:
            ladders.take(locked, changes["channels"], changes.get("after_s") or ladders.AFTER_S)
        for name in PLAIN_FIELDS & changes.keys():
            setattr(locked, name, changes[name])
        if "editorial" in changes:
            locked.editorial = rules.editorial_answers(changes["editorial"]) | {"at": clock.now().isoformat()}
        locked.updated_at = clock.now()
        locked.save()
        if "contents" in changes:
            _save_contents(locked, changes["contents"])
        for label, others in changes.get("others", {}).items():
            locked.variants.filter(label=label).update(others=others)
    return locked


PLAIN_FIELDS = {
    "name",
    "timing",
    "starts_at",
    "spread_hours",
    "local_time",
    "late",
    "sender",
    "budget_eur",
    "cap_messages",
    "cap_days",
    "winner_by",
    "plain_fields",
    "opens",
}


def _segments(client_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    known = set(Segment.objects.filter(client_id=client_id, id__in=ids, deleted_at=None).values_list("id", flat=True))
    if set(ids) - known:
        raise Refused("segment_missing")
    return list(dict.fromkeys(ids))


def _take_route(campaign: Campaign, route_id: UUID | None) -> None:
    """Remember the route with its price and short code of today: the text and the estimate depend on them."""
    offer = messaging.route_offer(route_id)
    campaign.route_id = offer.id if offer else None
    campaign.short_code = offer.short_code if offer else ""
    campaign.unit_price_eur = offer.price_eur if offer else campaign.unit_price_eur


def _save_contents(campaign: Campaign, contents: Sequence[tuple[str, int]]) -> None:
    """Write the contents as A, B, C, D. An empty one that is not the first takes its variant away."""
    kept = [
        (text, share)
        for number, (text, share) in enumerate(contents[: len(LABELS)])
        if text.strip() or number == 0 or "sms" not in campaign.channels
    ]
    for label, (text, share) in zip(LABELS, kept, strict=False):
        Variant.objects.update_or_create(
            campaign=campaign,
            label=label,
            client_id=campaign.client_id,
            defaults={"source": text, "share": max(1, share)},
        )
    campaign.variants.exclude(label__in=LABELS[: len(kept)]).delete()


def duplicate(campaign: Campaign, *, name: str, actor: str) -> Campaign:
    """Begin a new draft from an older campaign; its people, contents and settings, not its date."""
    with transaction.atomic():
        copy = Campaign(client_id=campaign.client_id, name=name[:120], author=actor)
        for field in PLAIN_FIELDS - {"name", "starts_at", "timing"} | {"segment_ids", "excluded_segment_ids"}:
            setattr(copy, field, getattr(campaign, field))
        _take_route(copy, campaign.route_id)
        if campaign.ladder:
            ladders.take(copy, campaign.channels, campaign.ladder[0]["after_s"] or ladders.AFTER_S)
        copy.save(force_insert=True)
        Variant.objects.bulk_create(
            Variant(
                client_id=copy.client_id, campaign=copy, label=v.label, source=v.source, others=v.others, share=v.share
            )
            for v in campaign.variants.all()
        )
    return copy


def delete_draft(campaign: Campaign, *, actor: str) -> None:
    """Throw a draft away; whoever works for some establishments only throws away what they wrote.

    Raises: Refused campaign_not_draft, draft_of_somebody.
    """
    with transaction.atomic():
        locked = _draft(campaign)
        if locked.seen_by is not None and locked.author != actor:
            raise Refused("draft_of_somebody", 403)
        audit.append(locked.client_id, "campaign.deleted", actor, {"campaign": str(locked.id)})
        locked.delete()
