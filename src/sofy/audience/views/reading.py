"""What the address of the list of contacts says."""

from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from sofy.audience.queries import Filter
from sofy.clients.access import ClientRequest


def read_filter(data: QueryDict) -> Filter:
    """The filter of an address; what cannot be read asks nothing."""
    return Filter(
        name=data.get("name", "").strip()[:80],
        place=data.get("place", "").strip()[:80],
        book=read_id(data.get("book", "")),
        segment=read_id(data.get("segment", "")),
        sms=read_reach(data.get("sms", "")),
        email=read_reach(data.get("email", "")),
    )


def read_reach(text: str) -> int | None:
    """A reach of an address, or nothing."""
    return int(text) if text in ("0", "1", "2", "3", "4") else None


def read_id(text: str) -> UUID | None:
    """An id of an address, or nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def back_to_list(request: ClientRequest) -> str:
    """The list as it was, whatever page the browser says it came from."""
    listing = reverse("audience:contacts", args=[request.client.slug])
    return f"{listing}?{request.POST['query']}" if request.POST.get("query") else listing
