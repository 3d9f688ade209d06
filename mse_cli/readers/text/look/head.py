"""The beginning of a text file: its bytes, and the rows, comments and blank lines in it."""

from __future__ import annotations

import io
import re
from itertools import islice
from typing import BinaryIO, NamedTuple

from mse_cli.errors import ParseError
from mse_cli.readers.sources.kinds import refuse_other_formats
from mse_cli.readers.text.cells.quoting import records
from mse_cli.readers.text.layout import LONGEST_ROW, decode

LOOK_BYTES = 256 << 10  # of the beginning that tells the layout: a millisecond, which thousands of shards take each
ROWS = 1001  # that are looked at: the first, and a thousand that tell what it is
BOM = b"\xef\xbb\xbf"
ROW = re.compile(rb"(?m)^(?![#\r\n]).*+\n")
BLANK_LINE = re.compile(r"\n[ \t]*\n")


class Row(NamedTuple):
    """A row, a comment or a blank line: its physical line and its text."""

    line: int
    text: str


class Head(NamedTuple):
    """The beginning of a file.

    Attributes:
        data: Its bytes behind a BOM.
        mark: How many bytes the BOM has.
        rows: The first rows, without blank lines and comments.
        comments: All lines that begin with #.
        blanks: The blank lines above the last row.
        whole: Whether there is nothing else in the file.
    """

    data: bytes
    mark: int
    rows: list[Row]
    comments: list[Row]
    blanks: list[int]
    whole: bool

    def offset_of(self, line: int) -> int:
        """How many bytes of the file stand before a physical line."""
        stream = io.BytesIO(self.data)
        return self.mark + sum(len(stream.readline()) for _ in range(line - 1))


def read_head(stream: BinaryIO, delimiter: str | None) -> Head:
    """The beginning of a file; the delimiter tells which quotes begin a cell, if it is known.

    Raises:
        ParseError: if it is no text.
    """
    data, whole = _first_bytes(stream)
    mark = len(BOM) if data.startswith(BOM) else 0
    return head_of(data[mark:], mark, delimiter, whole=whole)


def head_of(data: bytes, mark: int, delimiter: str | None, *, whole: bool) -> Head:
    """What is in the first bytes."""
    text = decode(data, first_line=1)
    if "#" not in text and text[:1] not in ("\n", " ", "\t") and not BLANK_LINE.search(text):
        if '"' in text:
            rows = [Row(*line) for line in islice(records(text, 1, delimiter), ROWS)]
        else:
            rows = [Row(*line) for line in enumerate(text.split("\n", ROWS)[:ROWS], 1) if line[1]]
        return Head(data, mark, rows, [], [], whole)
    lines = records(text, 1, delimiter, comments=True)
    rows = list[Row]()
    comments: list[Row] = []
    blanks: list[int] = []
    last = 0
    for line, record in lines:
        if record.startswith("#"):
            comments.append(Row(line, record))
        elif not record.strip(" " if delimiter == "\t" else " \t"):
            blanks.append(line)
        else:
            last = line
            if len(rows) < ROWS:
                rows.append(Row(line, record))
    return Head(data, mark, rows, comments, [line for line in blanks if line < last], whole)


def _first_bytes(stream: BinaryIO) -> tuple[bytes, bool]:
    """The first bytes, cut at a line end; more if the first two rows do not fit; and whether these are all."""
    head = stream.read(LOOK_BYTES)
    refuse_other_formats(head)
    while len(head) >= LOOK_BYTES and sum(1 for _ in islice(ROW.finditer(head), 2)) < 2:
        if len(head) > 2 * LONGEST_ROW:
            raise ParseError(f"no two rows in the first {len(head) >> 20} MiB: not a table")
        more = stream.read(LOOK_BYTES)
        if not more:
            return head, True
        head += more
    return (head, True) if len(head) < LOOK_BYTES else (head[: head.rfind(b"\n") + 1], False)
