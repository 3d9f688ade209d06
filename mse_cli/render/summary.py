"""What tables and Markdown say in the same words: the rows of the summary, the worst cells, titles, the gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

from mse_cli.core.blocks import Floats
from mse_cli.core.result import Excerpt, Group, Reduction, Result
from mse_cli.errors import printable
from mse_cli.errors import shown as shown_name
from mse_cli.render.number_text import exact, middle_left_out, short
from mse_cli.render.printing import OnlyListed
from mse_cli.running.evaluation import MatrixName

MATRICES: tuple[MatrixName, ...] = get_args(MatrixName)
ELLIPSIS, VERTICAL = "…", "⋮"
MISSING_TEXT = "(missing)"


class Row(NamedTuple):
    """A row of the summary."""

    label: str
    text: str
    bold: bool = False


def summary_rows(result: Result, files: Sequence[str], most_columns: int) -> list[Row]:
    """The files, the scalars and, of several columns, those of each; in full precision."""
    divided_by = "Σ of the weights" if result.weighted else "the cells used" if _masked(result) else "N·C"
    sides = ("prediction", "target") if len(files) == 2 else ("table",) * len(files)
    rows = [
        *(Row(side, printable(shown_name(file))) for side, file in zip(sides, files, strict=True)),
        Row("N × C", f"{result.shape[0]} × {result.shape[1]}"),
        Row("cells used", f"{result.cells_used} of {result.cells_total}"),
        Row("divided by", f"{exact(result.divisor)} ({divided_by})"),
        *(Row(scalar.label, exact(scalar.value), bold=True) for scalar in result.scalars()),
    ]
    if result.reduction != "mean":
        rows.append(Row(f"loss ({result.reduction})", exact(result.loss), bold=True))
    return [*rows, *_rows_of_columns(result, most_columns)] if len(result.columns) > 1 else rows


def _rows_of_columns(result: Result, most: int) -> Iterator[Row]:
    shown, before = middle_left_out(len(result.columns), most)
    for k, j in enumerate(shown):
        if k == before:
            yield Row(VERTICAL, VERTICAL)
        for scalar in result.columns[j].scalars():
            if scalar.label:
                yield Row(f"{scalar.label} of {column_label(result, j)}", exact(scalar.value))
    if 0 < before == len(shown) < len(result.columns):
        yield Row(VERTICAL, VERTICAL)


def column_label(result: Result, column: int) -> str:
    """A column's name, or its number.

    Names come from files, so what could control a terminal is escaped.
    """
    name = result.columns[column].name
    return printable(name) if name else str(column + 1)


class Listing(NamedTuple):
    """A table of its own: its title, the titles of its columns, how many of them are text, and its rows."""

    title: str
    titles: tuple[str, ...]
    n_texts: int
    rows: list[list[str]]


def listings(result: Result, most_rows: int, digits: int | None = None) -> dict[OnlyListed, Listing]:
    """The groups and the worst cells, if they were asked for; in full precision, or to so many digits."""
    found: dict[OnlyListed, Listing] = {}
    if result.by:
        titles = (*map(printable, result.by), "rows", "cells used", "SSE", "MSE", "RMSE", "share of SSE")
        found["groups"] = Listing("groups", titles, len(result.by), list(_group_rows(result, most_rows, digits)))
    if result.worst is not None:
        key = () if result.key is None else (printable(result.key),)
        titles = ("row", *key, "column", "prediction", "target", "error", "share of SSE")
        found["worst"] = Listing("worst cells", titles, 0, list(_worst_rows(result, digits)))
    return found


def _group_rows(result: Result, most: int, digits: int | None) -> Iterator[list[str]]:
    """The groups with the largest shares of SSE, the largest first, and how many others there are."""
    groups = result.groups
    for group in (groups[i] for i in by_share(groups)[:most]):
        texts = [printable(text) or MISSING_TEXT for text in group.texts]
        numbers = [str(group.rows), str(group.cells_used), *_numbers(digits, group.sse, group.mse, group.rmse)]
        yield [*texts, *numbers, f"{100 * group.share:.4g} %"]
    if len(groups) > most:
        rest = f"{len(groups) - most} more"
        yield [VERTICAL + " " + rest, *[VERTICAL] * (len(result.by) + 5)]


def by_share(groups: Sequence[Group]) -> list[int]:
    """The places of groups, the largest share of SSE first; NaN is larger than any."""
    shares = [2.0 if math.isnan(group.share) else group.share for group in groups]
    return sorted(range(len(groups)), key=lambda i: (-shares[i], groups[i].texts))


def _worst_rows(result: Result, digits: int | None) -> Iterator[list[str]]:
    """The texts of the worst cells."""
    for cell in result.worst or ():
        column = printable(cell.name) if cell.name else str(cell.column)
        key = [] if result.key is None else [printable(cell.key or "")]
        numbers = _numbers(digits, cell.prediction, cell.target, cell.error)
        yield [str(cell.row), *key, column, *numbers, f"{100 * cell.share:.4g} %"]


def _numbers(digits: int | None, *numbers: float) -> list[str]:
    return [exact(number) if digits is None else short(number, digits) for number in numbers]


class Shown(NamedTuple):
    """A matrix as it is shown: its title, the rows that were kept, and whether its sums stand at its sides."""

    title: str
    cells: Floats
    sums: bool


def shown(name: MatrixName, result: Result, excerpt: Excerpt) -> Shown:
    """SE with the sums of its rows and columns and, in the corner, SSE; or the gradient."""
    if name == "se":
        return Shown("SE = (A − Y)²" + (", sums weighted" if result.weighted else ""), excerpt.squared_error, sums=True)
    return Shown(gradient_title(result), excerpt.gradient, sums=False)


class Lines(NamedTuple):
    """The texts of a matrix: the titles of its columns, its rows, and the sums below them."""

    titles: list[str]
    rows: list[list[str]]
    sums: list[str]


def lines_of(matrix: Shown, result: Result, excerpt: Excerpt, digits: int, most_columns: int) -> Lines:
    """A matrix with at most so many columns; what is left out is marked."""
    columns, before = middle_left_out(len(result.columns), most_columns)
    gap = [ELLIPSIS] if len(columns) < len(result.columns) else []

    def line(first: str, texts: list[str], last: str) -> list[str]:
        return [first, *texts[:before], *gap, *texts[before:], *([last] if matrix.sums else [])]

    titles = line(
        printable(result.key) if result.key and excerpt.keys else "row",
        [column_label(result, j) for j in columns],
        "sum",
    )
    rows, held = [], columns if excerpt.columns is None else [excerpt.columns.index(j) for j in columns]
    for i, row in enumerate(excerpt.rows):
        if i and row != excerpt.rows[i - 1] + 1:
            rows.append([VERTICAL] * len(titles))
        texts = [short(cell, digits) for cell in matrix.cells[i, held].tolist()]
        name = printable(excerpt.keys[i]) if excerpt.keys else str(row + 1)
        rows.append(line(name, texts, short(excerpt.row_sums[i], digits)))
    if excerpt.rows[-1:] < (result.shape[0] - 1,):  # the first row alone
        rows.append([VERTICAL] * len(titles))
    sums = [short(result.columns[j].sse, digits) for j in columns]
    return Lines(titles, rows, line("sum", sums, exact(result.sse)))


def gradient_title(result: Result) -> str:
    """What the gradient is, with its formula for this reduction, weights and mask."""
    masked = result.weighted or _masked(result)
    terms, divisor = ("2·M·W·(A − Y)", "Σ M·W") if masked else ("2·(A − Y)", "(N·C)")
    formulas: dict[Reduction, str] = {"mean": f"∂MSE/∂A = {terms} / {divisor}", "sum": f"∂SSE/∂A = {terms}"}
    return f"gradient {formulas[result.reduction]}"


def _masked(result: Result) -> bool:
    return result.cells_used < result.cells_total
