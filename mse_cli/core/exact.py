"""Exact sums of float64 columns: any order, any cut into blocks, any number of workers gives the same bits.

Three classical pieces, all without a rounding error:

* Within a block, error-free extraction (Rump, Ogita and Oishi, "Accurate floating-point summation part I", 2008):
  with σ a power of two, ``q = (σ + x) − σ`` holds the leading bits of every x, partial sums of q are exact in any
  order as long as they stay below σ, and ``x − q`` is the exact rest.
* From block to block, integers that count in a fixed unit: two digits of Kulisch's long accumulator, whose headroom
  says how often one may add (Demmel and Hida, "Accurate and efficient floating point summation", 2003).
* From scale to scale, floating-point expansions (Shewchuk, "Adaptive precision floating-point arithmetic", 1997): a
  sum is kept as a few vectors whose exact sum it is; adding one more passes Knuth's two-sum down them.

The only rounding is the one at the end (``math.fsum``), so a merged sum equals the sum of everything at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fractions import Fraction

Floats = NDArray[np.float64]
Integers = NDArray[np.signedinteger[Any]]
Mask = NDArray[np.bool_]

# Terms are summed in lanes, several matrix rows side by side, so that NumPy's inner loop stays long for narrow
# matrices; so many that each of NumPy's calls is long and a second thread can work beside it.
LANE_WIDTH = 1024
LANE_CELLS = 128 * 1024
FEWEST_LANE_ROWS = 8  # however wide they are, so that a wide matrix does not pay each step's overhead per row
STRIPE = LANE_CELLS // FEWEST_LANE_ROWS  # columns; those of a wide matrix are summed so many at a time, in little room

ALIKE = 20  # bits: columns whose sums differ by fewer share one σ, since adding a number is faster than adding an array
LOWEST = -900  # exponent of σ, so that float64 holds all units and their reciprocals
MOST_TAKEN = 1000  # sums of at most 2^53 units: int64 holds 1023
MOST_ASIDE = 16  # blocks of which terms were set aside
FEW = 32

# A term is stored as t·2^(−BUCKET·b) with t from 2^-512 to 2^512: bucket 0 for all ordinary numbers, others for terms
# float64 cannot hold.
BUCKET = 1024
LARGEST_ORDINARY = 2.0 ** (BUCKET // 2)


def lanes_of(n_columns: int) -> int:
    """How many matrix rows of that width lie side by side in a lane row."""
    return max(1, LANE_WIDTH // n_columns)


def is_wide(n_columns: int) -> bool:
    """Whether a matrix has so many columns that they are worked on some after the others."""
    return n_columns > STRIPE


def stripes(n_columns: int) -> Iterator[slice]:
    """The columns of a matrix, so many at a time that what is made of them is small.

    >>> list(stripes(20_000))
    [slice(0, 16384, None), slice(16384, 20000, None)]
    """
    for start in range(0, n_columns, STRIPE):
        yield slice(start, min(start + STRIPE, n_columns))


class Expansion:
    """An exact sum of float64 vectors, held as few vectors with the same exact sum.

    >>> total = Expansion()
    >>> for term in (1e16, 1.0, -1e16):
    ...     total.add(np.array([term]))
    >>> math.fsum(part[0] for part in total.parts)
    1.0
    """

    def __init__(self) -> None:
        self.parts: list[Floats] = []

    def add(self, values: Floats) -> None:
        """Add a vector, exactly; it must not be changed afterwards. Finite values below 2^1000 only."""
        for i, part in enumerate(self.parts):
            total = part + values
            rounded = total - part
            values = (part - (total - rounded)) + (values - rounded)  # what the addition lost
            self.parts[i] = total
            if not values.any():
                return
        self.parts.append(values)

    def add_to(self, columns: slice, values: Floats, n_columns: int) -> None:
        """Add a vector to these of so many columns, likewise."""
        some = Expansion()
        some.parts = [part[columns] for part in self.parts]
        some.add(values)
        for _ in some.parts[len(self.parts) :]:
            self.parts.append(np.zeros(n_columns))
        for part, changed in zip(self.parts, some.parts, strict=True):
            part[columns] = changed

    def add_cells(self, values: Floats, columns: Integers, n_columns: int) -> None:
        """Add each value to its column, exactly, whatever the signs and magnitudes; finite values below 2^900 only."""
        headroom = len(values).bit_length()  # n < 2^headroom
        while len(values):
            sigma = math.ldexp(1.0, math.frexp(np.abs(values).max())[1] + headroom)
            leading = (values + sigma) - sigma
            self.add(np.bincount(columns, leading, n_columns).astype(np.float64))  # multiples of ulp(σ)/2, up to σ
            values = values - leading
            left = np.flatnonzero(values)
            values, columns = values[left], columns[left]


class Lanes:
    """Ordinary terms of C columns on their way into an expansion: room to write them into, and their sums so far.

    With σ = 2^e, the sum of a lane is two integers:

    * The first counts ulps of σ: the leading bits q of the terms. The sum of a block's q is exact if it is below σ, and
      it is not below if any term is σ or more, inf or NaN: nobody needs to look for these.
    * The second counts the rests x − q, at most half an ulp of σ each, in units of 2^(e − 106 + d): the rests of the
      2^d rows that there is room for are 2^53 units at most. Terms with bits below that are set aside.
    """

    def __init__(self, n_columns: int, expansion: Expansion):
        self.n_columns = n_columns
        self._expansion = expansion
        self._width = lanes_of(n_columns) * n_columns
        self._terms = np.empty((max(FEWEST_LANE_ROWS, LANE_CELLS // self._width), self._width))
        self._scratch = np.empty_like(self._terms)
        self._mask = np.empty(self._terms.shape, dtype=bool)
        self._depths = np.array([[52], [106 - (len(self._terms) - 1).bit_length()]])
        self._sums = np.zeros((2, self._width), dtype=np.int64)
        self._n_taken = 0
        self._aside: list[tuple[Floats, Integers]] = []
        self._set_sigma(np.array([LOWEST]))

    @property
    def n_rows(self) -> int:
        """How many matrix rows there is room for."""
        return self._terms.size // self.n_columns

    def room(self, n_rows: int) -> Floats:
        """So many rows, to be written into."""
        return self._terms.reshape(-1)[: n_rows * self.n_columns].reshape(n_rows, self.n_columns)

    def take(self, n_rows: int) -> bool:
        """Add the terms in so many rows, all at least 0; add none of them unless all are below 2^512."""
        size = n_rows * self.n_columns
        terms = self._terms[: -(-size // self._width)]
        terms.reshape(-1)[size:] = 0.0
        with np.errstate(all="ignore"):
            leading, taken, small = self._extract(terms)
            if not (leading < self._sigma[0]).all() or np.count_nonzero(small) > size // FEW:
                sums = np.add.reduce(terms, axis=0)
                if not sums.max() < LARGEST_ORDINARY:  # NaN neither
                    return False
                if self._fit_sigma(sums):
                    leading, taken, small = self._extract(terms)
        rest = np.subtract(terms, taken, out=taken)
        if small.any():
            self._set_aside(rest, small, scratch=terms)
        self._sums += (np.stack([leading, np.add.reduce(rest, axis=0)]) * self._per_unit).astype(np.int64)
        self._n_taken += 1
        if self._n_taken == MOST_TAKEN:
            self.empty()
        return True

    def _extract(self, terms: Floats) -> tuple[Floats, Floats, Mask]:
        """The sums of the terms' leading bits; these bits; which terms have bits below the second unit."""
        sigma = self._sigma[: len(terms)]
        taken = np.add(terms, sigma, out=self._scratch[: len(terms)])
        np.subtract(taken, sigma, out=taken)
        small = np.less(terms, self._least[: len(terms)], out=self._mask[: len(terms)])
        if small.any():
            small &= terms > 0
        return np.add.reduce(taken, axis=0), taken, small

    def _set_aside(self, rest: Floats, small: Mask, *, scratch: Floats) -> None:
        """Take the rests of small terms out of the lanes; where they are many, bits of all of them first."""
        headroom = (rest.size // self.n_columns).bit_length()
        sigma = self._sigma[0] * 2.0 ** (headroom - 53)
        while np.count_nonzero(small) > rest.size // FEW:
            np.add(rest, sigma, out=scratch)
            np.subtract(scratch, sigma, out=scratch)
            self._expansion.add(scratch.sum(axis=0).reshape(-1, self.n_columns).sum(axis=0))
            np.subtract(rest, scratch, out=rest)
            np.not_equal(rest, 0, out=small)
            sigma = sigma * 2.0 ** (headroom - 53)  # what is left is at most half an ulp of σ
        cells, flat = np.flatnonzero(small), rest.reshape(-1)
        self._aside.append((flat[cells], cells % self.n_columns))
        flat[cells] = 0.0
        if len(self._aside) == MOST_ASIDE:
            self._add_aside()

    def _add_aside(self) -> None:
        if self._aside:
            values, columns = map(np.concatenate, zip(*self._aside, strict=True))
            self._expansion.add_cells(values, columns, self.n_columns)
            self._aside.clear()

    def empty(self) -> None:
        """Move all sums into the expansion."""
        if self._n_taken == 0:
            return
        self._add_aside()
        for half, shift in ((self._sums >> 32, 32), (self._sums & 0xFFFFFFFF, 0)):  # of which float64 holds many
            of_columns = half.reshape(2, -1, self.n_columns).sum(axis=1).astype(np.float64)
            for values in np.ldexp(of_columns, self._exponents + shift - self._depths):
                self._expansion.add(values)
        self._sums[:] = 0
        self._n_taken = 0

    def _fit_sigma(self, sums: Floats) -> bool:
        """Raise or lower σ, for each column, so that it is above the largest of these sums; whether it changes."""
        largest = sums.reshape(-1, self.n_columns).max(axis=0)
        exponents = np.maximum(np.frexp(largest)[1] + 1, LOWEST)
        exponents[largest == 0] = exponents.max()
        too_high = self._exponents - exponents > ALIKE
        exponents = np.where(too_high, exponents, np.maximum(exponents, self._exponents))
        changes = bool((exponents != self._exponents).any())
        if changes:
            self.empty()
            self._set_sigma(exponents)
        return changes

    def _set_sigma(self, exponents: Integers) -> None:
        """σ = 2^e, one for all columns if they are alike; an array of the terms' shape is added faster than a row."""
        alike = exponents.max() - exponents.min() < ALIKE
        self._exponents = exponents.max(keepdims=True) if alike else exponents
        shape = (1, 1) if alike else self._terms.shape
        lanes = np.resize(self._exponents, shape[1])
        self._sigma = np.broadcast_to(np.ldexp(1.0, lanes), shape).copy()
        self._least = self._sigma * 2.0 ** int(52 - self._depths[1, 0])
        self._per_unit = np.ldexp(1.0, self._depths - lanes)


def significands(factors: list[Floats]) -> tuple[Floats, Integers]:
    """The product of finite factors, whatever its magnitude, as m·2^e with ½ ≤ |m| < 1 or m = 0."""
    mantissas, exponents = np.frexp(factors[0])
    for factor in factors[1:]:
        mantissa, exponent = np.frexp(factor)
        mantissas, carried = np.frexp(mantissas * mantissa)
        exponents = exponents + exponent + carried
    return mantissas, exponents


class Total:
    """One exact sum: floats per bucket with that sum, and the NaN or ±inf that outweighs them if not 0."""

    def __init__(self, buckets: dict[int, list[float]], special: float = 0.0):
        self.buckets = {bucket: parts for bucket, parts in buckets.items() if parts}
        self.special = special

    def exact(self) -> Fraction:
        """The sum of the finite terms as a rational number."""
        return sum((scaled(x, BUCKET * b) for b, xs in self.buckets.items() for x in xs), start=scaled(0.0, 0))

    def rounded(self, divisor: Fraction | int = 1) -> float:
        """The sum / divisor, rounded once; ±inf where float64 cannot hold it.

        >>> Total({1: [1.0]}).rounded(), Total({1: [1.0]}).rounded(2**1024)
        (inf, 1.0)
        """
        if self.special != 0:
            return self.special
        if self.buckets.keys() <= {0} and divisor == 1:
            return math.fsum(self.buckets.get(0, []))
        return rounded(self.exact() / divisor)


def scaled(x: float, exponent: int) -> Fraction:
    """x·2^exponent as a rational number."""
    from fractions import Fraction  # only where ordinary numbers do not suffice: it costs start-up

    return Fraction(x) * Fraction(2) ** exponent


def rounded(value: Fraction | int) -> float:
    """The float64 nearest to a rational number, ±inf where it is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def compact(terms: list[float]) -> list[float]:
    """The shortest list of floats with the same exact sum: the rounded sum, then the rest of it, and so on."""
    parts: list[float] = []
    while rest := math.fsum([*terms, *(-part for part in parts)]):
        parts.append(rest)
    return parts
