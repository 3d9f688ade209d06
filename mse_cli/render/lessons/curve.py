"""A parabola with its tangent and two places on it: as characters, as SVG, as TikZ; from −1 to 1 it is t²."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mse_cli.explanation.lesson import Parabola

NOW, AFTER, LOWEST, TANGENT = "●", "○", "◇", "╌"
ASCII = {NOW: "@", AFTER: "o", LOWEST: "v", TANGENT: "-"}
EMPTY_DOTS, DOTS_ACROSS, DOTS_DOWN = 0x2800, 2, 4  # Braille: 2 × 4 dots a character
DOT_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
WIDEST, LINES = 60, 12
TANGENT_REACH = 0.45  # to both sides of the present place
CHARACTERS = NOW + AFTER + LOWEST + TANGENT + chr(EMPTY_DOTS)


def marks(ascii_only: bool) -> tuple[str, str, str, str]:
    """The signs for the present place, the one after the step, the lowest one and the tangent."""
    now, after, lowest, tangent = (ASCII[c] if ascii_only else c for c in (NOW, AFTER, LOWEST, TANGENT))
    return now, after, lowest, tangent


def as_lines(parabola: Parabola, width: int, *, ascii_only: bool) -> list[str]:
    """The picture in lines of characters; a place is drawn over the curve, the present one over the others."""
    width = min(width, WIDEST)
    across, down = (1, 1) if ascii_only else (DOTS_ACROSS, DOTS_DOWN)
    cells = [[0] * width for _ in range(LINES)]
    for t, height in _curve(width * across * 2):
        _dot(cells, t, height, across, down)
    lines = [[_character(cell, ascii_only=ascii_only) for cell in row] for row in cells]
    now, after, lowest, tangent = marks(ascii_only)
    for k in range(-width, width + 1):
        t = parabola.now + TANGENT_REACH * k / width
        _put(lines, t, _on_tangent(parabola, t), tangent, over=" ")
    for t, mark in ((0.0, lowest), (parabola.after, after), (parabola.now, now)):
        _put(lines, t, t * t, mark)
    return ["".join(line).rstrip() for line in lines]


def _character(dots: int, *, ascii_only: bool) -> str:
    if not dots:
        return " "
    return "*" if ascii_only else chr(EMPTY_DOTS + dots)


def _curve(steps: int) -> Iterable[tuple[float, float]]:
    return ((t, t * t) for t in (2 * k / steps - 1 for k in range(steps + 1)))


def _on_tangent(parabola: Parabola, t: float) -> float:
    return parabola.now**2 + 2 * parabola.now * (t - parabola.now)


def _place(t: float, height: float, width: int, lines: int) -> tuple[int, int] | None:
    """The column and line (from the top) of a point, if it is inside."""
    if not (-1 <= t <= 1 and 0 <= height <= 1):
        return None
    return round((t + 1) / 2 * (width - 1)), round((1 - height) * (lines - 1))


def _dot(cells: list[list[int]], t: float, height: float, across: int, down: int) -> None:
    place = _place(t, height, len(cells[0]) * across, len(cells) * down)
    if place:
        x, y = place
        cells[y // down][x // across] |= DOT_BITS[y % down][x % across]


def _put(lines: list[list[str]], t: float, height: float, mark: str, over: str | None = None) -> None:
    place = _place(t, height, len(lines[0]), len(lines))
    if place and (over is None or lines[place[1]][place[0]] == over):
        lines[place[1]][place[0]] = mark


def as_svg(parabola: Parabola, label: str) -> str:
    """The picture as an SVG element in the colours of the page; a parabola is one Bézier curve."""
    x, y = _scaled(300, 280), _scaled(220, -200)
    start, stop = _tangent_ends(parabola)
    line = f"M{x(start):.1f} {y(_on_tangent(parabola, start)):.1f}L{x(stop):.1f} {y(_on_tangent(parabola, stop)):.1f}"
    points = [
        f'<circle cx="{x(t):.1f}" cy="{y(t * t):.1f}" r="6" {style}/>'
        for t, style in (
            (0.0, 'fill="var(--soft)"'),
            (parabola.after, 'fill="var(--paper)" stroke="var(--traced)" stroke-width="2.5"'),
            (parabola.now, 'fill="var(--traced)"'),
        )
    ]
    return (
        f'<svg class="parabola" role="img" aria-label="{label}" viewBox="0 0 600 240" fill="none">'
        f'<path d="M{x(-1):.1f} {y(1):.1f}Q{x(0):.1f} {y(-1):.1f} {x(1):.1f} {y(1):.1f}" stroke="currentColor" '
        f'stroke-width="2"/><path d="{line}" stroke="var(--traced)" stroke-width="1.5" stroke-dasharray="6 4"/>'
        + "".join(points)
        + "</svg>"
    )


def _scaled(origin: float, unit: float) -> Callable[[float], float]:
    return lambda value: origin + unit * value


def _tangent_ends(parabola: Parabola) -> tuple[float, float]:
    """Where the tangent begins and ends: not far from the place, and not below the ground."""
    ends = sorted((parabola.now - TANGENT_REACH, parabola.now + TANGENT_REACH))
    low, high = (max(-1.0, ends[0]), min(1.0, ends[1]))
    return (max(low, parabola.now / 2), high) if parabola.now > 0 else (low, min(high, parabola.now / 2))


def as_tikz(parabola: Parabola, traced: str) -> str:
    """The picture for LaTeX's package tikz."""
    start, stop = _tangent_ends(parabola)
    now, after = parabola.now, parabola.after
    tangent = f"({start:.4f},{_on_tangent(parabola, start):.4f}) -- ({stop:.4f},{_on_tangent(parabola, stop):.4f})"
    return "\n".join(
        [
            r"\begin{center}\begin{tikzpicture}[x=4.5cm,y=3cm]",
            r"\draw[thick] plot[domain=-1:1,samples=81] (\x,{\x*\x});",
            rf"\draw[{traced},dashed] {tangent};",
            r"\fill[gray] (0,0) circle[radius=2.5pt];",
            rf"\filldraw[draw={traced},fill=white,thick] ({after:.4f},{after * after:.4f}) circle[radius=2.5pt];",
            rf"\fill[{traced}] ({now:.4f},{now * now:.4f}) circle[radius=2.5pt];",
            r"\end{tikzpicture}\end{center}",
        ]
    )
