"""What a client sees of direct debits: its own mandates, and what was or will be debited."""

from django.http import HttpResponse
from django.shortcuts import render

from sofy.clients.access import ClientRequest, requires
from sofy.kernel.clauses import clause
from sofy.treasury import debit_queries as queries


@requires("contract.view")
@clause("CGVU 10.1")
def mandate(request: ClientRequest) -> HttpResponse:
    """The mandates of this client and its debits."""
    context = {"rows": queries.of_client(request.client.pk), "debits": queries.coming(request.client.pk)}
    return render(request, "treasury/mine.html", context)
