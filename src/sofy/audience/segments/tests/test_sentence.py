from typing import Any
from uuid import UUID

import pytest
from django.utils import translation

from sofy.audience.segments import tree
from sofy.audience.segments.compile import COLUMNS, ROWS
from sofy.audience.segments.forms import FORMS
from sofy.audience.segments.names import Names
from sofy.audience.segments.sentence import PHRASES, sentence

ONE, TWO = UUID(int=1), UUID(int=2)
NAMES = Names(
    books={ONE: "Clients"},
    establishments={ONE: "Lyon Part-Dieu"},
    segments={ONE: "Fidèles"},
    snapshots={ONE: "Liste de mars"},
    campaigns={ONE: "Rentrée"},
    attributes={"points": ("Points", "number"), "size": ("Taille", "choice")},
)


def said(node: dict[str, Any], language: str) -> str:
    with translation.override(language):
        return sentence(tree.from_builtins(node), NAMES).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("node", "english", "french"),
    [
        ({"is": "all", "of": []}, "All contacts.", "Tous les contacts."),
        (
            {"is": "near", "km": 10, "establishment": str(ONE)},
            "Contacts within 10 km of “Lyon Part-Dieu”.",
            "Contacts à moins de 10 km de « Lyon Part-Dieu ».",
        ),
        (
            {"is": "behaviour", "what": "clicked", "days": 30, "not": True},
            "Contacts who did not click in the last 30 days.",
            "Contacts qui n’ont pas cliqué depuis 30 jours.",
        ),
        (
            {"is": "behaviour", "what": "silent", "since": "2026-03-01", "campaign": str(ONE)},
            "Contacts who received the campaign “Rentrée” without clicking or replying since 1 March 2026.",
            "Contacts qui ont reçu la campagne « Rentrée » sans cliquer ni répondre depuis le 1 mars 2026.",
        ),
        (
            {
                "is": "all",
                "of": [
                    {"is": "consent"},
                    {
                        "is": "any",
                        "of": [{"is": "age", "at_least": 18}, {"is": "postcode", "prefixes": ["69", "01", "42"]}],
                    },
                ],
            },
            "Contacts who agreed to marketing by SMS, and (aged 18 or more, or whose postcode begins with"
            " 69, 01 or 42).",
            "Contacts qui ont accepté le marketing par SMS, et (de 18 ans ou plus, ou dont le code postal commence par"
            " 69, 01 ou 42).",
        ),
        (
            {"is": "consent", "channel": "whatsapp", "state": "refused"},
            "Contacts who refused marketing by WhatsApp.",
            "Contacts qui ont refusé le marketing par WhatsApp.",
        ),
        (
            {"is": "none", "of": [{"is": "book", "books": [str(ONE)]}, {"is": "channel", "channel": "email"}]},
            "Contacts not (in the book “Clients”, or who have an e-mail address).",
            "Contacts hors (dans le carnet « Clients », ou qui ont une adresse e-mail).",
        ),
        (
            {"is": "attribute", "name": "points", "test": "between", "value": 10.0, "to": 20.0},
            "Contacts whose “Points” is between 10 and 20.",
            "Contacts dont « Points » est compris entre 10 et 20.",
        ),
        (
            {"is": "attribute", "name": "size", "test": "one_of", "values": ["S", "M"], "not": True},
            "Contacts whose “Taille” is not S or M.",
            "Contacts dont « Taille » n’est pas S ou M.",
        ),
        (
            {"is": "segment", "segment": str(TWO)},
            "Contacts in the segment (removed).",
            "Contacts du segment (supprimé).",
        ),
    ],
)
def test_sentence(node: dict[str, Any], english: str, french: str) -> None:
    assert said(node, "en") == english
    assert said(node, "fr") == french


def test_a_long_list_is_cut_and_counted() -> None:
    node = {"is": "postcode", "prefixes": ["01", "02", "03", "04", "05", "06"]}

    assert said(node, "en") == "Contacts whose postcode begins with 01, 02, 03 or 3 more."


def test_every_condition_has_a_form_and_a_phrase() -> None:
    conditions = set(tree.Condition.__args__)

    assert set(PHRASES) == conditions
    assert {form.node for form in FORMS.values()} == conditions
    compiled_on_their_own = {tree.InSegment, tree.Behaved}
    assert COLUMNS.keys() | ROWS.keys() | compiled_on_their_own >= conditions
