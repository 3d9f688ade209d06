"""What ``--stats`` says of the errors: their mean, their variance, and R², right where others cancel.

    bias = Σ W·E / Σ W        variance = Σ W·(E − bias)² / Σ W        R² = 1 − SSE / SST, SST = Σ W·(Y − Ȳ)²

They are rational numbers of five exact sums, Σ W, Σ W·E, Σ W·E², Σ W·Y and Σ W·Y², and are rounded once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mse_cli.core.blocks import Block, Floats, difference, masked_difference
from mse_cli.core.exact import rounded
from mse_cli.core.result import Result, Statistics
from mse_cli.core.tallies.products import ProductSums, are_ordinary, exact_product, slices_of
from mse_cli.core.tallies.sums import Sums

if TYPE_CHECKING:
    from fractions import Fraction

STEP_CELLS = 64 << 10  # of a block, at once: all that is made of them stays near the core
NO_STATISTICS = Statistics(math.nan, math.nan, math.nan)


class Stats:
    """The sums that bias, variance and R² are made of.

    >>> block = Block(0, np.array([[1.0], [5.0]]), np.array([[0.0], [2.0]]))
    >>> sums, stats = Sums(1), Stats(1)
    >>> sums.update(block)
    >>> stats.update(block)
    >>> stats.added_to(sums.finish(), sums).stats
    Statistics(bias=2.0, error_variance=1.0, r2=-4.0)
    """

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        # Σ W·E, Σ W·E², Σ W·Y, Σ W·Y²
        self.sums = tuple(ProductSums(n_columns) for _ in range(4))

    def update(self, block: Block) -> None:
        """Add the next block."""
        step = max(1, STEP_CELLS // self.n_columns)
        for start in range(0, block.shape[0], step):
            self._add(block.rows(start, start + step))

    def _add(self, block: Block) -> None:
        weights = None if block.weights is None else _by_columns(np.broadcast_to(block.weights, block.shape))
        errors, squared_errors, targets, squared_targets = self.sums
        _add_moments(errors, squared_errors, _by_columns(masked_difference(block)), weights)
        target, rest = _target(block)
        _add_moments(targets, squared_targets, _by_columns(target), weights)
        if rest is not None:  # Y² = target² + 2·target·rest + rest²
            rest, factors = _by_columns(rest), [] if weights is None else [weights]
            _add_moments(targets, squared_targets, rest, weights)
            squared_targets.add_any(2 * _by_columns(target), rest, *factors)

    def new(self) -> Stats:
        """An empty one of the same kind."""
        return Stats(self.n_columns)

    def merge(self, other: Stats) -> None:
        """Take in what another one has summed, exactly."""
        for mine, more in zip(self.sums, other.sums, strict=True):
            mine += more

    def added_to(self, result: Result, sums: Sums) -> Result:
        """The result with the statistics of each column and of all cells; the sums are those of the same blocks."""
        moments = [_Moments.of(*of_column) for of_column in zip(sums.divisors(), *map(_totals, self.sums), strict=True)]
        columns = (
            column._replace(stats=of_column.statistics())
            for column, of_column in zip(result.columns, moments, strict=True)
        )
        return replace(result, columns=tuple(columns), stats=_Moments.together(moments).statistics())


def _by_columns(cells: Floats) -> Floats:
    return np.ascontiguousarray(cells.T)


def _add_moments(once: ProductSums, squares: ProductSums, values: Floats, weights: Floats | None) -> None:
    """Add W·x and W·x² of some cells, C×n."""
    factors = [values] if weights is None else [values, weights]
    parts = slices_of(values) if all(map(are_ordinary, factors)) else None
    weighted = [parts]
    if parts is not None and weights is not None:
        weighted = [slices_of(term) for term in exact_product(values, weights)]
    terms = [term for term in weighted if term is not None]
    if parts is None or len(terms) < len(weighted):
        once.add_any(*factors)
        squares.add_any(values, *factors)
        return
    for term in terms:
        once.add(term)
        squares.add_products(term, parts)


def _target(block: Block) -> tuple[Floats, Floats | None]:
    """Y, 0 where a cell is not in use; and what float64 does not hold of it, for large integers."""
    target = block.target.astype(np.float64, copy=False)
    rest = None if block.target.dtype == np.float64 else difference(block.target, target)
    if block.used is not None:
        target = np.where(block.used, target, 0.0)
        rest = None if rest is None else np.where(block.used, rest, 0.0)
    return target, rest if rest is not None and rest.any() else None


class _Moments(NamedTuple):
    """Exact sums of some cells: Σ W, Σ W·E, Σ W·E² and SST; ``None`` for what is no number."""

    divisor: Fraction | int
    errors: Fraction | None
    squared_errors: Fraction | None
    target_squares: Fraction | None

    @classmethod
    def of(
        cls,
        divisor: Fraction | int,
        errors: Fraction | None,
        squared_errors: Fraction | None,
        targets: Fraction | None,
        squared_targets: Fraction | None,
    ) -> _Moments:
        """Of a column."""
        if targets is None or squared_targets is None or divisor == 0:
            return cls(divisor, errors, squared_errors, None if divisor else squared_targets)
        return cls(divisor, errors, squared_errors, squared_targets - targets * targets / divisor)

    @classmethod
    def together(cls, columns: list[_Moments]) -> _Moments:
        """Of all columns, the target's squares each around the column's mean."""
        sums = [None if None in values else sum(values) for values in zip(*columns, strict=True)]
        return cls(*sums)  # type: ignore[arg-type]

    def statistics(self) -> Statistics:
        """Rounded once; a variance of targets of 0 makes R² −inf, or NaN if the errors are 0 too."""
        n, errors, squares, sst = self
        if n == 0 or errors is None or squares is None:
            return NO_STATISTICS
        r2 = math.nan
        if sst is not None and (sst or squares):
            r2 = rounded(1 - squares / sst) if sst else -math.inf
        return Statistics(rounded(errors / n), rounded((squares - errors * errors / n) / n), r2)


def _totals(sums: ProductSums) -> list[Fraction | None]:
    return [None if total.special else total.exact() for total in sums.totals()]
