"""A piece of text as numbers: by the strict parser, or by a faster one where that can only read the same.

``strict`` reads a cell as ``grammar`` says, or names the place where it cannot. ``plain``, NumPy's parser, reads
the pieces that hold nothing but plain numbers.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterable
from importlib.util import find_spec

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.grammar import EXACT, is_exact
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing.plain import parse_plain
from mse_cli.readers.text.parsing.strict import blank_line, parse_strictly
from mse_cli.readers.text.pieces import Piece, cut_pieces

STEP_BYTES = 64 << 10  # of a piece that holds something that NumPy's parser cannot read
LARGE_FOR_POLARS = 32 << 20  # bytes: less is parsed by NumPy before Polars would be loaded


def has_polars() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("polars") is not None


def parse_piece(piece: Piece, layout: Layout, wanted: Selection, *, fast: bool = False) -> tuple[Rows, int | None]:
    """The rows of a piece, and the line of a blank at its end; ``fast`` tries Polars before NumPy's parser.

    Raises:
        ParseError: with the physical line and the column.
    """
    rows = _parse_quickly(piece, layout, wanted, fast=fast)
    if rows is not None:
        return rows
    if len(piece.data) <= STEP_BYTES or len(piece.data) // (piece.data.count(b"\n") + 1) > STEP_BYTES // 16:
        return parse_strictly(piece.data, piece.first_line, layout, wanted)
    # What only the strict parser can read is mostly a few rows: the pieces between them go to NumPy.
    steps = cut_pieces(io.BytesIO(piece.data), piece.first_line, STEP_BYTES)
    return joined(parse_piece(step, layout, wanted, fast=fast) for step in steps)


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


def _parse_quickly(piece: Piece, layout: Layout, wanted: Selection, *, fast: bool) -> tuple[Rows, int | None] | None:
    r"""What NumPy's parser reads as the grammar says, and the line of a blank at the end; else ``None``."""
    text = piece.data.replace(b"\r\n", b"\n") if b"\r" in piece.data else piece.data
    blank_end = text.endswith(b"\n\n") or text == b"\n"
    if blank_end or not text.endswith(b"\n"):
        text = text.rstrip(b"\n") + b"\n"
    found = parse_plain(text, layout, wanted, fast=fast)
    if found is None or not _are_exact(found[0], text, layout):
        return None
    has_missing = _leave_out(found[0], layout.sentinels)
    if (has_missing and wanted.missing == "fail") or not _are_weights(found[0], wanted):
        return None
    blank = piece.first_line + text.count(b"\n") if blank_end and not layout.leaves_out_blank_lines else None
    return Rows(*found), blank


def _leave_out(numbers: Floats, sentinels: tuple[float, ...]) -> bool:
    """Make numbers that stand for missing cells NaN, and whether there are any."""
    found = False
    for value in sentinels:
        here = numbers == value
        numbers[here] = np.nan
        found |= bool(here.any())
    return found


def _are_exact(numbers: Floats, text: bytes, layout: Layout) -> bool:
    """Whether none of the numbers stands for an integer that float64 does not hold."""
    if not numbers.size or (np.fmax.reduce(numbers, None) < EXACT and np.fmin.reduce(numbers, None) > -EXACT):
        return True
    return all(is_exact(digits.decode()) for digits in _integers(layout.decimal).findall(text))


@functools.cache
def _integers(decimal: str) -> re.Pattern[bytes]:
    """Integers so long that float64 may not hold them."""
    point = re.escape(decimal.encode())
    return re.compile(rb"(?<![0-9%b])[+-]?[0-9]{16,}+(?![0-9eE%b])" % (point, point))


def _are_weights(numbers: Floats, wanted: Selection) -> bool:
    """Whether what is read as weights may be used; the strict parser says where not."""
    return all((numbers[:, wanted.columns.index(column)] >= 0).all() for column in wanted.weights)
