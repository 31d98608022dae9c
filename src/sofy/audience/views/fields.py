"""Pages of the fields a client adds to its contacts."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sofy.audience.forms import FieldForm, FieldLabelForm
from sofy.audience.models import Attribute
from sofy.audience.services import attributes
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.ui import notify

TYPED_FROM = 1_000  # values: from here on the name of the field is typed before they go


@require_http_methods(["GET", "POST"])
@requires("contact.import")
def field_list(request: ClientRequest) -> HttpResponse:
    """The client's own fields, and a new one."""
    form = FieldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = attributes.create(client_id=request.client.pk, actor=request.user.actor, **form.cleaned_data)
        except Refused as refused:
            form.add_error("choices" if refused.code.startswith("choices") else "label", say(refused))
        else:
            notify.done(request, _("Your contacts have the field “%(name)s” now.") % {"name": made.label})
            return redirect("audience:fields", request.client.slug)
    context = {"fields": attributes.definitions(request.client.pk), "form": form}
    return render(request, "audience/fields.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("contact.import")
def field_page(request: ClientRequest, field_id: UUID) -> HttpResponse:
    """One field: another label, or no field any more."""
    field = _field(request, field_id)
    form = FieldLabelForm(request.POST or None, field=field)
    if request.method == "POST" and form.is_valid() and _change(request, field, form):
        notify.done(request, _("Changed."))
        return redirect("audience:fields", request.client.slug)
    return render(request, "audience/field.html", _context(field, form), status=422 if form.errors else 200)


def _change(request: ClientRequest, field: Attribute, form: FieldLabelForm) -> bool:
    """Rename, and change what is offered; what was refused is put on the form."""
    this: dict[str, Any] = {"client_id": request.client.pk, "field_id": field.id, "actor": request.user.actor}
    try:
        with transaction.atomic():
            attributes.rename(label=form.cleaned_data["label"], **this)
            if "choices" in form.cleaned_data:
                attributes.offer(choices=form.cleaned_data["choices"], **this)
    except Refused as refused:
        form.add_error("choices" if refused.code.startswith("choices") else "label", say(refused))
        return False
    return True


@require_POST
@requires("contact.import")
def field_delete(request: ClientRequest, field_id: UUID) -> HttpResponse:
    """Delete a field with its values; its name is typed first when many contacts have one."""
    field = _field(request, field_id)
    context = _context(field, FieldLabelForm(field=field))
    if context["typed"] and request.POST.get("typed", "").strip() != field.label:
        context["typed_error"] = _("Type the name exactly as it is shown.")
        return render(request, "audience/field.html", context, status=422)
    try:
        attributes.delete(client_id=request.client.pk, field_id=field.id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, say(refused))
        return redirect("audience:field", request.client.slug, field.id)
    notify.done(request, _("The field “%(name)s” was deleted.") % {"name": field.label})
    return redirect("audience:fields", request.client.slug)


def _context(field: Attribute, form: FieldLabelForm) -> dict[str, Any]:
    used = attributes.used(field.client_id, field.name)
    many = used > attributes.COUNTED
    return {
        "field": field,
        "form": form,
        "used": min(used, attributes.COUNTED),
        "many": many,
        "typed": field.label if used >= TYPED_FROM else "",
    }


def _field(request: ClientRequest, field_id: UUID) -> Attribute:
    found = Attribute.objects.filter(client_id=request.client.pk, id=field_id).first()
    if found is None:
        raise Http404
    return found
