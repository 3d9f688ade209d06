"""What the first rows of a text hold, as text: a look at identifiers, before the long work starts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from mse_cli.errors import ParseError
from mse_cli.readers.columns import Positions
from mse_cli.readers.sources.files import Source, open_text, reading, skip
from mse_cli.readers.text.cells.grammar import PADDING
from mse_cli.readers.text.cells.quoting import records
from mse_cli.readers.text.layout import Layout, decode
from mse_cli.readers.text.look.head import LOOK_BYTES
from mse_cli.readers.text.pieces import cut_pieces

STEP_BYTES = 32 << 10  # that are looked at together: a thousand rows are short


def first_rows(source: Source, layout: Layout, columns: Positions, most: int) -> list[tuple[str, ...]]:
    """The text of these columns in the first rows, up to one that is too short for them."""
    found: list[tuple[str, ...]] = []
    for cells in () if layout.empty else _rows(source, layout):
        if len(found) == most or len(cells) <= max(columns):
            break
        found.append(tuple(cells[i].strip(PADDING) for i in columns))
    return found


def _rows(source: Source, layout: Layout) -> Iterator[list[str]]:
    """The cells of the first rows, up to one that cannot be split, which is an error when it is read."""
    with open_text(source, look=True) as stream, reading(source.label):
        skip(stream, layout.offset)
        looked_at = stream if source.seekable else _looked_at(stream, layout.offset)
        for piece in cut_pieces(looked_at, layout.first_line, STEP_BYTES):
            text = decode(piece.data, first_line=piece.first_line)
            for _, record in records(text, piece.first_line, layout.delimiter):
                if layout.is_blank(record):
                    continue
                try:
                    cells = layout.split(record)
                except ParseError:
                    return
                yield cells


def _looked_at(stream: BinaryIO, offset: int) -> BinaryIO:
    """What was looked at already: a pipe must not be waited for."""
    most = max(0, LOOK_BYTES - offset)
    head = stream.read(most)
    return io.BytesIO(head if len(head) < most else head[: head.rfind(b"\n") + 1])
