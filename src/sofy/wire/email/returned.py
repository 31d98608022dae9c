"""Read what comes back of mails: delivery reports, complaints, and the free words of servers that write neither.

Sources: RFC 3464 (delivery status), RFC 3462 (multipart/report), RFC 5965 (abuse reports, ARF), RFC 3834 (answers of
programs). Whatever is in a mail, reading it raises nothing; what is not understood is left out.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Final, Literal

import msgspec

MOST_BYTES: Final = 1_000_000
_MOST_PARTS: Final = 50
_MOST_REPORTS: Final = 100
_TEXT_CHARS: Final = 20_000
_PARSER: Final = BytesParser(policy=policy.compat32)

#: RFC 3463 codes in free words, but not in an address of the internet.
STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\.\d|\d)")
_SMTP_CODE: Final = re.compile(r"(?<![\d.])([45]\d\d)[ -](?=[\w#<\"'(])")
_DAEMON: Final = re.compile(r"mailer-daemon|postmaster|mail delivery|no-?reply.*bounce|mailer_daemon", re.IGNORECASE)
_FAILED: Final = re.compile(
    r"could ?n[o']t be delivered|could not deliver|delivery (?:has )?failed|permanent (?:fatal )?errors?|"
    r"undeliver(?:ed|able)|returned mail|returning message to sender|failure notice|"
    r"n'a pas pu être (?:remis|distribué|livré)|"
    r"non[- ]remis|échec de (?:la )?(?:remise|distribution)|wasn't delivered|not be delivered",
    re.IGNORECASE,
)
_WAITS: Final = re.compile(
    r"warning: could not send|delayed|will be retried|message is still|sera retent|retardé", re.IGNORECASE
)

#: Where the copy of the mail itself begins in free words: its own lines say nothing of what became of it.
_COPY: Final = re.compile(
    r"^(?:-{2,}[^\n]{0,80}(?:copy of|original (?:message|mail)|message d'origine|headers follow)|"
    r"(?:return-path|received|dkim-signature):\s)",
    re.IGNORECASE | re.MULTILINE,
)
#: Parts that say something of a mail, whatever that is: free words beside them say no more.
_FORMAL: Final = ("message/disposition-notification", "message/feedback-report")

Kind = Literal["failed", "delayed", "delivered", "complaint"]
#: What RFC 3464 2.3.3 calls it, and what it comes to. A mail that was relayed may still come back.
ACTIONS: Final[dict[str, Kind]] = {"failed": "failed", "delayed": "delayed", "delivered": "delivered"}
#: Complaints of RFC 5965 7.3 by which a person says no; "not-spam" and "virus" are none.
COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "other", "unsubscribe"})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a report says. `status`: of RFC 3463, or three digits, or nothing; `words`: what the server wrote.

    `recipient` and `words` may hold addresses: they are for deciding, never for a log.
    """

    kind: Kind
    status: str = ""
    words: str = ""
    recipient: str = ""


class Returned(msgspec.Struct, frozen=True):
    """What a mail says of others. `texts`: where the mail it is about may be named, likeliest first."""

    reports: list[Report]
    texts: list[str]


def read(raw: bytes) -> Returned:
    """What a mail that came to the address for returns says; no reports when it is something else."""
    raw = raw[:MOST_BYTES]
    try:
        return _read(raw)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError):
        # The library stumbles over some headers and charsets: what is left is what can be found in the bytes.
        return Returned([], [raw.decode("latin-1")])


def _read(raw: bytes) -> Returned:
    mail = _PARSER.parsebytes(raw)
    parts = list(_parts(mail))
    reports = [report for part in parts for report in _formal(part)][:_MOST_REPORTS]
    written = (part for part in parts if part.get_content_type() in ("text/plain", "text/html"))
    said = "\n".join(_COPY.split(_text(part), maxsplit=1)[0] for part in written)[:_TEXT_CHARS]
    if reports:
        reports = [_completed(report, said) for report in reports]
    elif _is_from_a_server(mail) and not any(map(_tells_no_end, parts)):
        reports = list(_informal(mail, said))
    return Returned(reports, list(_texts(mail, parts, raw)))


def _parts(mail: Message) -> Iterator[Message]:
    for number, part in enumerate(mail.walk()):
        if number >= _MOST_PARTS:
            return
        yield part


