"""What mails that come back say of the messages of a route."""

from sofy.connectors.base import Heard, Inbound, Receipt
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.failures import action_for, more_exact
from sofy.connectors.email_smtp.verp import Names
from sofy.kernel.clauses import clause
from sofy.wire.email import returned
from sofy.wire.email.returned import Report

#: A mail that was given up because time ran out; the server that gave up says so with either class.
_TOO_LATE = ("4.4.7", "5.4.7")


@clause("CGVU 17")
def heard(config: Config, body: bytes) -> Heard:
    """What a mail to the address for returns says; nothing when no message of this route is named in it.

    A complaint is an opposition: whoever presses "this is spam" wants no more of it.
    """
    read = returned.read(body)
    message = Names(config.hook_secret).found_in(read.texts) if read.reports else None
    if message is None:
        return Heard()
    receipts = [_receipt(message.hex, report, config) for report in read.reports if report.kind != "complaint"]
    complaints = [
        Inbound(
            sender=report.recipient if "@" in report.recipient else "",  # some reports blacken it
            recipient=config.envelope_domain, text="", supplier_id=f"complaint-{message.hex}", answers=message.hex,
            detail={"complaint": report.status}, opts_out=True,
        )
        for report in read.reports
        if report.kind == "complaint"
    ][:1]  # fmt: skip
    return Heard(receipts=_one_of_each(receipts), inbound=complaints)


def _receipt(key: str, report: Report, config: Config) -> Receipt:
    code = more_exact(report.status, report.words, report.status[:1]) if report.words else report.status
    if report.kind == "delivered":
        return Receipt(keys=(key,), status="delivered", code=report.status)
    if report.kind == "delayed":
        return Receipt(keys=(key,), status="submitted", code=code)
    if code in _TOO_LATE:
        return Receipt(keys=(key,), status="expired", code=code, action=action_for(code, config.errors))
    return Receipt(keys=(key,), status="failed", code=code or "5", action=action_for(code or "5", config.errors))


def _one_of_each(receipts: list[Receipt]) -> list[Receipt]:
    """One mail has one recipient: a server that says a thing twice says it once."""
    return list({receipt.status: receipt for receipt in reversed(receipts)}.values())[::-1]
