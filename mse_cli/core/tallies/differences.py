"""Tallies of several models: one for each, and how far the losses of two differ row by row, exact and mergeable.

    d_i = Σ_j M·W·(SE_a − SE_b), w_i = Σ_j M·W in row i        D = Σd / Σw        S = Σ (d_i − D·w_i)²

S is Σd² − 2·D·Σdw + D²·Σw², from sums without a rounding error: nothing cancels, and any cut of the rows gives the
same bits. A row's d and w are float64, rounded once from the row's cells (held as two floats each until then).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np

from mse_cli.core.blocks import Block, Floats, Mask, masked_difference
from mse_cli.core.exact import Expansion, scaled
from mse_cli.core.tallies.products import exact_product

if TYPE_CHECKING:
    from fractions import Fraction

Pairs = tuple[tuple[int, int], ...]  # of models

LARGEST, SMALLEST = 2.0**400, 2.0**-400  # of a d or w whose products float64 holds with their rounding errors
CELLS = 16 * 1024  # rows × pairs, or × C, at once, so that they stay in the processor's cache


class PairedDifferences:
    """The exact sums of d, d², d·w and w² of some pairs of models, and on how many rows each of a pair is closer.

    >>> both = PairedDifferences(((0, 1),))
    >>> both.update(Block(0, np.array([[3.0], [0.0]]), np.zeros((2, 1)), others=(np.array([[1.0], [1.0]]),)))
    >>> both.n_rows, both.closer.tolist(), both.squares(0, divisor=2)
    (2, [[1], [1]], Fraction(81, 2))
    """

    def __init__(self, pairs: Pairs):
        self.pairs = pairs
        self.n_rows = 0  # in which a cell is in use
        self.closer = np.zeros((2, len(pairs)), dtype=np.int64)  # the first of a pair, the second
        self.no_number = np.zeros(len(pairs), dtype=bool)  # a d is NaN or infinite
        self._full_rows = 0  # whose w is the same whole number
        self._full_weight = 0
        # Of each pair Σd², Σd of the full rows and of the others, Σdw of the others; Σw² of the others.
        self._sums = [Expansion() for _ in range(5)]
        self._beyond: dict[tuple[int, int], Fraction] = {}  # of what LARGEST and SMALLEST keep out of them

    def new(self) -> PairedDifferences:
        """An empty one of the same pairs."""
        return PairedDifferences(self.pairs)

    def update(self, block: Block) -> None:
        """Add a block that holds all models."""
        with np.errstate(all="ignore"):
            first, second = (list(models) for models in zip(*self.pairs, strict=True))
            step = max(1, CELLS // max(len(self.pairs), block.shape[1]))
            for start in range(0, block.shape[0], step):
                rows = block.rows(start, start + step)
                high, low = map(np.stack, zip(*map(_row_losses, rows.of_models()), strict=True))
                differences = (high[first] - high[second]) + (low[first] - low[second])
                self._add(differences, _row_weights(rows), block.shape[1])

    def _add(self, differences: Floats, weights: Floats | None, n_columns: int) -> None:
        """Add the differences of each pair (down) in some rows (across) that have these weights, or C each."""
        for k, counts in enumerate((differences < 0, differences > 0)):
            self.closer[k] += np.count_nonzero(counts, axis=1)
        ordinary = _are_ordinary(differences, weights)
        if ordinary is not None:
            self._add_beyond(differences, weights, ordinary)
            differences = np.where(ordinary, differences, 0.0)
        self._add_products(0, differences, differences)
        if weights is None:
            self.n_rows += differences.shape[1]
            self._full_rows += differences.shape[1]
            self._full_weight = n_columns
            self._add_exactly(1, differences)
            return
        self.n_rows += int(np.count_nonzero(weights))
        self._add_exactly(2, differences)
        self._add_products(3, differences, np.where(_within(weights), weights, 0.0))
        self._add_products(4, *[np.where(_within(weights), weights, 0.0)[np.newaxis]] * 2)

    def _add_products(self, which: int, x: Floats, y: Floats) -> None:
        """Add x·y, exactly."""
        for values in exact_product(x, y):
            self._add_exactly(which, values)

    def _add_exactly(self, which: int, values: Floats) -> None:
        for leading in leading_sums(values):
            self._sums[which].add(leading)

    def _add_beyond(self, differences: Floats, weights: Floats | None, ordinary: Mask) -> None:
        """Add one by one what is too large or too small for the fast way, as rational numbers."""
        for pair, row in np.argwhere(~ordinary).tolist():
            if not np.isfinite(differences[pair, row]):
                self.no_number[pair] = True
                continue
            d = scaled(float(differences[pair, row]), 0)
            terms = {0: d * d, 1: d} if weights is None else {0: d * d, 2: d, 3: d * scaled(float(weights[row]), 0)}
            for which, term in terms.items():
                self._beyond[which, pair] = self._beyond.get((which, pair), 0) + term
        if weights is not None:
            for weight in weights[~_within(weights)].tolist():
                self._beyond[4, 0] = self._beyond.get((4, 0), 0) + scaled(weight, 0) ** 2

    def merge(self, other: PairedDifferences) -> None:
        """Take in what another one has summed, exactly."""
        self.n_rows += other.n_rows
        self.closer += other.closer
        self.no_number |= other.no_number
        self._full_rows += other._full_rows
        self._full_weight = max(self._full_weight, other._full_weight)
        for mine, its in zip(self._sums, other._sums, strict=True):
            for part in its.parts:
                mine.add(part)
        for key, term in other._beyond.items():
            self._beyond[key] = self._beyond.get(key, 0) + term

    def find(self, first: int, second: int) -> tuple[int, int]:
        """Where the pair of two models is, and 1 if it is in this order, else −1."""
        if (first, second) in self.pairs:
            return self.pairs.index((first, second)), 1
        return self.pairs.index((second, first)), -1

    def squares(self, pair: int, divisor: Fraction | int) -> Fraction:
        """S of a pair, where Σw is the divisor."""
        squares, of_full, of_others, products, weights = (self._exact(which, pair) for which in range(5))
        d = (of_full + of_others) / divisor
        products += self._full_weight * of_full
        weights += self._full_weight**2 * self._full_rows
        return squares - 2 * d * products + d * d * weights

    def _exact(self, which: int, pair: int) -> Fraction:
        column = 0 if which == 4 else pair
        parts = (scaled(float(part[column]), 0) for part in self._sums[which].parts)
        return sum(parts, start=self._beyond.get((which, column), 0) + scaled(0.0, 0))


class OfOneModel(Protocol):
    """A tally that knows one prediction: sums, groups."""

    def update(self, block: Block) -> None:
        """Take the next block."""

    def new(self) -> Self:
        """An empty one of the same kind."""

    def merge(self, other: Self) -> None:
        """Take in what another one was fed."""


T = TypeVar("T", bound=OfOneModel)


class EachModel(Generic[T]):
    """The same tally for each model.

    >>> from mse_cli.core.tallies.sums import Sums
    >>> each = EachModel([Sums(1), Sums(1)])
    >>> each.update(Block(0, np.array([[3.0]]), np.array([[1.0]]), others=(np.array([[1.5]]),)))
    >>> [sums.finish().mse for sums in each.tallies]
    [4.0, 0.25]
    """

    def __init__(self, tallies: list[T]):
        self.tallies = tallies

    def update(self, block: Block) -> None:
        """Feed each its model's block; note whether every cell of all of them was seen to be finite."""
        blocks = block.of_models()
        for tally, model in zip(self.tallies, blocks, strict=True):
            tally.update(model)
        block.finite = block.finite or all(model.finite for model in blocks)

    def new(self) -> EachModel[T]:
        """Empty ones of the same kind."""
        return EachModel([tally.new() for tally in self.tallies])

    def merge(self, other: EachModel[T]) -> None:
        """Merge each with the other's of the same model."""
        for tally, more in zip(self.tallies, other.tallies, strict=True):
            tally.merge(more)


