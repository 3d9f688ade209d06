"""Exact sums of float64 columns: any order, any cut into blocks, any number of workers gives the same bits.

Two classical pieces, both without a rounding error:

* Inside a block, error-free extraction (Rump, Ogita and Oishi, "Accurate floating-point summation part I",
  2008): with σ a power of two above n·max, ``q = (σ + x) − σ`` holds the leading bits of every x, all partial
  sums of q are exact whatever their order, and ``x − q`` is the exact rest, extracted again until it is zero.
* Over blocks, floating-point expansions (Shewchuk, "Adaptive precision floating-point arithmetic", 1997): a sum
  is kept as a few vectors whose exact sum it is; adding one more passes Knuth's two-sum down them.

The only rounding is the one at the end (``math.fsum``), so a merged sum equals the sum of everything at once.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fractions import Fraction  # at run time only where ordinary numbers do not suffice: it costs start-up

Floats = NDArray[np.float64]

# Blocks are summed in lanes, several matrix rows side by side, so that NumPy's inner loop stays long for narrow
# matrices and few bits of headroom are spent. Measured best of 512 … 8192 at 256 Ki cells a block.
LANE_WIDTH = 1024

# Lanes whose largest terms differ by fewer bits share one σ: adding a number is faster than adding a vector, and what
# the smaller lanes lose of their leading 45 bits comes with the rest.
ALIKE_BITS = 10

# A term is stored as t·2^(−BUCKET·b): bucket 0 for all ordinary numbers, others for terms float64 cannot hold.
BUCKET = 1024
LARGEST_ORDINARY = 2.0 ** (BUCKET // 2)


def lanes_of(n_columns: int) -> int:
    """How many matrix rows of that width lie side by side in a lane row."""
    return max(1, LANE_WIDTH // n_columns)


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


class ColumnSums:
    """The exact sum of each column over any number of blocks.

    Attributes:
        n_columns: C.
        buckets: For each bucket b an expansion of the terms stored as t·2^(−1024·b), a vector over lanes.
        special: The sum of the terms that are no numbers (NaN, ±inf), 0 where there were none.
    """

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        self.buckets: dict[int, Expansion] = {}
        self.special = np.zeros(n_columns)

    @classmethod
    def of(cls, totals: list[Total]) -> ColumnSums:
        """Column sums that hold exactly these totals.

        >>> ColumnSums.of([Total({0: [1e16, 1.0]}), Total({})]).totals()[0].buckets
        {0: [1e+16, 1.0]}
        """
        sums = cls(len(totals))
        sums.special[:] = [total.special for total in totals]
        for bucket in {bucket for total in totals for bucket in total.buckets}:
            expansion = sums.buckets.setdefault(bucket, Expansion())
            terms = [total.buckets.get(bucket, []) for total in totals]
            for several in itertools.zip_longest(*terms, fillvalue=0.0):
                lanes = np.zeros(sums.width)
                lanes[: len(totals)] = several
                expansion.add(lanes)
        return sums

    @property
    def width(self) -> int:
        """How many lanes there are; lane i belongs to column i mod C."""
        return lanes_of(self.n_columns) * self.n_columns

    def add_lanes(self, lanes: Floats, scratch: Floats, *, largest: Floats, bucket: int = 0) -> None:
        """Add every row of ``lanes``: terms from 0 to ``largest`` ≤ 2^512 of each lane. Overwrites both arrays."""
        expansion = self.buckets.setdefault(bucket, Expansion())
        headroom = len(lanes).bit_length()  # n < 2^headroom terms
        exponent = _shared(np.frexp(largest)[1])
        while True:
            sigma = np.ldexp(1.0, exponent + headroom)
            np.add(lanes, sigma, out=scratch)
            np.subtract(scratch, sigma, out=scratch)
            expansion.add(scratch.sum(axis=0))  # exact: multiples of ulp(σ) below σ
            lanes, scratch = _rest(lanes, scratch)
            if not len(lanes):
                return
            exponent = exponent + headroom - 53  # the rest is at most half an ulp of σ

    def add(self, terms: Floats, *, bucket: int = 0) -> None:
        """Add every row of an n×C matrix of terms from 0 to 2^512."""
        rows = -(-terms.size // self.width)
        lanes = np.zeros((rows, self.width))
        lanes.reshape(-1)[: terms.size] = terms.reshape(-1)
        self.add_lanes(lanes, np.empty_like(lanes), largest=lanes.max(axis=0), bucket=bucket)

    def add_product(self, *factors: Floats, smallest_bucket: int | None = None) -> None:
        """Add the cell-wise product of n×C factors, also where float64 cannot hold it; NaN and ±inf count too.

        Products are at least 0 and rounded from left to right, as ``a * b * c`` rounds them, but do not overflow;
        nor underflow, unless ``smallest_bucket`` is 0, which keeps the underflow that the cells themselves show.
        """
        with np.errstate(all="ignore"):
            plain = math.prod(factors[1:], start=factors[0])
        finite = np.logical_and.reduce([np.isfinite(factor) for factor in factors])
        self.special += np.where(finite, 0.0, plain).sum(axis=0)
        mantissa, exponent = np.ones(plain.shape), np.zeros(plain.shape, dtype=np.int64)
        for factor in factors:
            m, e = np.frexp(np.where(finite, factor, 0.0))
            mantissa *= m
            exponent += e
        bucket_of = (exponent + BUCKET // 2) // BUCKET
        if smallest_bucket is not None:
            bucket_of = np.maximum(bucket_of, smallest_bucket)
        for bucket in np.unique(bucket_of[mantissa != 0]).tolist():
            here = (bucket_of == bucket) & (mantissa != 0)
            scaled = np.ldexp(np.where(here, mantissa, 0.0), exponent * here - BUCKET * bucket)
            self.add(np.where(here, plain, 0.0) if bucket == smallest_bucket else scaled, bucket=bucket)

    def __iadd__(self, other: ColumnSums) -> ColumnSums:
        """Add what another one has summed, exactly."""
        for bucket, expansion in other.buckets.items():
            mine = self.buckets.setdefault(bucket, Expansion())
            for part in expansion.parts:
                mine.add(part)
        self.special += other.special
        return self

    def totals(self) -> list[Total]:
        """The exact sum of each column."""
        by_column = [
            {bucket: _compact(_lanes_of_column(e, j, self.n_columns)) for bucket, e in self.buckets.items()}
            for j in range(self.n_columns)
        ]
        return [Total(parts, float(s)) for parts, s in zip(by_column, self.special, strict=True)]


def _shared(exponents: NDArray[np.intc]) -> NDArray[np.intc]:
    """The largest exponent for all lanes if they are alike, else one for each."""
    largest = exponents.max()
    return np.array(largest) if largest - exponents.min() < ALIKE_BITS else exponents


def _rest(lanes: Floats, taken: Floats) -> tuple[Floats, Floats]:
    """What is left of the rows that have not been taken whole, and as many rows of scratch space."""
    if (lanes[0] != taken[0]).any():  # most often, after the first round: no need to look at every row
        return np.subtract(lanes, taken, out=lanes), taken
    left = np.flatnonzero((lanes != taken).any(axis=1))
    return lanes[left] - taken[left], taken[: len(left)]


class Total:
    """One exact sum: floats per bucket with that sum, and the NaN or ±inf that outweighs them if not 0."""

    def __init__(self, buckets: dict[int, list[float]], special: float = 0.0):
        self.buckets = {bucket: parts for bucket, parts in buckets.items() if parts}
        self.special = special

    @classmethod
    def of(cls, totals: list[Total]) -> Total:
        """The exact sum of several."""
        keys = {bucket for total in totals for bucket in total.buckets}
        merged = {b: _compact([x for t in totals for x in t.buckets.get(b, [])]) for b in keys}
        return cls(merged, float(np.sum([total.special for total in totals])))

    def exact(self) -> Fraction:
        """The sum of the finite terms as a rational number."""
        from fractions import Fraction

        return sum(
            (Fraction(x) * Fraction(2) ** (BUCKET * b) for b, xs in self.buckets.items() for x in xs),
            start=Fraction(0),
        )

    def rounded(self, divisor: Fraction | int = 1) -> float:
        """The sum / divisor, rounded once; ±inf where float64 cannot hold it.

        >>> from fractions import Fraction
        >>> Total({1: [1.0]}).rounded(), Total({1: [1.0]}).rounded(Fraction(2) ** 1024)
        (inf, 1.0)
        """
        if self.special != 0:
            return self.special
        if self.buckets.keys() <= {0} and divisor == 1:
            return math.fsum(self.buckets.get(0, []))
        return rounded(self.exact() / divisor)


def rounded(value: Fraction | int) -> float:
    """The float64 nearest to a rational number, ±inf where it is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _lanes_of_column(expansion: Expansion, column: int, n_columns: int) -> list[float]:
    return [x for part in expansion.parts for x in part[column::n_columns].tolist() if x]


def _compact(terms: list[float]) -> list[float]:
    """The shortest list of floats with the same exact sum: the rounded sum, then the rest of it, and so on."""
    parts: list[float] = []
    while rest := math.fsum([*terms, *(-part for part in parts)]):
        parts.append(rest)
    return parts
