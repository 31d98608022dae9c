"""What a person may do with money that nothing tells surely, the likeliest first, each with its reason."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sofy.billing.rules.matching import text
from sofy.billing.rules.matching.blocks import blocks_of
from sofy.billing.rules.matching.book import Book, name_key
from sofy.billing.rules.matching.draft import Draft
from sofy.billing.rules.matching.payments import Payment, said_in
from sofy.billing.rules.matching.values import ZERO, Reason, Suggestion

MOST = 5
#: Of how many invoices combinations are tried (1,024), and how many invoices of one amount are still a hint.
_MOST_COMBINED, _MOST_SAME_AMOUNT = 10, 3
_SAME_ACCOUNT, _SAME_NAME, _ONLY_AMOUNT = 90, 70, 30


def why(draft: Draft, payment: Payment) -> Reason:
    """Why a payment was not matched by the sure signs."""
    detail, book = payment.detail, draft.book
    if not detail.credit:
        ours = bool(book.end_to_end.get(detail.end_to_end_id))
        return Reason("return_amount" if ours else "return_unknown")
    if not _of_transfer(draft) and detail.end_to_end_id in book.end_to_end:
        sent = any(draft.unused(one, "sent") for one in book.end_to_end[detail.end_to_end_id])
        return Reason("debit_amount" if sent else "debit_twice")
    texts = said_in(draft, payment)
    named = text.by_reference(detail.references, texts, book)
    numbers = text.by_number((*detail.references, *texts, detail.end_to_end_id), book)
    ids = [*named.ids, *numbers.ids]
    if not ids:
        return Reason("no_sign")
    if named.unsure or numbers.unsure:
        return Reason("several_readings")
    if not any(draft.open_eur(one) > 0 for one in ids):
        return Reason("paid_already", {"number": book.invoices[ids[0]].number})
    clients = {book.invoices[one].client_id for one in ids}
    return Reason("several_clients" if len(clients) > 1 else "several_readings")


def _of_transfer(draft: Draft) -> bool:
    return "RCDT" in draft.entry.code.split("-")


def suggestions(draft: Draft, payment: Payment) -> list[Suggestion]:
    """At most five things to do with a payment, the likeliest first."""
    book, detail = draft.book, payment.detail
    found: dict[tuple[str, tuple[tuple[str, Decimal], ...]], Suggestion] = {}
    named = _named(draft, payment)
    owners = book.payers.get("".join(detail.debtor_iban.split()).upper(), {})
    same_name = book.names.get(name_key(detail.debtor), {}) if detail.debtor else {}
    clients = dict.fromkeys([*(book.invoices[one].client_id for one in named), *owners, *same_name])
    for client_id in list(clients)[:MOST]:
        score = _SAME_ACCOUNT if client_id in owners or client_id not in same_name else _SAME_NAME
        known_by = "account" if client_id in owners else "name" if client_id in same_name else "number"
        for one in _for_client(draft, client_id, payment, score, known_by):
            found.setdefault((one.client_id, one.parts), one)
    if not found:
        for one in _same_amount(book, payment):
            found.setdefault((one.client_id, one.parts), one)
    return sorted(found.values(), key=lambda one: (-one.score, one.parts))[:MOST]


def _named(draft: Draft, payment: Payment) -> Sequence[str]:
    detail, texts = payment.detail, said_in(draft, payment)
    sure = text.by_number((*detail.references, *texts, detail.end_to_end_id), draft.book).ids
    return *sure, *text.shortened(texts, draft.book, sure).said


def _for_client(draft: Draft, client_id: str, payment: Payment, score: int, known_by: str) -> Iterable[Suggestion]:
    """An invoice of just this amount, invoices that make it together, the oldest first, or a credit."""
    book, amount_eur, place = draft.book, payment.amount_eur, payment.place
    ids = [one for one in book.of_client.get(client_id, ()) if draft.open_eur(one) > 0]
    facts = {"by": known_by}
    same = [one for one in ids if amount_eur in (draft.open_eur(one), book.early_eur(one, draft.booked_on))]
    for rank, one in enumerate(same):
        parts = [(one, amount_eur)]
        yield _suggestion(place, client_id, parts, ZERO, score - min(rank, 9), Reason("same_amount", facts))
    combined = None if same else _combination(draft, ids, amount_eur)
    if combined:
        parts = [(one, draft.open_eur(one)) for one in combined]
        yield _suggestion(place, client_id, parts, ZERO, score - 10, Reason("together", facts))
    parts, rest = [], amount_eur
    for one in ids:
        part = min(rest, draft.open_eur(one))
        if part > 0:
            parts.append((one, part))
            rest -= part
    code = "oldest_first" if parts else "credit"
    yield _suggestion(place, client_id, parts, rest, score - 40, Reason(code, facts))


def _combination(draft: Draft, ids: Sequence[str], amount_eur: Decimal) -> tuple[str, ...] | None:
    """The only set of invoices that comes to the amount; None when there is none, or another one."""
    sums: dict[Decimal, tuple[str, ...] | None] = {ZERO: ()}
    for one in ids[:_MOST_COMBINED]:
        open_eur = draft.open_eur(one)
        for total, some in list(sums.items()):
            more = total + open_eur
            if more <= amount_eur:
                sums[more] = None if some is None or more in sums else (*some, one)
    return sums.get(amount_eur) or None


def _same_amount(book: Book, payment: Payment) -> Iterable[Suggestion]:
    """Invoices of anybody that are open by just this amount, when they are few enough to be a hint."""
    amount_eur = payment.amount_eur
    same = book.amounts.get(amount_eur, {})
    if len(same) > _MOST_SAME_AMOUNT:
        return
    for one in sorted(same, key=book.age):
        parts = [(one, amount_eur)]
        client_id = book.invoices[one].client_id
        yield _suggestion(payment.place, client_id, parts, ZERO, _ONLY_AMOUNT, Reason("only_amount"))


def _suggestion(
    payment: int,
    client_id: str,
    parts: list[tuple[str, Decimal]],
    rest: Decimal,
    score: int,
    reason: Reason,
) -> Suggestion:
    return Suggestion(
        payment=payment,
        client_id=client_id,
        parts=tuple(parts),
        credit_eur=rest,
        score=score,
        reason=reason,
    )


def of_batch(draft: Draft) -> list[Suggestion]:
    """What a batch that does not come to the line would pay, when it is known: a person sees what is missing."""
    debits = [draft.book.debits[one] for one in blocks_of(draft, "sent")]
    parts = tuple((one.invoice_id, one.amount_eur) for one in debits[:MOST])
    total = sum((one.amount_eur for one in debits), ZERO)
    if not parts:
        return []
    facts = {"count": str(len(debits)), "total": f"{total:.2f}"}
    return [Suggestion(payment=0, client_id="", parts=parts, credit_eur=ZERO, score=50, reason=Reason("block", facts))]
