"""Rows matched by a key column instead of by position."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Mask, Numbers
from mse_cli.core.labels import Labels, below_each_other
from mse_cli.core.result import Unmatched
from mse_cli.errors import ParseError, Place, counted, quote
from mse_cli.readers.key_search.key_index import IndexByText, KeyIndex, index_of
from mse_cli.readers.key_search.packed_keys import PackedKeys, beside_each_other, pack
from mse_cli.readers.matrix import File, Matrix, Rows
from mse_cli.readers.pair import Pair
from mse_cli.readers.sources.ahead import Ahead, not_ahead

SHOWN = 3  # keys of each kind in a message


class LeftOut(NamedTuple):
    """How many rows of each file have a key that the other has not."""

    first: int
    second: int


class Found(NamedTuple):
    """Rows of the first file whose keys are in the second one.

    Attributes:
        numbers: Of both.
        keys: Of each.
        rows: Where they stand in the second file.
        missing: The keys that are not.
        labels: Which group each is in, if there are groups.
    """

    numbers: Numbers
    keys: Sequence[str]
    rows: NDArray[np.intp]
    missing: list[str]
    labels: Labels | None


@dataclass(frozen=True)
class Joined:
    """The rows of two files with the same key side by side, in the order of the first.

    The second file is held in memory; the first streams.

    Attributes:
        first: The file whose order counts, or several that are joined already.
        second: The other one.
        unmatched: What rows do whose key the other file has not.
    """

    first: Matrix | Joined
    second: Matrix
    unmatched: Unmatched = "fail"
    n_rows: None = None
    ahead: Ahead = not_ahead
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

    def rows(self) -> Iterator[Rows]:
        """The joined rows in the order of the first file.

        Raises:
            ParseError: if the two do not hold the same keys, each once.
        """
        keys, numbers, labels = self._held()
        index = index_of(keys)
        seen, n_seen = np.zeros(len(keys), dtype=bool), 0
        missing: list[str] = []
        beside = partial(_beside, index=index, numbers=numbers, labels=labels)
        for found in self.ahead(beside, self.first.rows()):
            n_seen += len(found.rows)
            self._mark(seen, found, n_seen)
            missing += found.missing
            yield Rows(found.numbers, found.keys, labels=found.labels)
        if isinstance(index, IndexByText) and index.repeated:
            raise _repeated(self.second.label, index.repeated)
        extra = [keys[i] for i in np.flatnonzero(~seen).tolist()]
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
            deque(self.rows(), maxlen=0)
        return tuple(f"{label}: {counted(n, 'row')} left out, no match for the key" for label, n in self._counts() if n)

    def _counts(self) -> list[tuple[str, int]]:
        """How many rows of each file were left out, by the name of the file."""
        first, second = self._found[0]
        before = self.first._counts() if isinstance(self.first, Joined) else [(self.first.label, 0)]
        return [*((label, n + first) for label, n in before), (self.second.label, second)]

    def _held(self) -> tuple[PackedKeys, Numbers, Labels | None]:
        """The keys, the numbers and the groups of the second file."""
        parts = list(self.second.rows())
        keys = beside_each_other([pack(rows.keys or ()) for rows in parts])
        labels = below_each_other([rows.labels for rows in parts if rows.labels is not None])
        return keys, np.concatenate([rows.checked() for rows in parts]), labels

    def _mark(self, seen: Mask, found: Found, n_seen: int) -> None:
        """Note that these rows have been seen, each once, so that so many have been in all."""
        again = seen[found.rows]
        seen[found.rows] = True
        if np.count_nonzero(seen) == n_seen:
            return
        first_of_its_kind = np.zeros(len(found.rows), dtype=bool)
        first_of_its_kind[np.unique(found.rows, return_index=True)[1]] = True
        raise _repeated(self.first.label, [found.keys[int(np.argmax(again | ~first_of_its_kind))]])

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


def _beside(rows: Rows, index: KeyIndex, numbers: Numbers, labels: Labels | None) -> Found:
    """Rows of the first file beside those that an index finds among the second one's."""
    keys = rows.keys or ()
    at = index.find(keys)
    here, missing, own = rows.checked(), list[str](), rows.labels
    if len(at) and at.min() < 0:
        is_here = at >= 0
        missing = [keys[i] for i in np.flatnonzero(~is_here).tolist()]
        keys = [keys[i] for i in np.flatnonzero(is_here).tolist()]
        here, at, own = here[is_here], at[is_here], own and own.take(is_here)
    width = here.shape[1]
    joined = np.empty((len(at), width + numbers.shape[1]))
    joined[:, :width] = here
    joined[:, width:] = numbers.take(at, axis=0)
    return Found(joined, keys, at, missing, own if labels is None else labels.take(at))


def _repeated(label: str, keys: list[str]) -> ParseError:
    return ParseError(f"a key occurs more than once: {_listed(keys)}", Place(label))


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(quote(key) for key in keys[:SHOWN]) + more
