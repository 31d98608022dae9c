"""Which document rules: the order of precedence, which version of the terms binds whom, and when it was accepted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from sofy.contracts.rules.terms_change import effective_on
from sofy.kernel.clauses import clause

Kind = Literal["order_form", "dpa", "cgvu"]

#: From the strongest to the weakest.
CHAIN: Final[tuple[Kind, ...]] = ("order_form", "dpa", "cgvu")


class Provision(msgspec.Struct, frozen=True, kw_only=True):
    """What one document says on one subject.

    `protects`: on a matter of data protection, how much it protects, 0 being nothing; None on any other matter.
    """

    subject: str
    article: str
    says: str
    protects: int | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one document of a contract, and what it says."""

    kind: Kind
    version: str
    provisions: tuple[Provision, ...] = ()


class Applies(msgspec.Struct, frozen=True, kw_only=True):
    """The provision that rules on a subject: from which document, of which version, at which rank of the chain."""

    kind: Kind
    version: str
    rank: int
    provision: Provision


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the terms or of the data processing agreement, and when it was told of."""

    kind: Literal["cgvu", "dpa"]
    version: str
    effective_on: date
    substantial: bool = True


@clause("CGVU 2", "DPA 15")
def precedence(*, data_protection: bool) -> tuple[Kind, ...]:
    """The kinds of documents from the strongest to the weakest: in matters of data protection the DPA comes first."""
    return ("dpa", "order_form", "cgvu") if data_protection else CHAIN


@clause("CGVU 2", "DPA 15")
def lookup(subject: str, documents: Iterable[Document]) -> Applies | None:
    """What the contract says on a subject, and which document says it; None when none does.

    An order form may protect data more than the DPA, never less: article 2 puts it above the DPA, the DPA says that it
    prevails.
    """
    found = [
        Applies(kind=each.kind, version=each.version, rank=CHAIN.index(each.kind) + 1, provision=provision)
        for each in documents
        for provision in each.provisions
        if provision.subject == subject
    ]
    if not found:
        return None
    protective = any(each.provision.protects is not None for each in found)
    order = precedence(data_protection=protective)
    found.sort(key=lambda each: order.index(each.kind))
    first = found[0]
    raised = [each for each in found if each.kind == "order_form" and _protects(each) > _protects(first)]
    return raised[0] if protective and raised else first


def _protects(found: Applies) -> int:
    return -1 if found.provision.protects is None else found.provision.protects


@clause("CGVU 1")
def accepted_at(*, signed_at: datetime | None, first_access_at: datetime | None) -> datetime | None:
    """When the terms were accepted: at the signature of the order form or the first access, whichever came first."""
    return min((at for at in (signed_at, first_access_at) if at is not None), default=None)


@clause("CGVU 1", "CGVU 27")
def in_force_from(version: Version, notified_at: datetime) -> date:
    """The first day on which changed terms bind a client that was told of them: 30 days later, or on their own day."""
    return max(version.effective_on, effective_on(notified_at).date())


@clause("CGVU 27", "DPA 15")
def version_for(
    day: date,
    versions: Sequence[Version],
    *,
    accepted: Mapping[str, date],
    notified: Mapping[str, datetime],
    refused: Iterable[str] = (),
) -> str | None:
    """The version that binds a client on a day: the newest that it accepted, or was told of in time and did not refuse.

    A DPA is never changed by telling: only versions that were accepted count. None before anything was accepted.
    """
    binding: list[Version] = []
    for each in versions:
        by_consent = each.version in accepted and max(accepted[each.version], each.effective_on) <= day
        by_notice = (
            each.kind == "cgvu"
            and bool(accepted)
            and each.version in notified
            and each.version not in set(refused)
            and in_force_from(each, notified[each.version]) <= day
        )
        if by_consent or by_notice:
            binding.append(each)
    return max(binding, key=lambda each: (each.effective_on, each.version)).version if binding else None
