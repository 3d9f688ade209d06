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
    (high, low), (factor_high, factor_low) = _halves(values), _halves(factor)
    product = values * factor
    return product, ((high * factor_high - product) + high * factor_low + low * factor_high) + low * factor_low


def _halves(values: Floats) -> tuple[Floats, Floats]:
    """Values as the sum of two of 26 bits each (Veltkamp)."""
    high = values * SPLIT
    high = high - (high - values)
    return high, values - high


def slices_of(values: Floats) -> list[Floats] | None:
    """C×n numbers as a sum of such, the sum along a row of any products of which is exact; ``None`` for too many.

    >>> [part.tolist() for part in slices_of(np.array([[1e9 + 2.0**-20, 3.0]]))]
    [[[1000000000.0, 0.0]], [[9.5367431640625e-07, 3.0]]]
    """
    bits = (53 - values.shape[1].bit_length()) // 2
    found, rest = list[Floats](), values
    while len(found) < MOST_SLICES:
        largest = np.maximum(rest.max(axis=1, initial=0.0), -rest.min(axis=1, initial=0.0))
        if not largest.any():
            return found
        sigma = np.ldexp(1.5, np.frexp(largest)[1] - bits + 52)[:, np.newaxis]
        part = rest + sigma
        part -= sigma
        found.append(part)
        rest = rest - part
    return None


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

    def add(self, parts: list[Floats]) -> None:
        """Add what slices hold."""
        for part in parts:
            self._add(np.add.reduce(part, axis=1))

    def add_products(self, parts: list[Floats], others: list[Floats]) -> None:
        """Add the products of what two lists of slices hold, which may be the same."""
        squares = others is parts
        for k, part in enumerate(parts):
            for other in others[: k + 1] if squares else others:
                products = np.einsum("cn,cn->c", part, other)
                self._add(products * 2.0 if squares and other is not part else products)

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

    def totals(self) -> list[Total]:
        """The exact sum of each column."""
        self._empty()
        return self._sums.totals()
