"""Rows matched by a key column instead of by position."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Floats, Mask, Numbers
from mse_cli.core.result import Unmatched
from mse_cli.errors import ParseError, Place, counted, quote
from mse_cli.readers.matrix import File, Matrix
from mse_cli.readers.pair import Pair

SHOWN = 3  # keys of each kind in a message


class LeftOut(NamedTuple):
    """How many rows of each file have a key that the other has not."""

    first: int
    second: int


@dataclass(frozen=True)
class Joined:
    """The rows of two files with the same key side by side, in the order of the first.

    The second file is held in memory; the first streams.

    Attributes:
        first: The file whose order counts.
        second: The other one.
        unmatched: What rows do whose key the other file has not.
    """

    first: Matrix
    second: Matrix
    unmatched: Unmatched = "fail"
    n_rows: None = None
    _found: list[LeftOut] = field(default_factory=list, compare=False, repr=False)  # by the last whole pass

    @property
    def files(self) -> tuple[File, ...]:
        """Of both."""
        return (*self.first.files, *self.second.files)

    @property
    def label(self) -> str:
        """Both files."""
        return f"{self.first.label} and {self.second.label}"

    @property
    def n_columns(self) -> int:
        """The columns of both."""
        return self.first.n_columns + self.second.n_columns

    def chunks(self) -> Iterator[Numbers]:
        """The joined rows in the order of the first file.

        Raises:
            ParseError: if the two do not hold the same keys, each once.
        """
        row_of, numbers, repeated = self._index()
        seen = np.zeros(len(numbers), dtype=bool)
        missing: list[str] = []
        for rows in self.first.rows():
            keys = rows.keys or []
            row = np.fromiter(map(row_of.get, keys, itertools.repeat(-1)), dtype=np.intp, count=len(keys))
            here = np.flatnonzero(row >= 0)
            missing += [keys[i] for i in np.flatnonzero(row < 0).tolist()]
            self._mark(seen, row[here], [keys[i] for i in here.tolist()] if missing else keys)
            yield np.hstack([rows.numbers[here], numbers[row[here]]])
        if repeated:
            raise _repeated(self.second.label, repeated)
        extra = [key for key, row in row_of.items() if not seen[row]]
        self._found[:] = [LeftOut(len(missing), len(extra))]
        if not seen.any():
            raise ParseError(f"no key is both in {self.first.label} and in {self.second.label}")
        if self.unmatched == "fail" and (missing or extra):
            raise self._unmatched(missing, extra)

    def left_out(self) -> tuple[str, ...]:
        """A note of the rows that were left out; they are counted when all were read, here or now."""
        if self.unmatched == "fail":
            return ()
        if not self._found:  # it was read in another process
            deque(self.chunks(), maxlen=0)
        counts = zip((self.first, self.second), self._found[0], strict=True)
        return tuple(f"{side.label}: {counted(n, 'row')} left out, no match for the key" for side, n in counts if n)

    def _mark(self, seen: Mask, rows: NDArray[np.intp], keys: list[str]) -> None:
        """Note that these rows have been seen, each once."""
        n_seen = np.count_nonzero(seen)
        again = seen[rows]
        seen[rows] = True
        if np.count_nonzero(seen) - n_seen == len(rows):
            return
        first_of_its_kind = np.zeros(len(rows), dtype=bool)
        first_of_its_kind[np.unique(rows, return_index=True)[1]] = True
        raise _repeated(self.first.label, [keys[int(np.argmax(again | ~first_of_its_kind))]])

    def _index(self) -> tuple[dict[str, int], Floats, list[str]]:
        """The second file: the row of each key, the numbers, the keys that occur again."""
        row_of: dict[str, int] = {}
        repeated: list[str] = []
        parts: list[Floats] = []
        row = 0
        for rows in self.second.rows():
            parts.append(rows.numbers)
            keys = rows.keys or []
            new = dict(zip(keys, range(row, row + len(keys)), strict=True))
            if len(new) == len(keys) and row_of.keys().isdisjoint(new):
                row_of |= new
            else:
                repeated += [key for n, key in enumerate(keys, row) if row_of.setdefault(key, n) != n]
            row += len(keys)
        return row_of, np.concatenate(parts), repeated

    def _unmatched(self, missing: list[str], extra: list[str]) -> ParseError:
        parts = []
        if missing:
            parts.append(f"{_listed(missing)} only in {self.first.label}")
        if extra:
            parts.append(f"{_listed(extra)} only in {self.second.label}")
        hint = "--unmatched drop leaves them out"
        return ParseError("the two files do not hold the same keys: " + "; ".join(parts), hint=hint)


def rows_left_out(pair: Pair) -> tuple[str, ...]:
    """What can be told only when all rows have been read: how many were left out."""
    return tuple(note for stream in pair.streams if isinstance(stream, Joined) for note in stream.left_out())


def _repeated(label: str, keys: list[str]) -> ParseError:
    return ParseError(f"a key occurs more than once: {_listed(keys)}", Place(label))


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(quote(key) for key in keys[:SHOWN]) + more
