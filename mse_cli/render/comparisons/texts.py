"""What tables and Markdown say of a comparison in the same words: the models, their columns, the closing sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mse_cli.core.result import Result
from mse_cli.errors import counted, listed, printable
from mse_cli.render.number_text import exact, middle_left_out, short
from mse_cli.render.summary import ELLIPSIS, MISSING_TEXT, VERTICAL, by_share
from mse_cli.running.comparison.standings import FEWEST_ROWS, Comparison, Difference, Standing

NOTHING = "–"
MOST_NAMED = 3  # groups of the closing sentence
MARK = " *"  # of the best of a column


class Lines(NamedTuple):
    """A table as texts: the titles, its rows, and after how many of them there is a line."""

    titles: list[str]
    rows: list[list[str]]
    section: int = 0


class Limits(NamedTuple):
    """How much a table shows: significant digits, columns, groups."""

    digits: int
    most_columns: int
    most_rows: int


class Detail(NamedTuple):
    """What a loss is of, of how many rows, and the loss of each model; none where lines are left out."""

    label: str
    n_rows: str
    values: list[float]


def model_lines(comparison: Comparison, digits: int, *, wide: bool = True) -> Lines:
    """The table of the models; the interval from where to where, or half its width behind the difference."""
    is_sum = comparison.models[0].result.reduction == "sum"
    interval = ["difference", "95 % interval"] if wide else ["difference ± 95 %"]
    titles = ["model", *["SSE"] * is_sum, "MSE", "RMSE", "× best", *interval, "closer on"]
    rows = []
    for standing in comparison.models:
        keys = ["sse"] * is_sum + ["mse", "rmse"]
        values = {scalar.key: scalar.value for scalar in standing.result.scalars()}
        ratio = NOTHING if standing.ratio is None else short(standing.ratio, digits)
        numbers = [short(values[key], digits) for key in keys]
        difference = [NOTHING] * (len(interval) + 1)
        if standing.difference is not None:
            share = f"{100 * standing.difference.rows_better / comparison.n_rows:.3g} %"
            difference = [*_interval(standing.difference, digits, wide=wide), share]
        rows.append([printable(standing.name), *numbers, ratio, *difference])
    return Lines(titles, rows)


def _interval(found: Difference, digits: int, *, wide: bool) -> list[str]:
    value = _signed(found.value, digits)
    if found.low is None or found.high is None:
        return [value, NOTHING] if wide else [value]
    if wide:
        return [value, f"{_signed(found.low, digits)} … {_signed(found.high, digits)}"]
    return [f"{value} ± {short((found.high - found.low) / 2, min(3, digits))}"]


def _signed(value: float, digits: int) -> str:
    return ("+" if value > 0 else "") + short(value, digits)


def detail_lines(comparison: Comparison, limits: Limits, most_models: int) -> Lines:
    """MSE of each column, where there are several, and of each group, the best of each marked; a model a column."""
    models = comparison.models[:most_models]
    gap = [ELLIPSIS] if len(models) < len(comparison.models) else []
    titles = ["MSE of", "rows", *(printable(standing.name) for standing in models), *gap]
    columns = list(_column_rows(comparison, limits.most_columns))
    rows = [*columns, *_group_rows(comparison, limits.most_rows)]
    left_out = [VERTICAL + " " * len(MARK)] * len(models)
    texts = [
        [it.label, it.n_rows, *(_marked(it.values, limits.digits)[: len(models)] or left_out), *gap] for it in rows
    ]
    return Lines(titles, texts, len(columns))


def _column_rows(comparison: Comparison, most: int) -> Iterator[Detail]:
    columns = comparison.models[0].result.columns
    shown, before = middle_left_out(len(columns), most) if len(columns) > 1 else ([], 0)
    for k, j in enumerate(shown):
        if k == before:
            yield Detail(VERTICAL, VERTICAL, [])
        values = [standing.result.columns[j].mse for standing in comparison.models]
        yield Detail(printable(columns[j].name or str(j + 1)), str(comparison.n_rows), values)


def _group_rows(comparison: Comparison, most: int) -> Iterator[Detail]:
    """Those first that weigh most in the best model's loss."""
    first = comparison.models[0].result
    order = by_share(first.groups)
    for i in order[:most]:
        values = [standing.result.groups[i].mse for standing in comparison.models]
        yield Detail(_group_label(first, i), str(first.groups[i].rows), values)
    if len(order) > most:
        yield Detail(f"{VERTICAL} {len(order) - most} more", VERTICAL, [])


