"""A piece of text as numbers: by the strict parser, or by a faster one where that can only read the same.

``strict`` reads a cell as ``grammar`` says, or names the place where it cannot. The others are asked before it, the
fastest first. A new one is a file here with a function ``parse(data, layout, wanted) -> Rows | None``, ``None`` where
it is not sure, and its line in ``FASTER``.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, Protocol, cast

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing.strict import blank_line, parse_strictly
from mse_cli.readers.text.pieces import Piece, cut_pieces

STEP_BYTES = 64 << 10  # of a piece that holds something that only the strict parser can read


class Parse(Protocol):
    """What a faster parser does."""

    def __call__(self, data: bytes, layout: Layout, wanted: Selection) -> Rows | None:
        r"""The rows of a text that ends with \n, ``None`` where the strict parser might read another thing."""


class Faster(NamedTuple):
    """A faster parser: its module, the library that it needs, and from how many bytes on loading that pays."""

    module: str
    library: str
    pays_from: int


FASTER = (
    Faster("mse_cli.readers.text.parsing.simdjson_rows", "simdjson", 256 << 10),
    Faster("mse_cli.readers.text.parsing.plain", "numpy", 0),
)


def faster_parsers(n_bytes: int) -> Iterator[Parse]:
    """The faster parsers, in order: those that are loaded already, or that it pays to load for so much text."""
    for parser in FASTER:
        module = sys.modules.get(parser.module)
        if module is None and n_bytes >= parser.pays_from and is_installed(parser.library):
            module = import_module(parser.module)
        if module is not None:
            yield cast(Parse, module.parse)


@functools.cache
def is_installed(library: str) -> bool:
    """Whether a library is there, of an extra perhaps."""
    return find_spec(library) is not None


def parse_piece(piece: Piece, layout: Layout, wanted: Selection) -> tuple[Rows, int | None]:
    """The rows of a piece, and the line of a blank at its end.

    Raises:
        ParseError: with the physical line and the column.
    """
    found = _parse_quickly(piece, layout, wanted)
    if found is not None:
        return found
    if len(piece.data) <= STEP_BYTES or len(piece.data) // (piece.data.count(b"\n") + 1) > STEP_BYTES // 16:
        return parse_strictly(piece.data, piece.first_line, layout, wanted)
    # What only the strict parser can read is mostly a few rows: the pieces between them go to the faster ones.
    steps = cut_pieces(io.BytesIO(piece.data), piece.first_line, STEP_BYTES)
    return joined(parse_piece(step, layout, wanted) for step in steps)


def joined(parts: Iterable[tuple[Rows, int | None]]) -> tuple[Rows, int | None]:
    """The rows of pieces that follow one another.

    Raises:
        ParseError: for a blank line that rows follow.
    """
    numbers: list[Floats] = []
    keys: list[str] = []
    blank: int | None = None
    for part, blank_end in parts:
        if blank is not None and len(part.numbers):
            raise blank_line(blank)
        blank = blank or blank_end
        numbers.append(part.numbers)
        keys.extend(part.keys or ())
    return Rows(np.concatenate(numbers), keys), blank


def _parse_quickly(piece: Piece, layout: Layout, wanted: Selection) -> tuple[Rows, int | None] | None:
    r"""What a faster parser reads as the grammar says, and the line of a blank at the end; else ``None``."""
    text = piece.data.replace(b"\r\n", b"\n") if b"\r" in piece.data else piece.data
    blank_end = text.endswith(b"\n\n") or text == b"\n"
    if blank_end or not text.endswith(b"\n"):
        text = text.rstrip(b"\n") + b"\n"
    tried = (parse(text, layout, wanted) for parse in faster_parsers(len(text)))
    found = next((rows for rows in tried if rows is not None), None)
    if found is None or not _are_weights(found.numbers, wanted):
        return None
    return found, piece.first_line + text.count(b"\n") if blank_end else None


def _are_weights(numbers: Floats, wanted: Selection) -> bool:
    """Whether what is read as weights may be used; the strict parser says where not."""
    return all((numbers[:, wanted.columns.index(column)] >= 0).all() for column in wanted.weights)
