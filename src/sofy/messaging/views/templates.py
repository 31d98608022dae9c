"""Templates of a client: the list, the editor with its preview, and what they said before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients.access import ClientRequest, requires
from sofy.clients.queries import names_of
from sofy.clients.words import actor as actor_word
from sofy.kernel import sms_text
from sofy.kernel.content import Button, Content
from sofy.kernel.errors import Refused
from sofy.kernel.templates import Problem, Unfilled, prepare
from sofy.kit.jobs import defer
from sofy.messaging import queries, template_words
from sofy.messaging import template_rules as rules
from sofy.messaging.forms import CHANNELS
from sofy.messaging.models import Template, WhatsappTemplate
from sofy.messaging.services import templates as services
from sofy.messaging.services import whatsapp
from sofy.messaging.tasks import synchronise_whatsapp_templates
from sofy.messaging.template_forms import TemplateForm, initial_of
from sofy.messaging.template_rules import Contents
from sofy.ui import notify, problems


@require_GET
@requires("template.view")
def overview(request: ClientRequest) -> HttpResponse:
    """Every template, with where it stands on each channel."""
    rows = queries.templates(request.client.pk, archived=request.GET.get("archived") == "yes")
    context = {"rows": rows, "archived": request.GET.get("archived") == "yes", "channels": CHANNELS}
    return render(request, "messaging/templates.html", context)


@require_http_methods(["GET", "POST"])
@requires("template.edit")
def new(request: ClientRequest) -> HttpResponseBase:
    """A new template."""
    form = TemplateForm(request.POST or None)
    return _editor(request, form, None, {}, {})


@require_http_methods(["GET", "POST"])
@requires("template.view")
def edit(request: ClientRequest, template_id: UUID) -> HttpResponseBase:
    """A template in the editor; a post from a field only shows it."""
    template = _find(request, template_id)
    version = services.version(template)
    contents, samples = services.contents_of(version), services.samples_of(version)
    initial = initial_of(contents) | {"name": template.name, "purpose": template.purpose}
    form = TemplateForm(request.POST or None, initial=initial, known=True)
    return _editor(request, form, template, contents, samples)


def _editor(
    request: ClientRequest, form: TemplateForm, template: Template | None, before: Contents, samples: dict[str, str]
) -> HttpResponseBase:
    contents, problem = before, ""
    if request.method == "POST":
        try:
            contents = form.contents(before)
            samples = form.samples(contents)
            if not request.htmx and form.is_valid():
                return _saved(request, form, template, contents, samples)
        except Refused as refused:
            problem = problems.sentence(refused)
    context = {"form": form, "template": template, "problem": problem} | _shown(
        request, form, contents, samples, template
    )
    page = "messaging/template.html#preview" if request.htmx else "messaging/template.html"
    return render(request, page, context, status=422 if (form.errors or problem) and not request.htmx else 200)


def _shown(
    request: ClientRequest, form: TemplateForm, contents: Contents, samples: dict[str, str], template: Template | None
) -> dict[str, Any]:
    """What the page shows of a template beside the form."""
    purpose = form["purpose"].value() or "marketing"
    approval = queries.whatsapp_state(template) if template else None
    changed = _changed_since(template, approval, contents)
    return {
        "fields": [(channel, word, form.of(channel)) for channel, word in CHANNELS],
        "phones": [
            _phone(channel, contents[channel], samples, purpose) for channel in rules.CHANNELS if channel in contents
        ],
        "places": [(name, samples.get(name, "")) for name in rules.places(contents)],
        "has_whatsapp": "whatsapp" in contents,
        "whatsapp": approval,
        "whatsapp_said": template_words.said(approval),
        "whatsapp_reason": template_words.reason(approval),
        "whatsapp_category": template_words.category(approval),
        "whatsapp_quality": template_words.quality(approval),
        "whatsapp_changed": changed,
        "whatsapp_submits": template_words.can_be_submitted(approval, changed=changed),
        "may_edit": request.client.can("template.edit") and (template is None or template.archived_at is None),
    }


def _changed_since(template: Template | None, approval: WhatsappTemplate | None, contents: Contents) -> bool:
    """Whether WhatsApp has another text than this one."""
    if template is None or approval is None or approval.version == template.version:
        return False
    submitted = services.contents_of(services.version(template, approval.version))
    return submitted.get("whatsapp") != contents.get("whatsapp")


@requires("template.edit")
def _saved(
    request: ClientRequest, form: TemplateForm, template: Template | None, contents: Contents, samples: dict[str, str]
) -> HttpResponse:
    """Raises: Refused."""
    data, client_id = form.cleaned_data, request.client.pk
    code = template.code if template else data["code"]
    if template is None and Template.objects.filter(client_id=client_id, code=code).exists():
        raise Refused("template_taken", 409, template=code)
    version = services.write(
        client_id, code=code, contents=contents, name=data["name"], purpose=data["purpose"], samples=samples,
        actor=request.user.actor,
    )  # fmt: skip
    notify.done(request, _("“%(name)s” is kept as version %(n)s.") % {"name": data["name"], "n": version.number})
    return redirect("messaging:template", request.client.slug, version.template_id)


@dataclass(frozen=True)
class Phone:
    """What one channel shows, with the sample values."""

    channel: str
    text: str = ""
    subject: str = ""
    picture: str = ""
    buttons: tuple[Button, ...] = ()
    cards: int = 0
    count: sms_text.Analysis | None = None
    problem: str = ""


def _phone(channel: str, content: Content, samples: Mapping[str, str], purpose: str) -> Phone:
    prepared = prepare(content)
    wrong = rules.problem_of(channel, content, purpose)
    said = _said(wrong, channel) if wrong else ""
    try:
        shown = prepared.fill({name: samples.get(name) or f"[{name}]" for name in prepared.places})
    except Unfilled as unfilled:
        shown, said = content, said or _said(unfilled.problems[0], channel)
    return Phone(
        channel,
        shown.text,
        shown.subject,
        shown.media.url if shown.media else "",
        tuple(shown.buttons),
        len(shown.cards),
        sms_text.analyse(shown.text, queries.alphabets(purpose, None)) if channel == "sms" else None,
        said,
    )


def _said(problem: Problem, channel: str) -> str:
    word = str(dict(CHANNELS)[channel])
    return problems.sentence(Refused(problem.code, channel=word, place=problem.name, limit=problem.limit))


@require_GET
@requires("template.view")
def history(request: ClientRequest, template_id: UUID) -> HttpResponse:
    """Every version, the newest first."""
    template = _find(request, template_id)
    versions = list(template.versions.all()[:100])
    names = names_of({row.created_by for row in versions})
    rows = [(row, services.contents_of(row), actor_word(row.created_by, names)) for row in versions]
    return render(request, "messaging/template_history.html", {"template": template, "rows": rows})


@require_POST
@requires("template.edit")
def restore(request: ClientRequest, template_id: UUID, number: int) -> HttpResponse:
    """Make an old version the latest again."""
    template = _find(request, template_id)
    try:
        version = services.restore(request.client.pk, template.pk, number, actor=request.user.actor)
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        raise
    notify.done(request, _("Version %(old)s is back as version %(n)s.") % {"old": number, "n": version.number})
    return redirect("messaging:template", request.client.slug, template.pk)


@require_POST
@requires("template.edit")
def duplicate(request: ClientRequest, template_id: UUID) -> HttpResponse:
    """Another template that says the same."""
    made = services.duplicate(request.client.pk, _find(request, template_id).pk, actor=request.user.actor)
    notify.done(request, _("“%(code)s” says the same: change what must differ.") % {"code": made.code})
    return redirect("messaging:template", request.client.slug, made.pk)


@require_POST
@requires("template.edit")
def archive(request: ClientRequest, template_id: UUID) -> HttpResponse:
    """Take a template out of use, or bring it back."""
    template = _find(request, template_id)
    if template.archived_at is None:
        services.archive(request.client.pk, template.pk, actor=request.user.actor)
        notify.done(request, _("“%(code)s” is archived: nobody uses it any more.") % {"code": template.code})
        return redirect("messaging:templates", request.client.slug)
    services.unarchive(request.client.pk, template.pk, actor=request.user.actor)
    notify.done(request, _("“%(code)s” is back in use.") % {"code": template.code})
    return redirect("messaging:template", request.client.slug, template.pk)


@require_POST
@requires("template.edit")
def submit(request: ClientRequest, template_id: UUID) -> HttpResponse:
    """Have the text for WhatsApp approved there."""
    template = _find(request, template_id)
    try:
        whatsapp.submit(request.client.pk, template.pk, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("The text is on its way to WhatsApp: mostly the answer comes within a day."))
    return redirect("messaging:template", request.client.slug, template.pk)


@require_POST
@requires("template.edit")
def look(request: ClientRequest, template_id: UUID) -> HttpResponse:
    """Ask WhatsApp where the templates stand."""
    template = _find(request, template_id)
    defer(synchronise_whatsapp_templates, request.client.pk)
    notify.done(request, _("WhatsApp is being asked: look again in a moment."))
    return redirect("messaging:template", request.client.slug, template.pk)


def _find(request: ClientRequest, template_id: UUID) -> Template:
    try:
        return services.find(request.client.pk, template_id)
    except Refused:
        raise Http404 from None
