"""The tables of ``mse compute`` for people: a summary, SE with its sums, the gradient."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from mse_cli.core.blocks import Floats
from mse_cli.core.result import Excerpt, Reduction, Result
from mse_cli.errors import printable
from mse_cli.render.number_text import exact, middle_left_out, short
from mse_cli.render.printing import EVERYTHING, Job, Printout
from mse_cli.render.screens.screen import Screen
from mse_cli.running.evaluation import MatrixName

ELLIPSIS, VERTICAL = "…", "⋮"
NARROWEST_COLUMN = 4  # characters: one digit, its padding and a border


def whole(job: Job) -> list[str]:
    """The summary and, if rows were kept, the matrices."""
    screen = _screen(job.printout)
    return [render_table(job.evaluation.result, job.files, job.evaluation.excerpt(), job.printout, screen)]


def matrix(job: Job, name: MatrixName) -> list[str]:
    """A matrix alone, as much of it as is shown."""
    excerpt, screen = job.evaluation.excerpt(), _screen(job.printout)
    assert excerpt is not None
    draw = se_table if name == "se" else gradient_table
    return [screen.draw(draw(job.evaluation.result, excerpt, job.printout, screen))]


def _screen(printout: Printout) -> Screen:
    stream = sys.stdout if printout.to_standard_output else None
    return Screen(stream, printout.color, fitted=printout.most_columns != EVERYTHING)


def columns_shown(result: Result, printout: Printout) -> int:
    """How many columns at most."""
    return min(printout.most_columns, len(result.columns))


def render_table(
    result: Result, files: Sequence[str], excerpt: Excerpt | None, printout: Printout, screen: Screen
) -> str:
    """The whole default output: the summary and, if there is an excerpt, the matrices."""
    tables: list[RenderableType] = [summary_table(result, files, printout, screen)]
    if result.worst is not None:
        tables.append(worst_table(result, screen))
    if excerpt is not None:
        tables.append(se_table(result, excerpt, printout, screen))
        tables.append(gradient_table(result, excerpt, printout, screen))
    return screen.draw(*tables)


def summary_table(result: Result, files: Sequence[str], printout: Printout, screen: Screen) -> Table:
    """The scalars of a result, in full precision."""
    table = screen.table(header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, style in summary_rows(result, files, printout):
        table.add_row(screen.text(name), screen.text(value, style))
    return table


def summary_rows(result: Result, files: Sequence[str], printout: Printout) -> list[tuple[str, str, str]]:
    """Name, text and style of each scalar."""
    n_rows, n_columns = result.shape
    divided_by = "Σ of the weights" if result.weighted else "N·C"
    if not result.weighted and result.cells_used < result.cells_total:
        divided_by = "the cells used"
    sides = ("prediction", "target") if len(files) == 2 else ("table",) * len(files)
    rows = [(side, printable(file), "") for side, file in zip(sides, files, strict=True)]
    rows += [
        ("N × C", f"{n_rows} × {n_columns}", ""),
        ("cells used", f"{result.cells_used} of {result.cells_total}", ""),
        ("divided by", f"{exact(result.divisor)} ({divided_by})", ""),
        *((scalar.label, exact(scalar.value), "bold") for scalar in result.scalars()),
    ]
    if result.reduction != "mean":
        rows.append((f"loss ({result.reduction})", exact(result.loss), "bold"))
    if n_columns > 1:
        shown, before = middle_left_out(n_columns, columns_shown(result, printout))
        per_column = [_of_column(result, j) for j in shown]
        if len(shown) < n_columns:
            per_column.insert(before, [(VERTICAL, VERTICAL, "")])
        rows += itertools.chain.from_iterable(per_column)
    return rows


def _of_column(result: Result, column: int) -> list[tuple[str, str, str]]:
    scalars = (scalar for scalar in result.columns[column].scalars() if scalar.label)
    return [(f"{scalar.label} of {heading(result, column)}", exact(scalar.value), "") for scalar in scalars]


def heading(result: Result, column: int) -> str:
    """A column's name, or its number.

    Names come from files, so what could control a terminal is escaped.
    """
    name = result.columns[column].name
    return printable(name) if name else str(column + 1)


def worst_table(result: Result, screen: Screen) -> Group:
    """The cells with the largest share of SSE, in full precision."""
    table = screen.table()
    titles, rows = worst_rows(result)
    for title in titles:
        table.add_column(title, justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(screen.text(text) for text in row))
    return _titled("worst cells", table, screen)


def worst_rows(result: Result) -> tuple[list[str], list[list[str]]]:
    """The titles and the texts of the worst cells."""
    rows = []
    for cell in result.worst or ():
        column = printable(cell.name) if cell.name else str(cell.column)
        numbers = [exact(x) for x in (cell.prediction, cell.target, cell.error)]
        rows.append([str(cell.row), column, *numbers, f"{100 * cell.share:.4g} %"])
    return ["row", "column", "prediction", "target", "error", "share of SSE"], rows


def se_table(result: Result, excerpt: Excerpt, printout: Printout, screen: Screen) -> Group:
    """SE with the sums of its rows and columns and, in the corner, SSE."""
    return _fitted(result, excerpt, excerpt.squared_error, printout, screen, title=se_title(result), sums=True)


def se_title(result: Result) -> str:
    """What the matrix SE is."""
    return "SE = (A − Y)²" + (", sums weighted" if result.weighted else "")


def gradient_table(result: Result, excerpt: Excerpt, printout: Printout, screen: Screen) -> Group:
    """The gradient of the loss by each cell of the prediction."""
    return _fitted(result, excerpt, excerpt.gradient, printout, screen, title=gradient_title(result), sums=False)


def gradient_title(result: Result) -> str:
    """What the gradient is, with its formula for this reduction, weights and mask."""
    masked = result.weighted or result.cells_used < result.cells_total
    terms, divisor = ("2·M·W·(A − Y)", "Σ M·W") if masked else ("2·(A − Y)", "(N·C)")
    formulas: dict[Reduction, str] = {"mean": f"∂MSE/∂A = {terms} / {divisor}", "sum": f"∂SSE/∂A = {terms}"}
    return f"gradient {formulas[result.reduction]}"


def _fitted(
    result: Result,
    excerpt: Excerpt,
    cells: Floats,
    printout: Printout,
    screen: Screen,
    *,
    title: str,
    sums: bool,
) -> Group:
    """The matrix with as many columns as were asked for, or as the screen is wide: no digit is cut."""
    possible = 1 + screen.console.width // NARROWEST_COLUMN
    for most in range(min(columns_shown(result, printout), possible), 0, -1):
        table = screen.table(footer=sums)
        shown, before = middle_left_out(len(result.columns), most)
        gap = before if len(shown) < len(result.columns) else None
        _add_columns(table, result, shown, gap, printout, screen, sums=sums)
        _add_rows(table, excerpt, cells[:, shown], gap, printout, screen, sums=sums)
        if screen.fits(table):
            break
    return _titled(title, table, screen)


def _titled(title: str, table: Table, screen: Screen) -> Group:
    return Group(screen.text(f"\n{title}", "bold"), table)  # a title of the table's own would wrap at its width


def _add_columns(
    table: Table,
    result: Result,
    shown: list[int],
    gap: int | None,
    printout: Printout,
    screen: Screen,
    *,
    sums: bool,
) -> None:
    columns = [(heading(result, j), short(result.columns[j].sse, printout.digits)) for j in shown]
    if gap is not None:
        columns.insert(gap, (ELLIPSIS, ELLIPSIS))
    table.add_column("row", footer="sum", justify="right", style="dim")
    for name, total in columns:
        table.add_column(screen.text(name), footer=screen.text(total), justify="right", overflow="fold")
    if sums:
        sse = screen.text(exact(result.sse), "bold")
        table.add_column("sum", footer=sse, justify="right", style="cyan", overflow="fold")


def _add_rows(
    table: Table, excerpt: Excerpt, cells: Floats, gap: int | None, printout: Printout, screen: Screen, *, sums: bool
) -> None:
    for i, row in enumerate(excerpt.rows):
        if i and row != excerpt.rows[i - 1] + 1:
            table.add_row(*[screen.text(VERTICAL)] * len(table.columns))
        texts = [short(cell, printout.digits) for cell in cells[i].tolist()]
        if gap is not None:
            texts.insert(gap, ELLIPSIS)
        if sums:
            texts.append(short(excerpt.row_sums[i], printout.digits))
        table.add_row(str(row + 1), *(screen.text(text) for text in texts))
