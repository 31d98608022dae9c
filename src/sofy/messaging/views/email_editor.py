"""The block editor of e-mails: blocks are added, moved, filled and kept as the e-mail of a template."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sofy.clients.access import ClientRequest, only_reads, requires
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.kernel.templates import Unfilled, prepare
from sofy.messaging import email_blocks as blocks
from sofy.messaging import email_editor as editor
from sofy.messaging import template_rules as rules
from sofy.messaging.models import Template
from sofy.messaging.services import templates as services
from sofy.messaging.services import test_mail
from sofy.ui import notify, problems
from sofy.ui.frames import framed, shows_a_frame

_PURPOSES: Final = rules.PURPOSES
#: From this share of what mailboxes show whole, the page warns.
_NEARLY: Final = 0.8


class Draft(NamedTuple):
    """The whole mail as the form holds it."""

    subject: str
    preheader: str
    accent: str
    language: str
    purpose: str
    state: editor.State


@shows_a_frame
@require_http_methods(["GET", "POST"])
@requires("template.edit")
def new(request: ClientRequest) -> HttpResponseBase:
    """A template that begins with its e-mail."""
    language = (get_language() or "fr")[:2]
    start = Draft("", "", "#1f5fbf", language, "marketing", editor.blank(marketing=True, language=language))
    return _page(request, None, start, {})


@shows_a_frame
@require_http_methods(["GET", "POST"])
@requires("template.edit")
def edit(request: ClientRequest, template_id: UUID) -> HttpResponseBase:
    """The e-mail of a template; one that was written by hand begins anew, and says so before anything is kept."""
    try:
        template = services.find(request.client.pk, template_id)
    except Refused:
        raise Http404 from None
    version = services.version(template)
    known = services.design_of(version)
    email = services.contents_of(version).get("email", Content())
    design = blocks.read(known) if known else None
    state = editor.state_of(design) if design else editor.blank(template.purpose == "marketing")
    start = Draft(
        email.subject, design.preheader if design else "", design.accent if design else "#1f5fbf",
        design.language if design else "fr", template.purpose, state,
    )  # fmt: skip
    return _page(request, template, start, services.samples_of(version), by_hand=bool(email.html and not design))


def _page(
    request: ClientRequest,
    template: Template | None,
    start: Draft,
    samples: Mapping[str, str],
    *,
    by_hand: bool = False,
) -> HttpResponseBase:
    draft, said, past, focus = start, {"problem": ""}, list[editor.State](), ""
    if request.method == "POST":
        samples = samples_of(request)
        draft, past, focus = _acted(request, _posted(request, template))
        try:
            if request.POST.get("do") == "keep":
                return _kept(request, template, draft)
            if request.POST.get("do") == "test":
                said["told"] = _tested(request, draft, samples)
        except Refused as refused:
            said["problem"] = problems.sentence(refused)
    context = said | _around(request, draft, past) | _facts(draft, samples)
    context |= {"template": template, "draft": draft, "focus": focus, "by_hand": by_hand}
    part = {"mail-blocks": "#blocks", "mail-facts": "#facts"}.get(request.headers.get("HX-Target", ""), "")
    status = 422 if said["problem"] and not part else 200
    return render(request, f"messaging/email_editor.html{part}", context, status=status)


def _around(request: ClientRequest, draft: Draft, past: list[editor.State]) -> dict[str, Any]:
    return {
        "rows": _rows(draft, judged=request.POST.get("do") in ("keep", "test")),
        "kinds": _kinds(draft), "aligns": editor.ALIGNS, "undo": bool(past),
        "past": editor.written(past), "base": editor.written([draft.state]),
        "code": request.POST.get("code", ""), "name": request.POST.get("name", ""),
    }  # fmt: skip


def samples_of(request: ClientRequest) -> dict[str, str]:
    """The values typed beside the places."""
    given = request.POST.items()
    return {name[7:]: str(value)[: rules.LONGEST_SAMPLE] for name, value in given if name.startswith("sample-")}


def _posted(request: ClientRequest, template: Template | None) -> Draft:
    data = request.POST
    purpose = template.purpose if template else data.get("purpose", "")
    purpose = purpose if purpose in _PURPOSES else "marketing"
    state = editor.with_footer(editor.posted(data), purpose == "marketing")
    return Draft(
        data.get("subject", "").strip()[:200], data.get("preheader", "").strip()[:150], data.get("accent", "")[:7],
        data.get("language", "fr"), purpose, state,
    )  # fmt: skip


def _acted(request: ClientRequest, draft: Draft) -> tuple[Draft, list[editor.State], str]:
    """The draft after what was pressed, the states before it, and the button that keeps the keyboard's place."""
    what, marketing = request.POST.get("do", ""), draft.purpose == "marketing"
    past, state = editor.history(request.POST.get("past", "")), draft.state
    before = editor.history(request.POST.get("base", ""))
    if before and before[0] != state:
        past.append(before[0])
    if what == "undo":
        state = past.pop() if past else state
    elif (changed := editor.with_footer(editor.done(state, what), marketing)) != state:
        past.append(state)
        state = changed
    verb, _colon, where = what.partition(":")
    by = {"up": -1, "down": 1, "copy": 1}.get(verb, 0)
    focus = f"{verb}:{int(where) + by}" if where.isdecimal() else ""
    return draft._replace(state=editor.with_footer(state, marketing)), past, focus


