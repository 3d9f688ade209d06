"""``compare``: several models against one target, as paths or as arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from mse_cli.core.blocks import Block, rows_per_block
from mse_cli.core.loss import block_of
from mse_cli.core.missing import check_finite, used_cells
from mse_cli.core.result import Missing, Reduction, Unmatched, check_choices
from mse_cli.core.tallies.differences import EachModel, PairedDifferences
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import MseError, ShapeError, UsageError
from mse_cli.readers.opening import InputOptions
from mse_cli.readers.text.dialect import DecimalChoice, Dialect, HeaderChoice
from mse_cli.running.backend import backend_for
from mse_cli.running.comparison.comparing import compare_models, finish, pairs_of
from mse_cli.running.comparison.models import named_model, open_models
from mse_cli.running.comparison.standings import Comparison
from mse_cli.running.tallying import Tallies


def compare(
    models: Mapping[str, Any],
    true: Any,
    *,
    baseline: str | None = None,
    pred_columns: str | None = None,
    true_columns: str | None = None,
    key: str | None = None,
    no_key: bool = False,
    unmatched: Unmatched = "fail",
    weights: Any = None,
    weight_column: str | None = None,
    by: str | None = None,
    missing: Missing = "fail",
    header: HeaderChoice = "auto",
    delimiter: str | None = None,
    decimal: DecimalChoice = "auto",
    na: Sequence[str] = (),
    reduction: Reduction = "mean",
) -> Comparison:
    """Several models against one target on the same cells, the best first, as ``mse compare`` gives it.

    d_i = Σ_j M·W·(SE_a − SE_b), w_i = Σ_j M·W; D = Σd/Σw is the difference of MSE, its standard error
    √(N/(N−1) · Σ(d_i − D·w_i)²) / Σw, and D ± 1.959964 × that the 95 % interval, if there are 30 rows.

    Args:
        models: The predictions by the models' names: paths, as ``evaluate`` takes them, or array-likes of the target's
            shape.
        true: Y: a path, or an array-like.
        baseline: The name of the model that the others are compared with; the best if not given.
        pred_columns: Of files, as the rest of ``evaluate``'s options.
        true_columns: Likewise.
        key: Likewise.
        no_key: Likewise.
        unmatched: Likewise.
        weights: A file of weights, or an array-like: N×1, 1×C or N×C.
        weight_column: Of files.
        by: Of files, columns whose text groups the rows: each model's result has the loss of each group.
        missing: What NaN and missing cells do; what is missing in one model is left out for all.
        header: Of text files.
        delimiter: Likewise.
        decimal: Likewise.
        na: Likewise.
        reduction: "mean" or "sum".

    Returns:
        The ``Comparison``.

    Raises:
        MseError: for what cannot be read or does not belong together.

    >>> found = compare({"far": [0.0, 5.0], "near": [1.0, 2.5]}, [1.0, 2.0])
    >>> [(standing.model, standing.result.mse) for standing in found.models]
    [('near', 0.125), ('far', 5.0)]
    >>> found.models[1].difference.value
    4.875
    """
    check_choices(missing=missing, reduction=reduction, unmatched=unmatched)
    if len(models) < 2:
        raise UsageError("there are two models at least to compare")
    chosen = None if baseline is None else named_model(baseline, list(models))
    paths = [isinstance(side, str | PathLike) for side in (*models.values(), true)]
    options = InputOptions(
        pred_columns,
        true_columns,
        key,
        weight_column=weight_column,
        by=by,
        no_key=no_key,
        unmatched=unmatched,
        read_again=False,
    )
    if not any(paths):
        if options != InputOptions(read_again=False):
            raise UsageError("columns and keys are chosen in files; arrays hold one column beside the other")
        return _of_arrays(models, true, weights, missing=missing, reduction=reduction, baseline=chosen)
    if not all(paths):
        raise UsageError("the models and the target are all paths, or all arrays")
    dialect = Dialect(header, delimiter, decimal, missing, tuple(na))
    options = replace(options, weights=None if weights is None else str(weights), dialect=dialect)
    opened = open_models([*map(str, models.values()), str(true)], options, list(models))
    with backend_for(opened.pair) as backend:
        return compare_models(backend, opened.names, reduction=reduction, baseline=chosen)


def _of_arrays(
    models: Mapping[str, Any], true: Any, weights: Any, *, missing: Missing, reduction: Reduction, baseline: int | None
) -> Comparison:
    whole = _beside({name: _block(name, model, true, weights) for name, model in models.items()}, missing)
    each = EachModel([Tallies(Sums(whole.shape[1])) for _ in models])
    differences = PairedDifferences(pairs_of(len(models), baseline))
    step = rows_per_block(whole.shape[1])
    for start in range(0, whole.shape[0], step):
        for tally in (each, differences):
            tally.update(whole.rows(start, start + step))
    return finish(each.tallies, differences, list(models), None, reduction=reduction, baseline=baseline)


def _block(name: str, model: Any, true: Any, weights: Any) -> Block:
    try:
        return block_of(model, true, weights)[0]
    except MseError as error:
        raise error.within(name) from None


def _beside(blocks: Mapping[str, Block], missing: Missing) -> Block:
    """All models in one block, on the cells that all of them have."""
    first, *others = blocks.values()
    for name, block in blocks.items():
        if block.shape != first.shape or not np.array_equal(block.target, first.target, equal_nan=True):
            hint = "have the columns of all models in one order"
            raise ShapeError(f"the models are not compared with the same target: {name!r} with another", hint=hint)
        for side in (block.prediction, block.target):
            check_finite(side, missing, first_row=0)
    predictions = [block.prediction for block in blocks.values()]
    masks = [block.used for block in blocks.values()] + [used_cells(missing, first.target, *predictions)]
    given = [mask for mask in masks if mask is not None]
    used = np.logical_and.reduce(given) if given else None
    return Block(0, first.prediction, first.target, first.weights, used, others=tuple(b.prediction for b in others))
