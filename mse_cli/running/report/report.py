"""A report: the result, and pictures of the columns that matter most, made of bins in a second pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mse_cli.core.result import Result
from mse_cli.core.tallies.differences import EachModel
from mse_cli.core.tallies.pictures.bins import Bins, Counts, Plan
from mse_cli.core.tallies.pictures.sample import Sample
from mse_cli.errors import UsageError, listed, printable, quote
from mse_cli.running.backend import Backend
from mse_cli.running.comparison.comparing import compare_models
from mse_cli.running.comparison.standings import Comparison
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.report.axes import axis_of
from mse_cli.running.tallying import Progress

SAMPLED_ROWS, SAMPLED_CELLS = 4096, 1 << 20  # from which the axes are found, at most


class Detail(NamedTuple):
    """How fine pictures are: the most bins of errors, and of values."""

    errors: int
    values: int


class Wanted(NamedTuple):
    """What is pictured.

    Attributes:
        detail: How many bins there are at most.
        columns: How many columns, those with the largest shares of SSE.
        models: How many models, the best first; all but the best by one column alone.
        column: The one that is pictured instead, by its name or its number from 1.
        worst: How many of the worst cells are listed.
    """

    detail: Detail
    columns: int = 1
    models: int = 1
    column: str | None = None
    worst: int = 5


class Picture(NamedTuple):
    """The counts of a column, and which of the models, best first, they are of."""

    counts: Counts
    model: int = 0


@dataclass(frozen=True)
class Report:
    """What is shown.

    Attributes:
        result: The loss and the worst cells; of the best model if there are several.
        pictures: The column with the largest share of SSE first; then those of the other models, on the same axes.
        files: What the user calls the two sides.
        command: How it was asked for, without what is secret.
        comparison: The models, if there are several.
    """

    result: Result
    pictures: tuple[Picture, ...]
    files: tuple[str, ...]
    command: str = ""
    comparison: Comparison | None = None

    def results(self) -> list[Result]:
        """That of each model, the best first."""
        return [standing.result for standing in self.comparison.models] if self.comparison else [self.result]

    def ranked(self) -> list[int]:
        """The columns (from 0) by their share of SSE, the largest first."""
        return ranked(self.result)


def report_of(
    backend: Backend, wanted: Wanted, *, files: tuple[str, ...] = (), progress: Progress | None = None
) -> Report:
    """Read the pair twice: for its sums and the range of its numbers, then for what lies where.

    Args:
        backend: Where the pair is read.
        wanted: What is pictured.
        files: What the user calls the two sides; of several models each one, then the target.
        progress: Told how many more rows are done.
    """
    n_columns, n_models = backend.pair.n_columns, 1 + len(backend.pair.others)
    chosen = [] if wanted.column is None else [column_of(wanted.column, backend.pair.names or [None] * n_columns)]
    most = max(1, min(SAMPLED_ROWS, SAMPLED_CELLS // (n_columns * n_models)))
    samples, comparison, order = EachModel([Sample(most, n_columns) for _ in range(n_models)]), None, [0]
    if n_models == 1:
        result = evaluate_pair(backend, worst=wanted.worst, stats=True, also=(samples,), progress=progress).result
    else:
        comparison = compare_models(
            backend, files[:-1], worst=wanted.worst, stats=True, also=(samples,), progress=progress
        )
        order = [files.index(standing.model) for standing in comparison.models]
        result = replace(comparison.models[0].result, notes=comparison.notes, key=backend.pair.key)
        files = files[order[0]], files[-1]
    shown = order[: wanted.models]
    columns = chosen or ranked(result)[: wanted.columns]
    plans = _plans([samples.tallies[i] for i in shown], columns, wanted.detail)
    bins = EachModel([Bins(plans[shown.index(i)] if i in shown else []) for i in range(n_models)])
    backend.run(bins, progress=progress)
    pictures = tuple(Picture(counts, rank) for rank, i in enumerate(shown) for counts in bins.tallies[i].counts)
    return Report(result, pictures, files, comparison=comparison)


def _plans(samples: Sequence[Sample], columns: Sequence[int], detail: Detail) -> list[list[Plan]]:
    """What is counted of each model that is pictured: of all of them the first column, on axes for all."""
    first = _plan(columns[0], samples, detail)
    best = [first, *(_plan(j, samples[:1], detail) for j in columns[1:])]
    return [best, *([first] for _ in samples[1:])]


def _plan(column: int, samples: Sequence[Sample], detail: Detail) -> Plan:
    predictions, targets, errors = np.concatenate([sample.column(column) for sample in samples], axis=1)
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
