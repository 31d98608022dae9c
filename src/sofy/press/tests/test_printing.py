"""What reaches a page, whatever people wrote."""

from datetime import date
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.press import printing
from sofy.press.printing import Whole, showable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Œuvre d'été à 12 €", "Œuvre d'été à 12 €"),
        ("a\x00b\x07c\td", "a b c d"),
        ("deux\r\nlignes", "deux\nlignes"),
        ("e\u0301", "é"),
        ("100 \u202e00,1", "100 00,1"),
        ("寿司 Café 😀", "\ufffd\ufffd Café \ufffd"),
        ("ΑΒΓ Ж ł", "ΑΒΓ Ж ł"),
    ],
)
def test_a_text_is_made_showable(text, shown):
    assert showable(text) == shown


def test_long_words_may_break_and_identifiers_may_not():
    word = "x" * 60

    assert showable(word).replace("\u200b", "") == word
    assert max(len(part) for part in showable(word).split("\u200b")) == 12
    assert showable(word, whole=True) == word


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_printed(text):
    made = printing.pdf("press/tests/any.typ", {"text": text, "whole": Whole(text)}, on=date(2026, 6, 1))

    assert made.startswith(b"%PDF-")


def test_what_was_remembered_of_a_large_document_is_let_go(monkeypatch):
    forgotten = []
    monkeypatch.setattr(printing, "_forget", lambda: forgotten.append(1))

    printing.pdf("press/tests/any.typ", {"text": "word " * 100}, on=date(2026, 6, 1))
    assert forgotten == []

    printing.pdf("press/tests/any.typ", {"text": "word " * 10_000}, on=date(2026, 6, 1))
    assert forgotten == [1]


def test_threads_print_one_after_the_other():
    made = []
    threads = [
        Thread(
            target=lambda n=n: made.append(printing.pdf("press/tests/any.typ", {"text": str(n)}, on=date(2026, 6, 1)))
        )
        for n in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 4


def test_a_page_as_a_picture():
    pages = printing.png("press/tests/any.typ", {"text": "a"}, on=date(2026, 6, 1), ppi=40)

    assert [page[:4] for page in pages] == [b"\x89PNG"]
