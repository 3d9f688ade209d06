"""Keys held as bytes, one behind the other, with their hashes: a twentieth of the memory and time of ``str`` each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

WORD = 8  # bytes, compared at once
MASKS = np.array([(1 << 8 * size) - 1 for size in range(WORD + 1)], dtype=np.uint64)  # of a word's first bytes
# Of splitmix64; multiplied by these and shifted onto themselves, words give hashes in which each bit counts.
MIX, MIX_LAST = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, eq=False)
class PackedKeys(Sequence[str]):
    """Keys in UTF-8; a ``Sequence`` of text.

    Attributes:
        data: Their bytes, and at least a word more, so that the last can be read as one.
        starts: Where each begins, and where the last ends.
        hashes: Of each: the same for the same text, whatever other keys are beside it.
        short: Whether they are a word at most each, without NUL, so that a hash stands for one key alone.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    short: bool

    def __len__(self) -> int:
        return len(self.hashes)

    @overload
    def __getitem__(self, which: int) -> str: ...
    @overload
    def __getitem__(self, which: slice) -> PackedKeys: ...
    def __getitem__(self, which: int | slice) -> str | PackedKeys:
        if isinstance(which, slice):
            start, stop, _ = which.indices(len(self))
            return PackedKeys(self.data, self.starts[start : max(start, stop) + 1], self.hashes[which], self.short)
        i = range(len(self))[which]
        return self.data[self.starts[i] : self.starts[i + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        text, ends = self.data.tobytes(), self.starts.tolist()
        return (text[start:end].decode() for start, end in itertools.pairwise(ends))

    def are(self, rows: NDArray[np.intp], others: PackedKeys, at: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of the keys at these rows are, one by one, those of the others at those."""
        sizes = self.starts[rows + 1] - self.starts[rows]
        same: NDArray[np.bool_] = sizes == others.starts[at + 1] - others.starts[at]
        for word, which in _words(np.where(same, sizes, 0)):
            same[which] &= _word_of(self, rows[which], word) == _word_of(others, at[which], word)
        return same


def pack(keys: Sequence[str]) -> PackedKeys:
    """Keys that are text each.

    >>> keys = pack(["a", "", "北"])
    >>> len(keys), list(keys), keys[-1], list(keys[1:])
    (3, ['a', '', '北'], '北', ['', '北'])
    """
    if isinstance(keys, PackedKeys):
        return keys
    encoded = [key.encode() for key in keys]
    sizes = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    return packed(np.frombuffer(b"".join(encoded), dtype=np.uint8), np.concatenate([[0], np.cumsum(sizes)]))


def packed(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> PackedKeys:
    """Keys of which all bytes, in one array, and the bounds are known."""
    held = np.zeros(len(data) + WORD, dtype=np.uint8)
    held[: len(data)] = data
    keys = PackedKeys(held, starts, np.zeros(len(starts) - 1, dtype=np.uint64), _are_short(data, starts))
    _mix(keys)
    return keys


def _are_short(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> bool:
    return bool(data.all()) and int(np.diff(starts).max(initial=0)) <= WORD


def _mix(keys: PackedKeys) -> None:
    """Make hashes of what are zeros; each step can be undone, so that two words give two hashes."""
    hashes = keys.hashes
    for word, which in _words(np.diff(keys.starts)):
        mixed = hashes[which]
        mixed ^= _word_of(keys, which, word)
        mixed *= MIX
        mixed ^= mixed >> np.uint64(29)
        hashes[which] = mixed
    hashes *= MIX_LAST
    hashes ^= hashes >> np.uint64(32)


def _words(sizes: NDArray[np.int64]) -> Iterator[tuple[int, slice | NDArray[np.intp]]]:
    """Where each word of keys of these sizes begins in them, and which of them reach into it."""
    for word in range(0, int(sizes.max(initial=0)), WORD):
        yield word, np.flatnonzero(sizes > word) if word else slice(None)


def _word_of(keys: PackedKeys, which: slice | NDArray[np.intp], word: int) -> NDArray[np.uint64]:
    """The bytes of the keys at these rows from one byte on, as many as a word has; 0 where a key has ended."""
    begin = keys.starts[:-1][which] + word
    left = np.clip(keys.starts[1:][which] - begin, 0, WORD)
    everywhere = np.ndarray((len(keys.data) - WORD + 1,), "<u8", keys.data, strides=(1,))
    words: NDArray[np.uint64] = everywhere[begin] & MASKS[left]
    return words


def beside_each_other(parts: Sequence[PackedKeys]) -> PackedKeys:
    """The keys of all parts, in order."""
    ends = np.cumsum([0, *(part.starts[-1] - part.starts[0] for part in parts)])
    data = [part.data[part.starts[0] : part.starts[-1]] for part in parts]
    starts = [part.starts[:-1] - part.starts[0] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return PackedKeys(
        np.concatenate([*data, np.zeros(WORD, dtype=np.uint8)]),
        np.concatenate([*starts, ends[-1:]]),
        np.concatenate([part.hashes for part in parts]) if parts else np.zeros(0, dtype=np.uint64),
        all(part.short for part in parts),
    )
