"""CSV and TSV: the scalars as a header and one row, a matrix as its rows; floats as the shortest exact text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mse_cli.core.result import Result, WorstCell
from mse_cli.render.numbers import exact

if TYPE_CHECKING:
    from mse_cli.core.blocks import Floats


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
        **{name: exact(getattr(result, name)) for name in ("loss", "sse", "mse", "rmse")},
    }
    for i, cell in enumerate(result.worst or (), 1):
        fields |= {f"worst.{i}.{name}": text for name, text in _worst(cell).items()}
    return render_rows([list(fields), list(fields.values())], delimiter)


def _worst(cell: WorstCell) -> dict[str, str]:
    numbers = {name: exact(getattr(cell, name)) for name in ("prediction", "target", "error", "share")}
    return {"row": str(cell.row), "column": str(cell.column) if cell.name is None else cell.name, **numbers}


def matrix_rows(block: Floats, delimiter: str) -> str:
    """Some rows of a matrix."""
    text = "".join(delimiter.join(map(repr, row)) + "\n" for row in block.tolist())
    return text.replace(".0" + delimiter, delimiter).replace(".0\n", "\n")  # as ``exact`` has it, faster


def render_rows(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    """Texts as rows, in quotes where they must be."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()
