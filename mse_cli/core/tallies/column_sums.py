"""The exact sum of each column over any number of blocks: ``ColumnSums``."""

from __future__ import annotations

import itertools
import math

import numpy as np

from mse_cli.core.blocks import Block, Floats, masked_difference
from mse_cli.core.exact import (
    BUCKET,
    LARGEST_ORDINARY,
    Expansion,
    Integers,
    Lanes,
    Total,
    compact,
    significands,
    stripes,
)

FEW_COLUMNS = 16


class ColumnSums:
    """The exact sum of each column over any number of blocks.

    Attributes:
        n_columns: C.
        special: The sum of the terms that are no numbers (NaN, ±inf), 0 where there were none.
    """

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        self.special = np.zeros(n_columns)
        self._buckets = {0: Expansion()}
        self._lanes: Lanes | None = None

    @classmethod
    def of(cls, totals: list[Total]) -> ColumnSums:
        """Column sums that hold exactly these totals.

        >>> ColumnSums.of([Total({0: [1e16, 1.0]}), Total({})]).totals()[0].buckets
        {0: [1e+16, 1.0]}
        """
        sums = cls(len(totals))
        sums.special[:] = [total.special for total in totals]
        for bucket in {bucket for total in totals for bucket in total.buckets}:
            terms = [total.buckets.get(bucket, []) for total in totals]
            for several in itertools.zip_longest(*terms, fillvalue=0.0):
                sums._bucket(bucket).add(np.array(several))
        return sums

    @property
    def lanes(self) -> Lanes:
        """Where ordinary terms are added, quickly."""
        if self._lanes is None:
            self._lanes = Lanes(self.n_columns, self._buckets[0])
        return self._lanes

    @property
    def buckets(self) -> dict[int, Expansion]:
        """For each bucket b an expansion of the terms stored as t·2^(−1024·b)."""
        if self._lanes is not None:
            self._lanes.empty()
        return self._buckets

    def settle(self) -> None:
        """Let go of the scratch space of what was added quickly."""
        if self._lanes is not None:
            self._lanes.empty()
            self._lanes = None

    def _bucket(self, bucket: int) -> Expansion:
        return self._buckets.setdefault(bucket, Expansion())

    def add_product(self, *factors: Floats, smallest_bucket: int = -BUCKET, columns: Integers | None = None) -> None:
        """Add the cell-wise product of n×C factors, also where float64 cannot hold it; NaN and ±inf count too.

        Each goes to its column, or to the one that ``columns`` says for it. Products are at least 0 and rounded from
        left to right, as ``a * b * c`` rounds them, but do not overflow;
        nor underflow, unless ``smallest_bucket`` is 0, which keeps the underflow that the cells themselves show.
        """
        with np.errstate(all="ignore"):
            plain = math.prod(factors[1:], start=factors[0])
            finite = np.logical_and.reduce([np.isfinite(factor) for factor in factors])
            if columns is None:
                columns = np.arange(plain.size) % self.n_columns
            np.add.at(self.special, columns, np.where(finite, 0.0, plain).reshape(-1))
            mantissas, exponents = significands([np.where(finite, factor, 0.0) for factor in factors])
            buckets = np.maximum((exponents - 1 + BUCKET // 2) // BUCKET, smallest_bucket)
            for bucket in np.unique(buckets[mantissas != 0]).tolist():
                cells = np.flatnonzero((buckets == bucket) & (mantissas != 0))
                values = plain if bucket == smallest_bucket else np.ldexp(mantissas, exponents - BUCKET * bucket)
                self._bucket(bucket).add_cells(values.reshape(-1)[cells], columns[cells], self.n_columns)

    def add_grouped(self, terms: Floats, groups: Integers, bucket: int = 0) -> None:
        """Add each row of n×C terms below 2^900 to its group, which are the columns here; exactly."""
        headroom = terms.size.bit_length()
        while largest := max(terms.max(initial=0.0), -terms.min(initial=0.0)):
            sigma = math.ldexp(1.0, math.frexp(largest)[1] + headroom)
            leading = terms + sigma
            leading -= sigma
            sums = np.bincount(groups, _row_sums(leading), self.n_columns)
            self._bucket(bucket).add(sums.astype(np.float64))
            terms = np.subtract(terms, leading, out=leading)

    def placed(self, columns: Integers, n_columns: int) -> ColumnSums:
        """Each column's sum in the place that ``columns`` says, among so many."""
        wider = ColumnSums(n_columns)
        wider.special[columns] = self.special
        for bucket, expansion in self.buckets.items():
            for part in expansion.parts:
                values = np.zeros(n_columns)
                values[columns] = part
                wider._bucket(bucket).add(values)
        return wider

    def add_scaled(self, values: Floats, exponents: Integers, columns: Integers) -> None:
        """Add each value·2^exponent, of values from 2^-300 to 1, to its column, exactly."""
        buckets = (exponents + BUCKET // 2) // BUCKET
        for bucket in np.unique(buckets[values != 0]).tolist():
            cells = np.flatnonzero((buckets == bucket) & (values != 0))
            scaled = np.ldexp(values[cells], exponents[cells] - BUCKET * bucket)
            self._bucket(bucket).add_cells(scaled, columns[cells], self.n_columns)

    def __iadd__(self, other: ColumnSums) -> ColumnSums:
        """Add what another one has summed, exactly."""
        for columns in stripes(self.n_columns):
            self.add_to(columns, other, columns)
        return self

    def add_to(self, columns: slice, other: ColumnSums, of: slice = slice(None)) -> None:
        """Add what another one has summed, or some columns of it, to these columns."""
        for bucket, expansion in other.buckets.items():
            for part in expansion.parts:
                self._bucket(bucket).add_to(columns, part[of], self.n_columns)
        if other.special[of].any():
            self.special[columns] += other.special[of]

    def totals(self, columns: slice = slice(None)) -> list[Total]:
        """The exact sum of each column, or of some."""
        special = self.special[columns].tolist()
        parts = {b: _compacted([part[columns] for part in e.parts], len(special)) for b, e in self.buckets.items()}
        return [Total({b: floats[j] for b, floats in parts.items()}, it) for j, it in enumerate(special)]

    def rounded(self, columns: slice) -> Floats | None:
        """The sums of these columns rounded once; ``None`` unless an addition of two floats is all that it takes."""
        few, beyond = self.buckets[0].parts[:2], [self.special, *self.buckets[0].parts[2:]]
        beyond += [part for bucket, expansion in self.buckets.items() if bucket for part in expansion.parts]
        if not few or any(part[columns].any() for part in beyond):
            return None
        return np.asarray(np.add.reduce([part[columns] for part in few], axis=0))

    def total(self) -> Total:
        """The exact sum of all columns."""
        whole, group = ColumnSums(1), np.zeros(1, dtype=np.intp)
        for bucket, expansion in self.buckets.items():
            for part in expansion.parts:
                for columns in stripes(self.n_columns):
                    whole.add_grouped(part[np.newaxis, columns], group, bucket)
        whole.special[0] = self.special.sum()
        return whole.totals()[0]


def row_sums(block: Block) -> list[float]:
    """Σ M·W·E² along each row, rounded once.

    >>> row_sums(Block(0, np.array([[1.0, 2.0], [0.0, 3.0]]), np.zeros((2, 2))))
    [5.0, 9.0]
    """
    if block.row_sums is not None:
        return block.row_sums
    n_rows, n_columns = block.shape
    sums, rows = ColumnSums(n_rows), np.arange(n_rows)
    for columns in stripes(n_columns):
        some = block.columns(columns)
        errors = masked_difference(some)
        with np.errstate(all="ignore"):
            terms = errors * errors if some.weights is None else errors * errors * some.weights
        if terms.max(initial=0.0) < LARGEST_ORDINARY:
            sums.add_grouped(terms, rows)
        else:
            sums.add_product(terms, smallest_bucket=0, columns=rows.repeat(terms.shape[1]))
    return [total.rounded() for total in sums.totals()]


def _compacted(parts: list[Floats], n_columns: int) -> list[list[float]]:
    """Each column of the parts as ``compact`` has it: of two numbers at once, by an addition and what it loses."""
    rows = np.concatenate([np.array(parts).reshape(-1, n_columns), np.zeros((2, n_columns))])
    total = rows[0] + rows[1]
    second = total - rows[0]
    lost = (rows[0] - (total - second)) + (rows[1] - second)
    floats = [[x for x in both if x] for both in zip(total.tolist(), lost.tolist(), strict=True)]
    for j in np.flatnonzero(rows[2:].any(axis=0)).tolist():
        floats[j] = compact(rows[:, j].tolist())
    return floats


def _row_sums(cells: Floats) -> Floats:
    """The sum of each row, column by column where rows are short: NumPy is slow at short sums."""
    if cells.shape[1] > FEW_COLUMNS:
        return np.asarray(np.add.reduce(cells, axis=1))
    return sum((cells[:, j] for j in range(1, cells.shape[1])), start=cells[:, 0])
