"""The rows of text files counted, in parallel and without parsing them.

A range of a file is counted where it is read, in parallel: it is cut into pieces, and each piece says how many lines
and rows it holds. Only a double quote makes a range depend on what stands before it: a file in which a line end may be
inside quotes is counted from its start, in one go.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Mask
from mse_cli.errors import ParseError
from mse_cli.readers.sources.files import is_at_hand, is_packed, n_bytes, open_text, reading, skip
from mse_cli.readers.text.cells.quoting import records
from mse_cli.readers.text.layout import LONGEST_ROW, Layout, decode
from mse_cli.readers.text.parsing.strict import blank_line
from mse_cli.readers.text.pieces import PIECE_BYTES, CountedPiece, Piece, cut_pieces, each_line_is_a_row
from mse_cli.readers.text.text_file import CountedRows, TextFile

RANGE_BYTES = 32 << 20  # of a file that is counted by one task
SMALL_BYTES = 64 << 10  # of a file that is counted at once: to hand out a task would take as long
# How a line begins that is blank or may be, or a comment, so that lines and rows are two different numbers.
ODD = np.isin(np.arange(256), list(b"\n\r \t#"))


class Range(NamedTuple):
    """Some bytes of a text file that one task counts, from the first line that begins in them on.

    Attributes:
        file: The file.
        start: Where they begin.
        stop: Where they end, if that is not the end of the file.
        is_small: Whether it is no work for a task.
    """

    file: TextFile
    start: int
    stop: int | None
    is_small: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole file."""
        return self.start == self.file.layout.offset and self.stop is None


class Counted(NamedTuple):
    """What a range holds, and whether its file is compressed, so that it is cheap to read only from its start."""

    pieces: list[CountedPiece]
    packed: bool


def ranges_of(file: TextFile) -> list[Range]:
    """A text file as ranges that can be counted at the same time; one, if it is small or compressed."""
    if file.layout.empty:
        return []
    offset, end = file.layout.offset, n_bytes(file.source)
    if end <= RANGE_BYTES or is_packed(file.source):
        is_small = end <= SMALL_BYTES and is_at_hand(file.source) and not is_packed(file.source)
        return [Range(file, offset, None, is_small)]
    starts = [offset, *range(RANGE_BYTES, end, RANGE_BYTES)]
    return [Range(file, start, stop) for start, stop in itertools.zip_longest(starts, starts[1:])]


def count_each(parts: list[Range]) -> list[Counted | None]:
    """``count`` of several ranges."""
    return list(map(count, parts))


def count(part: Range) -> Counted | None:
    """The pieces of a range, or ``None`` if only counting from the start of the file can tell.

    Raises:
        ParseError: for what is no text, if the range is the whole file.
    """
    file = part.file
    packed = is_packed(file.source)
    with open_text(file.source) as stream, reading(file.label):
        if not packed:
            begin, end = _bounds(stream, part)
            pieces = _count_plain(stream, begin, end, min(PIECE_BYTES, SMALL_BYTES) if part.is_small else PIECE_BYTES)
            if pieces is not None:
                return Counted(pieces, packed)
            stream.seek(begin)
            return _count_any(stream, begin, part, math.inf if end is None else end - begin)
        skip(stream, part.start)
        return _count_any(stream, part.start, part)


def _bounds(stream: BinaryIO, part: Range) -> tuple[int, int | None]:
    """Where the first line of a range begins and where the last one ends, if that is not the end of the file."""
    first = part.file.layout.offset
    begin = part.start if part.start == first else _next_line(stream, part.start)
    return begin, None if part.stop is None else _next_line(stream, part.stop)


