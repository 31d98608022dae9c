"""Pages of contacts: the list, finding, saved views, choosing many."""

from typing import Any
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sofy.audience import queries
from sofy.audience.columns import COOKIE, OWN, all_columns, chosen_columns
from sofy.audience.models import Book, SavedView
from sofy.audience.queries import Filter
from sofy.audience.segments.models import Segment
from sofy.audience.services import attributes, contacts
from sofy.audience.views.bulk import for_all
from sofy.audience.views.reading import back_to_list, read_filter, read_id
from sofy.audience.wording import say
from sofy.clients import queries as clients
from sofy.clients.access import ClientRequest, only_reads, requires
from sofy.kernel.errors import Refused
from sofy.ui import notify

FILTERS = ("name", "place", "book", "segment", "sms", "email", "columns")
UNDO_SALT = "sofy.audience.undo"
YEAR_S = 365 * 24 * 3600


@require_GET
@requires("contact.view")
def contact_list(request: ClientRequest) -> HttpResponse:
    """The list: filters, columns and page are all in the address."""
    wanted, after = read_filter(request.GET), read_id(request.GET.get("after", ""))
    try:
        page = queries.page(request.client, wanted, after=after)
        total = queries.total(request.client, wanted)
    except Refused:
        raise Http404 from None
    known = all_columns(attributes.definitions(request.client.pk))
    columns = chosen_columns(request, known)
    context = {"page": page, "wanted": wanted, "total": total, "first": after is None, "columns": columns}
    context |= {"all_columns": known.items(), "own": _own_values(request, page, columns)}
    response = render(request, "audience/contact_list.html", context | _choices(request))
    if request.GET.getlist("columns"):
        response.set_cookie(
            COOKIE, ".".join(columns), YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response


def _own_values(request: ClientRequest, page: queries.Page, columns: list[str]) -> dict[UUID, dict[str, Any]]:
    """What the columns of the client's own fields show, read only when there are such columns."""
    if not any(column.startswith(OWN) for column in columns):
        return {}
    found = attributes.values_of(request.client.pk, [contact.id for contact in page.contacts])
    return {who: {OWN + name: value for name, value in values.items()} for who, values in found.items()}


def _choices(request: ClientRequest) -> dict[str, Any]:
    client = request.client.pk
    return {
        "books": Book.objects.filter(client_id=client, deleted_at=None).order_by("name"),
        "segments": Segment.objects.filter(client_id=client, deleted_at=None).order_by("name"),
        "shops": dict(clients.visible_establishments(request.client).values_list("pk", "name")),
        "reaches": [3, 2, 4, 1, 0],
        "counted": queries.COUNTED,
        "views": SavedView.objects.filter(client_id=client, user_id=request.user.pk).order_by("name"),
        "may_edit": request.client.can("contact.edit"),
        "may_import": request.client.can("contact.import"),
        "may_export": request.client.can("contact.export"),
    }


@only_reads
@require_POST
@requires("contact.view")
def contact_find(request: ClientRequest) -> HttpResponse:
    """Go to the person with this number or address; a name or a town becomes a filter. Never a number in an address."""
    text = request.POST.get("q", "").strip()[:120]
    listing = reverse("audience:contacts", args=[request.client.slug])
    found = queries.find_by_identity(request.client, text)
    if found is not None:
        return redirect("audience:contact", request.client.slug, found.id)
    if "@" in text or sum(map(str.isdigit, text)) > 5:
        notify.warn(request, _("No contact has this phone number or e-mail address. Write all of it."))
        return redirect(listing)
    asked = QueryDict(mutable=True)
    named = not text[:1].isdigit() and queries.page(request.client, Filter(name=text), size=1).contacts
    asked["name" if named else "place"] = text
    return redirect(f"{listing}?{asked.urlencode()}" if text else listing)


@require_POST
@requires("contact.view")
def view_save(request: ClientRequest) -> HttpResponse:
    """Keep the filters and columns of the address under a name; the name filter is personal data and is left out."""
    name = request.POST.get("name", "").strip()[:80]
    kept = {key: request.GET.getlist(key) for key in FILTERS if key in request.GET and key != "name"}
    columns = kept.pop("columns", [])
    if name:
        SavedView.objects.filter(client_id=request.client.pk, user_id=request.user.pk, name=name).delete()
        SavedView.objects.create(
            client_id=request.client.pk, name=name, user_id=request.user.pk, columns=columns, filter=kept
        )
        notify.done(request, _("View “%(name)s” kept.") % {"name": name})
    listing = reverse("audience:contacts", args=[request.client.slug])
    return redirect(f"{listing}?{request.GET.urlencode()}")


@require_POST
@requires("contact.view")
def view_remove(request: ClientRequest, view_id: UUID) -> HttpResponse:
    """Forget a view."""
    views = SavedView.objects.filter(client_id=request.client.pk, user_id=request.user.pk, id=view_id)
    if not views.delete()[0]:
        raise Http404
    return redirect("audience:contacts", request.client.slug)


@require_POST
@requires("contact.edit")
def contact_bulk(request: ClientRequest) -> HttpResponse:
    """Do one thing to the contacts that were ticked, or to all of the list, with an Undo."""
    if request.POST.get("all"):
        return for_all(request)
    ids = [each for text in request.POST.getlist("ids")[:200] if (each := read_id(text))]
    chosen = [contact.id for contact in queries.chosen(request.client, ids)]
    book = read_id(request.POST.get("book", ""))
    verb = request.POST.get("do", "")
    if not chosen:
        notify.warn(request, _("Tick some contacts first."))
    elif verb in ("add", "take") and book is None:
        notify.warn(request, _("Choose a contact book first."))
    else:
        _do(request, verb, chosen, book)
    return redirect(back_to_list(request))


def _do(request: ClientRequest, verb: str, ids: list[UUID], book: UUID | None) -> None:
    try:
        changed, back = _apply(request, verb, ids, book)
    except Refused as refused:
        return notify.refuse(request, say(refused))
    if not changed:
        return notify.done(request, _("Nothing to change."))
    token = signing.dumps([back, [each.hex for each in changed], book and book.hex], salt=UNDO_SALT, compress=True)
    undo = reverse("audience:contact-undo", args=[request.client.slug, token])
    text = ngettext("%(n)s contact changed.", "%(n)s contacts changed.", len(changed)) % {"n": len(changed)}
    if verb == "remove":
        text = ngettext("%(n)s contact removed.", "%(n)s contacts removed.", len(changed)) % {"n": len(changed)}
    return notify.done(request, text, undo_url=undo)


def _apply(request: ClientRequest, verb: str, ids: list[UUID], book: UUID | None) -> tuple[list[UUID], str]:
    """Do it; answers who changed and the verb that takes it back."""
    who: dict[str, Any] = {"client_id": request.client.pk, "ids": ids, "actor": request.user.actor}
    if verb == "add" and book:
        return contacts.add_to_book(**who, book_id=book), "take"
    if verb == "take" and book:
        return contacts.take_from_book(**who, book_id=book), "add"
    if verb == "remove":
        return contacts.remove(**who), "restore"
    if verb == "restore":
        return contacts.restore(**who), "remove"
    raise Refused("choice_unknown")


@require_POST
@requires("contact.edit")
def contact_undo(request: ClientRequest, token: str) -> HttpResponse:
    """Take back what was done to many; the token is ours, signed, for ten minutes."""
    try:
        verb, ids, book = signing.loads(token, salt=UNDO_SALT, max_age=600)
        _apply(request, verb, [UUID(each) for each in ids], UUID(book) if book else None)
    except signing.SignatureExpired:
        notify.refuse(request, _("It is too late to undo this."))
    except (signing.BadSignature, Refused):
        raise Http404 from None
    else:
        notify.done(request, _("Taken back."))
    return redirect(back_to_list(request))
