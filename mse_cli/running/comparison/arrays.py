"""``compare``: several models against one target, as paths or as arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mse_cli.core.result import REDUCTIONS, UNMATCHED, Missing, Reduction, Unmatched, check_choice
from mse_cli.errors import UsageError
from mse_cli.readers.arrays.values import in_memory
from mse_cli.readers.opening import InputOptions
from mse_cli.readers.text.dialect import DecimalChoice, Dialect, HeaderChoice, words_of
from mse_cli.readers.weights import labelled
from mse_cli.running.backend import backend_for
from mse_cli.running.comparison.comparing import compare_models
from mse_cli.running.comparison.models import named_model, open_models, short_names
from mse_cli.running.comparison.standings import Comparison


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
    by: Any = None,
    missing: Missing = "fail",
    header: HeaderChoice = "auto",
    delimiter: str | None = None,
    decimal: DecimalChoice = "auto",
    na: str | Sequence[str] = (),
    reduction: Reduction = "mean",
) -> Comparison:
    """Several models against one target on the same cells, the best first, as ``mse compare`` gives it.

    d_i = Σ_j M·W·(SE_a − SE_b), w_i = Σ_j M·W; D = Σd/Σw is the difference of MSE, its standard error
    √(N/(N−1) · Σ(d_i − D·w_i)²) / Σw, and D ± 1.959964 × that the 95 % interval, if there are 30 rows.

    Args:
        models: The predictions by the models' names: paths, array-likes or DataFrames, as ``evaluate`` takes them.
        true: Y: likewise.
        baseline: The name of the model that the others are compared with; the best if not given.
        pred_columns: As ``evaluate``'s.
        true_columns: Likewise.
        key: Likewise.
        no_key: Likewise.
        unmatched: Likewise.
        weights: Likewise.
        weight_column: Likewise.
        by: Likewise: each model's result has the loss of each group.
        missing: What NaN and missing cells do; what is missing in one model is left out for all.
        header: Likewise.
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
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("unmatched", unmatched, UNMATCHED)
    if not isinstance(models, Mapping) or len(models) < 2 or true is None:
        raise UsageError("there are two models at least to compare, and a target", hint="compare({'a': A, 'b': B}, Y)")
    short_names([*map(str, models)])  # refuses two that are called the same
    models = {str(name): model for name, model in models.items()}
    chosen = None if baseline is None else named_model(baseline, list(models))
    sides = in_memory(models, true, weights, missing, key=key, by=by)
    options = InputOptions(
        pred_columns,
        true_columns,
        key,
        weights=sides.weights,
        weight_column=weight_column,
        by=sides.by,
        no_key=no_key,
        unmatched=unmatched,
        dialect=Dialect(header, delimiter, decimal, sides.missing, words_of(na)),
        read_again=False,
    )
    opened = open_models([side for side in (*sides.predictions, sides.target) if side is not None], options, [*models])
    with backend_for(labelled(opened.pair, sides.labels)) as backend:
        return compare_models(backend, opened.names, reduction=reduction, baseline=chosen)
