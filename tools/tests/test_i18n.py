"""The keeper of translations finds every kind of text and every kind of fault."""

import pytest
from tools import i18n

PYTHON = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext
a = _("One")
b = gettext_lazy("Two "
    "parts")
c = ngettext("%(n)s row", "%(n)s rows", 3)
d = pgettext("message", "Read")
e = _(variable)
"""
TEMPLATE = """
{% load i18n %}
  {% translate "Save" %} {{ _("Filter") }} {% translate "Open" context "door" %}
      {% blocktranslate count n=n trimmed %}
  {{ n }} SMS
  {% plural %}
  {{ n }} SMS parts
{% endblocktranslate %}
{% include "x.html" with title=_("Title") %}
"""


@pytest.mark.parametrize(
    ("_case", "read", "source", "expected"),
    [
        (
            "python",
            i18n.python_texts,
            PYTHON,
            [("", ("One",)), ("", ("Two parts",)), ("", ("%(n)s row", "%(n)s rows")), ("message", ("Read",))],
        ),
        (
            "template",
            i18n.template_texts,
            TEMPLATE,
            [
                ("", ("Save",)),
                ("", ("Filter",)),
                ("door", ("Open",)),
                ("", ("%(n)s SMS", "%(n)s SMS parts")),
                ("", ("Title",)),
            ],
        ),
    ],
)
def test_texts_are_found(_case, read, source, expected):
    found = [(text.context, text.forms) for text in read(source, "x")]

    assert found == expected


def catalogue(english, french, *flags):
    known = i18n.template_catalogue([i18n.Text("", english, "x.py")])
    for message in known:
        if message.id:
            message.string = french
            message.flags |= set(flags)
    return known


@pytest.mark.parametrize(
    ("_case", "english", "french", "flags", "fault"),
    [
        ("complete", ("Save",), "Enregistrer", (), None),
        ("empty", ("Save",), "", (), "untranslated"),
        ("unsure", ("Save",), "Enregistrer", ("fuzzy",), "fuzzy"),
        ("a lost place", ("By %(name)s",), "Par quelqu’un", (), "placeholders differ"),
        ("a word between braces that are shown", ("As {{city}}.",), "Comme {{ville}}.", (), None),
        ("a typewriter's apostrophe", ("It is",), "C'est", (), "straight apostrophe"),
        ("a space that breaks", ("Why?",), "Pourquoi ?", (), "non-breaking"),
        ("a space that does not", ("Why?",), "Pourquoi\u00a0?", (), None),
        ("one form missing", ("%(n)s row", "%(n)s rows"), ("%(n)s ligne", ""), (), "untranslated"),
        ("the singular may drop the number", ("one row", "%(n)s rows"), ("une ligne", "%(n)s lignes"), (), None),
    ],
)
def test_faults_of_a_translation(_case, english, french, flags, fault):
    found = list(i18n.problems_of([i18n.Text("", english, "x.py")], catalogue(english, french, *flags)))

    assert (fault is None and not found) or (fault is not None and fault in found[0])


def test_a_text_nobody_uses_is_obsolete():
    found = list(i18n.problems_of([], catalogue(("Old",), "Ancien")))

    assert found == ["obsolete: 'Old'"]


def test_a_text_without_an_entry_is_missing():
    found = list(i18n.problems_of([i18n.Text("", ("New",), "x.py")], i18n.template_catalogue([])))

    assert found == ["missing: 'New' (x.py)"]


def test_translations_survive_an_update_and_dead_ones_go(tmp_path):
    path = tmp_path / "django.po"
    path.write_bytes(i18n.dump(catalogue(("Save",), "Enregistrer")))

    fresh = i18n.merged([i18n.Text("", ("Save",), "a.py"), i18n.Text("", ("New",), "a.py")], i18n.read(path))

    strings = {key[1]: message.string or "" for key, message in i18n.keyed(fresh).items()}
    assert strings == {"Save": "Enregistrer", "New": ""}


def test_what_is_written_is_read_back_and_stable(tmp_path):
    path = tmp_path / "django.po"
    path.write_bytes(i18n.dump(catalogue(("%(n)s row", "%(n)s rows"), ("%(n)s ligne", "%(n)s lignes"))))

    again = i18n.dump(i18n.read(path))

    assert again == path.read_bytes()


def test_a_catalogue_in_another_order_is_noticed_and_put_right(tmp_path, monkeypatch, capsys):
    room = tmp_path / "shop"
    room.mkdir()
    (room / "words.py").write_text('from django.utils.translation import gettext as _\nA = _("One")\nB = _("Two")\n')
    monkeypatch.setattr(i18n, "SOURCE", tmp_path)
    path = room / i18n.PO
    path.parent.mkdir(parents=True)
    path.write_text('msgid "Two"\nmsgstr "Deux"\n\nmsgid "One"\nmsgstr "Un"\n')

    answers = [i18n.main(arguments) for arguments in (["--check", "shop"], ["shop"], ["--check", "shop"])]

    assert answers == [1, 0, 0]
    assert "not in the order" in capsys.readouterr().out
    assert path.read_text().index("Un") < path.read_text().index("Deux")
