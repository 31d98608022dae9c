"""What comes back of a mail: reports and complaints as servers write them, and the click that takes somebody off."""

import re
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import Final
from uuid import uuid4

_PARSER: Final = BytesParser(policy=policy.default)
_URL: Final = re.compile(r"<(https?://[^<>\s]+)>")


def report(sender: str, recipient: str, mail: bytes, *, action: str, status: str, said: str) -> bytes:
    """A delivery status notification. Source: RFC 3464."""
    text = f"Your message could not be delivered to {recipient}.\r\n\r\n    {said}\r\n"
    fields = (
        "Reporting-MTA: dns; mx.sandbox.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n"
    )
    subject = "Undelivered Mail Returned to Sender" if action == "failed" else "Delayed Mail (still being retried)"
    parts = [("text/plain; charset=us-ascii", text), ("message/delivery-status", fields)]
    return _returned(sender, subject, "delivery-status", [*parts, ("text/rfc822-headers", _headers(mail))])


def complaint(sender: str, recipient: str, mail: bytes) -> bytes:
    """An abuse report. Source: RFC 5965."""
    fields = (
        "Feedback-Type: abuse\r\nUser-Agent: SofySandbox/1.0\r\nVersion: 1\r\n"
        f"Original-Mail-From: <{sender}>\r\nOriginal-Rcpt-To: <{recipient}>\r\n"
    )
    parts = [("text/plain; charset=us-ascii", "This is an abuse report.\r\n"), ("message/feedback-report", fields)]
    whole = mail.decode("utf-8", "replace")
    return _returned(sender, "FW: complaint", "feedback-report", [*parts, ("message/rfc822", whole)])


def one_click(mail: bytes) -> str:
    """Where one click takes the person off, empty when the mail offers none. Source: RFC 8058."""
    read = _PARSER.parsebytes(mail, headersonly=True)
    if read.get("List-Unsubscribe-Post", "").strip() != "List-Unsubscribe=One-Click":
        return ""
    found = _URL.search(str(read.get("List-Unsubscribe", "")))
    return found[1] if found else ""


def shown(mail: bytes) -> tuple[str, str, str, str]:
    """Sender, subject, words and page of a mail."""
    read: Message = _PARSER.parsebytes(mail)
    assert isinstance(read, EmailMessage)
    plain, page = read.get_body(("plain",)), read.get_body(("html",))
    return (
        str(read.get("From", "")),
        str(read.get("Subject", "")),
        str(plain.get_content()) if isinstance(plain, EmailMessage) else "",
        str(page.get_content()) if isinstance(page, EmailMessage) else "",
    )


def _headers(mail: bytes) -> str:
    return mail.partition(b"\r\n\r\n")[0].decode("ascii", "replace") + "\r\n"


def _returned(to: str, subject: str, kind: str, parts: list[tuple[str, str]]) -> bytes:
    boundary = f"sandbox-{uuid4().hex}"
    head = (
        f"Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.sandbox.example>\r\n"
        f"To: <{to}>\r\nSubject: {subject}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"\r\n\r\n'
    )
    body = "".join(f"--{boundary}\r\nContent-Type: {name}\r\n\r\n{text}\r\n" for name, text in parts)
    return f"{head}{body}--{boundary}--\r\n".encode()
