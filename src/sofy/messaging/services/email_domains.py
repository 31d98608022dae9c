"""Domains that clients write e-mails from: added, looked at in DNS, removed."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.messaging.dns_lookup import resolver
from sofy.messaging.email_dns import DOMAIN, Finding, Resolver, Route, look, wanted
from sofy.messaging.models import EmailDomain

MOST = 50


def routes() -> list[Route]:
    """What each e-mail route says of itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mail_dns FROM engine_route WHERE mail_dns IS NOT NULL AND state <> 'draining' ORDER BY code"
        )
        return [Route(*told.split(" ")) for (told,) in cursor.fetchall()]


def add(client_id: UUID, *, domain: str, actor: str) -> EmailDomain:
    """Add a domain; the same one twice is one. Inside the client's scope.

    Raises: Refused email_domain, email_domains_too_many.
    """
    name = _ascii(domain)
    with transaction.atomic():
        known = EmailDomain.objects.filter(client_id=client_id, domain=name).first()
        if known is not None:
            return known
        if EmailDomain.objects.filter(client_id=client_id).count() >= MOST:
            raise Refused("email_domains_too_many", most=MOST)
        made = EmailDomain.objects.create(client_id=client_id, domain=name, created_by=actor)
        audit.append(client_id, "email_domain.added", actor, {"domain": name})
    return made


def remove(client_id: UUID, domain_id: UUID, *, actor: str) -> None:
    """Remove a domain. Raises: Refused not_found."""
    with transaction.atomic():
        row = find(client_id, domain_id)
        audit.append(client_id, "email_domain.removed", actor, {"domain": row.domain})
        row.delete()


@clause("CGVU 3.3")
def check(client_id: UUID, domain_id: UUID, *, resolve: Resolver | None = None) -> list[Finding]:
    """Look at a domain in DNS now, and keep what was found. What DNS does not answer changes no verdict.

    Raises: Refused not_found.
    """
    row = find(client_id, domain_id)
    found = look(
        row.domain, routes(), resolve or resolver(settings.SOFY.dns_server)
    )  # no lock is held while DNS is slow
    row.findings = {each.record.check: {"state": each.state, "found": each.found, "value": each.record.value}
                    for each in found}  # fmt: skip
    row.checked_at = clock.now()
    if all(each.state != "unknown" for each in found):
        good = bool(routes()) and all(each.state == "ok" for each in found if each.needed)
        row.verified_at = (row.verified_at or clock.now()) if good else None
    row.save(update_fields=["findings", "checked_at", "verified_at"])
    return found


def find(client_id: UUID, domain_id: UUID) -> EmailDomain:
    """A domain of a client. Raises: Refused not_found."""
    row = EmailDomain.objects.filter(client_id=client_id, pk=domain_id).first()
    if row is None:
        raise Refused("not_found", 404)
    return row


def shown(row: EmailDomain, known: Sequence[Route]) -> list[Finding]:
    """What to put into DNS for a domain, with what was found when it was looked at last."""
    rows = []
    for each in wanted(row.domain, known):
        last = row.findings.get(each.record.check, {})
        record = each.record._replace(value=last.get("value", each.record.value))
        rows.append(Finding(record, last.get("state", "unknown"), last.get("found", "")))
    return rows


def is_verified(client_id: UUID, address: str) -> bool:
    """Whether mails from an address are signed for its domain."""
    domain = address.rpartition("@")[2].lower()
    return EmailDomain.objects.filter(client_id=client_id, domain=domain).exclude(verified_at=None).exists()


def _ascii(domain: str) -> str:
    name = domain.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/.").rpartition("@")[2]
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not DOMAIN.fullmatch(name):
        raise Refused("email_domain", domain=domain.strip()[:80])
    return name
