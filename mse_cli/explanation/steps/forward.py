"""Steps 1 to 5: from the inputs to the mean."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from mse_cli.errors import printable, shown
from mse_cli.explanation.case import FEWER_DIGITS, MOST_DIGITS, Case, gaps
from mse_cli.explanation.formula import (
    DOT,
    EQUALS,
    MINUS,
    QUAD,
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
    joined,
    line,
)
from mse_cli.explanation.lesson import Equation, Paragraph, Passage, Step, Words, sentence

Texts = Mapping[str, str]
ALMOST_ALL = 99.99  # percent
ONES_ROWS, ONES_COLUMNS = Power(Index("ι", ("N",)), "T"), Index("ι", ("C",))


def opening(texts: Texts) -> Paragraph:
    """What it is all for."""
    return sentence(texts["opening"], mse=Words("MSE"), a="A", y="Y", n="N", c="C")


def data(case: Case, texts: Texts) -> Paragraph:
    """Whose numbers are explained."""
    if not case.files:
        return sentence(texts["example" if case.files is None else "arrays"], A="A", Y="Y")
    names = [Words(texts["stdin"] if file == "-" else printable(shown(file))) for file in case.files]
    if len(names) == 1:
        return sentence(texts["table"], a=names[0], A="A", Y="Y")
    return sentence(texts["files"], a=names[0], y=names[1], A="A", Y="Y")


def inputs(case: Case, texts: Texts) -> Step:
    """A, Y, N, C, and what is special about them."""
    parts: list[Passage] = [
        sentence(texts["inputs.matrices"], a="A", y="Y"),
        _size(case, texts),
        *_names(case, texts),
        *_keys(case, texts),
        Equation(_sides(case), ()),
        *_remarks(case, texts),
        _traced(case, texts),
    ]
    a, y = case.at_cell(case.block.prediction), case.at_cell(case.block.target)
    named = [line(case.indexed(letter), EQUALS, Traced(case.whole(value))) for letter, value in (("a", a), ("y", y))]
    if case.result.weighted:
        named.append(line(case.indexed("w"), EQUALS, Traced(case.whole(case.at_cell(case.weights)))))
    parts.append(Equation(joined([*named], QUAD), ()))
    return Step(1, texts["inputs.title"], tuple(parts))


def _size(case: Case, texts: Texts) -> Paragraph:
    n_rows, n_columns = case.result.shape
    product = line("N", DOT, "C", EQUALS, Number(n_rows * n_columns))
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
        numbers: dict[str, Formula] = {"missing": Number(total - used), "total": Number(total), "used": Number(used)}
        remarks.append(sentence(texts["inputs.missing"], m="M", **numbers))
    if case.result.weighted:
        remarks.append(sentence(texts["inputs.weights"], w="W"))
    if gaps(case.rows) or gaps(case.columns):
        remarks.append(sentence(texts["inputs.corners"]))
    if not case.shown_exactly:
        remarks.append(sentence(texts["inputs.rounded"], digits=Number(case.cell_digits)))
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
                Traced(line(case.whole(cells[0], operand=True), MINUS, case.whole(cells[1], operand=True))),
                Traced(case.number(e)),
            ),
        ),
        sentence(texts[f"error.{kind}"], size=case.number(abs(e))),
    )
    return Step(2, texts["error.title"], parts)


def squares(case: Case, texts: Texts) -> Step:
    """SE = E ⊙ E."""
    e = case.grid(case.errors)
    a, y = (case.whole(case.at_cell(matrix), operand=True) for matrix in (case.block.prediction, case.block.target))
    parts: tuple[Passage, ...] = (
        sentence(texts["se.formula"]),
        Equation("SE", (line("E", TIMES, "E"), line(e, TIMES, e), case.grid(case.squares))),
        sentence(texts["error.traced"]),
        Equation(
            case.indexed("se"),
            (
                Power(Parentheses(line(case.indexed("a"), MINUS, case.indexed("y"))), "2"),
                Traced(Power(Parentheses(line(a, MINUS, y)), "2")),
                Traced(Power(case.base(case.at_cell(case.errors)), "2")),
                Traced(case.number(as_meant(case.at_cell(case.squares)))),
            ),
        ),
        sentence(texts["se.why"]),
        *_beyond_float64(case, texts),
    )
    return Step(3, texts["se.title"], parts)


def _beyond_float64(case: Case, texts: Texts) -> list[Paragraph]:
    """What stands for squares that it cannot hold."""
    given = np.isfinite(case.block.prediction).all() and np.isfinite(case.block.target).all()
    kinds = ["infinite"] if given and np.isinf(case.squares).any() else []
    kinds += ["vanishing"] if ((case.squares == 0) & (case.errors != 0)).any() else []
    return [sentence(texts[f"se.{kind}"]) for kind in kinds]


def total(case: Case, texts: Texts) -> Step:
    """SSE = ι_Nᵀ · SE · ι_C = Σ Σ se, first down the rows, then across the columns."""
    n, c = (Index("ι", (letter,)) for letter in "NC")
    parts: list[Passage] = [sentence(texts["sse.formula"], iota_n=n, iota_c=c, n="N", c="C", left=ONES_ROWS)]
    if case.factor is not None:
        parts.append(sentence(texts["sse.factor"], factor=case.factor, terms=line(case.factor, TIMES, "SE")))
    whole = line(ONES_ROWS, DOT, _terms(case), DOT, ONES_COLUMNS)
    parts += [Equation("SSE", (whole, _double_sum(case, Index("se", ("i", "j"))))), *_adding_up(case, texts)]
    share = _share(case)
    if share is not None and case.result.cells_used > 1:
        parts.append(sentence(texts["sse.share"], share=Number(share, 4)))
    return Step(4, texts["sse.title"], tuple(parts))


def _terms(case: Case) -> Formula:
    """What is added up: SE, each of its cells times its factor."""
    return "SE" if case.factor is None else Parentheses(line(case.factor, TIMES, "SE"))


def _double_sum(case: Case, of: Formula) -> Line:
    """Σ Σ over all rows and columns, each term times its factor."""
    letters = [letter for letter, there in (("m", case.masked), ("w", case.result.weighted)) if there]
    factors = [part for letter in letters for part in (Index(letter, ("i", "j")), DOT)]
    return line(SumOver("i", "N"), SumOver("j", "C"), *factors, of)


def _adding_up(case: Case, texts: Texts) -> list[Passage]:
    """Down the rows, then across the columns; neither where there is but one."""
    (n_rows, n_columns), terms = case.result.shape, _terms(case)
    with np.errstate(all="ignore"):
        cells = case.grid(case.weights * case.squares)
    sse = case.whole(case.result.sse)
    down = line(_ones(case.rows), DOT, cells)
    if n_columns == 1:
        if n_rows == 1:
            return [Equation("SSE", (terms, sse))]
        return [sentence(texts["sse.column"]), Equation("SSE", (line(ONES_ROWS, DOT, terms), down, sse))]
    sums = case.row_of_columns([Number(case.result.columns[j].sse, case.cell_digits) for j in case.columns])
    across = Equation("SSE", (line(sums, DOT, _column(_ones(case.columns))), _added(case), sse))
    if n_rows == 1:
        return [sentence(texts["sse.row"]), across]
    return [
        sentence(texts["sse.down"]),
        Equation(line(ONES_ROWS, DOT, terms), (down, sums)),
        sentence(texts["sse.across"]),
        across,
    ]


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
        number = case.whole(as_meant(case.result.columns[j].sse))  # no fewer digits: they must add up to SSE
        terms.append(Traced(number) if j == case.cell[1] else number)
    return joined(terms, "+")


def as_meant(value: float) -> float:
    """A number without its last digits where these only show the rounding of float64.

    >>> as_meant(0.0899999999999999), as_meant(1234.5678901234567)
    (0.09, 1234.5678901234567)
    """
    fewer = float(f"{value:.{FEWER_DIGITS}g}")
    return fewer if len(repr(fewer)) < len(repr(value)) - (MOST_DIGITS + 2 - FEWER_DIGITS) else value


def _share(case: Case) -> float | None:
    """How many percent of SSE the traced cell is, 100 only of all of it; nothing where that is no number."""
    with np.errstate(all="ignore"):
        share = 100.0 * np.float64(case.at_cell(case.weights * case.squares)) / np.float64(case.result.sse)
    if not np.isfinite(share):
        return None
    return float(share if share == 100.0 else min(share, ALMOST_ALL))


def mean(case: Case, texts: Texts) -> Step:
    """MSE = SSE / (N·C), and its root."""
    sse, mse, rmse = (case.whole(value) for value in (case.result.sse, case.result.mse, case.result.rmse))
    plain = "one_output" if case.result.shape[1] == 1 else "formula"
    why = "weighted" if case.result.weighted else "masked" if case.masked else plain
    square = Power(Parentheses(line(Index("a", ("i", "j")), MINUS, Index("y", ("i", "j")))), "2")
    parts = (
        sentence(texts[f"mse.{why}"], nc=line("N", DOT, "C"), n="N"),
        Equation("MSE", (Fraction("SSE", case.divisor_formula), Fraction(sse, case.divisor_numbers), mse)),
        sentence(texts["mse.sums"], i="i", j="j"),
        Equation("MSE", (line(Fraction("1", case.divisor_formula), DOT, _double_sum(case, square)),)),
        sentence(texts["mse.rmse"]),
        Equation("RMSE", (Root("MSE"), *([Root(mse)] if isfinite(mse.value) else []), rmse)),
    )
    return Step(5, texts["mse.title"], parts)
