"""Pages of e-mails out of blocks."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.kernel.content import OPT_OUT_URL
from sofy.kernel.errors import Refused
from sofy.messaging.email_blocks import clean, read, render

BLOCKS = [
    {"type": "heading", "text": "Soldes & fêtes"},
    {"type": "text", "html": "Bonjour {{prenom|vous}}, <b>-20 %</b> <a href='https://x.example/a?b=1&c=2'>ici</a>"},
    {"type": "image", "url": "https://x.example/p.jpg", "alt": "Le magasin", "href": "https://x.example/"},
    {"type": "columns", "columns": [[{"type": "text", "html": "Gauche"}], [{"type": "text", "html": "Droite"}]]},
    {"type": "divider"},
    {"type": "button", "label": "Venir", "href": "https://x.example/{{lien}}"},
    {"type": "footer", "legal": "Le Four, 1 rue du Port\nRCS 123", "unsubscribe": "Ne plus recevoir"},
]


def design(*blocks: object, **more: object) -> bytes:
    return msgspec.json.encode({"blocks": list(blocks), **more})


def test_a_mail_of_every_block():
    content = render(read(design(*BLOCKS, preheader="Jusqu'à samedi")), subject="Soldes")

    assert content.subject == "Soldes"
    for said in ("Soldes &amp; fêtes", "{{prenom|vous}}", "{{lien}}", "p.jpg", "Le magasin", "RCS 123", "Gauche"):
        assert said in content.html
    assert content.html.count(OPT_OUT_URL) == 1
    assert 'lang="fr"' in content.html
    for said in ("Soldes & fêtes", "Bonjour {{prenom|vous}}", "Venir (https://x.example/{{lien}})", "Le Four, 1 rue"):
        assert said in content.text
    assert f"Ne plus recevoir ({OPT_OUT_URL})" in content.text
    assert "<" not in content.text


@pytest.mark.clause("CGVU 17")
def test_marketing_always_has_the_way_out_and_an_alert_need_not():
    marketing = render(read(design(BLOCKS[0])), subject="x")
    alert = render(read(design(BLOCKS[0])), subject="x", marketing=False)

    assert OPT_OUT_URL in marketing.html
    assert OPT_OUT_URL in marketing.text
    assert OPT_OUT_URL not in alert.html


@pytest.mark.parametrize(
    "typed",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
     "<iframe src='https://x.example'></iframe>", "<p onclick=alert(1)>x</p>", "<style>*{display:none}</style>",
     "</mj-text><mj-raw><script>alert(1)</script></mj-raw>", "<a href='http://x.example'>x</a>"],
)  # fmt: skip
def test_nothing_that_runs_or_leads_astray_stays(typed):
    page = render(read(design({"type": "text", "html": typed})), subject="x").html

    assert not [
        bad for bad in ("<script", "onerror", "onclick", "javascript:", "<iframe", "mj-raw", "http://x.") if bad in page
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "button", "label": "x", "href": "javascript:alert(1)"},
        {"type": "button", "label": "x", "href": 'https://x.example/" onclick="x'},
        {"type": "image", "url": "http://x.example/p.jpg", "alt": ""},
        {"type": "heading", "text": ""},
        {"type": "marquee"},
        {"type": "heading", "text": "x", "style": "x"},
        {"type": "columns", "columns": [[]]},
    ],
)
def test_blocks_that_are_none_are_refused(wrong):
    with pytest.raises(Refused, match="email_blocks"):
        read(design(wrong))


@settings(max_examples=60)
@given(
    st.text(max_size=80).filter(bool),
    st.text(alphabet=st.sampled_from("<>/abmj-textp\"'&;= {}|é\x00\n!"), max_size=120),
)
def test_whatever_is_typed_makes_a_page_or_is_refused(heading, html):
    try:
        content = render(
            read(design({"type": "heading", "text": heading}, {"type": "text", "html": html})), subject="x"
        )
    except Refused:
        return
    assert OPT_OUT_URL in content.html
    assert "<script" not in content.html


def test_a_page_that_mailboxes_would_cut_is_refused():
    with pytest.raises(Refused, match="email_too_long"):
        render(read(design(*[{"type": "text", "html": "é" * 9_000}] * 8)), subject="x")


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(typed):
    assert clean(clean(typed)) == clean(typed)
