"""The main job of ``mse compare`` as a function: several models in one pass, ``Comparison`` out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from mse_cli.core.result import Limit, Reduction
from mse_cli.core.tallies.differences import EachModel, PairedDifferences, Pairs
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import ParseError, counted
from mse_cli.readers.keys import rows_left_out
from mse_cli.running.backend import Backend
from mse_cli.running.comparison.models import short_names
from mse_cli.running.comparison.standings import Comparison, standings
from mse_cli.running.evaluation import tallies_for
from mse_cli.running.merging.baseline import larger
from mse_cli.running.tallying import Progress, Tally


def compare_models(
    backend: Backend,
    names: Sequence[str],
    *,
    reduction: Reduction = "mean",
    baseline: int | None = None,
    worst: int | None = None,
    stats: bool = False,
    also: Sequence[Tally] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Run the blocks of a pair that holds several models, and rank them; ``also`` feed other tallies.

    Raises:
        ParseError: if no cell is left to compute from, or all weights are 0.
    """
    pair = backend.pair
    models = EachModel([tallies_for(pair, worst=worst, stats=stats) for _ in names])
    differences = PairedDifferences(pairs_of(len(names), baseline))
    backend.run(models, differences, *also, progress=progress)
    first = models.tallies[0].sums
    if not first.cells_used.any():
        hint = "mse compute MODEL TRUTH says in which file they are missing"
        raise ParseError("no cell is there in the target and in every model: there is nothing to compare", hint=hint)
    both = list(zip(names, short_names(names), strict=True))
    found = standings(models.tallies, differences, both, pair.names, reduction=reduction, baseline=baseline)
    return replace(found, notes=(*pair.notes, *rows_left_out(pair), *_cells_left_out(first)))


def pairs_of(n_models: int, baseline: int | None) -> Pairs:
    """The pairs whose differences are needed: which model is the best is known at the end only.

    >>> pairs_of(3, None), pairs_of(3, 1)
    (((0, 1), (0, 2), (1, 2)), ((0, 1), (2, 1)))
    """
    if baseline is None:
        return tuple(combinations(range(n_models), 2))
    return tuple((model, baseline) for model in range(n_models) if model != baseline)


def gated(found: Comparison, names: Sequence[str], max_increase: str) -> Comparison:
    """The same with the first other model's loss held against the baseline's and an increase."""
    first = next(name for name in names if name != found.reference.model)
    loss = next(standing.result.loss for standing in found.models if standing.model == first)
    base = found.reference.result.loss
    limit = larger(base, max_increase) if math.isfinite(base) else math.nan
    return replace(found, gate=(Limit(first, limit, loss, loss <= limit, "--max-increase"),))


def _cells_left_out(sums: Sums) -> tuple[str, ...]:
    n_cells = sums.n_rows * sums.n_columns - int(sums.cells_used.sum())
    if n_cells == 0:
        return ()
    return (f"{counted(n_cells, 'cell')} left out for every model: missing in one of them or in the target",)
