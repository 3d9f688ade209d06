"""The extra ``fast``: plain rows read by simdjson, several times as fast as by NumPy's parser and to the same bits.

With commas between cells and rows, and brackets around the whole, plain rows are a list in JSON. JSON's numbers are
some of the grammar's, and simdjson rounds them as Python's ``float`` does. What JSON does not allow is left to the
other parsers: ``+1``, ``.5``, ``1.``, ``007``, integers beyond 64 bits, missing cells, quotes, comments, blank lines.
"""

from __future__ import annotations

import functools
from typing import cast

import numpy as np
import simdjson
from numpy.typing import NDArray

from mse_cli.core.blocks import Floats, Mask
from mse_cli.readers.matrix import Selection
from mse_cli.readers.text.layout import Layout

Marks = NDArray[np.uint8]

END, COMMA, MINUS = b"\n,-"
PADDING = list(b" \t")
NOT_A_NUMBER = b"x"  # what becomes of a sign that means nothing in a layout, but would in JSON


def read_numbers(data: bytes, layout: Layout, wanted: Selection) -> Floats | None:
    r"""The numbers of rows that end with \n, ``None`` where not all of them are plain numbers as JSON writes them.

    >>> layout = Layout(";", ",", 2, False, None, (0, 1), offset=0, first_line=1)
    >>> read_numbers(b"1;2,5\n3;-4e5\n", layout, Selection((1, 0))).tolist()
    [[2.5, 1.0], [-400000.0, 3.0]]
    """
    if wanted.key is not None or wanted.by or layout.trailing or layout.blanks or not layout.delimiter.isascii():
        return None
    if b"[" in data or b"\r" in data:
        return None  # of [1,[2,3]] simdjson gives the three numbers, and \r is white space to it
    if (layout.delimiter, layout.decimal) != (",", "."):
        data = data.translate(_table(layout.delimiter, layout.decimal))
    text = np.frombuffer(data, dtype=np.uint8)
    ends = text == END
    listed = _as_list(text, ends)
    numbers = _numbers(listed)
    if numbers is None or len(numbers) != int(np.count_nonzero(ends)) * layout.width:
        return None
    zeros = numbers == 0
    has_zeros = bool(zeros.any())
    if layout.width > 1 or has_zeros:
        commas = np.flatnonzero(listed == COMMA)
        if not ends[commas[layout.width - 1 :: layout.width] - 1].all():
            return None  # some row is longer, another one shorter
        if has_zeros:
            numbers = _with_minus_zeros(numbers, zeros, listed, commas)
    table = numbers.reshape(-1, layout.width)
    return table if wanted.columns == tuple(range(layout.width)) else table[:, wanted.columns]


@functools.cache
def _table(delimiter: str, decimal: str) -> bytes:
    """What makes a point of the decimal sign and a comma of the delimiter, and what reads neither as the other."""
    meant = {delimiter.encode(): b",", decimal.encode(): b"."}
    other = {sign: NOT_A_NUMBER for sign in (b",", b".", b"\t" if delimiter == " " else b",") if sign not in meant}
    signs = other | meant
    return bytes.maketrans(b"".join(signs), b"".join(signs.values()))


def _as_list(text: Marks, ends: Mask) -> Marks:
    """The text between brackets, with commas for line ends."""
    listed = np.empty(len(text) + 1, dtype=np.uint8)
    np.multiply(ends.view(np.uint8), COMMA - END, out=listed[1:])
    np.add(listed[1:], text, out=listed[1:])
    listed[0], listed[-1] = b"[]"
    return listed


def _numbers(listed: Marks) -> Floats | None:
    try:
        # No name for the list: a parser reads nothing else as long as there is one.
        return np.frombuffer(cast(simdjson.Array, simdjson.Parser().parse(listed.data)).as_buffer(of_type="d"))
    except (ValueError, TypeError, RuntimeError):  # no JSON; strings or null among the numbers; more than 64 bits
        return None


def _with_minus_zeros(numbers: Floats, zeros: Mask, listed: Marks, commas: NDArray[np.intp]) -> Floats:
    """The numbers with −0 for each zero that begins with a minus: to JSON ``-0`` is the integer 0."""
    cells = np.flatnonzero(zeros)
    begins = np.append(0, commas)[cells] + 1
    while (padded := np.isin(listed[begins], PADDING)).any():
        begins += padded
    minus = cells[listed[begins] == MINUS]
    if len(minus):
        numbers = numbers.copy()
        numbers[minus] = -0.0
    return numbers
