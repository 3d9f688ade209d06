"""Two sides and their weights as one stream of blocks: the same rows of each, never broadcast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

import numpy as np

from mse_cli.core.blocks import Block, Floats, Numbers, check_weights, rows_per_block
from mse_cli.core.matching import have_same_axes
from mse_cli.core.missing import refused_cell, used_cells
from mse_cli.core.result import Missing
from mse_cli.errors import ShapeError, counted, printable
from mse_cli.readers.columns import Names
from mse_cli.readers.matrix import File, Matrix, Rows
from mse_cli.readers.sources.files import Source, reading


class Stream(Protocol):
    """What is read in chunks of rows: a matrix, or two whose rows are joined by a key."""

    @property
    def label(self) -> str:
        """The name that messages use."""

    @property
    def n_rows(self) -> int | None:
        """N, or ``None`` if only reading it all can tell."""

    @property
    def n_columns(self) -> int:
        """C."""

    @property
    def files(self) -> tuple[File, ...]:
        """The files that are read."""

    def rows(self) -> Iterator[Rows]:
        """The rows in order, some at a time; from the start at each call.

        They are valid until the next are asked for: whoever keeps rows copies them.
        """


class StreamColumns(NamedTuple):
    """Some columns of a stream: of which stream, and from which column to which."""

    stream: int
    start: int
    stop: int

    def of(self, chunks: list[Numbers]) -> Numbers:
        """These columns of the rows at hand."""
        return chunks[self.stream][:, self.start : self.stop]


@dataclass(frozen=True)
class Pair:
    """The prediction, the target and perhaps weights, as columns of one to three streams.

    Attributes:
        streams: What is read, side by side.
        prediction: Where A is in them.
        target: Where Y is.
        weights: Where W is, if it is read by rows.
        column_weights: W if it is 1×C.
        missing: The policy for missing cells.
        names: The columns' names, if there are any.
        notes: What the user should know about how the files were read.
        first_row: The number of its first row (from 0) in the whole that it is a part of.
        key: What the column is called by which rows are matched, if they are.
        by: What the columns are called whose text says which group a row is in, if there are groups.
        others: Where the predictions of further models are, if several are compared.
    """

    streams: tuple[Stream, ...]
    prediction: StreamColumns
    target: StreamColumns
    missing: Missing
    names: tuple[str, ...] | None = None
    weights: StreamColumns | None = None
    column_weights: Floats | None = None
    notes: tuple[str, ...] = ()
    first_row: int = 0
    key: str | None = None
    by: Names = ()
    others: tuple[StreamColumns, ...] = ()

    @property
    def sources(self) -> list[Source]:
        """Where its bytes come from."""
        return [file.source for stream in self.streams for file in stream.files]

    @property
    def n_columns(self) -> int:
        """C."""
        return self.prediction.stop - self.prediction.start

    @property
    def n_rows(self) -> int | None:
        """N where it is known before reading."""
        return next((stream.n_rows for stream in self.streams if stream.n_rows is not None), None)

    def array_shape(self, n_rows: int) -> tuple[int, ...]:
        """The shape in which so many rows are written as an array: that of A where A is one, N×C of a table."""
        side = self.streams[self.prediction.stream]
        shape = side.shape if isinstance(side, Matrix) else None
        if shape is None or self.prediction.start > 0:
            return n_rows, self.n_columns
        return (n_rows, *shape[1:]) if shape else ()

    def columns(self, some: slice) -> Pair:
        """Some columns of a pair of matrices without weights."""
        sides = []
        for at in (self.prediction, self.target):
            matrix = self.streams[at.stream]
            assert isinstance(matrix, Matrix)
            sides.append(matrix.select(matrix.wanted.columns[at.start : at.stop][some]))
        at = StreamColumns(0, 0, sides[0].n_columns)
        return replace(self, streams=tuple(sides), prediction=at, target=at._replace(stream=1))

    def blocks(self) -> Iterator[Block]:
        """The rows of all streams, block by block; from the start at each call; each valid until the next.

        Raises:
            ShapeError: if one stream has fewer rows than another.
            ParseError: for what cannot be read.
        """
        first_row = self.first_row
        for rows in side_by_side(self.streams, rows_per_block(self.n_columns)):
            chunks = [part.numbers for part in rows]
            prediction, target = self.prediction.of(chunks), self.target.of(chunks)
            others = tuple(at.of(chunks) for at in self.others)
            weights, used = self._weights(chunks, first_row), used_cells(self.missing, prediction, target, *others)
            keys = None if self.key is None else rows[0].keys
            labels = next((part.labels for part in rows if part.labels is not None), None)
            block = Block(first_row, prediction, target, weights, used, keys=keys, labels=labels, others=others)
            yield block
            if not block.finite:  # nobody has seen that it is
                self._check(rows)
            first_row += len(prediction)

    def _check(self, rows: list[Rows]) -> None:
        """Look for what ``--missing`` does not allow: the first row, on the first side of a row."""
        found = [(part, refused_cell(part.numbers, self.missing)) for part in rows if part.check]
        refused = [(cell[0], part) for part, cell in found if cell is not None]
        if refused:
            min(refused, key=itemgetter(0))[1].checked()

    def _weights(self, chunks: list[Numbers], first_row: int) -> Floats | None:
        if self.weights is None:
            return self.column_weights
        weights = self.weights.of(chunks).astype(np.float64, copy=False)
        with reading(self.streams[self.weights.stream].label):
            return check_weights(weights, first_row=first_row)


def side_by_side(streams: tuple[Stream, ...], most_rows: int) -> Iterator[list[Rows]]:
    """The same rows of each stream, at most so many at a time.

    Raises:
        ShapeError: if one ends before another.
    """
    iterators = [_filled(stream.rows()) for stream in streams]
    parts = [next(iterator, None) for iterator in iterators]
    done = 0
    while all(part is not None for part in parts):
        held = [part for part in parts if part is not None]
        count = min(most_rows, *(len(part.numbers) for part in held))
        yield [part.cut(0, count) for part in held]
        done += count
        parts = [
            part.cut(count, len(part.numbers)) if len(part.numbers) > count else next(iterator, None)
            for part, iterator in zip(held, iterators, strict=True)
        ]
    if any(part is not None for part in parts):
        rows = [
            done + (0 if part is None else len(part.numbers)) + sum(len(more.numbers) for more in iterator)
            for part, iterator in zip(parts, iterators, strict=True)
        ]
        shapes = [(n, stream.n_columns) for n, stream in zip(rows, streams, strict=True)]
        other = next(i for i, n in enumerate(rows) if n != rows[0])
        raise disagreement(streams[0].label, shapes[0], streams[other].label, shapes[other])


def _filled(rows: Iterator[Rows]) -> Iterator[Rows]:
    return (part for part in rows if len(part.numbers))


def check_shapes(prediction: Matrix, target: Matrix) -> None:
    """Refuse sides that cannot have the same shape, before the long work starts.

    Raises:
        ShapeError: with both shapes.
    """
    check_axes(prediction, target)
    known = prediction.n_rows is not None and target.n_rows is not None
    if prediction.n_columns == target.n_columns and (not known or prediction.n_rows == target.n_rows):
        return
    raise disagreement_of(prediction, target)


def check_axes(first: Matrix, other: Matrix, *, rows: bool = True) -> None:
    """Refuse two arrays of more than two axes that do not agree in every one, axes of length 1 at the end aside.

    Args:
        first: A matrix that may be an array.
        other: Another one.
        rows: Whether the first axis counts: one row of weights may stand for all.

    Raises:
        ShapeError: with both shapes.
    """
    if have_same_axes(first.shape or (), other.shape or (), rows=rows):
        return
    are = " and ".join(f"{printable(it.label)} is {_times(it.shape or ())}" for it in (first, other))
    is_turned = sorted(first.shape or ()) == sorted(other.shape or ())
    hint = "transpose one of them: their axes stand in another order" if is_turned else None
    raise ShapeError(f"the shapes differ: {are}; arrays of more than two axes must agree in every one", hint=hint)


def disagreement_of(first: Stream, other: Stream) -> ShapeError:
    """The error for two sides whose shapes differ, with the file that looks wrong."""
    shape, other_shape = (_count(first), first.n_columns), (_count(other), other.n_columns)
    error = disagreement(first.label, shape, other.label, other_shape)
    return ShapeError(error.message, hint=_odd_file(first, other) or _decimal_commas(first, other) or error.hint)


def _decimal_commas(first: Stream, other: Stream) -> str | None:
    """Which side may have two columns for one because a comma separates them that is its decimal sign."""
    for side, narrow in ((first, other), (other, first)):
        if side.n_columns == 2 * narrow.n_columns and getattr(side.files[0], "may_be_decimals", False):
            return f"if the comma is the decimal sign of {printable(side.label)}, write points, as in 1.5"
    return None


def _odd_file(first: Stream, other: Stream) -> str | None:
    """Which file looks wrong where two sides of several files have different numbers of rows."""
    files, others = first.files, other.files
    names, other_names = ([PurePosixPath(file.label).stem for file in side] for side in (files, others))
    if len(files) == len(others) > 1:
        differ = ((file, other) for file, other in zip(files, others, strict=True) if file.n_rows != other.n_rows)
        return next((f"{_rows_of(file)}, {_rows_of(other)}" for file, other in differ), None)
    for side, more, fewer in ((other, names, other_names), (first, other_names, names)):
        missing = [name for name in more if name not in fewer]
        if len(fewer) > 1 and 0 < len(missing) < len(more):
            return f"{printable(side.label)} has no {printable(missing[0])}"
    return None


def _rows_of(file: File) -> str:
    return f"{printable(file.label)} has {counted(file.n_rows or 0, 'row')}"


def _count(stream: Stream) -> int:
    return stream.n_rows if stream.n_rows is not None else sum(len(part.numbers) for part in stream.rows())


def disagreement(name: str, shape: tuple[int, int], other: str, other_shape: tuple[int, int]) -> ShapeError:
    """The error for two shapes that differ, with what looks wrong.

    >>> disagreement("a.npy", (3, 1), "y.npy", (1, 3)).hint
    'one is a column and the other a row: transpose one of them'
    """
    message = (
        f"the shapes differ: {printable(name)} is {_times(shape)}, {printable(other)} is {_times(other_shape)}; "
        "nothing is broadcast"
    )
    return ShapeError(message, hint=_what_looks_wrong(shape, other_shape))


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _what_looks_wrong(shape: tuple[int, int], other: tuple[int, int]) -> str | None:
    rows, columns = abs(shape[0] - other[0]), abs(shape[1] - other[1])
    if shape == other[::-1]:
        if 1 in shape:
            return "one is a column and the other a row: transpose one of them"
        return "one looks transposed"
    if columns == 0 and rows == 1:
        return "one has a row more: a header counted as a row (--header), or a row missing?"
    if rows == 0 and columns == 1:
        return "one has a column more: an index column, or a column missing? --pred and --true choose columns"
    return None
