"""The wizard: audience, content, schedule, checks, confirm. Each step saves the draft as it goes."""

import re
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sofy.clients.access import ClientRequest
from sofy.kernel import numbers
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.soreach import people, rules, words
from sofy.soreach.forms import AudienceForm, ContentForm, EditorialForm, ScheduleForm, TestSendForm
from sofy.soreach.models import Campaign
from sofy.soreach.services import caps, checks, drafts, estimate, lifecycle, test_send
from sofy.soreach.views import preview, screens
from sofy.soreach.views.common import STEPS, campaign_view, step_context
from sofy.ui import notify, problems
from sofy.ui.frames import framed, shows_a_frame


@campaign_view(STEPS["audience"], draft=True)
def audience(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Who: the counts follow each tick."""
    form = AudienceForm(request.POST or None, client_id=request.client.pk, initial=AudienceForm.initial_of(campaign))
    if request.method == "POST" and form.is_valid():
        campaign = drafts.save_draft(campaign, form.cleaned_data)
        if not request.htmx:
            return redirect("soreach:content", request.client.slug, campaign.id)
    context = step_context(request, campaign, "audience") | {"form": form, "reach": preview.reach_rows(campaign)}
    template = "soreach/audience.html#reach" if request.htmx else "soreach/audience.html"
    return render(request, template, context, status=422 if form.errors else 200)


@shows_a_frame
@campaign_view(STEPS["content"], draft=True)
def content(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """What: the phone shows the text as real contacts will read it."""
    form = ContentForm(request.POST or None, campaign=campaign)
    whole = not request.htmx or request.headers.get("HX-Target") == "content-form"
    if request.method == "POST" and form.is_valid():
        campaign = _save_content(request, campaign, form)
        if "next" in request.POST:
            return redirect("soreach:schedule", request.client.slug, campaign.id)
        if whole:
            form = ContentForm(campaign=campaign)
    number = preview.position(request.POST or request.GET, _remembered(request, campaign))
    request.session[SHOWN] = {"campaign": str(campaign.id), "as": number}
    shown = preview.phones(campaign, number)
    context = step_context(request, campaign, "content") | {
        "form": form,
        "fields": people.fields(request.client.pk).items(),
        "examples": preview.EXAMPLES,
        **shown,
    }
    template = "soreach/content.html" if whole else "soreach/content.html#preview"
    return render(request, template, context, status=422 if form.errors else 200)


@require_safe
@framed
@campaign_view(STEPS["content"], draft=True)
def mail(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """The e-mail of one variant alone, for the frame of the preview."""
    return HttpResponse(screens.mail(campaign, request.GET.get("variant", ""), preview.position(request.GET)))


SHOWN = "preview"


def _remembered(request: ClientRequest, campaign: Campaign) -> int:
    """Whom this browser looked at last in the preview of this campaign."""
    kept = request.session.get(SHOWN, {})
    return int(kept.get("as", 0)) if kept.get("campaign") == str(campaign.id) else 0


def _save_content(request: ClientRequest, campaign: Campaign, form: ContentForm) -> Campaign:
    """Write the texts, with what a button changes: the mention, plainer characters, a variant more or less."""
    changes = form.changes()
    if "plain_fields" in request.POST:
        changes["plain_fields"] = request.POST["plain_fields"] == "yes"
    saved = drafts.save_draft(campaign, changes)
    if request.POST.keys() & {"mention", "plain", "add", "remove"}:
        contents = preview.reworked(changes["contents"], request.POST, saved.short_code)
        saved = drafts.save_draft(saved, {"contents": contents})
    return saved


@campaign_view(STEPS["schedule"], draft=True)
@clause("CGVU 14.1")
def schedule(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """When, with the permitted hours drawn; both follow what is typed."""
    form = ScheduleForm(
        request.POST or None, initial=ScheduleForm.initial_of(campaign), ceiling=caps.of_client(request.client)
    )
    if request.method == "POST" and form.is_valid():
        campaign = drafts.save_draft(campaign, form.cleaned_data)
        if not request.htmx:
            return redirect("soreach:checks", request.client.slug, campaign.id)
    elif request.method == "POST" and request.htmx:
        campaign = drafts.save_draft(campaign, form.kept())
    context = step_context(request, campaign, "schedule") | {
        "form": form,
        "band": preview.band(request.client, campaign),
    }
    template = "soreach/schedule.html#moment" if request.htmx else "soreach/schedule.html"
    return render(request, template, context, status=422 if form.errors else 200)


@campaign_view(STEPS["checks"], draft=True)
def check(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Everything that is looked at before launch, and the author's own answer about the content."""
    form = EditorialForm(
        request.POST or None, initial={"topics": [t for t, yes in campaign.editorial.items() if yes is True]}
    )
    form.fields["topics"].disabled = not request.client.can("campaign.edit")
    if request.method == "POST" and request.client.can("campaign.edit") and form.is_valid():
        campaign = drafts.save_draft(campaign, {"editorial": form.answers()})
        if request.client.can(STEPS["confirm"]):
            return redirect("soreach:confirm", request.client.slug, campaign.id)
        notify.done(request, _("The answer is kept."))
        return redirect("soreach:checks", request.client.slug, campaign.id)
    context = step_context(request, campaign, "checks") | _checked(request, campaign)
    context |= {"form": form, "test_form": _test_form(request, campaign)}
    return render(request, "soreach/checks.html", context)


def _test_form(request: ClientRequest, campaign: Campaign) -> TestSendForm:
    initial, people_shown = {"as": _remembered(request, campaign)}, preview.persons(campaign)
    return TestSendForm(initial=initial, people=people_shown, by_mail=campaign.channels == ["email"])


def _checked(request: ClientRequest, campaign: Campaign) -> dict[str, Any]:
    """What the checks find, what stops the launch first: that is what there is to do."""
    found, estimated = checks.run_checks(request.client, campaign)
    told = sorted(((one, words.check_text(one)) for one in found), key=lambda each: each[0].level != "stop")
    return {
        "checks": told,
        "stops": " ".join(text for one, text in told if one.level == "stop"),
        "may_launch": rules.may_launch(found),
        "at_night": next((text for one, text in told if one.code == "whatsapp_at_night"), ""),
        "estimate": estimated,
    }


@campaign_view(STEPS["confirm"], draft=True)
def confirm(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """The last page: how many people, how much, and the count to type when there are many."""
    error = ""
    if request.method == "POST":
        try:
            launched = lifecycle.launch(
                request.client, campaign, actor=request.user.actor, typed_count=_typed(request.POST.get("typed", ""))
            )
        except Refused as refused:
            error = problems.sentence(refused)
        else:
            return _launched(request, launched)
    context = step_context(request, campaign, "confirm") | _checked(request, campaign)
    reachable = context["estimate"].reachable
    context |= {
        "typed": str(reachable) if rules.needs_typed_count(reachable) else "",
        "error": error,
        "segments": preview.segment_names(campaign),
    }
    return render(request, "soreach/confirm.html", context, status=422 if error else 200)


def _typed(text: str) -> int | None:
    """The number of people, whatever stands between its thousands."""
    return numbers.whole(re.sub("[^0-9]", "", text))


def _launched(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    if campaign.status == Campaign.Status.AWAITING:
        notify.done(request, _("The campaign waits for the approval of a second person."))
    elif campaign.status == Campaign.Status.SCHEDULED:
        notify.done(request, _("The campaign is scheduled."))
    else:
        notify.done(request, _("The campaign leaves."))
    return redirect("soreach:progress", request.client.slug, campaign.id)


@require_POST
@campaign_view("campaign.edit", draft=True)
def test(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """Send one variant to a few phones."""
    form = TestSendForm(request.POST, people=[""] * estimate.SHOWN)
    if not form.is_valid():
        notify.refuse(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("soreach:checks", request.client.slug, campaign.id)
    try:
        sent = test_send.send_test(
            request.client, campaign, variant=form.cleaned_data["variant"], numbers=form.lines(),
            as_contact=preview.position(request.POST), actor=request.user.actor, asked=form.cleaned_data["asked"],
            channel=request.POST.get("channel", "")[:10],
        )  # fmt: skip
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        said = ngettext("%(n)s test message is on its way.", "%(n)s test messages are on their way.", len(sent))
        notify.done(request, said % {"n": len(sent)})
    return redirect("soreach:checks", request.client.slug, campaign.id)


def context_of_estimate(campaign: Campaign) -> dict[str, Any]:
    """Reach of a campaign for other pages."""
    return {"reach": estimate.reach(campaign)}