def _formal(part: Message) -> Iterator[Report]:
    kind = part.get_content_type()
    if kind in ("message/delivery-status", "message/global-delivery-status"):
        for fields in _blocks(part):
            if "action" in fields or "final-recipient" in fields:
                yield from _delivery(fields)
    elif kind == "message/feedback-report":
        for fields in _blocks(part):
            yield from _complaint(fields)


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a part; some servers call it a text, or encode it."""
    inside = part.get_payload()
    if isinstance(inside, list) and _field(part, "content-transfer-encoding").lower() == "base64":  # RFC 6533 6
        # The library looked for fields in what hides them, and took it for the text below them.
        hidden = "".join(str(block.get_payload()) for block in inside if isinstance(block, Message))
        for text in re.split(rb"\r?\n\r?\n", b64decode(hidden)):
            yield _PARSER.parsebytes(text.strip())
        return
    if isinstance(inside, list):
        for block in inside:
            if isinstance(block, Message):
                yield block
                written = block.get_payload()
                if isinstance(written, str) and ":" in written:
                    yield _PARSER.parsebytes(written.encode("utf-8", "replace"))
        return
    for text in re.split(r"\r?\n\r?\n", _text(part)):
        yield _PARSER.parsebytes(text.strip().encode("utf-8", "replace"))


def _delivery(fields: Message) -> Iterator[Report]:
    action = _field(fields, "action").split(" ")[0].lower()
    status = STATUS.search(_field(fields, "status"))
    said = _field(fields, "diagnostic-code")
    if action not in ACTIONS and status is not None and action not in ("relayed", "expanded"):
        action = {"2": "delivered", "4": "delayed", "5": "failed"}[status[1][0]]
    if action in ACTIONS:
        words = said.partition(";")[2].strip() or said
        recipient = _field(fields, "original-recipient") or _field(fields, "final-recipient")
        yield Report(
            kind=ACTIONS[action], status=status[1] if status else "", words=words[:_TEXT_CHARS],
            recipient=recipient.rpartition(";")[2].strip(" <>"),
        )  # fmt: skip


def _complaint(fields: Message) -> Iterator[Report]:
    kind = _field(fields, "feedback-type").lower()
    if kind in COMPLAINTS:
        recipient = _field(fields, "original-rcpt-to").strip(" <>")
        yield Report(kind="complaint", status=kind, recipient=recipient)


def _completed(report: Report, said: str) -> Report:
    """A report that says "5.0.0" is worth what its words, or those for people beside it, say more exactly."""
    if report.kind not in ("failed", "delayed") or not _is_vague(report.status):
        return report
    words = report.words or said
    status = _told(words, report.status) or report.status
    return msgspec.structs.replace(report, status=status, words=words)


def _is_vague(status: str) -> bool:
    return not status or status.endswith((".0.0", ".5.0"))


def _told(words: str, known: str) -> str:
    first = known[:1]
    found = [one for one in STATUS.findall(words) if not _is_vague(one) and (not first or one[0] == first)]
    if found:
        return str(found[0])
    codes = [one for one in _SMTP_CODE.findall(words) if not first or one[0] == first]
    return str(codes[0]) if codes and not known else ""


def _is_from_a_server(mail: Message) -> bool:
    """Whether nobody wrote it. An absence notice is no failure, whoever's name it is in; Exim marks its failures so."""
    if _field(mail, "x-failed-recipients"):
        return True
    automatic = _field(mail, "auto-submitted").lower()
    if automatic.startswith("auto-replied") or _field(mail, "x-autoreply") or _field(mail, "x-autorespond"):
        return False
    name, sender = parseaddr(_field(mail, "from"))
    return _DAEMON.search(f"{name} {sender}") is not None


def _tells_no_end(part: Message) -> bool:
    """Whether a part says that a mail was passed on, read, or found to be no spam: none of which ends anything."""
    if part.get_content_type() in _FORMAL:
        return True
    if part.get_content_type() not in ("message/delivery-status", "message/global-delivery-status"):
        return False
    return any(_field(fields, "action").split(" ")[0].lower() in ("relayed", "expanded") for fields in _blocks(part))


def _informal(mail: Message, said: str) -> Iterator[Report]:
    """A failure in free words, as qmail, old Exims and some providers write it."""
    subject = _field(mail, "subject")
    failed, waits = _FAILED.search(f"{subject}\n{said}"), _WAITS.search(f"{subject}\n{said[:2000]}")
    status = _told(said, "")
    if not failed and not status:
        return
    final = failed is not None and not (waits and status[:1] == "4" and "permanent" not in said.lower())
    kind: Kind = "delayed" if status[:1] == "4" and not final else "delayed" if waits and not status else "failed"
    recipient = _field(mail, "x-failed-recipients").split(",")[0].strip()
    yield Report(kind=kind, status=status, words=said[:2000], recipient=recipient)


def _texts(mail: Message, parts: list[Message], raw: bytes) -> Iterator[str]:
    for name in ("to", "delivered-to", "x-original-to", "envelope-to", "original-recipient"):
        yield from (str(value) for value in mail.get_all(name) or ())
    yield raw.decode("latin-1")
    for part in parts:
        if part.get("content-transfer-encoding") and not part.is_multipart():
            yield _text(part)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def _field(fields: Message, name: str) -> str:
    value = fields.get(name)
    return " ".join(str(value).split()) if value is not None else ""
