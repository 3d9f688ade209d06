"""Where keys stand: found by their hashes, confirmed by their bytes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mse_cli.readers.matching.packed_keys import PackedKeys, pack

Rows = NDArray[np.intp]

MOST_STEPS = 8  # from where a hash should be to where it is; what is further off is searched for


class KeyIndex(Protocol):
    """Finds keys among others."""

    def find(self, keys: Sequence[str]) -> Rows:
        """The row of each, −1 where it is not."""


class IndexByHash(NamedTuple):
    """An index of keys with a hash each, sorted by it.

    Hashes are spread evenly: the first bits of one say, within a step or two, where it stands among the sorted.

    Attributes:
        keys: The keys.
        sorted: Their hashes in order, and behind them one that is none.
        order: The row of each.
        starts: Where hashes begin that have the same first bits.
        shift: What is left of a hash without these.
    """

    keys: PackedKeys
    sorted: NDArray[np.uint64]
    order: NDArray[np.int32 | np.int64]
    starts: NDArray[np.int32 | np.int64]
    shift: np.uint64

    def find(self, keys: Sequence[str]) -> Rows:
        """The row of each, −1 where it is not."""
        wanted = pack(keys)
        rows = self._find(wanted.hashes)
        rows[rows >= 0] = np.where(self.keys.are(rows, wanted), rows, -1)[rows >= 0]
        return rows

    def _find(self, hashes: NDArray[np.uint64]) -> Rows:
        """The row of the key with each hash."""
        at = self.starts[(hashes >> self.shift).astype(np.intp)].astype(np.intp)
        left = np.flatnonzero(self.sorted[at] < hashes)
        for _ in range(MOST_STEPS):
            at[left] += 1
            left = left[self.sorted[at[left]] < hashes[left]]
            if not len(left):
                break
        else:
            at[left] = np.searchsorted(self.sorted[:-1], hashes[left])
        return np.where(self.sorted[at] == hashes, self.order[at], -1).astype(np.intp, copy=False)


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
    order = np.argsort(keys.hashes)
    in_order = keys.hashes[order]
    if (in_order[1:] == in_order[:-1]).any():
        return _by_text(list(keys))
    bits = max(1, len(keys).bit_length())
    shift = np.uint64(64 - bits)
    counts = np.bincount((in_order >> shift).astype(np.intp), minlength=1 << bits)
    small = np.int32 if len(keys) < 2**31 - 1 else np.int64  # as small as the cache would have it
    return IndexByHash(
        keys,
        np.append(in_order, np.uint64(2**64 - 1)),
        np.append(order, -1).astype(small),
        (np.cumsum(counts) - counts).astype(small),
        shift,
    )


def _by_text(keys: list[str]) -> IndexByText:
    row_of: dict[str, int] = {}
    repeated = [key for row, key in enumerate(keys) if row_of.setdefault(key, row) != row]
    return IndexByText(row_of, repeated)
