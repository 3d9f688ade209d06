"""CSV and TSV: the scalars as a header and one row, a matrix as its rows; floats as the shortest exact text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mse_cli.render.numbers import exact
from mse_cli.result import Result

if TYPE_CHECKING:
    from mse_cli.engine import Floats


def render_scalars(result: Result, delimiter: str) -> str:
    """The scalars of a result as a header and one row.

    >>> from mse_cli.engine import Block, Sums
    >>> import numpy as np
    >>> sums = Sums(1)
    >>> sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    >>> print(render_scalars(sums.finish(), ","), end="")
    rows,columns,cells_used,cells_total,divisor,reduction,loss,sse,mse,rmse
    1,1,1,1,1,mean,4,4,4,2
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
    return render_rows([list(fields), list(fields.values())], delimiter)


def render_matrix(blocks: Iterable[Floats], names: Sequence[str] | None, delimiter: str) -> Iterator[str]:
    """A matrix as rows, below its names if it has any, block by block."""
    if names:
        yield render_rows([names], delimiter)
    for block in blocks:
        yield "".join(delimiter.join(map(exact, row)) + "\n" for row in block.tolist())


def render_rows(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    """Texts as rows, in quotes where they must be."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()
