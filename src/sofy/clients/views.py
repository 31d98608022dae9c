"""Pages of a client's workspace that no other room owns."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.clients import forms, queries, services, support, words
from sofy.clients.access import ClientRequest, only_reads, requires
from sofy.clients.models import Establishment, Invitation, Membership
from sofy.kernel import clock, numbers
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.ui import commands, notify, panels, problems


@requires("home.view")
def home(request: ClientRequest) -> HttpResponse:
    """What needs me, what is running, what left today, how last week went."""
    context = {
        "now": timezone.localtime(clock.now()),
        "start": panels.render(request, "home.start"),
        "today": panels.render(request, "home.today"),
        "attention": panels.render(request, "home.attention"),
        "running": panels.render(request, "home.running"),
        "figures": panels.render(request, "home.figures"),
        "shops": queries.visible_establishments(request.client).count(),
    }
    return render(request, "clients/home.html", context)


@requires("home.view")
@only_reads
def find(request: ClientRequest) -> HttpResponse:
    """The answer of the command bar; a page of its own without a script. Never a number in an address."""
    text = request.POST.get("q", "")[:200]
    context = {"text": text, "hits": commands.find(request, "client", text)}
    return render(request, "ui/hits.html" if request.htmx else "ui/find.html", context)


def support_banner(request: HttpRequest) -> dict[str, Any] | None:
    """What every page says while the operator's staff look at it on a visit."""
    client = getattr(request, "client", None)
    return {"visit": client.support_visit, "slug": client.slug} if client and client.support_visit else None


@requires("establishment.view")
def establishments(request: ClientRequest) -> HttpResponse:
    """The points of sale this person works with."""
    rows = queries.visible_establishments(request.client)
    return render(request, "clients/establishments.html", {"rows": rows})


@requires("establishment.edit")
def establishment(request: ClientRequest, establishment_id: UUID | None = None) -> HttpResponse:
    """Add or change a point of sale."""
    row = Establishment(client_id=request.client.pk)
    if establishment_id is not None:
        found = queries.establishments(request.client.pk).filter(pk=establishment_id).first()
        if found is None:
            raise Http404
        row = found
    form = forms.EstablishmentForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        changed = form.instance
        changed.street = form.cleaned_data["street"]
        try:
            services.save_establishment(request.client, actor=request.user.actor, establishment=changed)
        except Refused as error:
            field = "code" if error.code == "establishment_code_taken" else None
            form.add_error(field, problems.sentence(error))
        else:
            notify.done(request, _("“%(name)s” is saved.") % {"name": changed.name})
            return redirect("clients:establishments", request.client.slug)
    status = 422 if form.errors else 200
    return render(request, "clients/establishment.html", {"form": form, "new": establishment_id is None}, status=status)


@requires("team.view")
def team(request: ClientRequest) -> HttpResponse:
    """Who works here, in which role, with a second factor or not, and who is invited."""
    context = {
        "members": queries.members(request.client.pk),
        "invitations": queries.open_invitations(request.client.pk),
        "secured": _with_second_factor(request.client.pk),
        "visits": support.going_on(request.client.pk),
    }
    return render(request, "clients/team.html", context)


def _with_second_factor(client_id: UUID) -> set[UUID]:
    from allauth.mfa.models import Authenticator

    users = Membership.objects.filter(client_id=client_id).values("user_id")
    rows = Authenticator.objects.filter(user_id__in=users).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(rows.values_list("user_id", flat=True))


