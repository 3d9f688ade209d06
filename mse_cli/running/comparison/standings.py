"""What a comparison gives: the models, best first, each with its loss and how far it is from the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from mse_cli.core.exact import Total, rounded
from mse_cli.core.result import Limit, Reduction, Result
from mse_cli.core.tallies.differences import PairedDifferences
from mse_cli.errors import ParseError
from mse_cli.running.evaluation import finish
from mse_cli.running.tallying import Tallies

FEWEST_ROWS = 30  # for an interval
QUANTILE = 1.959964  # of the normal distribution, for 95 %


class Difference(NamedTuple):
    """How a model's MSE differs from that of the one it is compared with.

    Attributes:
        value: D = Σd/Σw, above 0 where the model is worse.
        standard_error: √(N/(N−1) · Σ(d_i − D·w_i)²) / Σw; ``None`` of a single row or of what is no number.
        low: Where the 95 % interval begins; ``None`` with fewer than 30 rows.
        high: Where it ends.
        rows_better: On how many rows the model is closer than the other.
        same: Whether the two have the same loss in every row.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    rows_better: int
    same: bool

    @property
    def is_clear(self) -> bool:
        """Whether the interval does not hold 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Standing:
    """One model.

    Attributes:
        model: What it was given as.
        name: What tables call it.
        rank: 1 is the best; the same where MSE is exactly the same.
        result: Its loss.
        ratio: Its MSE divided by the best's; ``None`` where that is 0.
        difference: To the best, or to the baseline; ``None`` for that one itself.
    """

    model: str
    name: str
    rank: int
    result: Result
    ratio: float | None = None
    difference: Difference | None = None


@dataclass(frozen=True)
class Comparison:
    """Several models on the same cells.

    Attributes:
        models: The best first.
        reference: The one that the others are compared with: the best, or the baseline.
        n_rows: How many rows have a cell in use.
        baseline: Whether the user chose the reference.
        gate: The limit that the first other model's loss is held against, if there is one.
        notes: The choices that were made for the user when the files were read.
    """

    models: tuple[Standing, ...]
    reference: Standing
    n_rows: int
    baseline: bool = False
    gate: tuple[Limit, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Standing | None:
        """The best model; ``None`` if no loss is a number."""
        return None if math.isnan(self.models[0].result.mse) else self.models[0]

    @property
    def has_intervals(self) -> bool:
        """Whether there are rows enough."""
        return self.n_rows >= FEWEST_ROWS


def standings(
    models: Sequence[Tallies],
    differences: PairedDifferences,
    names: Sequence[tuple[str, str]],
    columns: tuple[str | None, ...] | None,
    *,
    reduction: Reduction = "mean",
    baseline: int | None = None,
) -> Comparison:
    """The ranking of models of which all rows were added.

    Args:
        models: What was found out about each.
        differences: Of their pairs; of a baseline and each other model at least.
        names: Of each model what it was given as, and its short name.
        columns: The names of the target's columns.
        reduction: "mean" or "sum".
        baseline: The model that the others are compared with; the best if not given.

    Raises:
        ParseError: if all weights are 0.
    """
    totals = [each.sums.errors.total() for each in models]
    divisor = Fraction(sum(models[0].sums.divisors()))
    if divisor == 0:
        raise ParseError("all weights are 0")
    keys = [_order(total) for total in totals]
    order = sorted(range(len(models)), key=keys.__getitem__)
    reference = order[0] if baseline is None else baseline
    found = [
        Standing(
            *names[i],
            rank=1 + sum(key < keys[i] for key in keys),
            result=finish(models[i], columns, reduction).result,
            ratio=_ratio(totals[i], totals[order[0]]),
            difference=None if i == reference else _difference(i, reference, totals, differences, divisor),
        )
        for i in range(len(models))
    ]
    return Comparison(tuple(found[i] for i in order), found[reference], differences.n_rows, baseline is not None)


def _order(total: Total) -> tuple[bool, float, Fraction]:
    """A sort key: numbers by size, then infinity, then NaN."""
    return math.isnan(total.special), 0.0 if math.isnan(total.special) else total.special, total.exact()


def _ratio(total: Total, best: Total) -> float | None:
    if best.special or total.special or best.exact() == 0:
        return None
    return rounded(total.exact() / best.exact())


def _difference(
    model: int, reference: int, totals: Sequence[Total], differences: PairedDifferences, divisor: Fraction
) -> Difference:
    pair, sign = differences.find(model, reference)
    better = int(differences.closer[0 if sign > 0 else 1, pair])
    if totals[model].special or totals[reference].special:
        return Difference(math.nan, None, None, None, better, same=False)
    value = rounded((totals[model].exact() - totals[reference].exact()) / divisor)
    same = not differences.closer[:, pair].any() and not differences.no_number[pair]
    n = differences.n_rows
    if n < 2 or differences.no_number[pair]:
        return Difference(value, None, None, None, better, same)
    error = root(Fraction(n, n - 1) * differences.squares(pair, divisor) / divisor**2)
    found = Difference(value, error, None, None, better, same)
    if n < FEWEST_ROWS:
        return found
    return found._replace(low=value - QUANTILE * error, high=value + QUANTILE * error)


def root(square: Fraction) -> float:
    """√ of a rational number of any size.

    >>> root(Fraction(1, 4)), root(Fraction(10) ** -600)
    (0.5, 1e-300)
    """
    if square <= 0:
        return 0.0
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(square / Fraction(4) ** half), half)
