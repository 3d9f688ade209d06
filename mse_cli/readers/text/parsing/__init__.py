"""A piece of text as numbers: by the strict parser, or by a faster one where that can only read the same.

``strict`` reads a cell as ``grammar`` says, or names the place where it cannot. ``numpy_rows``, ``json_rows`` and
``arrow_rows`` read what holds nothing but what their library reads in the same way.
"""

from __future__ import annotations

import functools
import io
import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.core.labels import Labels, below_each_other
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.cells.grammar import EXACT, is_exact
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.look.delimiter import refuse_later_decimals
from mse_cli.readers.text.parsing.numpy_rows import parse_plain
from mse_cli.readers.text.parsing.strict import blank_line, parse_strictly
from mse_cli.readers.text.pieces import Piece, cut_pieces

STEP_BYTES = 64 << 10  # of a piece that holds something that only the strict parser can read
FEWEST_FAST_BYTES = 1 << 19  # of a piece: NumPy reads less in the time in which another library is loaded


@functools.cache
def is_installed(library: str) -> bool:
    """Whether an extra's library is there."""
    return find_spec(library) is not None


def parse_piece(piece: Piece, layout: Layout, wanted: Selection) -> tuple[Rows, int | None]:
    """The rows of a piece, and the line of a blank at its end.

    Raises:
        ParseError: with the physical line and the column.
    """
    if layout.may_be_decimals:
        refuse_later_decimals(piece.data, piece.first_line)
    rows = _parse_quickly(piece, layout, wanted)
    if rows is not None:
        return rows
    if len(piece.data) <= STEP_BYTES or len(piece.data) // (piece.data.count(b"\n") + 1) > STEP_BYTES // 16:
        return parse_strictly(piece.data, piece.first_line, layout, wanted)
    # What only the strict parser can read is mostly a few rows: the pieces between them go to the others.
    steps = cut_pieces(io.BytesIO(piece.data), piece.first_line, STEP_BYTES)
    return joined(parse_piece(step, layout, wanted) for step in steps)


def joined(parts: Iterable[tuple[Rows, int | None]]) -> tuple[Rows, int | None]:
    """The rows of pieces that follow one another.

    Raises:
        ParseError: for a blank line that rows follow.
    """
    numbers: list[Floats] = []
    keys: list[str] = []
    labels: list[Labels] = []
    blank: int | None = None
    for part, blank_end in parts:
        if blank is not None and len(part.numbers):
            raise blank_line(blank)
        blank = blank or blank_end
        numbers.append(part.numbers)
        keys.extend(part.keys or ())
        labels += [] if part.labels is None else [part.labels]
    return Rows(np.concatenate(numbers), keys, labels=below_each_other(labels)), blank


def _parse_quickly(piece: Piece, layout: Layout, wanted: Selection) -> tuple[Rows, int | None] | None:
    r"""What a faster parser reads as the grammar says, and the line of a blank at the end; else ``None``."""
    text = piece.data.replace(b"\r\n", b"\n") if b"\r" in piece.data else piece.data
    blank_end = text.endswith(b"\n\n") or text == b"\n"
    if blank_end or not text.endswith(b"\n"):
        text = text.rstrip(b"\n") + b"\n"
    rows = next((found for parse in PARSERS if (found := parse(text, layout, wanted)) is not None), None)
    if rows is None or not _are_exact(rows.numbers, text, layout):
        return None
    numbers = _without_sentinels(rows.numbers, layout.sentinels)
    if wanted.missing == "fail" and layout.sentinels and np.isnan(numbers).any():
        return None
    if not _are_weights(numbers, wanted):
        return None
    blank = piece.first_line + text.count(b"\n") if blank_end and not layout.leaves_out_blank_lines else None
    return rows._replace(numbers=numbers), blank


def _by_simdjson(text: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    if not _pays("simdjson", text) or (wanted.missing != "fail" and _pays("pyarrow", text)):
        return None  # PyArrow reads missing cells as well
    from mse_cli.readers.text.parsing.json_rows import read_numbers  # an optional extra

    numbers = read_numbers(text, layout, wanted)
    return None if numbers is None else Rows(numbers)


def _by_pyarrow(text: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    if not _pays("pyarrow", text):
        return None
    from mse_cli.readers.text.parsing.arrow_rows import read_rows  # an optional extra

    return read_rows(text, layout, wanted)


def is_for_pyarrow(layout: Layout, wanted: Selection) -> bool:
    """Whether it is PyArrow that reads large pieces, unless they hold what is odd."""
    if layout.delimiter == " " or not layout.delimiter.isascii() or not is_installed("pyarrow"):
        return False
    is_whole = wanted.key is None and wanted.columns == tuple(range(layout.width)) and not layout.trailing
    return wanted.missing != "fail" or not is_whole or not is_installed("simdjson")


def _pays(library: str, text: bytes) -> bool:
    return (library in sys.modules or len(text) >= FEWEST_FAST_BYTES) and is_installed(library)


# In this order; each gives the rows, or None where only the next can tell.
PARSERS = (_by_simdjson, _by_pyarrow, parse_plain)


def _without_sentinels(numbers: Floats, sentinels: tuple[float, ...]) -> Floats:
    """The same with NaN in the place of numbers that stand for missing cells."""
    return np.where(np.isin(numbers, sentinels), np.nan, numbers) if sentinels else numbers


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
