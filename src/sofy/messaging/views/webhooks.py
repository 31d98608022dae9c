"""A client's webhooks: where its programs are, what they were told, and telling it once more."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients.access import ClientRequest, requires
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.messaging.forms import ReplayForm, WebhookForm
from sofy.messaging.services import webhooks as services
from sofy.ui import notify, problems
from sofy.webhooks.registry import LAST, Webhook

PER_PAGE = 50
#: Where on the form a refusal is said.
FIELDS = {"webhook_event": "events", "webhook_batch": "batch", "webhooks_too_many": None}
STATES = ("failed", "waiting", "delivered")


def _find(request: ClientRequest, webhook_id: UUID) -> Webhook:
    try:
        return services.find(request.client.pk, webhook_id)
    except Refused:
        raise Http404 from None


@require_GET
@requires("key.view")
def overview(request: ClientRequest) -> HttpResponse:
    """Every webhook and how it stands."""
    return render(request, "messaging/webhooks.html", {"rows": services.webhooks(request.client.pk)})


@require_http_methods(["GET", "POST"])
@requires("key.edit")
def new(request: ClientRequest) -> HttpResponseBase:
    """Add one; its secret is on the answer of this request and nowhere else."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = services.add(request.client.pk, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code, "url"), problems.sentence(refused))
        else:
            return _made(request, made, secret, rotated=False)
    return render(request, "messaging/webhook_form.html", {"form": form}, status=422 if form.errors else 200)


def _made(request: ClientRequest, webhook_id: UUID, secret: str, *, rotated: bool) -> HttpResponse:
    context = {"webhook": _find(request, webhook_id), "secret": secret, "rotated": rotated}
    answer = render(request, "messaging/webhook_made.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@requires("key.view")
def one(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """How it stands and what it was told."""
    webhook = _find(request, webhook_id)
    state = request.GET.get("state") if request.GET.get("state") in STATES else None
    before = _uuid(request.GET.get("after", ""))
    rows = services.deliveries(request.client.pk, webhook.id, before=before, state=state, most=PER_PAGE + 1)
    context: dict[str, Any] = {
        "webhook": webhook,
        "rows": rows[:PER_PAGE],
        "state": state,
        "states": STATES,
        "after": str(rows[PER_PAGE - 1].id) if len(rows) > PER_PAGE else "",
        "first": before == LAST,
        "form": ReplayForm(initial={"since": clock.today() - timedelta(days=7)}),
    }
    return render(request, "messaging/webhook.html", context)


@require_http_methods(["GET", "POST"])
@requires("key.edit")
def edit(request: ClientRequest, webhook_id: UUID) -> HttpResponseBase:
    """Where it is, what it is told and how much at a time."""
    webhook = _find(request, webhook_id)
    initial = {"url": webhook.url, "events": webhook.events, "batch": webhook.batch}
    form = WebhookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change(request.client.pk, webhook.id, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code, "url"), problems.sentence(refused))
        else:
            notify.done(request, _("The webhook is changed."))
            return redirect("messaging:webhook", request.client.slug, webhook.id)
    context = {"form": form, "webhook": webhook}
    return render(request, "messaging/webhook_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires("key.edit")
def rotate(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """Another secret, shown on this answer only."""
    webhook = _find(request, webhook_id)
    secret = services.rotate(request.client.pk, webhook.id, actor=request.user.actor)
    return _made(request, webhook.id, secret, rotated=True)


@require_POST
@requires("key.edit")
def remove(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """Tell it nothing more."""
    webhook = _find(request, webhook_id)
    services.remove(request.client.pk, webhook.id, actor=request.user.actor)
    notify.done(request, _("The webhook is removed: your program is told nothing more."))
    return redirect("messaging:webhooks", request.client.slug)


@require_POST
@requires("key.edit")
def enable(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """Let it be told again."""
    webhook = _find(request, webhook_id)
    services.enable(request.client.pk, webhook.id, actor=request.user.actor)
    notify.done(request, _("The webhook is at work again: what it missed is on its way."))
    return redirect("messaging:webhook", request.client.slug, webhook.id)


@require_POST
@requires("key.edit")
def test(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """Tell it something that is about nothing."""
    webhook = _find(request, webhook_id)
    try:
        services.test(request.client.pk, webhook.id)
    except Refused as refused:
        notify.warn(request, problems.sentence(refused))
    else:
        notify.done(request, _("A test is on its way: it is listed here within seconds."))
    return redirect("messaging:webhook", request.client.slug, webhook.id)


@require_POST
@requires("key.edit")
def replay(request: ClientRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Tell it something once more."""
    webhook = _find(request, webhook_id)
    try:
        services.replay(request.client.pk, webhook.id, delivery_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The request is made once more."))
    return redirect("messaging:webhook", request.client.slug, webhook.id)


@require_POST
@requires("key.edit")
def replay_failed(request: ClientRequest, webhook_id: UUID) -> HttpResponse:
    """Tell it everything once more that was given up since a day."""
    webhook, form = _find(request, webhook_id), ReplayForm(request.POST)
    if form.is_valid():
        since = datetime.combine(form.cleaned_data["since"], time(), clock.PARIS)
        count = services.replay_failed(request.client.pk, webhook.id, since, actor=request.user.actor)
        text = ngettext("%(n)s request is made once more.", "%(n)s requests are made once more.", count)
        if count:
            notify.done(request, text % {"n": count})
        else:
            notify.warn(request, _("Nothing was given up since that day: no request is made once more."))
    else:
        notify.warn(request, _("Choose the day from which on."))
    return redirect("messaging:webhook", request.client.slug, webhook.id)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return LAST
