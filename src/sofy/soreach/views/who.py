"""The people behind each figure of an audience, before the campaign leaves."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from sofy.audience.models import Contact
from sofy.clients.access import ClientRequest
from sofy.kernel.errors import Refused
from sofy.soreach import people, words
from sofy.soreach.models import Campaign
from sofy.soreach.services import caps
from sofy.soreach.views.common import campaign_view

PER_PAGE = 50
START = UUID(int=0)


@campaign_view("contact.view")
def of_audience(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Who would be written to, or why not; names of another shop stay hidden from a store manager."""
    state, after = request.GET.get("state", "reachable"), read_id(request.GET.get("after", ""))
    if state not in people.REACH:
        raise Http404
    found: list[UUID] = []
    if campaign.segment_ids:
        try:
            numbers = caps.capped_numbers(campaign)
            found = people.of_state(campaign, state, numbers, after=after, limit=PER_PAGE + 1)
        except Refused:
            raise Http404 from None
    contacts = visible_contacts(request, found[:PER_PAGE])
    context = {
        "campaign": campaign,
        "title": words.reach_text(state, by_mail=campaign.by_mail),
        "rows": [(each, contacts.get(each), name_of(contacts.get(each))) for each in found[:PER_PAGE]],
        "after": str(found[PER_PAGE - 1]) if len(found) > PER_PAGE else "",
        "first": after == START,
    }
    return render(request, "soreach/who.html", context)


def visible_contacts(request: ClientRequest, ids: list[UUID]) -> dict[UUID, Contact]:
    """Those of some contacts whose names the person of the request may read."""
    rows = Contact.objects.filter(client_id=request.client.pk, id__in=ids)
    return {row.id: row for row in rows if request.client.sees_establishment(row.establishment_id)}


def name_of(contact: Contact | None) -> str:
    """How a page calls somebody."""
    return f"{contact.first_name or ''} {contact.last_name or ''}".strip() if contact else ""


def read_id(text: str) -> UUID:
    """An id of an address; the beginning when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return START
