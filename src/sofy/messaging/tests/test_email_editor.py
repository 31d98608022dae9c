"""The block editor: blocks are added, moved and taken back; marketing keeps its way out; strangers see nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.kit.rls import client_scope
from sofy.messaging import email_blocks, email_editor
from sofy.messaging.models import Template
from sofy.messaging.services import templates
from sofy.messaging.tests.test_pages import browser

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
HEAD = {"0-type": "heading", "0-text": "Soldes de {{ville}}", "0-align": "left"}
FORM = HEAD | {
    "1-type": "text", "1-html": "Bonjour\n<b>-20 %</b><script>x()</script>", "1-align": "left", "2-type": "button",
    "2-label": "Venir", "2-href": "https://shop.example/", "2-align": "center", "3-type": "footer",
    "3-legal": "Le Four, 1 rue du Port", "3-unsubscribe": "Ne plus recevoir", "subject": "Soldes", "accent": "#1f5fbf",
    "language": "fr", "purpose": "marketing", "code": "soldes", "name": "Soldes", "sample-ville": "Lyon",
}  # fmt: skip


@pytest.fixture
def client(db):
    return make_client()


def kinds(answer):
    return [raw["type"] for raw in answer.context["draft"].state]


def kept(client):
    with client_scope(client.pk):
        version = templates.version(Template.objects.get())
        return templates.contents_of(version)["email"], templates.design_of(version)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_mail_is_made_of_blocks_kept_and_opened_again(client, language):
    person = browser(make_user(client=client, role="marketer"), language)
    url = f"/c/{client.slug}/templates/mail/new"

    blank, answer = person.get(url), person.post(url, FORM | {"do": "keep"})
    again = person.get(answer["location"])
    email, design = kept(client)

    assert (blank.status_code, answer.status_code, again.status_code) == (200, 302, 200)
    assert kinds(again) == ["heading", "text", "button", "footer"]
    assert "Bonjour\n&lt;b&gt;-20 %&lt;/b&gt;" in again.text
    assert (email.subject, "Lyon" in email.html, "<script" in email.html) == ("Soldes", False, False)
    assert "Bonjour" in email.text
    assert design
    assert f'lang="{language}"' in again.text


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize("what", ["drop:3", "up:3", "copy:3"])
def test_marketing_keeps_its_way_out_at_the_end_whatever_is_pressed(client, what):
    person = browser(make_user(client=client))
    url = f"/c/{client.slug}/templates/mail/new"

    answer = person.post(url, FORM | {"do": what})
    person.post(url, {name: value for name, value in FORM.items() if name[:2] != "3-"} | {"do": "keep"})

    assert kinds(answer).count("footer") == 1
    assert kinds(answer)[-1] == "footer"
    assert OPT_OUT_URL in kept(client)[0].html


def test_an_alert_needs_no_foot(client):
    person = browser(make_user(client=client))

    answer = person.post(f"/c/{client.slug}/templates/mail/new", FORM | {"do": "drop:3", "purpose": "alert"})

    assert "footer" not in kinds(answer)


def test_what_was_done_is_taken_back_step_by_step(client):
    person = browser(make_user(client=client))
    url = f"/c/{client.slug}/templates/mail/new"

    moved = person.post(url, FORM | {"do": "down:0"})
    dropped = person.post(url, form_of(moved) | {"do": "drop:0"})
    typed = person.post(url, form_of(dropped) | {"0-text": "Autre", "do": "undo"})
    back = person.post(url, form_of(typed) | {"do": "undo"})
    first = person.post(url, form_of(back) | {"do": "undo"})

    assert kinds(moved) == ["text", "heading", "button", "footer"]
    assert 'value="down:1" autofocus' in moved.text, "the keyboard stays on the block"
    assert kinds(dropped) == ["heading", "button", "footer"]
    assert typed.context["draft"].state[0]["text"] == "Soldes de {{ville}}"
    assert kinds(back) == kinds(moved)
    assert kinds(first) == ["heading", "text", "button", "footer"]
    assert first.context["undo"] is False


def form_of(answer):
    """The form of a page, as a browser sends it."""
    fields = {f"{n}-{k}": v for n, raw in enumerate(answer.context["draft"].state) for k, v in raw.items()}
    return {"subject": "Soldes", "accent": "#1f5fbf", "language": "fr", "purpose": "marketing"} | fields | {
        "past": answer.context["past"], "base": answer.context["base"],
    }  # fmt: skip


def test_an_unfinished_block_says_what_it_lacks_and_nothing_is_kept(client):
    person = browser(make_user(client=client))
    url = f"/c/{client.slug}/templates/mail/new"

    answer = person.post(url, FORM | {"2-href": "javascript:alert(1)", "do": "keep"})

    assert answer.status_code == 422
    assert "A button needs words and an address" in answer.text
    with client_scope(client.pk):
        assert Template.objects.count() == 0


def test_a_new_mail_reproaches_nobody_with_blocks_that_are_still_empty(client):
    person = browser(make_user(client=client))
    url = f"/c/{client.slug}/templates/mail/new"

    fresh = person.get(url)
    begun = person.post(url, FORM | {"2-href": "javascript:alert(1)", "do": "up:2"})
    kept = person.post(url, FORM | {"0-text": "", "do": "keep"})

    assert "Write the heading." not in fresh.text
    assert "A button needs words and an address" in begun.text
    assert "Write the heading." in kept.text
    assert 'value="Unsubscribe"' in fresh.text


def test_the_preview_is_a_page_of_its_own_under_its_own_rules(client):
    person = browser(make_user(client=client))

    page = person.post(f"/c/{client.slug}/templates/mail/shown", FORM)
    around = person.get(f"/c/{client.slug}/templates/mail/new")

    rules = page["content-security-policy"]
    assert "Soldes de Lyon" in page.text
    assert "sandbox" in rules
    assert "script-src 'none'" in rules
    assert page["x-frame-options"] == "SAMEORIGIN"
    assert "frame-src 'self'" in around["content-security-policy"]
    assert 'sandbox=""' in around.text


def test_the_words_the_size_and_the_places_follow_what_is_typed(client):
    person = browser(make_user(client=client))
    url, headers = f"/c/{client.slug}/templates/mail/new", {"hx-request": "true", "hx-target": "mail-facts"}

    long = {"type": "text", "html": "x" * 6_000, "align": "left"}

    small = person.post(url, FORM, headers=headers)
    large = person.post(
        url, FORM | {f"{n}-{name}": value for n in range(4, 16) for name, value in long.items()}, headers=headers
    )

    assert "kB of 102" in small.text
    assert "Soldes de Lyon" in small.text
    assert 'name="sample-ville"' in small.text
    assert "<html" not in small.text
    assert "Gmail cuts mails over 102 kB" in large.text


def test_a_mail_written_by_hand_is_replaced_only_when_one_is_kept(client):
    with client_scope(client.pk):
        by_hand = Content(subject="S", text="Bonjour", html="<p>Bonjour</p>")
        template = templates.write(
            client.pk, code="x", contents={"email": by_hand}, purpose="alert", actor="u"
        ).template
    person = browser(make_user(client=client))

    page = person.get(f"/c/{client.slug}/templates/{template.pk}/mail")
    person.post(f"/c/{client.slug}/templates/{template.pk}/mail", FORM | {"do": "keep"})
    made = kept(client)
    with client_scope(client.pk):
        templates.restore(client.pk, template.pk, 1, actor="u")

    assert "written by hand" in page.text
    assert made[1]
    assert kept(client) == (by_hand, None)


def test_strangers_and_readers_get_nothing(client):
    with client_scope(client.pk):
        contents = {"sms": Content(text="Bonjour")}
        template = templates.write(client.pk, code="x", contents=contents, purpose="alert", actor="u").template
    other = make_client()
    hostile, reader = browser(make_user(client=other)), browser(make_user(client=client, role="auditor"))

    for slug in (client.slug, other.slug):
        assert hostile.get(f"/c/{slug}/templates/{template.pk}/mail").status_code == 404
        assert hostile.post(f"/c/{slug}/templates/{template.pk}/mail", FORM | {"do": "keep"}).status_code == 404
    assert hostile.post(f"/c/{client.slug}/templates/mail/shown", FORM).status_code == 404
    assert reader.get(f"/c/{client.slug}/templates/{template.pk}/mail").status_code == 403


RAW = st.sampled_from(sorted(email_editor.FIELDS)).map(email_editor.fresh)


@given(st.lists(RAW, max_size=8), st.text(max_size=12), st.booleans())
def test_no_action_loses_the_foot_or_breaks_the_form(state, what, marketing):
    after = email_editor.with_footer(email_editor.done(state, what), marketing)

    assert all(raw["type"] in email_editor.FIELDS for raw in after)
    assert not marketing or after[-1]["type"] == "footer"


@given(
    st.text() | st.lists(st.lists(st.dictionaries(st.text(), st.text()))).map(lambda x: msgspec.json.encode(x).decode())
)
def test_a_history_somebody_made_up_is_read_or_none(text):
    states = email_editor.history(text)

    assert all(raw["type"] in email_editor.FIELDS for state in states for raw in state)
    assert email_editor.history(email_editor.written(states)) == states


def test_columns_open_again_as_they_were_kept():
    raw = email_editor.fresh("columns") | {
        "left_url": "https://x.example/a.png", "left_alt": "A", "right_html": "Deux\nlignes", "right_label": "Voir",
        "right_href": "https://x.example/",
    }  # fmt: skip

    design = email_blocks.Design(blocks=[email_editor.block_of(raw)])

    assert email_editor.state_of(design) == [raw]
