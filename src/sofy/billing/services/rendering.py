"""The files of a frozen document: made of it and of nothing else, after its number is its own for good.

The Factur-X holds its XML inside. It is kept under the key of the legal entity, in a folder of that entity.
"""

import hashlib
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from sofy.billing.document import Document, decoded
from sofy.billing.einvoice import cii, facturx
from sofy.billing.models import Invoice
from sofy.billing.paper.invoice import invoice_pdf
from sofy.kernel import clock
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import staff_scope


@dataclass(frozen=True)
class Files:
    """A document as it leaves the house."""

    number: str
    pdf: bytes
    xml: bytes


def made(document: Document) -> Files:
    """The files of a document; equal documents have equal files."""
    xml = cii.build(document)
    return Files(document.number, facturx.embed(invoice_pdf(document), xml, document), xml)


def render(client_id: UUID, invoice_id: UUID) -> Files:
    """Write the files of a frozen document unless they are there; whoever asks twice gets the same bytes.

    Raises: Refused (invoice_unknown).
    """
    with staff_scope():
        row = Invoice.objects.using("staff").filter(client_id=client_id, pk=invoice_id).first()
    if row is None:
        raise Refused("invoice_unknown", 404)
    kept = stored(row)
    if kept is not None:
        return kept
    files = made(decoded(str(row.document).encode()))
    _store(row, files.pdf)
    with staff_scope():
        Invoice.objects.using("staff").filter(client_id=client_id, pk=invoice_id).update(
            rendered_at=clock.now(), pdf_sha256=_sha256(files.pdf), xml_sha256=_sha256(files.xml)
        )
    return files


def stored(row: Invoice) -> Files | None:
    """The files as they were written; none when they are not there, or are not what they were."""
    if row.rendered_at is None:
        return None
    try:
        sealed = _path(row).read_bytes()
        text = keys_for(row.entity_id).unseal("billing_invoice", "file", row.pk, sealed)
    except (FileNotFoundError, Unreadable):
        return None
    pdf = b64decode(text)
    if _sha256(pdf) != row.pdf_sha256:
        return None
    return Files(row.number, pdf, facturx.xml_of(pdf))


def _store(row: Invoice, pdf: bytes) -> None:
    """Whole or not at all."""
    path = _path(row)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealed = keys_for(row.entity_id).seal("billing_invoice", "file", row.pk, b64encode(pdf).decode())
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(sealed)
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)


def _path(row: Invoice) -> Path:
    return Path(settings.SOFY.var_dir) / "invoices" / str(row.entity_id) / str(row.pk)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
