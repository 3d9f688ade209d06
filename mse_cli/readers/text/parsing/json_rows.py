r"""The extra ``fast``: plain rows parsed by simdjson, as the JSON list that they are but for their separators.

What is left of a piece when the bytes of numbers are taken away must be the separators of whole rows: this proves
both its structure and that it holds nothing else. JSON refuses some numbers (``+1``, ``.5``, ``007``, beyond 64 bits),
NaN and infinities; these are left to the other parsers.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, cast

import numpy as np
import simdjson

from mse_cli.core.blocks import Floats
from mse_cli.readers.matrix import Selection
from mse_cli.readers.text.layout import Layout

NUMBER_BYTES = b"0123456789+-eE. "
LINE_END, COMMA = ord("\n"), ord(",")
# An integer −0 is read as 0, whose sign cells show.
MINUS_ZERO = (b"-0,", b"-0\n", b"-0 ", b"-0;", b"-0\t", b"-0|")
_of_thread = threading.local()


def read_numbers(data: bytes, layout: Layout, wanted: Selection) -> Floats | None:
    r"""The numbers of whole rows that end with \n, ``None`` where simdjson does not read them as the grammar does.

    >>> layout = Layout(",", ".", 2, False, None, (0, 1), offset=0, first_line=1)
    >>> read_numbers(b"1,2.5\n3,-4e5\n", layout, Selection((0, 1))).tolist()
    [[1.0, 2.5], [3.0, -400000.0]]
    >>> read_numbers(b"1,2.5\n3,.5\n", layout, Selection((0, 1)))
    """
    if layout.trailing or layout.delimiter == " " or wanted.key is not None or len(layout.delimiter) > 1:
        return None
    if wanted.columns != tuple(range(layout.width)):
        return None
    separators = data.translate(None, NUMBER_BYTES.replace(b".", layout.decimal.encode()))
    n_rows, rest = divmod(len(separators), layout.width)
    if rest or not _pattern(layout.delimiter, layout.width, n_rows).startswith(separators):
        return None
    numbers = _parsed(_as_list(data, layout))
    if numbers is None or len(numbers) != n_rows * layout.width:
        return None
    if not numbers.all() and any(zero in data for zero in MINUS_ZERO):
        return None
    return numbers.reshape(n_rows, layout.width)


@functools.lru_cache(4)
def _rows_pattern(delimiter: str, width: int, n_rows: int) -> bytes:
    return (delimiter.encode() * (width - 1) + b"\n") * n_rows


def _pattern(delimiter: str, width: int, n_rows: int) -> bytes:
    """The separators of at least so many rows."""
    return _rows_pattern(delimiter, width, 1 << max(10, n_rows.bit_length()))


def _as_list(data: bytes, layout: Layout) -> bytearray:
    """The rows as the text of a list."""
    if (layout.delimiter, layout.decimal) != (",", "."):
        data = data.translate(bytes.maketrans(f"{layout.decimal}{layout.delimiter}".encode(), b".,"))
    text = bytearray(len(data) + 1)
    text[0] = ord("[")
    text[1:] = data
    marks = np.frombuffer(text, dtype=np.uint8)
    marks += (COMMA - LINE_END) * (marks == LINE_END).view(np.uint8)
    text[-1] = ord("]")
    return text


def _parsed(text: bytearray) -> Floats | None:
    parser = getattr(_of_thread, "parser", None) or simdjson.Parser()
    _of_thread.parser = parser
    try:  # the document must not outlive this expression: the parser would refuse the next one
        return np.frombuffer(cast(Any, parser.parse(text)).as_buffer(of_type="d"), dtype=np.float64)
    except (ValueError, RuntimeError, TypeError):
        return None
