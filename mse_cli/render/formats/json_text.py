"""JSON, schema version 1: valid for any parser, written piece by piece so that a large matrix is never held."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mse_cli.core.result import SCHEMA_VERSION, Column, Limit, Result, Scalar, WorstCell
from mse_cli.render.number_text import json_number, json_value
from mse_cli.render.printing import Job, OnlyListed
from mse_cli.running.evaluation import MatrixName
from mse_cli.running.merging.origin import NOWHERE
from mse_cli.running.merging.partial import to_plain
from mse_cli.running.merging.pieces import in_runs, pieces, with_digest

if TYPE_CHECKING:
    from mse_cli.core.blocks import Floats

Matrix: TypeAlias = "Iterable[Floats]"  # blocks of rows
Plain = dict[str, Any]


def whole(job: Job) -> Iterator[str]:
    """The result with its matrices, unless only the scalars are asked for."""
    names: tuple[MatrixName, ...] = () if job.printout.summary else ("se", "gradient")
    matrices = [(name, job.evaluation.matrix(name, job.progress)) for name in names]
    it = job.evaluation
    return render_json(it.result, matrices, to_plain(it.tallies, it.origin or NOWHERE))


def listed(job: Job, name: OnlyListed) -> list[str]:
    """The groups or the worst cells alone."""
    result = job.evaluation.result
    return [json.dumps(plain_groups(result) if name == "groups" else _plain_worst(result.worst or ())) + "\n"]


def scalar(key: str, value: float) -> str:
    """A number alone."""
    return json_number(value) + "\n"


def matrix(job: Job, name: MatrixName) -> Iterator[str]:
    """A matrix alone."""
    yield from matrix_text(job.evaluation.matrix(name, job.progress))
    yield "\n"


def render_json(
    result: Result, matrices: Iterable[tuple[str, Matrix]] = (), partial: Plain | None = None
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
    fields = _fields(result)
    if partial is not None:
        fields = with_digest(fields | {"partial": partial})
    before = "{"
    for name, value in fields.items():
        yield f"{before}{json.dumps(name)}: "
        before = ",\n "
        yield from pieces(value)
    for name, blocks in matrices:
        yield f",\n {json.dumps(name)}: "
        yield from matrix_text(blocks)
    yield "}\n"


def matrix_text(blocks: Matrix) -> Iterator[str]:
    """A matrix as a list of rows, a row a line."""
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


def _fields(result: Result) -> Plain:
    fields: Plain = {
        "schema_version": SCHEMA_VERSION,
        "shape": list(result.shape),
        "cells_used": result.cells_used,
        "cells_total": result.cells_total,
        "divisor": json_value(result.divisor),
        "reduction": result.reduction,
        "loss": json_value(result.loss),
        **plain_scalars(result.scalars()),
        "columns": in_runs(len(result.columns), lambda some: _plain_columns(result.columns[some])),
    }
    if result.by:
        fields["groups"] = plain_groups(result)
    if (worst := result.worst) is not None:
        fields["worst"] = in_runs(len(worst), lambda some: _plain_worst(worst[some]))
    if result.gate:
        fields["gate"] = plain_gate(result.gate)
    return fields | {"notes": [*result.notes, *result.warnings]}


def plain_scalars(scalars: Iterable[Scalar]) -> Plain:
    """Scalars by their keys."""
    return {scalar.key: json_value(scalar.value) for scalar in scalars}


def plain_columns(result: Result) -> list[Plain]:
    """The columns' names and scalars."""
    return _plain_columns(result.columns)


def _plain_columns(columns: Iterable[Column]) -> list[Plain]:
    return [{"name": column.name, **plain_scalars(column.scalars())} for column in columns]


def plain_groups(result: Result) -> list[Plain]:
    """The groups in the order of their texts; what is missing is null."""
    return [
        {
            "group": {name: text or None for name, text in zip(result.by, group.texts, strict=True)},
            "rows": group.rows,
            "cells_used": group.cells_used,
            **{name: json_value(getattr(group, name)) for name in ("sse", "mse", "rmse", "share")},
        }
        for group in result.groups
    ]


def plain_gate(gate: Sequence[Limit]) -> Plain:
    """Limits, and whether all hold."""
    limits = [
        {"of": it.of, "limit": json_value(it.limit), "value": json_value(it.value), "passed": it.passed} for it in gate
    ]
    return {"passed": all(limit.passed for limit in gate), "limits": limits}


def _plain_worst(worst: Iterable[WorstCell]) -> list[Plain]:
    return [
        {
            "row": cell.row,
            **({} if cell.key is None else {"key": cell.key}),
            "column": cell.column if cell.name is None else cell.name,
            **{name: json_value(getattr(cell, name)) for name in ("prediction", "target", "error", "share")},
        }
        for cell in worst
    ]
