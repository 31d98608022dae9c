"""Pages of one contact: everything about them, creating, changing, consent and its proof, export."""

import json
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.audience import queries
from sofy.audience.comparing import merged_into, merges_of, timeline
from sofy.audience.forms import ConsentForm, ContactForm
from sofy.audience.models import Book, Contact, Identity, Membership
from sofy.audience.segments import campaigns, whatsapp
from sofy.audience.services import attributes, consent, contacts, unreachable
from sofy.audience.services.contacts import save as save_contact
from sofy.audience.templatetags.audience import person
from sofy.audience.views.contacts import UNDO_SALT
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import Establishment
from sofy.kernel import phone
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.ui import notify


@require_GET
@requires("contact.view")
def contact_page(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """One person: addresses, consent, books, fields, what was sent to them. Who was merged leads to who is there."""
    now = queries.contact(request.client, contact_id) or merged_into(request.client, contact_id)
    if now is not None and now.id != contact_id:
        return redirect("audience:contact", request.client.slug, now.id)
    contact = _contact(request, contact_id)
    return render(request, "audience/contact.html", _everything(request, contact))


def _everything(request: ClientRequest, contact: Contact) -> dict[str, Any]:
    client = request.client.pk
    identities = _identities(client, contact.id)
    books = Membership.objects.filter(client_id=client, contact_id=contact.id).values_list("book_id", flat=True)
    place = contact.establishment_id
    shop = Establishment.objects.filter(client_id=client, id=place).first() if place else None
    return {
        "contact": contact,
        "by_whatsapp": whatsapp.reach_of(client, contact.id),
        "identities": identities,
        "history": consent.history(client, contact.id),
        "books": Book.objects.filter(client_id=client, id__in=list(books), deleted_at=None).order_by("name"),
        "attributes": _attributes(client, contact.id),
        "shop": shop,
        "events": timeline(client, contact.id),
        "merges": merges_of(request.client, contact.id),
        "campaigns": dict(campaigns.choices(client)),
        "consent_form": ConsentForm(identities=_choices(identities)),
        "may_edit": request.client.can("contact.edit"),
        "may_export": request.client.can("contact.export"),
        "may_erase": request.client.can("contact.erase"),
        "may_see_imports": request.client.can("contact.import"),
    }


@require_http_methods(["GET", "POST"])
@requires("contact.edit")
def contact_new(request: ClientRequest) -> HttpResponse:
    """Create a contact by hand."""
    form = ContactForm(_posted(request), client=request.client)
    if request.method == "POST" and form.is_valid() and (saved := _save(request, form, None)):
        notify.done(request, _("%(name)s is in your contacts.") % {"name": person(saved)})
        return redirect("audience:contact", request.client.slug, saved.id)
    return render(request, "audience/contact_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("contact.edit")
def contact_edit(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Change a contact."""
    contact = _contact(request, contact_id)
    identities = _identities(request.client.pk, contact.id)
    typed = {kind: [row.shown for row in identities if row.kind == kind] for kind in ("phone", "email")}
    initial = ContactForm.initial_of(contact, typed["phone"], typed["email"])
    form = ContactForm(_posted(request), client=request.client, initial=initial)
    if request.method == "POST" and form.is_valid() and (saved := _save(request, form, contact.id)):
        notify.done(request, _("Changed."))
        return redirect("audience:contact", request.client.slug, saved.id)
    context = {"form": form, "contact": contact}
    return render(request, "audience/contact_form.html", context, status=422 if form.errors else 200)


def _posted(request: ClientRequest) -> QueryDict | None:
    """What was sent, even when it is nothing."""
    return request.POST if request.method == "POST" else None


def _save(request: ClientRequest, form: ContactForm, contact_id: UUID | None) -> Contact | None:
    """Save, or put what was refused on the form."""
    try:
        return save_contact(
            client_id=request.client.pk,
            fields=form.columns(),
            phones=form.cleaned_data["phones"],
            emails=form.cleaned_data["emails"],
            own=form.own_values(),
            actor=request.user.actor,
            contact_id=contact_id,
            seen_by=request.client.viewer_establishments,
        )
    except Refused as refused:
        about = "emails" if "@" in str(refused.facts.get("typed", "")) or refused.code == "email_invalid" else "phones"
        form.add_error(about, say(refused))
        return None


@require_POST
@requires("contact.edit")
def contact_remove(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Take a contact out of the base, with an Undo."""
    contact = _contact(request, contact_id)
    contacts.remove(client_id=request.client.pk, ids=[contact.id], actor=request.user.actor)
    token = signing.dumps(["restore", [contact.id.hex], None], salt=UNDO_SALT, compress=True)
    undo = reverse("audience:contact-undo", args=[request.client.slug, token])
    notify.done(request, _("%(name)s was removed.") % {"name": person(contact)}, undo_url=undo)
    return redirect("audience:contacts", request.client.slug)


@require_POST
@requires("contact.edit")
def consent_record(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Append one word of the person to the ledger."""
    contact = _contact(request, contact_id)
    form = ConsentForm(request.POST, identities=_choices(_identities(request.client.pk, contact.id)))
    if form.is_valid():
        data = {key: value for key, value in form.cleaned_data.items() if key != "identity"}
        try:
            identity, _space, channel = form.cleaned_data["identity"].partition(" ")
            data |= {"identity_id": UUID(identity), "channel": channel}
            consent.record(client_id=request.client.pk, actor=request.user.actor, **data)
        except Refused as refused:
            form.add_error("evidence" if refused.code == "evidence_missing" else None, say(refused))
        else:
            notify.done(request, _("Recorded in the consent ledger."))
            return redirect("audience:contact", request.client.slug, contact.id)
    context = _everything(request, contact) | {"consent_form": form}
    return render(request, "audience/contact.html", context, status=422)


@require_POST
@requires("contact.export")
def consent_proof(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Everything this person said about consent, as a file that proves it."""
    contact = _contact(request, contact_id)
    events = consent.proof(request.client.pk, contact.id)
    facts = {"contact": contact.id, "events": len(events)}
    audit.append(request.client.pk, "consent.proof_exported", request.user.actor, facts)
    body = json.dumps({"contact": str(contact.id), "events": events}, ensure_ascii=False, indent=2)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="consent-{contact.id}.json"'
    return response


def _contact(request: ClientRequest, contact_id: UUID) -> Contact:
    contact = queries.contact(request.client, contact_id)
    if contact is None:
        raise Http404
    return contact


def _identities(client_id: UUID, contact_id: UUID) -> list[Any]:
    rows = Identity.objects.filter(client_id=client_id, contact_id=contact_id, deleted_at=None)
    found: list[Any] = list(rows.order_by("-kind", "position", "id"))
    why = unreachable.reasons_of(client_id, [row.index for row in found])
    for row in found:
        row.shown = phone.display(row.value) if row.kind == Identity.Kind.PHONE else row.value
        row.unreachable = why.get((row.kind, bytes(row.index)))
    return found


def _choices(identities: list[Any]) -> list[tuple[str, str]]:
    """Each address; a mobile once more for WhatsApp, which is agreed to apart."""
    by_whatsapp = [(f"{row.id} whatsapp", f"{row.shown} · WhatsApp") for row in identities if row.kind == "phone"]
    return [*((str(row.id), row.shown) for row in identities), *by_whatsapp]


def _attributes(client_id: UUID, contact_id: UUID) -> list[tuple[str, Any]]:
    """The client's own fields that have a value, with their labels."""
    values = attributes.values_of(client_id, [contact_id]).get(contact_id, {})
    return [(field.label, values[field.name]) for field in attributes.definitions(client_id) if field.name in values]
