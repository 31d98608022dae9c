"""A campaign on its way: progress that follows itself, and the levers."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.clients.access import ClientRequest
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.kit.rls import client_scope
from sofy.soreach import report, words
from sofy.soreach.models import Campaign
from sofy.soreach.rules import Check
from sofy.soreach.services import lifecycle
from sofy.soreach.views.common import campaign_view
from sofy.ui import notify, problems


@campaign_view("campaign.view")
def progress(request: ClientRequest, campaign: Campaign) -> HttpResponseBase:
    """Where it stands; the fragment follows itself until the end: by the stream of this address, or by asking again."""
    if campaign.is_draft:
        return redirect("soreach:audience", request.client.slug, campaign.id)
    if live.wanted(request):
        return live.stream(request, ("campaign", campaign.id), partial(_moved, request.client.pk, campaign.id))
    campaign = lifecycle.finish_if_done(campaign)
    context = _standing(campaign)
    template = "soreach/progress.html#standing" if "HX-Request" in request.headers else "soreach/progress.html"
    return render(request, template, context)


def _moved(client_id: UUID, campaign_id: UUID) -> object:
    """What the stream compares; None once there is nothing to wait for."""
    with client_scope(client_id):
        campaign = lifecycle.find(client_id, campaign_id)
        if campaign is None:
            return None
        shown = report.progress(campaign)
    return (campaign.status, shown) if campaign.is_live or shown.under_way else None


def _standing(campaign: Campaign) -> dict[str, Any]:
    shown = report.progress(campaign)
    reasons = report.reasons(campaign) if shown.settled else []
    expected = campaign.counts.get("recipients") or campaign.confirmed_count or shown.recipients
    rate, left_s = _pace(campaign, shown)
    return {
        "campaign": campaign,
        "progress": shown,
        "expected": max(expected, shown.recipients),
        "reasons": [
            (report.reason_figure(status, reason), words.reason_text(status, reason, campaign.only_channel), n)
            for status, reason, n in reasons
        ],
        "rate": rate,
        "minutes_left": -(-left_s // 60) if left_s else 0,
        "refused": [
            (words.check_text(Check(one["code"], "stop", one.get("facts", {}))), one["article"])
            for one in campaign.refused_because
        ],
        "handed_over": words.step_text("handed_over", campaign.only_channel),
        "taken": words.mail_taken_text(shown.taken, shown.recipients),
        "watch": campaign.is_live or shown.under_way > 0,
    }


def _pace(campaign: Campaign, shown: report.Progress) -> tuple[float, int]:
    """Messages per second over the last minute, and seconds until the last has left at that pace."""
    rate = report.recent_rate(campaign, clock.now())
    return rate, int(shown.waiting / rate) if rate else 0


@require_POST
@campaign_view("campaign.launch")
def pause(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Stop for now."""
    return _act(request, campaign, lifecycle.pause, _("Paused: what has not left waits for you."))


@require_POST
@campaign_view("campaign.launch")
def resume(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Go on."""
    return _act(request, campaign, lifecycle.resume, _("The campaign goes on where it stopped."))


@require_POST
@campaign_view("campaign.launch")
def recall(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Back to the draft, while nothing has left."""
    return _act(request, campaign, lifecycle.back_to_draft, _("The campaign is a draft again."))


@require_POST
@campaign_view("campaign.approve")
def approve(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """The second person says yes."""
    done = _("Approved: the campaign leaves at its time.")
    return _act(request, campaign, lambda row, actor: lifecycle.approve(request.client, row, actor=actor), done)


@campaign_view("campaign.launch")
def cancel(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Say what will be lost, then end it."""
    if request.method == "POST":
        return _act(request, campaign, lifecycle.cancel, _("Cancelled: nothing more leaves."))
    back = reverse("soreach:progress", args=[request.client.slug, campaign.id])
    return render(
        request, "soreach/cancel.html", {"campaign": campaign, "progress": report.progress(campaign), "back": back}
    )


def _act(request: ClientRequest, campaign: Campaign, service: Any, done: str) -> HttpResponse:
    try:
        service(campaign, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, done)
    return redirect("soreach:campaign", request.client.slug, campaign.id)
