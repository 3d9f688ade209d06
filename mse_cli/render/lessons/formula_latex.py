"""Formulas as LaTeX: for Markdown, for documents and, through MathML, for pages."""

from __future__ import annotations

import math
import re

from mse_cli.explanation.formula import (
    QUAD,
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

TRACED = "magenta"
LONGEST_LINE, MOST_COLUMNS = 70, 8  # characters of a line, columns of matrices side by side
SYMBOLS = {
    "−": "-", "·": r"\cdot ", "⊙": r"\odot ", "⇒": r"\Rightarrow ", "Σ": r"\sum ", "∂": r"\partial ", "ι": r"\iota ",
    "η": r"\eta ", "…": r"\cdots ", "↑": r"\uparrow ", "↓": r"\downarrow ", "    ": r"\qquad ", "′": "'",
    "θ": r"\theta ", "←": r"\leftarrow ",
}  # fmt: skip
WORDS = {"SE", "SSE", "MSE", "RMSE", "se", "nan", "inf"}
EXPONENTS = {"2": "2", "T": r"\mathsf{T}"}


def latex(formula: Formula) -> str:
    r"""A formula as LaTeX for math mode.

    >>> latex(Fraction("SSE", Line(("N", "·", "C"))))
    '\\frac{\\mathrm{SSE}}{N\\cdot C}'
    >>> latex(Number(-2.5e-7, operand=True))
    '\\left({-2.5\\times 10^{-7}}\\right)'
    """
    match formula:
        case str():
            return _symbol(formula)
        case Number():
            return _number(formula)
        case Index() | SumOver():
            return _indexed(formula)
        case Power():
            return f"{{{latex(formula.base)}}}^{{{EXPONENTS[formula.exponent]}}}"
        case Fraction():
            return rf"\frac{{{latex(formula.top)}}}{{{latex(formula.bottom)}}}"
        case Root():
            return rf"\sqrt{{{latex(formula.inner)}}}"
        case Parentheses():
            return rf"\left({latex(formula.inner)}\right)"
        case Traced():
            return rf"\textcolor{{{TRACED}}}{{{latex(formula.inner)}}}"
        case Line() | Grid():
            return "".join(map(latex, formula.items)) if isinstance(formula, Line) else _grid(formula)


def _indexed(formula: Index | SumOver) -> str:
    if isinstance(formula, SumOver):
        return rf"\sum_{{{formula.index}=1}}^{{{formula.limit}}}"
    comma = "," if any(len(index) > 1 for index in formula.indices) else ""
    return f"{_symbol(formula.base).strip()}_{{{comma.join(formula.indices)}}}"


def _symbol(symbol: str) -> str:
    if symbol in SYMBOLS:
        return SYMBOLS[symbol]
    words = re.fullmatch(r"([A-Za-z]+)(\(.*\))?", symbol)
    if words and words[1] in WORDS:
        return rf"\mathrm{{{words[1]}}}" + "".join(SYMBOLS.get(c, c) for c in words[2] or "")
    return "".join(SYMBOLS.get(c, c) for c in symbol)


def _number(number: Number) -> str:
    text = exact(number.value) if number.digits is None else as_written(number.value, number.digits)
    if not math.isfinite(number.value):
        text = {"inf": r"\infty ", "-inf": r"-\infty "}.get(text, r"\mathrm{nan}")
    mantissa, _, exponent = text.partition("e") if math.isfinite(number.value) else (text, "", "")
    if exponent:
        text = rf"{mantissa}\times 10^{{{int(exponent)}}}"
    # In braces of its own: a page would take the sign for a subtraction.
    return rf"\left({{{text}}}\right)" if number.in_parentheses else text


def _grid(grid: Grid) -> str:
    rows = [[latex(cell) for cell in row] for row in grid.rows]
    for gap in sorted(grid.column_gaps, reverse=True):
        for row in rows:
            row.insert(gap, SYMBOLS["…"].strip())
    for gap in sorted(grid.row_gaps, reverse=True):
        rows.insert(gap, [r"\ddots" if cell == SYMBOLS["…"].strip() else r"\vdots" for cell in rows[0]])
    body = r" \\ ".join(" & ".join(row) for row in rows)
    # In braces of its own: a page would stretch its brackets to the height of its neighbours.
    return rf"{{\begin{{bmatrix}} {body} \end{{bmatrix}}}}"


def lines_of(left: Formula, rights: tuple[Formula, ...]) -> list[str]:
    """The lines of left = right = right …, with ``&`` where they are aligned.

    One line where that is short; else a line for each right side, broken before a sign between wide matrices.

    >>> lines_of("a", ("b", "c"))
    ['a = b = c']
    """
    whole = " = ".join(map(latex, (left, *rights)))
    if "bmatrix" not in whole and _visible(whole) <= LONGEST_LINE:
        return [whole]
    if not rights:
        return [f"& {piece}" for piece in _pieces(left)]
    lines = [piece for right in rights for piece in _equal_to(_pieces(right))]
    return [f"{latex(left)} {lines[0]}", *lines[1:]]


def _equal_to(pieces: list[str]) -> list[str]:
    return [f"&= {pieces[0]}", *(rf"&\quad {piece}" for piece in pieces[1:])]


def _pieces(formula: Formula) -> list[str]:
    """A formula cut before the sign that leads to one more wide matrix."""
    items = formula.items if isinstance(formula, Line) else (formula,)
    pieces: list[list[Formula]] = [[]]
    width = 0
    for item, following in zip(items, (*items[1:], ""), strict=True):
        wide = _columns(following) if isinstance(item, str) else 0
        sides = item == QUAD and _columns(Line(items)) > MOST_COLUMNS
        long = item == "+" and _visible(latex(Line(tuple(pieces[-1])))) > LONGEST_LINE
        if pieces[-1] and (sides or long or (wide and width and width + wide > MOST_COLUMNS)):
            pieces.append([])
            width = 0
        if not (item == QUAD and not pieces[-1]):
            pieces[-1].append(item)
        width += _columns(item)
    return [latex(Line(tuple(piece))) for piece in pieces]


def _columns(formula: Formula) -> int:
    """How many columns of numbers stand side by side."""
    if isinstance(formula, Line):
        return sum(map(_columns, formula.items))
    return len(formula.rows[0]) if isinstance(formula, Grid) else 0


def _visible(text: str) -> int:
    """About how many characters are seen of LaTeX."""
    seen = re.sub(r"\\(textcolor\{\w+\}|mathrm|frac|sqrt|left|right)", "", text)
    return len(re.sub(r"\\[A-Za-z]+|[{}_^ ]", "", seen))


def aligned(left: Formula, rights: tuple[Formula, ...]) -> str:
    """An equation for a display, its right sides below each other."""
    lines = lines_of(left, rights)
    if len(lines) == 1:
        return lines[0].removeprefix("& ").replace(" &= ", " = ", 1)
    return "\\begin{aligned}\n" + " \\\\[4pt]\n".join(lines) + "\n\\end{aligned}"
