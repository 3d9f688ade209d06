r"""The extra ``arrow``: rows with missing cells, or with columns that are not used, parsed by PyArrow's reader of CSV.

It reads numbers as Python's ``float`` does and holds every row's width against the header's; it steps aside for what
it would read in another way than the grammar: quotes, comments, blank lines, and NaN or infinities in other words than
those for missing.
"""

from __future__ import annotations

import functools

import numpy as np
import pyarrow
from pyarrow import csv

from mse_cli.core.blocks import Floats
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.grammar import MISSING
from mse_cli.readers.text.layout import Layout

ASIDE = (b'"', b"#", b"\r", b"\0", b"\n\n", b"\n \n")
BOM = "\ufeff".encode()


def read_rows(data: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    r"""The numbers and keys of whole rows that end with \n, ``None`` where PyArrow does not read them as the grammar.

    >>> layout = Layout(",", ".", 3, False, None, (0, 2), offset=0, first_line=1)
    >>> read_rows(b"1,north,2.5\n3,south,\n", layout, Selection((0, 2), "skip-cell")).numbers.tolist()
    [[1.0, 2.5], [3.0, nan]]
    """
    if layout.trailing or layout.delimiter == " " or not layout.delimiter.isascii() or not _is_plain_text(data):
        return None
    table = _table(data, layout, wanted)
    if table is None:
        return None
    numbers = np.empty((table.num_rows, len(wanted.columns)))
    for position, column in enumerate(wanted.columns):
        if not _fill(numbers[:, position], table.column(f"c{column}")):
            return None
    if wanted.key is None:
        return Rows(numbers)
    return Rows(numbers, [key.decode().strip() for key in table.column(f"k{wanted.key}").to_pylist()])


def _is_plain_text(data: bytes) -> bool:
    if data.startswith(b"\n") or any(sign in data for sign in ASIDE):
        return False
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return BOM not in data


def _table(data: bytes, layout: Layout, wanted: Selection) -> pyarrow.Table | None:
    names = [f"{'k' if column == wanted.key else 'c'}{column}" for column in range(layout.width)]
    if wanted.key in wanted.columns:
        return None
    used = [f"c{column}" for column in dict.fromkeys(wanted.columns)]
    types = dict.fromkeys(used, pyarrow.float64())
    if wanted.key is not None:
        types[f"k{wanted.key}"] = pyarrow.binary()
    missing = [] if wanted.missing == "fail" else _missing_words(layout.na)
    try:
        return csv.read_csv(
            pyarrow.BufferReader(data),
            # Threads of its own: PyArrow has aborted with them at the end of the process.
            read_options=csv.ReadOptions(use_threads=False, block_size=len(data) + 16, column_names=names),
            parse_options=csv.ParseOptions(delimiter=layout.delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                check_utf8=False,
                include_columns=list(types),
                column_types=types,
                null_values=missing,
                strings_can_be_null=False,
                decimal_point=layout.decimal,
            ),
        )
    except (pyarrow.ArrowException, ValueError):
        return None


@functools.cache
def _missing_words(na: tuple[str, ...]) -> list[str]:
    """The words for a missing cell in the cases that people write; in another case PyArrow finds no number."""
    return sorted({"NaN", "+NaN", "-NaN", *na, *MISSING, *map(str.upper, MISSING), *map(str.capitalize, MISSING)})


def _fill(cells: Floats, column: pyarrow.ChunkedArray) -> bool:
    """Write a column's numbers, NaN where one is missing; false for NaN and infinities that were read as numbers."""
    (array,) = column.chunks
    valid, values = array.buffers()
    cells[:] = np.frombuffer(values, np.float64, len(array), 8 * array.offset)
    if not array.null_count:
        return bool(np.isfinite(cells).all())
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), count=len(array), bitorder="little")
    absent = bits == 0  # is_null() and to_numpy() take three times as long
    cells[absent] = 0.0
    finite = bool(np.isfinite(cells).all())
    cells[absent] = np.nan
    return finite
