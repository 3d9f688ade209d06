"""A text file (CSV and its kin) as a file among the others: its pieces, parsed one after the other.

Where its rows have been counted, any run of them can be read without those before it.
"""

from __future__ import annotations

import io
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, NamedTuple, cast

from mse_cli.errors import ParseError, Place
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import File, Rows, Selection
from mse_cli.readers.sources.ahead import Ahead, not_ahead, read_ahead
from mse_cli.readers.sources.files import FileSource, Source, is_packed, open_text, reading, skip
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.line_ends import LOOK_BYTES, Reended, odd_end
from mse_cli.readers.text.look import find_layout
from mse_cli.readers.text.look.first_rows import first_rows
from mse_cli.readers.text.parsing import is_for_pyarrow, parse_piece
from mse_cli.readers.text.parsing.strict import blank_line
from mse_cli.readers.text.pieces import PIECE_BYTES, CountedPiece, Piece, cut_pieces, line_ends

LARGE_PACKED = 1 << 20  # bytes: less is unpacked before a thread would be ready
CHANGED = "the file changed while it was read"
BYTES_AS_A_CELL = 2  # of text, to be read in a part of the work: an array's cell is read in a tenth of the time


@dataclass(frozen=True)
class CountedRows:
    """Some rows of a text, by the counted pieces that hold them.

    Attributes:
        pieces: The pieces.
        first_line: The physical line where the first piece begins.
        skip: How many rows of the first piece are left out.
        n_rows: How many rows are read.
        packed: Whether the text is compressed, so that it is cheap to read only from its start.
    """

    pieces: tuple[CountedPiece, ...]
    first_line: int
    skip: int
    n_rows: int
    packed: bool

    def part(self, rows: range) -> CountedRows:
        """The same with only these rows (from 0)."""
        start, stop = self.skip + rows.start, self.skip + rows.stop
        row_starts = list(itertools.accumulate((piece.n_rows for piece in self.pieces), initial=0))
        first, end = bisect_right(row_starts, start) - 1, bisect_left(row_starts, stop)
        return replace(
            self,
            pieces=self.pieces[first:end],
            first_line=self.first_line + sum(piece.n_lines for piece in self.pieces[:first]),
            skip=start - row_starts[first],
            n_rows=len(rows),
        )


@dataclass(frozen=True)
class TextFile:
    """A text file whose layout is known; a ``File``. It is read in pieces of about 1 MiB."""

    source: Source
    label: str
    layout: Layout
    names: Names | None
    width: int
    use: Positions
    notes: tuple[str, ...]
    counted: CountedRows | None = None
    ahead: Ahead = not_ahead

    @property
    def n_rows(self) -> int | None:
        """N, once the rows are counted."""
        if self.layout.empty:
            return 0
        return None if self.counted is None else self.counted.n_rows

    @property
    def may_be_decimals(self) -> bool:
        """Whether two integers with a comma between them may be one number."""
        return self.layout.may_be_decimals

    @property
    def can_be_cut(self) -> bool:
        """Whether any run of its rows is cheap to read on its own."""
        return self.counted is not None and not self.counted.packed

    @property
    def n_bytes(self) -> int:
        """How long the file is as it is stored, 0 where only reading it can tell."""
        return self.source.path.stat().st_size if isinstance(self.source, FileSource) else 0

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run of whole pieces holds that takes about as long as so many cells of an array."""
        pieces = () if self.counted is None else self.counted.pieces
        size = max(1, n_cells * BYTES_AS_A_CELL // PIECE_BYTES)
        runs = (pieces[i : i + size] for i in range(0, len(pieces), size))
        return [n_rows for run in runs if (n_rows := sum(piece.n_rows for piece in run))]

    def is_for_threads(self, wanted: Selection) -> bool:
        """Whether the parser of most of it leaves Python's lock to others."""
        return is_for_pyarrow(self.layout, wanted)

    def part(self, rows: range) -> TextFile:
        """Only these rows (from 0) of a file whose rows are counted."""
        return self if self.counted is None else replace(self, counted=self.counted.part(rows))

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order, a piece at a time.

        Raises:
            ParseError: with the line and column of what cannot be read.
        """
        if self.layout.empty:
            return
        with open_text(self.source) as stream, reading(self.label):
            if self.counted is None:
                skip(stream, self.layout.offset)
                pieces = cut_pieces(stream, self.layout.first_line, PIECE_BYTES)
                yield from self._parsed(self._unpacked_ahead(pieces), wanted)
            else:
                yield from self._counted_rows(stream, self.counted, wanted)

    def first_rows(self, columns: Positions, most: int) -> list[tuple[str, ...]]:
        """The text of these columns in the first rows; of a pipe, those that were looked at already."""
        return first_rows(self.source, self.layout, columns, most)

    def _unpacked_ahead(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The pieces, of a compressed file unpacked while those before them are parsed."""
        return read_ahead(pieces) if self.n_bytes >= LARGE_PACKED and is_packed(self.source) else pieces

    def _parsed(self, pieces: Iterable[Piece], wanted: Selection) -> Iterator[Rows]:
        blank: int | None = None
        parse = partial(parse_piece, layout=self.layout, wanted=wanted)
        for rows, blank_end in self.ahead(parse, pieces):
            if blank is not None and len(rows.numbers):
                raise blank_line(blank)
            blank = blank or blank_end
            yield rows

    def _counted_rows(self, stream: BinaryIO, counted: CountedRows, wanted: Selection) -> Iterator[Rows]:
        start, stop, first_line, begin = _bounds(stream, counted)
        left = counted.n_rows
        for rows in self._parsed(cut_pieces(stream, first_line, PIECE_BYTES, limit=stop - start), wanted):
            part = rows.cut(begin, begin + left)
            begin -= min(begin, len(rows.numbers))
            left -= len(part.numbers)
            yield part
            if not left:
                return
        raise ParseError(CHANGED)


