"""Formulas as plain data: what is written, not how. Renderers turn them into grids of characters or into LaTeX.

A formula is a symbol (a ``str``: "A", "MSE", "⊙", "="), a number, or one of the forms below around other formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

TIMES, MINUS, DOT, EQUALS, GIVES = "⊙", "−", "·", "=", "⇒"
SUM = "Σ"
QUAD = "    "  # a wide space between formulas
RAISE, LOWER, KEEP = "↑", "↓", "0"


@dataclass(frozen=True)
class Number:
    """A number: exact, or to so many significant digits; in parentheses where it is negative, if ``operand``."""

    value: float
    digits: int | None = None
    operand: bool = False

    @property
    def in_parentheses(self) -> bool:
        """Whether it stands in parentheses: 3 − (−4).

        >>> Number(-4.0, operand=True).in_parentheses, Number(4.0, operand=True).in_parentheses
        (True, False)
        """
        return self.operand and math.copysign(1.0, self.value) < 0


@dataclass(frozen=True)
class Index:
    """A base with indices below it: a₁₂, ι_N."""

    base: str
    indices: tuple[str, ...]


@dataclass(frozen=True)
class SumOver:
    """Σ over an index from 1 to a limit, in front of what is added up."""

    index: str
    limit: str


@dataclass(frozen=True)
class Power:
    """A base with an exponent: "2", or "T" for the transposed."""

    base: Formula
    exponent: str


@dataclass(frozen=True)
class Fraction:
    """One formula over another."""

    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Root:
    """A square root."""

    inner: Formula


@dataclass(frozen=True)
class Parentheses:
    """A formula in parentheses."""

    inner: Formula


@dataclass(frozen=True)
class Line:
    """Formulas side by side."""

    items: tuple[Formula, ...]


@dataclass(frozen=True)
class Traced:
    """The cell that is followed through all steps: it has a colour of its own."""

    inner: Formula


@dataclass(frozen=True)
class Grid:
    """A matrix, or its corners.

    Attributes:
        rows: The cells that are shown.
        row_gaps: Before which of these rows some are left out.
        column_gaps: Before which of the shown columns some are left out.
    """

    rows: tuple[tuple[Formula, ...], ...]
    row_gaps: frozenset[int] = frozenset()
    column_gaps: frozenset[int] = frozenset()


Formula: TypeAlias = str | Number | Index | SumOver | Power | Fraction | Root | Parentheses | Line | Traced | Grid


def line(*items: Formula) -> Line:
    """Formulas side by side."""
    return Line(items)


def operand(value: float) -> Number:
    """A number inside a formula, exact, in parentheses if it is negative."""
    return Number(value, operand=True)


def joined(items: list[Formula], sign: str) -> Line:
    """Formulas with a sign between them.

    >>> joined(["a", "b"], "+")
    Line(items=('a', '+', 'b'))
    """
    return Line(tuple(part for item in items for part in (sign, item))[1:])
