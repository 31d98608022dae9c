"""Mails, read back by the standard library."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.email import mime
from sofy.wire.email.mime import BadAddress, compose
from sofy.wire.email.plain import text_of
from sofy.wire.email.tests.test_dkim import letter


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_mail_says_what_was_meant():
    mail = read(compose(letter(reply_to="contact@lefour.example", automatic=True)))

    assert mail["Subject"] == "Votre fidélité : -20 %"
    assert mail["From"].addresses[0].display_name == "Le Four à Bois"
    assert mail["From"].addresses[0].addr_spec == "bonjour@lefour.example"
    assert (mail["To"], mail["Reply-To"]) == ("anna@example.org", "contact@lefour.example")
    assert mail["Message-ID"] == "<abc@lefour.example>"
    assert mail["Date"].datetime.isoformat() == "2026-01-05T13:30:00+00:00"
    assert mail["List-Unsubscribe"] == "<https://x.example/u/abc>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_mail_that_nobody_subscribed_to_has_no_unsubscribe():
    mail = read(compose(letter(unsubscribe_url="")))

    assert "List-Unsubscribe" not in mail
    assert "List-Unsubscribe-Post" not in mail


def test_words_alone_are_one_part():
    mail = read(compose(letter(html="", text="Votre code : 123456")))

    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "Votre code : 123456\r\n"


def test_without_a_text_it_is_made_of_the_page():
    page = (
        "<html><head><title>x</title><style>p{color:red}</style></head><body><div style='display: none'>aperçu</div>"
        "<h1>Soldes</h1><p>Bonjour <b>Anna</b>,<br>à samedi&nbsp;!</p><ul><li>pain</li><li>tarte</li></ul>"
        "<p><a href='https://x.example/a'>Venir</a></p><img src='l.png' alt='Le Four'></body></html>"
    )
    mail = read(compose(letter(html=page, text="")))

    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().split("\r\n") == [
        "Soldes", "", "Bonjour Anna,", "à samedi\xa0!", "", "- pain", "- tarte", "", "Venir (https://x.example/a)", "",
        "Le Four",
    ]  # fmt: skip


@given(st.text(max_size=600))
def test_words_come_back_as_they_were(text):
    kept = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    mail = read(compose(letter(text=text or "x", html="<p>x</p>")))
    part = mail.get_body(("plain",))
    assert part is not None
    got = part.get_payload(decode=True)
    assert isinstance(got, bytes)

    assert got.decode().replace("\r\n", "\n").removesuffix("\n") == (kept or "x").removesuffix("\n")


@given(st.text(max_size=300))
def test_foreign_scripts_go_as_base64_in_short_lines(text):
    raw = compose(letter(text="日本語のメール" * 30 + text))

    assert b"Content-Transfer-Encoding: base64" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 100


nasty = st.text(alphabet=st.sampled_from('aé\r\n\0:;<>"\\, \t=?_@日\x85\u2028\ud800'), max_size=200)


@given(nasty, nasty, nasty)
def test_no_field_adds_a_header_or_a_line_too_long(subject, name, feedback):
    raw = compose(letter(subject=subject, sender_name=name, feedback_id=feedback))
    head = raw.partition(b"\r\n\r\n")[0]
    mail = read(raw)

    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    known = {b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post"}
    known |= {b"feedback-id", b"mime-version", b"content-type"}
    assert set(names) <= known
    assert len(names) == len(set(names))
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert max(map(len, head.split(b"\r\n"))) <= 100
    assert all(32 <= byte < 127 for byte in head.replace(b"\r\n", b""))
    assert [one.addr_spec for one in mail["From"].addresses][-1] == "bonjour@lefour.example"


@given(nasty)
def test_a_subject_comes_back_in_its_words(subject):
    said = " ".join(mime._CONTROL.sub(" ", subject).split())

    assert " ".join(str(read(compose(letter(subject=subject)))["Subject"]).split()) == said


@pytest.mark.parametrize(
    "bad",
    ["", "anna", "anna@", "@x.example", "a b@x.example", "a@x.example\r\nBcc: b@x.example", "a@x.example>",
     "a@-x.example", "é@x.example", "a@x..example", "a" * 65 + "@x.example", "a@" + "x" * 64 + ".example",
     ".a@x.example", "a\0@x.example"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["to", "sender", "message_id"])
def test_an_address_that_is_none_is_refused(field, bad):
    with pytest.raises(BadAddress):
        compose(letter(**{field: bad}))


@given(st.text(max_size=60))
def test_an_address_is_one_word_of_ascii_or_refused(text):
    try:
        found = mime.address(text)
    except BadAddress:
        return
    assert found.isascii()
    assert not set(found) & set(' \r\n<>\0,;:\\"()')


def test_a_domain_with_accents_is_written_in_ascii():
    assert mime.address("anna@café.example") == "anna@xn--caf-dma.example"


@given(st.text(alphabet=st.sampled_from("<>/abdivplstyle =\"'{}&;#x\n é!-["), max_size=300))
def test_any_page_has_a_text(html):
    assert text_of(html).endswith("\n")
