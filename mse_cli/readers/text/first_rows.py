"""What the first rows of a text hold: a look, before the long work starts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from mse_cli.errors import ParseError
from mse_cli.readers.columns import Positions
from mse_cli.readers.sources.files import open_text, reading, skip
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.text.grammar import records, split_record
from mse_cli.readers.text.layout import LOOK_BYTES, decode
from mse_cli.readers.text.pieces import cut_pieces
from mse_cli.readers.text.text_file import TextFile


def first_rows(file: TextFile, columns: Positions, most: int) -> list[tuple[str, ...]]:
    """The text of these columns in the first rows, up to one that is too short for them."""
    found: list[tuple[str, ...]] = []
    for cells in _rows_of_text(file):
        if len(found) == most or len(cells) <= max(columns):
            break
        found.append(tuple(cells[i].strip() for i in columns))
    return found


def _rows_of_text(file: TextFile) -> Iterator[list[str]]:
    """The cells of the first rows, up to one that cannot be split, which is an error when it is read."""
    layout = file.layout
    with open_text(file.source, look=True) as stream, reading(file.label):
        skip(stream, layout.offset)
        looked_at = _looked_at(stream, layout.offset) if isinstance(file.source, Piped) else stream
        for piece in cut_pieces(looked_at, layout.first_line, LOOK_BYTES):
            for _, record in records(decode(piece.data, first_line=piece.first_line), piece.first_line):
                if layout.is_blank(record):
                    continue
                try:
                    cells = split_record(record, layout.delimiter)
                except ParseError:
                    return
                yield cells


def _looked_at(stream: BinaryIO, offset: int) -> BinaryIO:
    """What was looked at of a pipe already: it must not wait for more."""
    head = stream.read(max(0, LOOK_BYTES - offset))
    return io.BytesIO(head if len(head) < LOOK_BYTES - offset else head[: head.rfind(b"\n") + 1])
