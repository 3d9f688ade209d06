"""Steps 1 to 5: from the inputs to the mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mse_cli.errors import printable
from mse_cli.explain.case import DIGITS, Case, gaps
from mse_cli.explain.formula import (
    DOT,
    EQUALS,
    MINUS,
    QUAD,
    TIMES,
    Formula,
    Fraction,
    Grid,
    Index,
    Number,
    Parentheses,
    Power,
    Root,
    Traced,
    joined,
    line,
    operand,
)
from mse_cli.explain.lesson import Equation, Paragraph, Passage, Step, Words, sentence

Texts = Mapping[str, str]
ONES_ROWS, ONES_COLUMNS = Power(Index("ι", ("N",)), "T"), Index("ι", ("C",))


def introduction(case: Case, texts: Texts) -> Paragraph:
    """What is explained."""
    if not case.files:
        return sentence(texts["example"])
    names = [Words(texts["stdin"] if file == "-" else printable(file)) for file in case.files]
    if len(names) == 1:
        return sentence(texts["table"], a=names[0])
    return sentence(texts["files"], a=names[0], y=names[1])


def inputs(case: Case, texts: Texts) -> Step:
    """A, Y, N, C, and what is special about them."""
    parts: list[Passage] = [
        sentence(texts["inputs.matrices"]),
        _size(case, texts),
        *_names(case, texts),
        *_keys(case, texts),
        Equation(_sides(case), ()),
        *_remarks(case, texts),
        _traced(case, texts),
    ]
    a, y = case.at_cell(case.block.prediction), case.at_cell(case.block.target)
    named = [line(case.indexed(letter), EQUALS, Traced(Number(value))) for letter, value in (("a", a), ("y", y))]
    if case.result.weighted:
        named.append(line(case.indexed("w"), EQUALS, Traced(Number(case.at_cell(case.weights)))))
    parts.append(Equation(joined([*named], QUAD), ()))
    return Step(1, texts["inputs.title"], tuple(parts))


def _size(case: Case, texts: Texts) -> Paragraph:
    n_rows, n_columns = case.result.shape
    product = line("N", DOT, "C", EQUALS, Number(n_rows), DOT, Number(n_columns), EQUALS, Number(n_rows * n_columns))
    n, c = line("N", EQUALS, Number(n_rows)), line("C", EQUALS, Number(n_columns))
    return sentence(texts["inputs.size"], n=n, c=c, cells=product)


def _names(case: Case, texts: Texts) -> list[Paragraph]:
    if case.result.names[0] is None:
        return []
    skipped = gaps(case.columns)
    names = [("… " if k in skipped else "") + case.heading(j) for k, j in enumerate(case.columns)]
    return [sentence(texts["inputs.columns"], names=Words(texts["comma"].join(names)))]


def _keys(case: Case, texts: Texts) -> list[Paragraph]:
    if case.result.key is None:
        return []
    skipped = gaps(case.rows)
    names = [("… " if k in skipped else "") + printable(key) for k, key in enumerate(case.block.keys or ())]
    key = Words(printable(case.result.key))
    return [sentence(texts["inputs.keys"], key=key, names=Words(texts["comma"].join(names)))]


def row_name(case: Case, row: int, texts: Texts) -> Number | Words:
    """A row (from 0) that is shown, by its number and its key."""
    if case.block.keys is None:
        return Number(row + 1)
    return Words(str(row + 1) + texts["named"].format(name=printable(case.block.keys[case.rows.index(row)])))


def _sides(case: Case) -> Formula:
    sides = [
        line("A", EQUALS, case.grid(case.block.prediction, given=True)),
        line("Y", EQUALS, case.grid(case.block.target, given=True)),
    ]
    if case.result.weighted:
        sides.append(line("W", EQUALS, case.grid(case.block_weights, given=True)))
    return joined([*sides], QUAD)


def _remarks(case: Case, texts: Texts) -> list[Paragraph]:
    """What is left out of the matrices as they are shown, and of the sums."""
    remarks = []
    if case.masked:
        used, total = case.result.cells_used, case.result.cells_total
        numbers = {"missing": Number(total - used), "total": Number(total), "used": Number(used)}
        remarks.append(sentence(texts["inputs.missing"], **numbers))
    if case.result.weighted:
        remarks.append(sentence(texts["inputs.weights"]))
    if gaps(case.rows) or gaps(case.columns):
        remarks.append(sentence(texts["inputs.corners"]))
    if not case.shown_exactly:
        remarks.append(sentence(texts["inputs.rounded"]))
    return remarks


def _traced(case: Case, texts: Texts) -> Paragraph:
    row, column = case.cell
    name = texts["named"].format(name=case.heading(column)) if case.result.columns[column].name else ""
    why = "chosen" if case.chosen else "worst_weighted" if case.result.weighted else "worst"
    return sentence(texts[f"inputs.{why}"], i=row_name(case, row, texts), j=Number(column + 1), name=Words(name))


def error(case: Case, texts: Texts) -> Step:
    """E = A − Y."""
    a, y = case.grid(case.block.prediction), case.grid(case.block.target)
    cells = [case.at_cell(matrix) for matrix in (case.block.prediction, case.block.target)]
    e = case.at_cell(case.errors)
    kind = "low" if e < 0 else "high" if e > 0 else "zero"
    parts = (
        sentence(texts["error.formula"]),
        Equation("E", (line("A", MINUS, "Y"), line(a, MINUS, y), case.grid(case.errors))),
        sentence(texts["error.traced"]),
        Equation(
            case.indexed("e"),
            (
                line(case.indexed("a"), MINUS, case.indexed("y")),
                Traced(line(operand(cells[0]), MINUS, operand(cells[1]))),
                Traced(Number(e)),
            ),
        ),
        sentence(texts[f"error.{kind}"], size=Number(abs(e))),
    )
    return Step(2, texts["error.title"], parts)


def squares(case: Case, texts: Texts) -> Step:
    """SE = E ⊙ E."""
    e = case.grid(case.errors)
    a, y = (operand(case.at_cell(matrix)) for matrix in (case.block.prediction, case.block.target))
    parts = (
        sentence(texts["se.formula"]),
        Equation("SE", (line("E", TIMES, "E"), line(e, TIMES, e), case.grid(case.squares))),
        sentence(texts["error.traced"]),
        Equation(
            case.indexed("se"),
            (
                Power(Parentheses(line(case.indexed("a"), MINUS, case.indexed("y"))), "2"),
                Traced(Power(Parentheses(line(a, MINUS, y)), "2")),
                Traced(Power(operand(case.at_cell(case.errors)), "2")),
                Traced(Number(case.at_cell(case.squares))),
            ),
        ),
        sentence(texts["se.why"]),
    )
    return Step(3, texts["se.title"], parts)


def total(case: Case, texts: Texts) -> Step:
    """SSE = ι_Nᵀ · SE · ι_C, first down the rows, then across the columns."""
    terms: Formula = "SE" if case.factor is None else Parentheses(line(case.factor, TIMES, "SE"))
    with np.errstate(all="ignore"):
        cells = case.grid(case.weights * case.squares)
    sums = [case.result.columns[j].sse for j in case.columns]
    short = case.row_of_columns([Number(x, DIGITS) for x in sums])
    parts: list[Passage] = [sentence(texts["sse.formula"], iota=Index("ι", ("N",)))]
    if case.factor is not None:
        parts.append(sentence(texts["sse.factor"], factor=case.factor))
    parts += [
        Equation("SSE", (line(ONES_ROWS, DOT, terms, DOT, ONES_COLUMNS),)),
        sentence(texts["sse.down"]),
        Equation(line(ONES_ROWS, DOT, terms), (line(_ones(case.rows), DOT, cells), short)),
        sentence(texts["sse.across"]),
        Equation("SSE", (line(short, DOT, _column(_ones(case.columns))), _added(case), Number(case.result.sse))),
    ]
    share = _share(case)
    if share is not None:
        parts.append(sentence(texts["sse.share"], share=Number(share, 4)))
    return Step(4, texts["sse.title"], tuple(parts))


def _ones(numbers: tuple[int, ...]) -> Grid:
    return Grid((tuple(Number(1) for _ in numbers),), column_gaps=gaps(numbers))


def _column(row: Grid) -> Grid:
    return Grid(tuple((cell,) for cell in row.rows[0]), row_gaps=row.column_gaps)


def _added(case: Case) -> Formula:
    """The columns' sums with + between them, in full precision."""
    terms: list[Formula] = []
    skipped = gaps(case.columns)
    for k, j in enumerate(case.columns):
        if k in skipped:
            terms.append("…")
        number = Number(case.result.columns[j].sse)
        terms.append(Traced(number) if j == case.cell[1] else number)
    return joined(terms, "+")


def _share(case: Case) -> float | None:
    """How many percent of SSE the traced cell is; nothing where that is no number."""
    with np.errstate(all="ignore"):
        share = 100.0 * np.float64(case.at_cell(case.weights * case.squares)) / np.float64(case.result.sse)
    return float(share) if np.isfinite(share) else None


def mean(case: Case, texts: Texts) -> Step:
    """MSE = SSE / (N·C), and its root."""
    sse = Number(case.result.sse)
    why = "weighted" if case.result.weighted else "masked" if case.masked else "formula"
    parts = (
        sentence(texts[f"mse.{why}"]),
        Equation(
            "MSE",
            (Fraction("SSE", case.divisor_formula), Fraction(sse, case.divisor_numbers), Number(case.result.mse)),
        ),
        sentence(texts["mse.rmse"]),
        Equation("RMSE", (Root("MSE"), Root(Number(case.result.mse)), Number(case.result.rmse))),
    )
    return Step(5, texts["mse.title"], parts)
