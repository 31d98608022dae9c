"""Mails that come back, in the shapes real servers give them; flufl.bounce as a second opinion."""

import hmac
from base64 import encodebytes
from email import message_from_bytes
from pathlib import Path
from quopri import encodestring
from uuid import UUID

import pytest
from flufl.bounce import scan_message
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.base import Action, Callback, Heard
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.connector import EmailConnector
from sofy.connectors.email_smtp.failures import TABLE, action_for, code_of
from sofy.connectors.email_smtp.verp import Names

SAMPLES = Path(__file__).parent.parent / "samples"
MESSAGE = UUID(int=0x0199_0000_7000_8000_0000_0000_0000_0001)
CONFIG = Config(host="127.0.0.1", envelope_domain="retours.example.com", hook_secret="s3cret-s3cret-s3cret")
NAME = Names(CONFIG.hook_secret).of(MESSAGE)


def sample(name: str, message_name: str = NAME) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes().replace(b"NAME", message_name.encode())


def heard(body: bytes) -> Heard:
    return EmailConnector.read_callback(CONFIG, body)


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("name", "status", "code", "action"),
    [
        ("postfix-unknown", "failed", "5.1.1", Action.SUPPRESS),
        ("postfix-delayed", "submitted", "4.4.1", None),
        ("postfix-expired", "expired", "4.4.7", Action.PERMANENT),
        ("exim-unknown", "failed", "5.1.1", Action.SUPPRESS),
        ("exim-free-words", "failed", "5.1.1", Action.SUPPRESS),
        ("exchange-unknown", "failed", "5.1.10", Action.SUPPRESS),
        ("exchange-policy", "failed", "5.7.1", Action.CONFIGURATION),
        ("gmail-unknown", "failed", "5.1.1", Action.SUPPRESS),
        ("gmail-full", "failed", "5.2.2", Action.PERMANENT),
        ("orange-unknown", "failed", "5.1.1", Action.SUPPRESS),
        ("orange-full", "failed", "5.2.2", Action.PERMANENT),
        ("qmail-unknown", "failed", "5.1.1", Action.SUPPRESS),
        ("success", "delivered", "2.0.0", None),
    ],
)
def test_a_report_is_about_its_message(name, status, code, action):
    said = heard(sample(name))

    (receipt,) = said.receipts
    assert (receipt.keys, receipt.status, receipt.code, receipt.action) == ((MESSAGE.hex,), status, code, action)
    assert not said.inbound


def from_a_server(kind: str, fields: str, more: str = "") -> bytes:
    """A report in whose words and copied headers somebody could read a failure."""
    return (
        f"From: MAILER-DAEMON@example.org\r\nTo: b-{NAME}@retours.example.com\r\nSubject: Undelivered mail\r\n{more}"
        "Content-Type: multipart/report; boundary=b\r\nMIME-Version: 1.0\r\n\r\n--b\r\n\r\nAbout your mail.\r\n--b\r\n"
        f"Content-Type: {kind}\r\n\r\n{fields}\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        "DKIM-Signature: v=1\r\nSubject: Bonjour\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("message/delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: relayed\r\nStatus: 2.0.0\r\n"),
        ("message/delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: expanded\r\nStatus: 2.0.0\r\n"),
        ("message/disposition-notification", "Disposition: manual-action; displayed\r\n"),
        ("message/feedback-report", "Feedback-Type: not-spam\r\nVersion: 1\r\n"),
    ],
)  # fmt: skip
def test_what_says_no_end_of_a_mail_fails_nothing(kind, fields):
    assert heard(from_a_server(kind, fields)) == Heard()


