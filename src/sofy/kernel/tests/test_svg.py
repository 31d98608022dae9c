from xml.etree import ElementTree

import pytest

from sofy.kernel import svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("_case", "figure"),
    [
        ("bars", svg.bars("Reçus & lus", [("Lyon <1er>", 12), ("Brest", 0)], whole=12)),
        ("no bars", svg.bars("Rien", [])),
        ("funnel", svg.funnel("Entonnoir", [("Visés", 100), ("Reçus", 93)])),
        ("line", svg.line("Dans le temps", [("14:30", 1), ("14:31", 5), ("14:32", 2)])),
        ("one point", svg.line("Dans le temps", [("14:30", 1)])),
        ("no point", svg.line("Dans le temps", [])),
        ("heat map", svg.heat_map("Par heure", ["lundi"], ["8", "9"], [[0, 3]])),
    ],
)
def test_every_figure_is_xml_with_a_title_and_words(_case, figure):
    root = ElementTree.fromstring(figure)

    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc") is not None


def test_longest_bar_belongs_to_the_highest_value():
    root = ElementTree.fromstring(svg.bars("t", [("a", 10), ("b", 40)]))

    low, high = [float(rect.get("width")) for rect in root.iter(f"{SVG}rect")]
    assert high == pytest.approx(4 * low, rel=0.01)


def test_words_carry_the_values_in_french():
    root = ElementTree.fromstring(svg.funnel("t", [("Visés", 12345), ("Reçus", 6172.5)]))

    assert root.find(f"{SVG}desc").text == "Visés : 12\u202f345; Reçus : 6\u202f172,5"


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 3, "33,3\u00a0%"), (3, 3, "100,0\u00a0%"), (1, 0, "–")])
def test_percent(part, whole, expected):
    assert svg.percent(part, whole) == expected
