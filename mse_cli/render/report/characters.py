"""Counts as characters: bars of a histogram, shades of a density; in blocks or in ASCII."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mse_cli.core.exact import Integers


class Shapes(NamedTuple):
    """What pictures are drawn with: parts of a full block, shades from light to dark, the diagonal, frame."""

    parts: str
    shades: str
    diagonal: str
    side: str
    floor: str
    corner: str


BLOCKS = Shapes("▏▎▍▌▋▊▉█", "░▒▓█", "╱", "│", "─", "└")
ASCII = Shapes("#", ".:*#", "/", "|", "-", "+")
CHARACTERS = "".join(BLOCKS)


def bar(share: float, width: int, shapes: Shapes) -> str:
    """A bar over a share of a width; what is more than nothing is seen.

    >>> bar(0.5, 5, BLOCKS), bar(1e-9, 5, BLOCKS), bar(0.5, 4, ASCII), bar(0, 5, ASCII)
    ('██▌', '▏', '##', '')
    """
    if not share > 0:
        return ""
    finest = len(shapes.parts)
    filled = max(1, round(min(share, 1.0) * width * finest))
    whole, rest = divmod(filled, finest)
    return shapes.parts[-1] * whole + (shapes.parts[rest - 1] if rest else "")


class Shaded(NamedTuple):
    """A density as lines of characters from the top, and from which count on each shade is used."""

    lines: list[str]
    steps: dict[str, int]


def shaded(counts: Integers, lines_at_most: int, shapes: Shapes) -> Shaded:
    """A density with the diagonal where it is empty; the first number of the second axis at the bottom.

    >>> shaded(np.array([[9, 0, 0], [4, 1, 0], [0, 0, 0]]), 3, ASCII)
    Shaded(lines=['  /', ' : ', '#* '], steps={':': 1, '*': 3, '#': 6})
    """
    n = len(counts)
    each = -(-n // lines_at_most)
    rows = [counts[:, start : start + each].sum(axis=1) for start in range(0, n, each)]
    most = int(max(row.max() for row in rows))
    # The shade goes with the square root of the count: few cells are seen beside many.
    steps = sorted({max(1, math.ceil(most * (k / len(shapes.shades)) ** 2)) for k in range(len(shapes.shades))})
    inks = shapes.shades[-len(steps) :]  # the darkest for most cells, whatever their number
    lines = []
    for k, row in enumerate(rows):
        shades = np.searchsorted(steps, row, side="right").tolist()
        on_diagonal = range(k * each, (k + 1) * each)
        empty = [shapes.diagonal if x in on_diagonal else " " for x in range(n)]
        lines.append("".join(inks[shade - 1] if shade else empty[x] for x, shade in enumerate(shades)))
    return Shaded(lines[::-1], dict(zip(inks, steps, strict=True)))
