"""Small charts as SVG text, for PDF, e-mail and pages without script. Each says in words what it shows."""

from collections.abc import Sequence
from html import escape

WIDTH = 640
INK, MUTED, LINE, BAR = "#1d273b", "#5b6878", "#dce1e7", "#1f6fb2"
PALETTE = (BAR, "#2b8a3e", "#b35c00", "#8a3ffc", "#c2255c", "#5b6878")
FONT = "Inter, 'Liberation Sans', 'DejaVu Sans', 'Libertinus Serif', sans-serif"
_NARROW_SPACE, _NO_BREAK_SPACE = "\u202f", "\u00a0"


def number(value: float) -> str:
    """Write a number the French way: 12 345 or 3,5."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text.replace(",", _NARROW_SPACE).replace(".", ",")


def percent(part: float, whole: float) -> str:
    """Write a share with one decimal: 93,7 %."""
    return f"{100 * part / whole:.1f}".replace(".", ",") + f"{_NO_BREAK_SPACE}%" if whole else "–"


def bars(title: str, rows: Sequence[tuple[str, float]], *, whole: float | None = None, width: int = WIDTH) -> str:
    """Horizontal bars, one per row; with `whole`, each also says its share of it."""
    label_width, step = round(width * 0.32), 30
    most = max([value for _, value in rows] + [1])
    room = width - label_width - 130
    shapes = []
    for index, (label, value) in enumerate(rows):
        y = 10 + index * step
        length = max(2.0, room * value / most) if value else 0.0
        amount = number(value) + (f" ({percent(value, whole)})" if whole else "")
        shapes += [
            _text(label_width - 10, y + 15, _shorten(label, 26), anchor="end", color=INK),
            f'<rect x="{label_width}" y="{y}" width="{length:.1f}" height="20" rx="3" fill="{BAR}"/>',
            _text(label_width + length + 8, y + 15, amount, color=MUTED),
        ]
    return _figure(title, rows, shapes, width, 20 + step * len(rows))


def funnel(title: str, steps: Sequence[tuple[str, float]], *, width: int = WIDTH) -> str:
    """The steps of a campaign from the widest down; each says its share of the first."""
    step, label_width = 44, round(width * 0.3)
    first = max([value for _, value in steps[:1]] + [1])
    room = width - label_width - 120
    shapes = []
    for index, (label, value) in enumerate(steps):
        y, length = 8 + index * step, max(3.0, room * min(1.0, value / first))
        x, opacity = label_width + (room - length) / 2, 1 - 0.13 * min(index, 5)
        shapes += [
            _text(label_width - 10, y + 23, _shorten(label, 24), anchor="end", color=INK),
            f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="34" rx="5" fill="{BAR}" fill-opacity="{opacity:.2f}"/>',
            _text(label_width + room + 12, y + 15, number(value), color=INK, weight=600),
            _text(label_width + room + 12, y + 31, percent(value, first), color=MUTED, size=11),
        ]
    return _figure(title, steps, shapes, width, 16 + step * len(steps))


def line(title: str, points: Sequence[tuple[str, float]], *, width: int = WIDTH, height: int = 220) -> str:
    """One line over ordered points, with the first, middle and last labels under it."""
    left, top, right, bottom = 56, 14, 16, 30
    most = max([value for _, value in points] + [1])
    across = (width - left - right) / max(1, len(points) - 1)
    down = height - top - bottom
    places = [(left + i * across, top + down * (1 - value / most)) for i, (_, value) in enumerate(points)]
    shapes = []
    for share in (0, 0.5, 1):
        y = top + down * (1 - share)
        shapes += [
            f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="{LINE}"/>',
            _text(left - 8, y + 4, number(round(most * share)), anchor="end", color=MUTED, size=11),
        ]
    if places:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        area = f"{left},{top + down} {path} {places[-1][0]:.1f},{top + down}"
        shapes += [
            f'<polygon points="{area}" fill="{BAR}" fill-opacity="0.12"/>',
            f'<polyline points="{path}" fill="none" stroke="{BAR}" stroke-width="2.5" stroke-linejoin="round"/>',
        ]
    for index in sorted({0, len(points) // 2, len(points) - 1} if points else set()):
        anchor = "start" if index == 0 else "end" if index == len(points) - 1 else "middle"
        shapes.append(_text(places[index][0], height - 8, points[index][0], anchor=anchor, color=MUTED, size=11))
    return _figure(title, points, shapes, width, height)


def heat_map(
    title: str, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]], *, width: int = WIDTH
) -> str:
    """A grid of squares, darker where the value is higher."""
    left, top, side = 76, 8, 24
    across = (width - left - 8) / max(1, len(columns))
    most = max([value for row in values for value in row] + [1])
    shapes = []
    for r, row in enumerate(values):
        y = top + r * side
        shapes.append(_text(left - 8, y + 16, rows[r], anchor="end", color=INK, size=11))
        for c, value in enumerate(row):
            color, opacity = (BAR, 0.15 + 0.85 * value / most) if value else (LINE, 0.45)
            shapes.append(
                f'<rect x="{left + c * across:.1f}" y="{y}" width="{across - 2:.1f}" height="{side - 2}" rx="2" '
                f'fill="{color}" fill-opacity="{opacity:.2f}"><title>{escape(rows[r])} {escape(columns[c])} : '
                f"{number(value)}</title></rect>"
            )
    under = top + len(rows) * side + 14
    for c in range(0, len(columns), 2):
        shapes.append(_text(left + (c + 0.5) * across, under, columns[c], anchor="middle", color=MUTED, size=10))
    told = [
        (f"{rows[r]} {columns[c]}", value)
        for r, row in enumerate(values)
        for c, value in enumerate(row)
        if value == most
    ]
    return _figure(title, told[:1], shapes, width, under + 10)


def _figure(title: str, told: Sequence[tuple[str, float]], shapes: Sequence[str], width: int, height: int) -> str:
    words = "; ".join(f"{label} : {number(value)}" for label, value in told[:12])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="{FONT}"><title>{escape(title)}</title><desc>{escape(words)}</desc>'
        f"{''.join(shapes)}</svg>"
    )


def _text(
    x: float, y: float, text: str, *, color: str, anchor: str = "start", size: int = 13, weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="{color}">{escape(text)}</text>'
    )


def _shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
