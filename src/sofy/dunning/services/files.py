"""The case file of a late payer: what the replay says, with the words, proofs and hashes this room kept."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from sofy.billing.case import late_payer
from sofy.billing.models import Event
from sofy.billing.paper.case_file import Act as Told
from sofy.billing.paper.case_file import CaseFile, SentNotice, case_file_pdf
from sofy.clients.queries import names_of
from sofy.contracts.models import Notice
from sofy.contracts.rules.values import PARIS
from sofy.dunning.models import Act, Link
from sofy.dunning.services.standings import Worked
from sofy.kernel.clauses import clause
from sofy.press.words import Language

#: What this room did, in both languages: code -> words and article.
_DONE: Final[dict[str, tuple[str, str, str]]] = {
    "reminder": ("Relance par e-mail ({invoices})", "Reminder by e-mail ({invoices})", "CGVU 7.1"),
    "weak_proof": (
        "Signe de réception sans valeur de preuve", "Sign of delivery that proves nothing", "CGVU 7.2",
    ),
    "promise": ("Promesse de paiement", "Promise to pay", ""),
    "lift_asked": ("Levée de la suspension demandée", "Lifting of the suspension asked for", "CGVU 13"),
}  # fmt: skip
#: What happened to the contract and belongs in the file.
_HAPPENED: Final[dict[str, tuple[str, str, str]]] = {
    "dispute": ("Facture contestée par le client", "Invoice contested by the client", "CGVU 15"),
    "audit": ("Audit de la contestation", "Audit of the dispute", "CGVU 15"),
    "insolvency": ("Procédure collective ouverte", "Insolvency proceedings opened", "CGVU 22"),
    "terminated": ("Contrat résilié par décision", "Contract ended by a decision", "CGVU 7.2"),
}
_PERSON: Final = re.compile(r"user:[0-9a-f-]{36}")
#: Moments of one notice in the replay and in the records differ by less than this. Unit: seconds.
_SAME_S: Final = 1


def case_file(worked: Worked, language: Language = "fr") -> CaseFile | None:
    """The file of a contract today, from the product's own records; inside the staff scope. None: nothing to tell."""
    base = late_payer.case_file(worked.replay)
    if base is None:
        return None
    form = worked.order_form
    sent = list(Notice.objects.using("staff").filter(client_id=form.client_id, order_form=form).order_by("sent_at"))
    links = {row.notice_id: row for row in Link.objects.using("staff").filter(client_id=form.client_id)}
    papers = {
        row.notice_id: row.sha256
        for row in Act.objects.using("staff").filter(order_form=form, what__in=("formal", "second"))
    }
    acts = [*(_hashed(one, sent) for one in base.acts), *_done(worked, language), *_happened(worked, language)]
    names = names_of(act.by for act in acts if _PERSON.fullmatch(act.by))
    issued = {document.number for document in worked.contract.frozen.values()}
    return msgspec.structs.replace(
        base,
        invoices=tuple(one for one in base.invoices if one.number in issued),
        notices=tuple(_proved(one, sent, links, papers) for one in base.notices),
        acts=tuple(_signed(act, names, language) for act in sorted(acts, key=lambda act: act.at)),
    )


@clause("CGVU 7.1", "CGVU 7.2")
def pdf(worked: Worked, language: Language) -> bytes | None:
    """The file as PDF; None when nothing is claimed and nothing was asked for."""
    file = case_file(worked, language)
    return case_file_pdf(file, language=language) if file else None


def _signed(act: Told, names: dict[str, str], language: Language) -> Told:
    """An act with the name of who did it; what no person did was done by the product."""
    if not act.by:
        return act
    system = "le système" if language == "fr" else "the system"
    return msgspec.structs.replace(act, by=names.get(act.by, act.by if act.by.startswith("user:") else system))


def _of(at: datetime, sent: list[Notice]) -> Notice | None:
    return next((row for row in sent if abs((row.sent_at - at).total_seconds()) < _SAME_S), None)


def _proved(one: SentNotice, sent: list[Notice], links: dict[UUID, Link], papers: dict[UUID | None, str]) -> SentNotice:
    """A notice of the replay with its proofs: how it was handed over, who acknowledged it, the hash of the letter."""
    row = _of(one.sent_at, sent)
    if row is None:
        return one
    link = links.get(row.pk)
    named = str(link.acknowledged_by) if link is not None and link.used_at else ""
    proof = " – ".join(part for part in (str(row.proof), named) if part)
    return msgspec.structs.replace(
        one, sent_proof=str(row.sent_proof), proof=proof, sha256=papers.get(row.pk) or row.sha256
    )


def _hashed(act: Told, sent: list[Notice]) -> Told:
    """The sending of a notice with the hash of its words and who sent it."""
    row = _of(act.at, sent) if act.what.endswith("_sent") else None
    return msgspec.structs.replace(act, sha256=row.sha256, by=row.actor) if row else act


def _done(worked: Worked, language: Language) -> Iterator[Told]:
    place = 0 if language == "fr" else 1
    for row in Act.objects.using("staff").filter(order_form=worked.order_form, what__in=list(_DONE)):
        words = _DONE[row.what][place].format(invoices=", ".join(row.invoices))
        if row.promised_on:
            words += f"{' :' if language == 'fr' else ':'} {row.promised_on:%d/%m/%Y}"
        yield Told(row.at.astimezone(PARIS), words, row.sha256, row.actor, _DONE[row.what][2])


def _happened(worked: Worked, language: Language) -> Iterator[Told]:
    place = 0 if language == "fr" else 1
    for row in Event.objects.using("staff").filter(order_form=worked.order_form, type__in=list(_HAPPENED)):
        words = _HAPPENED[row.type]
        yield Told(row.at.astimezone(PARIS), words[place], "", row.actor, words[2])
