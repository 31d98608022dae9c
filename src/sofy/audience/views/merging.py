"""Pages that make one person of two contacts, and two of one again."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sofy.audience import comparing, queries
from sofy.audience.models import Contact
from sofy.audience.services import people
from sofy.audience.templatetags.audience import person
from sofy.audience.views.reading import read_id
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.ui import notify


@require_http_methods(["GET", "POST"])
@requires("contact.edit")
def contact_merge(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Find the other contact (by POST: numbers and names stay out of addresses), see both, make one of them."""
    contact = _visible(request, contact_id)
    asked = request.POST if request.method == "POST" else request.GET
    other_id = read_id(asked.get("with", ""))
    if other_id is None:
        return _find(request, contact)
    other = _visible(request, other_id)
    kept, gone = (other, contact) if asked.get("keep") == "other" else (contact, other)
    try:
        if request.POST.get("do") == "merge":
            return _merged(request, kept, gone)
        return render(request, "audience/merge.html", _compared(request, contact, kept, gone))
    except Refused as refused:
        notify.refuse(request, say(refused))
        return redirect("audience:contact-merge", request.client.slug, contact.id)


def _find(request: ClientRequest, contact: Contact) -> HttpResponse:
    """Who it may be: those the search finds, or before any search those of the same name."""
    text = request.POST.get("q", "").strip()[:120]
    alike = " ".join(filter(None, (contact.first_name, contact.last_name))) if contact.last_name else ""
    found = comparing.candidates(request.client, contact, text or alike)
    phones, emails = queries.addresses(request.client.pk, [each.id for each in found])
    context = {"contact": contact, "q": text, "found": found, "phones": phones, "emails": emails}
    return render(request, "audience/merge_find.html", context)


def _compared(request: ClientRequest, contact: Contact, kept: Contact, gone: Contact) -> dict[str, Any]:
    client = request.client
    return {
        "contact": contact,
        "kept": kept,
        "gone": gone,
        "other": gone if kept is contact else kept,
        "swapped": kept is not contact,
        "lines": comparing.side_by_side(client, kept, gone),
        "addresses": [comparing.addresses_of(client.pk, each.id) for each in (kept, gone)],
        "books": comparing.books_of(client.pk, kept, gone),
    }


def _merged(request: ClientRequest, kept: Contact, gone: Contact) -> HttpResponse:
    who: dict[str, Any] = {"winner_id": kept.id, "loser_id": gone.id}
    merge_id = people.merge(client_id=request.client.pk, actor=request.user.actor, **who)
    undo = reverse("audience:contact-unmerge", args=[request.client.slug, kept.id, merge_id])
    notify.done(request, _("%(name)s is one contact now.") % {"name": person(kept)}, undo_url=undo)
    return redirect("audience:contact", request.client.slug, kept.id)


@require_POST
@requires("contact.edit")
def contact_unmerge(request: ClientRequest, contact_id: UUID, merge_id: UUID) -> HttpResponse:
    """Take a merge apart: each gets back what was theirs."""
    contact = _visible(request, contact_id)
    if merge_id not in [each["merge"].id for each in comparing.merges_of(request.client, contact.id)]:
        raise Http404
    try:
        people.unmerge(client_id=request.client.pk, merge_id=merge_id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, say(refused))
    else:
        notify.done(request, _("These are two contacts again."))
    return redirect("audience:contact", request.client.slug, contact.id)


def _visible(request: ClientRequest, contact_id: UUID) -> Contact:
    contact = queries.contact(request.client, contact_id)
    if contact is None:
        raise Http404
    return contact
