"""The arithmetic of a block, on NumPy alone: its differences, squares and gradient.

    SE = E ⊙ E, E = A − Y        SSE = Σ M·W·E²        MSE = SSE / Σ M·W        ∂MSE/∂A = 2·M·W·E / Σ M·W

A is the prediction and Y the target, both N×C; W are weights and M is the mask of the cells in use (both 1
where none are given, so that Σ M·W = N·C). Everything is float64; a difference is exact before it is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.exact import lanes_of
from mse_cli.core.labels import Labels
from mse_cli.core.result import Reduction
from mse_cli.errors import ParseError, Place

Floats = NDArray[np.float64]
Numbers = NDArray[Any]  # float64, int64 or uint64 in the machine's byte order
Mask = NDArray[np.bool_]

BLOCK_CELLS = 128 * 1024
FEWEST_ROWS = 8  # of a wide block, so that it does not pay each step's overhead per row, unless these are
MOST_CELLS = 2 << 20  # more than so many
SMALLEST_NORMAL = 2.0**-1022  # below, float64 has fewer bits
LARGEST_EXACT_INTEGER = 2**53


@dataclass(slots=True)
class Block:
    """Some consecutive rows of both sides.

    Attributes:
        first_row: Number of its first row in the whole matrix, from 0.
        prediction: A, n×C.
        target: Y, n×C.
        weights: W, n×C or a shape that broadcasts to it (n×1, 1×C); ``None`` counts each cell once.
        used: M, n×C, false where a cell is missing and left out; ``None`` uses all.
        finite: Set by whoever has seen that A and Y are finite in every cell, so that the readers need not look.
        keys: What identifies each row, where rows are matched by it.
        labels: Which group each row is in, if there are groups.
        others: Where several models are compared: the predictions of those after the first, n×C each.
        row_sums: Σ M·W·E² along each row, where the block holds only some of its columns.
    """

    first_row: int
    prediction: Numbers
    target: Numbers
    weights: Floats | None = None
    used: Mask | None = None
    finite: bool = False
    keys: Sequence[str] | None = None
    labels: Labels | None = None
    others: tuple[Numbers, ...] = ()
    row_sums: list[float] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n, C)."""
        n_rows, n_columns = self.prediction.shape
        return n_rows, n_columns

    def of_models(self) -> list[Block]:
        """A block of each model alone: the same target, weights and mask."""
        models = (self.prediction, *self.others)
        return [replace(self, prediction=model, others=()) for model in models]

    def rows(self, start: int, stop: int) -> Block:
        """Rows ``start`` to ``stop`` of this block, counted within it."""
        whole = self.weights is None or len(self.weights) != len(self.prediction)
        return Block(
            self.first_row + start,
            self.prediction[start:stop],
            self.target[start:stop],
            self.weights if whole or self.weights is None else self.weights[start:stop],
            None if self.used is None else self.used[start:stop],
            others=tuple(other[start:stop] for other in self.others),
            keys=None if self.keys is None else self.keys[start:stop],
            labels=None if self.labels is None else self.labels.cut(start, stop),
            row_sums=None if self.row_sums is None else self.row_sums[start:stop],
        )

    def columns(self, columns: slice | list[int]) -> Block:
        """Some columns of this block."""
        weights = self.weights if self.weights is None or self.weights.shape[1] == 1 else self.weights[:, columns]
        used = None if self.used is None else self.used[:, columns]
        return Block(self.first_row, self.prediction[:, columns], self.target[:, columns], weights, used)


