"""A side of the loss as it is read: some columns of one file, or of several, rows after rows."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, Self, runtime_checkable

from mse_cli.core.blocks import Numbers
from mse_cli.core.labels import Labels
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, Place, ShapeError, counted
from mse_cli.readers.columns import Names, Positions, are_same
from mse_cli.readers.sources.files import Source

MOST_NOTES = 8  # of the files of one side


class Selection(NamedTuple):
    """What is read of each row of a file.

    Attributes:
        columns: Which columns of the file (0-based), in this order.
        missing: What missing cells do.
        key: The column whose text identifies the row, if rows are matched by one.
        weights: Which of the columns are weights, and may not be negative or missing.
        by: The columns whose text says which group the row is in.
    """

    columns: Positions
    missing: Missing = "fail"
    key: int | None = None
    weights: Positions = ()
    by: Positions = ()


class Rows(NamedTuple):
    """Some consecutive rows.

    Attributes:
        numbers: Their numbers.
        keys: Their keys, if rows are matched by one.
        first_row: The number of the first in its file (from 0).
        check: Raises for cells that ``--missing`` does not allow, in numbers whose first row has that number; to be
            called unless all are seen to be finite. ``None`` where the reader has looked itself.
        labels: Which group each is in, if there are groups.
    """

    numbers: Numbers
    keys: Sequence[str] | None = None
    first_row: int = 0
    check: Callable[[Numbers, int], None] | None = None
    labels: Labels | None = None

    def cut(self, start: int, stop: int) -> Rows:
        """Rows ``start`` to ``stop`` of these."""
        keys = None if self.keys is None else self.keys[start:stop]
        labels = None if self.labels is None else self.labels.cut(start, stop)
        return Rows(self.numbers[start:stop], keys, self.first_row + start, self.check, labels)

    def checked(self) -> Numbers:
        """The numbers, once they are looked at."""
        if self.check:
            self.check(self.numbers, self.first_row)
        return self.numbers


class File(Protocol):
    """A file whose layout is known: what is the same for text, arrays and columns.

    Attributes:
        source: Where its bytes come from.
        label: The name that messages use.
        names: Of all its columns, ``None`` without a header.
        width: How many columns it has.
        use: Which of them (0-based) are read if none are chosen.
        n_rows: How many rows it has, ``None`` if only reading it all can tell.
        notes: What the user should know about how it is read.
        can_be_cut: Whether any run of its rows is cheap to read on its own, and several at the same time.
    """

    @property
    def source(self) -> Source: ...  # noqa: D102 - above
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def names(self) -> Names | None: ...  # noqa: D102
    @property
    def width(self) -> int: ...  # noqa: D102
    @property
    def use(self) -> Positions: ...  # noqa: D102
    @property
    def n_rows(self) -> int | None: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def can_be_cut(self) -> bool: ...  # noqa: D102

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run holds, of about so many cells, that is cheap to read on its own."""

    def part(self, rows: range) -> Self:
        """Only these rows (from 0) of a file whose rows are counted."""

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order, some at a time; each of them is valid until the next are asked for.

        Raises:
            ParseError: with the place of what cannot be read.
        """


@runtime_checkable
class HasColumns(Protocol):
    """A file of which some columns may be cheap to read without the others."""

    def at_once(self, columns: Positions) -> int:
        """How many of these, side by side, should be; 0 if it is not cheap."""


@dataclass(frozen=True)
class Matrix:
    """Some columns of the files that one name means, one file below the other.

    Attributes:
        label: The name that messages use: the file's, or what stands for several.
        files: The files, in order, alike in their columns.
        wanted: What is read of each.
    """

    label: str
    files: tuple[File, ...]
    wanted: Selection

    @property
    def n_columns(self) -> int:
        """C."""
        return len(self.wanted.columns)

    @property
    def n_rows(self) -> int | None:
        """N, or ``None`` if only reading it all can tell."""
        counts = [file.n_rows for file in self.files if file.n_rows is not None]
        return sum(counts) if len(counts) == len(self.files) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how it is read; what holds for several files is told once."""
        files_of: dict[str, list[str]] = {}
        for file in self.files:
            for note in file.notes:
                files_of.setdefault(note.removeprefix(f"{file.label}: "), []).append(file.label)
        more = {text: f" (so in {len(files)} files)" if len(files) > 1 else "" for text, files in files_of.items()}
        notes = [f"{files[0]}: {text}{more[text]}" for text, files in files_of.items()]
        rest = len(notes) - MOST_NOTES
        return (*notes[:MOST_NOTES], f"{self.label}: {rest} more notes of this kind") if rest > 1 else tuple(notes)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the array that the files hold one after the other; ``None`` for tables and chosen columns."""
        shapes = [getattr(file, "shape", None) for file in self.files]
        if None in shapes or not are_same(self.wanted.columns, self.files[0].use):
            return None
        return (self.n_rows or 0, *shapes[0][1:]) if shapes[0] else ()

    @cached_property
    def starts(self) -> list[int]:
        """The row with which each file begins, and the number of all rows; they must be counted."""
        return list(itertools.accumulate((file.n_rows or 0 for file in self.files), initial=0))

    def select(self, columns: Positions, key: int | None = None, weights: Positions = ()) -> Matrix:
        """The same with only these columns of each file (0-based), perhaps with a key, or weights among them."""
        return replace(self, wanted=Selection(columns, self.wanted.missing, key, weights))

    def grouped(self, by: Positions) -> Matrix:
        """The same with the text of these columns, which says which group a row is in."""
        return replace(self, wanted=self.wanted._replace(by=by))

    def part(self, rows: range) -> Matrix:
        """Only these rows (from 0) of a matrix whose rows are counted."""
        first = bisect_right(self.starts, rows.start) - 1
        files = []
        for file, start in zip(self.files[first:], self.starts[first:], strict=False):
            here = range(max(rows.start - start, 0), min(rows.stop - start, file.n_rows or 0))
            if here:
                files.append(file.part(here))
            if start >= rows.stop:
                break
        return replace(self, files=tuple(files))

    def rows(self) -> Iterator[Rows]:
        """The rows of all files in order, with their keys if there are any; as ``File.read`` gives them."""
        for file in self.files:
            yield from file.read(self.wanted)

    def chunks(self) -> Iterator[Numbers]:
        """The numbers alone, looked at."""
        return (rows.checked() for rows in self.rows())


def matrix_of(label: str, files: tuple[File, ...], missing: Missing) -> Matrix:
    """The files that a name means as one matrix, of the columns that are read if none are chosen.

    Raises:
        ShapeError: if they have different numbers of columns.
        ParseError: if their headers differ.
    """
    first = files[0]
    for file in files[1:]:
        if len(file.use) != len(first.use):
            columns = counted(len(file.use), "column")
            raise ShapeError(f"has {columns}, {first.label} has {len(first.use)}", Place(file.label))
        axes, others = (getattr(it, "shape", None) for it in (file, first))
        if axes is not None and others is not None and axes[1:] != others[1:]:
            raise ShapeError(
                f"its array has other axes than that of {first.label}: {axes}, {others}", Place(file.label)
            )
        if (file.names, file.width) != (first.names, first.width) or not are_same(file.use, first.use):
            raise ParseError(f"its header is not that of {first.label}", Place(file.label))
    return Matrix(label, files, Selection(first.use, missing))