def open_file(source: Source, *, dialect: Dialect, **_: object) -> TextFile:
    """Find out how a text file is laid out.

    Raises:
        ParseError: if it holds no table that can be read in one way only.
    """
    with open_text(source, look=True) as stream, reading(source.label):
        end = odd_end(cast(io.BufferedReader, stream).peek(LOOK_BYTES))
        if end is None:
            return _file_of(source, find_layout(stream, dialect))
    return open_file(Reended(source, end), dialect=dialect)


def _file_of(source: Source, layout: Layout) -> TextFile:
    notes = tuple(f"{source.label}: {note}" for note in layout.notes)
    return TextFile(source, source.label, layout, layout.names, layout.width, layout.use, notes)


def with_empty_shards(files: list[File]) -> list[File]:
    """The files that one name means, those of them that hold no rows alike to the others.

    Raises:
        ParseError: if none holds rows, or a header alone is not that of the others.
    """
    model = next((file for file in files if not _is_empty(file)), None)
    if model is None:
        raise ParseError("the file holds no rows", Place(files[0].label))
    return [_alike(file, model) for file in files]


def _is_empty(file: File) -> bool:
    return file.layout.empty if isinstance(file, TextFile) else file.n_rows == 0


def _alike(file: File, model: File) -> File:
    if not _is_empty(file):
        return file
    notes = (*file.notes, f"{file.label}: holds no rows")
    if not isinstance(file, TextFile) or not isinstance(model, TextFile):
        return replace(file, notes=notes)  # type: ignore[type-var]
    if file.names is not None and file.names != model.names:
        raise ParseError(f"its header is not that of {model.label}", Place(file.label))
    layout = replace(model.layout, empty=True)
    return replace(file, layout=layout, names=model.names, width=model.width, use=model.use, notes=notes)


class Bounds(NamedTuple):
    """What is read of a text for some of its rows.

    Attributes:
        start: Of the bytes.
        stop: Of the bytes.
        first_line: The physical line where they begin.
        skip: How many rows are read and left out before the first.
    """

    start: int
    stop: int
    first_line: int
    skip: int


def _bounds(stream: BinaryIO, counted: CountedRows) -> Bounds:
    """Where counted rows are read, the stream being there; a row's own bytes if it is known where each row ends."""
    first, last = counted.pieces[0], counted.pieces[-1]
    start, stop = first.offset, last.offset + last.n_bytes
    if counted.packed:
        skip(stream, start)
        return Bounds(start, stop, counted.first_line, counted.skip)
    end = counted.skip + counted.n_rows - sum(piece.n_rows for piece in counted.pieces[:-1])
    if last.simple and end < last.n_rows:
        stop = _line_start(stream, last, end)
    skipped = counted.skip if first.simple else 0
    if skipped:
        start = _line_start(stream, first, skipped)
    stream.seek(start)
    return Bounds(start, stop, counted.first_line + skipped, counted.skip - skipped)


def _line_start(stream: BinaryIO, piece: CountedPiece, line: int) -> int:
    """Where a line of a piece (from 0) begins in the file."""
    stream.seek(piece.offset)
    ends = line_ends(stream.read(piece.n_bytes))
    if len(ends) < line:
        raise ParseError(CHANGED)
    return piece.offset + int(ends[line - 1]) + 1
