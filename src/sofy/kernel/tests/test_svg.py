import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import svg

SVG = "{http://www.w3.org/2000/svg}"
LINES = [("Acceptés", [1.0, 2.0]), ("Reçus", [0.0, 2.0])]
FIGURES = [
    ("bars", svg.bars("Reçus & lus", [("Lyon <1er>", 12), ("Brest", 0)], whole=12)),
    ("no bars", svg.bars("Rien", [])),
    ("stacked", svg.stacked("Résultats", ["Reçus", "Échecs"], [("Lyon", [9, 1]), ("Vide", [0, 0])])),
    ("funnel", svg.funnel("Entonnoir", [("Visés", 100), ("Reçus", 93), ("Clics", 0)])),
    ("no steps", svg.funnel("Rien", [])),
    ("line", svg.line("Dans le temps", [("14:30", 1), ("14:31", 5), ("14:32", 2)])),
    ("one point", svg.line("Dans le temps", [("14:30", 1)])),
    ("no point", svg.line("Dans le temps", [])),
    ("several lines", svg.lines("Dans le temps", ["08:00", "09:00"], LINES)),
    ("heat map", svg.heat_map("Par heure", ["lundi"], ["8", "9"], [[0, 3]])),
    ("empty heat map", svg.heat_map("Par heure", [], [], [])),
    ("donut", svg.donut("Parts", [("Reçus", 9), ("Échecs", 1)])),
    ("whole donut", svg.donut("Parts", [("Reçus", 9)])),
    ("empty donut", svg.donut("Parts", [("Reçus", 0)])),
]
figures = pytest.mark.parametrize(("_case", "figure"), FIGURES)


def parsed(figure: str) -> ElementTree.Element:
    return ElementTree.fromstring(figure)  # noqa: S314 - of our own making


def words(figure: str, element: str) -> str:
    return parsed(figure).findtext(f"{SVG}{element}") or ""


def lengths(figure: str, color: str) -> list[float]:
    return [float(rect.get("width", "")) for rect in parsed(figure).iter(f"{SVG}rect") if rect.get("fill") == color]


@figures
def test_every_figure_has_a_name_and_words_that_readers_announce(_case, figure):
    root = parsed(figure)

    named = {element.get("id"): element.text for element in root if element.get("id")}
    assert root.get("role") == "img"
    assert [*named] == (root.get("aria-labelledby") or "").split()
    assert words(figure, "title")


@figures
def test_every_figure_fits_a_strict_content_policy(_case, figure):
    allowed = {"svg", "title", "desc", "rect", "text", "line", "polyline", "polygon", "path", "circle"}

    for element in parsed(figure).iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert not {"style", "class", "href", "src"} & set(element.attrib)
        assert not any(name.startswith("on") for name in element.attrib)
    assert "url(" not in figure


@figures
def test_nothing_is_drawn_outside_or_of_negative_size(_case, figure):
    root = parsed(figure)
    width, height = float(root.get("width", "")), float(root.get("height", ""))

    assert "nan" not in figure.lower()
    for shape in root.iter(f"{SVG}rect"):
        x, y = float(shape.get("x", 0)), float(shape.get("y", 0))
        assert 0 <= x <= x + float(shape.get("width", "")) <= width
        assert 0 <= y <= y + float(shape.get("height", "")) <= height


def test_charts_of_one_page_have_their_own_ids():
    ids = [id_ for _, figure in FIGURES for id_ in re.findall(r' id="(\w+)"', figure)]

    distinct = {figure for _, figure in FIGURES}
    assert len(set(ids)) >= 2 * len(distinct) - 2 * 2  # the two empty lines and the two empty rings may say the same


def test_the_longest_bar_belongs_to_the_highest_value():
    low, high, none = lengths(svg.bars("t", [("a", 10), ("b", 40), ("c", 0)]), svg.BAR)

    assert high == pytest.approx(4 * low, rel=0.01)
    assert none == 0


def test_a_bar_may_say_its_share():
    assert ">12 (50,0\u00a0%)<" in svg.bars("t", [("a", 12)], whole=24)


def test_stacked_parts_fill_the_bar_in_their_shares():
    figure = svg.stacked("t", ["a", "b"], [("x", [3, 1])], colors=("#111111", "#222222"))

    legend_a, a = lengths(figure, "#111111")
    legend_b, b = lengths(figure, "#222222")
    assert legend_a == legend_b
    assert a == pytest.approx(3 * b, rel=0.01)


def test_words_carry_the_values():
    steps = [("Visés", 12345), ("Reçus", 6172.5)]

    assert words(svg.funnel("t", steps), "desc") == "Visés : 12\u202f345; Reçus : 6\u202f172,5"
    assert words(svg.funnel("t", steps, language="en"), "desc") == "Visés : 12,345; Reçus : 6,172.5"


def test_a_long_series_is_told_by_some_of_its_points_first_and_last_included():
    told = words(svg.line("t", [(f"p{i}", i) for i in range(1000)]), "desc")

    assert told.startswith("p0 : 0;")
    assert told.endswith("p999 : 999")
    assert told.count(";") < 25


def test_the_heat_map_tells_its_hottest_hours():
    figure = svg.heat_map("t", ["lundi", "mardi"], ["8", "9"], [[1, 7], [0, 3]])

    assert words(figure, "desc") == "lundi 9 : 7; mardi 9 : 3; lundi 8 : 1"


@pytest.mark.parametrize(("_case", "rows", "slices"), [("two", [1, 1], 2), ("one and nothing", [1, 0], 0)])
def test_a_ring_is_cut_by_shares(_case, rows, slices):
    figure = svg.donut("t", [(f"r{i}", value) for i, value in enumerate(rows)])

    assert len(list(parsed(figure).iter(f"{SVG}path"))) == slices
    assert len(list(parsed(figure).iter(f"{SVG}circle"))) == (0 if slices else 1)


def test_text_from_people_cannot_break_the_figure():
    figure = svg.bars("<script>\x00", [('"&<a onload="x">\x1b', 1)])

    assert words(figure, "title") == "<script>"
    assert "<script" not in figure


@given(st.floats(0.01, 1e9))
def test_the_axis_reaches_the_greatest_value_in_few_round_steps(most):
    ticks = svg._ticks(most)

    assert ticks[0] == 0
    assert ticks[-2] < most * (1 + 1e-9)
    assert ticks[-1] >= most * (1 - 1e-9)
    assert 2 <= len(ticks) <= 6


@given(st.integers(1, 10**6))
def test_counts_get_whole_ticks(most):
    assert all(float(tick).is_integer() for tick in svg._ticks(most))


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", sorted({*svg.PALETTE, svg.GOOD, svg.BAD, svg.WAITING, svg.INK, svg.MUTED}))
def test_every_colour_contrasts_with_the_ground(color):
    """Source: WCAG 2.1, 1.4.3 (AA: 4.5 to 1)."""
    assert (_luminance(svg.GROUND) + 0.05) / (_luminance(color) + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("part", "whole", "language", "expected"),
    [
        (1, 3, "fr", "33,3\u00a0%"),
        (3, 3, "fr", "100,0\u00a0%"),
        (1, 3, "en", "33.3%"),
        (1, 0, "fr", "–"),
    ],
)
def test_percent(part, whole, language, expected):
    assert svg.percent(part, whole, language) == expected
