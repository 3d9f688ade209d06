"""Text files (CSV and its kin) as a stream of blocks: pieces cut at line ends, each parsed by one function.

``strict`` reads a cell as ``grammar`` says, or names the place where it cannot. ``plain``, NumPy's parser, reads
the pieces that hold nothing but plain numbers, where it can only read the same.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.readers.sources.files import FileSource, Source, open_text, reading, skip
from mse_cli.readers.text.layout import Dialect, Layout, find_layout
from mse_cli.readers.text.parsing.plain import parse_plain
from mse_cli.readers.text.parsing.strict import blank_line, parse_strictly
from mse_cli.readers.text.pieces import PIECE_BYTES, Piece, cut_pieces

STEP_BYTES = 64 << 10  # of a piece that holds something that NumPy's parser cannot read
LARGE_FOR_POLARS = 32 << 20  # bytes: less is parsed by NumPy before Polars would be loaded


class Rows(NamedTuple):
    """What a piece holds: the numbers, the keys if rows are matched by a key, the line of a blank at its end."""

    numbers: Floats
    keys: list[str] | None = None
    blank_line: int | None = None


@dataclass(frozen=True)
class TextMatrix:
    """One side of the loss from a text file, read in pieces of about 4 MiB."""

    source: Source
    layout: Layout
    n_rows: None = None
    is_member: bool = False

    @property
    def label(self) -> str:
        """The file."""
        return self.source.label

    @property
    def files(self) -> tuple[TextMatrix]:
        """Itself: it is one file."""
        return (self,)

    @property
    def n_bytes(self) -> int:
        """How long the file is as it is stored, 0 where only reading it can tell."""
        return self.source.path.stat().st_size if isinstance(self.source, FileSource) else 0

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

    def select(self, columns: tuple[int, ...], key: int | None = None, weights: tuple[int, ...] = ()) -> TextMatrix:
        """The same with only these columns of the file (0-based), perhaps with a key, or weights among them."""
        return replace(self, layout=replace(self.layout, use=columns, key=key, weights=weights))

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
        n_bytes = self.n_bytes
        for piece in self.pieces():
            n_bytes += len(piece.data)
            with reading(self.label):
                rows = parse_piece(piece, self.layout, fast=n_bytes >= LARGE_FOR_POLARS and has_polars())
            if blank is not None and len(rows.numbers):
                raise blank_line(blank).within(self.label)
            blank = blank or rows.blank_line
            yield rows

    def pieces(self) -> Iterator[Piece]:
        """The file's rows, unparsed."""
        with open_text(self.source) as stream, reading(self.label):
            skip(stream, self.layout.offset)
            yield from cut_pieces(stream, self.layout.first_line, PIECE_BYTES)


def has_polars() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("polars") is not None


def open_text_matrix(source: Source, dialect: Dialect) -> TextMatrix:
    """Find out how a text file is laid out.

    Raises:
        ParseError: if it holds no table that can be read in one way only.
    """
    with open_text(source, look=True) as stream, reading(source.label):
        return TextMatrix(source, find_layout(stream, dialect))


def parse_piece(piece: Piece, layout: Layout, *, fast: bool = False) -> Rows:
    """The numbers (and keys) of a piece; ``fast`` tries Polars, which must be installed, before NumPy's parser.

    Raises:
        ParseError: with the physical line and the column.
    """
    rows = _parse_quickly(piece, layout, fast=fast)
    if rows is not None:
        return rows
    if len(piece.data) <= STEP_BYTES or len(piece.data) // (piece.data.count(b"\n") + 1) > STEP_BYTES // 16:
        return Rows(*parse_strictly(piece.data, piece.first_line, layout))
    # What only the strict parser can read is mostly a few rows: the pieces between them go to NumPy.
    steps = cut_pieces(io.BytesIO(piece.data), piece.first_line, STEP_BYTES)
    return joined(parse_piece(step, layout, fast=fast) for step in steps)


def joined(parts: Iterable[Rows]) -> Rows:
    """The rows of pieces that follow one another.

    Raises:
        ParseError: for a blank line that rows follow.
    """
    numbers: list[Floats] = []
    keys: list[str] = []
    blank: int | None = None
    for part in parts:
        if blank is not None and len(part.numbers):
            raise blank_line(blank)
        blank = blank or part.blank_line
        numbers.append(part.numbers)
        keys.extend(part.keys or ())
    return Rows(np.concatenate(numbers), keys, blank)


def _parse_quickly(piece: Piece, layout: Layout, *, fast: bool) -> Rows | None:
    r"""What NumPy's parser reads as the grammar says, and the line of a blank at the end; else ``None``."""
    text = piece.data.replace(b"\r\n", b"\n") if b"\r" in piece.data else piece.data
    blank_end = text.endswith(b"\n\n") or text == b"\n"
    if blank_end or not text.endswith(b"\n"):
        text = text.rstrip(b"\n") + b"\n"
    found = parse_plain(text, layout, fast=fast)
    if found is None or not _are_weights(found[0], layout):
        return None
    blank = piece.first_line + text.count(b"\n") if blank_end else None
    return Rows(*found, blank)


def _are_weights(numbers: Floats, layout: Layout) -> bool:
    """Whether what is read as weights may be used; the strict parser says where not."""
    return all((numbers[:, layout.use.index(column)] >= 0).all() for column in layout.weights)
