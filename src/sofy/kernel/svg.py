"""Small charts as SVG text, for PDF, e-mail and pages without script.

Each chart says in words what it shows (title and desc), fits a strict content policy (presentation attributes only, no
style, script, link or external font) and brings its own light ground, so that it also reads on a dark page.
"""

from collections.abc import Iterable, Sequence
from html import escape
from math import cos, floor, log10, pi, sin
from zlib import crc32

WIDTH = 640
INK, MUTED, LINE, GROUND = "#1d273b", "#5b6878", "#dce1e7", "#ffffff"
BAR = "#1f6fb2"
#: Told apart by people who see few colours (they also differ in lightness); white text is readable on each.
PALETTE = (BAR, "#b35c00", "#287d3c", "#8a3ffc", "#a61e4d", "#5b6878")
GOOD, BAD, WAITING = "#287d3c", "#c92a2a", "#5b6878"
FONT = "Inter, 'Liberation Sans', 'DejaVu Sans', 'Libertinus Serif', sans-serif"
_NARROW_SPACE, _NO_BREAK_SPACE = "\u202f", "\u00a0"
_TOLD = 24

Rows = Sequence[tuple[str, float]]


def number(value: float, language: str = "fr") -> str:
    """A number as its reader writes it: 12 345 or 3,5 in French, 12,345 or 3.5 in English."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text if language != "fr" else text.replace(",", _NARROW_SPACE).replace(".", ",")


def percent(part: float, whole: float, language: str = "fr") -> str:
    """A share with one decimal: 93,7 % in French, 93.7% in English; a dash when there is no whole."""
    if not whole:
        return "–"
    text = f"{100 * part / whole:.1f}"
    return f"{text}%" if language != "fr" else f"{text.replace('.', ',')}{_NO_BREAK_SPACE}%"


def bars(
    title: str,
    rows: Rows,
    *,
    whole: float | None = None,
    colors: Sequence[str] = (BAR,),
    width: int = WIDTH,
    language: str = "fr",
) -> str:
    """Horizontal bars, one per row; with `whole`, each also says its share of it."""
    left, step = round(width * 0.32), 30
    most = _most(value for _, value in rows)
    room = width - left - 130
    shapes = []
    for index, (label, value) in enumerate(rows):
        y, length = 12 + index * step, room * max(0.0, value) / most
        length = max(2.0, length) if value else 0.0
        share = f" ({percent(value, whole, language)})" if whole else ""
        shapes += [
            _text(left - 10, y + 15, _shorten(label, left // 8), anchor="end"),
            _rect(left, y, length, 20, colors[index % len(colors)], radius=3),
            _text(left + length + 8, y + 15, number(value, language) + share, color=MUTED),
        ]
    return _figure(title, rows, shapes, width, 22 + step * len(rows), language)


def stacked(
    title: str,
    parts: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    colors: Sequence[str] = PALETTE,
    width: int = WIDTH,
    language: str = "fr",
) -> str:
    """Bars of full width, each cut into the shares of its parts; one row or many, with a legend above."""
    left, step = round(width * 0.26), 34
    room = width - left - 80
    shapes, top = _legend([(part, colors[i % len(colors)]) for i, part in enumerate(parts)], width)
    told = []
    for index, (label, values) in enumerate(rows):
        x, y, total = float(left), top + index * step, sum(values)
        shapes.append(_text(left - 10, y + 17, _shorten(label, left // 8), anchor="end"))
        for part, (name, value) in enumerate(zip(parts, values, strict=True)):
            length = room * value / total if total else 0.0
            hint = f"{label}, {name} : {number(value, language)}"
            shapes.append(_rect(x, y, length, 24, colors[part % len(colors)], hint=hint))
            if length > 44:
                share = percent(value, total, language)
                shapes.append(_text(x + length / 2, y + 16, share, anchor="middle", color=GROUND, size=11))
            told.append((f"{label}, {name}", value))
            x += length
        shapes.append(_text(left + room + 10, y + 17, number(total, language), color=MUTED))
    return _figure(title, told, shapes, width, top + step * len(rows) + 4, language)


def funnel(title: str, steps: Rows, *, width: int = WIDTH, language: str = "fr") -> str:
    """The steps of a campaign from the widest down; each says its share of the first."""
    step, left = 44, round(width * 0.3)
    first = _most(value for _, value in steps[:1])
    room = width - left - 120
    shapes = []
    for index, (label, value) in enumerate(steps):
        y, length = 10 + index * step, max(3.0, room * min(1.0, value / first)) if value else 0.0
        x = left + (room - length) / 2
        shapes += [
            _text(left - 10, y + 23, _shorten(label, left // 8), anchor="end"),
            _rect(x, y, length, 34, BAR, radius=5, opacity=1 - 0.13 * min(index, 5)),
            _text(left + room + 12, y + 15, number(value, language), weight=600),
            _text(left + room + 12, y + 31, percent(value, first, language), color=MUTED, size=11),
        ]
    return _figure(title, steps, shapes, width, 18 + step * len(steps), language)


def line(title: str, points: Rows, *, width: int = WIDTH, height: int = 220, language: str = "fr") -> str:
    """One line over ordered points, with the area under it."""
    labels = [label for label, _ in points]
    return lines(title, labels, [("", [value for _, value in points])], width=width, height=height, language=language)


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    colors: Sequence[str] = PALETTE,
    width: int = WIDTH,
    height: int = 220,
    language: str = "fr",
) -> str:
    """One or several lines over the same ordered labels; the area is filled when there is only one."""
    named = [(name, colors[i % len(colors)]) for i, (name, _) in enumerate(series) if name]
    shapes, above = _legend(named, width) if named else ([], 14)
    left, right, bottom = 60, 20, 30
    ticks = _ticks(_most(value for _, values in series for value in values))
    across, down = (width - left - right) / max(1, len(labels) - 1), height - above - bottom
    for tick in ticks:
        y = above + down * (1 - tick / ticks[-1])
        shapes += [
            f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="{LINE}"/>',
            _text(left - 8, y + 4, number(tick, language), anchor="end", color=MUTED, size=11),
        ]
    for index, (_, values) in enumerate(series):
        places = [(left + i * across, above + down * (1 - value / ticks[-1])) for i, value in enumerate(values)]
        shapes += _trace(places, colors[index % len(colors)], above + down, filled=len(series) == 1)
    for index in _spread(len(labels), 5):
        anchor = "start" if index == 0 else "end" if index == len(labels) - 1 else "middle"
        x = left + index * across
        shapes.append(_text(x, height - 8, labels[index], anchor=anchor, color=MUTED, size=11))
    told = [
        (f"{name} {label}".strip(), values[i])
        for name, values in series
        for i, label in enumerate(labels)
        if i in _spread(len(labels), _TOLD // len(series))
    ]
    return _figure(title, told, shapes, width, height, language)


def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    width: int = WIDTH,
    language: str = "fr",
) -> str:
    """A grid of squares (days by hours), darker where the value is higher, with the scale under it."""
    left, top, side = 84, 10, 24
    across = (width - left - 12) / max(1, len(columns))
    most = _most(value for row in values for value in row)
    shapes, told = [], []
    for r, row in enumerate(values):
        y = top + r * side
        shapes.append(_text(left - 8, y + 16, _shorten(rows[r], 11), anchor="end", size=11))
        for c, value in enumerate(row):
            hint = f"{rows[r]} {columns[c]} : {number(value, language)}"
            color, opacity = (BAR, 0.15 + 0.85 * value / most) if value else (LINE, 0.45)
            x = left + c * across
            shapes.append(_rect(x, y, across - 2, side - 2, color, radius=2, opacity=opacity, hint=hint))
            told.append((f"{rows[r]} {columns[c]}", value))
    under = top + len(rows) * side + 14
    every = 1 if across >= 24 else 2
    for c in range(0, len(columns), every):
        shapes.append(_text(left + (c + 0.5) * across - 1, under, columns[c], anchor="middle", color=MUTED, size=10))
    shapes += _scale(left, under + 14, most, language)
    told = sorted((cell for cell in told if cell[1]), key=lambda cell: -cell[1])
    return _figure(title, told[:6], shapes, width, under + 36, language)


def donut(
    title: str,
    rows: Rows,
    *,
    colors: Sequence[str] = PALETTE,
    center: str = "",
    width: int = WIDTH,
    language: str = "fr",
) -> str:
    """The shares of a whole as a ring, each named beside it; `center` is written in the hole (the total by default)."""
    radius, hole, cx, cy = 84, 52, 110, 104
    total = sum(value for _, value in rows)
    shapes = [] if total else [_circle(cx, cy, radius, hole, LINE)]
    start = 0.0
    for index, (label, value) in enumerate(rows):
        color, y = colors[index % len(colors)], 40 + index * 28
        end = start + (value / total if total else 0.0)
        if value:
            shapes.append(_ring(cx, cy, radius, hole, start, end, color, f"{label} : {number(value, language)}"))
        shapes += [
            _rect(236, y - 11, 14, 14, color, radius=3),
            _text(260, y, _shorten(label, (width - 430) // 7)),
            _text(width - 90, y, number(value, language), anchor="end", weight=600),
            _text(width - 20, y, percent(value, total, language), anchor="end", color=MUTED, size=12),
        ]
        start = end
    shapes.append(_text(cx, cy + 7, center or number(total, language), anchor="middle", size=20, weight=600))
    return _figure(title, rows, shapes, width, max(208, 56 + 28 * len(rows)), language)


def _figure(title: str, told: Rows, shapes: Sequence[str], width: int, height: int, language: str) -> str:
    words = "; ".join(f"{label} : {number(value, language)}" for label, value in told[:_TOLD])
    if len(told) > _TOLD:
        words += "…"
    name = f"c{crc32(f'{title}{words}'.encode()):08x}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}t {name}d" lang="{language}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="{FONT}">'
        f'<title id="{name}t">{_words(title)}</title><desc id="{name}d">{_words(words)}</desc>'
        f'<rect width="{width}" height="{height}" rx="6" fill="{GROUND}"/>{"".join(shapes)}</svg>'
    )


def _text(
    x: float, y: float, text: str, *, color: str = INK, anchor: str = "start", size: int = 13, weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="{color}">{_words(text)}</text>'
    )


def _rect(
    x: float, y: float, width: float, height: float, color: str, *, radius: int = 0, opacity: float = 1, hint: str = ""
) -> str:
    faded = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
    said = f"<title>{_words(hint)}</title>" if hint else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height}" rx="{radius}" '
        f'fill="{color}"{faded}>{said}</rect>'
    )


def _legend(entries: Sequence[tuple[str, str]], width: int) -> tuple[list[str], int]:
    """Coloured squares with their names, on as many lines as needed, and where the chart may begin."""
    shapes: list[str] = []
    x, y = 16, 10
    for name, color in entries:
        room = 34 + 7 * len(name)
        if x > 16 and x + room > width:
            x, y = 16, y + 20
        shapes += [_rect(x, y, 12, 12, color, radius=2), _text(x + 18, y + 10, name, color=MUTED, size=12)]
        x += room
    return shapes, y + 24


def _scale(x: float, y: float, most: float, language: str) -> list[str]:
    steps = [_rect(x + 16 + i * 16, y, 14, 10, BAR, radius=2, opacity=0.15 + 0.85 * i / 5) for i in range(6)]
    ends = [(x + 8, "end", "1"), (x + 118, "start", number(most, language))]
    return [*steps, *(_text(at, y + 9, text, anchor=anchor, color=MUTED, size=10) for at, anchor, text in ends)]


def _trace(places: Sequence[tuple[float, float]], color: str, floor_y: float, *, filled: bool) -> list[str]:
    if len(places) == 1:
        return [f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="4" fill="{color}"/>']
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    stroke = f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5" stroke-linejoin="round"/>'
    if not (filled and places):
        return [stroke]
    area = f"{places[0][0]:.1f},{floor_y:.1f} {path} {places[-1][0]:.1f},{floor_y:.1f}"
    return [f'<polygon points="{area}" fill="{color}" fill-opacity="0.12"/>', stroke]


def _ring(cx: float, cy: float, outer: float, inner: float, start: float, end: float, color: str, hint: str) -> str:
    """A slice of a ring between two shares of the turn, clockwise from the top."""
    if end - start > 0.999:  # an arc from a point to itself draws nothing
        return _circle(cx, cy, outer, inner, color, hint)
    large = int(end - start > 0.5)

    def at(radius: float, share: float) -> str:
        angle = 2 * pi * share
        return f"{cx + radius * sin(angle):.2f} {cy - radius * cos(angle):.2f}"

    path = (
        f"M{at(outer, start)}A{outer} {outer} 0 {large} 1 {at(outer, end)}"
        f"L{at(inner, end)}A{inner} {inner} 0 {large} 0 {at(inner, start)}Z"
    )
    return f'<path d="{path}" fill="{color}" stroke="{GROUND}" stroke-width="1.5"><title>{_words(hint)}</title></path>'


def _circle(cx: float, cy: float, outer: float, inner: float, color: str, hint: str = "") -> str:
    said = f"<title>{_words(hint)}</title>" if hint else ""
    return (
        f'<circle cx="{cx}" cy="{cy}" r="{(outer + inner) / 2}" fill="none" stroke="{color}" '
        f'stroke-width="{outer - inner}">{said}</circle>'
    )


def _most(values: Iterable[float]) -> float:
    return max([0.0, *values]) or 1.0


def _ticks(most: float) -> list[float]:
    """Round values from zero to just above the greatest, four or so; whole numbers get whole steps."""
    magnitude = 10.0 ** floor(log10(most / 4))
    steps = [m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= most / 4]
    step = next((s for s in steps if s.is_integer()), steps[0]) if float(most).is_integer() else steps[0]
    count = int(-(-most // step))
    return [step * i for i in range(count + 1)]


def _spread(length: int, count: int) -> list[int]:
    """At most `count` indexes spread evenly, first and last included."""
    if length <= count:
        return list(range(length))
    return sorted({round(i * (length - 1) / (count - 1)) for i in range(count)})


def _shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _words(text: str) -> str:
    """Text as XML takes it: escaped, and without the control characters XML has no place for."""
    return escape("".join(c for c in text if c >= " " or c in "\t\n"))
