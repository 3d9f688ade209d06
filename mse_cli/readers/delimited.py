"""Text files (CSV and its kin) as a stream of blocks: pieces cut at line ends, each parsed by one function.

``parse_piece`` is the strict parser: it reads a cell as ``grammar`` says, or names the place where it cannot.
NumPy's parser reads the pieces that hold nothing but plain numbers, where it can only read the same.
"""

from __future__ import annotations

import functools
import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from mse_cli.engine import Floats
from mse_cli.errors import ParseError, Place
from mse_cli.readers.grammar import number, records, split_record
from mse_cli.readers.layout import Dialect, Layout, decode, find_layout
from mse_cli.readers.missing import HINT, INFINITE_HINT
from mse_cli.readers.pieces import Cut, Piece, pieces_from
from mse_cli.readers.source import Source, open_text, reading

DIGITS = b"0123456789+-eE \n"
BARE_TEXT = bytes(range(32, 127)).replace(b'"', b"") + b"\t\n"


class Rows(NamedTuple):
    """What a piece holds: the numbers, the keys if rows are matched by a key, the line of a blank at its end."""

    numbers: Floats
    keys: list[str] | None = None
    blank_line: int | None = None


Parser = Callable[["TextMatrix"], Iterator[Rows]]


@dataclass(frozen=True)
class TextMatrix:
    """One side of the loss from a text file, read in pieces of about 4 MiB."""

    source: Source
    layout: Layout
    parse: Parser | None = field(default=None, compare=False)
    n_rows: None = None
    is_member: bool = False

    @property
    def label(self) -> str:
        """The file."""
        return self.source.label

    @property
    def n_columns(self) -> int:
        """C."""
        return len(self.layout.use)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names from the header."""
        names = self.layout.names
        return tuple(names[i] for i in self.layout.use) if names else None

    @property
    def all_names(self) -> tuple[str, ...] | None:
        """The header, whichever of its columns are read."""
        return self.layout.names

    @property
    def positions(self) -> tuple[int, ...]:
        """Which columns of the file are read (0-based)."""
        return self.layout.use

    @property
    def width(self) -> int:
        """How many columns the file has."""
        return self.layout.width

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the file was read."""
        return tuple(f"{self.label}: {note}" for note in self.layout.notes)

    def select(self, columns: tuple[int, ...], key: int | None = None) -> TextMatrix:
        """The same with only these columns of the file (0-based), and perhaps a key."""
        return replace(self, layout=replace(self.layout, use=columns, key=key))

    def chunks(self) -> Iterator[Floats]:
        """The rows in order, some at a time.

        Raises:
            ParseError: with the line and column of what cannot be read.
        """
        for rows in self.rows():
            yield rows.numbers

    def rows(self) -> Iterator[Rows]:
        """The rows in order with their keys, some at a time."""
        blank: int | None = None
        for rows in (self.parse or parse_here)(self):
            if blank is not None and len(rows.numbers):
                raise blank_line(blank).within(self.label)
            blank = blank or rows.blank_line
            yield rows

    @property
    def start(self) -> Cut:
        """Where the first row begins."""
        return Cut(self.layout.offset, self.layout.first_line, self.layout.offset)

    def pieces(self, start: Cut | None = None) -> Iterator[Piece]:
        """The file's rows, unparsed: all, or those from a cut on."""
        with open_text(self.source) as stream, reading(self.label):
            yield from pieces_from(stream, start or self.start)


def parse_here(matrix: TextMatrix, start: Cut | None = None, *, fast: bool = False) -> Iterator[Rows]:
    """The rows of a text file, parsed in this process; all, or those from a cut on; ``fast`` as in ``parse_piece``."""
    for piece in matrix.pieces(start):
        with reading(matrix.label):
            rows = parse_piece(piece, matrix.layout, fast=fast)
        yield rows


def open_text_matrix(source: Source, dialect: Dialect) -> TextMatrix:
    """Find out how a text file is laid out.

    Raises:
        ParseError: if it holds no table that can be read in one way only.
    """
    with open_text(source) as stream, reading(source.label):
        return TextMatrix(source, find_layout(stream, dialect))


def parse_piece(piece: Piece, layout: Layout, *, fast: bool = False) -> Rows:
    """The numbers (and keys) of a piece; ``fast`` tries Polars, which must be installed, before NumPy's parser.

    Raises:
        ParseError: with the physical line and the column.
    """
    numbers = None if layout.key is not None else _parse_plain(piece.data, layout, fast=fast)
    if numbers is None:
        return _parse_strictly(piece, layout)
    blank_at_end = piece.data.endswith((b"\n\n", b"\n\r\n"))
    return Rows(numbers, blank_line=piece.first_line + len(numbers) if blank_at_end else None)


def _parse_plain(data: bytes, layout: Layout, *, fast: bool) -> Floats | None:
    """What Polars' or NumPy's parser reads where it reads as the grammar says, else ``None``.

    They see only bytes that numbers are made of (or, where columns of text are left out, printable ASCII), read
    numbers as Python's ``float`` does, and must give every line as a row of finite numbers.
    """
    data = _with_plain_ends(data)
    if data == b"\n":
        return None
    whole = layout.use == tuple(range(layout.width))
    if b'"' in data and whole:
        data = _quoted_cell(layout.delimiter).sub(rb"\1", data)
    n_rows = data.count(b"\n")
    if layout.trailing:
        end = layout.delimiter.encode() + b"\n"
        if data.count(end) != n_rows:
            return None
        data = data.replace(end, b"\n")
    if not _is_plain(data, layout, whole=whole, n_rows=n_rows):
        return None
    if layout.decimal == ",":
        data = data.replace(b",", b".")
    shape = n_rows, len(layout.use)
    if fast:
        from mse_cli.readers.fast import read_numbers  # an optional extra, and slow to load

        numbers = read_numbers(data, layout)
        if _fits(numbers, shape):
            return numbers
    numbers = _load_text(data, layout, whole=whole)
    return numbers if _fits(numbers, shape) else None


