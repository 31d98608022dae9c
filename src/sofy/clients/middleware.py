"""Times on a client's pages are told in the client's own zone."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone


class ClientClock:
    """Middleware: the zone of the client for the pages of its workspace, the zone of the product elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()  # the thread serves another client next

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        """The client is known since the middleware before."""
        client = getattr(request, "client", None)
        if client is not None:
            timezone.activate(client.timezone)
