"""Rows matched by a key column instead of by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Mask, Numbers
from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.matching.key_index import IndexByText, KeyIndex, index_of
from mse_cli.readers.matching.packed_keys import PackedKeys, beside_each_other, pack
from mse_cli.readers.matrix import File, Matrix, Rows
from mse_cli.readers.sources.ahead import Ahead, not_ahead

SHOWN = 3  # keys of each kind in a message


class Found(NamedTuple):
    """Rows of the first file whose keys are in the second one.

    Attributes:
        numbers: Of both.
        keys: Of each.
        rows: Where they stand in the second file.
        missing: The keys that are not.
    """

    numbers: Numbers
    keys: Sequence[str]
    rows: NDArray[np.intp]
    missing: list[str]


@dataclass(frozen=True)
class Joined:
    """The rows of two files with the same key side by side, in the order of the first.

    The second file is held in memory; the first streams.
    """

    first: Matrix
    second: Matrix
    n_rows: None = None
    ahead: Ahead = not_ahead

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
        keys, numbers = self._held()
        index = index_of(keys)
        seen, n_seen = np.zeros(len(keys), dtype=bool), 0
        missing: list[str] = []
        for found in self.ahead(partial(_found, index=index, numbers=numbers), self.first.rows()):
            n_seen += len(found.rows)
            self._mark(seen, found, n_seen)
            missing += found.missing
            yield found.numbers
        if isinstance(index, IndexByText) and index.repeated:
            raise _repeated(self.second.label, index.repeated)
        extra = [keys[i] for i in np.flatnonzero(~seen).tolist()]
        if missing or extra:
            raise self._unmatched(missing, extra)

    def _held(self) -> tuple[PackedKeys, Numbers]:
        """The keys and the numbers of the second file."""
        parts = list(self.second.rows())
        keys = beside_each_other([pack(rows.keys or ()) for rows in parts])
        return keys, np.concatenate([rows.numbers for rows in parts])

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
        return ParseError("the two files do not hold the same keys: " + "; ".join(parts))


def _found(rows: Rows, index: KeyIndex, numbers: Numbers) -> Found:
    """Rows of the first file beside those that an index finds among the second one's."""
    keys = rows.keys or ()
    at = index.find(keys)
    here, missing = rows.numbers, list[str]()
    if len(at) and at.min() < 0:
        is_here = at >= 0
        missing = [keys[i] for i in np.flatnonzero(~is_here).tolist()]
        keys = [keys[i] for i in np.flatnonzero(is_here).tolist()]
        here, at = here[is_here], at[is_here]
    width = here.shape[1]
    joined = np.empty((len(at), width + numbers.shape[1]))
    joined[:, :width] = here
    joined[:, width:] = numbers.take(at, axis=0)
    return Found(joined, keys, at, missing)


def _repeated(label: str, keys: list[str]) -> ParseError:
    return ParseError(f"a key occurs more than once: {_listed(keys)}", Place(label))


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(quote(key) for key in keys[:SHOWN]) + more
