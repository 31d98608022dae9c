"""What the views of this room share."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase

from sofy.clients.access import ClientRequest, requires
from sofy.soreach.models import Campaign
from sofy.soreach.services import lifecycle

#: Step of the wizard -> what opens it: its view asks for it, and the bar of steps leads to it or does not.
STEPS = {
    "audience": "campaign.edit",
    "content": "campaign.edit",
    "schedule": "campaign.edit",
    "checks": "campaign.view",
    "confirm": "campaign.launch",
}

View = Callable[..., HttpResponseBase]


def campaign_view(permission: str, *, draft: bool = False) -> Callable[[View], View]:
    """Give a view the campaign of the address; with `draft`, one that has left the draft is shown where it is now."""

    def decorate(view: View) -> View:
        @wraps(view)
        @requires(permission)
        def found(request: ClientRequest, campaign_id: UUID, **kwargs: Any) -> HttpResponseBase:
            campaign = lifecycle.find(request.client.pk, campaign_id)
            if campaign is None:
                raise Http404
            campaign.seen_by = request.client.viewer_establishments
            if draft and not campaign.is_draft:
                from sofy.soreach.views.lists import show_where_it_is

                return show_where_it_is(request, campaign)
            return view(request, campaign, **kwargs)

        return found

    return decorate


def step_context(request: ClientRequest, campaign: Campaign, step: str) -> dict[str, Any]:
    """What every step of the wizard shows."""
    steps = [(name, request.client.can(permission)) for name, permission in STEPS.items()]
    return {"campaign": campaign, "step": step, "steps": steps}
