"""CSV and TSV: the scalars as a header and one row, a matrix as its rows; floats as the shortest exact text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mse_cli.core.result import Result, WorstCell
from mse_cli.render.number_text import exact
from mse_cli.render.printing import Job, OnlyListed
from mse_cli.running.evaluation import MatrixName
from mse_cli.running.second_pass import matrix_as

if TYPE_CHECKING:
    from mse_cli.core.blocks import Floats

DELIMITERS = {"csv": ",", "tsv": "\t"}


def whole(job: Job) -> list[str]:
    """The scalars."""
    return [render_scalars(job.evaluation.result, DELIMITERS[job.printout.format])]


def listed(job: Job, name: OnlyListed) -> list[str]:
    """The groups or the worst cells, a row each."""
    result = job.evaluation.result
    if name == "worst":
        key = () if result.key is None else ("key",)
        titles = ["row", *key, "column", "prediction", "target", "error", "share"]
        cells = [list(_worst(cell).values()) for cell in result.worst or ()]
        return [render_rows([titles, *cells], DELIMITERS[job.printout.format])]
    titles = [*result.by, "rows", "cells_used", "sse", "mse", "rmse", "share"]
    rows = ([*group.texts, *map(exact, group[1:])] for group in result.groups)
    return [render_rows([titles, *rows], DELIMITERS[job.printout.format])]


def scalar(key: str, value: float) -> str:
    """A number alone, below its name."""
    return f"{key}\n{exact(value)}\n"


def matrix(job: Job, name: MatrixName) -> Iterator[str]:
    """A matrix as rows, below the columns' names if it has any; the key first if rows are matched by one."""
    delimiter, key = DELIMITERS[job.printout.format], job.evaluation.result.key
    if job.evaluation.names:
        yield render_rows([[*([] if key is None else [key]), *job.evaluation.names]], delimiter)
    if key is not None:
        of_block = job.evaluation.of_block(name)
        for block in job.evaluation.blocks(job.progress):
            rows = zip(block.keys or (), of_block(block).tolist(), strict=True)
            yield render_rows(([row_key, *map(exact, row)] for row_key, row in rows), delimiter)
        return
    there = job.backend if job.backend is not None and job.backend.makes_text else None
    yield from matrix_as(partial(matrix_rows, delimiter=delimiter), name, job.evaluation, there, job.progress)


def render_scalars(result: Result, delimiter: str) -> str:
    """The scalars of a result as a header and one row.

    >>> from mse_cli.core.blocks import Block
    >>> from mse_cli.core.tallies.sums import Sums
    >>> import numpy as np
    >>> sums = Sums(1)
    >>> sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    >>> print(render_scalars(sums.finish(), ","), end="")
    rows,columns,cells_used,cells_total,divisor,reduction,loss,sse,mse,rmse
    1,1,1,1,1,mean,4,4,4,2

    The worst cells, if they were asked for, follow in the same row as ``worst.1.row``, ``worst.1.column`` ….
    """
    fields = {
        "rows": str(result.shape[0]),
        "columns": str(result.shape[1]),
        "cells_used": str(result.cells_used),
        "cells_total": str(result.cells_total),
        "divisor": exact(result.divisor),
        "reduction": result.reduction,
        "loss": exact(result.loss),
        **{scalar.key: exact(scalar.value) for scalar in result.scalars()},
    }
    for i, cell in enumerate(result.worst or (), 1):
        fields |= {f"worst.{i}.{name}": text for name, text in _worst(cell).items()}
    return render_rows([list(fields), list(fields.values())], delimiter)


def _worst(cell: WorstCell) -> dict[str, str]:
    numbers = {name: exact(getattr(cell, name)) for name in ("prediction", "target", "error", "share")}
    key = {} if cell.key is None else {"key": cell.key}
    return {"row": str(cell.row), **key, "column": cell.name or str(cell.column), **numbers}


def matrix_rows(block: Floats, delimiter: str) -> str:
    """Some rows of a matrix."""
    text = "".join(delimiter.join(map(repr, row)) + "\n" for row in block.tolist())
    return text.replace(".0" + delimiter, delimiter).replace(".0\n", "\n")  # as ``exact`` has it, faster


def render_rows(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    """Texts as rows, in quotes where they must be."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()
