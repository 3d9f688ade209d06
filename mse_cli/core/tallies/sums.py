"""What blocks add up to: ``Sums``, exact and mergeable, and the ``Result`` that they finish as."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.core.blocks import Block, Floats, masked_difference
from mse_cli.core.exact import BUCKET, Total, is_wide, rounded, stripes
from mse_cli.core.result import Columns, Reduction, Result
from mse_cli.core.tallies.column_sums import ColumnSums
from mse_cli.errors import ParseError, ShapeError

if TYPE_CHECKING:
    from fractions import Fraction

SMALLEST = 2.0 ** -(BUCKET // 2)  # of bucket 0; below, a product may be a rounded one
SMALLEST_PLAIN = 2.0**-960  # of sums that float64 holds well enough to be divided
LARGEST_WEIGHT = 2.0**100  # with which E·E is then a normal number, too


class Sums:
    """What a set of blocks adds up to: exact, mergeable with ``+`` in any order, the same bits for any cut.

    >>> a, y = np.arange(8.0).reshape(4, 2), np.zeros((4, 2))
    >>> top, bottom = Sums(2), Sums(2)
    >>> top.update(Block(0, a[:1], y[:1]))
    >>> bottom.update(Block(1, a[1:], y[1:]))
    >>> (top + bottom).finish().mse
    17.5
    """

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        self.n_rows = 0
        self.cells_used = np.zeros(n_columns, dtype=np.int64)
        self.errors = ColumnSums(n_columns)  # Σ M·W·E²
        self.weights: ColumnSums | None = None  # Σ M·W, once there are weights
        self.overflow = False

    def update(self, block: Block) -> None:
        """Add a block of any number of rows; note whether all of them were seen to be finite."""
        if is_wide(self.n_columns):
            self._update_in_stripes(block)
            return
        n_rows, step = block.shape[0], self.errors.lanes.n_rows
        self.n_rows += n_rows
        self.cells_used += n_rows if block.used is None else block.used.sum(axis=0)
        with np.errstate(all="ignore"):
            ordinary = [self._add(block.rows(start, start + step)) for start in range(0, n_rows, step)]
        block.finite = all(ordinary) and block.used is None

    def _update_in_stripes(self, block: Block) -> None:
        """Add a wide block, some columns after the others."""
        finite = True
        for columns in stripes(self.n_columns):
            some, sums = block.columns(columns), Sums(columns.stop - columns.start)
            sums.update(some)
            self.add_to(columns, sums)
            finite = finite and some.finite
        self.n_rows += block.shape[0]
        block.finite = finite

    def _add(self, block: Block) -> bool:
        """Add a block for which there is room; whether all its terms are ordinary numbers."""
        if block.weights is not None:
            return self._add_weighted(block, block.weights)
        lanes, n_rows = self.errors.lanes, block.shape[0]
        terms = masked_difference(block, lanes.room(n_rows))
        np.multiply(terms, terms, out=terms)
        ordinary = lanes.take(n_rows)
        if not ordinary:
            errors = masked_difference(block)
            self.errors.add_product(errors, errors, smallest_bucket=0)
            self._note_overflow(block, errors)
        return ordinary

    def _add_weighted(self, block: Block, weights: Floats) -> bool:
        lanes, n_rows, errors = self.errors.lanes, block.shape[0], masked_difference(block)
        weights = np.broadcast_to(weights, block.shape) if block.used is None else weights * block.used
        terms = np.multiply(errors, errors, out=lanes.room(n_rows))
        np.multiply(terms, weights, out=terms)
        ordinary = not loses_bits(terms, errors, weights) and lanes.take(n_rows)
        if not ordinary:
            self.errors.add_product(errors, errors, weights)
            self._note_overflow(block, errors)
        self.weights = self.weights or ColumnSums(self.n_columns)
        self.weights.lanes.room(n_rows)[...] = weights
        if not self.weights.lanes.take(n_rows):
            self.weights.add_product(weights, smallest_bucket=0)
        return ordinary

    def _note_overflow(self, block: Block, errors: Floats) -> None:
        too_large = np.isinf(errors * errors)
        finite = np.isfinite(block.prediction) & np.isfinite(block.target)
        self.overflow = self.overflow or bool((too_large & finite).any())

    def __add__(self, other: Sums) -> Sums:
        """The sums of both sets of blocks together."""
        merged = Sums(self.n_columns)
        for part in (self, other):
            merged.merge(part)
        return merged

    def new(self) -> Sums:
        """Empty sums of the same kind."""
        return Sums(self.n_columns)

    def merge(self, other: Sums) -> None:
        """Take in what another one has summed, exactly."""
        if self.n_columns != other.n_columns:
            raise ShapeError(f"parts of {self.n_columns} and {other.n_columns} columns do not belong together")
        self.n_rows += other.n_rows
        self.add_to(slice(0, self.n_columns), other)

    def add_to(self, columns: slice, other: Sums) -> None:
        """Take in what another one has summed of these columns, of the same rows as that of the others."""
        self.cells_used[columns] += other.cells_used
        self.errors.add_to(columns, other.errors)
        self.overflow |= other.overflow
        if other.weights is not None:
            self.weights = self.weights or ColumnSums(self.n_columns)
            self.weights.add_to(columns, other.weights)

    def finish(self, reduction: Reduction = "mean", names: tuple[str | None, ...] | None = None) -> Result:
        """The loss of everything that was added.

        SSE and the columns' sums are rounded once; MSE is SSE / divisor, or the exact quotient where SSE overflows.
        """
        sse, divisor = self.errors.total(), self._divisor()
        if math.isinf(rounded(divisor)):
            raise ParseError("the weights add up to more than float64 holds", hint="scale them down")
        mse, columns = mean_of(sse, divisor), Columns(names, self.n_columns, self._losses)
        return Result(
            shape=(self.n_rows, self.n_columns),
            cells_used=int(self.cells_used.sum()),
            divisor=rounded(divisor),
            reduction=reduction,
            sse=sse.rounded(),
            mse=mse,
            rmse=root_of_mean(sse, divisor, mse),
            columns=columns if is_wide(self.n_columns) else tuple(columns),
            overflow=self.overflow,
            weighted=self.weights is not None,
            sum_overflow=math.isinf(sse.rounded()) and not sse.special,
        )

    def _losses(self, columns: slice) -> Iterator[tuple[float, float]]:
        """SSE and MSE of each of these columns; those of ordinary numbers are rounded all at once."""
        rounded_sums = self.errors.rounded(columns) if self.weights is None else None
        counts = self.cells_used[columns]
        if rounded_sums is not None and rounded_sums.min() > SMALLEST_PLAIN and counts.all():
            return zip(rounded_sums.tolist(), (rounded_sums / counts).tolist(), strict=True)
        return self._losses_one_by_one(columns)

    def _losses_one_by_one(self, columns: slice) -> Iterator[tuple[float, float]]:
        divisors: Sequence[Fraction | int] = self.divisors(columns)
        for total, divisor in zip(self.errors.totals(columns), divisors, strict=True):
            yield total.rounded(), mean_of(total, divisor)

    def _divisor(self) -> Fraction | int:
        """Σ M·W, exact."""
        return int(self.cells_used.sum()) if self.weights is None else self.weights.total().exact()

    def divisors(self, columns: slice = slice(None)) -> list[int] | list[Fraction]:
        """Σ M·W of each column, or of some, exact."""
        if self.weights is None:
            counts: list[int] = self.cells_used[columns].tolist()
            return counts
        return [total.exact() for total in self.weights.totals(columns)]


def loses_bits(terms: Floats, errors: Floats, weights: Floats) -> bool:
    """Whether a product E·E·W, or E·E before it, may be too small for float64 although E and W are not."""
    if terms.min() >= SMALLEST and weights.max() <= LARGEST_WEIGHT:
        return False
    return bool(weights.max() > LARGEST_WEIGHT or ((terms < SMALLEST) & (errors != 0) & (weights != 0)).any())


def mean_of(total: Total, divisor: Fraction | int) -> float:
    """SSE / divisor as the two are printed; from the exact sums where float64 holds SSE badly or not at all."""
    if divisor == 0:
        return math.nan
    sse = total.rounded()
    return sse / rounded(divisor) if SMALLEST_PLAIN < sse < math.inf else total.rounded(divisor)


def root_of_mean(total: Total, divisor: Fraction | int, mse: float) -> float:
    """√MSE, also where MSE itself overflows."""
    if math.isfinite(mse) or math.isnan(mse) or total.special:
        return math.sqrt(mse)
    return math.sqrt(total.rounded(divisor * 2**1024)) * 2.0**512
