"""Pages of segments: the list, the builder, the page of one."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.audience import queries
from sofy.audience.segments import counts, draft, names, preview, services, tree
from sofy.audience.segments.draft import Draft
from sofy.audience.segments.forms import GROUPS, offered
from sofy.audience.segments.models import Segment
from sofy.audience.segments.names import Names
from sofy.audience.segments.sentence import sentence
from sofy.audience.segments.services import save as save_segment
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.ui import notify


@require_GET
@requires("segment.view")
def segment_list(request: ClientRequest) -> HttpResponse:
    """All segments, the last changed first."""
    segments = Segment.objects.filter(client_id=request.client.pk, deleted_at=None).order_by("-updated_at", "-id")
    known = names.load(request.client.pk)
    rows = [(segment, _sentence(segment, known)) for segment in segments]
    return render(request, "audience/segment_list.html", {"rows": rows, "may_edit": request.client.can("segment.edit")})


@require_http_methods(["GET", "POST"])
@requires("segment.edit")
def segment_new(request: ClientRequest) -> HttpResponse:
    """The builder, empty at first."""
    start = Draft("all", parts=[Draft(draft.FIRST_KIND)])
    return _builder(request, start, None)


@require_http_methods(["GET", "POST"])
@requires("segment.edit")
def segment_edit(request: ClientRequest, segment_id: UUID) -> HttpResponse:
    """The builder on a saved segment."""
    segment = _segment(request, segment_id)
    if segment.is_snapshot:
        raise Http404
    return _builder(request, draft.from_tree(tree.from_builtins(segment.tree)), segment)


def _builder(request: ClientRequest, root: Draft, segment: Segment | None) -> HttpResponse:
    known = names.load(request.client.pk)
    action, name = request.POST.get("do", ""), segment.name if segment else ""
    if request.method == "POST":
        root, name = draft.apply(draft.from_form(request.POST), action), request.POST.get("name", "")
    node = draft.arrange(root, known)
    if action == "save" and (saved := _saved(request, root, node, name, segment)):
        return saved
    context = _builder_context(request, root, node, known) | {"name": name, "segment": segment}
    template = "audience/segment_builder.html" + ("#builder" if request.htmx else "")
    status = 422 if action == "save" and not request.htmx else 200
    return render(request, template, context, status=status)


def _saved(
    request: ClientRequest, root: Draft, node: tree.All | None, name: str, segment: Segment | None
) -> HttpResponseRedirect | None:
    """Save and go to the segment's page; None with the problems noted when it cannot be saved."""
    if node is None:
        root.problems.append("segment_invalid")
        return None
    try:
        saved = save_segment(
            client_id=request.client.pk,
            name=name,
            root=node,
            actor=request.user.actor,
            segment_id=segment.id if segment else None,
        )
    except Refused as refused:
        draft.note(root, refused)
        return None
    size = ngettext("Saved: %(n)s contact.", "Saved: %(n)s contacts.", saved.size or 0) % {"n": saved.size}
    notify.done(request, size)
    return redirect("audience:segment", request.client.slug, saved.id)


def _builder_context(request: ClientRequest, root: Draft, node: tree.All | None, known: Names) -> dict[str, Any]:
    shown, limit = None, request.client.viewer_establishments
    if node is not None:
        try:
            shown = preview.shown(request.client.pk, node, known, limit)
        except Refused as refused:
            draft.note(root, refused)
        preview.count_rows(request.client.pk, root, node, shown.total if shown and limit is None else None)
    return {"root": root, "kinds": offered(known), "groups": GROUPS.items(), "shown": shown}


@require_http_methods(["GET", "POST"])
@requires("segment.view")
def segment_page(request: ClientRequest, segment_id: UUID) -> HttpResponse:
    """One segment: its sentence, how it can be reached, some members, and why somebody is in or out (by POST)."""
    segment = _segment(request, segment_id)
    known = names.load(request.client.pk)
    root = services.root_of(segment)
    context: dict[str, Any] = {"segment": segment, "names": known, "may_edit": request.client.can("segment.edit")}
    context["rules"] = _sentence(segment, known)
    try:
        context["shown"] = preview.shown(request.client.pk, root, known, request.client.viewer_establishments)
        context |= _why(request, root)
    except Refused as refused:
        context["problem"] = say(refused)
    context["json"] = tree.dumps(root).decode()
    return render(request, "audience/segment.html", context)


def _why(request: ClientRequest, root: tree.All) -> dict[str, Any]:
    """Whether the person with the given phone or e-mail is in, with the reason of each row."""
    who = request.POST.get("who", "").strip()
    if not who:
        return {}
    contact = queries.find_by_identity(request.client, who)
    if contact is None:
        return {"who": who, "unknown": True}
    return {"who": who, "contact": contact, "reasons": counts.explain(request.client.pk, root, contact.id)}


@require_POST
@requires("segment.edit")
def segment_freeze(request: ClientRequest, segment_id: UUID) -> HttpResponse:
    """Keep today's members as a list that no longer moves."""
    segment = _segment(request, segment_id)
    name = request.POST.get("name", "").strip() or _("%(name)s, frozen") % {"name": segment.name[:100]}
    frozen = services.freeze(
        client_id=request.client.pk, segment_id=segment.id, name=name[:120], actor=request.user.actor
    )
    notify.done(request, _("Frozen: this list keeps today’s members whatever happens later."))
    return redirect("audience:segment", request.client.slug, frozen.id)


@require_POST
@requires("segment.edit")
def segment_remove(request: ClientRequest, segment_id: UUID) -> HttpResponse:
    """Throw a segment away, with an Undo."""
    segment = _segment(request, segment_id)
    try:
        services.remove(client_id=request.client.pk, segment_id=segment.id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, say(refused))
        return redirect("audience:segment", request.client.slug, segment.id)
    undo = reverse("audience:segment-restore", args=[request.client.slug, segment.id])
    notify.done(request, _("Segment “%(name)s” removed.") % {"name": segment.name}, undo_url=undo)
    return redirect("audience:segments", request.client.slug)


@require_POST
@requires("segment.edit")
def segment_restore(request: ClientRequest, segment_id: UUID) -> HttpResponse:
    """Bring a removed segment back."""
    try:
        services.restore(client_id=request.client.pk, segment_id=segment_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The segment is back."))
    return redirect("audience:segment", request.client.slug, segment_id)


def _segment(request: ClientRequest, segment_id: UUID) -> Segment:
    try:
        return services.get(request.client.pk, segment_id)
    except Refused:
        raise Http404 from None


def _sentence(segment: Segment, known: Names) -> str:
    try:
        return sentence(tree.from_builtins(segment.tree), known) if segment.tree else ""
    except Refused as refused:
        return say(refused)
