"""JSON, schema version 1: valid for any parser, written piece by piece so that a large matrix is never held."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mse_cli.core.result import SCHEMA_VERSION, Limit, Result, Scalar, WorstCell
from mse_cli.render.number_text import json_number
from mse_cli.render.printing import Job, OnlyListed
from mse_cli.running.evaluation import MatrixName
from mse_cli.running.merging.partial import digest_of_result, to_plain

if TYPE_CHECKING:
    from mse_cli.core.blocks import Floats

Matrix: TypeAlias = "Iterable[Floats]"  # blocks of rows


def whole(job: Job) -> Iterator[str]:
    """The result with its matrices, unless only the scalars are asked for."""
    names: tuple[MatrixName, ...] = () if job.printout.summary else ("se", "gradient")
    matrices = [(name, job.evaluation.matrix(name, job.progress)) for name in names]
    it = job.evaluation
    return render_json(it.result, matrices, to_plain(it.tallies, it.origin))


def listed(job: Job, name: OnlyListed) -> list[str]:
    """The groups or the worst cells alone."""
    result = job.evaluation.result
    return [(_groups(result) if name == "groups" else _list(map(_worst, result.worst or ()))) + "\n"]


def scalar(key: str, value: float) -> str:
    """A number alone."""
    return json_number(value) + "\n"


def matrix(job: Job, name: MatrixName) -> Iterator[str]:
    """A matrix alone."""
    yield from matrix_text(job.evaluation.matrix(name, job.progress))
    yield "\n"


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
    if result.by:
        fields.append(("groups", _groups(result)))
    if result.worst is not None:
        fields.append(("worst", _list(map(_worst, result.worst))))
    if result.gate:
        passed = all(limit.passed for limit in result.gate)
        fields.append(("gate", _object(passed=json.dumps(passed), limits=_list(map(_limit, result.gate)))))
    fields.append(("notes", json.dumps(result.notes)))
    if partial is not None:
        fields.append(("partial", json.dumps(partial, allow_nan=False)))
    text = "{" + ",\n ".join(f"{json.dumps(name)}: {value}" for name, value in fields)
    yield text if partial is None else f'{text[:-1]}, "digest": "{digest_of_result(text + "}")}"}}'
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


def _scalars(result: Result) -> Iterator[tuple[str, str]]:
    yield "schema_version", str(SCHEMA_VERSION)
    yield "shape", str(list(result.shape))
    yield "cells_used", str(result.cells_used)
    yield "cells_total", str(result.cells_total)
    yield "divisor", json_number(result.divisor)
    yield "reduction", json.dumps(result.reduction)
    yield "loss", json_number(result.loss)
    yield from _numbers(result.scalars())
    yield "columns", _list(_object(name=json.dumps(c.name), **dict(_numbers(c.scalars()))) for c in result.columns)


def _numbers(scalars: Iterable[Scalar]) -> Iterator[tuple[str, str]]:
    return ((scalar.key, json_number(scalar.value)) for scalar in scalars)


def _worst(cell: WorstCell) -> str:
    return _object(
        row=str(cell.row),
        **({} if cell.key is None else {"key": json.dumps(cell.key)}),
        column=json.dumps(cell.name if cell.name is not None else cell.column),
        prediction=json_number(cell.prediction),
        target=json_number(cell.target),
        error=json_number(cell.error),
        share=json_number(cell.share),
    )


def _groups(result: Result) -> str:
    """The groups in the order of their texts; what is missing is null."""
    return _list(
        _object(
            group=json.dumps({name: text or None for name, text in zip(result.by, group.texts, strict=True)}),
            rows=str(group.rows),
            cells_used=str(group.cells_used),
            **{name: json_number(getattr(group, name)) for name in ("sse", "mse", "rmse", "share")},
        )
        for group in result.groups
    )


def _limit(limit: Limit) -> str:
    return _object(
        of=json.dumps(limit.of),
        limit=json_number(limit.limit),
        value=json_number(limit.value),
        passed=json.dumps(limit.passed),
    )


def _object(**fields: str) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"