def rows_per_block(n_columns: int) -> int:
    """How many rows a full block has: whole lanes, about 128 Ki cells.

    >>> rows_per_block(4), rows_per_block(100_000), rows_per_block(5_000_000)
    (32768, 8, 1)
    """
    lanes = lanes_of(n_columns)
    return max(1, min(FEWEST_ROWS, MOST_CELLS // n_columns), BLOCK_CELLS // n_columns // lanes * lanes)


def as_numbers(array: Numbers) -> Numbers:
    """Any real array in a type the engine calculates with: 64-bit integers as they are, the rest as float64.

    Raises:
        ParseError: for complex, object, text, date and structured arrays.

    >>> as_numbers(np.array([0, 255], dtype=np.uint8)).dtype
    dtype('float64')
    """
    if array.dtype.kind not in "biuf":
        raise ParseError(f"holds {array.dtype}, not real numbers")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    # A longdouble above 1.8e308 becomes inf, which the readers refuse; a signalling NaN is a NaN.
    with np.errstate(all="ignore"):
        return array.astype(np.float64, copy=False)


def difference(prediction: Numbers, target: Numbers, out: Floats | None = None) -> Floats:
    """E = A − Y, exact before the one rounding to float64; 64-bit integers are subtracted as integers.

    >>> difference(np.array([2**53 + 1]), np.array([2**53])).tolist()
    [1.0]
    >>> difference(np.array([0], dtype=np.uint64), np.array([2**64 - 1], dtype=np.uint64)).tolist()
    [-1.8446744073709552e+19]
    """
    with np.errstate(all="ignore"):
        if prediction.dtype == target.dtype == np.float64:
            return np.subtract(prediction, target, out=out)
        result = _wide_difference(prediction, target)
    if out is None:
        return result
    out[...] = result
    return out


def _wide_difference(prediction: Numbers, target: Numbers) -> Floats:
    """A − Y where a side is of 64-bit integers, which float64 does not hold above 2^53."""
    if prediction.dtype == np.float64:
        return 0.0 - _integer_minus_float(target, prediction)
    if target.dtype == np.float64:
        return _integer_minus_float(prediction, target)
    (high_a, low_a), (high_y, low_y) = _halves(prediction), _halves(target)
    return (high_a - high_y) + (low_a - low_y)  # both differences are exact, their sum is rounded once


def _integer_minus_float(integers: Numbers, floats: Floats) -> Floats:
    plain = integers.astype(np.float64)
    held = np.abs(plain) < LARGEST_EXACT_INTEGER
    if held.all():
        return plain - floats
    high, low = _halves(integers)
    difference = high - floats
    lost = _two_difference_rest(high, floats, difference)
    # Above 2^53 the high half is so large that low and lost together are far below its last bit, or lost is 0.
    split = np.where(np.isfinite(lost), difference + (lost + low), difference)
    return np.where(held, plain - floats, split)


def _halves(integers: Numbers) -> tuple[Floats, Floats]:
    """Integers as high·2^32 + low, both exact in float64."""
    high = (integers >> integers.dtype.type(32)).astype(np.float64) * 2.0**32
    low = (integers & integers.dtype.type(0xFFFFFFFF)).astype(np.float64)
    return high, low


def _two_difference_rest(a: Floats, b: Floats, rounded_difference: Floats) -> Floats:
    """What ``a − b`` lost when it was rounded, exactly (Knuth)."""
    b_virtual = a - rounded_difference
    a_virtual = rounded_difference + b_virtual
    return (a - a_virtual) + (b_virtual - b)


def check_weights(weights: Floats, first_row: int = 0) -> Floats:
    """Weights that may be used: finite and at least 0.

    Raises:
        ParseError: (a ValueError) with the row and column of the first weight that is not.
    """
    with np.errstate(all="ignore"):
        wrong = ~((weights >= 0) & np.isfinite(weights))
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ParseError(
            f"the weight {float(weights[row, column])!r} is not a finite number of at least 0",
            Place(row=first_row + row + 1, column=column + 1),
        )
    return weights


def masked_difference(block: Block, out: Floats | None = None) -> Floats:
    """E of a block, 0 where a cell is not in use, whatever stands there."""
    errors = difference(block.prediction, block.target, out)
    if block.used is not None:
        errors[~block.used] = 0.0
    return errors


def weights_of(block: Block) -> Floats:
    """M·W of a block, n×C."""
    weights = np.ones(block.shape) if block.weights is None else np.broadcast_to(block.weights, block.shape)
    return weights if block.used is None else np.where(block.used, weights, 0.0)


def squared_error(block: Block) -> Floats:
    """SE = E ⊙ E of a block, NaN where a cell is not in use; unit: target unit squared."""
    errors = masked_difference(block)
    with np.errstate(all="ignore"):
        cells = errors * errors
    if block.used is not None:
        cells[~block.used] = np.nan
    return cells


def gradient(block: Block, divisor: float, reduction: Reduction = "mean") -> Floats:
    """∂loss/∂A of a block: 2·M·W·E / Σ M·W for the mean, 2·M·W·E for the sum; 0 where a cell is not in use.

    Divides E by half the divisor: one rounding, and no overflow of 2·E where the result does not overflow.

    >>> house = Block(0, np.array([[300000.0, 3], [500000, 4]]), np.array([[350000.0, 4], [450000, 3]]))
    >>> gradient(house, divisor=4).tolist()
    [[-25000.0, -0.5], [25000.0, 0.5]]
    """
    divisor = divisor if reduction == "mean" else 1.0
    half, errors, weights = divisor / 2, masked_difference(block), block.weights
    with np.errstate(all="ignore"):
        finite = math.isfinite(np.add.reduce(errors, axis=None))
        if weights is None:
            if finite:
                return np.divide(errors, half, out=errors)  # in place: fresh memory costs as much as the division
            plain, held = errors / half, np.isfinite(errors)
        else:
            factor = weights / half
            plain, held = errors * factor + 0.0, np.isfinite(errors)  # no −0
            normal = (factor >= SMALLEST_NORMAL) & (factor < math.inf) & (half >= SMALLEST_NORMAL) | (weights == 0)
            if finite and normal.all():
                return plain
            held &= normal
        return np.where(held, plain, _gradient_beyond_range(block, errors, divisor))


def _gradient_beyond_range(block: Block, errors: Floats, divisor: float) -> Floats:
    """The gradient from mantissas and exponents, where E, W / divisor or half the divisor leaves float64's range."""
    overflowed = np.isinf(errors) & np.isfinite(block.prediction) & np.isfinite(block.target)
    m_errors, e_errors = np.frexp(np.where(overflowed, block.prediction * 0.5 - block.target * 0.5, errors))
    m_weights, e_weights = np.frexp(1.0 if block.weights is None else block.weights)
    m_divisor, e_divisor = math.frexp(divisor)
    exponents = e_errors + overflowed + e_weights - e_divisor + 1
    return np.asarray(np.ldexp(m_errors * (m_weights / m_divisor), exponents) + 0.0)