def _group_label(result: Result, group: int) -> str:
    texts = zip(result.by, result.groups[group].texts, strict=True)
    return ", ".join(f"{printable(name)} {printable(text) or MISSING_TEXT}" for name, text in texts)


def _marked(values: Sequence[float], digits: int) -> list[str]:
    least = min((value for value in values if not math.isnan(value)), default=None)
    return [short(value, digits) + (MARK if value == least else " " * len(MARK)) for value in values]


def opening(comparison: Comparison, truth: str) -> str:
    """What all models are judged on."""
    result = comparison.models[0].result
    return (
        f"against {printable(truth)}, {result.shape[0]} × {result.shape[1]}; cells used {result.cells_used} of "
        f"{result.cells_total}, divided by {exact(result.divisor)} ({_divisor_of(result)})"
    )


def _divisor_of(result: Result) -> str:
    return "Σ of the weights" if result.weighted else "N·C" if result.cells_used == result.cells_total else "the cells"


def closing(comparison: Comparison) -> str:
    """Which model is the best, and which others cannot be told from it."""
    best, reference = comparison.best, comparison.reference
    if best is None:
        return "No model has a loss that is a number."
    first, k = [standing for standing in comparison.models if standing.rank == 1], len(comparison.models)
    are = "is the best" if len(first) == 1 else "are equally good, the best"
    said = [f"{_names(first)} {are} of {k} models."]
    others = [s for s in comparison.models if s.difference is not None]
    it = "it" if reference is best else f"the baseline {printable(reference.name)}"
    same = [s for s in others if s.difference and s.difference.same]
    if same:
        said.append(f"{_names(same)} {'has' if len(same) == 1 else 'have'} the same loss as {it} in every row.")
    said += _of_intervals(comparison, [s for s in others if s not in same], it)
    said += _of_groups(comparison, best.result)
    if best.result.mse == 0:
        said.append("The best MSE is 0: nothing is a multiple of it.")
    return " ".join(said)


def _of_intervals(comparison: Comparison, others: list[Standing], it: str) -> Iterator[str]:
    if not comparison.has_intervals:
        yield f"With {counted(comparison.n_rows, 'row')}, fewer than {FEWEST_ROWS}, there are no intervals."
        return
    unknown = [s for s in others if s.difference and s.difference.low is None]
    unclear = [s for s in others if s.difference and s.difference.low is not None and not s.difference.is_clear]
    if unclear:
        yield f"Not distinguishable from {it} (the interval holds 0): {_names(unclear)}."
    if unknown:
        yield f"Without an interval, since float64 cannot hold it: {_names(unknown)}."
    if others and not unclear and not unknown:
        yield f"{'The other is' if len(others) == 1 else 'All others are'} distinguishable from {it}."


def _of_groups(comparison: Comparison, best: Result) -> Iterator[str]:
    """Where the best model is not the best."""
    least = [min(s.result.groups[i].mse for s in comparison.models) for i in range(len(best.groups))]
    worse = [i for i in by_share(best.groups) if least[i] < best.groups[i].mse]
    if worse:
        few = listed([_group_label(best, i) for i in worse]) if len(worse) <= MOST_NAMED else ""
        yield f"Another is better in {few or f'{len(worse)} of {len(least)} groups'}."


def _names(models: Sequence[Standing]) -> str:
    return ", ".join(printable(standing.name) for standing in models)
