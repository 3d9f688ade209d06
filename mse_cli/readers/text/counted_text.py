"""A text file whose rows have been counted, so that any run of rows can be read without those before it."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Floats
from mse_cli.errors import ParseError
from mse_cli.readers.sources.files import Source, open_text, reading, skip
from mse_cli.readers.text.counting import Counted, Span
from mse_cli.readers.text.delimited import TextMatrix, has_polars, parse_piece
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing.strict import blank_line
from mse_cli.readers.text.pieces import PIECE_BYTES, Piece

BYTES_AS_A_CELL = 2  # of text, to be read in a part of the work: an array's cell is read in a tenth of the time


@dataclass(frozen=True)
class CountedText:
    """A text file, or some rows of it, after its pieces have been counted.

    Attributes:
        matrix: The file.
        spans: The pieces that hold the rows.
        first_line: The physical line where the first piece begins.
        skip: How many rows of the first piece are left out.
        n_rows: How many rows are read.
        packed: Whether the file is compressed.
        fast: Whether there is so much text that loading Polars pays.
    """

    matrix: TextMatrix
    spans: tuple[Span, ...]
    first_line: int
    skip: int
    n_rows: int
    packed: bool
    fast: bool = False

    @classmethod
    def of(cls, matrix: TextMatrix, ranges: list[Counted]) -> CountedText:
        """The whole file, from its ranges in order.

        Raises:
            ParseError: if rows follow a blank line.
        """
        line, blank = matrix.layout.first_line, None
        spans = [span for counted in ranges for span in counted.spans]
        for span in spans:
            follows = span.broken if blank is None else span.n_rows > 0
            if blank is None and span.blank is not None:
                blank = line + span.blank
            if blank is not None and follows:
                raise blank_line(blank).within(matrix.label)
            line += span.n_lines
        n_rows = sum(span.n_rows for span in spans)
        return cls(matrix, tuple(spans), matrix.layout.first_line, 0, n_rows, ranges[0].packed)

    @property
    def source(self) -> Source:
        """Where it is read from."""
        return self.matrix.source

    @property
    def label(self) -> str:
        """The file."""
        return self.matrix.label

    @property
    def n_columns(self) -> int:
        """C."""
        return self.matrix.n_columns

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names from the header."""
        return self.matrix.names

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the file was read."""
        return self.matrix.notes

    @property
    def can_be_parted(self) -> bool:
        """Whether any run of its rows is cheap to read on its own."""
        return not self.packed

    def grains(self, n_cells: int) -> list[int]:
        """How many rows each run of whole pieces holds that takes about as long as so many cells of an array."""
        size = max(1, n_cells * BYTES_AS_A_CELL // PIECE_BYTES)
        runs = (self.spans[i : i + size] for i in range(0, len(self.spans), size))
        return [n_rows for run in runs if (n_rows := sum(span.n_rows for span in run))]

    def part(self, rows: range) -> CountedText:
        """The same with only these rows (from 0)."""
        start, stop = self.skip + rows.start, self.skip + rows.stop
        row_starts, line_starts = self._starts
        first, end = bisect_right(row_starts, start) - 1, bisect_left(row_starts, stop)
        return replace(
            self,
            spans=self.spans[first:end],
            first_line=line_starts[first],
            skip=start - row_starts[first],
            n_rows=len(rows),
        )

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        """The row (from 0) and the physical line with which each piece begins."""
        rows = itertools.accumulate((span.n_rows for span in self.spans), initial=0)
        lines = itertools.accumulate((span.n_lines for span in self.spans), initial=self.first_line)
        return list(rows), list(lines)

    def chunks(self) -> Iterator[Floats]:
        """The rows in order, a piece at a time.

        Raises:
            ParseError: with the line and column of what cannot be read.
        """
        skip, left = self.skip, self.n_rows
        for piece, span in self._pieces():
            stop = min(span.n_rows, skip + left)
            with reading(self.label):
                yield _rows(piece, span, range(skip, stop), self.matrix.layout, fast=self.fast and has_polars())
            left -= stop - skip
            skip = 0

    def _pieces(self) -> Iterator[tuple[Piece, Span]]:
        line, position = self.first_line, 0
        with open_text(self.matrix.source) as stream, reading(self.label):
            if not self.packed:
                position = stream.seek(self.spans[0].offset)
            for span in self.spans:
                skip(stream, span.offset - position)
                data = stream.read(span.n_bytes)
                position = span.offset + span.n_bytes
                if len(data) < span.n_bytes:
                    raise ParseError("the file became shorter while it was read")
                yield Piece(line, data), span
                line += span.n_lines


def _rows(piece: Piece, span: Span, rows: range, layout: Layout, *, fast: bool) -> Floats:
    """These rows of a piece; where each line is a row, the others are not parsed."""
    if span.simple and len(rows) < span.n_rows:
        bounds = np.concatenate([[0], _line_ends(piece.data) + 1, [len(piece.data)]])
        start, stop = (int(bounds[line]) for line in (rows.start, rows.stop))
        piece, rows = Piece(piece.first_line + rows.start, piece.data[start:stop]), range(len(rows))
    numbers = parse_piece(piece, layout, fast=fast).numbers
    if len(numbers) < rows.stop:
        raise ParseError("the file changed while it was read")
    return numbers[rows.start : rows.stop]


def _line_ends(data: bytes) -> NDArray[np.intp]:
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
