"""The bar at the bottom of a phone: few words, none cut."""

import pytest
from django.utils import translation

from sofy.ui import nav

#: What a fifth of 390 pixels holds in the bar's letters; "Oppositions" was one too many.
LETTERS = 10


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("area", ["client", "op"])
def test_the_bar_has_at_most_four_short_words(area, language):
    with translation.override(language):
        words = [str(entry.label) for entry in nav.entries(area) if entry.phone]

    assert 0 < len(words) <= 4
    assert [word for word in words if len(word) > LETTERS] == []
