"""Exact sums of products that are not rounded: what cancels in a variance or in R² needs all their bits.

Numbers are cut into slices of so few bits that a sum of products of two slices is exact in float64 (Ozaki, Ogita,
Oishi and Rump, "Error-free transformations of matrix multiplication", 2012).
"""

from __future__ import annotations

import math

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.core.exact import Total
from mse_cli.core.tallies.column_sums import ColumnSums

# Of factors of which a product of three, down to its last bit, is an ordinary number.
SMALLEST, LARGEST = 2.0**-150, 2.0**150
SPLIT = 2.0**27 + 1
MOST_SLICES = 8  # about 20 bits each: of numbers that are further apart, each is looked at for itself
ALONE = 1 << 18  # multiplications of a matrix product, for more of which OpenBLAS would start threads of its own
MOST_WAITING = 1 << 14  # sums, to be added together


def are_ordinary(factors: Floats) -> bool:
    """Whether they are finite, and neither so large nor so small that a bit of a product of three could be lost."""
    sizes = np.abs(factors)
    if not sizes.max(initial=0.0) < LARGEST:  # NaN neither
        return False
    return bool(sizes.min(initial=1.0) > SMALLEST or not ((sizes < SMALLEST) & (sizes > 0)).any())


def exact_product(values: Floats, factor: Floats) -> tuple[Floats, Floats]:
    """The product as it is rounded, and the rest: Dekker, "A floating-point technique …" (1971).

    >>> high, low = exact_product(np.array([1.0 + 2.0**-52]), np.array([1.0 + 2.0**-52]))
    >>> (high - 1).tolist() == [2.0**-51], low.tolist() == [2.0**-104]
    (True, True)
    """
    product = values * factor
    high, low = _halves(values)
    factor_high, factor_low = (high, low) if factor is values else _halves(factor)
    lost = high * factor_high
    lost -= product
    lost += high * factor_low
    lost += low * factor_high
    lost += low * factor_low
    return product, lost


def _halves(values: Floats) -> tuple[Floats, Floats]:
    """Values as the sum of two of 26 bits each (Veltkamp)."""
    high = values * SPLIT
    high = high - (high - values)
    return high, values - high


def slices_of(values: Floats) -> Floats | None:
    """C×n numbers as a sum of such, k×C×n, of which any products' sum along a row is exact; ``None`` for too many.

    >>> [part.tolist() for part in slices_of(np.array([[1e9 + 2.0**-20, 3.0]]))]
    [[[1000000000.0, 0.0]], [[9.5367431640625e-07, 3.0]]]
    """
    bits = (53 - values.shape[1].bit_length()) // 2
    largest = np.maximum(values.max(axis=1, initial=0.0), -values.min(axis=1, initial=0.0))
    sigma = np.ldexp(1.5, np.frexp(largest)[1] - bits + 52)[:, np.newaxis]
    slices, rest = np.empty((MOST_SLICES, *values.shape)), values.copy()
    for k, part in enumerate(slices):
        if not rest.any():
            return slices[:k]
        np.add(rest, sigma, out=part)
        part -= sigma
        rest -= part
        sigma = sigma * 2.0**-bits  # what is left is at most half a unit of the slice
    return None if rest.any() else slices


class ProductSums:
    """The exact sum of each column's products, of any sign, over any number of blocks."""

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        self._sums = ColumnSums(n_columns)
        self._waiting: list[Floats] = []

    @classmethod
    def of(cls, totals: list[Total]) -> ProductSums:
        """Sums that hold exactly these totals."""
        sums = cls(len(totals))
        sums._sums = ColumnSums.of(totals)
        return sums

    def add(self, slices: Floats) -> None:
        """Add what slices hold."""
        for sums in np.add.reduce(slices, axis=2):
            self._add(sums)

    def add_products(self, slices: Floats, others: Floats) -> None:
        """Add the products of what two times slices hold, which may be the same: a matrix product sums all pairs."""
        step = ALONE // (len(slices) * len(others) or 1)
        for start in range(0, slices.shape[2], step):
            some = slice(start, start + step)
            products = slices[..., some].transpose(1, 0, 2) @ others[..., some].transpose(1, 2, 0)
            for sums in products.reshape(self.n_columns, -1).T:
                self._add(sums)

    def _add(self, sums: Floats) -> None:
        self._waiting.append(sums)
        if len(self._waiting) * self.n_columns >= MOST_WAITING:
            self._empty()

    def _empty(self) -> None:
        if self._waiting:
            values = np.concatenate(self._waiting)
            self._sums.add_scaled(values, np.zeros(len(values), dtype=np.int64), self._columns_of(values))
            self._waiting.clear()

    def add_any(self, *factors: Floats) -> None:
        """Add the cell-wise product of C×n factors of any size, of NaN and ±inf too."""
        with np.errstate(all="ignore"):
            finite = np.logical_and.reduce([np.isfinite(factor) for factor in factors])
            self._sums.special += np.where(finite, 0.0, math.prod(factors[1:], start=factors[0])).sum(axis=1)
        split = [np.frexp(np.where(finite, factor, 0.0).T.reshape(-1)) for factor in factors]
        exponents = np.sum([exponent for _, exponent in split], axis=0)
        terms = [split[0][0]]
        for mantissas, _ in split[1:]:
            terms = [part for term in terms for part in exact_product(term, mantissas)]
        for values in terms:
            self._sums.add_scaled(values, exponents, self._columns_of(values))

    def _columns_of(self, values: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.arange(len(values)) % self.n_columns

    def __iadd__(self, other: ProductSums) -> ProductSums:
        """Add what another one has summed, exactly."""
        other._empty()
        self._sums += other._sums
        return self

    def totals(self, columns: slice = slice(None)) -> list[Total]:
        """The exact sum of each column, or of some."""
        self._empty()
        return self._sums.totals(columns)