def _count_plain(stream: BinaryIO, begin: int, end: int | None, size: int) -> list[CountedPiece] | None:
    """The pieces of a range without quotes, comments and blank lines, in one pass; ``None`` for another one.

    Each read, of so many bytes at most, ends one piece, at its last line end: so there are as many lines in the piece
    as line ends in the read.
    """
    stream.seek(begin)
    buffer, marked = bytearray(size), np.empty(size, dtype=bool)
    pieces: list[CountedPiece] = []
    start = position = begin
    before = ord("\n")
    while n_bytes := stream.readinto(memoryview(buffer)[: None if end is None else end - position]):  # type: ignore[attr-defined]
        marks = np.frombuffer(buffer, dtype=np.uint8, count=n_bytes)
        ends = np.equal(marks, ord("\n"), out=marked[:n_bytes])
        if buffer.find(b'"', 0, n_bytes) >= 0 or _has_odd_line(buffer, marks, ends, before):
            return None
        stop = position + buffer.rfind(b"\n", 0, n_bytes) + 1
        if stop > position:
            n_lines = int(np.count_nonzero(ends))
            pieces.append(CountedPiece(start, stop - start, n_lines, n_lines, None, broken=False, simple=True))
            start = stop
        position += n_bytes
        before = buffer[n_bytes - 1]
        if position - start > LONGEST_ROW:
            return None
    if position > start:
        pieces.append(CountedPiece(start, position - start, 1, 1, None, broken=False, simple=True))
    return pieces


def _has_odd_line(data: bytes | bytearray, marks: NDArray[np.uint8], ends: Mask, before: int = ord("\n")) -> bool:
    """Whether a line may be blank or a comment; ``before`` is the byte before these, ``ends`` says where lines end."""
    if (before == ord("\n") and ODD[marks[0]]) or (ends[1:] & ends[:-1]).any():
        return True
    if not any(data.find(sign, 0, len(marks)) >= 0 for sign in (b"#", b"\r", b" ", b"\t")):
        return False  # as in most files; this spares the search for line ends
    starts = np.flatnonzero(ends[:-1]) + 1
    return bool(ODD[marks[starts]].any())


def _count_any(stream: BinaryIO, begin: int, part: Range, n_bytes: float = math.inf) -> Counted | None:
    """The pieces of a range of any kind, of so many bytes, from its first line on."""
    file, pieces = part.file, list[CountedPiece]()
    try:
        for piece in cut_pieces(stream, file.layout.first_line, PIECE_BYTES, n_bytes):
            if not part.is_whole and not _stands_alone(piece.data):
                return None
            pieces.append(_count(piece, begin, file.layout))
            begin += len(piece.data)
    except ParseError:
        if part.is_whole:
            raise
        return None
    return Counted(pieces, is_packed(file.source))


def _next_line(stream: BinaryIO, offset: int) -> int:
    stream.seek(offset - 1)
    while (data := stream.readline(PIECE_BYTES)) and not data.endswith(b"\n"):
        pass
    return stream.tell()


def _stands_alone(data: bytes) -> bool:
    """Whether a piece is the same whatever stands before it.

    If it began inside quotes and not, as is assumed, outside, then its line ends would be inside by that assumption.
    """
    quotes = data.count(b'"')
    return quotes == 0 or (quotes % 2 == 0 and b"#" not in data and each_line_is_a_row(data))


def _count(piece: Piece, offset: int, layout: Layout) -> CountedPiece:
    data = piece.data
    marks = np.frombuffer(data, dtype=np.uint8)
    ends = marks == ord("\n")
    n_lines = int(np.count_nonzero(ends)) + (not data.endswith(b"\n"))
    if _stands_alone(data) and not _has_odd_line(data, marks, ends):
        return CountedPiece(offset, len(data), n_lines, n_lines, None, broken=False, simple=True)
    n_rows, blank, broken = 0, None, False
    for line, record in records(decode(data, first_line=piece.first_line), piece.first_line, layout.delimiter):
        if layout.is_blank(record):
            if blank is None and not layout.leaves_out_blank_lines:
                blank = line - piece.first_line
        else:
            n_rows += 1
            broken = blank is not None
    return CountedPiece(offset, len(data), n_lines, n_rows, blank, broken=broken, simple=False)


def with_rows_counted(file: TextFile, ranges: list[Counted]) -> TextFile:
    """The whole file, from its ranges in order.

    Raises:
        ParseError: if rows follow a blank line.
    """
    line, blank = file.layout.first_line, None
    pieces = [piece for counted in ranges for piece in counted.pieces]
    for piece in pieces:
        follows = piece.broken if blank is None else piece.n_rows > 0
        if blank is None and piece.blank is not None:
            blank = line + piece.blank
        if blank is not None and follows:
            raise blank_line(blank).within(file.label)
        line += piece.n_lines
    n_rows = sum(piece.n_rows for piece in pieces)
    counted = CountedRows(tuple(pieces), file.layout.first_line, 0, n_rows, any(counted.packed for counted in ranges))
    return replace(file, counted=counted)
