"""The list of campaigns, and how one begins."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.audience.models import Contact
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.soreach import queries
from sofy.soreach.forms import NameForm
from sofy.soreach.models import Campaign
from sofy.soreach.services import drafts
from sofy.soreach.views.common import campaign_view
from sofy.ui import notify, problems

PER_PAGE = 25


@requires("campaign.view")
def campaigns(request: ClientRequest) -> HttpResponse:
    """Campaigns, the newest first, with what came of each."""
    status, text = request.GET.get("status", ""), request.GET.get("q", "").strip()[:80]
    page = Paginator(queries.campaigns(request.client.pk, status=status, text=text), PER_PAGE).get_page(
        request.GET.get("page")
    )
    figures = queries.figures(request.client.pk, list(page))
    context = {
        "page": page,
        "rows": [(campaign, figures.get(campaign.id)) for campaign in page],
        "statuses": Campaign.Status.choices,
        "status": status,
        "text": text,
    }
    return render(request, "soreach/campaigns.html", context)


@requires("campaign.edit")
def new(request: ClientRequest) -> HttpResponse:
    """Name a campaign; everything else follows step by step."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        campaign = drafts.create_draft(request.client, name=form.cleaned_data["name"], actor=request.user.actor)
        return redirect("soreach:audience", request.client.slug, campaign.id)
    return render(request, "soreach/new.html", {"form": form}, status=422 if form.errors else 200)


@campaign_view("campaign.view")
def campaign(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Wherever the campaign is now: wizard, progress or report."""
    return show_where_it_is(request, campaign)


def show_where_it_is(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Go to the page that fits the status."""
    page = "report" if campaign.status in (Campaign.Status.FINISHED, Campaign.Status.CANCELLED) else "progress"
    if campaign.is_draft:
        page = "audience" if request.client.can("campaign.edit") else "checks"
    return redirect(f"soreach:{page}", request.client.slug, campaign.id)


@require_POST
@campaign_view("campaign.edit")
def duplicate(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Begin again from an older campaign."""
    name = _("%(name)s (copy)") % {"name": campaign.name}
    copy = drafts.duplicate(campaign, name=name, actor=request.user.actor)
    notify.done(request, _("The copy is a draft: nothing leaves before you confirm it."))
    return redirect("soreach:audience", request.client.slug, copy.id)


@require_POST
@campaign_view("campaign.edit", draft=True)
def delete(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Throw a draft away."""
    try:
        drafts.delete_draft(campaign, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return show_where_it_is(request, campaign)
    notify.done(request, _("The draft “%(name)s” is deleted.") % {"name": campaign.name})
    return redirect("soreach:campaigns", request.client.slug)


def running_panel(request: Any) -> dict[str, object] | None:
    """The running campaigns, for the home page."""
    rows = queries.live(request.client.pk)
    return {"rows": rows, "request": request} if rows else None


def attention_panel(request: Any) -> dict[str, object] | None:
    """Campaigns that wait for somebody, for the home page."""
    rows = list(queries.campaigns(request.client.pk, status=Campaign.Status.AWAITING)[:5])
    rows += list(queries.campaigns(request.client.pk, status=Campaign.Status.REFUSED)[:5])
    return {"rows": rows, "request": request} if rows else None


def today_panel(request: Any) -> dict[str, object]:
    """What left today and what still will, for the home page; there is always something to say about a day."""
    return {"today": queries.today(request.client.pk), "request": request}


def start_panel(request: Any) -> dict[str, object] | None:
    """What to do next, for the home page of a client that has contacts and never wrote to them."""
    client_id = request.client.pk
    if (
        Campaign.objects.filter(client_id=client_id).exists()
        or not Contact.objects.filter(client_id=client_id).exists()
    ):
        return None
    return {"request": request}


def week_panel(request: Any) -> dict[str, object] | None:
    """How the last seven days went, for the home page."""
    week = queries.week(request.client.pk)
    return {"week": week, "request": request} if week else None


def named(client_id: UUID) -> list[tuple[UUID, str]]:
    """Campaigns that conditions of segments may name."""
    rows = Campaign.objects.filter(client_id=client_id, launched_at__isnull=False).order_by("-created_at")
    return list(rows.values_list("id", "name")[:200])