@requires("team.edit")
def invite(request: ClientRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    form = forms.InvitationForm(request.POST or None, client=request.client, initial={"role": "marketer"})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            invitation, token = services.invite_member(
                request.client,
                email=data["email"],
                role=data["role"],
                actor=request.user.actor,
                establishments=form.places(),
            )
        except Refused as error:
            form.add_error("email", problems.sentence(error))
        else:
            _send_invitation(request, invitation, token)
            notify.done(request, _("The invitation to %(email)s has left.") % {"email": invitation.email})
            return redirect("clients:team", request.client.slug)
    status = 422 if form.errors else 200
    return render(request, "clients/invite.html", {"form": form}, status=status)


def _send_invitation(request: ClientRequest, invitation: Invitation, token: str) -> None:
    link = settings.BASE_URL + reverse("accounts:invitation", args=[token])
    context = {"client": request.client, "link": link, "days": services.INVITATION_DAYS}
    subject = _("%(client)s invites you to Sofy") % {"client": request.client.name}
    body = render_to_string("clients/mail/invitation.txt", context, request=request)
    send_mail(subject, body, None, [invitation.email])


@require_POST
@requires("team.edit")
def withdraw(request: ClientRequest, invitation_id: UUID) -> HttpResponse:
    """Close a place nobody has taken."""
    try:
        services.withdraw_invitation(request.client, invitation_id=invitation_id, actor=request.user.actor)
    except Invitation.DoesNotExist:
        raise Http404 from None
    notify.done(request, _("The invitation is withdrawn: its link opens nothing any more."))
    return redirect("clients:team", request.client.slug)


@requires("team.edit")
def member(request: ClientRequest, membership_id: UUID) -> HttpResponse:
    """Change the role of a member."""
    row = get_object_or_404(Membership.objects.select_related("user"), client_id=request.client.pk, pk=membership_id)
    places = [str(place) for place in row.places.values_list("establishment_id", flat=True)]
    form = forms.RoleForm(
        request.POST or None, client=request.client, initial={"role": row.role, "establishments": places}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_role(
                request.client,
                membership_id=row.pk,
                role=form.cleaned_data["role"],
                actor=request.user.actor,
                establishments=form.places(),
            )
        except Refused as error:
            form.add_error("role", problems.sentence(error))
        else:
            notify.done(request, _("The role is changed."))
            return redirect("clients:team", request.client.slug)
    status = 422 if form.errors else 200
    return render(request, "clients/member.html", {"form": form, "member": row}, status=status)


@require_POST
@requires("team.edit")
def remove(request: ClientRequest, membership_id: UUID) -> HttpResponse:
    """Take somebody out of the team."""
    try:
        services.remove_member(request.client, membership_id=membership_id, actor=request.user.actor)
    except Membership.DoesNotExist:
        raise Http404 from None
    except Refused as error:
        notify.refuse(request, problems.sentence(error))
        return redirect("clients:member", request.client.slug, membership_id)
    notify.done(request, _("This person is no longer in the team."))
    return redirect("clients:team", request.client.slug)


@requires("settings.view")
def client_settings(request: ClientRequest) -> HttpResponse:
    """What the client decides for itself; who may not change it reads it."""
    may_edit = request.client.can("settings.edit")
    form = forms.SettingsForm(request.POST if may_edit and request.method == "POST" else None, instance=request.client)
    if form.is_bound and form.is_valid():
        data: dict[str, Any] = form.cleaned_data
        kept = ("name", "timezone", "approval_required", "cap_messages", "cap_days", "budget_eur", "hours")
        services.update_settings(request.client, actor=request.user.actor, **{field: data[field] for field in kept})
        notify.done(request, _("The settings are saved."))
        return redirect("clients:settings", request.client.slug)
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    status = 422 if form.errors else 200
    return render(request, "clients/settings.html", {"form": form, "may_edit": may_edit}, status=status)


@requires("audit.view")
def journal(request: ClientRequest) -> HttpResponse:
    """The audit chain, newest first; `verify` recomputes it."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in words.KINDS else ""
    after = request.GET.get("after", "")
    rows = queries.journal(request.client.pk, before=numbers.whole(after), kind=kind, limit=51)
    lines = words.lines(rows[:50], queries.names_of(row.actor for row in rows))
    context = {
        "lines": lines,
        "kinds": words.KINDS.items(),
        "kind": kind,
        "after": rows[49].seq if len(rows) > 50 else None,
        "first": not after,
    } | words.verified(audit.verify(request.client.pk) if "verify" in request.GET else None)
    return render(request, "clients/journal.html", context)
