"""JSON, schema version 1: valid for any parser, written piece by piece so that a large matrix is never held."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from mse_cli.core.result import SCHEMA_VERSION, Result, WorstCell
from mse_cli.render.numbers import json_number

if TYPE_CHECKING:
    from mse_cli.core.blocks import Floats

Matrix: TypeAlias = "Iterable[Floats]"  # blocks of rows


def render_json(
    result: Result, matrices: Iterable[tuple[str, Matrix]] = (), partial: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """The result, what ``mse merge`` needs of it, then the matrices block by block; NaN and ±inf are null.

    >>> from mse_cli.core.blocks import Block
    >>> from mse_cli.core.tallies.sums import Sums
    >>> import json, numpy as np
    >>> sums = Sums(1)
    >>> sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    >>> json.loads("".join(render_json(sums.finish())))["columns"]
    [{'name': None, 'sse': 4.0, 'mse': 4.0}]
    """
    fields = list(_scalars(result))
    if result.worst is not None:
        fields.append(("worst", _list(map(_worst, result.worst))))
    if partial is not None:
        fields.append(("partial", json.dumps(partial, allow_nan=False)))
    yield "{" + ",\n ".join(f"{json.dumps(name)}: {value}" for name, value in fields)
    for name, blocks in matrices:
        yield f",\n {json.dumps(name)}: "
        yield from matrix_text(blocks)
    yield "}\n"


def matrix_text(blocks: Matrix) -> Iterator[str]:
    """A matrix as a list of rows, a row a line."""
    import numpy as np  # not needed where there is no matrix

    separator = "["
    for block in blocks:
        if not len(block):
            continue
        with np.errstate(all="ignore"):
            finite = math.isfinite(np.add.reduce(block, axis=None))
        rows = block.tolist()
        # Python prints a list of finite floats as JSON has it, in a third of the time.
        text = repr(rows)[1:-1].replace("], [", "],\n  [") if finite else ",\n  ".join(map(_row, rows))
        yield separator + text
        separator = ",\n  "
    yield "]"


def _row(row: list[float]) -> str:
    return "[" + ", ".join(map(json_number, row)) + "]"


def _scalars(result: Result) -> Iterator[tuple[str, str]]:
    yield "schema_version", str(SCHEMA_VERSION)
    yield "shape", str(list(result.shape))
    yield "cells_used", str(result.cells_used)
    yield "cells_total", str(result.cells_total)
    yield "divisor", json_number(result.divisor)
    yield "reduction", json.dumps(result.reduction)
    for name in ("loss", "sse", "mse", "rmse"):
        yield name, json_number(getattr(result, name))
    columns = (_object(name=json.dumps(c.name), sse=json_number(c.sse), mse=json_number(c.mse)) for c in result.columns)
    yield "columns", _list(columns)


def _worst(cell: WorstCell) -> str:
    return _object(
        row=str(cell.row),
        column=json.dumps(cell.name if cell.name is not None else cell.column),
        prediction=json_number(cell.prediction),
        target=json_number(cell.target),
        error=json_number(cell.error),
        share=json_number(cell.share),
    )


def _object(**fields: str) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"
