"""A replay as files: each document as Factur-X and XML, direct debits as pain.008, a late payer's case file as PDF."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sofy.billing.case import late_payer
from sofy.billing.case.book import Account
from sofy.billing.case.replay import Replay
from sofy.billing.einvoice import cii, facturx
from sofy.billing.paper.case_file import case_file_pdf
from sofy.billing.paper.invoice import invoice_pdf
from sofy.contracts.rules import shapes
from sofy.kernel.errors import Refused
from sofy.wire.pain import values, writer


def write(replay: Replay, folder: Path) -> dict[str, Any]:
    """Write what can be written; the rest is told with the reason. Files of the same name are replaced.

    Raises: OSError
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, left_out = [], []
    for account in replay.book.accounts:
        document = account.document
        xml = cii.build(document)
        pdf = facturx.embed(invoice_pdf(document), xml, document)
        written += [_put(folder / f"{document.number}.xml", xml), _put(folder / f"{document.number}.pdf", pdf)]
    for day, accounts in sorted(_debits(replay).items()):
        try:
            data = writer.write(_batch(replay, day, accounts))
        except Refused as error:
            left_out.append({"collect_on": f"{day}", "why": error.code, **error.facts})
        else:
            written.append(_put(folder / f"pain.008-{day}.xml", data))
    late = late_payer.case_file(replay)
    if late:
        written.append(_put(folder / "case-file.pdf", case_file_pdf(late)))
    return {"written": written, "left_out": left_out}


def _put(path: Path, data: bytes) -> str:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
    return str(path)


def _debits(replay: Replay) -> dict[date, list[Account]]:
    """What is collected on each day: nothing that was paid, credited, or frozen by a court before."""
    found: dict[date, list[Account]] = {}
    for account in replay.book.accounts:
        day = account.document.payment.collect_on
        frozen = account.frozen_on and day and account.frozen_on <= day
        if day and account.document.kind == "invoice" and not frozen and _amount(account, day) > 0:
            found.setdefault(day, []).append(account)
    return found


def _batch(replay: Replay, day: date, accounts: list[Account]) -> values.Batch:
    entity, client, form = replay.case.entity, replay.case.client, replay.form
    creditor = values.Creditor(
        name=entity.name,
        creditor_id=entity.creditor_id,
        iban=entity.iban,
        bic=entity.bic,
        address=_address(entity.address),
    )
    debtor = values.Debtor(name=client.name, iban=client.iban, address=_address(client.address))
    mandate = values.Mandate(id=form.payment.mandate, signed_on=form.signed_at.date())
    debits = tuple(
        values.Debit(
            end_to_end_id=account.number,
            amount_eur=_amount(account, day),
            collect_on=day,
            mandate=mandate,
            debtor=debtor,
            creditor=creditor,
            remittance=account.number,
        )
        for account in accounts
    )
    made_at = datetime.combine(accounts[0].document.issued_on, time(), UTC)
    return values.Batch(message_id=f"{form.number}-{day}", created_at=made_at, initiator=entity.name, debits=debits)


def _amount(account: Account, day: date) -> Decimal:
    """What is debited: what is open when the day begins, less the discount where it is early enough."""
    discount, open_eur = account.document.payment.discount, account.open_before(day)
    early = discount and day <= discount.until and open_eur == account.document.payable_eur
    return discount.payable_eur if discount and early else open_eur


def _address(given: shapes.Address) -> values.Address:
    return values.Address(country=given.country, town=given.town, postcode=given.postcode, street=given.street)