def test_a_failure_that_exim_marks_as_an_answer_is_read_and_its_copy_of_the_mail_is_not():
    returned = (
        f"From: Mail Delivery System <Mailer-Daemon@mx.example.org>\r\nTo: b-{NAME}@retours.example.com\r\n"
        "X-Failed-Recipients: a@example.org\r\nAuto-Submitted: auto-replied\r\nSubject: Mail delivery failed\r\n\r\n"
        "This is a permanent error. The following address(es) failed:\r\n\r\n  a@example.org\r\n\r\n"
        "------ This is a copy of the message, including all the headers. ------\r\n\r\nDKIM-Signature: v=1\r\n"
    ).encode()

    (receipt,) = heard(returned).receipts

    assert (receipt.status, receipt.code, receipt.action) == ("failed", "5", Action.PERMANENT)


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_a_report_is_read_however_its_fields_are_encoded(kind, encoding):
    fields = (
        b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    written = {"base64": encodebytes, "quoted-printable": encodestring}.get(encoding, bytes)(fields)
    report = (
        f"To: b-{NAME}@retours.example.com\r\nContent-Type: multipart/report; boundary=b\r\n"
        f"MIME-Version: 1.0\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: {kind}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode() + written + b"\r\n--b--\r\n"  # fmt: skip

    (receipt,) = heard(report).receipts

    assert (receipt.keys, receipt.status, receipt.code) == ((MESSAGE.hex,), "failed", "5.1.1")


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(("name", "sender"), [("arf-abuse", "anna@example.org"), ("arf-redacted", "")])
def test_a_complaint_is_an_opposition(name, sender):
    said = heard(sample(name))

    (inbound,) = said.inbound
    assert inbound.opts_out
    assert (inbound.answers, inbound.sender) == (MESSAGE.hex, sender)
    assert not said.receipts


@pytest.mark.parametrize("name", ["absence", "foreign", "arf-not-spam"])
def test_what_says_nothing_of_a_message_is_left_out(name):
    assert heard(sample(name)) == Heard()


@pytest.mark.parametrize("name", ["postfix-unknown", "arf-abuse", "qmail-unknown"])
def test_a_report_about_a_made_up_message_is_not_believed(name):
    forged = Names("another secret ....").of(MESSAGE)

    assert heard(sample(name, forged)) == Heard()


@pytest.mark.parametrize(
    "name",
    ["postfix-unknown", "exim-unknown", "exim-free-words", "exchange-unknown", "gmail-unknown", "qmail-unknown",
     "gmail-full", "orange-unknown"],
)  # fmt: skip
def test_flufl_bounce_sees_a_failure_where_we_see_one(name):
    assert b"anna@example.org" in scan_message(message_from_bytes(sample(name)))


def test_upper_case_and_line_ends_change_nothing():
    body = sample("postfix-unknown", NAME.upper()).replace(b"\n", b"\r\n")

    assert heard(body).receipts == heard(sample("postfix-unknown")).receipts


@given(st.binary(max_size=400))
def test_any_bytes_are_read(body):
    assert heard(body) == Heard()


@given(st.sampled_from(sorted(path.stem for path in SAMPLES.glob("*.eml"))), st.data())
def test_a_damaged_report_is_read(name, data):
    body = bytearray(sample(name))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
        if not body:
            return

    said = heard(bytes(body))

    assert {receipt.keys for receipt in said.receipts} <= {(MESSAGE.hex,)}


def test_a_mail_of_many_parts_in_parts_ends():
    body = (
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 3000
    )

    assert heard(body) == Heard()


@pytest.mark.parametrize(
    ("_case", "headers", "believed"),
    [
        ("the secret", {"authorization": "Bearer s3cret-s3cret-s3cret"}, True),
        ("another", {"authorization": "Bearer s3cres"}, False),
        ("none", {}, False),
        (
            "a signature",
            {"x-sofy-signature": "sha256=" + hmac.new(b"s3cret-s3cret-s3cret", b"body", "sha256").hexdigest()},
            True,
        ),
        (
            "of other bytes",
            {"x-sofy-signature": "sha256=" + hmac.new(b"s3cret-s3cret-s3cret", b"x", "sha256").hexdigest()},
            False,
        ),
        ("not ascii", {"authorization": "Bearer é"}, False),
    ],
)
def test_who_may_post_returned_mails(_case, headers, believed):
    callback = Callback(method="POST", headers=headers, query={}, body=b"body")

    assert EmailConnector.authentic(CONFIG, callback) is believed


def test_a_route_without_a_secret_believes_nobody():
    config = Config(host="x.example")
    callback = Callback(method="POST", headers={"authorization": "Bearer "}, query={}, body=b"")

    assert not EmailConnector.authentic(config, callback)


@given(st.uuids())
def test_names_are_for_their_message_alone(message):
    names = Names("secret" * 4)
    name = names.of(message)

    assert names.read(name) == message
    assert names.read(("b" if name[0] == "a" else "a") + name[1:]) is None
    assert names.found_in([f"x <b-{name}@retours.example.com>"]) == message


@pytest.mark.parametrize(
    ("answer", "code", "action"),
    [
        ((550, "5.1.1", "no such user"), "5.1.1", Action.SUPPRESS),
        ((550, "", "User unknown"), "5.1.1", Action.SUPPRESS),
        ((550, "5.5.0", "Requested action not taken: mailbox unavailable"), "5.1.1", Action.SUPPRESS),
        ((554, "", "delivery error: dd This user doesn't have a yahoo.example account"), "5.1.1", Action.SUPPRESS),
        ((552, "5.2.2", "over quota"), "5.2.2", Action.PERMANENT),
        ((550, "5.7.1", "blocked"), "5.7.1", Action.CONFIGURATION),
        ((550, "5.7.515", "access denied"), "5.7.515", Action.CONFIGURATION),
        ((550, "", "hello"), "550", Action.PERMANENT),
        ((421, "4.7.28", "rate limit"), "4.7.28", Action.SLOW_LINK),
        ((421, "", "Too many connections, slow down. OFR004_104 [104]"), "4.7.0", Action.SLOW_LINK),
        ((421, "", "closing"), "421", Action.SLOW_LINK),
        ((450, "4.2.0", "Greylisted, see http://x.example"), "4.7.1", Action.RETRY),
        ((451, "4.7.1", "Greylisting in action"), "4.7.1", Action.RETRY),
        ((452, "4.2.2", "mailbox full"), "4.2.2", Action.RETRY),
        ((451, "", "user unknown"), "451", Action.RETRY),
        ((599, "", ""), "599", Action.PERMANENT),
    ],
)
def test_what_an_answer_means(answer, code, action):
    assert code_of(*answer) == code
    assert action_for(code) is action


def test_a_route_has_its_own_opinion():
    assert action_for("5.7.1", {"5.7": Action.OTHER_ROUTE}) is Action.OTHER_ROUTE
    assert action_for("5.2.2", {"5.7": Action.OTHER_ROUTE}) is Action.PERMANENT


def test_no_row_is_there_twice():
    assert len({row.code for row in TABLE}) == len(TABLE)
