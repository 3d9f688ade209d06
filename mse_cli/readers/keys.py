"""Rows matched by a key column instead of by position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mse_cli.engine import Floats, Numbers
from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.delimited import Rows

SHOWN = 3  # keys of each kind in a message


class Keyed(Protocol):
    """A side whose rows come with their keys."""

    @property
    def label(self) -> str:
        """The name that messages use."""

    @property
    def files(self) -> tuple[Any, ...]:
        """The matrices, a file each, that it is made of."""

    @property
    def n_columns(self) -> int:
        """C."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names, if it has any."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how it was read."""

    def rows(self) -> Iterator[Rows]:
        """The rows in order with their keys, some at a time."""


@dataclass(frozen=True)
class Joined:
    """The rows of two files with the same key side by side, in the order of the first.

    The second file is held in memory; the first streams.
    """

    first: Keyed
    second: Keyed
    n_rows: None = None

    @property
    def files(self) -> tuple[Any, ...]:
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

    @property
    def names(self) -> tuple[str, ...] | None:
        """Of both."""
        return (*(self.first.names or ()), *(self.second.names or ())) or None

    @property
    def notes(self) -> tuple[str, ...]:
        """Of both."""
        return self.first.notes + self.second.notes

    def chunks(self) -> Iterator[Numbers]:
        """The joined rows in the order of the first file.

        Raises:
            ParseError: if the two do not hold the same keys, each once.
        """
        row_of, numbers, repeated = self._index()
        seen = np.zeros(len(numbers), dtype=bool)
        missing: list[str] = []
        for rows in self.first.rows():
            found = []
            for position, key in enumerate(rows.keys or ()):
                row = row_of.get(key)
                if row is None:
                    missing.append(key)
                elif seen[row]:
                    raise _repeated(self.first.label, [key])
                else:
                    seen[row] = True
                    found.append((position, row))
            here, there = (np.array([pair[i] for pair in found], dtype=np.intp) for i in (0, 1))
            yield np.hstack([rows.numbers[here], numbers[there]])
        if repeated:
            raise _repeated(self.second.label, repeated)
        extra = [key for key, row in row_of.items() if not seen[row]]
        if missing or extra:
            raise self._unmatched(missing, extra)

    def _index(self) -> tuple[dict[str, int], Floats, list[str]]:
        """The second file: the row of each key, the numbers, the keys that occur again."""
        row_of: dict[str, int] = {}
        repeated: list[str] = []
        parts: list[Floats] = []
        row = 0
        for rows in self.second.rows():
            parts.append(rows.numbers)
            for key in rows.keys or ():
                if row_of.setdefault(key, row) != row:
                    repeated.append(key)
                row += 1
        return row_of, np.concatenate(parts), repeated

    def _unmatched(self, missing: list[str], extra: list[str]) -> ParseError:
        parts = []
        if missing:
            parts.append(f"{_listed(missing)} only in {self.first.label}")
        if extra:
            parts.append(f"{_listed(extra)} only in {self.second.label}")
        return ParseError("the two files do not hold the same keys: " + "; ".join(parts))


def _repeated(label: str, keys: list[str]) -> ParseError:
    return ParseError(f"a key occurs more than once: {_listed(keys)}", Place(label))


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(quote(key) for key in keys[:SHOWN]) + more
