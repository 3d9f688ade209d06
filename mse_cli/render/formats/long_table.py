"""A matrix of many rows as a table, row by row in a second pass: what a table looks like, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from rich.cells import cell_len

from mse_cli.core.blocks import Floats
from mse_cli.core.result import Excerpt
from mse_cli.core.tallies.column_sums import row_sums
from mse_cli.errors import printable
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
        return line(map(_right, texts, widths))

    yield shown_in(f"{matrix.title}\n", screen.encoding)
    yield f"{border.get_top(around)}\n" + words(ends.titles) + f"{border.get_row(around, 'head')}\n"
    template = line(["%s", *(f"%{width}s" for width in widths[1:])])
    for rows in rows_of(job, name, lambda text: _right(shown_in(text, screen.encoding), widths[0])):
        yield "".join(map(template.__mod__, rows))
    if matrix.sums:
        yield f"{border.get_row(around, 'foot')}\n" + words(ends.sums)
    yield f"{border.get_bottom(around)}\n"


def _widths(ends: Lines, n_rows: int, digits: int) -> list[int]:
    """The width of each column: of its title, its sum, and the widest number."""
    number = digits + LONGEST_AROUND_DIGITS
    named = max([len(str(n_rows)), *(cell_len(row[0]) for row in ends.rows)])
    whole = [named, *[number] * (len(ends.titles) - 1)]
    below = ends.sums if len(ends.sums) == len(ends.titles) else [""] * len(ends.titles)
    texts = zip(ends.titles, below, whole, strict=True)
    return [max(cell_len(title), cell_len(total), width) for title, total, width in texts]


def _right(text: str, width: int) -> str:
    return text.rjust(width) if text.isascii() else " " * (width - cell_len(text)) + text


def _texts(numbers: Floats, digits: int) -> list[str]:
    """Every number as ``short`` writes it; all at once, since a table may have millions."""
    text = f"%.{digits}g " * numbers.size % tuple(numbers.reshape(-1).tolist())
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").split()


def rows_of(job: Job, name: MatrixName, called: Callable[[str], str]) -> Iterator[Iterable[tuple[str, ...]]]:
    """The rows of each block: what each is called, its numbers and, beside SE, their sum."""
    of_block, row = job.evaluation.of_block(name), 0
    for block in job.evaluation.blocks(job.progress):
        cells = of_block(block)
        numbered = map(str, range(row + 1, row + 1 + block.shape[0]))
        names = numbered if block.keys is None else map(printable, block.keys)
        cells = np.column_stack([cells, row_sums(block)]) if name == "se" else cells
        texts = iter(_texts(cells, job.printout.digits))
        yield zip(map(called, names), *[texts] * cells.shape[1], strict=True)
        row += block.shape[0]
