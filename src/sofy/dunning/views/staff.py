"""The collections board, and one late payer: what is owed, what was done, what may be done next and from when."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_POST

from sofy.billing.models import Invoice
from sofy.clients.models import Client
from sofy.contracts.access import staff_only
from sofy.contracts.models import Notice, OrderForm
from sofy.contracts.services import records
from sofy.dunning import board, forms
from sofy.dunning.models import Act
from sofy.dunning.rules.position import next_act
from sofy.dunning.services import access, disputes, files, notices, promises, standings
from sofy.dunning.words import VIEWS
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.press.words import Language
from sofy.ui import notify, problems


def _asked(request: Any) -> tuple[str, str, str]:
    view, order = request.GET.get("view", "late"), request.GET.get("sort", "overdue")
    search = request.GET.get("q", "")[:80].strip()
    return view if view in board.VIEWS else "late", order if order in board.ORDERS else "overdue", search


@clause("CGVU 7.1", "CGVU 7.2")
@staff_only
def collections(request: Any) -> HttpResponse:
    """Every contract with something overdue, by age, with what comes next."""
    view, order, search = _asked(request)
    lines = board.rows(view, order, search)
    _read(request, "collections", len(lines))
    context = {
        "lines": lines, "view": view, "sort": order, "q": search, "totals": board.totals(view, search),
        "counts": board.counts(), "views": VIEWS, "most": board.MOST,
    }  # fmt: skip
    return render(request, "dunning/collections.html", context)


@staff_only
def as_csv(request: Any) -> HttpResponse:
    """The board as it is filtered, all of it, for a spreadsheet."""
    view, order, search = _asked(request)
    lines = board.rows(view, order, search, most=None)
    _read(request, "collections.csv", len(lines))
    answer = HttpResponse(board.as_csv(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="collections.csv"'
    return answer


def _read(request: Any, query: str, count: int) -> None:
    with staff_scope():
        facts = {"query": query, "rows": count}
        audit.append(audit.PLATFORM, "staff.read", request.user.actor, facts, using="staff")


@clause("CGVU 7.1", "CGVU 7.2", "CGVU 11", "CGVU 22")
@staff_only
def payer(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """One late payer: position, the days of its notice, everything that was done, with proofs."""
    return _payer(request, client_id, form_id)


def _payer(request: Any, client_id: UUID, form_id: UUID, **bound: Any) -> HttpResponse:
    fresh = {"promise": forms.PromiseForm(), "letter": forms.LetterForm(), "proof": forms.ProofForm()}
    used = {**fresh, **bound}
    with staff_scope():
        client, form = _find(client_id, form_id)
        context: dict[str, Any] = {"client": client, "form": form, **used}
        try:
            worked = standings.work_out(client_id, form_id)
        except Refused as refused:
            context["problem"] = problems.sentence(refused)
            return render(request, "dunning/payer.html", context)
        context |= _known(worked, form)
        wrong = any(one.errors for one in used.values())
        return render(request, "dunning/payer.html", context, status=422 if wrong else 200)


def _known(worked: standings.Worked, form: OrderForm) -> dict[str, Any]:
    """What the page of a late payer shows; inside the staff scope."""
    acts = Act.objects.using("staff").filter(order_form=form)
    sent = Notice.objects.using("staff").filter(order_form=form, kind__in=("formal_notice", "second_notice"))
    return {
        "found": worked.position,
        "next": next_act(worked.position, settings.SOFY.second_channel_after_days),
        "file": files.case_file(worked, _language()),
        "unproved": list(sent.filter(delivered_at=None).order_by("-sent_at")),
        "letters": list(acts.filter(what__in=("formal", "second")).order_by("-at")),
        "promises": list(acts.filter(what=Act.What.PROMISE).order_by("-at")),
        "may_end": worked.replay.enforcement.may_end_for_default(clock.now()),
        "ids": dict(Invoice.objects.using("staff").filter(order_form=form).values_list("number", "id")),
    }


def _find(client_id: UUID, form_id: UUID) -> tuple[Client, OrderForm]:
    form = OrderForm.objects.using("staff").filter(client_id=client_id, pk=form_id, state="accepted").first()
    client = Client.objects.using("staff").filter(pk=client_id).first()
    if form is None or client is None:
        raise Http404
    return client, form


def _language() -> Language:
    return "en" if (get_language() or "fr").startswith("en") else "fr"


@require_POST
@staff_only
def act(request: Any, client_id: UUID, form_id: UUID, what: str) -> HttpResponse:
    """Do something about what is owed."""
    if what not in ACTS:
        raise Http404
    with staff_scope():
        _find(client_id, form_id)
    kind, carry_out, done = ACTS[what]
    form = kind(request.POST) if kind else None
    if form is None or form.is_valid():
        try:
            carry_out(request, client_id, form_id, form.cleaned_data if form else {})
        except Refused as refused:
            if form is not None:
                form.add_error(None, problems.sentence(refused))
                return _payer(request, client_id, form_id, **{what: form})
            notify.refuse(request, problems.sentence(refused))
        else:
            notify.done(request, str(done))
        return redirect("dunning:payer", client_id, form_id)
    return _payer(request, client_id, form_id, **{what: form})


def _send(kind: notices.Kind) -> Callable[..., None]:
    def send(request: Any, client_id: UUID, form_id: UUID, _given: dict[str, Any]) -> None:
        notices.send(client_id, form_id, kind=kind, actor=request.user.actor, signed_by=request.user.full_name)

    return send


def _letter(request: Any, client_id: UUID, form_id: UUID, given: dict[str, Any]) -> None:
    kind: notices.Kind = "second" if request.POST.get("kind") == "second" else "formal"
    notices.send(client_id, form_id, kind=kind, actor=request.user.actor, **given)


def _proof(request: Any, client_id: UUID, _form_id: UUID, given: dict[str, Any]) -> None:
    notice_id, actor = _uuid(request.POST.get("notice", "")), request.user.actor
    if given["proof_kind"] in notices.WEAK:
        notices.weak_proof(client_id, notice_id, proof_kind=given["proof_kind"], proof=given["proof"], actor=actor)
    else:
        records.record_delivery(client_id, notice_id, actor=actor, **given)


def _promise(request: Any, client_id: UUID, form_id: UUID, given: dict[str, Any]) -> None:
    promises.promise(client_id, form_id, actor=request.user.actor, **given)


def _audited(request: Any, client_id: UUID, _form_id: UUID, _given: dict[str, Any]) -> None:
    flaw = request.POST.get("outcome") == "flaw"
    disputes.answer(
        client_id, _uuid(request.POST.get("invoice", "")), platform_flaw=flaw, actor=request.user.actor
    )  # fmt: skip


def _suspend(request: Any, client_id: UUID, form_id: UUID, _given: dict[str, Any]) -> None:
    access.suspend_for_default(client_id, form_id, actor=request.user.actor)


def _end(request: Any, client_id: UUID, form_id: UUID, _given: dict[str, Any]) -> None:
    promises.end_for_default(client_id, form_id, actor=request.user.actor)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


ACTS: dict[str, tuple[Any, Callable[..., None], Any]] = {
    "notice": (None, _send("formal"), gettext_lazy("The formal notice is sent.")),
    "second": (None, _send("second"), gettext_lazy("The second formal notice is sent.")),
    "letter": (forms.LetterForm, _letter, gettext_lazy("The letter is recorded: its receipt begins the days.")),
    "proof": (forms.ProofForm, _proof, gettext_lazy("It is recorded.")),
    "promise": (forms.PromiseForm, _promise, gettext_lazy("The promise is recorded; the deadlines run on.")),
    "audit": (None, _audited, gettext_lazy("The outcome is recorded.")),
    "suspend": (None, _suspend, gettext_lazy("Access is suspended.")),
    "end": (None, _end, gettext_lazy("The end of the contract is recorded.")),
}


@staff_only
def case_file(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """The case file as PDF, with every act, proof and hash; that it was taken is in the client's journal."""
    language: Language = "en" if request.GET.get("language") == "en" else "fr"
    with staff_scope():
        _client, form = _find(client_id, form_id)
        content = files.pdf(standings.work_out(client_id, form_id), language)
        if content is None:
            raise Http404
        facts = {"order_form": form.number, "format": "pdf"}
        audit.append(client_id, "dunning.case_file", request.user.actor, facts, using="staff")
    return _pdf(content, f"{form.number}-{language}")


