"""What holds on every page of a client's workspace: the client's own time, and visits that only read."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from sofy.clients import rules


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


class SupportReads:
    """Middleware: the operator's staff on a visit send nothing but searches, whatever a page lets its readers do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        """The client, and who looks at it, are known since the middleware of the kit."""
        client = getattr(request, "client", None)
        reads = request.method in ("GET", "HEAD") or getattr(view, "only_reads", False)
        if client is not None and client.viewer_role == rules.SUPPORT and not reads:
            raise PermissionDenied
