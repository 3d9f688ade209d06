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
MIX, MIX_SIZE, MIX_LAST = (np.uint64(n) for n in (0xBF58476D1CE4E5B9, 0x9E3779B97F4A7C15, 0x94D049BB133111EB))


@dataclass(frozen=True, eq=False)
class PackedKeys(Sequence[str]):
    """Keys in UTF-8; a ``Sequence`` of text.

    Attributes:
        data: Their bytes, and at least a word more, so that the last can be read as one.
        starts: Where each begins, and where the last ends.
        hashes: Of each: the same for the same text, whatever other keys are beside it.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.hashes)

    @overload
    def __getitem__(self, which: int) -> str: ...
    @overload
    def __getitem__(self, which: slice) -> list[str]: ...
    def __getitem__(self, which: int | slice) -> str | list[str]:
        if isinstance(which, slice):
            return [self[i] for i in range(len(self))[which]]
        i = range(len(self))[which]
        return self.data[self.starts[i] : self.starts[i + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        text, ends = self.data.tobytes(), self.starts.tolist()
        return (text[start:end].decode() for start, end in itertools.pairwise(ends))

    def are(self, rows: NDArray[np.intp], others: PackedKeys) -> NDArray[np.bool_]:
        """Which of the keys at these rows are, one by one, those of the others."""
        same: NDArray[np.bool_] = self.starts[rows + 1] - self.starts[rows] == np.diff(others.starts)
        for word, at in _words(others.starts):
            here = rows if at is None else rows[at]
            equal = _word_of(self, here, word) == _word_of(others, at, word)
            if at is None:
                same &= equal
            else:
                same[at] &= equal
        return same


def pack(keys: Sequence[str]) -> PackedKeys:
    """Keys that are text each.

    >>> keys = pack(["a", "", "北"])
    >>> len(keys), list(keys), keys[-1], keys[1:]
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
    keys = PackedKeys(held, starts, np.diff(starts).astype(np.uint64))
    _mix(keys)
    return keys


def _mix(keys: PackedKeys) -> None:
    """Make hashes of what are sizes."""
    hashes = keys.hashes
    hashes *= MIX_SIZE
    for word, at in _words(keys.starts):
        mixed = hashes if at is None else hashes[at]
        mixed ^= _word_of(keys, at, word)
        mixed *= MIX
        mixed ^= mixed >> np.uint64(29)
        if at is not None:
            hashes[at] = mixed
    hashes *= MIX_LAST
    hashes ^= hashes >> np.uint64(32)


def _words(starts: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp] | None]]:
    """Each word that keys have, and which of them reach into it; ``None`` for all."""
    sizes = np.diff(starts)
    longest = int(sizes.max(initial=0))
    for word in range(0, longest, WORD):
        yield word, None if word == 0 else np.flatnonzero(sizes > word)


def _word_of(keys: PackedKeys, at: NDArray[np.intp] | None, word: int) -> NDArray[np.uint64]:
    """Eight bytes of the keys at these rows, from one byte on; 0 where a key has ended."""
    begin = keys.starts[:-1] if at is None else keys.starts[at]
    left = (keys.starts[1:] if at is None else keys.starts[at + 1]) - begin - word
    everywhere = np.ndarray((len(keys.data) - WORD + 1,), "<u8", keys.data, strides=(1,))
    words: NDArray[np.uint64] = everywhere[begin + word] & MASKS[np.clip(left, 0, WORD)]
    return words


def beside_each_other(parts: Sequence[PackedKeys]) -> PackedKeys:
    """The keys of all parts, in order."""
    ends = np.cumsum([0, *(part.starts[-1] for part in parts)])
    data = [part.data[: part.starts[-1]] for part in parts]
    starts = [part.starts[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return PackedKeys(
        np.concatenate([*data, np.zeros(WORD, dtype=np.uint8)]),
        np.concatenate([*starts, ends[-1:]]),
        np.concatenate([part.hashes for part in parts]) if parts else np.zeros(0, dtype=np.uint64),
    )