def _with_plain_ends(data: bytes) -> bytes:
    """A piece whose lines all end in LF, without the blank lines at its end; the same bytes if it is so already."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    plain = data.endswith(b"\n") and not data.endswith(b"\n\n")
    return data if plain else data.rstrip(b"\n") + b"\n"


def _load_text(data: bytes, layout: Layout, *, whole: bool) -> Floats | None:
    delimiter = None if layout.delimiter == " " else layout.delimiter
    columns = None if whole else layout.use
    try:
        return np.loadtxt(io.BytesIO(data), delimiter=delimiter, comments=None, usecols=columns, ndmin=2)
    except ValueError:
        return None


def _fits(numbers: Floats | None, shape: tuple[int, int]) -> bool:
    """Whether a parser has read each line as a row of finite numbers."""
    return numbers is not None and numbers.shape == shape and bool(np.isfinite(numbers).all())


@functools.cache
def _quoted_cell(delimiter: str) -> re.Pattern[bytes]:
    """A whole cell in quotes that holds neither a delimiter nor a quote."""
    d = re.escape(delimiter.encode())
    padding = b"[ ]*" if delimiter == "\t" else b"[ \t]*"
    return re.compile(rb'(?m)(?:^|(?<=%b))%b"([^"\n%b]*)"%b(?=%b|$)' % (d, padding, d, padding, d))


def _is_plain(data: bytes, layout: Layout, *, whole: bool, n_rows: int) -> bool:
    if whole:
        padding = b"" if layout.delimiter == " " else b"\t"
        return not data.translate(None, DIGITS + padding + (layout.decimal + layout.delimiter).encode())
    if layout.delimiter == " " or layout.decimal == "," or data.translate(None, BARE_TEXT):
        return False
    # NumPy does not look at the width of rows of which it reads only some cells.
    marks = np.frombuffer(data, dtype=np.uint8)
    delimiters = np.flatnonzero(marks == ord(layout.delimiter))
    ends = np.flatnonzero(marks == ord("\n"))
    per_row = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    return b"\n#" not in data and not data.startswith(b"#") and bool((per_row == layout.width - 1).all())


def _parse_strictly(piece: Piece, layout: Layout) -> Rows:
    """Each cell by the grammar, one after the other."""
    text = decode(piece.data, first_line=piece.first_line)
    rows: list[list[float]] = []
    keys: list[str] = []
    blank: int | None = None
    for line, record in records(text, piece.first_line):
        if layout.is_blank(record):
            blank = blank or line
            continue
        if blank is not None:
            raise blank_line(blank)
        cells = _cells(record, line, layout)
        rows.append(_numbers(cells, line, layout))
        if layout.key is not None:
            keys.append(cells[layout.key].strip())
    return Rows(np.array(rows, dtype=np.float64).reshape(len(rows), len(layout.use)), keys, blank)


def blank_line(line: int) -> ParseError:
    """The error for a blank line that rows follow."""
    hint = "delete it; a missing value in a file of one column is written NA"
    return ParseError("a blank line between rows", Place(line=line), hint=hint)


def _cells(record: str, line: int, layout: Layout) -> list[str]:
    """The cells of a row, as many as there should be."""
    try:
        cells = split_record(record, layout.delimiter)
    except ParseError as error:
        raise ParseError(error.message, layout.place(line, (error.place.column or 1) - 1)) from None
    if layout.trailing and len(cells) == layout.width + 1 and not cells[-1].strip():
        cells.pop()
    if len(cells) == layout.width:
        return cells
    for column, cell in enumerate(cells[: layout.width]):  # a cell that tells more than the row's width
        if column in layout.use:
            _number(cell, layout, line, column)
    verb = "more" if len(cells) > layout.width else "fewer"
    raise ParseError(
        f"the row has {len(cells)} cells, {verb} than {layout.width}",
        layout.place(line, min(len(cells), layout.width)),
        hint=_width_hint(len(cells), line, layout),
    )


def _width_hint(found: int, line: int, layout: Layout) -> str | None:
    if line == layout.first_line and layout.names and found == layout.width + 1:
        return "if the rows begin with a name of their own, give that column a header cell"
    return None


def _numbers(cells: list[str], line: int, layout: Layout) -> list[float]:
    return [_number(cells[column], layout, line, column) for column in layout.use]


def _number(cell: str, layout: Layout, line: int, column: int) -> float:
    try:
        value = number(cell, layout.decimal)
    except ParseError as error:
        raise ParseError(error.message, layout.place(line, column), hint=error.hint) from None
    if math.isfinite(value) or layout.missing == "propagate":
        return value
    if math.isnan(value):
        if layout.missing == "fail":
            raise ParseError("the cell is missing", layout.place(line, column), hint=HINT)
        return value
    what = "infinite" if "n" in cell.lower() else "too large for float64"
    raise ParseError(f"the cell is {what}", layout.place(line, column), hint=INFINITE_HINT)
