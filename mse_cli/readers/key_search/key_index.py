"""Where keys stand: found by their hashes, confirmed by their bytes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mse_cli.readers.key_search.packed_keys import PackedKeys, pack

Rows = NDArray[np.intp]
Starts = NDArray[np.int32] | NDArray[np.int64]

MOST_ALIKE = 64  # hashes that begin alike, of which half a one is expected; more are no accident


class KeyIndex(Protocol):
    """Finds keys among others."""

    def find(self, keys: Sequence[str]) -> Rows:
        """The row of each, −1 where it is not."""


class IndexByHash(NamedTuple):
    """An index of keys with a hash each, sorted by it.

    Hashes are spread evenly: the first bits of one say, within a step or two, where it stands among the sorted.

    Attributes:
        keys: The keys.
        sorted: The first bits of their hashes and, in the place of the last, their rows; in order.
        row_bits: How many bits a row takes.
        starts: Where those begin that have the same very first bits.
        shift: What is left of a hash without these.
    """

    keys: PackedKeys
    sorted: NDArray[np.uint64]
    row_bits: np.uint64
    starts: Starts
    shift: np.uint64

    def find(self, keys: Sequence[str]) -> Rows:
        """The row of each, −1 where it is not."""
        wanted = pack(keys)
        rows = self._find(wanted.hashes)
        if not (self.keys.short and wanted.short):
            at = np.flatnonzero(rows >= 0)
            rows[at[~self.keys.are(rows[at], wanted, at)]] = -1
        return rows

    def _find(self, hashes: NDArray[np.uint64]) -> Rows:
        """The row of the key with each hash, −1 where there is none."""
        at = self.starts[(hashes >> self.shift).view(np.int64)].astype(np.intp)
        rows = self._rows(at)
        left = np.flatnonzero(self.keys.hashes[rows] != hashes)
        while len(left):
            here = at[left]
            passed = self.sorted[here] >> self.row_bits > hashes[left] >> self.row_bits
            passed |= here == len(self.keys)
            rows[left[passed]] = -1
            left = left[~passed]
            at[left] += 1
            rows[left] = self._rows(at[left])
            left = left[self.keys.hashes[rows[left]] != hashes[left]]
        return rows

    def _rows(self, at: Rows) -> Rows:
        """The rows of the keys that stand there among the sorted ones; behind them, of any."""
        rows: Rows = (self.sorted[at] & _ones(self.row_bits)).astype(np.intp)
        return np.minimum(rows, len(self.keys) - 1, out=rows)


class IndexByText(NamedTuple):
    """An index of keys each by itself, where two have one hash.

    Attributes:
        row_of: The row of each key.
        repeated: The keys that occur again, each time they do.
    """

    row_of: dict[str, int]
    repeated: list[str]

    def find(self, keys: Sequence[str]) -> Rows:
        """The row of each, −1 where it is not."""
        return np.fromiter(map(self.row_of.get, keys, itertools.repeat(-1)), dtype=np.intp, count=len(keys))


def index_of(keys: PackedKeys) -> IndexByHash | IndexByText:
    """An index of keys, by their hashes if these are all different.

    >>> index_of(pack(["a", "b"])).find(["b", "c", "a"]).tolist(), index_of(pack(["a", "a"])).repeated
    ([1, -1, 0], ['a'])
    """
    row_bits = np.uint64(len(keys).bit_length())
    in_order = keys.hashes >> row_bits
    in_order <<= row_bits
    in_order |= np.arange(len(keys), dtype=np.uint64)
    in_order.sort()  # with the rows in it: four times as fast as argsort
    shift = np.uint64(63) - row_bits
    counts = np.bincount((in_order >> shift).view(np.int64), minlength=2 << int(row_bits))
    if not len(keys) or counts.max() > MOST_ALIKE or _has_equal(keys.hashes, in_order, row_bits):
        return _by_text(list(keys))
    starts: Starts = np.cumsum(counts) - counts
    if len(keys) < 2**31:
        starts = starts.astype(np.int32)  # as much of it in the cache as can be
    return IndexByHash(keys, np.append(in_order, np.uint64(2**64 - 1)), row_bits, starts, shift)


def _has_equal(hashes: NDArray[np.uint64], in_order: NDArray[np.uint64], row_bits: np.uint64) -> bool:
    """Whether two of the hashes are the same."""
    alike = np.flatnonzero(in_order[1:] >> row_bits == in_order[:-1] >> row_bits)
    if not len(alike):
        return False
    suspects = np.union1d(in_order[alike], in_order[alike + 1]) & _ones(row_bits)
    return len(np.unique(hashes[suspects])) < len(suspects)


def _ones(bits: np.uint64) -> np.uint64:
    return (np.uint64(1) << bits) - np.uint64(1)


def _by_text(keys: list[str]) -> IndexByText:
    row_of: dict[str, int] = {}
    repeated = [key for row, key in enumerate(keys) if row_of.setdefault(key, row) != row]
    return IndexByText(row_of, repeated)
