"""Guards of views: what a person may do at the client of the address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from sofy.clients.models import Client


class ClientRequest(HttpRequest):
    """A request at a client's address, as views see it."""

    client: Client
    user: Any
    htmx: Any


def only_reads(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a view that changes nothing when it is posted to: a search whose text belongs in no address."""
    view.only_reads = True  # type: ignore[attr-defined]
    return view


def requires(permission: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let only people with this permission in; 403 within one's own client, 404 was answered before for any other."""

    def guard(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: ClientRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            client = getattr(request, "client", None)
            if client is None:
                raise Http404
            if not client.can(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return guard