@staff_only
def letter(request: Any, client_id: UUID, form_id: UUID, act_id: UUID) -> HttpResponse:
    """A notice as it left, byte for byte."""
    with staff_scope():
        _find(client_id, form_id)
        row = Act.objects.using("staff").filter(client_id=client_id, order_form_id=form_id, pk=act_id).first()
        if row is None or not row.paper:
            raise Http404
        content = base64.b64decode(str(row.paper))
    return _pdf(content, row.key.rpartition("/")[2])


def _pdf(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer


@staff_only
def draft(request: Any, client_id: UUID, form_id: UUID, kind: str) -> HttpResponse:
    """The letter as it would be written today, for another channel than e-mail."""
    if kind not in ("formal", "second"):
        raise Http404
    with staff_scope():
        _client, form = _find(client_id, form_id)
    try:
        content = notices.draft(client_id, form_id, "second" if kind == "second" else "formal", "fr")
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("dunning:payer", client_id, form_id)
    return _pdf(content, f"{form.number}-{kind}")


def panel(request: Any) -> dict[str, Any] | None:
    """On the page of a client: what it owes and what comes next."""
    slug = request.resolver_match.kwargs.get("slug", "")
    with staff_scope():
        client = Client.objects.using("staff").filter(slug=slug).first()
    if client is None:
        return None
    lines = board.rows("open", most=None, client=client.pk)
    return {"lines": lines} if lines else None
