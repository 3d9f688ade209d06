"""A matrix of many rows as a table, row by row in a second pass: what a table looks like, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from mse_cli.core.blocks import row_sums
from mse_cli.core.result import Excerpt
from mse_cli.errors import UsageError
from mse_cli.render.number_text import short
from mse_cli.render.printing import Job
from mse_cli.render.screens.characters import shown_in
from mse_cli.render.screens.screen import Screen
from mse_cli.render.summary import Lines, lines_of, shown
from mse_cli.running.evaluation import MatrixName

LONGEST_AROUND_DIGITS = len("-.e-300")  # of a number beside its significant digits


def pieces(job: Job, name: MatrixName, excerpt: Excerpt, screen: Screen) -> Iterator[str]:
    """The table from its title to its lower border; columns are as wide as any number can be."""
    result, digits = job.evaluation.result, job.printout.digits
    matrix = shown(name, result, excerpt)
    ends = lines_of(matrix, result, excerpt, digits, len(result.columns))
    ends = ends._replace(titles=[shown_in(title, screen.encoding) for title in ends.titles])
    widths = _widths(ends, result.shape[0], digits)
    border = screen.table().box
    assert border is not None
    around, side = [width + 2 for width in widths], border.mid_left

    def line(texts: Iterable[str]) -> str:
        return f"{side} {f' {side} '.join(texts)} {side}\n"

    def words(texts: list[str]) -> str:
        return line(" " * (width - cell_len(text)) + text for text, width in zip(texts, widths, strict=True))

    yield shown_in(f"{matrix.title}\n", screen.encoding)
    yield f"{border.get_top(around)}\n" + words(ends.titles) + f"{border.get_row(around, 'head')}\n"
    for rows in _rows(job, name):
        yield "".join(line(map(str.rjust, row, widths)) for row in rows)
    if matrix.sums:
        yield f"{border.get_row(around, 'foot')}\n" + words(ends.sums)
    yield f"{border.get_bottom(around)}\n"


def _widths(ends: Lines, n_rows: int, digits: int) -> list[int]:
    """The width of each column: of its title, its sum, and the widest number."""
    number = digits + LONGEST_AROUND_DIGITS
    whole = [len(str(n_rows)), *[number] * (len(ends.titles) - 1)]
    below = ends.sums if len(ends.sums) == len(ends.titles) else [""] * len(ends.titles)
    texts = zip(ends.titles, below, whole, strict=True)
    return [max(cell_len(title), cell_len(total), width) for title, total, width in texts]


def _rows(job: Job, name: MatrixName) -> Iterator[list[list[str]]]:
    """The texts of the rows, a block at a time."""
    evaluation, digits = job.evaluation, job.printout.digits
    if evaluation.pair is None:
        raise UsageError("merged parts hold no matrices")
    of_block, row = evaluation.of_block(name), 0
    for block in evaluation.pair.blocks():
        sums = [[short(x, digits)] for x in row_sums(block)] if name == "se" else [[]] * block.shape[0]
        cells = of_block(block).tolist()
        yield [
            [str(row + k), *(short(x, digits) for x in line), *total]
            for k, (line, total) in enumerate(zip(cells, sums, strict=True), start=1)
        ]
        row += block.shape[0]
        if job.progress:
            job.progress(block.shape[0])
