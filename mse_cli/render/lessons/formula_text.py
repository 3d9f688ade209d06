"""Formulas as characters: matrices in brackets of several lines, fractions with a bar, everything on one baseline."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from mse_cli.explanation.formula import (
    DOT,
    EQUALS,
    GIVES,
    MINUS,
    SUM,
    TIMES,
    Formula,
    Fraction,
    Grid,
    Index,
    Line,
    Number,
    Parentheses,
    Power,
    Root,
    SumOver,
    Traced,
)
from mse_cli.render.number_text import as_written, exact

SPACED = {EQUALS, MINUS, DOT, TIMES, GIVES, "+", "←"}  # signs with a space on both sides
SUBSCRIPTS = dict(zip("0123456789ij,", "₀₁₂₃₄₅₆₇₈₉ᵢⱼ,", strict=True))
POWER = re.compile(r"e\+?(-?)0*")  # as the cells of matrices have it: 1e-7, 2e200
EXPONENTS = {"2": "²", "T": "ᵀ"}
BRACKETS, ASCII_BRACKETS = "⎡⎢⎣⎤⎥⎦", "[[[]]]"
# What an ASCII stream gets for a character that it does not have.
ASCII = {
    "−": "-", "·": "*", "⊙": "(*)", "Σ": "sum", "∂": "d", "ι": "ones", "η": "eta", "½": "1/2", "²": "^2", "ᵀ": "^T",
    "√": "sqrt", "…": "...", "⋮": ":", "⋱": ".", "↑": "^", "↓": "v", "′": "'", "⇒": "=>", "─": "-", "‹": "<", "›": ">",
    "×": "x", "θ": "theta", "←": "<-", "“": '"', "”": '"',
}  # fmt: skip
CHARACTERS = "".join(ASCII) + BRACKETS + "".join(SUBSCRIPTS.values())


@dataclass(frozen=True)
class Ink:
    """How formulas are written on a screen.

    Attributes:
        ascii: Whether only ASCII may be used.
        style: The traced cell's style; empty where there is no colour, and ‹ › mark it instead.
        digits: Significant digits of the cells of matrices, if fewer than they ask for.
    """

    ascii: bool = False
    style: str = ""
    digits: int = 17

    def text(self, text: str) -> str:
        """A text in the characters there are."""
        return "".join(ASCII.get(c, c) for c in text) if self.ascii else text

    def number(self, number: Number) -> str:
        """A number, exact or to its digits."""
        text = (
            exact(number.value) if number.digits is None else as_written(number.value, min(number.digits, self.digits))
        )
        text = POWER.sub(r"e\1", text)
        return f"({text})" if number.in_parentheses else text


@dataclass(frozen=True)
class Box:
    """A block of lines of one width, with the line that stands on the baseline."""

    lines: tuple[Text, ...]
    baseline: int = 0

    @property
    def width(self) -> int:
        """Columns of the screen."""
        return max((line.cell_len for line in self.lines), default=0)


def flat(formula: Formula, ink: Ink) -> Text:
    """A formula on one line.

    >>> flat(Fraction("SSE", Line(("N", "·", "C"))), Ink()).plain
    'SSE/(N·C)'
    """
    match formula:
        case str() | Number() | Index():
            return Text(_leaf(formula, ink))
        case SumOver():
            return Text(ink.text(SUM) + _indices((formula.index,), ink) + " ")
        case Power():
            return _base(formula.base, ink) + Text(ink.text(EXPONENTS[formula.exponent]))
        case Fraction():
            return _base(formula.top, ink, top=True) + Text("/") + _base(formula.bottom, ink)
        case Root():
            return _between("sqrt(" if ink.ascii else "√", formula.inner, ")" if ink.ascii else "", ink)
        case Parentheses():
            return _between("(", formula.inner, ")", ink)
        case Traced():
            return _colored(flat(formula.inner, ink), ink)
        case Line():
            return Text().join(_spaced(formula.items, lambda item: flat(item, ink)))
        case Grid():
            raise ValueError("a matrix has no place inside a sentence")


def _leaf(formula: str | Number | Index, ink: Ink) -> str:
    if isinstance(formula, Number):
        return ink.number(formula)
    if isinstance(formula, Index):
        return ink.text(formula.base) + _indices(formula.indices, ink)
    return ink.text(formula) + (" " if formula == SUM else "")


def _between(opening: str, formula: Formula, closing: str, ink: Ink) -> Text:
    return Text(opening) + flat(formula, ink) + Text(closing)


def _spaced(items: tuple[Formula, ...], write: Callable[[Formula], Any]) -> list[Any]:
    """The items as they are written, with spaces around signs; N·C and 2·e₁₁ stay tight."""
    tight = all(isinstance(_inner(item), str | Number | Index) for item in items)
    return [
        write(f" {item} " if isinstance(item, str) and item in SPACED and not (tight and item == DOT) else item)
        for item in items
    ]


def _inner(formula: Formula) -> Formula:
    return formula.inner if isinstance(formula, Traced) else formula


def _base(formula: Formula, ink: Ink, *, top: bool = False) -> Text:
    """What stands under an exponent, or above or below a bar: in parentheses if it is more than one piece."""
    inner = _inner(formula)
    pieces = len(inner.items) > 1 if isinstance(inner, Line) else isinstance(inner, Fraction)
    if isinstance(inner, Line) and top and not {"+", MINUS} & {item for item in inner.items if isinstance(item, str)}:
        pieces = False
    text = flat(formula, ink)
    return Text("(") + text + Text(")") if pieces else text


def _indices(indices: tuple[str, ...], ink: Ink) -> str:
    plain = "".join(indices) if all(len(index) == 1 for index in indices) else ",".join(indices)
    if ink.ascii or not set(plain) <= set(SUBSCRIPTS):
        return "_" + plain
    return "".join(SUBSCRIPTS.get(c, c) for c in plain)


def _colored(text: Text, ink: Ink) -> Text:
    text.stylize(ink.style)
    return text


def draw(formula: Formula, ink: Ink) -> Box:
    """A formula as a block of lines."""
    match formula:
        case Line():
            return beside(_spaced(formula.items, lambda item: draw(item, ink)))
        case Fraction():
            return _fraction(draw(formula.top, ink), draw(formula.bottom, ink), ink)
        case Grid():
            return _grid(formula, ink)
        case Traced():
            box = draw(formula.inner, ink)
            return Box(tuple(_colored(line, ink) for line in box.lines), box.baseline)
        case Parentheses() if draw(formula.inner, ink).baseline == 0:
            return beside([Box((Text("("),)), draw(formula.inner, ink), Box((Text(")"),))])
        case _:
            return Box((flat(formula, ink),))


def beside(boxes: list[Box]) -> Box:
    """Boxes side by side on one baseline."""
    above = max((box.baseline for box in boxes), default=0)
    below = max((len(box.lines) - box.baseline for box in boxes), default=1)
    lines = [Text() for _ in range(above + below)]
    for box in boxes:
        for k, line in enumerate(lines):
            inside = k - above + box.baseline
            line.append_text(_padded(box.lines[inside] if 0 <= inside < len(box.lines) else Text(), box.width))
    return Box(tuple(lines), above)


def _padded(text: Text, width: int, *, left: bool = False) -> Text:
    space = Text(" " * (width - text.cell_len))
    return space + text if left else text + space


def _fraction(top: Box, bottom: Box, ink: Ink) -> Box:
    width = max(top.width, bottom.width)
    lines = [*_centred(top, width), Text(ink.text("─") * width), *_centred(bottom, width)]
    return Box(tuple(lines), len(top.lines))


def _centred(box: Box, width: int) -> list[Text]:
    before = (width - box.width) // 2
    return [_padded(Text(" " * before) + line, width) for line in box.lines]


def _grid(grid: Grid, ink: Ink) -> Box:
    """A matrix: columns aligned to the right, ⋮ and … where something is left out."""
    rows = [[_cell(cell, ink) for cell in row] for row in grid.rows]
    for gap in sorted(grid.column_gaps, reverse=True):
        for row in rows:
            row.insert(gap, Text(ink.text("…")))
    for gap in sorted(grid.row_gaps, reverse=True):
        rows.insert(gap, [Text(ink.text("⋱" if cell.plain == ink.text("…") else "⋮")) for cell in rows[0]])
    columns = [_aligned(list(column)) for column in zip(*rows, strict=True)]
    opening, closing = _brackets(len(rows), ink)
    lines = [
        Text(opening[k] + " ") + Text("  ").join(column[k] for column in columns) + Text(" " + closing[k])
        for k in range(len(rows))
    ]
    return Box(tuple(lines), (len(lines) - 1) // 2)


def _cell(cell: Formula, ink: Ink) -> Text:
    text = flat(cell, ink)
    if isinstance(cell, Traced) and not ink.style:
        return Text(ink.text(f"‹{text.plain}›"))
    return text


def _aligned(column: list[Text]) -> list[Text]:
    marked = any(text.plain.endswith(("›", ">")) for text in column)
    texts = [text + Text(" ") if marked and not text.plain.endswith(("›", ">")) else text for text in column]
    width = max(text.cell_len for text in texts)
    return [_padded(text, width, left=True) for text in texts]


def _brackets(height: int, ink: Ink) -> tuple[str, str]:
    if height == 1:
        return "[", "]"
    characters = ASCII_BRACKETS if ink.ascii else BRACKETS
    sides = [characters[k] + characters[k + 1] * (height - 2) + characters[k + 2] for k in (0, 3)]
    return sides[0], sides[1]