def leading_sums(values: Floats) -> Iterator[Floats]:
    """Vectors that add up to the sums along the rows, exactly: of the leading bits of all, of the next bits, and so on.

    As in ``core.exact``, σ is so far above all of a row that partial sums of (σ + x) − σ are exact in any order.
    """
    headroom = values.shape[1].bit_length()
    largest = np.maximum(values.max(axis=1, initial=0.0), -values.min(axis=1, initial=0.0))
    sigma = np.ldexp(1.0, np.frexp(largest)[1] + headroom)[:, np.newaxis]
    while values.any():
        leading = values + sigma
        leading -= sigma
        yield leading.sum(axis=1)
        values = np.subtract(values, leading, out=leading)
        sigma = sigma * 2.0 ** (headroom - 53)  # what is left is at most half an ulp of σ


def _row_losses(block: Block) -> tuple[Floats, Floats]:
    """Σ_j M·W·SE in each row of a model, as a float64 and what it lacks."""
    errors = masked_difference(block)
    cells = np.multiply(errors, errors, out=errors)
    if block.weights is not None:
        cells *= block.weights
    return _folded(_turned(cells))


def _row_weights(block: Block) -> Floats | None:
    """Σ_j M·W in each row, ``None`` where it is C in all."""
    if block.weights is None:
        return None if block.used is None else block.used.sum(axis=1).astype(np.float64)
    weights = np.broadcast_to(block.weights, block.shape)
    return np.add(*_folded(_turned(weights if block.used is None else weights * block.used)))


def _turned(matrix: Floats) -> Floats:
    """The transposed matrix as an array of its own; NumPy's own copy has inner loops as short as a row."""
    turned = np.empty(matrix.shape[::-1])
    if len(turned) <= len(matrix):
        for j, column in enumerate(turned):
            column[...] = matrix[:, j]
    else:
        for i, row in enumerate(matrix):
            turned[:, i] = row
    return turned


def _folded(terms: Floats) -> tuple[Floats, Floats]:
    """Sums down the columns as a float64 each and what it lacks (Knuth's two-sum, in halves).

    Cell by cell, since NumPy's own sum takes another order where there is one row only.
    """
    low: Floats | None = None
    while (half := len(terms) // 2) > 0:
        x, y, odd = terms[:half], terms[half : 2 * half], terms[2 * half :]
        total = x + y
        y_virtual = total - x
        x_virtual = total - y_virtual
        lost = np.subtract(y, y_virtual, out=y_virtual)
        lost += np.subtract(x, x_virtual, out=x_virtual)
        if low is not None:
            lost += low[:half]
            lost += low[half : 2 * half]
        if len(odd):
            lost = np.concatenate((lost, np.zeros_like(odd) if low is None else low[2 * half :]))
            total = np.concatenate((total, odd))
        terms, low = total, lost
    return terms[0], np.zeros_like(terms[0]) if low is None else low[0]


def _within(values: Floats) -> Mask:
    sizes = np.abs(values)
    within: Mask = (sizes < LARGEST) & (sizes > SMALLEST) | (sizes == 0)
    return within


def _are_ordinary(differences: Floats, weights: Floats | None) -> Mask | None:
    """Which cells the fast way can add, ``None`` if it can add all."""
    ordinary = _within(differences)
    if weights is not None:
        ordinary &= _within(weights)
    return None if ordinary.all() else ordinary
