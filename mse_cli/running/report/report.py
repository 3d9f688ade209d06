"""A report: the result, and pictures of the columns that matter most, made of bins in a second pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mse_cli.core.result import Result
from mse_cli.core.tallies.pictures.bins import Bins, Counts, Plan
from mse_cli.core.tallies.pictures.sample import Sample
from mse_cli.errors import UsageError, listed, printable, quote
from mse_cli.running.backend import Backend
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.report.axes import axis_of
from mse_cli.running.tallying import Progress

SAMPLED_ROWS, SAMPLED_CELLS = 4096, 1 << 20  # from which the axes are found, at most


class Detail(NamedTuple):
    """How fine pictures are: the most bins of errors, and of values."""

    errors: int
    values: int


@dataclass(frozen=True)
class Report:
    """What is shown.

    Attributes:
        result: The loss and the worst cells.
        pictures: The counts of the columns that are pictured, the one with the largest share of SSE first.
        files: What the user calls the two sides.
        command: How it was asked for, without what is secret.
    """

    result: Result
    pictures: tuple[Counts, ...]
    files: tuple[str, ...]
    command: str = ""

    def ranked(self) -> list[int]:
        """The columns (from 0) by their share of SSE, the largest first."""
        return ranked(self.result)


def report_of(
    backend: Backend,
    *,
    files: tuple[str, ...] = (),
    detail: Detail,
    most_columns: int = 1,
    column: str | None = None,
    worst: int = 5,
    progress: Progress | None = None,
) -> Report:
    """Read the pair twice: for its sums and the range of its numbers, then for what lies where.

    Args:
        backend: Where the pair is read.
        files: What the user calls the two sides.
        detail: How many bins there are at most.
        most_columns: How many columns are pictured, those with the largest shares of SSE.
        column: The one that is pictured instead, by its name or its number from 1.
        worst: How many of the worst cells are listed.
        progress: Told how many more rows are done.
    """
    n_columns = backend.pair.n_columns
    sample = Sample(max(1, min(SAMPLED_ROWS, SAMPLED_CELLS // n_columns)), n_columns)
    result = evaluate_pair(backend, worst=worst, also=(sample,), progress=progress).result
    chosen = ranked(result)[:most_columns] if column is None else [column_of(column, result.names)]
    bins = Bins([_plan(j, sample, detail) for j in chosen])
    backend.run(bins, progress=progress)
    return Report(result, tuple(bins.counts), files)


def _plan(column: int, sample: Sample, detail: Detail) -> Plan:
    predictions, targets, errors = sample.column(column)
    values = np.concatenate([predictions, targets])
    return Plan(column, axis_of(errors, detail.errors), axis_of(values, detail.values))


def ranked(result: Result) -> list[int]:
    """The columns (from 0) by their part of SSE, the largest first; NaN is larger than any number."""
    sizes = [math.inf if math.isnan(column.sse) else column.sse for column in result.columns]
    return sorted(range(len(sizes)), key=lambda j: (-sizes[j], j))


def share_of(result: Result, column: int) -> float:
    """A column's part of SSE, from 0 to 1; NaN where there is no telling."""
    part = result.columns[column].sse
    if result.sse == 0:
        return 0.0
    return part / result.sse if math.isfinite(part) and math.isfinite(result.sse) else math.nan


def column_of(text: str, names: Sequence[str | None]) -> int:
    """The column (from 0) that a name or a number from 1 means; a name wins.

    Raises:
        UsageError: if there is none.

    >>> column_of("b", ["a", "b"]), column_of("1", ["a", "b"])
    (1, 0)
    """
    if text in names:
        return list(names).index(text)
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= len(names):
        return int(text) - 1
    known = [printable(name) for name in names if name is not None]
    hint = f"there are {listed(known)}" if known else f"they are 1 to {len(names)}"
    raise UsageError(f"--column {quote(text)}: there is no such column", hint=hint)