def _rows(draft: Draft, *, judged: bool) -> list[dict[str, Any]]:
    """Blocks for the page, each with its fields; the foot of marketing stays where it is.

    `judged`: empty blocks say what they lack too, not only those that were begun.
    """
    _blocks, lacking = editor.finished(draft.state)
    rows: list[dict[str, Any]] = []
    for number, raw in enumerate(draft.state):
        fields = [(field, raw.get(field.name, "")) for field in editor.FIELDS[raw["type"]]]
        foot = raw["type"] == "footer"
        rows.append({
            "n": number, "key": str(number), "position": number + 1, "type": raw["type"],
            "word": editor.WORDS[raw["type"]], "fields": fields, "foot": foot,
            "lacks": number in lacking and (judged or raw != editor.fresh(raw["type"])),
            "fixed": foot and draft.purpose == "marketing",
        })  # fmt: skip
    movable = [row["n"] for row in rows if not row["foot"]]
    for row in rows:
        row["first"], row["last"] = row["n"] in movable[:1], row["n"] in movable[-1:]
    return rows


def _kinds(draft: Draft) -> list[tuple[str, Any]]:
    feet = any(raw["type"] == "footer" for raw in draft.state)
    return [(kind, word) for kind, word in editor.WORDS.items() if kind != "footer" or not feet]


def _facts(draft: Draft, samples: Mapping[str, str]) -> dict[str, Any]:
    """What is said beside the mail: its size, its words, its places."""
    try:
        content = _content(draft)
    except Refused as refused:
        return {"facts_problem": problems.sentence(refused), "places": [], "words": "", "size": 0}
    size = len(content.html.encode())
    return {
        "size": size / 1000, "most": blocks.MOST_BYTES / 1000, "nearly": size > blocks.MOST_BYTES * _NEARLY,
        "words": _filled(content, samples).text,
        "places": [(name, samples.get(name, "")) for name in prepare(content).places],
    }  # fmt: skip


def _design(draft: Draft) -> blocks.Design:
    """Of the blocks that are finished. Raises: Refused email_blocks, email_unfinished."""
    made, _lacking = editor.finished(draft.state)
    if not made:
        raise Refused("email_unfinished")
    values = {"preheader": draft.preheader, "accent": draft.accent, "language": draft.language}
    return blocks.read(msgspec.json.encode({"blocks": made} | values))


def _content(draft: Draft) -> Content:
    return blocks.render(_design(draft), subject=draft.subject, marketing=draft.purpose == "marketing")


def _filled(content: Content, samples: Mapping[str, str]) -> Content:
    prepared = prepare(content)
    try:
        return prepared.fill({name: samples.get(name) or f"[{name}]" for name in prepared.places})
    except Unfilled:
        return content


@clause("CGVU 17")
def _kept(request: ClientRequest, template: Template | None, draft: Draft) -> HttpResponse:
    """Raises: Refused."""
    if editor.finished(draft.state)[1]:
        raise Refused("email_unfinished")
    client_id = request.client.pk
    code = template.code if template else request.POST.get("code", "").strip()
    if template is None and Template.objects.filter(client_id=client_id, code=code).exists():
        raise Refused("template_taken", 409, template=code)
    contents = services.contents_of(services.version(template)) if template else {}
    before = services.samples_of(services.version(template)) if template else {}
    made = services.write(
        client_id, code=code, contents={**contents, "email": _content(draft)}, actor=request.user.actor,
        name=template.name if template else request.POST.get("name", ""), purpose=draft.purpose,
        samples=before | samples_of(request), design=msgspec.json.encode(_design(draft)).decode(),
    )  # fmt: skip
    notify.done(request, _("The e-mail is kept as version %(n)s.") % {"n": made.number})
    return redirect("messaging:mail", request.client.slug, made.template_id)


def _tested(request: ClientRequest, draft: Draft, samples: Mapping[str, str]) -> str:
    """The mail with its sample values, to whoever writes it, as a campaign would send it. Raises: Refused."""
    content, to = _filled(_content(draft), samples), request.user.email
    content = msgspec.structs.replace(content, subject=content.subject or _("no subject yet"))
    if test_mail.send(request.client, content, purpose=draft.purpose, to=to, actor=request.user.actor):
        return _("A test is on its way to %(address)s.") % {"address": to}
    return _("A test for %(address)s leaves when marketing may: it waits for the hours, as a campaign would.") % {
        "address": to
    }


@only_reads
@framed
@require_POST
@requires("template.edit")
def shown(request: ClientRequest) -> HttpResponse:
    """The mail alone, for the frame of the editor."""
    try:
        content = _content(_posted(request, None))
    except Refused as refused:
        return HttpResponse(problems.sentence(refused), content_type="text/plain; charset=utf-8")
    return HttpResponse(_filled(content, samples_of(request)).html)
