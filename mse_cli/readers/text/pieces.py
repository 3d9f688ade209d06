"""Text cut into pieces of whole rows: at line ends that are not inside quotes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mse_cli.errors import ParseError, Place
from mse_cli.readers.text.layout import LONGEST_ROW

PIECE_BYTES = 1 << 20  # which, with what is made of them, stay near the core
QUOTED_OR_COMMENT = re.compile(rb'(?m)"[^"]*+(?:"|\Z)|^#.*+$')


class Piece(NamedTuple):
    """Some whole rows of a text file as bytes, and the physical line of the first."""

    first_line: int
    data: bytes


class CountedPiece(NamedTuple):
    """A piece of a text file: where it stands, and what it holds.

    Attributes:
        offset: Of its first byte.
        n_bytes: How long it is.
        n_lines: How many physical lines it holds.
        n_rows: How many of them are rows, or begin one.
        blank: Which of its lines (from 0) is the first blank one, if there are any.
        broken: Whether rows follow it.
        simple: Whether each line is a row.
    """

    offset: int
    n_bytes: int
    n_lines: int
    n_rows: int
    blank: int | None
    broken: bool
    simple: bool


def cut_pieces(stream: BinaryIO, first_line: int, size: int, limit: float = math.inf) -> Iterator[Piece]:
    """Cut a text, or so many bytes of it, at line ends that are not inside quotes into pieces of about one size.

    Raises:
        ParseError: if a row is too long to be one.
    """
    buffer, filled = bytearray(size), 0
    while count := _read_into(stream, buffer, filled, limit):
        filled, limit = filled + count, limit - count
        end = _last_row_end(buffer, filled)
        if end:
            rows = bytes(memoryview(buffer)[:end])
            yield Piece(first_line, rows)
            first_line += count_lines(rows)
            buffer[: filled - end], filled = buffer[end:filled], filled - end
        if filled > LONGEST_ROW:
            raise ParseError(
                f"a row is longer than {LONGEST_ROW >> 20} MiB, or a double quote in it is never closed",
                Place(line=first_line),
            )
        if len(buffer) - filled <= size // 2:  # a row that is long for a piece
            buffer.extend(bytes(size))
    if filled:
        yield Piece(first_line, bytes(memoryview(buffer)[:filled]))


def _read_into(stream: BinaryIO, buffer: bytearray, start: int, most: float) -> int:
    """How many bytes could be read."""
    stop = int(min(len(buffer), start + most))
    count: int = stream.readinto(memoryview(buffer)[start:stop])  # type: ignore[attr-defined]
    return count


def count_lines(data: bytes) -> int:
    r"""How many line ends there are; ``bytes.count`` takes seven times as long.

    >>> count_lines(b"1,2\n3,4\n")
    2
    """
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")))


def line_ends(data: bytes) -> NDArray[np.intp]:
    r"""Where the line ends are.

    >>> line_ends(b"1,2\n3,4\n").tolist()
    [3, 7]
    """
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))


def _last_row_end(buffer: bytearray, filled: int) -> int:
    """Where the last whole row of so many bytes ends."""
    if buffer.find(b'"', 0, filled) < 0:
        return buffer.rfind(b"\n", 0, filled) + 1
    ends = _row_ends(bytes(memoryview(buffer)[:filled]))
    return int(ends[-1]) + 1 if len(ends) else 0


def each_line_is_a_row(data: bytes) -> bool:
    """Whether no line end of a piece stands inside quotes, so that its lines are its rows (or comments)."""
    return b'"' not in data or len(_row_ends(data)) == count_lines(data)


def _row_ends(data: bytes) -> NDArray[np.intp]:
    """Where line ends are that are not inside quotes."""
    if b"#" in data:  # a quote in a comment opens nothing
        data = QUOTED_OR_COMMENT.sub(lambda it: it[0] if it[0][:1] == b'"' else b" " * len(it[0]), data)
    marks = np.frombuffer(data, dtype=np.uint8)
    inside_quotes = np.bitwise_xor.accumulate(marks == ord('"'))
    return np.flatnonzero((marks == ord("\n")) & ~inside_quotes)
